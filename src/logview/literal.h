/* literal.h - fixed texts without which a regular expression cannot match.
 *
 * Searching a gigabyte for a fixed text is a hundred times faster than matching; only where the text stands does the
 * expression have to be tried. Careful rather than clever: where the analysis is not sure, it finds nothing.
 */
#ifndef PC_LOGVIEW_LITERAL_H
#define PC_LOGVIEW_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#define LITERAL_ALTERNATIVES_MAX 16
#define LITERAL_TEXT_MAX 64

struct literal_set {
	size_t count;				/* 0: nothing is known; otherwise every match holds one of them */
	char text[LITERAL_ALTERNATIVES_MAX][LITERAL_TEXT_MAX];
};

/* `regex` is a PCRE2 pattern that compiles, without the extended syntax; matching ignores case, with Unicode rules when
 * `unicode`. Texts have at least `min` bytes. False, and an empty set, when there are none. */
bool literal_extract(const char *regex, bool unicode, size_t min, struct literal_set *out);

#endif
