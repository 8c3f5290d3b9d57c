#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"

#define TREE_DEPTH_MAX 128

void file_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

bool file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (n == 0) {
			errno = EIO;
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool file_read_rest(int fd, struct buffer *out)
{
	char chunk[64 * 1024];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if (!buffer_append(out, chunk, (size_t)n)) {
			errno = EFBIG;
			return false;
		}
	}
}

bool file_read(int dirfd, const char *path, struct buffer *out, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char chunk[16384];
	bool ok = false;

	if (fd < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), path);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), path);
			break;
		}
		if (n == 0) {
			ok = true;
			break;
		}
		if (!buffer_append(out, chunk, (size_t)n)) {
			if ((size_t)n > out->max - out->len)
				error_set(err, FINDING_NONE, _("%s is larger than %zu bytes"), path, out->max);
			else
				error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
			break;
		}
	}
	explicit_bzero(chunk, sizeof(chunk));
	file_close(&fd);
	return ok;
}

/* Opens the folder that holds `path` and says which part of `path` is the name in it. */
static int open_parent(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	if (slash == NULL) {
		*name = path;
		return openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	*name = slash + 1;
	dir = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	if (dir == NULL) {
		errno = ENOMEM;
		return -1;
	}
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return fd;
}

static bool not_regular(const char *path, struct error *err)
{
	error_set(err, FINDING_PATH_INVALID, _("%s is not a regular file"), path);
	return error_next(err, _("Name another file."));
}

/* A device, a pipe or a socket would be taken away from everybody else. */
static bool may_replace(int dirfd, const char *path, struct error *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return true;		/* a folder is not replaced by a file: rename() says so */
	return not_regular(path, err);
}

char *file_out_path(const char *path, struct error *err)
{
	struct stat st;
	char *real;

	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode)) {
		if (!may_replace(AT_FDCWD, path, err))
			return NULL;
		real = strdup(path);
		if (real == NULL)
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return real;
	}
	real = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? realpath(path, NULL) : NULL;
	if (real == NULL)
		not_regular(path, err);
	return real;
}

struct manner {
	mode_t mode;
	bool owned;		/* by those: only root can give a file to others */
	uid_t uid;
	gid_t gid;
	bool flush;
};

static bool replace_file(int dirfd, const char *path, const struct manner *how, const void *data, size_t len,
			 struct error *err)
{
	static unsigned int counter;
	const char *name;
	char temp[NAME_MAX + 1];
	int parent = open_parent(dirfd, path, &name), fd = -1;
	bool ok = false, made = false;

	if (parent < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder of %s"), path);
	if (!may_replace(dirfd, path, err))
		goto out;
	snprintf(temp, sizeof(temp), ".%.200s.%ld.%u.tmp", name, (long)getpid(), counter++);
	fd = openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		/* Left by a process of the same number that died. */
		unlinkat(parent, temp, 0);
		fd = openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	if (fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot create a file beside %s"), path);
		goto out;
	}
	made = true;
	if ((how->owned && fchown(fd, how->uid, how->gid) < 0) || fchmod(fd, how->mode) < 0 || !file_write_all(fd, data, len) ||
	    (how->flush && fsync(fd) < 0)) {
		error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), path);
		goto out;
	}
	if (renameat(parent, temp, parent, name) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot replace %s"), path);
		goto out;
	}
	made = false;
	if (how->flush && fsync(parent) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot flush the folder of %s"), path);
		goto out;
	}
	ok = true;
out:
	file_close(&fd);
	if (made)
		unlinkat(parent, temp, 0);
	file_close(&parent);
	return ok;
}

bool file_write_atomic(int dirfd, const char *path, mode_t mode, const void *data, size_t len, struct error *err)
{
	const struct manner how = { .mode = mode, .flush = true };

	return replace_file(dirfd, path, &how, data, len, err);
}

bool file_write_like(int dirfd, const char *path, const struct stat *old, const void *data, size_t len, struct error *err)
{
	const struct manner how = { .mode = old->st_mode & 0777, .flush = true, .owned = geteuid() == 0, .uid = old->st_uid,
				    .gid = old->st_gid };

	return replace_file(dirfd, path, &how, data, len, err);
}

bool file_write_quick(int dirfd, const char *path, mode_t mode, const void *data, size_t len, struct error *err)
{
	const struct manner how = { .mode = mode };

	return replace_file(dirfd, path, &how, data, len, err);
}

static bool write_through(const char *path, mode_t mode, const void *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, mode);
	bool ok = fd >= 0 && file_write_all(fd, data, len);

	if (!ok)
		error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), path);
	file_close(&fd);
	return ok;
}

bool file_write_out(const char *path, mode_t mode, const void *data, size_t len, struct error *err)
{
	char *real = file_out_path(path, NULL);
	bool ok = real != NULL ? file_write_atomic(AT_FDCWD, real, mode, data, len, err) : write_through(path, mode, data, len, err);

	free(real);
	return ok;
}

/* A folder above that may be passed through but not be read cannot be flushed from here, and a file system without such flushes says
 * EINVAL. */
bool file_sync_parent(const char *path, struct error *err)
{
	const char *name;
	int parent = open_parent(AT_FDCWD, path, &name);
	bool ok = parent < 0 ? errno == EACCES : fsync(parent) == 0 || errno == EINVAL;

	if (!ok)
		error_errno(err, FINDING_IO_ERROR, _("cannot flush the folder of %s"), path);
	file_close(&parent);
	return ok;
}

bool file_make_dirs(const char *path, mode_t mode, struct error *err)
{
	char *copy = strdup(path);
	bool ok = true;

	if (copy == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (char *p = copy + 1; ok; p++) {
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) == 0)
			ok = chmod(copy, mode) == 0 ? file_sync_parent(copy, err)
						    : error_errno(err, FINDING_PATH_INVALID, _("cannot make the folder %s"), copy);
		else if (errno != EEXIST)
			ok = error_errno(err, FINDING_PATH_INVALID, _("cannot make the folder %s"), copy);
		*p = saved;
		if (saved == '\0')
			break;
	}
	if (ok) {
		struct stat st;

		if (stat(path, &st) < 0)
			ok = error_errno(err, FINDING_PATH_INVALID, _("cannot look at %s"), path);
		else if (!S_ISDIR(st.st_mode))
			ok = error_set(err, FINDING_PATH_INVALID, _("%s is not a folder"), path);
	}
	free(copy);
	return ok;
}

bool file_is_empty_folder(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool empty = dir != NULL;

	if (dir == NULL)
		file_close(&fd);
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

int file_open_unnamed(int dirfd)
{
	char name[64];
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system has such files; recovery knows the name of one whose process died here. */
	snprintf(name, sizeof(name), ".unnamed.%ld.0.tmp", (long)getpid());
	unlinkat(dirfd, name, 0);
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(dirfd, name, 0);
	return fd;
}

int file_open_dir(int dirfd, const char *name, bool make, mode_t mode, struct error *err)
{
	int fd;

	if (make && mkdirat(dirfd, name, mode) < 0 && errno != EEXIST) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot make the folder %s"), name);
		return -1;
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), name);
	return fd;
}

static bool remove_in(int dirfd, const char *name, int depth)
{
	DIR *dir;
	struct dirent *entry;
	bool ok = true;
	int fd;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return false;
	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return false;
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* Content is read-only to its reader: give the right to remove from it back. */
	(void)fchmod(fd, 0700);
	dir = fdopendir(fd);
	if (dir == NULL) {
		file_close(&fd);
		return false;
	}
	while (ok && (errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = remove_in(fd, entry->d_name, depth + 1);
	}
	if (ok && errno != 0)
		ok = false;
	closedir(dir);
	return ok && (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

bool file_remove_tree(int dirfd, const char *name, struct error *err)
{
	if (!remove_in(dirfd, name, 0))
		return error_errno(err, FINDING_IO_ERROR, _("cannot remove %s"), name);
	return true;
}

bool file_sync_dir(int dirfd, struct error *err)
{
	if (fsync(dirfd) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot flush a folder to disk"));
	return true;
}

char *file_join(const char *dir, const char *name)
{
	char *path;
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (asprintf(&path, "%.*s/%s", (int)len, dir, name) < 0)
		return NULL;
	return path;
}
