#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 256

static bool reserve(struct buffer *b, size_t more)
{
	size_t need, cap;
	char *data;

	if (b->failed || more > b->max - b->len) {
		b->failed = true;
		return false;
	}
	need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	cap = b->cap < BUFFER_FIRST ? BUFFER_FIRST : b->cap;
	while (cap < need)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

bool buffer_append(struct buffer *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return false;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

bool buffer_puts(struct buffer *b, const char *text)
{
	return buffer_append(b, text, strlen(text));
}

bool buffer_putc(struct buffer *b, char c)
{
	return buffer_append(b, &c, 1);
}

bool buffer_printf(struct buffer *b, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		return false;
	}
	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
	va_end(args);
	b->len += (size_t)n;
	return true;
}

const char *buffer_text(const struct buffer *b)
{
	return b->data != NULL ? b->data : "";
}

char *buffer_steal(struct buffer *b)
{
	char *data = b->data != NULL ? b->data : strdup("");

	*b = (struct buffer)BUFFER_INIT(b->max);
	return data;
}

void buffer_consume(struct buffer *b, size_t n)
{
	if (n == 0)
		return;
	if (n > b->len)
		n = b->len;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

void buffer_reset(struct buffer *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buffer_clear(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer)BUFFER_INIT(b->max);
}

void buffer_wipe(struct buffer *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buffer_clear(b);
}
