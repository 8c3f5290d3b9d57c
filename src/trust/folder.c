/* The folder STATE/trust: its lock, its files, what does not belong there. */
#include "trust/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define FOLDER "trust"
#define FILLING ".trust.filling"
#define LOCK_FILE "trust.lock"
#define LOCK_POLL_US 10000
#define CERTIFICATE_MAX_BYTES (TRUST_IMPORT_MAX_BYTES * 2)	/* base64 takes a third more */

/* --- the lock ------------------------------------------------------------------------------------------------------- */

static bool wait_for_lock(int fd, const char *state_dir, int patience_ms, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + patience_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, FINDING_IO_ERROR, _("cannot lock %s/%s"), state_dir, LOCK_FILE);
		if (clock_monotonic_ms() >= deadline)
			return error_set(err, FINDING_TRUST_STORE_BUSY, _("another process has been changing the trusted "
				"certificates in %s for more than %.1f s"), state_dir, patience_ms / 1000.0);
		usleep(LOCK_POLL_US);
	}
	return true;
}

int trust_lock(const char *state_dir, int patience_ms, struct error *err)
{
	char *path;
	int fd;

	if (!file_make_dirs(state_dir, 0750, err))
		return -1;
	path = file_join(state_dir, LOCK_FILE);
	if (path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the lock %s"), path);
	else if (!wait_for_lock(fd, state_dir, patience_ms, err))
		file_close(&fd);
	free(path);
	return fd;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

/* Not allowed to look is a finding of its own here, whatever the call. */
static bool read_error(struct error *err, const char *path, const char *name)
{
	error_errno(err, FINDING_TRUST_STORE_UNREADABLE, _("cannot read %s/%s"), path, name);
	if (err != NULL && err->code == FINDING_PERMISSION_DENIED)
		err->code = FINDING_TRUST_STORE_UNREADABLE;
	return false;
}

static bool safe_mode(const struct stat *st, const char *path, struct error *err)
{
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	error_set(err, FINDING_TRUST_STORE_INVALID, _("others can write to %s (mode %04o): whoever did could have added a "
						      "certificate"), path, (unsigned int)(st->st_mode & 07777));
	return error_next(err, _("Look at what is trusted, then take that right away: chmod go-w \"%s\"."), path);
}

static bool check_file(int fd, const char *name, const char *path, struct error *err)
{
	char full[1024];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", path, name);
	if (fstat(fd, &st) < 0)
		return read_error(err, path, name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("%s is not a regular file"), full);
	return safe_mode(&st, full, err);
}

bool trust_file_read(int dir, const char *name, const char *path, struct buffer *out, struct error *err)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool ok = false;

	if (fd < 0 && errno == ENOENT) {
		error_set(err, FINDING_TRUST_STORE_MISSING, _("%s/%s is missing"), path, name);
		return error_next(err, _("Bring it back from a backup, or move %s away: it is made anew from the system's "
					 "CA certificates, with none of the changes that were made."), path);
	}
	if (fd < 0 && errno == ELOOP)
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("%s/%s is a symbolic link"), path, name);
	if (fd < 0)
		return read_error(err, path, name);
	if (!check_file(fd, name, path, err))
		goto out;
	if (!file_read_rest(fd, out)) {
		read_error(err, path, name);
		goto out;
	}
	ok = true;
out:
	file_close(&fd);
	return ok;
}

bool trust_pem_append(X509 *certificate, struct buffer *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	bool ok = false;

	if (bio != NULL && (trust_has_aux(certificate) ? PEM_write_bio_X509_AUX(bio, certificate)
						       : PEM_write_bio_X509(bio, certificate)) == 1) {
		len = BIO_get_mem_data(bio, &text);
		ok = len > 0 && buffer_append(out, text, (size_t)len);
	}
	BIO_free(bio);
	return ok || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

bool trust_file_write(int dir, X509 *certificate, bool flush, struct error *err)
{
	struct buffer pem = BUFFER_INIT(CERTIFICATE_MAX_BYTES);
	unsigned char sha256[32];
	char name[TRUST_FILE_NAME_MAX];
	bool ok = false;
	int fd = -1;

	if (X509_digest(certificate, EVP_sha256(), sha256, NULL) != 1 || !trust_pem_append(certificate, &pem, err))
		goto out;
	trust_file_name(name, sha256);
	/* A writer that died may have left one; whatever it is, it is not written through. */
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT) {
		error_errno(err, FINDING_IO_ERROR, _("cannot replace %s"), name);
		goto out;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0644) < 0 || !file_write_all(fd, pem.data, pem.len) ||
	    (flush && fsync(fd) < 0)) {
		error_errno(err, FINDING_IO_ERROR, _("cannot write the certificate file %s"), name);
		goto out;
	}
	ok = true;
out:
	file_close(&fd);
	buffer_clear(&pem);
	return ok;
}

void trust_file_remove(int dir, const unsigned char sha256[32])
{
	char name[TRUST_FILE_NAME_MAX];

	trust_file_name(name, sha256);
	unlinkat(dir, name, 0);
}

/* --- the folder ----------------------------------------------------------------------------------------------------- */

struct trust_stamp trust_stamp_take(const char *path)
{
	char *index = file_join(path, "index.json");
	struct trust_stamp stamp = { 0 };
	struct stat st;

	if (index != NULL && stat(index, &st) == 0)
		stamp = (struct trust_stamp){ st.st_dev, st.st_ino, st.st_size, st.st_ctim };
	free(index);
	return stamp;
}

bool trust_folder_open(const char *path, int *dir, struct error *err)
{
	struct stat st;

	*dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*dir < 0 && errno == ENOENT)
		return true;
	if (*dir < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("%s is not a folder"), path);
	if (*dir < 0 || fstat(*dir, &st) < 0) {
		error_errno(err, FINDING_TRUST_STORE_UNREADABLE, _("cannot open the trusted certificates in %s"), path);
		if (err != NULL && err->code == FINDING_PERMISSION_DENIED)
			err->code = FINDING_TRUST_STORE_UNREADABLE;
		goto fail;
	}
	if (!safe_mode(&st, path, err))
		goto fail;
	/* One that somebody prepared for us is as good as none. */
	if (file_is_empty_folder(*dir, "."))
		file_close(dir);
	return true;
fail:
	file_close(dir);
	return false;
}

static bool write_folder(int dir, struct trust_index *index, STACK_OF(X509) *certificates, struct error *err)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (!trust_file_write(dir, sk_X509_value(certificates, i), false, err))
			return false;
	}
	if (!trust_index_save(index, dir, err))
		return false;
	if (fchmod(dir, 0700) < 0 || syncfs(dir) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot flush the trusted certificates to disk"));
	return true;
}

bool trust_folder_make(const char *state_dir, struct trust_index *index, STACK_OF(X509) *certificates,
		       struct error *err)
{
	int state = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir = -1;
	bool ok = false;

	if (state < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), state_dir);
	if (!file_remove_tree(state, FILLING, err))
		goto out;
	dir = file_open_dir(state, FILLING, true, 0700, err);
	if (dir < 0 || !write_folder(dir, index, certificates, err))
		goto out;
	if (renameat(state, FILLING, state, FOLDER) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot put the trusted certificates into place in %s"), state_dir);
		goto out;
	}
	ok = file_sync_dir(state, err);
out:
	file_close(&dir);
	if (!ok)
		file_remove_tree(state, FILLING, NULL);
	file_close(&state);
	return ok;
}

bool trust_state_dir_check(const char *state_dir, struct error *err)
{
	struct stat st;

	if (stat(state_dir, &st) < 0)
		return errno == ENOENT || error_errno(err, FINDING_PATH_INVALID, _("cannot look at %s"), state_dir);
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		error_set(err, FINDING_PERMISSION_DENIED, _("%s belongs to user %ld, and this is user %ld"), state_dir,
			  (long)st.st_uid, (long)geteuid());
		return error_next(err, _("Run this as the user that owns it, or name another folder with --state-dir."));
	}
	if (safe_mode(&st, state_dir, err))
		return true;
	if (err != NULL)
		err->code = FINDING_PERMISSION_DENIED;
	return false;
}

/* The record whose file has that name. */
static struct trust_record *record_of_file(const struct trust_index *index, const char *name)
{
	char hex[65], canonical[TRUST_FILE_NAME_MAX];
	unsigned char sha256[32];

	if (strlen(name) != 68)
		return NULL;
	memcpy(hex, name, 64);
	hex[64] = '\0';
	if (!trust_hex_parse(hex, sha256))
		return NULL;
	trust_file_name(canonical, sha256);
	return strcmp(name, canonical) == 0 ? trust_index_by_sha256(index, sha256) : NULL;
}

static bool note_stray(struct trust_store *store, const char *name, struct error *err)
{
	if (store->stray_count < TRUST_STRAYS_MAX) {
		char *copy = strdup(name);

		if (copy == NULL)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		store->strays[store->stray_count] = copy;
	}
	store->stray_count++;
	return true;
}

static void forget_strays(struct trust_store *store)
{
	for (size_t i = 0; i < store->stray_count && i < TRUST_STRAYS_MAX; i++)
		free(store->strays[i]);
	store->stray_count = 0;
}

bool trust_folder_scan(struct trust_store *store, bool *complete, struct error *err)
{
	int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *each;
	size_t found = 0;
	bool ok = true;

	if (list == NULL) {
		file_close(&fd);
		return read_error(err, store->path, "");
	}
	forget_strays(store);
	for (size_t i = 0; i < store->index.count; i++)
		store->index.records[i].entry.remarks |= TRUST_FILE_MISSING;
	while (ok && (each = readdir(list)) != NULL) {
		struct trust_record *r = record_of_file(&store->index, each->d_name);

		if (r != NULL) {
			r->entry.remarks &= ~(unsigned int)TRUST_FILE_MISSING;
			found++;
		} else if (each->d_name[0] != '.' && strcmp(each->d_name, "index.json") != 0) {
			ok = note_stray(store, each->d_name, err);
		}
	}
	closedir(list);
	*complete = found == store->index.count && store->stray_count == 0;
	return ok;
}

void trust_folder_sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *each;

	if (list == NULL) {
		file_close(&fd);
		return;
	}
	while ((each = readdir(list)) != NULL) {
		size_t len = strlen(each->d_name);

		if (each->d_name[0] == '.' && len > 4 && strcmp(each->d_name + len - 4, ".tmp") == 0)
			unlinkat(dir, each->d_name, 0);
	}
	closedir(list);
}
