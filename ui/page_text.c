/* Pieces of text that pages are made of: bars, sizes, durations. */
#include <stdio.h>

#include "page.h"

void page_bar(struct buffer *out, int cols, long long part, long long total)
{
	int full;

	if (total <= 0 || cols < 3)
		return;
	full = (int)((part < total ? part : total) * (cols - 2) / total);
	buffer_putc(out, '[');
	for (int i = 0; i < cols - 2; i++)
		buffer_putc(out, i < full ? '#' : '.');
	buffer_putc(out, ']');
}

char *page_size(char *dst, size_t size, long long bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double value = (double)bytes / 1000;
	size_t u = 0;

	if (bytes < 1000) {
		snprintf(dst, size, "%lld B", bytes);
		return dst;
	}
	for (; value >= 999.5 && u < 3; u++)
		value /= 1000;
	snprintf(dst, size, "%.*f %s", value < 99.95 ? 1 : 0, value, units[u]);
	return dst;
}

char *page_duration(char *dst, size_t size, long long ms)
{
	long long s = ms / 1000;

	if (s < 60)
		snprintf(dst, size, "%lld s", s);
	else if (s < 3600)
		snprintf(dst, size, "%lld min %02lld s", s / 60, s % 60);
	else
		snprintf(dst, size, "%lld h %02lld min", s / 3600, s / 60 % 60);
	return dst;
}
