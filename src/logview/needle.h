/* needle.h - finds a fixed text, ignoring the case of ASCII letters, at the speed of memory.
 *
 * Two rare bytes of the text are compared at 64 places at once; only where both stand is the rest looked at. Where the
 * processor has no AVX2, memchr() on the rarest byte does the work.
 */
#ifndef PC_LOGVIEW_NEEDLE_H
#define PC_LOGVIEW_NEEDLE_H

#include <stdbool.h>
#include <stddef.h>

#define NEEDLE_MAX 1024			/* longest text, bytes */

struct needle {
	char *text;			/* folded to lower case; owned */
	size_t len;
	size_t rare[2];			/* offsets of the two rare bytes, rare[0] <= rare[1] */
	const char *(*find)(const struct needle *n, const char *hay, size_t size);
};

/* Makes a needle of n bytes (1 to NEEDLE_MAX). False when out of memory or of another size. */
bool needle_init(struct needle *needle, const char *text, size_t n);
void needle_clear(struct needle *needle);

/* The first place where it stands, NULL when there is none. */
static inline const char *needle_find(const struct needle *needle, const char *hay, size_t size)
{
	return needle->find(needle, hay, size);
}

/* Does it stand right here? Reads at most its length. */
bool needle_stands_at(const struct needle *needle, const char *at);

/* The search that works on every processor: for tests and comparison. */
const char *needle_find_portable(const struct needle *needle, const char *hay, size_t size);

/* The byte in lower case, when it is an ASCII letter. */
unsigned char needle_fold(unsigned char c);

/* How often a byte stands in a log: 0 never, 255 everywhere. */
unsigned char needle_byte_frequency(unsigned char c);

#endif
