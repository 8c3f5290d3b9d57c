#include "certs_store.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "pane.h"

/* A change of ours waits this long for another program that is changing the store: the screen stands meanwhile. */
#define PATIENCE_MS 300
#define EVENTS (IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF)

void certs_store_init(struct certs_store *c, struct app *app, void (*changed)(void *data), void *data)
{
	*c = (struct certs_store){ .app = app, .inotify = -1, .changed = changed, .data = data };
	trust_list_init(&c->list);
}

static void unwatch(struct certs_store *c)
{
	loop_remove(c->app->loop, &c->handle);
	file_close(&c->inotify);
}

void certs_store_clear(struct certs_store *c)
{
	unwatch(c);
	trust_list_clear(&c->list);
	trust_free(c->trust);
	c->trust = NULL;
}

static void update(struct certs_store *c)
{
	trust_list_update(&c->list, c->trust);
	if (c->changed != NULL)
		c->changed(c->data);
	app_dirty(c->app);
}

void certs_store_tell(struct certs_store *c)
{
	update(c);
	app_tell(c->app, PANE_TRUST);
}

static void refresh(struct certs_store *c)
{
	bool changed;

	error_clear(&c->problem);
	/* A broken index: what was read stays, and the problem is shown. */
	if (!trust_refresh(c->trust, &changed, &c->problem)) {
		app_dirty(c->app);
		return;
	}
	if (changed)
		certs_store_tell(c);
}

static void folder_changed(void *data, short revents)
{
	struct certs_store *c = data;
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool gone = (revents & (POLLERR | POLLNVAL)) != 0;
	ssize_t n;

	while ((n = read(c->inotify, events, sizeof(events))) > 0) {
		for (char *at = events; at < events + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)at;

			gone = gone || (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0;
			at += sizeof(*e) + e->len;
		}
	}
	/* Another folder may take its place: it is looked for when the pane is shown again. */
	if (gone)
		unwatch(c);
	refresh(c);
}

static void watch(struct certs_store *c)
{
	if (c->inotify >= 0)
		return;
	c->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (c->inotify < 0)
		return;
	if (inotify_add_watch(c->inotify, trust_folder(c->trust), EVENTS) >= 0)
		c->handle = loop_watch(c->app->loop, c->inotify, POLLIN, folder_changed, c);
	if (c->handle == 0)
		unwatch(c);
}

bool certs_store_ready(struct certs_store *c)
{
	if (c->trust != NULL) {
		watch(c);
		refresh(c);
		return true;
	}
	error_clear(&c->problem);
	if (!trust_open(c->app->options->state_dir, false, &c->trust, &c->problem))
		return false;
	trust_set_patience(c->trust, PATIENCE_MS);
	/* Before looking once more: a change in between is then an event. */
	watch(c);
	update(c);
	return true;
}

size_t certs_store_anchors(const struct certs_store *c)
{
	size_t anchors = 0;

	for (size_t i = 0; c->trust != NULL && i < trust_count(c->trust); i++) {
		const struct trust_entry *e = trust_at(c->trust, i);

		anchors += e->enabled && (e->usages & TRUST_CISCO_SERVICES) != 0;
	}
	return anchors;
}

bool certs_store_is_last_anchor(const struct certs_store *c, const struct trust_entry *entry)
{
	return entry->enabled && (entry->usages & TRUST_CISCO_SERVICES) != 0 && certs_store_anchors(c) == 1;
}
