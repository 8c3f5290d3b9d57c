/* Opening the state folder, and who may write to it. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

/* Whoever can write to the state folder decides what is installed and whom the program trusts. */
static bool check_owner(const struct stat *st, const char *path, struct error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0) {
		error_set(err, FINDING_PERMISSION_DENIED, _("%s belongs to user %ld, and this is user %ld"), path,
			  (long)st->st_uid, (long)geteuid());
		return error_next(err, _("Run this as the user that owns it, or name another folder with --state-dir."));
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set(err, FINDING_PERMISSION_DENIED, _("others can write to %s (mode %04o)"), path,
			  (unsigned int)(st->st_mode & 07777));
		return error_next(err, _("Make sure that nothing in it was changed, then run: chmod go-w %s"), path);
	}
	return true;
}

/* Whoever can write to the folder above can put this one aside, and with it what is installed and whom the program trusts: the
 * next update would be a first one. Its group may: with a umask of 002 every folder that a person makes is such. */
static bool check_parent(const struct store *s, struct error *err)
{
	struct stat st;

	if (fstatat(s->fd, "..", &st, 0) < 0 || (st.st_mode & S_IWOTH) == 0 || (st.st_mode & S_ISVTX) != 0)
		return true;
	error_set(err, FINDING_PERMISSION_DENIED, _("others can write to the folder above %s (mode %04o)"), s->path,
		  (unsigned int)(st.st_mode & 07777));
	return error_next(err, _("Make sure that nothing in it was changed, then run: chmod o-w %s/.."), s->path);
}

/* What only an update makes, under a name that others may use as well; NULL: there is none of it. */
static const char *find_content(const struct store *s)
{
	static const char *const names[] = { CURRENT_NAME, PREVIOUS_NAME, CONTENT_NAME, STAGING_NAME };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (faccessat(s->fd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 && !file_is_empty_folder(s->fd, names[i]))
			return names[i];
	}
	return NULL;
}

static bool was_locked(const struct store *s)
{
	static const char *const marks[] = { LOCK_NAME, HISTORY_NAME, DEFAULTS_MARK_NAME };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (faccessat(s->fd, marks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

/* Somebody may have named a folder of something else by a slip. What lies in it under names that are ours too would be put right, or
 * cleaned away: they are ours only where there was a lock. It is made first, so it is looked for again, last. */
static bool check_ours(const struct store *s, struct error *err)
{
	const char *name = was_locked(s) ? NULL : find_content(s);

	if (name == NULL || was_locked(s))
		return true;
	error_set(err, FINDING_PATH_INVALID, _("%s is no state folder of this program: it holds \"%s\" of something else"), s->path, name);
	return error_next(err, _("Name another folder with --state-dir."));
}

/* Opens a folder of the state folder. -1 with true: it was not to be made, and is not there or not for us to see. */
static bool open_room(const struct store *s, const char *name, mode_t mode, bool make, int *out, struct error *err)
{
	struct stat st;
	char *path;
	bool ok;

	*out = -1;
	if (make && mkdirat(s->fd, name, mode) == 0)
		/* Whatever the umask; and what will be flushed in it must not be lost with it. */
		ok = fchmodat(s->fd, name, mode, 0) == 0 && fsync(s->fd) == 0;
	else
		ok = !make || errno == EEXIST;
	if (!ok)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot make the folder %s/%s"), s->path, name);
	*out = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*out < 0 && !make && (errno == ENOENT || errno == EACCES))
		return true;
	if (*out < 0 || fstat(*out, &st) < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s/%s"), s->path, name);
	path = file_join(s->path, name);
	ok = check_owner(&st, path != NULL ? path : name, err);
	free(path);
	return ok;
}

static bool open_rooms(struct store *s, bool make, struct error *err)
{
	/* Made by others when they need them; looked at here, because others must not be able to write to them. */
	static const char *const others[] = { "trust", "jobs", "log" };
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot look at %s"), s->path);
	if (!check_owner(&st, s->path, err) || !check_parent(s, err) || !open_room(s, CONTENT_NAME, STATE_MODE, make, &s->content_fd, err) ||
	    !open_room(s, STAGING_NAME, PRIVATE_MODE, make, &s->staging_fd, err))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int fd = -1;
		bool ok = open_room(s, others[i], PRIVATE_MODE, false, &fd, err);

		file_close(&fd);
		if (!ok)
			return false;
	}
	return true;
}

bool store_open(const char *state_dir, bool make, struct store **out, struct error *err)
{
	struct store *s = calloc(1, sizeof(*s));
	bool ok = false;

	*out = NULL;
	if (s == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	s->fd = s->content_fd = s->staging_fd = s->lock_fd = -1;
	s->path = strdup(state_dir);
	if (s->path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (make && access(state_dir, F_OK) < 0 && !file_make_dirs(state_dir, STATE_MODE, err)) {
		error_wrap(err, _("cannot make the state folder %s"), state_dir);
		goto out;
	}
	s->fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0 && errno == ENOENT && !make) {
		ok = true;
		goto out;
	}
	if (s->fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the state folder %s"), state_dir);
		goto out;
	}
	ok = ((!make || check_ours(s, err)) && open_rooms(s, make, err)) || store_error_refine(s, err);
out:
	if (ok)
		*out = s;
	else
		store_free(s);
	return ok;
}

void store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_unlock(s);
	file_close(&s->staging_fd);
	file_close(&s->content_fd);
	file_close(&s->fd);
	free(s->path);
	free(s);
}

const char *store_path(const struct store *s)
{
	return s->path;
}

int store_fd(const struct store *s)
{
	return s->fd;
}

int store_staging_fd(const struct store *s)
{
	return s->staging_fd;
}

bool store_space(const struct store *s, int64_t *free_bytes, int64_t *free_inodes, struct error *err)
{
	struct statvfs fs;

	*free_bytes = *free_inodes = -1;
	if (s->fd < 0)
		return error_set(err, FINDING_PATH_INVALID, _("there is no state folder %s"), s->path);
	if (fstatvfs(s->fd, &fs) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot see how much room %s has"), s->path);
	if (fs.f_blocks > 0)
		*free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
	if (fs.f_files > 0)
		*free_inodes = (int64_t)fs.f_favail;
	return true;
}

bool store_error_refine(const struct store *s, struct error *err)
{
	int64_t bytes, inodes;

	if (s != NULL && err != NULL && err->code == FINDING_DISK_FULL && store_space(s, &bytes, &inodes, NULL) && inodes == 0)
		err->code = FINDING_INODES_EXHAUSTED;
	return false;
}

void store_warn(struct store *s, const struct error *err)
{
	if (!s->warned)
		s->warning = *err;
	s->warned = true;
}

const struct error *store_warning(const struct store *s)
{
	return s->warned ? &s->warning : NULL;
}

bool store_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 128 && name[0] != '.' && strchr(name, '/') == NULL;
}

bool store_each_entry(int dirfd, bool (*each)(void *data, const char *name, struct error *err), void *data,
		      struct error *err)
{
	/* Its own description: the position of a folder's descriptor is shared by its duplicates. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		error_errno(err, FINDING_IO_ERROR, _("cannot read a folder"));
		file_close(&fd);
		return false;
	}
	while (ok && (errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = each(data, entry->d_name, err);
	}
	if (ok && errno != 0)
		ok = error_errno(err, FINDING_IO_ERROR, _("cannot read a folder"));
	closedir(dir);
	return ok;
}
