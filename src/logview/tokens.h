/* tokens.h - finds any of several fixed texts in one pass, ignoring the case of ASCII letters.
 *
 * A window of four (three) bytes of each text is looked up by its half-bytes at 32 places at once (the "Teddy" method of
 * Hyperscan). Eight groups of texts are told apart there; which text goes into which, and which of its bytes are its window, is
 * chosen so that as little as possible of a log looks like them. Where the processor has no AVX2, a table of byte pairs does it.
 */
#ifndef PC_LOGVIEW_TOKENS_H
#define PC_LOGVIEW_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKENS_MAX 64			/* texts in a set: one bit each */
#define TOKEN_MIN 3			/* shortest text, bytes */

struct tokens;

/* Makes a set of texts (borrowed only for the call). NULL when out of memory, or when a text is too short or too long, or
 * there are too many. */
struct tokens *tokens_new(const char *const *texts, size_t count);
void tokens_free(struct tokens *set);

/* A place where one of them stands, NULL when there is none. Places come in rising order of lines (two on one line in
 * any order). `which` (may be NULL) is its index. */
const char *tokens_find(const struct tokens *set, const char *hay, size_t size, size_t *which);

/* Which of them stand anywhere in it: bit i is the text of index i. */
uint64_t tokens_present(const struct tokens *set, const char *hay, size_t size);

/* For tests: use the portable search from now on. */
void tokens_use_portable(struct tokens *set);

#endif
