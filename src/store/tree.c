/* Trees of plain files and folders: linked, copied, made read-only, counted. Never follows a symbolic link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

#define DEPTH_MAX 128
#define COPY_CHUNK (64 * 1024)

/* What is done to each entry of a tree that is walked; `to` is the folder that stands for `from` on the other side. */
struct walk {
	bool two_sided;
	mode_t folder_mode;
	bool (*file)(int from, int to, const char *name, struct tree_count *count, struct error *err);
	struct tree_count *count;
};

static int entry_type(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
}

static bool walk_folder(const struct walk *w, int from, int to, int depth, struct error *err);

static bool walk_into(const struct walk *w, int from, int to, const char *name, int depth, struct error *err)
{
	int below = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), beside = -1;
	bool ok = false;

	if (below < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot open the folder %s"), name);
		goto out;
	}
	if (depth >= DEPTH_MAX) {
		error_set(err, FINDING_PATH_INVALID, _("the folder %s is nested too deeply"), name);
		goto out;
	}
	if (w->two_sided) {
		if (mkdirat(to, name, PRIVATE_MODE) < 0 && errno != EEXIST) {
			error_errno(err, FINDING_IO_ERROR, _("cannot make the folder %s"), name);
			goto out;
		}
		beside = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (w->folder_mode != 0 && (w->two_sided ? beside < 0 || fchmod(beside, w->folder_mode) < 0
						 : fchmod(below, w->folder_mode) < 0)) {
		error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of the folder %s"), name);
		goto out;
	}
	ok = walk_folder(w, below, beside, depth + 1, err);
out:
	file_close(&below);
	file_close(&beside);
	return ok;
}

static bool walk_folder(const struct walk *w, int from, int to, int depth, struct error *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		error_errno(err, FINDING_IO_ERROR, _("cannot read a folder"));
		file_close(&fd);
		return false;
	}
	while (ok && (errno = 0, entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		switch (entry_type(fd, entry)) {
		case DT_DIR: ok = walk_into(w, fd, to, name, depth, err); break;
		case DT_REG: ok = w->file(fd, to, name, w->count, err); break;
		default: ok = error_set(err, FINDING_PATH_INVALID, _("%s is neither a file nor a folder"), name);
		}
	}
	if (ok && errno != 0)
		ok = error_errno(err, FINDING_IO_ERROR, _("cannot read a folder"));
	closedir(dir);
	return ok;
}

static bool copy_bytes(int in, int out)
{
	char chunk[COPY_CHUNK];

	for (;;) {
		ssize_t n = read(in, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if (!file_write_all(out, chunk, (size_t)n))
			return false;
	}
}

/* `exclusive`: a file that is there is an error; otherwise it stays as it is. */
static bool copy_file(int from, int to, const char *name, mode_t mode, bool exclusive, struct error *err)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int out = in >= 0 ? openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	bool ok = out >= 0 && copy_bytes(in, out) && fchmod(out, mode) == 0;

	if (!ok && in >= 0 && out < 0 && errno == EEXIST && !exclusive)
		ok = true;
	if (!ok)
		error_errno(err, FINDING_IO_ERROR, _("cannot copy the file %s"), name);
	file_close(&in);
	file_close(&out);
	return ok;
}

static bool link_file(int from, int to, const char *name, struct tree_count *count, struct error *err)
{
	count->files++;
	if (linkat(from, name, to, name, 0) == 0)
		return true;
	switch (errno) {
	case EMLINK:		/* ext4: 65000 links to a file */
	case EXDEV:
	case EPERM:		/* the file system has no links, or protected_hardlinks and another owner */
	case EOPNOTSUPP:
	case ENOSYS:
		return copy_file(from, to, name, CONTENT_FILE_MODE, true, err);
	default:
		return error_errno(err, FINDING_IO_ERROR, _("cannot link the file %s"), name);
	}
}

static bool copy_for_operator(int from, int to, const char *name, struct tree_count *count, struct error *err)
{
	count->files++;
	return copy_file(from, to, name, 0640, false, err);
}

static bool seal_file(int from, int to, const char *name, struct tree_count *count, struct error *err)
{
	struct stat st;

	(void)to;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ((st.st_mode & 07777) != CONTENT_FILE_MODE && fchmodat(from, name, CONTENT_FILE_MODE, 0) < 0))
		return error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of the file %s"), name);
	count->files++;
	count->bytes += st.st_size;
	return true;
}

static bool count_file(int from, int to, const char *name, struct tree_count *count, struct error *err)
{
	(void)from; (void)to; (void)name; (void)err;
	count->files++;
	return true;
}

bool tree_link(int from, int to, struct tree_count *count, struct error *err)
{
	const struct walk w = { .two_sided = true, .folder_mode = CONTENT_DIR_MODE, .file = link_file, .count = count };

	return walk_folder(&w, from, to, 0, err);
}

bool tree_copy(int from, int to, struct error *err)
{
	struct tree_count count = { 0 };
	const struct walk w = { .two_sided = true, .folder_mode = STATE_MODE, .file = copy_for_operator, .count = &count };

	return walk_folder(&w, from, to, 0, err);
}

bool tree_seal(int dirfd, struct tree_count *count, struct error *err)
{
	const struct walk w = { .folder_mode = CONTENT_DIR_MODE, .file = seal_file, .count = count };

	return walk_folder(&w, dirfd, -1, 0, err);
}

bool tree_count_files(int dirfd, struct tree_count *count, struct error *err)
{
	const struct walk w = { .file = count_file, .count = count };

	return walk_folder(&w, dirfd, -1, 0, err);
}
