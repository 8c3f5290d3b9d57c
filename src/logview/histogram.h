/* histogram.h - records, warnings and errors per minute of the log's own time.
 *
 * Bounded, whatever the log holds: when there are too many different minutes, they are counted in twos, fours, ... Time
 * may jump back and forth.
 */
#ifndef PC_LOGVIEW_HISTOGRAM_H
#define PC_LOGVIEW_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


#define HISTOGRAM_BUCKETS_MAX 16384	/* eleven days of minutes without a gap */

struct histogram_bucket {
	int64_t start;			/* in units of the histogram's width, from 1970 */
	uint32_t records, warnings, errors;
};

struct histogram {
	struct histogram_bucket *buckets;	/* by time */
	size_t count, cap;
	int64_t width_min;		/* minutes in a bucket: a power of two */
	size_t newest;			/* the bucket that was counted in last; `count`: none */
	int64_t newest_ms;		/* when it starts */
};

void histogram_init(struct histogram *h);
void histogram_clear(struct histogram *h);

/* Counts records of one minute, and which of them are warnings and errors; those without a time are left out. False when out
 * of memory (they are left out too). */
bool histogram_add(struct histogram *h, int64_t ms, uint32_t records, uint32_t warnings, uint32_t errors);

/* First and last minute that is counted, as milliseconds; false when nothing is. */
bool histogram_span(const struct histogram *h, int64_t *from_ms, int64_t *to_ms);

/* Sums up `columns` equal parts of [from_ms, to_ms). A bucket counts where its start lies. */
struct histogram_column {
	uint64_t records, warnings, errors;
};
void histogram_columns(const struct histogram *h, int64_t from_ms, int64_t to_ms, struct histogram_column *columns,
		       size_t count);

#endif
