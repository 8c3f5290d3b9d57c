#include "logview/tokens.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_SEARCH 1
#endif

#include "logview/needle.h"

#define WINDOW 4			/* bytes; the last one counts only when every text has as many */
#define BUCKETS 8
#define COMMONEST 4588			/* probability of the commonest byte, of SCALE */
#define SCALE 65536

struct token {
	struct needle text;
	size_t window;			/* offset of its bytes that are looked for */
	uint32_t value;			/* of these bytes, loosely folded */
};

/* The tokens that one bit of a table stands for, next to each other. */
struct bucket {
	uint64_t tokens;
	uint16_t low[WINDOW], high[WINDOW];	/* the half-bytes that they have: a bit each */
};

struct tokens {
	size_t count;
	size_t width;			/* of the windows, bytes */
	bool portable;
	struct token token[TOKENS_MAX];
	struct bucket bucket[BUCKETS];
	unsigned char low[WINDOW][16], high[WINDOW][16];	/* half-byte -> buckets that may match */
	unsigned char pairs[65536 / 8];			/* which byte pairs start a window */
};

/* A looser fold than needle_fold(): one OR, also for what is not a letter. The exact comparison follows. */
static unsigned char loose(unsigned char c)
{
	return c | 0x20;
}

static uint32_t loose_window(const char *p, size_t width)
{
	uint32_t value = 0;

	if (width == WINDOW) {
		memcpy(&value, p, WINDOW);
		return value | UINT32_C(0x20202020);
	}
	memcpy(&value, p, WINDOW - 1);
	return value | UINT32_C(0x202020);
}

/* --- putting texts into buckets: so that little else in a log looks like them --------------------------------------------- */

/* How often bytes of two half-bytes come, of SCALE. */
struct model {
	uint32_t share[16][16];		/* [high][low] */
};

static void make_model(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned int c = 0; c < 256; c++) {
		unsigned int frequency = needle_byte_frequency((unsigned char)c), folded = loose((unsigned char)c);
		double share = frequency > 0 ? COMMONEST : SCALE / 4096;

		/* In the order of the frequencies each is about 7 % rarer than the one before; letters come in two cases. */
		for (; frequency > 0 && frequency < 255; frequency += 4)
			share *= 0.93;
		m->share[folded >> 4][folded & 15] += (uint32_t)share / (folded >= 'a' && folded <= 'z' ? 2 : 1) + 1;
	}
}

static uint32_t share_of(const struct model *m, unsigned int low, unsigned int high)
{
	uint32_t sum = 0;

	for (unsigned int h = high; h != 0; h &= h - 1) {
		for (unsigned int l = low; l != 0; l &= l - 1)
			sum += m->share[__builtin_ctz(h)][__builtin_ctz(l)];
	}
	return sum;
}

/* How often a place looks like one of the bucket, with the window at `text` put in besides. */
static double cost_with(const struct model *m, const struct bucket *b, const char *text, size_t width)
{
	double cost = 1;

	for (size_t k = 0; k < width; k++) {
		unsigned char c = text != NULL ? loose((unsigned char)text[k]) : 0;
		unsigned int low = b->low[k], high = b->high[k];

		if (text != NULL) {
			low |= 1u << (c & 15);
			high |= 1u << (c >> 4);
		}
		cost *= (double)share_of(m, low, high) / SCALE;
	}
	return cost;
}

static void put_in(struct tokens *set, size_t index, size_t bucket, size_t window)
{
	struct token *t = &set->token[index];
	struct bucket *b = &set->bucket[bucket];

	t->window = window;
	t->value = loose_window(t->text.text + window, set->width);
	b->tokens |= UINT64_C(1) << index;
	for (size_t k = 0; k < set->width; k++) {
		unsigned char c = loose((unsigned char)t->text.text[window + k]);

		b->low[k] |= (uint16_t)(1u << (c & 15));
		b->high[k] |= (uint16_t)(1u << (c >> 4));
	}
}

/* Puts a text where it adds least. */
static void place(struct tokens *set, const struct model *m, size_t index)
{
	const struct token *t = &set->token[index];
	size_t best_bucket = 0, best_window = 0;
	double best = 2;

	for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
		const struct bucket *b = &set->bucket[bucket];
		double before = b->tokens != 0 ? cost_with(m, b, NULL, set->width) : 0;

		for (size_t i = 0; i + set->width <= t->text.len; i++) {
			double more = cost_with(m, b, t->text.text + i, set->width) - before;

			if (more < best) {
				best = more;
				best_bucket = bucket;
				best_window = i;
			}
		}
	}
	put_in(set, index, best_bucket, best_window);
}

static void fill_tables(struct tokens *set)
{
	memset(set->low, set->width < WINDOW ? 0xff : 0, sizeof(set->low));
	memset(set->high, set->width < WINDOW ? 0xff : 0, sizeof(set->high));
	for (size_t k = 0; k < set->width; k++) {
		for (size_t half = 0; half < 16; half++) {
			unsigned int low = 0, high = 0;

			for (size_t b = 0; b < BUCKETS; b++) {
				low |= (set->bucket[b].low[k] >> half & 1u) << b;
				high |= (set->bucket[b].high[k] >> half & 1u) << b;
			}
			set->low[k][half] = (unsigned char)low;
			set->high[k][half] = (unsigned char)high;
		}
	}
	for (size_t i = 0; i < set->count; i++) {
		const struct token *t = &set->token[i];
		size_t pair = (size_t)loose((unsigned char)t->text.text[t->window]) << 8 |
			      loose((unsigned char)t->text.text[t->window + 1]);

		set->pairs[pair / 8] |= (unsigned char)(1u << pair % 8);
	}
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

struct tokens *tokens_new(const char *const *texts, size_t count)
{
	struct tokens *set = count <= TOKENS_MAX ? calloc(1, sizeof(*set)) : NULL;
	struct model model;

	if (set == NULL)
		return NULL;
	set->width = WINDOW;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(texts[i]);

		if (len < TOKEN_MIN || !needle_init(&set->token[i].text, texts[i], len)) {
			tokens_free(set);
			return NULL;
		}
		set->count++;
		set->width = len < set->width ? len : set->width;
	}
	make_model(&model);
	for (size_t i = 0; i < count; i++)
		place(set, &model, i);
	fill_tables(set);
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

/* --- searching ------------------------------------------------------------------------------------------------------- */

/* One of `among` whose window is at offset `at`. */
static const char *verify(const struct tokens *set, uint64_t among, const char *hay, size_t size, size_t at,
			  size_t *which)
{
	uint32_t value;

	if (size - at < set->width)
		return NULL;
	value = loose_window(hay + at, set->width);
	for (; among != 0; among &= among - 1) {
		size_t index = (size_t)__builtin_ctzll(among);
		const struct token *t = &set->token[index];

		if (t->value != value || at < t->window || at - t->window + t->text.len > size ||
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
				among |= set->bucket[__builtin_ctz(b)].tokens;
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
