#include "logview/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/archive_source.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define IN_SIZE (64u * 1024)
#define OUT_SIZE (256u * 1024)

struct unpack {
	struct archive *archive;
	int fd;				/* borrowed */
	int64_t at;			/* read so far of the packed file */
	int64_t size;			/* unpacked so far */
	char in[IN_SIZE];
	char out[OUT_SIZE];
};

bool unpack_is_packed(int fd)
{
	static const struct { size_t n; const char *bytes; } magics[] = {
		{ 3, "\x1f\x8b\x08" }, { 6, "\xfd" "7zXZ\0" }, { 4, "\x28\xb5\x2f\xfd" }, { 3, "BZh" },
	};
	char start[6];
	ssize_t n = pread(fd, start, sizeof(start), 0);

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (n >= (ssize_t)magics[i].n && memcmp(start, magics[i].bytes, magics[i].n) == 0)
			return true;
	}
	return false;
}

static la_ssize_t read_packed(struct archive *a, void *data, const void **block)
{
	struct unpack *u = data;
	ssize_t n;

	do
		n = pread(u->fd, u->in, sizeof(u->in), u->at);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, errno, "read error");
		return -1;
	}
	u->at += n;
	*block = u->in;
	return n;
}

static bool damaged(struct unpack *u, struct error *err)
{
	const char *why = archive_error_string(u->archive);

	return error_set(err, FINDING_NONE, _("the compressed log cannot be unpacked: %s"), why != NULL ? why : "?");
}

bool unpack_open(int fd, struct unpack **out, struct error *err)
{
	struct unpack *u = calloc(1, sizeof(*u));
	/* Of our own: libarchive 3.6 does not look whether it got memory for one of its. */
	struct archive_entry *entry = archive_entry_new();

	*out = NULL;
	if (u != NULL)
		u->archive = archive_read_new();
	if (entry == NULL || u == NULL || u->archive == NULL) {
		archive_entry_free(entry);
		unpack_free(u);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	u->fd = fd;
	archive_read_support_filter_gzip(u->archive);
	archive_read_support_filter_xz(u->archive);
	archive_read_support_filter_zstd(u->archive);
	archive_read_support_filter_bzip2(u->archive);
	archive_read_support_format_raw(u->archive);
	archive_read_support_format_empty(u->archive);
	if (archive_source_open(u->archive, u, read_packed) < ARCHIVE_WARN ||
	    archive_read_next_header2(u->archive, entry) == ARCHIVE_FATAL) {
		damaged(u, err);
		unpack_free(u);
		u = NULL;
	}
	archive_entry_free(entry);
	*out = u;
	return u != NULL;
}

void unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	archive_read_free(u->archive);
	free(u);
}

enum unpack_result unpack_step(struct unpack *u, int to, int64_t budget_us, int64_t *size, struct error *err)
{
	int64_t deadline = clock_monotonic_us() + budget_us;

	do {
		la_ssize_t n = archive_read_data(u->archive, u->out, sizeof(u->out));

		if (n < 0) {
			damaged(u, err);
			return UNPACK_FAILED;
		}
		if (n == 0)
			return UNPACK_DONE;
		if (u->size + n > UNPACK_MAX)
			return UNPACK_CUT;
		if (!file_write_all(to, u->out, (size_t)n)) {
			error_errno(err, FINDING_IO_ERROR, _("cannot write the unpacked log to a temporary file"));
			return UNPACK_FAILED;
		}
		u->size += n;
		*size = u->size;
	} while (clock_monotonic_us() < deadline);
	return UNPACK_MORE;
}

size_t unpack_head(int fd, void *buf, size_t n)
{
	struct unpack *u;
	size_t got = 0;

	if (!unpack_open(fd, &u, NULL))
		return 0;
	while (got < n) {
		la_ssize_t more = archive_read_data(u->archive, (char *)buf + got, n - got);

		if (more <= 0)
			break;
		got += (size_t)more;
	}
	unpack_free(u);
	return got;
}
