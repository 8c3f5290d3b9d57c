/* Reads the members of a bundle. */
#include "feed/bundle.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "feed/checksum.h"
#include "feed/decode.h"
#include "feed/zip.h"

#define CHUNK (256u * 1024)

struct reader {
	const struct bundle *b;
	const struct bundle_member *m;
	bool (*sink)(void *data, const void *bytes, size_t len, struct error *err);
	void *data;
	uint32_t crc;
	int64_t done;		/* unpacked */
	int64_t taken;		/* packed */
	uint8_t *in, *out;
	struct error *err;
};

static bool corrupt(struct reader *r, const char *why)
{
	return zip_bad(r->b, FINDING_BUNDLE_CORRUPT, r->err, "\"%s\": %s", r->m->name, why);
}

static bool give(struct reader *r, const uint8_t *bytes, size_t len)
{
	if ((int64_t)len > r->m->size - r->done)
		return corrupt(r, _("it is longer than the zip says"));
	r->crc = checksum_crc32(r->crc, bytes, len);
	r->done += (int64_t)len;
	return len == 0 || r->sink(r->data, bytes, len, r->err);
}

/* The next piece of packed data. */
static bool take(struct reader *r, size_t *len)
{
	int64_t left = r->m->packed - r->taken;

	*len = left < (int64_t)CHUNK ? (size_t)left : CHUNK;
	if (!zip_read_at(r->b, r->in, *len, r->m->data_offset + r->taken, r->err))
		return false;
	r->taken += (int64_t)*len;
	return true;
}

static bool read_stored(struct reader *r)
{
	while (r->taken < r->m->packed) {
		size_t len;

		if (!take(r, &len) || !give(r, r->in, len))
			return false;
	}
	return true;
}

static bool read_deflated(struct reader *r)
{
	struct decoder *d = decoder_new(DECODE_DEFLATE);
	struct decode_io io = { 0 };
	enum decode_status status = DECODE_MORE;
	bool ok = d != NULL;

	if (!ok)
		return error_set(r->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	while (ok && status == DECODE_MORE) {
		if (io.in_len == 0 && r->taken < r->m->packed) {
			ok = take(r, &io.in_len);
			io.in = r->in;
		}
		io.out = r->out;
		io.out_len = CHUNK;
		if (ok) {
			size_t before = io.in_len;

			status = decoder_step(d, &io);
			if (status == DECODE_MORE && io.out_len == CHUNK && io.in_len == before)
				status = DECODE_BAD;
			ok = give(r, r->out, CHUNK - io.out_len);
		}
	}
	decoder_free(d);
	if (ok && (status != DECODE_END || io.in_len > 0 || r->taken < r->m->packed))
		return corrupt(r, _("its packed data is damaged"));
	return ok;
}

bool bundle_read(const struct bundle *b, const struct bundle_member *m,
		 bool (*sink)(void *data, const void *bytes, size_t len, struct error *err), void *data,
		 struct error *err)
{
	struct reader r = { .b = b, .m = m, .sink = sink, .data = data, .err = err };
	bool ok = false;

	r.in = malloc(CHUNK);
	r.out = malloc(CHUNK);
	if (r.in == NULL || r.out == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (m->method == ZIP_STORED ? !read_stored(&r) : !read_deflated(&r))
		goto out;
	if (r.done != m->size)
		corrupt(&r, _("it is shorter than the zip says"));
	else if (r.crc != m->crc32)
		corrupt(&r, _("its checksum is wrong"));
	else
		ok = true;
out:
	free(r.in);
	free(r.out);
	return ok;
}

static bool append(void *data, const void *bytes, size_t len, struct error *err)
{
	struct buffer *out = data;

	if (!buffer_append(out, bytes, len))
		return error_set(err, FINDING_BUNDLE_TOO_LARGE, _("a member is larger than %zu bytes"), out->max);
	return true;
}

bool bundle_read_small(const struct bundle *b, const struct bundle_member *m, struct buffer *out, struct error *err)
{
	return bundle_read(b, m, append, out, err);
}
