#include "logview/name.h"

#include <string.h>

#include "logview/needle.h"

#define NAME_MAX_LOOKED_AT 512		/* of a name that is longer, the rest does not count */

static bool is_word(char c)
{
	unsigned char folded = needle_fold((unsigned char)c);

	return (folded >= 'a' && folded <= 'z') || (folded >= '0' && folded <= '9') || folded >= 0x80;
}

static bool same(char a, char b)
{
	return needle_fold((unsigned char)a) == needle_fold((unsigned char)b);
}

/* Where the pattern ends, a word must. */
static bool ends_well(const char *pattern, size_t len, const char *name, size_t n, size_t at)
{
	return pattern[len - 1] == '*' || at == n || !is_word(name[at]) || !is_word(pattern[len - 1]);
}

/* Does the pattern match from name[start] on? Backtracks to the last star only, so the time is bounded. */
static bool matches_from(const char *pattern, size_t len, const char *name, size_t n, size_t start)
{
	size_t p = 0, i = start, star = len, star_i = 0;

	for (;;) {
		if (p < len && pattern[p] == '*') {
			star = p++;
			star_i = i;
		} else if (p == len && ends_well(pattern, len, name, n, i)) {
			return true;
		} else if (p < len && i < n && same(pattern[p], name[i])) {
			p++;
			i++;
		} else if (star < len && star_i < n) {
			p = star + 1;
			i = ++star_i;
		} else {
			return false;
		}
	}
}

bool name_matches(const char *pattern, const char *name, size_t n)
{
	size_t len = strlen(pattern);

	if (n > NAME_MAX_LOOKED_AT)
		n = NAME_MAX_LOOKED_AT;
	if (len == 0)
		return n == 0;
	for (size_t i = 0; i <= n; i++) {
		bool word_starts = i == 0 || !is_word(name[i - 1]) || !is_word(pattern[0]) || pattern[0] == '*';

		if (word_starts && matches_from(pattern, len, name, n, i))
			return true;
	}
	return false;
}

size_t name_literal(const char *pattern, const char **piece)
{
	size_t best = 0;

	*piece = pattern;
	while (*pattern != '\0') {
		size_t n = strcspn(pattern, "*");

		if (n > best) {
			best = n;
			*piece = pattern;
		}
		pattern += n + (pattern[n] == '*' ? 1 : 0);
	}
	return best;
}
