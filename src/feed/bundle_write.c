/* Writes a bundle: a zip of stored members, the same bytes for the same files whenever and wherever it is made. */
#include "feed/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "feed/checksum.h"
#include "feed/name.h"
#include "feed/zip.h"

#define CHUNK (256u * 1024)
#define DOS_1980_01_01 0x00210000u
#define MADE_BY_UNIX (3u << 8)
#define VERSION_PLAIN 20
#define VERSION_ZIP64 45

struct written {
	const char *name;	/* borrowed */
	int64_t size;
	int64_t offset;
	uint32_t crc;
};

struct writer {
	const char *dir;
	int dirfd;
	int fd;
	int64_t at;
	struct written *members;
	size_t count;
	struct buffer bytes;	/* of the header being made */
	unsigned char *chunk;
	struct error *err;
};

static void put16(struct writer *w, uint64_t value)
{
	buffer_putc(&w->bytes, (char)(value & 0xFF));
	buffer_putc(&w->bytes, (char)(value >> 8 & 0xFF));
}

static void put32(struct writer *w, uint64_t value)
{
	put16(w, value);
	put16(w, value >> 16);
}

static void put64(struct writer *w, uint64_t value)
{
	put32(w, value);
	put32(w, value >> 32);
}

static uint64_t fit32(int64_t value)
{
	return value >= ZIP_MAX32 ? ZIP_MAX32 : (uint64_t)value;
}

static bool flush(struct writer *w, int64_t offset)
{
	bool ok = !w->bytes.failed;

	for (size_t done = 0; ok && done < w->bytes.len;) {
		ssize_t n = pwrite(w->fd, w->bytes.data + done, w->bytes.len - done, offset + (int64_t)done);

		if (n < 0 && errno != EINTR)
			return error_errno(w->err, FINDING_IO_ERROR, _("cannot write the bundle"));
		done += n > 0 ? (size_t)n : 0;
	}
	buffer_reset(&w->bytes);
	return ok || error_set(w->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool is_ascii(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name >= 0x80)
			return false;
	}
	return true;
}

/* What a local header and its entry in the directory have in common. */
static void put_common(struct writer *w, const struct written *m, bool zip64)
{
	put16(w, zip64 ? VERSION_ZIP64 : VERSION_PLAIN);
	put16(w, is_ascii(m->name) ? 0 : ZIP_FLAG_UTF8);
	put16(w, ZIP_STORED);
	put32(w, DOS_1980_01_01);
	put32(w, m->crc);
	put32(w, fit32(m->size));
	put32(w, fit32(m->size));
	put16(w, strlen(m->name));
}

static void put_local(struct writer *w, const struct written *m)
{
	bool zip64 = m->size >= ZIP_MAX32;

	put32(w, ZIP_LOCAL);
	put_common(w, m, zip64);
	put16(w, zip64 ? 20 : 0);
	buffer_puts(&w->bytes, m->name);
	if (zip64) {
		put16(w, ZIP_EXTRA_ZIP64);
		put16(w, 16);
		put64(w, (uint64_t)m->size);
		put64(w, (uint64_t)m->size);
	}
}

static void put_central(struct writer *w, const struct written *m)
{
	uint64_t extra = (m->size >= ZIP_MAX32 ? 16u : 0u) + (m->offset >= ZIP_MAX32 ? 8u : 0u);

	put32(w, ZIP_CENTRAL);
	put16(w, MADE_BY_UNIX | VERSION_ZIP64);
	put_common(w, m, extra > 0);
	put16(w, extra > 0 ? extra + 4 : 0);
	put16(w, 0);				/* comment */
	put16(w, 0);				/* disk */
	put16(w, 0);
	put32(w, (uint64_t)(S_IFREG | 0644) << 16);
	put32(w, fit32(m->offset));
	buffer_puts(&w->bytes, m->name);
	if (extra == 0)
		return;
	put16(w, ZIP_EXTRA_ZIP64);
	put16(w, extra);
	if (m->size >= ZIP_MAX32) {
		put64(w, (uint64_t)m->size);
		put64(w, (uint64_t)m->size);
	}
	if (m->offset >= ZIP_MAX32)
		put64(w, (uint64_t)m->offset);
}

static void put_end(struct writer *w, int64_t directory_at, int64_t size)
{
	if (w->count >= ZIP_MAX16 || directory_at >= ZIP_MAX32) {
		int64_t here = directory_at + size;

		put32(w, ZIP64_END);
		put64(w, ZIP64_END_LEN - 12);
		put16(w, MADE_BY_UNIX | VERSION_ZIP64);
		put16(w, VERSION_ZIP64);
		put32(w, 0);
		put32(w, 0);
		put64(w, w->count);
		put64(w, w->count);
		put64(w, (uint64_t)size);
		put64(w, (uint64_t)directory_at);
		put32(w, ZIP64_LOCATOR);
		put32(w, 0);
		put64(w, (uint64_t)here);
		put32(w, 1);
	}
	put32(w, ZIP_END);
	put16(w, 0);
	put16(w, 0);
	put16(w, w->count >= ZIP_MAX16 ? ZIP_MAX16 : w->count);
	put16(w, w->count >= ZIP_MAX16 ? ZIP_MAX16 : w->count);
	put32(w, fit32(size));
	put32(w, fit32(directory_at));
	put16(w, 0);
}

/* Copies the file behind its header; the header needs its checksum and is written after it. */
static bool copy_data(struct writer *w, int fd, struct written *m)
{
	int64_t done = 0;

	while (done < m->size) {
		ssize_t n = read(fd, w->chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(w->err, FINDING_IO_ERROR, _("cannot read %s/%s"), w->dir, m->name);
		if (n == 0 || n > m->size - done)
			return error_set(w->err, FINDING_IO_ERROR, _("%s/%s changed while it was read"), w->dir, m->name);
		m->crc = checksum_crc32(m->crc, w->chunk, (size_t)n);
		if (!file_write_all(w->fd, w->chunk, (size_t)n))
			return error_errno(w->err, FINDING_IO_ERROR, _("cannot write the bundle"));
		done += n;
	}
	return true;
}

static bool add_member(struct writer *w, const char *name)
{
	struct written *m = &w->members[w->count++];
	int fd = openat(w->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	bool ok = false;

	*m = (struct written){ .name = name, .offset = w->at };
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(w->err, FINDING_PATH_INVALID, _("cannot open %s/%s"), w->dir, name);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(w->err, FINDING_PATH_INVALID, _("%s/%s is not a file"), w->dir, name);
		goto out;
	}
	m->size = st.st_size;
	put_local(w, m);
	w->at += (int64_t)w->bytes.len;
	if (lseek(w->fd, w->at, SEEK_SET) < 0) {
		error_errno(w->err, FINDING_IO_ERROR, _("cannot write the bundle"));
		goto out;
	}
	if (!copy_data(w, fd, m))
		goto out;
	w->at += m->size;
	buffer_reset(&w->bytes);
	put_local(w, m);
	ok = flush(w, m->offset);
out:
	file_close(&fd);
	return ok;
}

static bool write_directory(struct writer *w)
{
	int64_t directory_at = w->at;

	for (size_t i = 0; i < w->count; i++) {
		int64_t len;

		put_central(w, &w->members[i]);
		len = (int64_t)w->bytes.len;
		if (!flush(w, w->at))
			return false;
		w->at += len;
	}
	put_end(w, directory_at, w->at - directory_at);
	return flush(w, w->at);
}

static bool check_names(const char *const *names, size_t count, struct error *err)
{
	struct name_set *set = name_set_new(count * (NAME_DEPTH_MAX + 1));
	char normal[NAME_PATH_MAX + 1];
	bool ok = set != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	for (size_t i = 0; ok && i < count; i++)
		ok = name_normalise(names[i], strlen(names[i]), normal, err) && name_set_add(set, normal, false, err);
	name_set_free(set);
	return ok;
}

static bool write_all(struct writer *w, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!add_member(w, names[i]))
			return false;
	}
	if (!write_directory(w))
		return false;
	if (fchmod(w->fd, 0644) < 0 || fsync(w->fd) < 0)
		return error_errno(w->err, FINDING_IO_ERROR, _("cannot write the bundle"));
	return true;
}

bool bundle_build(const char *dir, const char *const *names, size_t count, const char *out_path, struct error *err)
{
	struct writer w = { .dir = dir, .dirfd = -1, .fd = -1, .err = err, .bytes = BUFFER_INIT(ZIP_MAX16) };
	char *target, *temp = NULL;
	bool ok = false, made = false;

	if (!check_names(names, count, err))
		return false;
	target = file_out_path(out_path, err);
	if (target == NULL)
		return false;
	w.members = calloc(count + 1, sizeof(*w.members));
	w.chunk = malloc(CHUNK);
	if (w.members == NULL || w.chunk == NULL || asprintf(&temp, "%s.%ld.tmp", target, (long)getpid()) < 0) {
		temp = NULL;
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	w.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.dirfd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), dir);
		goto out;
	}
	unlink(temp);
	w.fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w.fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot create %s"), out_path);
		goto out;
	}
	made = true;
	if (!write_all(&w, names, count)) {
		error_wrap(err, "%s", out_path);
		goto out;
	}
	if (rename(temp, target) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot replace %s"), out_path);
		goto out;
	}
	made = false;
	ok = true;
out:
	file_close(&w.fd);
	file_close(&w.dirfd);
	if (made)
		unlink(temp);
	free(temp);
	free(target);
	free(w.chunk);
	free(w.members);
	buffer_clear(&w.bytes);
	return ok;
}
