#include "logview/newest.h"

#include <stdlib.h>

#include "logview/lines.h"
#include "logview/record.h"

#define WINDOW (64 * 1024)
#define OVERLAP 64			/* a header that two windows share is whole in one of them */
#define WINDOWS_MAX 64

/* The time of the last record of the window that has one. */
static int64_t last_time(const char *buf, size_t n)
{
	size_t at = n;

	while (at > 0) {
		size_t start = lines_record_of(buf, n, at - 1);
		struct stamp stamp;

		stamp_parse(buf + start, n - start, &stamp);
		if (stamp.ms != STAMP_NONE)
			return stamp.ms;
		at = start;
	}
	return STAMP_NONE;
}

int64_t newest_time(const struct source *source)
{
	char *buf = malloc(WINDOW);
	int64_t ms = STAMP_NONE;
	int windows = 0;

	for (size_t i = source_count(source); buf != NULL && ms == STAMP_NONE && i-- > 0;) {
		struct segment *seg = source_at(source, i);
		int64_t to = seg->size;

		while (to > seg->first && ms == STAMP_NONE && windows++ < WINDOWS_MAX) {
			int64_t from = to - WINDOW > seg->first ? to - WINDOW : seg->first;
			ssize_t n = segment_read(seg, buf, (size_t)(to - from), from);

			if (n > 0)
				ms = last_time(buf, (size_t)n);
			to = from > seg->first ? from + OVERLAP : from;
		}
	}
	free(buf);
	return ms;
}
