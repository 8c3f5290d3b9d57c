#include "feed/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"

/* Handing data to the disk early makes the flush at the end of an update short. */
#define FLUSH_STEP (4 * 1024 * 1024)

#define MODE_FILE 0644
#define MODE_EXECUTABLE 0755

void tree_init(struct tree *t, int root)
{
	t->root = root;
	t->depth = 0;
	t->path[0] = '\0';
	t->file = -1;
	t->umask_known = false;
}

static void close_folders(struct tree *t, size_t keep)
{
	while (t->depth > keep)
		file_close(&t->folders[--t->depth]);
}

void tree_clear(struct tree *t)
{
	file_close(&t->file);
	close_folders(t, 0);
}

static bool cannot_make(const struct tree *t, const char *name, struct error *err)
{
	struct statvfs vfs;

	if (errno == ENOSPC && fstatvfs(t->root, &vfs) == 0 && vfs.f_files > 0 && vfs.f_favail == 0)
		return error_set(err, FINDING_INODES_EXHAUSTED, _("cannot make %s: the filesystem has no inode left"), name);
	if (errno == EEXIST || errno == ENOTDIR || errno == ELOOP)
		return error_errno(err, FINDING_BUNDLE_DUPLICATE_MEMBER, _("cannot make %s"), name);
	return error_errno(err, FINDING_IO_ERROR, _("cannot make %s"), name);
}

/* How many of the open folders hold `path` too; *at is where the rest of it begins. */
static size_t common_folders(const struct tree *t, const char *path, size_t *at)
{
	size_t same = 0, i = 0;

	*at = 0;
	for (; same < t->depth; i++) {
		bool end_open = t->path[i] == '\0' || t->path[i] == '/', end_new = path[i] == '\0' || path[i] == '/';

		if (end_open && end_new) {
			same++;
			*at = path[i] == '/' ? i + 1 : i;
		}
		if (t->path[i] != path[i] || path[i] == '\0')
			break;
	}
	return same;
}

/* Opens the folder `path`, making what is missing. */
static bool enter(struct tree *t, const char *path, struct error *err)
{
	size_t at;

	close_folders(t, common_folders(t, path, &at));
	while (path[at] != '\0') {
		int parent = t->depth > 0 ? t->folders[t->depth - 1] : t->root, fd;
		char part[NAME_PART_MAX + 1];
		size_t len = strcspn(path + at, "/");

		memcpy(part, path + at, len);
		part[len] = '\0';
		fd = openat(parent, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && mkdirat(parent, part, MODE_EXECUTABLE) == 0) {
			fd = openat(parent, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (fd >= 0 && fchmod(fd, MODE_EXECUTABLE) < 0)
				file_close(&fd);
		}
		if (fd < 0) {
			t->path[0] = '\0';
			close_folders(t, 0);
			return cannot_make(t, path, err);
		}
		t->folders[t->depth++] = fd;
		at += len + (path[at + len] == '/' ? 1 : 0);
	}
	memcpy(t->path, path, at + 1);
	return true;
}

bool tree_folder(struct tree *t, const char *name, struct error *err)
{
	return enter(t, name, err);
}

/* The mode exactly. The first file tells what the umask (or the folder's default ACL) takes away; only where that matters
 * does every file cost a call more. */
static bool set_mode(struct tree *t, mode_t mode, struct error *err)
{
	struct stat st;

	if (!t->umask_known) {
		if (fstat(t->file, &st) < 0)
			return error_errno(err, FINDING_IO_ERROR, _("cannot look at %s"), t->name);
		t->umask_seen = MODE_EXECUTABLE & ~st.st_mode;
		t->umask_known = true;
		if ((st.st_mode & 07777) == mode)
			return true;
	} else if ((mode & t->umask_seen) == 0) {
		return true;
	}
	if (fchmod(t->file, mode) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of %s"), t->name);
	return true;
}

bool tree_file_begin(struct tree *t, const char *name, bool executable, struct error *err)
{
	const char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name;
	size_t parent = slash != NULL ? (size_t)(slash - name) : 0;
	mode_t mode = executable ? MODE_EXECUTABLE : MODE_FILE;
	char folder[NAME_PATH_MAX + 1];

	memcpy(folder, name, parent);
	folder[parent] = '\0';
	if (strcmp(folder, t->path) != 0 && !enter(t, folder, err))
		return false;
	t->file = openat(t->depth > 0 ? t->folders[t->depth - 1] : t->root, base,
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, t->umask_known ? mode : MODE_EXECUTABLE);
	if (t->file < 0)
		return cannot_make(t, name, err);
	memcpy(t->name, name, strlen(name) + 1);
	t->written = t->flushing = 0;
	return set_mode(t, mode, err);
}

bool tree_file_write(struct tree *t, const void *data, size_t len, struct error *err)
{
	if (!file_write_all(t->file, data, len))
		return error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), t->name);
	t->written += (int64_t)len;
	if (t->written - t->flushing >= FLUSH_STEP) {
		(void)sync_file_range(t->file, t->flushing, t->written - t->flushing, SYNC_FILE_RANGE_WRITE);
		t->flushing = t->written;
	}
	return true;
}

bool tree_file_end(struct tree *t, struct error *err)
{
	int fd = t->file;

	t->file = -1;
	if (close(fd) < 0 && errno != EINTR)
		return error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), t->name);
	return true;
}
