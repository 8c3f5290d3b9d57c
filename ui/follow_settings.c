#include "follow_settings.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "app_private.h"
#include "base/buffer.h"
#include "base/file.h"
#include "pane.h"
#include "settings/settings.h"

#define TEXT_MAX (1u << 20)

static void put_all(struct buffer *out, const struct settings *s)
{
	for (int id = 0; id < SETTING_COUNT; id++) {
		settings_text(s, (enum setting)id, out);
		buffer_putc(out, '\n');
	}
}

/* Reads them anew; whoever shows some is told when they are others now. */
static void take_over(struct app *a)
{
	struct buffer before = BUFFER_INIT(TEXT_MAX), after = BUFFER_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;

	put_all(&before, a->settings);
	if (!settings_reload(a->settings, &err))
		app_notice_error(a, &err);
	put_all(&after, a->settings);
	if (strcmp(buffer_text(&before), buffer_text(&after)) != 0) {
		watch_refresh(&a->watch);
		app_tell(a, PANE_SETTINGS);
	}
	buffer_clear(&before);
	buffer_clear(&after);
}

/* Whoever saves writes another file first, and renames it; an editor may write into this one. */
static void folder_changed(void *data, short revents)
{
	union {
		struct inotify_event event;
		char bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	} read_in;
	struct app *a = data;
	bool ours = false;
	ssize_t n;

	(void)revents;
	while ((n = read(a->p->settings_fd, &read_in, sizeof(read_in))) > 0) {
		for (ssize_t at = 0; at < n;) {
			struct inotify_event event;

			memcpy(&event, read_in.bytes + at, sizeof(event));
			ours = ours || (event.mask & IN_Q_OVERFLOW) != 0 ||
			       (event.len > 0 && strcmp(read_in.bytes + at + sizeof(event), a->p->settings_name) == 0);
			at += (ssize_t)(sizeof(event) + event.len);
		}
	}
	if (ours)
		take_over(a);
}

void follow_settings_start(struct app *a)
{
	char path[PATH_MAX], *slash;

	if (a->p->settings_fd >= 0)
		return;
	/* A link is left as it is when the settings are saved: what it leads to is another file then. */
	if (realpath(settings_path(a->settings), path) == NULL)
		snprintf(path, sizeof(path), "%s", settings_path(a->settings));
	slash = strrchr(path, '/');
	snprintf(a->p->settings_name, sizeof(a->p->settings_name), "%.255s", slash != NULL ? slash + 1 : path);
	if (slash != NULL)
		slash[slash == path] = '\0';
	a->p->settings_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (a->p->settings_fd >= 0 &&
	    inotify_add_watch(a->p->settings_fd, slash != NULL ? path : ".", IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE) < 0)
		file_close(&a->p->settings_fd);
	if (a->p->settings_fd >= 0)
		a->p->settings_watch = loop_watch(a->loop, a->p->settings_fd, POLLIN, folder_changed, a);
}

void follow_settings_end(struct app *a)
{
	file_close(&a->p->settings_fd);
}
