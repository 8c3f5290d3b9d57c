/* validity.h - the life of a certificate, and where now is in it, for people. */
#ifndef PC_TRUST_VALIDITY_H
#define PC_TRUST_VALIDITY_H

#include <stddef.h>
#include <time.h>

#define TRUST_VALIDITY_TEXT_MAX 96

/* "[====|-----]": `cells` cells between the brackets, the mark is now; "|[-----]" before its life and "[=====]|" after it.
 * `dst` has cells + 4 bytes. Returns dst. */
char *trust_validity_bar(char *dst, int cells, time_t from, time_t until, time_t now);

/* "2634 days left", "expired 12 days ago", "not valid before 3 days from now". `dst` has TRUST_VALIDITY_TEXT_MAX bytes. */
char *trust_validity_text(char *dst, time_t from, time_t until, time_t now);

#endif
