/* decode.h - one compressed stream, decoded piece by piece: raw deflate (a zip's member), gzip, xz, zstd.
 *
 * ISA-L inflates where the build has it; zlib otherwise.
 */
#ifndef PC_FEED_DECODE_H
#define PC_FEED_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum decode_kind { DECODE_DEFLATE, DECODE_GZIP, DECODE_XZ, DECODE_ZSTD };

enum decode_status {
	DECODE_MORE,		/* give it more input, or more room */
	DECODE_END,		/* the stream ended well, its checksum agrees */
	DECODE_BAD,		/* the data is not what it claims to be */
	DECODE_MEMORY		/* it wants more memory than it gets (a dictionary of more than 16 MiB), or there is none */
};

struct decode_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct decoder;

/* NULL when out of memory. */
struct decoder *decoder_new(enum decode_kind kind);
void decoder_free(struct decoder *d);

/* Begins another stream of the same kind. */
enum decode_status decoder_restart(struct decoder *d);

/* Decodes, moving the pointers of `io`. It stops when the input is used up, the room is full, or the stream ends: what
 * stands behind the stream then is left in `io`. */
enum decode_status decoder_step(struct decoder *d, struct decode_io *io);

#endif
