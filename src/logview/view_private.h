/* view_private.h - what a view is made of: for view.c, walk.c and what goes through the log with them. */
#ifndef PC_LOGVIEW_VIEW_PRIVATE_H
#define PC_LOGVIEW_VIEW_PRIVATE_H

#include "logview/index.h"
#include "logview/matches.h"
#include "logview/scan.h"
#include "logview/signature.h"
#include "logview/view.h"

/* What the view knows of a segment (segment->user). */
struct track {
	struct index index;
	struct matches matches;
	struct matches found;		/* of what is searched for */
	bool failed;			/* it cannot be read */
};

/* Which of the records that were found one is: those before it in its block are counted, the others are summed up. */
struct view_rank {
	log_pos asked, answered;	/* LOG_POS_NONE: none */
	int64_t first;			/* number of the log's first segment then */
	uint64_t before;		/* found before the block */
	uint64_t number;		/* the answer, from 1; 0: it is none of them */
	bool scanning, hit;
	struct scan scan;
};

struct view {
	struct source *source;
	struct filter *filter;		/* NULL: everything */
	unsigned long generation;	/* of the filter */
	struct filter *wanted;		/* what is searched for; NULL: nothing */
	struct filter *search;		/* the same among what the filter keeps */
	bool search_everything;		/* ... or among everything */
	struct view_rank rank;
	struct histogram histogram;
	char *window;			/* SCAN_WINDOW bytes to work in: each step of anything may use it */
	struct signatures *signatures;
	char *text;			/* of the record that was loaded last */
	log_pos bookmarks[VIEW_BOOKMARKS_MAX];	/* in order */
	size_t bookmark_count;
	struct error error;		/* of a segment that could not be read or unpacked */
};

/* NULL when out of memory. */
struct track *view_track(struct segment *seg);

enum work { WORK_DONE, WORK_MORE, WORK_STALE };

/* Up to where records of the segment are whole. */
int64_t view_settled_end(const struct view *v, const struct segment *seg);
/* Counts on in a segment what passes the filter. */
enum work view_count_some(struct view *v, struct segment *seg, struct matches *matches, struct filter *filter,
			  int64_t deadline_us);

/* view_search.c */
/* Makes the search anew, for the filter has changed. */
bool view_search_again(struct view *v);
/* Continues with the place that was asked for. All is counted. */
enum work view_rank_some(struct view *v, int64_t deadline_us);

#endif
