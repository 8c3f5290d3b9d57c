#include "follow_settings.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "app_private.h"
#include "base/buffer.h"
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

static void folder_ready(void *data, short revents)
{
	struct app *a = data;

	(void)revents;
	if (folder_watch_changed(&a->p->settings_folder, a->p->settings_name))
		take_over(a);
}

void follow_settings_start(struct app *a)
{
	struct app_private *p = a->p;
	char *slash;

	/* A link is left as it is when the settings are saved: what it leads to is another file then. */
	if (realpath(settings_path(a->settings), p->settings_path) == NULL)
		snprintf(p->settings_path, sizeof(p->settings_path), "%s", settings_path(a->settings));
	slash = strrchr(p->settings_path, '/');
	snprintf(p->settings_name, sizeof(p->settings_name), "%.255s", slash != NULL ? slash + 1 : p->settings_path);
	if (slash != NULL)
		slash[slash == p->settings_path] = '\0';
	else
		snprintf(p->settings_path, sizeof(p->settings_path), ".");
	/* Whoever saves writes another file first, and renames it; an editor may write into this one. */
	folder_watch_begin(&p->settings_folder, p->settings_path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
	p->settings_watch = loop_watch(a->loop, p->settings_folder.fd, POLLIN, folder_ready, a);
}

void follow_settings_end(struct app *a)
{
	folder_watch_end(&a->p->settings_folder);
}
