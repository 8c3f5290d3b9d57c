/* matches.h - how many records of a segment pass the filter, by stretches: counted in slices, never a list of them. */
#ifndef PC_LOGVIEW_MATCHES_H
#define PC_LOGVIEW_MATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "logview/blocks.h"
#include "logview/scan.h"

struct matches {
	struct blocks blocks;		/* of uint32_t */
	int64_t at;			/* records that start before this are counted */
	uint64_t total;
	int64_t open_at, open_size;	/* the newest record, and the segment's size, when it was looked at */
	bool open_passes;
	struct scan scan;
	bool scanning;			/* a stretch is under way */
};

void matches_init(struct matches *m);
void matches_clear(struct matches *m);

/* Counts on, up to `limit`: the start of the newest record, which may still grow, or the segment's size. Works in the window
 * (any, of the same size each time). SCAN_DONE: all is counted. */
enum scan_result matches_step(struct matches *m, char *window, size_t cap, struct segment *seg, struct filter *filter,
			      int64_t limit, int64_t deadline_us);

/* Can a record that passes start in the block that holds the offset? */
bool matches_may_pass(const struct matches *m, int64_t offset);

static inline uint64_t matches_total(const struct matches *m)
{
	return m->total + (m->open_passes ? 1 : 0);
}

#endif
