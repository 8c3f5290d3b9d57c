#include "logview/blocks.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

void blocks_init(struct blocks *b, size_t item, void (*merge)(void *into, const void *second))
{
	*b = (struct blocks){ .item = item, .shift = BLOCKS_FIRST_SHIFT, .merge = merge };
}

void blocks_clear(struct blocks *b)
{
	free(b->data);
	blocks_init(b, b->item, b->merge);
}

static void halve(struct blocks *b)
{
	for (size_t i = 0; i < b->count; i += 2) {
		unsigned char *into = b->data + i / 2 * b->item;

		memmove(into, b->data + i * b->item, b->item);
		if (i + 1 < b->count)
			b->merge(into, b->data + (i + 1) * b->item);
	}
	b->count = (b->count + 1) / 2;
	b->shift++;
}

static bool grow(struct blocks *b, size_t count)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
	unsigned char *data;

	if (count <= b->cap)
		return true;
	while (cap < count)
		cap *= 2;
	data = realloc(b->data, cap * b->item);
	if (data == NULL)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

void *blocks_at(struct blocks *b, int64_t offset)
{
	size_t i;

	while (offset >> b->shift >= BLOCKS_MAX)
		halve(b);
	i = (size_t)(offset >> b->shift);
	if (i >= b->count) {
		if (!grow(b, i + 1))
			return NULL;
		memset(b->data + b->count * b->item, 0, (i + 1 - b->count) * b->item);
		b->count = i + 1;
	}
	return b->data + i * b->item;
}

const void *blocks_find(const struct blocks *b, int64_t offset)
{
	size_t i = (size_t)(offset >> b->shift);

	return i < b->count ? b->data + i * b->item : NULL;
}
