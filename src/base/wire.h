/* wire.h - numbers, texts and bytes through a pipe between two processes of this program. Nothing that is read is trusted. */
#ifndef PC_BASE_WIRE_H
#define PC_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

void wire_put_number(struct buffer *out, int64_t number);
void wire_put_bytes(struct buffer *out, const void *bytes, size_t len);
/* NULL is fine. */
void wire_put_text(struct buffer *out, const char *text);

/* What is left to read. `bad`: something did not fit; from then on all reads give 0 and NULL. */
struct wire {
	const char *at;
	size_t left;
	bool bad;
};

int64_t wire_number(struct wire *w);
void wire_bytes(struct wire *w, void *bytes, size_t len);
/* Heap; NULL when it was NULL, or cannot be: longer than what is left, a NUL inside, no memory. */
char *wire_text(struct wire *w);

#endif
