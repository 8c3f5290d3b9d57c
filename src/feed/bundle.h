/* bundle.h - an offline bundle (posture-offline.zip): its directory checked whole before a byte is used.
 *
 * The zip's central directory, local headers and end record must agree and must not overlap; see bundle.c for the list
 * of what is refused. Reading uses pread() on one descriptor, so members can be read in any order and in several
 * processes.
 */
#ifndef PC_FEED_BUNDLE_H
#define PC_FEED_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "feed/manifest.h"

struct bundle_member {
	char *name;		/* below the top folder, if the bundle has one; "/" separates */
	int64_t size;		/* uncompressed */
	int64_t packed;
	uint32_t crc32;
	uint16_t method;	/* 0 stored, 8 deflated */
	uint32_t dos_time;	/* date and time as MS-DOS kept them: larger is later */
	int64_t data_offset;
};

struct bundle;

/* Opens by descriptor (borrowed; must be seekable and stay open). `label` names it in messages. */
bool bundle_open(int fd, const char *label, struct bundle **out, struct error *err);
void bundle_free(struct bundle *b);

/* The descriptor that it reads. */
int bundle_fd(const struct bundle *b);

size_t bundle_count(const struct bundle *b);
const struct bundle_member *bundle_at(const struct bundle *b, size_t i);
const struct bundle_member *bundle_find(const struct bundle *b, const char *name);

/* Reads one member through `sink` in pieces, checking size and CRC-32. The sink's false stops it. */
bool bundle_read(const struct bundle *b, const struct bundle_member *m,
		 bool (*sink)(void *data, const void *bytes, size_t len, struct error *err), void *data,
		 struct error *err);
/* A small member whole; the buffer's maximum is the cap. */
bool bundle_read_small(const struct bundle *b, const struct bundle_member *m, struct buffer *out, struct error *err);

/* The bytes of the manifest and of its signature (empty when none) go to `xml` and `p7s`, and *out is NULL: it is to be parsed
 * from just these bytes, elsewhere (apart.h). Without a manifest one is made from the known component names in *out
 * (synthetic; version from the files' newest date; sha256 not known yet). Nothing known inside: bundle-wrong-product or
 * bundle-empty. */
bool bundle_manifest(const struct bundle *b, struct manifest **out, struct buffer *xml, struct buffer *p7s,
		     struct error *err);

/* Writes a bundle: the files of `names` below `dir`, stored (they are compressed already), deterministic. Atomic. */
bool bundle_build(const char *dir, const char *const *names, size_t count, const char *out_path, struct error *err);

#endif
