/* view.h - a log as a console shows it: followed, indexed, filtered and searched, never blocking a key.
 *
 * view_step() does a slice of whatever is to be done (look at the source, index, count matches) and says what changed. A
 * place in the log is a log_pos: an ordered number that stays good while the log grows and is rotated. To go from record
 * to record, and for every search, there is struct walk (walk.h); to show one, view_record().
 *
 *   opening        view_new(), then walk backwards from view_end() for the first screen: nothing else is read
 *   each turn      poll() on view_poll(), then view_step() with a few milliseconds; again at once while VIEW_MORE
 */
#ifndef PC_LOGVIEW_VIEW_H
#define PC_LOGVIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "logview/filter.h"
#include "logview/histogram.h"
#include "logview/record.h"
#include "logview/source.h"

#define VIEW_TEXT_MAX (64u * 1024)	/* of one record that is looked at */
#define VIEW_BOOKMARKS_MAX 1000

struct view;

/* Shows a source, and owns it. NULL when out of memory (the source is freed). */
struct view *view_new(struct source *source);
void view_free(struct view *v);
struct source *view_source(const struct view *v);

/* Works for about `budget_us`. */
enum {
	VIEW_GREW = 1,			/* there are new records, or more lines of the newest one */
	VIEW_JOINED = 2,		/* the log was rotated, or the command started again */
	VIEW_STATE = 4,			/* source_describe() says something else */
	VIEW_COUNTED = 8,		/* view_counts() says something else */
	VIEW_MORE = 16			/* there is more to do at once */
};
unsigned int view_step(struct view *v, int64_t budget_us);
/* As source_poll(). */
size_t view_poll(const struct view *v, struct pollfd *fds, int *timeout_ms);

/* Where the log starts (as far as it is loaded) and ends: behind its newest byte. */
log_pos view_start(const struct view *v);
log_pos view_end(const struct view *v);

/* Keeps only records that pass; takes the filter (NULL: everything). The count starts anew; walks that are under way end. */
bool view_set_filter(struct view *v, struct filter *filter, struct error *err);
struct filter *view_filter(const struct view *v);

struct view_counts {
	uint64_t bytes, indexed_bytes;	/* of the loaded segments */
	uint64_t records, levels[RECORD_LEVEL_COUNT];	/* indexed so far */
	uint64_t matches, matched_bytes;	/* with a filter: those found so far, and how far it has come */
	bool indexed, matched;		/* all of it */
	int64_t newest_ms;
	unsigned long given_up;		/* records on which an expression gave up */
};
void view_counts(const struct view *v, struct view_counts *out);
/* --- what is searched for --------------------------------------------------------------------------------------------- */

/* Counts, besides, the records that pass `wanted` (ready; borrowed for the call) among those that the filter keeps, or among
 * everything. NULL: nothing is searched for. False when out of memory. */
bool view_set_search(struct view *v, const struct filter *wanted, bool everything);

struct view_search {
	uint64_t found;			/* so far, in what is loaded of the log */
	bool counted;			/* all of them */
	uint64_t number;		/* of the record that is asked for, from 1; 0: it is none of them, or not known yet */
};
/* False when nothing is searched for. Which of them the record at `pos` is, view_step() finds out when it was asked here. */
bool view_search(struct view *v, log_pos pos, struct view_search *out);

/* --------------------------------------------------------------------------------------------------------------------- */

/* Why a file of the log could not be read or unpacked; an empty message when all is well. */
const struct error *view_error(const struct view *v);
/* Records, warnings and errors over time, as far as indexed. */
const struct histogram *view_histogram(const struct view *v);

/* --- one record ------------------------------------------------------------------------------------------------------ */

struct view_record {
	log_pos pos, next;		/* next: behind its last byte; only known when `whole` */
	bool whole;			/* all of it is in `text` */
	const char *text;		/* up to VIEW_TEXT_MAX bytes; good until the next view_record() */
	size_t n;
	struct record fields;		/* of its header line; pieces of `text` */
	size_t lines;			/* in `text`, header included */
	struct slice cause;		/* the last "Caused by:" line, or the first continuation line that names an exception */
	enum finding finding;		/* that explains it */
	bool bookmarked;
	const struct segment *segment;
	const struct segment *joined;	/* set on the first record of a segment that is joined to this one before it: the row
					 * in front says how (source_describe_joint()) */
};
/* Loads the record that starts at `pos`. False when there is none (any more). */
bool view_record(struct view *v, log_pos pos, struct view_record *out);

/* Line i (from 0) of a record's text. */
struct slice view_record_line(const struct view_record *r, size_t i);
/* Appends a line as it may be shown: tabs as spaces, everything else through text_sanitise(). */
void view_show_line(struct slice line, struct buffer *out);
/* Appends all lines of the record as they may be shown, each with a newline: for copying. */
bool view_copy(struct view *v, log_pos pos, struct buffer *out);

/* --- bookmarks ------------------------------------------------------------------------------------------------------- */

/* Sets or removes one. False when there are too many. */
bool view_bookmark(struct view *v, log_pos pos);
/* The next one behind (or before) a place; LOG_POS_NONE. */
log_pos view_next_bookmark(const struct view *v, log_pos pos, bool backwards);
size_t view_bookmark_count(const struct view *v);

#endif
