/* index.h - what is known of a segment's records without keeping one entry for each: sums over stretches of 64 KiB and more.
 *
 * Made in slices from the start of the segment, and continued when it grows. It tells how many records there are and of
 * which levels, how many warnings and errors and which times each stretch has (so that a search leaves out what cannot
 * match), and feeds the histogram.
 */
#ifndef PC_LOGVIEW_INDEX_H
#define PC_LOGVIEW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logview/blocks.h"
#include "logview/filter.h"
#include "logview/histogram.h"
#include "logview/record.h"
#include "logview/segment.h"

struct index_block {
	uint32_t records, warnings, errors;	/* that start in it */
	uint32_t timed;			/* those that have a time */
	int64_t min_ms, max_ms;		/* of these, to the minute: none is outside */
};

/* Records that follow each other in the same minute and block: most do, and so they are entered together. */
struct index_run {
	uint32_t records, levels[RECORD_LEVEL_COUNT];
	int64_t offset, block_end;	/* of its first record, and where its block ends */
};

struct index {
	struct blocks blocks;		/* of struct index_block */
	int64_t at;			/* the first byte that is not looked at yet */
	bool in_line;			/* `at` is inside a line whose start was seen */
	bool started;
	int64_t last;			/* where the last record starts; -1: none yet */
	uint64_t records, levels[RECORD_LEVEL_COUNT];
	int64_t newest_ms;		/* time of the last record that has one; STAMP_NONE */
	char minute[16];		/* "2025-03-13 13:58" of the record before: most have the same */
	int64_t minute_ms;
	struct index_run run;		/* what is not entered yet; only within index_add() */
};

void index_init(struct index *index);
void index_clear(struct index *index);

/* Enters n bytes of the segment, the first of which stands at index->at. `last`: no more will come behind them. Returns how
 * many were taken: otherwise the start of a line that is not whole may be left. False in *ok when out of memory. */
size_t index_add(struct index *index, struct histogram *histogram, const char *buf, size_t n, bool last, bool *ok);

/* Can a record that passes the filter start in the block that holds the offset? True where nothing is known yet. */
bool index_may_pass(const struct index *index, int64_t offset, const struct filter *filter);

/* How many records start before the block that holds the offset. */
uint64_t index_records_before(const struct index *index, int64_t offset);

#endif
