#include "feed/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/archive_source.h"
#include "base/i18n.h"
#include "feed/name.h"
#include "feed/tree.h"
#include "feed/unpack.h"

#define BYTES_MAX ((int64_t)4 * 1024 * 1024 * 1024)
#define ENTRIES_MAX 200000
#define RATIO_MAX 200
/* What a tar may spend on the headers of one entry, long names among them. */
#define HEADER_BYTES_MAX 8192
#define TAR_HEADER_BYTES 512

struct extract {
	struct unpack unpack;
	struct tree tree;
	struct name_set *names;
	struct archive *tar;
	struct archive_entry *entry;
	const void *block;		/* the first block, until the tar reader asks for it */
	size_t block_len;
	bool first_given;
	bool failed;			/* while reading: `err` says why */
	struct extract_limits limits;
	int64_t entries;
	struct extract_result result;
	struct error *err;
};

static la_ssize_t give_block(struct archive *tar, void *data, const void **block)
{
	struct extract *x = data;

	(void)tar;
	if (x->first_given && !unpack_block(&x->unpack, &x->block, &x->block_len, x->err)) {
		x->failed = true;
		return ARCHIVE_FATAL;
	}
	x->first_given = true;
	*block = x->block;
	return (la_ssize_t)x->block_len;
}

static bool damaged(struct extract *x)
{
	const char *why = archive_error_string(x->tar);

	if (x->failed)
		return false;
	if (archive_errno(x->tar) == ENOMEM)
		return error_set(x->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return error_set(x->err, FINDING_BUNDLE_CORRUPT, _("the tar archive is damaged: %s"),
			 why != NULL ? why : _("unknown reason"));
}

/* Octal digits, spaces and NULs. */
static bool parse_octal(const unsigned char *field, size_t len, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < len; i++) {
		if (field[i] == ' ' || field[i] == '\0') {
			if (*value != 0)
				break;
		} else if (field[i] >= '0' && field[i] <= '7') {
			*value = *value << 3 | (uint64_t)(field[i] - '0');
		} else {
			return false;
		}
	}
	return true;
}

/* A tar begins with a header whose checksum is right; an empty one with a block of zeros. */
static bool is_tar(const unsigned char *block, size_t len)
{
	enum { SUM_AT = 148, SUM_LEN = 8 };
	uint64_t stated, sum = 0;
	bool zeros = true;

	if (len < TAR_HEADER_BYTES)
		return false;
	for (size_t i = 0; i < TAR_HEADER_BYTES; i++) {
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : block[i];
		zeros = zeros && block[i] == 0;
	}
	return zeros || (parse_octal(block + SUM_AT, SUM_LEN, &stated) && stated == sum);
}

static bool claims_to_be_an_archive(const char *name)
{
	static const char *const suffixes[] = { ".tar", ".tgz", ".txz", ".gz", ".xz", ".zst", ".bz2", ".zip", ".7z" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && strcasecmp(name + len - n, suffixes[i]) == 0)
			return true;
	}
	return false;
}

static const char *entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);

	/* Bytes that are not text of this locale: name_normalise() judges them. */
	return name != NULL ? name : archive_entry_pathname(entry);
}

static bool check_type(struct extract *x, struct archive_entry *entry, const char *name)
{
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry) != NULL || archive_entry_hardlink_w(entry) != NULL)
		return error_set(x->err, FINDING_BUNDLE_UNSAFE_LINK, _("\"%s\" in the archive is a hard link"), name);
	if (type == AE_IFLNK)
		return error_set(x->err, FINDING_BUNDLE_UNSAFE_LINK, _("\"%s\" in the archive is a symbolic link"), name);
	if (type != AE_IFREG && type != AE_IFDIR)
		return error_set(x->err, FINDING_BUNDLE_UNSAFE_LINK,
				 _("\"%s\" in the archive is a device, pipe or socket"), name);
	if (archive_entry_sparse_reset(entry) > 0)
		return error_set(x->err, FINDING_BUNDLE_UNSUPPORTED_METHOD, _("\"%s\" in the archive is a sparse file"),
				 name);
	return true;
}

static bool too_many_bytes(struct extract *x)
{
	return error_set(x->err, FINDING_BUNDLE_TOO_LARGE, _("the archive unpacks to more than %lld bytes"),
			 (long long)x->limits.bytes);
}

static bool write_data(struct extract *x, int64_t size)
{
	int64_t done = 0;

	for (;;) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int rc = archive_read_data_block(x->tar, &data, &len, &offset);

		if (rc == ARCHIVE_EOF)
			break;
		if (rc != ARCHIVE_OK)
			return damaged(x);
		if (offset != done || (int64_t)len > size - done)
			return error_set(x->err, FINDING_BUNDLE_CORRUPT, _("the tar archive is damaged: %s has holes"),
					 x->tree.name);
		if (!tree_file_write(&x->tree, data, len, x->err))
			return false;
		done += (int64_t)len;
	}
	if (done != size)
		return error_set(x->err, FINDING_BUNDLE_CORRUPT, _("the tar archive is damaged: %s is cut off"), x->tree.name);
	return true;
}

static bool extract_file(struct extract *x, struct archive_entry *entry, const char *name)
{
	int64_t size = archive_entry_size(entry);

	if (!archive_entry_size_is_set(entry) || size < 0)
		return error_set(x->err, FINDING_BUNDLE_CORRUPT, _("the tar archive is damaged: %s has no size"), name);
	if (size > x->limits.bytes - x->result.bytes)
		return too_many_bytes(x);
	if (!tree_file_begin(&x->tree, name, (archive_entry_mode(entry) & S_IXUSR) != 0, x->err) || !write_data(x, size) ||
	    !tree_file_end(&x->tree, x->err))
		return false;
	x->result.files++;
	x->result.bytes += size;
	return true;
}

static bool extract_entry(struct extract *x, struct archive_entry *entry)
{
	const char *raw = entry_name(entry);
	bool folder = archive_entry_filetype(entry) == AE_IFDIR;
	char name[NAME_PATH_MAX + 1];

	if (++x->entries > x->limits.entries)
		return error_set(x->err, FINDING_BUNDLE_TOO_LARGE, _("the archive has more than %lld entries"),
				 (long long)x->limits.entries);
	if (raw == NULL)
		raw = "";
	if (!name_normalise(raw, strlen(raw), name, x->err) || !check_type(x, entry, name))
		return false;
	if (name[0] == '\0')
		return folder || error_set(x->err, FINDING_BUNDLE_UNSAFE_PATH,
					   _("the member name \"%s\" is refused: it is that of the folder itself"), raw);
	if (!name_set_add(x->names, name, folder, x->err))
		return false;
	return folder ? tree_folder(&x->tree, name, x->err) : extract_file(x, entry, name);
}

/* Behind the end of a tar stand zeros; and only at the end of its stream is a compressed file's checksum known. */
static bool check_rest(struct extract *x)
{
	int64_t behind = archive_filter_bytes(x->tar, 0) - (x->unpack.unpacked - (int64_t)x->block_len);
	size_t at = behind > 0 ? (size_t)behind : 0;

	while (x->block_len > 0) {
		for (; at < x->block_len; at++) {
			if (((const unsigned char *)x->block)[at] != 0)
				return error_set(x->err, FINDING_BUNDLE_CORRUPT,
						 _("the tar archive is damaged: something stands behind its end"));
		}
		if (!unpack_block(&x->unpack, &x->block, &x->block_len, x->err))
			return false;
		at = 0;
	}
	return true;
}

static bool extract_tar(struct extract *x)
{
	int rc;

	x->names = name_set_new((size_t)x->limits.entries * 2);
	x->tar = archive_read_new();
	/* libarchive 3.6 does not look whether it got memory for an entry of its own. */
	x->entry = archive_entry_new2(x->tar);
	if (x->names == NULL || x->tar == NULL || x->entry == NULL)
		return error_set(x->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (archive_read_support_format_tar(x->tar) != ARCHIVE_OK ||
	    archive_source_open(x->tar, x, give_block) != ARCHIVE_OK)
		return damaged(x);
	while ((rc = archive_read_next_header2(x->tar, x->entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		if (!extract_entry(x, x->entry))
			return false;
	}
	return rc == ARCHIVE_EOF ? check_rest(x) : damaged(x);
}

static bool extract_plain(struct extract *x, const char *name)
{
	if (!tree_file_begin(&x->tree, name, false, x->err))
		return false;
	while (x->block_len > 0) {
		if (x->unpack.unpacked > x->limits.bytes)
			return too_many_bytes(x);
		if (!tree_file_write(&x->tree, x->block, x->block_len, x->err) ||
		    !unpack_block(&x->unpack, &x->block, &x->block_len, x->err))
			return false;
	}
	x->result.files = 1;
	x->result.bytes = x->unpack.unpacked;
	return tree_file_end(&x->tree, x->err);
}

static bool extract_any(struct extract *x, int fd, const char *plain_name)
{
	char name[NAME_PATH_MAX + 1];

	if (!unpack_begin(&x->unpack, fd, x->err) || !unpack_block(&x->unpack, &x->block, &x->block_len, x->err))
		return false;
	if (x->unpack.compressed || is_tar(x->block, x->block_len))
		return extract_tar(x);
	if (claims_to_be_an_archive(plain_name))
		return error_set(x->err, FINDING_BUNDLE_CORRUPT, _("%s is no archive, whatever its name says"), plain_name);
	if (!name_normalise(plain_name, strlen(plain_name), name, x->err))
		return false;
	return extract_plain(x, name);
}

bool extract_component(int fd, int dirfd, const char *plain_name, const struct extract_limits *limits,
		       void (*progress)(void *data, int64_t bytes), void *data, struct extract_result *result,
		       struct error *err)
{
	struct extract x = { .err = err };
	bool ok;

	if (limits != NULL)
		x.limits = *limits;
	if (x.limits.bytes == 0)
		x.limits.bytes = BYTES_MAX;
	if (x.limits.entries == 0)
		x.limits.entries = ENTRIES_MAX;
	if (x.limits.ratio == 0)
		x.limits.ratio = RATIO_MAX;
	x.unpack.bytes_max = x.limits.bytes + x.limits.entries * HEADER_BYTES_MAX;
	x.unpack.ratio_max = x.limits.ratio;
	x.unpack.progress = progress;
	x.unpack.data = data;
	tree_init(&x.tree, dirfd);
	ok = extract_any(&x, fd, plain_name);
	if (ok && result != NULL)
		*result = x.result;
	archive_read_free(x.tar);
	archive_entry_free(x.entry);
	name_set_free(x.names);
	tree_clear(&x.tree);
	unpack_clear(&x.unpack);
	return ok;
}
