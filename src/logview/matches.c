#include "logview/matches.h"

#include <errno.h>

#define STRETCH (INT64_C(4) << 20)

static void merge(void *into, const void *second)
{
	*(uint32_t *)into += *(const uint32_t *)second;
}

void matches_init(struct matches *m)
{
	*m = (struct matches){ .open_at = -1 };
	blocks_init(&m->blocks, sizeof(uint32_t), merge);
}

void matches_clear(struct matches *m)
{
	blocks_clear(&m->blocks);
	matches_init(m);
}

static bool count_hit(void *data, const struct scan_hit *hit)
{
	struct matches *m = data;
	uint32_t *sum = blocks_at(&m->blocks, hit->start);

	if (sum != NULL)
		++*sum;
	m->total++;
	return true;
}

/* The newest record is looked at again whenever it grows. One that is too large for the window waits until it is whole. */
static enum scan_result look_at_open(struct matches *m, struct segment *seg, struct filter *filter)
{
	struct scan *scan = &m->scan;
	ssize_t n;

	if (m->open_at == m->at && m->open_size == seg->size)
		return SCAN_DONE;
	m->open_passes = false;
	if (seg->size > m->at && seg->size - m->at <= (int64_t)scan->cap) {
		n = segment_read(seg, scan->window, scan->cap, m->at);
		if (n < 0)
			return errno == ESTALE ? SCAN_STALE : SCAN_FAILED;
		m->open_passes = filter_match(filter, scan->window, (size_t)n);
	}
	m->open_at = m->at;
	m->open_size = seg->size;
	return SCAN_DONE;
}

enum scan_result matches_step(struct matches *m, char *window, size_t cap, struct segment *seg, struct filter *filter,
			      int64_t limit, int64_t deadline_us)
{
	scan_use(&m->scan, window, cap);
	for (;;) {
		enum scan_result result;

		if (m->at < seg->first)
			m->at = seg->first;
		if (m->at >= limit)
			break;
		if (!m->scanning)
			scan_begin(&m->scan, seg, filter, m->at, m->at + STRETCH < limit ? m->at + STRETCH : limit);
		m->scanning = true;
		result = scan_step(&m->scan, deadline_us, count_hit, m);
		if (result != SCAN_DONE)
			return result;
		m->scanning = false;
		m->at = m->scan.at;
	}
	if (m->at < seg->size)
		return look_at_open(m, seg, filter);
	m->open_passes = false;
	m->open_at = -1;
	return SCAN_DONE;
}

bool matches_may_pass(const struct matches *m, int64_t offset)
{
	const uint32_t *sum = blocks_find(&m->blocks, offset);

	if (m->at < blocks_start(&m->blocks, offset) + blocks_size(&m->blocks))
		return true;
	return sum != NULL && *sum > 0;
}
