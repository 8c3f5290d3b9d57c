/* The end of a zip file: where its directory is. Readers that search for it loosely can be made to see different
 * directories in one file; this one accepts only a file that leaves no choice. */
#include "feed/zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

#define COMMENT_MAX ZIP_MAX16
#define TAIL_MAX (ZIP_END_LEN + COMMENT_MAX)

/* What is asked of a candidate for the end record. */
struct ending {
	int64_t at;		/* -1: none */
	int64_t end;		/* where its comment ends */
};

static int64_t directory_end(const uint8_t *record)
{
	return (int64_t)zip_get32(record + 16) + zip_get32(record + 12);
}

static bool is_saturated(const uint8_t *record)
{
	return zip_get16(record + 10) == ZIP_MAX16 || zip_get32(record + 12) == ZIP_MAX32 ||
	       zip_get32(record + 16) == ZIP_MAX32;
}

/* No end record reaches the end of the file: what is it then? */
static bool explain_missing(const struct bundle *b, const struct ending *other, struct error *err)
{
	static const struct { const char *magic; size_t len; const char *what; } kinds[] = {
		{ "\x1f\x8b", 2, N_("a gzip file") },
		{ "\xfd" "7zXZ", 5, N_("an xz file") },
		{ "7z\xbc\xaf", 4, N_("a 7-Zip file") },
		{ "Rar!", 4, N_("a RAR file") },
		{ "<", 1, N_("a web page or XML") },
		{ "\x7f" "ELF", 4, N_("a program") },
		{ "MZ", 2, N_("a program") },
		{ "%PDF", 4, N_("a PDF document") },
	};
	uint8_t start[8] = { 0 };
	size_t len = b->size < (int64_t)sizeof(start) ? (size_t)b->size : sizeof(start);

	if (other->at >= 0 && other->end > b->size)
		return zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("the file is cut off within the comment at its end"));
	if (other->at >= 0)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("%lld bytes stand behind the end of the zip"),
			       (long long)(b->size - other->end));
	if (!zip_read_at(b, start, len, 0, err))
		return false;
	if (len >= 4 && (zip_get32(start) == ZIP_LOCAL || zip_get32(start) == ZIP_END))
		return zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("the file is cut off: the end of the zip is missing"));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len >= kinds[i].len && memcmp(start, kinds[i].magic, kinds[i].len) == 0)
			return zip_bad(b, FINDING_BUNDLE_NOT_ZIP, err, _("this is not a zip file but %s"), _(kinds[i].what));
	}
	return zip_bad(b, FINDING_BUNDLE_NOT_ZIP, err, _("this is not a zip file"));
}

/* Finds THE end record in the tail of the file. */
static bool find_end(const struct bundle *b, const uint8_t *tail, int64_t tail_at, size_t len, struct ending *end,
		     struct error *err)
{
	struct ending other = { .at = -1 };

	end->at = -1;
	for (size_t i = 0; i + ZIP_END_LEN <= len; i++) {
		struct ending here = { .at = tail_at + (int64_t)i };

		if (tail[i] != 'P' || zip_get32(tail + i) != ZIP_END)
			continue;
		here.end = here.at + ZIP_END_LEN + zip_get16(tail + i + 20);
		/* The end of a zip that lies within this one as a member does not fit its own place. */
		if (directory_end(tail + i) != here.at && !is_saturated(tail + i) && here.end != b->size && end->at < 0)
			continue;
		if (end->at >= 0)
			return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the zip has two ends"));
		if (here.end == b->size)
			*end = here;
		else
			other = here;
	}
	if (end->at < 0)
		return explain_missing(b, &other, err);
	return true;
}

/* The zip64 records, if any, stand right before the end record, and agree with it. */
static bool read_zip64(const struct bundle *b, const uint8_t *end, int64_t end_at, struct zip_directory *dir,
		       int64_t *directory_must_end, struct error *err)
{
	uint8_t locator[ZIP64_LOCATOR_LEN], record[ZIP64_END_LEN];
	int64_t locator_at = end_at - ZIP64_LOCATOR_LEN, at;
	uint64_t len;

	if (locator_at < 0 || !zip_read_at(b, locator, sizeof(locator), locator_at, NULL) ||
	    zip_get32(locator) != ZIP64_LOCATOR)
		return true;
	at = (int64_t)zip_get64(locator + 8);
	if (zip_get32(locator + 4) != 0 || zip_get32(locator + 16) != 1)
		return zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("this is one part of a split zip"));
	if (at < 0 || at > locator_at - ZIP64_END_LEN || !zip_read_at(b, record, sizeof(record), at, err) ||
	    zip_get32(record) != ZIP64_END)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the zip64 end record is not where it should be"));
	len = zip_get64(record + 4);
	if (len < ZIP64_END_LEN - 12 || len > (uint64_t)(locator_at - at) || at + 12 + (int64_t)len != locator_at)
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the zip64 end record has a wrong length"));
	if (zip_get32(record + 16) != 0 || zip_get32(record + 20) != 0)
		return zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("this is one part of a split zip"));
	dir->count = zip_get64(record + 32);
	dir->size = (int64_t)zip_get64(record + 40);
	dir->offset = (int64_t)zip_get64(record + 48);
	if (zip_get64(record + 24) != dir->count ||
	    (zip_get16(end + 10) != ZIP_MAX16 && zip_get16(end + 10) != dir->count) ||
	    (zip_get32(end + 12) != ZIP_MAX32 && zip_get32(end + 12) != dir->size) ||
	    (zip_get32(end + 16) != ZIP_MAX32 && zip_get32(end + 16) != dir->offset))
		return zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the two end records of the zip disagree"));
	*directory_must_end = at;
	return true;
}

static bool is_part(uint16_t disk)
{
	return disk != 0 && disk != ZIP_MAX16;
}

bool zip_find_directory(const struct bundle *b, struct zip_directory *dir, struct error *err)
{
	size_t len = b->size < (int64_t)TAIL_MAX ? (size_t)b->size : TAIL_MAX;
	int64_t tail_at = b->size - (int64_t)len, must_end;
	uint8_t *tail = malloc(len > 0 ? len : 1);
	const uint8_t *record;
	struct ending end;
	bool ok = false;

	if (tail == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!zip_read_at(b, tail, len, tail_at, err) || !find_end(b, tail, tail_at, len, &end, err))
		goto out;
	record = tail + (end.at - tail_at);
	must_end = end.at;
	dir->count = zip_get16(record + 10);
	dir->size = zip_get32(record + 12);
	dir->offset = zip_get32(record + 16);
	if (is_part(zip_get16(record + 4)) || is_part(zip_get16(record + 6))) {
		zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("this is one part of a split zip"));
		goto out;
	}
	if (zip_get16(record + 8) != zip_get16(record + 10)) {
		zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the end record of the zip contradicts itself"));
		goto out;
	}
	if (!read_zip64(b, record, end.at, dir, &must_end, err))
		goto out;
	if (dir->size < 0 || dir->offset < 0 || dir->size > must_end || dir->offset != must_end - dir->size) {
		if (dir->size >= 0 && dir->offset >= 0 && dir->size <= must_end && dir->offset < must_end - dir->size)
			zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("%lld bytes stand before the zip or within it that are none of it"),
				(long long)(must_end - dir->size - dir->offset));
		else
			zip_bad(b, FINDING_BUNDLE_CORRUPT, err, _("the directory of the zip is not where its end record says"));
		goto out;
	}
	ok = true;
out:
	free(tail);
	return ok;
}
