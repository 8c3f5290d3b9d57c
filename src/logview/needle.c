#include "logview/needle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_SEARCH 1
#endif

unsigned char needle_fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static bool is_letter(unsigned char c)
{
	return needle_fold(c) >= 'a' && needle_fold(c) <= 'z';
}

unsigned char needle_byte_frequency(unsigned char c)
{
	/* Of a log like ours, most frequent first. */
	static const char order[] = "e0ai1otn:-r23sc 4d.5pl[]u6m7h98g,f\nbk(v)y_w/=xj\tqz";
	const char *at = memchr(order, needle_fold(c), sizeof(order) - 1);

	return at != NULL ? (unsigned char)(255 - (at - order) * 4) : 0;
}

/* The two rarest bytes, unlike each other where the text has two different ones. */
static void choose_rare(struct needle *n)
{
	size_t first = 0, second;

	for (size_t i = 1; i < n->len; i++) {
		if (needle_byte_frequency((unsigned char)n->text[i]) < needle_byte_frequency((unsigned char)n->text[first]))
			first = i;
	}
	second = first == 0 ? n->len - 1 : 0;
	for (size_t i = 0; i < n->len; i++) {
		bool better = needle_byte_frequency((unsigned char)n->text[i]) <
			      needle_byte_frequency((unsigned char)n->text[second]);

		if (n->text[i] != n->text[first] && (better || n->text[second] == n->text[first]))
			second = i;
	}
	n->rare[0] = first < second ? first : second;
	n->rare[1] = first < second ? second : first;
}

bool needle_stands_at(const struct needle *n, const char *at)
{
	for (size_t i = 0; i < n->len; i++) {
		if (needle_fold((unsigned char)at[i]) != (unsigned char)n->text[i])
			return false;
	}
	return true;
}

static const char *nearer(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return a < b ? a : b;
}

const char *needle_find_portable(const struct needle *n, const char *hay, size_t size)
{
	size_t rare = needle_byte_frequency((unsigned char)n->text[n->rare[0]]) <=
		      needle_byte_frequency((unsigned char)n->text[n->rare[1]]) ? n->rare[0] : n->rare[1];
	unsigned char low = (unsigned char)n->text[rare];
	unsigned char high = is_letter(low) ? (unsigned char)(low & ~0x20u) : low;
	const char *p, *limit, *at_low, *at_high;

	if (size < n->len)
		return NULL;
	p = hay + rare;
	limit = hay + size - n->len + rare + 1;
	at_low = memchr(p, low, (size_t)(limit - p));
	at_high = high != low ? memchr(p, high, (size_t)(limit - p)) : NULL;
	while ((p = nearer(at_low, at_high)) != NULL) {
		if (needle_stands_at(n, p - rare))
			return p - rare;
		if (p == at_low)
			at_low = memchr(p + 1, low, (size_t)(limit - p - 1));
		else
			at_high = memchr(p + 1, high, (size_t)(limit - p - 1));
	}
	return NULL;
}

#ifdef HAVE_AVX2_SEARCH
/* Where both rare bytes stand: a bit for each of the 32 places from p. */
__attribute__((target("avx2"))) static inline unsigned int candidates(const char *p, const struct needle *n,
								      const __m256i value[2], const __m256i fold[2])
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(p + n->rare[0]));
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + n->rare[1]));

	a = _mm256_cmpeq_epi8(_mm256_or_si256(a, fold[0]), value[0]);
	b = _mm256_cmpeq_epi8(_mm256_or_si256(b, fold[1]), value[1]);
	return (unsigned int)_mm256_movemask_epi8(_mm256_and_si256(a, b));
}

__attribute__((target("avx2"))) static const char *find_avx2(const struct needle *n, const char *hay, size_t size)
{
	__m256i value[2], fold[2];
	size_t i = 0;

	for (int k = 0; k < 2; k++) {
		unsigned char c = (unsigned char)n->text[n->rare[k]];

		value[k] = _mm256_set1_epi8((char)c);
		fold[k] = _mm256_set1_epi8(is_letter(c) ? 0x20 : 0);
	}
	for (; i + n->len - 1 + 64 <= size; i += 64) {
		uint64_t bits = (uint64_t)candidates(hay + i + 32, n, value, fold) << 32 | candidates(hay + i, n, value, fold);

		for (; bits != 0; bits &= bits - 1) {
			const char *at = hay + i + __builtin_ctzll(bits);

			if (needle_stands_at(n, at))
				return at;
		}
	}
	return needle_find_portable(n, hay + i, size - i);
}
#endif

bool needle_init(struct needle *needle, const char *text, size_t n)
{
	*needle = (struct needle){ .len = n, .find = needle_find_portable };
	if (n == 0 || n > NEEDLE_MAX)
		return false;
	needle->text = calloc(n, 1);
	if (needle->text == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		needle->text[i] = (char)needle_fold((unsigned char)text[i]);
	choose_rare(needle);
#ifdef HAVE_AVX2_SEARCH
	if (__builtin_cpu_supports("avx2"))
		needle->find = find_avx2;
#endif
	return true;
}

void needle_clear(struct needle *needle)
{
	free(needle->text);
	needle->text = NULL;
	needle->len = 0;
}
