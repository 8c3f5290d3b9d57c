#include "folder_watch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"

#define OWN_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define ABOVE_EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | OWN_EVENTS)
#define PLACES_MAX 8			/* folders that come or go while they are looked for */

void folder_watch_begin(struct folder_watch *w, const char *path, uint32_t events)
{
	*w = (struct folder_watch){ .path = path, .events = events, .fd = -1, .folder = -1, .above = -1 };
	(void)folder_watch_look(w);
}

void folder_watch_end(struct folder_watch *w)
{
	file_close(&w->fd);
}

/* The folder that a path lies in: "/name" in "/", "./name" in ".". False when that is the end of the path. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || path[1] == '\0')
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

/* The folder, or the nearest one above it that is there. */
static void nearest(const struct folder_watch *w, char *path, size_t size)
{
	snprintf(path, size, "%s%s", w->path[0] == '/' ? "" : "./", w->path);
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	while (access(path, F_OK) < 0 && go_up(path))
		continue;
}

static void watch_in_place_of(const struct folder_watch *w, int *folder, const char *path, uint32_t events)
{
	int fresh = path != NULL ? inotify_add_watch(w->fd, path, events) : -1;

	if (*folder >= 0 && *folder != fresh)
		inotify_rm_watch(w->fd, *folder);
	*folder = fresh;
}

bool folder_watch_look(struct folder_watch *w)
{
	char path[PATH_MAX], again[PATH_MAX];
	int before = w->folder, tries = 0;

	if (w->fd < 0)
		w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0)
		return false;
	nearest(w, again, sizeof(again));
	do {
		snprintf(path, sizeof(path), "%s", again);
		w->is_there = access(w->path, F_OK) == 0;
		watch_in_place_of(w, &w->folder, path, w->is_there ? w->events | OWN_EVENTS : ABOVE_EVENTS);
		watch_in_place_of(w, &w->above, go_up(path) ? path : NULL, ABOVE_EVENTS | IN_MASK_ADD);
		/* What was made before it was watched is seen now. */
		snprintf(path, sizeof(path), "%s", again);
		nearest(w, again, sizeof(again));
	} while (strcmp(path, again) != 0 && ++tries < PLACES_MAX);
	return before != w->folder;
}

static bool matters(const struct folder_watch *w, const struct inotify_event *event, const char *name)
{
	if ((event->mask & IN_Q_OVERFLOW) != 0)
		return true;
	return w->is_there && event->wd == w->folder && (event->mask & w->events) != 0 &&
	       (name == NULL || (event->len > 0 && strcmp(event->name, name) == 0));
}

bool folder_watch_changed(struct folder_watch *w, const char *name)
{
	char events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool ours = false, any = false;
	ssize_t n;

	while (w->fd >= 0 && (n = read(w->fd, events, sizeof(events))) > 0) {
		for (const char *at = events; at < events + n;) {
			const struct inotify_event *event = (const void *)at;

			ours = ours || matters(w, event, name);
			at += sizeof(*event) + event->len;
		}
		any = true;
	}
	return (any && folder_watch_look(w)) || ours;
}
