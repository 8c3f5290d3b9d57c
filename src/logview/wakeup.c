#include "logview/wakeup.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define FILES_WATCHED 4			/* the file, and those before it that may still get late lines */
#define SAFETY_MS 10000			/* with events: for what they do not tell (a folder above is moved) */
#define BUSY_MS 100			/* without events: while something happens */
#define IDLE_MS 1000			/* without events: one wake-up a second */
#define BUSY_FOR_MS 5000

#define FOLDER_EVENTS (IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

struct wakeup {
	int fd;				/* inotify; -1 */
	char *path;
	int folder;			/* watch descriptor; -1 */
	int files[FILES_WATCHED];	/* newest last; -1 */
	bool blind;			/* events do not tell everything here */
	int64_t changed_ms;		/* monotonic */
};

/* File systems whose files others change without this kernel's knowledge. */
static bool is_remote(const char *path)
{
	static const uint32_t types[] = {
		0x6969 /* NFS */, 0x517B /* SMB */, 0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */, 0x65735546 /* FUSE */,
		0x01021997 /* 9P */, 0x00C36400 /* Ceph */, 0x5346414F /* AFS */, 0x0BD00BD0 /* Lustre */,
		0x47504653 /* GPFS */, 0x01161970 /* GFS2 */, 0x7461636F /* OCFS2 */,
	};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((uint32_t)fs.f_type == types[i])
			return true;
	}
	return false;
}

struct wakeup *wakeup_new(const char *path, bool poll_only)
{
	struct wakeup *w = calloc(1, sizeof(*w));
	struct stat st;

	if (w == NULL)
		return NULL;
	w->path = strdup(path);
	if (w->path == NULL) {
		free(w);
		return NULL;
	}
	w->folder = -1;
	for (int i = 0; i < FILES_WATCHED; i++)
		w->files[i] = -1;
	w->fd = poll_only ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->blind = w->fd < 0 || is_remote(path) || (lstat(path, &st) == 0 && S_ISLNK(st.st_mode));
	w->changed_ms = clock_monotonic_ms();
	wakeup_drain(w);
	return w;
}

void wakeup_free(struct wakeup *w)
{
	if (w == NULL)
		return;
	file_close(&w->fd);
	free(w->path);
	free(w);
}

int wakeup_fd(const struct wakeup *w)
{
	return w->fd;
}

int wakeup_timeout_ms(const struct wakeup *w)
{
	if (!w->blind)
		return SAFETY_MS;
	return clock_monotonic_ms() - w->changed_ms < BUSY_FOR_MS ? BUSY_MS : IDLE_MS;
}

void wakeup_changed(struct wakeup *w)
{
	w->changed_ms = clock_monotonic_ms();
}

/* Watches the folder of the path, or the nearest one above it that is there. */
static void wakeup_folder(struct wakeup *w)
{
	char folder[PATH_MAX];
	int wd = -1;

	snprintf(folder, sizeof(folder), "%s%s", w->path[0] == '/' ? "" : "./", w->path);
	while (wd < 0) {
		char *slash = strrchr(folder, '/');

		if (slash == NULL)
			break;
		/* "/name" lies in "/", "./name" in ".". */
		slash[slash == folder ? 1 : 0] = '\0';
		wd = inotify_add_watch(w->fd, folder, FOLDER_EVENTS | IN_ONLYDIR);
		if (slash == folder)
			break;
	}
	if (wd < 0) {
		/* No watch can be had (the limit is reached, or no right to read). */
		w->blind = true;
		return;
	}
	if (w->folder >= 0 && w->folder != wd)
		inotify_rm_watch(w->fd, w->folder);
	w->folder = wd;
}

void wakeup_drain(struct wakeup *w)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	if (w->fd < 0)
		return;
	while (read(w->fd, events, sizeof(events)) > 0)
		continue;
	wakeup_folder(w);
}

void wakeup_file(struct wakeup *w, int fd)
{
	char path[64];
	int wd;

	if (w->fd < 0)
		return;
	/* By descriptor, not by name: the name may be another file's by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(w->fd, path, FILE_EVENTS);
	if (wd < 0) {
		w->blind = true;
		return;
	}
	for (int i = 0; i < FILES_WATCHED; i++) {
		if (w->files[i] == wd)
			return;
	}
	if (w->files[0] >= 0)
		inotify_rm_watch(w->fd, w->files[0]);
	memmove(w->files, w->files + 1, sizeof(w->files) - sizeof(w->files[0]));
	w->files[FILES_WATCHED - 1] = wd;
}
