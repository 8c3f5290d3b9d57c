/* unpack.h - the bytes inside an archive file: decompressed if need be, in blocks, with every limit watched.
 *
 * What the file is tells its first bytes, never its name.
 */
#ifndef PC_FEED_UNPACK_H
#define PC_FEED_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "feed/decode.h"

/* A multiple of a tar's 512: so no header of a tar lies across two blocks. */
#define UNPACK_BLOCK (256u * 1024)

struct unpack {
	int fd;			/* borrowed; read from its start when it can seek, else from where it is */
	int64_t bytes_max;
	int64_t ratio_max;	/* unpacked to packed, past the first RATIO_FREE_BYTES */
	void (*progress)(void *data, int64_t bytes);
	void *data;

	bool compressed;
	size_t kind;		/* which of the known kinds */
	struct decoder *decoder;
	bool in_stream;		/* a compressed stream has begun and not ended */
	bool at_end;		/* of the file */
	bool seekable;
	uint8_t *in;
	size_t in_at, in_len;
	uint8_t *block;
	int64_t packed;		/* bytes read */
	int64_t unpacked;	/* bytes given out */
};

/* Looks at the first bytes. The limits and the callback are set by the caller before. */
bool unpack_begin(struct unpack *u, int fd, struct error *err);
void unpack_clear(struct unpack *u);

/* The next block: whole, or the last. *len 0: the end; every checksum agrees, nothing stands behind it. */
bool unpack_block(struct unpack *u, const void **block, size_t *len, struct error *err);

#endif
