#include "feed/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"

#define IN_BYTES (64u * 1024)
#define MAGIC_MAX 6
/* Small archives of text may shrink a lot. */
#define RATIO_FREE_BYTES (16 * 1024 * 1024)

static const struct {
	const char *magic;
	size_t len;
	enum decode_kind kind;
} magics[] = {
	{ "\x1f\x8b\x08", 3, DECODE_GZIP },
	{ "\xfd" "7zXZ\0", 6, DECODE_XZ },
	{ "\x28\xb5\x2f\xfd", 4, DECODE_ZSTD },
};

static bool has_magic(const struct unpack *u, size_t i)
{
	return u->in_len >= magics[i].len && memcmp(u->in + u->in_at, magics[i].magic, magics[i].len) == 0;
}

/* Reads on until the input is full or the file ends. */
static bool fill(struct unpack *u, struct error *err)
{
	memmove(u->in, u->in + u->in_at, u->in_len);
	u->in_at = 0;
	while (!u->at_end && u->in_len < IN_BYTES) {
		ssize_t n = u->seekable ? pread(u->fd, u->in + u->in_len, IN_BYTES - u->in_len, u->packed) :
					  read(u->fd, u->in + u->in_len, IN_BYTES - u->in_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, FINDING_IO_ERROR, _("cannot read the archive"));
		if (n == 0)
			u->at_end = true;
		u->in_len += (size_t)n;
		u->packed += n;
	}
	if (u->progress != NULL)
		u->progress(u->data, u->packed);
	return true;
}

bool unpack_begin(struct unpack *u, int fd, struct error *err)
{
	u->fd = fd;
	u->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	u->in = malloc(IN_BYTES);
	u->block = malloc(UNPACK_BLOCK);
	if (u->in == NULL || u->block == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!fill(u, err))
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (!has_magic(u, i))
			continue;
		u->kind = i;
		u->compressed = u->in_stream = true;
		u->decoder = decoder_new(magics[i].kind);
		if (u->decoder == NULL)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		break;
	}
	return true;
}

void unpack_clear(struct unpack *u)
{
	decoder_free(u->decoder);
	free(u->in);
	free(u->block);
	u->decoder = NULL;
	u->in = u->block = NULL;
}

static bool check_limits(const struct unpack *u, struct error *err)
{
	if (u->unpacked > u->bytes_max)
		return error_set(err, FINDING_BUNDLE_TOO_LARGE, _("the archive unpacks to more than %lld bytes"),
				 (long long)u->bytes_max);
	if (u->unpacked > RATIO_FREE_BYTES && u->unpacked / u->ratio_max > u->packed)
		return error_set(err, FINDING_BUNDLE_TOO_LARGE,
				 _("the archive unpacks to more than %lld times its size, like one made to fill a disk"),
				 (long long)u->ratio_max);
	return true;
}

static bool only_zeros(struct unpack *u, struct error *err)
{
	while (u->in_len > 0) {
		for (size_t i = 0; i < u->in_len; i++) {
			if (u->in[u->in_at + i] != 0)
				return error_set(err, FINDING_BUNDLE_CORRUPT, _("something stands behind the compressed data"));
		}
		u->in_len = 0;
		if (!fill(u, err))
			return false;
	}
	return true;
}

/* Between two compressed streams: another one (gzip allows it), or zeros that fill the file up, or the end. */
static bool next_stream(struct unpack *u, bool *more, struct error *err)
{
	*more = false;
	if (u->in_len < MAGIC_MAX && !fill(u, err))
		return false;
	if (!has_magic(u, u->kind))
		return only_zeros(u, err);
	if (decoder_restart(u->decoder) == DECODE_MEMORY)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	u->in_stream = *more = true;
	return true;
}

static bool decode_some(struct unpack *u, struct decode_io *io, struct error *err)
{
	size_t room = io->out_len;
	enum decode_status status;

	if (u->in_len == 0 && !fill(u, err))
		return false;
	io->in = u->in + u->in_at;
	io->in_len = u->in_len;
	status = decoder_step(u->decoder, io);
	u->in_at += u->in_len - io->in_len;
	if (status == DECODE_MORE && io->out_len == room && io->in_len == u->in_len && u->at_end)
		return error_set(err, FINDING_BUNDLE_TRUNCATED, _("the archive is cut off: its compressed data has no end"));
	u->in_len = io->in_len;
	if (status == DECODE_END)
		u->in_stream = false;
	if (status == DECODE_MEMORY)
		return error_set(err, FINDING_BUNDLE_UNSUPPORTED_METHOD,
				 _("unpacking the archive would take too much memory"));
	if (status == DECODE_BAD)
		return error_set(err, FINDING_BUNDLE_CORRUPT, _("the compressed data of the archive is damaged"));
	return true;
}

static bool decode_block(struct unpack *u, size_t *len, struct error *err)
{
	struct decode_io io = { .out = u->block, .out_len = UNPACK_BLOCK };
	bool more = true;

	while (io.out_len > 0 && more) {
		if (u->in_stream ? !decode_some(u, &io, err) : !next_stream(u, &more, err))
			return false;
	}
	*len = UNPACK_BLOCK - io.out_len;
	return true;
}

static bool read_block(struct unpack *u, size_t *len, struct error *err)
{
	*len = 0;
	while (*len < UNPACK_BLOCK) {
		size_t n;

		if (u->in_len == 0 && !fill(u, err))
			return false;
		if (u->in_len == 0)
			break;
		n = u->in_len < UNPACK_BLOCK - *len ? u->in_len : UNPACK_BLOCK - *len;
		memcpy(u->block + *len, u->in + u->in_at, n);
		*len += n;
		u->in_at += n;
		u->in_len -= n;
	}
	return true;
}

bool unpack_block(struct unpack *u, const void **block, size_t *len, struct error *err)
{
	if (u->compressed ? !decode_block(u, len, err) : !read_block(u, len, err))
		return false;
	*block = u->block;
	u->unpacked += (int64_t)*len;
	return *len == 0 || check_limits(u, err);
}
