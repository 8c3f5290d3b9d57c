#include "feed/decode.h"

#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif
#include <zstd.h>
#include <zstd_errors.h>

/* Dictionaries up to 16 MiB ("xz -7", "zstd -19"): what unpacks on a small appliance. */
#define XZ_MEMORY_MAX (24u * 1024 * 1024)
#define ZSTD_WINDOW_LOG_MAX 24

struct decode_ops {
	bool (*begin)(struct decoder *d);	/* also between streams */
	enum decode_status (*step)(struct decoder *d, struct decode_io *io);
	void (*end)(struct decoder *d);
};

struct decoder {
	const struct decode_ops *ops;
	enum decode_kind kind;
	union {
#ifdef HAVE_ISAL
		struct inflate_state isal;
#else
		z_stream zlib;
#endif
		lzma_stream xz;
		ZSTD_DStream *zstd;
	} u;
	bool begun;
};

#ifdef HAVE_ISAL

static bool inflate_begin(struct decoder *d)
{
	isal_inflate_init(&d->u.isal);
	d->u.isal.crc_flag = d->kind == DECODE_GZIP ? ISAL_GZIP : ISAL_DEFLATE;
	return true;
}

static uint32_t clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (uint32_t)n;
}

static enum decode_status inflate_step(struct decoder *d, struct decode_io *io)
{
	struct inflate_state *s = &d->u.isal;
	uint32_t in = clamp(io->in_len), out = clamp(io->out_len);
	int rc;

	s->next_in = (uint8_t *)(uintptr_t)io->in;
	s->avail_in = in;
	s->next_out = io->out;
	s->avail_out = out;
	rc = isal_inflate(s);
	io->in += in - s->avail_in;
	io->in_len -= in - s->avail_in;
	io->out += out - s->avail_out;
	io->out_len -= out - s->avail_out;
	if (rc < 0)
		return DECODE_BAD;
	if (s->block_state != ISAL_BLOCK_FINISH)
		return DECODE_MORE;
	/* Whole bytes behind the end of raw deflate that it took along: there should be none. */
	return s->read_in_length >= 8 ? DECODE_BAD : DECODE_END;
}

static void inflate_end(struct decoder *d)
{
	(void)d;
}

#else

static bool inflate_begin(struct decoder *d)
{
	if (d->begun)
		return inflateReset(&d->u.zlib) == Z_OK;
	return inflateInit2(&d->u.zlib, d->kind == DECODE_GZIP ? 15 + 16 : -15) == Z_OK;
}

static uInt clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (uInt)n;
}

static enum decode_status inflate_step(struct decoder *d, struct decode_io *io)
{
	z_stream *s = &d->u.zlib;
	uInt in = clamp(io->in_len), out = clamp(io->out_len);
	int rc;

	s->next_in = (Bytef *)(uintptr_t)io->in;
	s->avail_in = in;
	s->next_out = io->out;
	s->avail_out = out;
	rc = inflate(s, Z_NO_FLUSH);
	io->in += in - s->avail_in;
	io->in_len -= in - s->avail_in;
	io->out += out - s->avail_out;
	io->out_len -= out - s->avail_out;
	switch (rc) {
	case Z_STREAM_END: return DECODE_END;
	case Z_OK: case Z_BUF_ERROR: return DECODE_MORE;
	case Z_MEM_ERROR: return DECODE_MEMORY;
	default: return DECODE_BAD;
	}
}

static void inflate_end(struct decoder *d)
{
	inflateEnd(&d->u.zlib);
}

#endif

static bool xz_begin(struct decoder *d)
{
	if (!d->begun)
		d->u.xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&d->u.xz, XZ_MEMORY_MAX, 0) == LZMA_OK;
}

static enum decode_status xz_step(struct decoder *d, struct decode_io *io)
{
	lzma_stream *s = &d->u.xz;
	lzma_ret rc;

	s->next_in = io->in;
	s->avail_in = io->in_len;
	s->next_out = io->out;
	s->avail_out = io->out_len;
	rc = lzma_code(s, LZMA_RUN);
	io->in = s->next_in;
	io->in_len = s->avail_in;
	io->out = s->next_out;
	io->out_len = s->avail_out;
	switch (rc) {
	case LZMA_STREAM_END: return DECODE_END;
	case LZMA_OK: case LZMA_BUF_ERROR: return DECODE_MORE;
	case LZMA_MEM_ERROR: case LZMA_MEMLIMIT_ERROR: return DECODE_MEMORY;
	default: return DECODE_BAD;
	}
}

static void xz_end(struct decoder *d)
{
	lzma_end(&d->u.xz);
}

static bool zstd_begin(struct decoder *d)
{
	if (!d->begun) {
		d->u.zstd = ZSTD_createDStream();
		if (d->u.zstd == NULL)
			return false;
		ZSTD_DCtx_setParameter(d->u.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	}
	return !ZSTD_isError(ZSTD_DCtx_reset(d->u.zstd, ZSTD_reset_session_only));
}

static enum decode_status zstd_step(struct decoder *d, struct decode_io *io)
{
	ZSTD_inBuffer in = { .src = io->in, .size = io->in_len };
	ZSTD_outBuffer out = { .dst = io->out, .size = io->out_len };
	size_t rc = ZSTD_decompressStream(d->u.zstd, &out, &in);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (!ZSTD_isError(rc))
		return rc == 0 ? DECODE_END : DECODE_MORE;
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_frameParameter_windowTooLarge: case ZSTD_error_memory_allocation: return DECODE_MEMORY;
	default: return DECODE_BAD;
	}
}

static void zstd_end(struct decoder *d)
{
	ZSTD_freeDStream(d->u.zstd);
}

static const struct decode_ops all_ops[] = {
	[DECODE_DEFLATE] = { inflate_begin, inflate_step, inflate_end },
	[DECODE_GZIP] = { inflate_begin, inflate_step, inflate_end },
	[DECODE_XZ] = { xz_begin, xz_step, xz_end },
	[DECODE_ZSTD] = { zstd_begin, zstd_step, zstd_end },
};

struct decoder *decoder_new(enum decode_kind kind)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->kind = kind;
	d->ops = &all_ops[kind];
	if (!d->ops->begin(d)) {
		free(d);
		return NULL;
	}
	d->begun = true;
	return d;
}

void decoder_free(struct decoder *d)
{
	if (d == NULL)
		return;
	d->ops->end(d);
	free(d);
}

enum decode_status decoder_restart(struct decoder *d)
{
	return d->ops->begin(d) ? DECODE_MORE : DECODE_MEMORY;
}

enum decode_status decoder_step(struct decoder *d, struct decode_io *io)
{
	return d->ops->step(d, io);
}
