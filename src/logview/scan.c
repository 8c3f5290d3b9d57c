#include "logview/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "logview/lines.h"
#include "logview/record.h"

/* So much of a window is seen again in the next one, so that a record's start is seen whole in one of them. */
#define START_OVERLAP (RECORD_START_MIN + 1)

bool scan_init(struct scan *s, size_t window)
{
	*s = (struct scan){ .window = malloc(window), .cap = window };
	return s->window != NULL;
}

void scan_clear(struct scan *s)
{
	free(s->window);
	s->window = NULL;
}

void scan_use(struct scan *s, char *window, size_t cap)
{
	s->window = window;
	s->cap = cap;
}

void scan_begin(struct scan *s, struct segment *seg, struct filter *filter, int64_t from, int64_t to)
{
	s->seg = seg;
	s->filter = filter;
	s->at = from > seg->first ? from - 1 : seg->first;
	s->to = to < seg->size ? to : seg->size;
	s->aligned = from <= seg->first;
	s->large = false;
	s->count = 0;
}

static enum scan_result read_failure(void)
{
	return errno == ESTALE ? SCAN_STALE : SCAN_FAILED;
}

/* Finds the first record that starts behind `at`, a window at a time. */
static enum scan_result align(struct scan *s)
{
	ssize_t n = segment_read(s->seg, s->window, s->cap, s->at);
	size_t next;

	if (n < 0)
		return read_failure();
	next = lines_next_record(s->window, (size_t)n, 0);
	if (next < (size_t)n || s->at + n >= s->seg->size) {
		s->at += (int64_t)next;
		s->aligned = true;
	} else {
		/* A line that is longer than the whole stretch need not be read to its end. */
		s->at += n - START_OVERLAP;
		s->aligned = s->at >= s->to;
	}
	return SCAN_MORE;
}

/* How much of the window is whole records that start before `to`; 0: not even one is whole. */
static size_t whole_records(const struct scan *s, size_t n)
{
	if (s->to - s->at < (int64_t)n) {
		size_t next = lines_next_record(s->window, n, (size_t)(s->to - s->at) - 1);

		if (next < n)
			return next;
	}
	if (s->at + (int64_t)n >= s->seg->size)
		return n;
	return lines_record_of(s->window, n, n - 1);
}

struct relay {
	struct scan *scan;
	scan_hit_fn *hit;
	void *data;
	bool stopped;
};

static bool relay_hit(void *data, size_t start, size_t end)
{
	struct relay *r = data;
	const struct scan_hit hit = { r->scan->at + (int64_t)start, r->scan->at + (int64_t)end, r->scan->window + start };

	r->stopped = !r->hit(r->data, &hit);
	return !r->stopped;
}

/* Without a filter every record passes. */
static size_t every_record(const char *buf, size_t n, filter_hit_fn *hit, void *data)
{
	size_t at = 0, count = 0;

	while (at < n) {
		size_t end = lines_next_record(buf, n, at);

		count++;
		if (hit != NULL && !hit(data, at, end))
			break;
		at = end;
	}
	return count;
}

static enum scan_result scan_window(struct scan *s, size_t whole, int64_t deadline_us, scan_hit_fn *hit, void *data)
{
	struct relay relay = { s, hit, data, false };
	filter_hit_fn *fn = hit != NULL ? relay_hit : NULL;

	if (s->filter != NULL)
		s->count += filter_scan_until(s->filter, s->window, whole, deadline_us, fn, &relay, &whole);
	else
		s->count += every_record(s->window, whole, fn, &relay);
	if (relay.stopped)
		return SCAN_STOPPED;
	s->at += (int64_t)whole;
	return SCAN_MORE;
}

static enum scan_result end_large(struct scan *s, int64_t end, scan_hit_fn *hit, void *data)
{
	const struct scan_hit found = { s->at, end, NULL };
	bool passes = s->filter == NULL || filter_pass_end(s->filter, &s->pass);

	s->large = false;
	s->count += passes;
	if (passes && hit != NULL && !hit(data, &found))
		return SCAN_STOPPED;
	s->at = end;
	return SCAN_MORE;
}

/* One piece of a record that is larger than the window. */
static enum scan_result scan_piece(struct scan *s, scan_hit_fn *hit, void *data)
{
	ssize_t n = segment_read(s->seg, s->window, s->cap, s->large_at);
	size_t end;

	if (n < 0)
		return read_failure();
	end = lines_next_record(s->window, (size_t)n, 0);
	if (s->filter != NULL)
		filter_pass_feed(s->filter, &s->pass, s->window, end);
	if (end < (size_t)n || s->large_at + n >= s->seg->size)
		return end_large(s, s->large_at + (int64_t)end, hit, data);
	s->large_at += n - FILTER_OVERLAP;
	return SCAN_MORE;
}

static enum scan_result scan_some(struct scan *s, int64_t deadline_us, scan_hit_fn *hit, void *data)
{
	size_t whole;
	ssize_t n;

	if (!s->aligned)
		return align(s);
	if (s->large)
		return scan_piece(s, hit, data);
	n = segment_read(s->seg, s->window, s->cap, s->at);
	if (n < 0)
		return read_failure();
	if (n == 0)
		return SCAN_DONE;
	whole = whole_records(s, (size_t)n);
	if (whole > 0)
		return scan_window(s, whole, deadline_us, hit, data);
	s->large = true;
	s->large_at = s->at;
	if (s->filter != NULL)
		filter_pass_begin(s->filter, &s->pass, s->window, (size_t)n);
	return SCAN_MORE;
}

enum scan_result scan_step(struct scan *s, int64_t deadline_us, scan_hit_fn *hit, void *data)
{
	do {
		enum scan_result result;

		if (s->aligned && s->at >= s->to)
			return SCAN_DONE;
		result = scan_some(s, deadline_us, hit, data);
		if (result != SCAN_MORE)
			return result;
	} while (clock_monotonic_us() < deadline_us);
	return s->aligned && s->at >= s->to ? SCAN_DONE : SCAN_MORE;
}
