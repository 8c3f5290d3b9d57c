/* scan.h - goes through a stretch of a segment and tells which records pass a filter, in slices of time.
 *
 * A stretch [from, to) is any two offsets: it means the records that start in it, wherever the last one ends. So stretches
 * that touch cover every record once, whoever goes through them and in whichever order. Memory stays at one window; a
 * record that is larger goes through in pieces.
 */
#ifndef PC_LOGVIEW_SCAN_H
#define PC_LOGVIEW_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logview/filter.h"
#include "logview/segment.h"

#define SCAN_WINDOW (256u * 1024)	/* for what must answer keys meanwhile */
#define SCAN_WINDOW_BULK (1024u * 1024)	/* the fastest */

enum scan_result {
	SCAN_DONE, SCAN_MORE,		/* MORE: the time is up */
	SCAN_STOPPED,			/* a hit asked for it */
	SCAN_STALE,			/* the file was truncated: ask the source to look */
	SCAN_FAILED			/* it cannot be read; errno */
};

/* A record that passed. `text` is all of it, or NULL when it is too large for the window. */
struct scan_hit {
	int64_t start, end;
	const char *text;
};
typedef bool scan_hit_fn(void *data, const struct scan_hit *hit);

struct scan {
	char *window;			/* owned, or borrowed with scan_use() */
	size_t cap;
	struct segment *seg;
	struct filter *filter;		/* NULL: every record passes */
	int64_t at, to;
	bool aligned;			/* `at` is the start of a record */
	bool large;			/* the record at `at` does not fit: its pieces are on the way */
	int64_t large_at;
	struct filter_pass pass;
	uint64_t count;			/* records that passed so far */
};

bool scan_init(struct scan *s, size_t window);
void scan_clear(struct scan *s);
/* Works in a borrowed window from now on: its content need not stay from one step to the next. Without scan_init(). */
void scan_use(struct scan *s, char *window, size_t cap);

/* Starts with a stretch. The filter is ready, and borrowed like the segment. */
void scan_begin(struct scan *s, struct segment *seg, struct filter *filter, int64_t from, int64_t to);

/* Goes on until the stretch is done or the monotonic clock shows `deadline_us`; does something in any case. `hit` NULL
 * only counts. After SCAN_DONE no record starts between `to` and s->at, where the next stretch may begin. */
enum scan_result scan_step(struct scan *s, int64_t deadline_us, scan_hit_fn *hit, void *data);

#endif
