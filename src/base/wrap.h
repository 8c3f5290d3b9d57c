/* wrap.h - where a line of text may be broken, in languages with blanks between words and in those without. */
#ifndef PC_BASE_WRAP_H
#define PC_BASE_WRAP_H

#include <stddef.h>

/* What becomes of a word that is longer than a line. */
enum wrap_word {
	WRAP_CUT,			/* it is cut: a screen ends there */
	WRAP_WHOLE			/* it sticks out: a command or an address is there to be copied */
};

/* How many bytes of `text` (safe already, without line ends) the next line of `cols` columns takes. It ends before a blank
 * where there is one (the caller skips it), or beside a wide character, but no line then begins with a closing mark or ends
 * with an opening one (JIS X 4051, GB/T 15834). Where there is a column, there is at least one character, also a wide one in a
 * single column: who wraps gets to the end. */
size_t wrap_length(const char *text, size_t cols, enum wrap_word word);

#endif
