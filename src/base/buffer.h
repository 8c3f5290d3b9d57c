/* buffer.h - a growable string of bytes with a stated maximum.
 *
 * The maximum is part of the constructor, so that no input from outside grows without a limit. A failed append leaves
 * `failed` set and the content as it was: many appends can be checked once, at the end.
 */
#ifndef PC_BASE_BUFFER_H
#define PC_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data;		/* always NUL-terminated once anything was appended; NULL before */
	size_t len;
	size_t cap;
	size_t max;		/* most bytes it may hold, without the NUL */
	bool failed;		/* an append did not fit, or memory ran out */
};

#define BUFFER_INIT(maximum) { .max = (maximum) }

bool buffer_append(struct buffer *b, const void *data, size_t len);
bool buffer_puts(struct buffer *b, const char *text);
bool buffer_putc(struct buffer *b, char c);
bool buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The content as a string, never NULL. Borrowed. */
const char *buffer_text(const struct buffer *b);

/* Gives the content away (heap, NUL-terminated, never NULL but when out of memory) and leaves an empty buffer. */
char *buffer_steal(struct buffer *b);

/* Drops the first n bytes. */
void buffer_consume(struct buffer *b, size_t n);

/* Empties it, keeping the memory. */
void buffer_reset(struct buffer *b);

/* Frees the memory. */
void buffer_clear(struct buffer *b);

/* The same, wiping first: for secrets. */
void buffer_wipe(struct buffer *b);

#endif
