#include "base/wrap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Closing marks, marks of repetition and length, small kana; those of ASCII where they stand behind a wide character. */
static const uint32_t no_begin[] = {
	'!', '%', ')', ',', '.', ':', ';', '?', ']', '}', 0xbb, 0x2019, 0x201d, 0x2026, 0x3001, 0x3002, 0x3005, 0x3009, 0x300b,
	0x300d, 0x300f, 0x3011, 0x3015, 0x3017, 0x301c, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049, 0x3063, 0x3083, 0x3085, 0x3087,
	0x308e, 0x309d, 0x309e, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30c3, 0x30e3, 0x30e5, 0x30e7, 0x30ee, 0x30f5, 0x30f6,
	0x30fb, 0x30fc, 0x30fd, 0x30fe, 0xff01, 0xff05, 0xff09, 0xff0c, 0xff0e, 0xff1a, 0xff1b, 0xff1f, 0xff3d, 0xff5d,
};
static const uint32_t no_end[] = {
	'(', '[', '{', 0xab, 0x2018, 0x201c, 0x3008, 0x300a, 0x300c, 0x300e, 0x3010, 0x3014, 0x3016, 0xff08, 0xff3b, 0xff5b,
};

static bool is_one_of(uint32_t cp, const uint32_t *marks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (marks[i] == cp)
			return true;
	return false;
}

/* The character at `text`: its bytes, its columns. */
static size_t step(const char *text, uint32_t *cp, size_t *width)
{
	size_t n = text_utf8_decode(text, strnlen(text, 4), cp);
	char one[8];

	if (n == 0) {
		*cp = 0;
		n = 1;
	}
	snprintf(one, sizeof(one), "%.*s", (int)n, text);
	*width = text_width(one);
	return n;
}

/* Between a character and the one at `next`. */
static bool may_break(uint32_t cp, size_t width, const char *next)
{
	uint32_t next_cp;
	size_t next_width;

	step(next, &next_cp, &next_width);
	return (width > 1 || next_width > 1) && !is_one_of(cp, no_end, sizeof(no_end) / sizeof(no_end[0])) &&
	       !is_one_of(next_cp, no_begin, sizeof(no_begin) / sizeof(no_begin[0]));
}

size_t wrap_length(const char *text, size_t cols, enum wrap_word word)
{
	size_t fits = 0, blank = 0, blank_width = 0, beside = 0, width = 0;
	bool begun = false;

	for (size_t i = 0; text[i] != '\0';) {
		uint32_t cp;
		size_t own, n = step(text + i, &cp, &own);

		width += own;
		if (width > cols && (cols == 0 || fits > 0) && (word == WRAP_CUT || blank > 0 || beside > 0))
			break;
		begun = begun || text[i] != ' ';	/* an indentation is no place to break at */
		i += n;
		fits = i;
		if (begun && (text[i] == ' ' || text[i] == '\0')) {
			blank = i;
			blank_width = width;
		} else if (begun && may_break(cp, own, text + i)) {
			beside = i;
		}
	}
	/* At a blank, unless that leaves more than half of the line empty. */
	if (blank > 0 && (blank_width * 2 >= cols || beside < blank))
		return blank;
	return beside > 0 ? beside : fits;
}
