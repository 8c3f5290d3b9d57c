/* filter.h - which records are kept: texts, regular expressions, level, names, time, failures; in and out, combined.
 *
 * All conditions hold together: every text and expression must stand somewhere in the record (its header or its
 * continuation lines), none of the excluded ones may; of several threads (loggers, users, ...) one must match; the level
 * is a floor, or exact; the time lies between since and until. An empty filter keeps everything.
 *
 * A filter works on whole records in memory. It is made once, then finished with filter_ready(), then used by one thread.
 */
#ifndef PC_LOGVIEW_FILTER_H
#define PC_LOGVIEW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "logview/record.h"

#define FILTER_TERMS_MAX 32
#define FILTER_OVERLAP (64u * 1024)	/* windows on a large record overlap by this much */

enum filter_kind {
	FILTER_TEXT, FILTER_REGEX, FILTER_FAILURES,	/* looked for in the whole record */
	FILTER_THREAD, FILTER_LOGGER, FILTER_USER, FILTER_SESSION, FILTER_OPERATION
};

struct filter;

struct filter *filter_new(void);		/* NULL when out of memory */
void filter_free(struct filter *f);
/* A copy for another thread. NULL when out of memory. */
struct filter *filter_clone(const struct filter *f);

/* What both let pass; ready, as both are. NULL when out of memory or when there are too many conditions. */
struct filter *filter_combine(const struct filter *a, const struct filter *b);

/* Adds a condition. `text` is "" for FILTER_FAILURES. */
bool filter_add(struct filter *f, enum filter_kind kind, bool exclude, const char *text, struct error *err);
/* "warn": that level or worse. "=warn": exactly that one. */
bool filter_set_level(struct filter *f, const char *text, struct error *err);
/* Times as people type them (stamp_parse_when()), resolved by filter_ready(); NULL or "" for none. */
bool filter_set_since(struct filter *f, const char *text, struct error *err);
bool filter_set_until(struct filter *f, const char *text, struct error *err);
/* The same as times that are known. STAMP_NONE for none. */
void filter_set_range(struct filter *f, int64_t since_ms, int64_t until_ms);

/* Finishes the filter: resolves its times (relative to `newest`, the log's newest record) and chooses how to search. */
bool filter_ready(struct filter *f, int64_t newest, struct error *err);

bool filter_is_empty(const struct filter *f);
/* Does it ask for times relative to the newest record? */
bool filter_is_relative(const struct filter *f);

/* Does the record pass? All of its n bytes are here. */
bool filter_match(struct filter *f, const char *record, size_t n);

/* Goes through n bytes of whole records, the first starting at buf, and calls `hit` for each that passes with its place;
 * a hit that returns false ends it. `hit` NULL only counts. Returns how many passed. */
typedef bool filter_hit_fn(void *data, size_t start, size_t end);
size_t filter_scan(struct filter *f, const char *buf, size_t n, filter_hit_fn *hit, void *data);
/* The same until the monotonic clock shows `deadline_us`. It came as far as *done, where a record starts (or n). */
size_t filter_scan_until(struct filter *f, const char *buf, size_t n, int64_t deadline_us, filter_hit_fn *hit, void *data,
			 size_t *done);

/* A record that is too large for memory goes through in windows that overlap by FILTER_OVERLAP bytes; the first starts
 * at its header. An expression finds no match that is longer than the overlap. */
struct filter_pass {
	uint32_t seen;			/* terms that were found */
	bool rejected;
};
void filter_pass_begin(struct filter *f, struct filter_pass *pass, const char *window, size_t n);
void filter_pass_feed(struct filter *f, struct filter_pass *pass, const char *window, size_t n);
bool filter_pass_end(const struct filter *f, const struct filter_pass *pass);

/* Can a record that starts with these lines still be rejected by what follows? False: once it passes, it stays passed. */
bool filter_may_reject_later(const struct filter *f);

/* What the index knows, so that stretches that cannot hold a match are skipped: the lowest level that passes, and the
 * earliest and latest time (INT64_MIN and INT64_MAX: any). */
enum record_level filter_level_floor(const struct filter *f);
int64_t filter_since_ms(const struct filter *f);
int64_t filter_until_ms(const struct filter *f);

/* Where the kept texts, expressions and texts of failures stand in a text that is shown: up to `max` places, in order. */
struct filter_place {
	size_t start, end;
};
size_t filter_places(struct filter *f, const char *text, size_t n, struct filter_place *places, size_t max);

/* How often an expression gave up on a record (it counts as not matching). */
unsigned long filter_given_up(const struct filter *f);

/* --- as text: what people type and what is saved (filter_text.c) --------------------------------------------------- */

/*   opswat download          the text, as typed, up to the next condition
 *   "starting opswat"        the text in quotes (\" and \\ inside)
 *   /timed? out/             a regular expression (\/ inside)
 *   level:warn level:=info thread:NAME logger:NAME user:NAME session:NAME operation:NAME since:TIME until:TIME
 *   is:failure
 *   !CONDITION               the opposite, for all but level and times
 * Adds the conditions to the filter. */
bool filter_parse(struct filter *f, const char *text, struct error *err);

/* The filter as such a text, which gives the same filter again. */
void filter_print(const struct filter *f, struct buffer *out);

#endif
