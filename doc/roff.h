/* roff.h - text for the man pages that are made from tables. */
#ifndef PC_DOC_ROFF_H
#define PC_DOC_ROFF_H

#include <stddef.h>

/* Writes text of which nothing is a request or an escape of roff, on the line that is begun. */
void roff_put(const char *text, size_t len);
/* The same as the argument of a macro: quoted. */
void roff_argument(const char *text, size_t len);
/* Running text on lines of its own: each sentence begins a line, and no line is long. */
void roff_sentences(const char *text, size_t len);

#endif
