#include "base/wire.h"

#include <stdlib.h>
#include <string.h>

void wire_put_bytes(struct buffer *out, const void *bytes, size_t len)
{
	if (len > 0)
		buffer_append(out, bytes, len);
}

void wire_put_number(struct buffer *out, int64_t number)
{
	buffer_append(out, &number, sizeof(number));
}

void wire_put_text(struct buffer *out, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	wire_put_number(out, text != NULL ? (int64_t)len : -1);
	wire_put_bytes(out, text, len);
}

void wire_bytes(struct wire *w, void *bytes, size_t len)
{
	if (w->bad || len > w->left) {
		w->bad = true;
		memset(bytes, 0, len);
		return;
	}
	memcpy(bytes, w->at, len);
	w->at += len;
	w->left -= len;
}

int64_t wire_number(struct wire *w)
{
	int64_t number;

	wire_bytes(w, &number, sizeof(number));
	return number;
}

char *wire_text(struct wire *w)
{
	int64_t len = wire_number(w);
	char *text;

	if (w->bad || len == -1)
		return NULL;
	if (len < 0 || (uint64_t)len > w->left || memchr(w->at, '\0', (size_t)len) != NULL) {
		w->bad = true;
		return NULL;
	}
	text = strndup(w->at, (size_t)len);
	w->bad = text == NULL;
	w->at += len;
	w->left -= (size_t)len;
	return text;
}
