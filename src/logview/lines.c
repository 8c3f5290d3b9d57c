#include "logview/lines.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "logview/record.h"

size_t lines_next_record(const char *buf, size_t n, size_t at)
{
	const char *limit = buf + n, *p = buf + at;

	while ((p = memchr(p, '\n', (size_t)(limit - p))) != NULL) {
		p++;
		if (record_is_start(p, (size_t)(limit - p)))
			return (size_t)(p - buf);
	}
	return n;
}

size_t lines_record_of(const char *buf, size_t n, size_t at)
{
	while (at > 0) {
		const char *newline = memrchr(buf, '\n', at);
		size_t start = newline != NULL ? (size_t)(newline - buf) + 1 : 0;

		if (start == 0 || record_is_start(buf + start, n - start))
			return start;
		at = start - 1;
	}
	return 0;
}

#if defined(__SSE2__)
static int newlines_16(const char *p)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('\n')));
}

size_t lines_count(const char *buf, size_t n)
{
	size_t count = 0, i = 0;

	for (; i + 64 <= n; i += 64) {
		unsigned long long bits = (unsigned long long)(unsigned int)newlines_16(buf + i) |
					  (unsigned long long)(unsigned int)newlines_16(buf + i + 16) << 16 |
					  (unsigned long long)(unsigned int)newlines_16(buf + i + 32) << 32 |
					  (unsigned long long)(unsigned int)newlines_16(buf + i + 48) << 48;

		count += (size_t)__builtin_popcountll(bits);
	}
	for (; i < n; i++)
		count += buf[i] == '\n';
	return count;
}
#else
size_t lines_count(const char *buf, size_t n)
{
	const char *p = buf, *limit = buf + n;
	size_t count = 0;

	while ((p = memchr(p, '\n', (size_t)(limit - p))) != NULL) {
		p++;
		count++;
	}
	return count;
}
#endif

/* A loop without an early end, over short pieces: the compiler makes vectors of it. */
bool lines_are_plain(const char *buf, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t stop = n - i > 1024 ? i + 1024 : n;
		unsigned int bad = 0;

		for (; i < stop; i++) {
			unsigned char c = (unsigned char)buf[i];

			bad |= (unsigned int)(c >= 0x7F) | (unsigned int)((c < 0x20) & (c != '\n') & (c != '\t'));
		}
		if (bad != 0)
			return false;
	}
	return true;
}
