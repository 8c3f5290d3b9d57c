/* blocks.h - sums over equal stretches of a segment, in bounded memory: when there are too many, two become one. */
#ifndef PC_LOGVIEW_BLOCKS_H
#define PC_LOGVIEW_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCKS_MAX 131072
#define BLOCKS_FIRST_SHIFT 16		/* 64 KiB in a block, to begin with */

struct blocks {
	unsigned char *data;
	size_t item;			/* bytes of one sum */
	size_t count, cap;
	unsigned int shift;		/* log2 of the bytes in a block */
	void (*merge)(void *into, const void *second);	/* adds the sum of the block behind */
};

/* A new sum is all zeroes. */
void blocks_init(struct blocks *b, size_t item, void (*merge)(void *into, const void *second));
void blocks_clear(struct blocks *b);

/* The sum of the block that holds the offset, made when it is not there. NULL when out of memory. Good until the next
 * call. */
void *blocks_at(struct blocks *b, int64_t offset);
/* The same for a block that is there; NULL when it is not. */
const void *blocks_find(const struct blocks *b, int64_t offset);

/* Where the block that holds the offset starts. */
static inline int64_t blocks_start(const struct blocks *b, int64_t offset)
{
	return offset >> b->shift << b->shift;
}

static inline int64_t blocks_size(const struct blocks *b)
{
	return INT64_C(1) << b->shift;
}

#endif
