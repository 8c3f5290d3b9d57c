#include "logview/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "logview/stamp.h"

#define MINUTE_MS INT64_C(60000)
#define FIRST_CAP 64

void histogram_init(struct histogram *h)
{
	*h = (struct histogram){ .width_min = 1 };
}

void histogram_clear(struct histogram *h)
{
	free(h->buckets);
	histogram_init(h);
}

/* Where the bucket of that start is, or where it would be put in. */
static size_t place_of(const struct histogram *h, int64_t start)
{
	size_t low = 0, high = h->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->buckets[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t floor_half(int64_t n)
{
	return n >> 1;		/* arithmetic: rounds down before 1970 too */
}

/* Makes every bucket twice as wide, and so at most as many. */
static void coarsen(struct histogram *h)
{
	size_t to = 0;

	h->width_min *= 2;
	for (size_t i = 0; i < h->count; i++) {
		struct histogram_bucket b = h->buckets[i];

		b.start = floor_half(b.start);
		if (to > 0 && h->buckets[to - 1].start == b.start) {
			h->buckets[to - 1].records += b.records;
			h->buckets[to - 1].warnings += b.warnings;
			h->buckets[to - 1].errors += b.errors;
		} else {
			h->buckets[to++] = b;
		}
	}
	h->count = to;
	h->newest = to;		/* none */
}

static bool grow(struct histogram *h)
{
	size_t cap = h->cap > 0 ? h->cap * 2 : FIRST_CAP;
	struct histogram_bucket *buckets = realloc(h->buckets, cap * sizeof(*buckets));

	if (buckets == NULL)
		return false;
	h->buckets = buckets;
	h->cap = cap;
	return true;
}

static int64_t bucket_start(const struct histogram *h, int64_t ms)
{
	int64_t span = h->width_min * MINUTE_MS;

	return ms / span - (ms % span < 0 ? 1 : 0);
}

/* The bucket of a time that is not in the newest one. */
static struct histogram_bucket *find_or_make(struct histogram *h, int64_t ms)
{
	int64_t start;
	size_t at;

	/* A quarter is free afterwards, so that this is rare. */
	if (h->count == HISTOGRAM_BUCKETS_MAX) {
		while (h->count > HISTOGRAM_BUCKETS_MAX / 4 * 3)
			coarsen(h);
	}
	start = bucket_start(h, ms);
	at = place_of(h, start);
	if (at == h->count || h->buckets[at].start != start) {
		if (h->count == h->cap && !grow(h))
			return NULL;
		memmove(h->buckets + at + 1, h->buckets + at, (h->count - at) * sizeof(*h->buckets));
		h->buckets[at] = (struct histogram_bucket){ .start = start };
		h->count++;
	}
	h->newest = at;
	h->newest_ms = start * h->width_min * MINUTE_MS;
	return &h->buckets[at];
}

bool histogram_add(struct histogram *h, int64_t ms, uint32_t records, uint32_t warnings, uint32_t errors)
{
	struct histogram_bucket *b;

	if (ms == STAMP_NONE)
		return true;
	if (h->newest < h->count && ms >= h->newest_ms && ms - h->newest_ms < h->width_min * MINUTE_MS)
		b = &h->buckets[h->newest];
	else
		b = find_or_make(h, ms);
	if (b == NULL)
		return false;
	b->records += records;
	b->warnings += warnings;
	b->errors += errors;
	return true;
}

bool histogram_span(const struct histogram *h, int64_t *from_ms, int64_t *to_ms)
{
	if (h->count == 0)
		return false;
	*from_ms = h->buckets[0].start * h->width_min * MINUTE_MS;
	*to_ms = (h->buckets[h->count - 1].start + 1) * h->width_min * MINUTE_MS;
	return true;
}

void histogram_columns(const struct histogram *h, int64_t from_ms, int64_t to_ms, struct histogram_column *columns,
		       size_t count)
{
	memset(columns, 0, count * sizeof(*columns));
	if (to_ms <= from_ms || count == 0)
		return;
	for (size_t i = place_of(h, bucket_start(h, from_ms)); i < h->count; i++) {
		int64_t ms = h->buckets[i].start * h->width_min * MINUTE_MS;
		size_t column;

		if (ms >= to_ms)
			break;
		if (ms < from_ms)
			ms = from_ms;
		column = (size_t)((double)(ms - from_ms) / (double)(to_ms - from_ms) * (double)count);
		if (column >= count)
			column = count - 1;
		columns[column].records += h->buckets[i].records;
		columns[column].warnings += h->buckets[i].warnings;
		columns[column].errors += h->buckets[i].errors;
	}
}
