/* zip.h - the structures of a zip file (APPNOTE 6.3), and the strict scan of them. Private to the bundle. */
#ifndef PC_FEED_ZIP_H
#define PC_FEED_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "feed/bundle.h"

enum zip_signature {
	ZIP_LOCAL = 0x04034b50,
	ZIP_DESCRIPTOR = 0x08074b50,
	ZIP_CENTRAL = 0x02014b50,
	ZIP_END = 0x06054b50,
	ZIP64_END = 0x06064b50,
	ZIP64_LOCATOR = 0x07064b50
};

/* Lengths of the fixed parts, signature included. */
enum zip_length {
	ZIP_LOCAL_LEN = 30, ZIP_CENTRAL_LEN = 46, ZIP_END_LEN = 22, ZIP64_END_LEN = 56, ZIP64_LOCATOR_LEN = 20
};

enum zip_flag {
	ZIP_FLAG_ENCRYPTED = 1 << 0,
	ZIP_FLAG_LEVEL = 3 << 1,	/* how hard the packer tried: says nothing */
	ZIP_FLAG_DESCRIPTOR = 1 << 3,
	ZIP_FLAG_PATCH = 1 << 5,
	ZIP_FLAG_STRONG = 1 << 6,
	ZIP_FLAG_UTF8 = 1 << 11,
	ZIP_FLAG_MASKED = 1 << 13
};

enum zip_method { ZIP_STORED = 0, ZIP_DEFLATED = 8, ZIP_AES = 99 };
enum zip_extra { ZIP_EXTRA_ZIP64 = 0x0001, ZIP_EXTRA_UNICODE_PATH = 0x7075, ZIP_EXTRA_AES = 0x9901 };

#define ZIP_MAX16 0xFFFFu
#define ZIP_MAX32 0xFFFFFFFFu

static inline uint16_t zip_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t zip_get32(const uint8_t *p)
{
	return zip_get16(p) | (uint32_t)zip_get16(p + 2) << 16;
}

static inline uint64_t zip_get64(const uint8_t *p)
{
	return zip_get32(p) | (uint64_t)zip_get32(p + 4) << 32;
}

struct bundle {
	int fd;			/* borrowed */
	char *label;
	int64_t size;
	struct bundle_member *members;	/* files only, sorted by name */
	size_t count;
};

/* Reads exactly that much; what is not there is bundle-truncated. */
bool zip_read_at(const struct bundle *b, void *data, size_t len, int64_t offset, struct error *err);

/* One entry of the central directory, checked against its local header. */
struct zip_entry {
	struct bundle_member m;	/* the name is owned, in normal form */
	uint16_t flags;
	int64_t offset;		/* of the local header */
	bool folder;
};

struct zip_scan {
	struct zip_entry *entries;
	size_t count;
};

/* Checks the whole structure. The caller clears `scan` in any case. */
bool zip_scan(const struct bundle *b, struct zip_scan *scan, struct error *err);
void zip_scan_clear(struct zip_scan *scan);

/* Where the central directory is, from the end record(s). */
struct zip_directory {
	int64_t offset;
	int64_t size;
	uint64_t count;
};
bool zip_find_directory(const struct bundle *b, struct zip_directory *dir, struct error *err);

/* Says that the bundle is wrong: "LABEL: ...". Returns false. */
bool zip_bad(const struct bundle *b, enum finding code, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
