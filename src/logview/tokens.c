#include "logview/tokens.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_SEARCH 1
#endif

#include "logview/needle.h"

#define WINDOW 3
#define BUCKETS 8

struct token {
	struct needle text;
	size_t window;			/* offset of its three bytes */
};

struct tokens {
	size_t count;
	bool portable;
	struct token token[TOKENS_MAX];
	uint64_t bucket[BUCKETS];			/* which tokens are in it */
	unsigned char low[WINDOW][16], high[WINDOW][16];	/* half-byte -> buckets that may match */
	unsigned char pairs[65536 / 8];			/* which byte pairs start a window */
};

/* A looser fold than needle_fold(): one OR, also for what is not a letter. The exact comparison follows. */
static unsigned char loose(unsigned char c)
{
	return c | 0x20;
}

static void choose_window(struct token *t)
{
	unsigned int best = ~0u;

	for (size_t i = 0; i + WINDOW <= t->text.len; i++) {
		unsigned int cost = 1;

		for (size_t k = 0; k < WINDOW; k++)
			cost *= needle_byte_frequency((unsigned char)t->text.text[i + k]) + 1u;
		if (cost < best) {
			best = cost;
			t->window = i;
		}
	}
}

static void enter(struct tokens *set, size_t index)
{
	const struct token *t = &set->token[index];
	const unsigned char *window = (const unsigned char *)t->text.text + t->window;
	size_t bucket = index % BUCKETS, pair;

	set->bucket[bucket] |= UINT64_C(1) << index;
	for (size_t k = 0; k < WINDOW; k++) {
		unsigned char c = loose(window[k]);

		set->low[k][c & 15] |= (unsigned char)(1u << bucket);
		set->high[k][c >> 4] |= (unsigned char)(1u << bucket);
	}
	pair = (size_t)loose(window[0]) << 8 | loose(window[1]);
	set->pairs[pair / 8] |= (unsigned char)(1u << pair % 8);
}

struct tokens *tokens_new(const char *const *texts, size_t count)
{
	struct tokens *set = count <= TOKENS_MAX ? calloc(1, sizeof(*set)) : NULL;

	if (set == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(texts[i]);

		if (len < TOKEN_MIN || !needle_init(&set->token[i].text, texts[i], len)) {
			tokens_free(set);
			return NULL;
		}
		set->count++;
		choose_window(&set->token[i]);
		enter(set, i);
	}
#ifdef HAVE_AVX2_SEARCH
	set->portable = !__builtin_cpu_supports("avx2");
#else
	set->portable = true;
#endif
	return set;
}

void tokens_free(struct tokens *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		needle_clear(&set->token[i].text);
	free(set);
}

void tokens_use_portable(struct tokens *set)
{
	set->portable = true;
}

/* One of `among` whose window is at offset `at`. */
static const char *verify(const struct tokens *set, uint64_t among, const char *hay, size_t size, size_t at,
			  size_t *which)
{
	for (; among != 0; among &= among - 1) {
		size_t index = (size_t)__builtin_ctzll(among);
		const struct token *t = &set->token[index];

		if (at < t->window || at - t->window + t->text.len > size ||
		    !needle_stands_at(&t->text, hay + at - t->window))
			continue;
		if (which != NULL)
			*which = index;
		return hay + at - t->window;
	}
	return NULL;
}

static const char *find_portable(const struct tokens *set, const char *hay, size_t size, size_t from, size_t *which)
{
	const unsigned char *u = (const unsigned char *)hay;

	for (size_t i = from; i + 1 < size; i++) {
		size_t pair = (size_t)loose(u[i]) << 8 | loose(u[i + 1]);
		const char *found;

		if ((set->pairs[pair / 8] >> pair % 8 & 1) == 0)
			continue;
		found = verify(set, ~UINT64_C(0) >> (64 - set->count), hay, size, i, which);
		if (found != NULL)
			return found;
	}
	return NULL;
}

#ifdef HAVE_AVX2_SEARCH
__attribute__((target("avx2"))) static inline __m256i table(const unsigned char half[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)half));
}

/* The buckets that may match, a byte for each of the 32 places from p. */
__attribute__((target("avx2"))) static inline __m256i buckets_at(const char *p, const __m256i low[WINDOW],
								 const __m256i high[WINDOW])
{
	const __m256i nibble = _mm256_set1_epi8(15), fold = _mm256_set1_epi8(0x20);
	__m256i all = _mm256_set1_epi8(-1);

	for (int k = 0; k < WINDOW; k++) {
		__m256i text = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)(p + k)), fold);
		__m256i by_low = _mm256_shuffle_epi8(low[k], _mm256_and_si256(text, nibble));
		__m256i by_high = _mm256_shuffle_epi8(high[k], _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble));

		all = _mm256_and_si256(all, _mm256_and_si256(by_low, by_high));
	}
	return all;
}

__attribute__((target("avx2"))) static const char *find_avx2(const struct tokens *set, const char *hay, size_t size,
							     size_t *which)
{
	__m256i low[WINDOW], high[WINDOW];
	size_t i = 0;

	for (int k = 0; k < WINDOW; k++) {
		low[k] = table(set->low[k]);
		high[k] = table(set->high[k]);
	}
	for (; i + WINDOW - 1 + 32 <= size; i += 32) {
		__m256i all = buckets_at(hay + i, low, high);
		unsigned int bits = ~(unsigned int)_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256()));
		unsigned char bucket[32];

		if (bits == 0)
			continue;
		_mm256_storeu_si256((__m256i *)(void *)bucket, all);
		for (; bits != 0; bits &= bits - 1) {
			size_t k = (size_t)__builtin_ctz(bits);
			uint64_t among = 0;
			const char *found;

			for (unsigned int b = bucket[k]; b != 0; b &= b - 1)
				among |= set->bucket[__builtin_ctz(b)];
			found = verify(set, among, hay, size, i + k, which);
			if (found != NULL)
				return found;
		}
	}
	return find_portable(set, hay, size, i, which);
}
#endif

const char *tokens_find(const struct tokens *set, const char *hay, size_t size, size_t *which)
{
	if (set->count == 0)
		return NULL;
#ifdef HAVE_AVX2_SEARCH
	if (!set->portable)
		return find_avx2(set, hay, size, which);
#endif
	return find_portable(set, hay, size, 0, which);
}

uint64_t tokens_present(const struct tokens *set, const char *hay, size_t size)
{
	uint64_t present = 0;

	/* Nearly every record has none. */
	if (tokens_find(set, hay, size, NULL) == NULL)
		return 0;
	for (size_t i = 0; i < set->count; i++) {
		if (needle_find(&set->token[i].text, hay, size) != NULL)
			present |= UINT64_C(1) << i;
	}
	return present;
}
