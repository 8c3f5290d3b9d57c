/* scan.h - the words of a libconfig text, where they begin and end.
 *
 * libconfig parses; this is for what its API does not give: changing one value and leaving the rest of a file as it is
 * (edit.h), numbers that it cuts to 32 bits without a word, and included files that it would exit() on. The rules are
 * those of libconfig 1.5's scanner. */
#ifndef PC_SETTINGS_SCAN_H
#define PC_SETTINGS_SCAN_H

#include <stddef.h>

enum scan_token {
	SCAN_END,
	SCAN_WORD,		/* a name, true, false, or a number */
	SCAN_STRING,		/* with its quotes */
	SCAN_MARK,		/* one of = : , ; { } [ ] ( ) */
	SCAN_INCLUDE,		/* from "@include" to the closing quote */
	SCAN_BAD		/* no word of the language, or a comment or string without an end */
};

struct scan {
	const char *text;
	size_t len;
	size_t pos;		/* behind the token */
	size_t start;		/* of the token */
	unsigned int line;	/* that the token begins in, from 1 */
	unsigned int next_line;
};

#define SCAN_INIT(text_, len_) { .text = (text_), .len = (len_), .line = 1, .next_line = 1 }

enum scan_token scan_next(struct scan *s);

#endif
