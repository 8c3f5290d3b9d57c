/* The directory of a zip file and every local header, checked against each other. Refused: what one reader could see
 * differently from another (names, sizes, methods or flags that disagree, overlaps, gaps, bytes that belong to nothing),
 * what could leave the folder (names, links, devices), what is encrypted or packed in an unknown way, and what is
 * larger than an update can be. */
#include "feed/zip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/i18n.h"
#include "feed/name.h"

#define ENTRIES_MAX 16384
#define DIRECTORY_MAX_BYTES (8 * 1024 * 1024)
#define TOTAL_MAX_BYTES ((int64_t)32 * 1024 * 1024 * 1024)
/* Members are packed already; small ones of text may shrink a lot. */
#define RATIO_MAX 200
#define RATIO_FREE_BYTES (16 * 1024 * 1024)

bool zip_bad(const struct bundle *b, enum finding code, struct error *err, const char *fmt, ...)
{
	char why[ERROR_TEXT_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return error_set(err, code, "%s: %s", b->label, why);
}

/* The same about one entry. */
static bool bad_entry(const struct bundle *b, const struct zip_entry *e, enum finding code, struct error *err,
		      const char *why)
{
	return zip_bad(b, code, err, "\"%s\": %s", e->m.name != NULL ? e->m.name : "?", why);
}

struct extra {
	const uint8_t *data;
	size_t len;
	bool found;
};

/* Finds a field among the extra fields; false when they are damaged. (Zeros may fill them up: zipalign.) */
static bool find_extra(const uint8_t *p, size_t len, uint16_t id, struct extra *out)
{
	*out = (struct extra){ 0 };
	while (len >= 4) {
		uint16_t here = zip_get16(p), n = zip_get16(p + 2);

		if (n > len - 4)
			return false;
		if (here == id) {
			if (out->found)
				return false;
			*out = (struct extra){ p + 4, n, true };
		}
		p += 4 + n;
		len -= 4u + n;
	}
	while (len > 0) {
		if (p[--len] != 0)
			return false;
	}
	return true;
}

/* The zip64 field holds those of size, packed size and offset, in this order, that did not fit into the header. */
static bool take_zip64(const struct extra *extra, uint64_t *values[], size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (*values[i] != ZIP_MAX32)
			continue;
		if (!extra->found || extra->len - at < 8)
			return false;
		*values[i] = zip_get64(extra->data + at);
		at += 8;
	}
	return !extra->found || extra->len == at;
}

static bool check_method(const struct bundle *b, const struct zip_entry *e, bool aes, struct error *err)
{
	if ((e->flags & (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_STRONG | ZIP_FLAG_MASKED)) != 0 || e->m.method == ZIP_AES || aes)
		return bad_entry(b, e, FINDING_BUNDLE_ENCRYPTED, err, _("it is encrypted"));
	if ((e->m.method != ZIP_STORED && e->m.method != ZIP_DEFLATED) || (e->flags & ZIP_FLAG_PATCH) != 0)
		return zip_bad(b, FINDING_BUNDLE_UNSUPPORTED_METHOD, err,
			       _("\"%s\" is packed with method %u; only 0 (stored) and 8 (deflated) are read"), e->m.name,
			       e->m.method);
	return true;
}

static bool check_type(const struct bundle *b, const struct zip_entry *e, uint32_t attributes, struct error *err)
{
	mode_t type = (attributes >> 16) & S_IFMT;

	if (type == S_IFLNK)
		return bad_entry(b, e, FINDING_BUNDLE_UNSAFE_LINK, err, _("it is a symbolic link"));
	if (type != 0 && type != S_IFREG && type != S_IFDIR)
		return bad_entry(b, e, FINDING_BUNDLE_UNSAFE_LINK, err, _("it is a device, pipe or socket"));
	if ((type == S_IFDIR && !e->folder) || (type == S_IFREG && e->folder))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("it is a folder and a file at once"));
	return true;
}

static bool check_sizes(const struct bundle *b, const struct zip_entry *e, struct error *err)
{
	if (e->m.size < 0 || e->m.packed < 0 || e->offset < 0)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its sizes are nonsense"));
	if (e->m.size > COMPONENT_MAX_BYTES)
		return bad_entry(b, e, FINDING_BUNDLE_TOO_LARGE, err, _("it is too large"));
	if (e->m.size > RATIO_FREE_BYTES && e->m.size / RATIO_MAX > e->m.packed)
		return bad_entry(b, e, FINDING_BUNDLE_TOO_LARGE, err, _("it grows too much, like one made to fill a disk"));
	if ((e->m.method == ZIP_STORED && e->m.size != e->m.packed) || (e->folder && e->m.size != 0))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its sizes disagree"));
	return true;
}

/* Info-ZIP's second name for the same member. */
static bool check_other_name(const struct extra *other, const uint8_t *name, size_t len)
{
	return !other->found || (other->len == len + 5 && memcmp(other->data + 5, name, len) == 0);
}

static bool take_name(const struct bundle *b, struct zip_entry *e, const uint8_t *name, size_t len, struct error *err)
{
	char normal[NAME_PATH_MAX + 1];

	if (!name_normalise((const char *)name, len, normal, err))
		return error_wrap(err, "%s", b->label);
	e->folder = name[len - 1] == '/';
	e->m.name = strdup(normal);
	if (e->m.name == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (normal[0] == '\0' && !e->folder)
		return bad_entry(b, e, FINDING_BUNDLE_UNSAFE_PATH, err, _("it has no name"));
	return true;
}

/* Reads one entry of the directory; *used says how long it is. */
static bool take_central(const struct bundle *b, const uint8_t *p, size_t left, struct zip_entry *e, size_t *used,
			 struct error *err)
{
	uint64_t size, packed, offset;
	uint64_t *values[] = { &size, &packed, &offset };
	struct extra zip64, unicode, aes;
	const uint8_t *name, *extra;
	size_t name_len, extra_len;

	if (left < ZIP_CENTRAL_LEN || zip_get32(p) != ZIP_CENTRAL)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the directory of the zip is damaged"));
	name_len = zip_get16(p + 28);
	extra_len = zip_get16(p + 30);
	*used = ZIP_CENTRAL_LEN + name_len + extra_len + zip_get16(p + 32);
	if (*used > left)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the directory of the zip is damaged"));
	name = p + ZIP_CENTRAL_LEN;
	extra = name + name_len;
	e->flags = zip_get16(p + 8);
	e->m.method = zip_get16(p + 10);
	e->m.dos_time = zip_get32(p + 12);
	e->m.crc32 = zip_get32(p + 16);
	if (!take_name(b, e, name, name_len, err))
		return false;
	packed = zip_get32(p + 20);
	size = zip_get32(p + 24);
	offset = zip_get32(p + 42);
	if (!find_extra(extra, extra_len, ZIP_EXTRA_ZIP64, &zip64) ||
	    !find_extra(extra, extra_len, ZIP_EXTRA_UNICODE_PATH, &unicode) ||
	    !find_extra(extra, extra_len, ZIP_EXTRA_AES, &aes))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its extra fields are damaged"));
	if (!take_zip64(&zip64, values, 3))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its zip64 sizes are wrong"));
	if (!check_other_name(&unicode, name, name_len))
		return bad_entry(b, e, FINDING_BUNDLE_DUPLICATE_MEMBER, err, _("it has two names"));
	e->m.size = (int64_t)size;
	e->m.packed = (int64_t)packed;
	e->offset = (int64_t)offset;
	return check_method(b, e, aes.found, err) && check_type(b, e, zip_get32(p + 38), err) && check_sizes(b, e, err);
}

static bool same_or_unknown(uint64_t local, int64_t central, bool descriptor)
{
	return local == (uint64_t)central || (descriptor && local == 0);
}

/* The local header says the same as the directory, but for sizes that follow the data. `end` is where the directory
 * begins. */
static bool check_local(const struct bundle *b, struct zip_entry *e, const uint8_t *central_name, size_t name_len,
			int64_t end, uint8_t *scratch, struct error *err)
{
	bool descriptor = (e->flags & ZIP_FLAG_DESCRIPTOR) != 0;
	uint8_t h[ZIP_LOCAL_LEN] = { 0 };
	uint64_t size, packed;
	uint64_t *values[] = { &size, &packed };
	size_t local_name_len, extra_len;
	struct extra zip64, unicode;

	if (e->offset <= end - ZIP_LOCAL_LEN && !zip_read_at(b, h, sizeof(h), e->offset, err))
		return false;
	if (e->offset > end - ZIP_LOCAL_LEN || zip_get32(h) != ZIP_LOCAL)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its header is not where the directory says"));
	local_name_len = zip_get16(h + 26);
	extra_len = zip_get16(h + 28);
	e->m.data_offset = e->offset + ZIP_LOCAL_LEN + (int64_t)(local_name_len + extra_len);
	if (e->m.data_offset > end)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its header does not fit into the zip"));
	if (!zip_read_at(b, scratch, local_name_len + extra_len, e->offset + ZIP_LOCAL_LEN, err))
		return false;
	packed = zip_get32(h + 18);
	size = zip_get32(h + 22);
	if (!find_extra(scratch + local_name_len, extra_len, ZIP_EXTRA_ZIP64, &zip64) ||
	    !find_extra(scratch + local_name_len, extra_len, ZIP_EXTRA_UNICODE_PATH, &unicode))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its extra fields are damaged"));
	if (size != ZIP_MAX32 && packed != ZIP_MAX32)
		zip64.found = false;	/* some packers keep room there, unused */
	if (!take_zip64(&zip64, values, 2))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its zip64 sizes are wrong"));
	if (local_name_len != name_len || memcmp(scratch, central_name, name_len) != 0 ||
	    !check_other_name(&unicode, central_name, name_len))
		return bad_entry(b, e, FINDING_BUNDLE_DUPLICATE_MEMBER, err, _("it has another name in its own header"));
	if ((((unsigned int)zip_get16(h + 6) ^ e->flags) & (ZIP_MAX16 ^ ZIP_FLAG_LEVEL)) != 0 || zip_get16(h + 8) != e->m.method)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its own header says another method"));
	if (!same_or_unknown(size, e->m.size, descriptor) || !same_or_unknown(packed, e->m.packed, descriptor) ||
	    !same_or_unknown(zip_get32(h + 14), e->m.crc32, descriptor))
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("its own header says another size or checksum"));
	return true;
}

/* Sizes and checksum behind the data: with or without a signature, 32 or 64 bits. */
static bool check_descriptor(const struct bundle *b, const struct zip_entry *e, int64_t len, struct error *err)
{
	uint8_t d[24], *p = d;
	uint64_t packed, size;
	bool wide = len == 20 || len == 24, with_signature = len == 16 || len == 24;

	if (len != 12 && len != 16 && len != 20 && len != 24)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("something stands behind it that is none of the zip"));
	if (!zip_read_at(b, d, (size_t)len, e->m.data_offset + e->m.packed, err))
		return false;
	if (with_signature)
		p += 4;
	packed = wide ? zip_get64(p + 4) : zip_get32(p + 4);
	size = wide ? zip_get64(p + 12) : zip_get32(p + 8);
	if ((with_signature && zip_get32(d) != ZIP_DESCRIPTOR) || zip_get32(p) != e->m.crc32 ||
	    packed != (uint64_t)e->m.packed || size != (uint64_t)e->m.size)
		return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("the record behind it says another size or checksum"));
	return true;
}

static int compare_offset(const void *a, const void *b)
{
	const struct zip_entry *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Entry after entry, from the first byte to the directory: nothing overlaps, nothing lies between. */
static bool check_layout(const struct bundle *b, struct zip_scan *scan, int64_t directory_at, struct error *err)
{
	int64_t at = 0;

	qsort(scan->entries, scan->count, sizeof(*scan->entries), compare_offset);
	for (size_t i = 0; i < scan->count; i++) {
		const struct zip_entry *e = &scan->entries[i];
		int64_t next = i + 1 < scan->count ? scan->entries[i + 1].offset : directory_at, end;

		if (e->offset != at)
			return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err,
					 _("something stands before it that is none of the zip"));
		if (e->m.packed > next - e->m.data_offset)
			return bad_entry(b, e, FINDING_BUNDLE_CORRUPT, err, _("it overlaps what follows it"));
		end = e->m.data_offset + e->m.packed;
		if ((e->flags & ZIP_FLAG_DESCRIPTOR) != 0) {
			if (!check_descriptor(b, e, next - end, err))
				return false;
			end = next;
		}
		at = end;
	}
	if (at != directory_at)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("%lld bytes before the directory belong to no member"),
			       (long long)(directory_at - at));
	return true;
}

static bool check_names(const struct zip_scan *scan, const struct bundle *b, struct error *err)
{
	struct name_set *names = name_set_new((size_t)ENTRIES_MAX * 2);
	int64_t total = 0;
	bool ok = names != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	for (size_t i = 0; ok && i < scan->count; i++) {
		const struct zip_entry *e = &scan->entries[i];

		total += e->m.size;
		if (e->m.name[0] != '\0' && !name_set_add(names, e->m.name, e->folder, err))
			ok = error_wrap(err, "%s", b->label);
	}
	name_set_free(names);
	if (ok && total > TOTAL_MAX_BYTES)
		return zip_bad(b, FINDING_BUNDLE_TOO_LARGE, err, _("it unpacks to more than %lld bytes"),
			       (long long)TOTAL_MAX_BYTES);
	return ok;
}

static bool take_entries(const struct bundle *b, struct zip_scan *scan, const struct zip_directory *dir,
			 const uint8_t *directory, uint8_t *scratch, struct error *err)
{
	size_t at = 0, used;

	for (uint64_t i = 0; i < dir->count; i++, at += used) {
		const uint8_t *p = directory + at;
		struct zip_entry *e = &scan->entries[scan->count++];

		if (!take_central(b, p, (size_t)dir->size - at, e, &used, err) ||
		    !check_local(b, e, p + ZIP_CENTRAL_LEN, zip_get16(p + 28), dir->offset, scratch, err))
			return false;
	}
	if (at != (size_t)dir->size)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the directory of the zip is longer than its members"));
	return true;
}

bool zip_scan(const struct bundle *b, struct zip_scan *scan, struct error *err)
{
	struct zip_directory dir;
	uint8_t *directory = NULL, *scratch = NULL;
	bool ok = false;

	if (!zip_find_directory(b, &dir, err))
		return false;
	if (dir.count > ENTRIES_MAX || dir.size > DIRECTORY_MAX_BYTES)
		return zip_bad(b, FINDING_BUNDLE_TOO_LARGE, err, _("it has more than %d members"), ENTRIES_MAX);
	scan->entries = calloc((size_t)dir.count + 1, sizeof(*scan->entries));
	directory = calloc((size_t)dir.size + 1, 1);
	scratch = calloc(2, ZIP_MAX16);
	if (scan->entries == NULL || directory == NULL || scratch == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	ok = zip_read_at(b, directory, (size_t)dir.size, dir.offset, err) &&
	     take_entries(b, scan, &dir, directory, scratch, err) && check_layout(b, scan, dir.offset, err) &&
	     check_names(scan, b, err);
out:
	free(directory);
	free(scratch);
	return ok;
}

void zip_scan_clear(struct zip_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->entries[i].m.name);
	free(scan->entries);
	*scan = (struct zip_scan){ 0 };
}
