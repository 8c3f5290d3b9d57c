/* The plan of an update: what to fetch, what to keep, and whether it may be and fits. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "update/apply.h"

static bool defaults_were_made(const struct update *u)
{
	return faccessat(store_fd(u->store), "defaults.made", F_OK, 0) == 0;
}

static void plan_item(struct update *u, struct item *item, bool defaults_made)
{
	const struct component *c = item->component;

	item->installed = u->current != NULL ? store_generation_component(u->current, c->id) : NULL;
	item->fetch = (struct fetch){ .u = u, .label = c->href, .total = c->size };
	if (c->once && defaults_made)
		item->plan = item->installed != NULL ? PLAN_LINK : PLAN_LEAVE_OUT;
	else if (item->installed != NULL && c->has_sha256 && !u->options->force &&
		 memcmp(item->installed->sha256, c->sha256, sizeof(c->sha256)) == 0 &&
		 store_component_whole(u->store, u->current, c->id))
		item->plan = PLAN_LINK;
	else
		item->plan = PLAN_FETCH;
}

static int larger_first(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;

	if (x->fetch.total != y->fetch.total)
		return x->fetch.total > y->fetch.total ? -1 : 1;
	return strcmp(x->component->id, y->component->id);
}

bool plan_make(struct pipeline *p, struct error *err)
{
	struct manifest *m = p->u->manifest;
	bool defaults_made = defaults_were_made(p->u);

	p->items = calloc(m->count + 1, sizeof(*p->items));
	p->order = calloc(m->count + 1, sizeof(struct item *));
	if (p->items == NULL || p->order == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	p->count = m->count;
	for (size_t i = 0; i < m->count; i++) {
		struct item *item = &p->items[i];

		item->pipeline = p;
		item->component = &m->components[i];
		plan_item(p->u, item, defaults_made);
		if (item->plan == PLAN_FETCH)
			p->order[p->fetch_count++] = item;
	}
	qsort(p->order, p->fetch_count, sizeof(struct item *), larger_first);
	return true;
}

void plan_clear(struct pipeline *p)
{
	free(p->items);
	free(p->order);
	p->items = NULL;
	p->order = NULL;
	p->count = p->fetch_count = 0;
}

/* A manifest that names more than the settings allow is refused before a byte of it is fetched. */
static bool check_sizes(const struct pipeline *p, struct error *err)
{
	int64_t max = settings_int(p->u->options->settings, SETTING_DOWNLOAD_COMPONENT_MAX_MB) * 1024 * 1024;

	for (size_t i = 0; i < p->count; i++) {
		const struct component *c = p->items[i].component;

		if (c->size > max) {
			error_set(err, FINDING_HTTP_TOO_LARGE, _("%s has %lld bytes, more than the %lld MiB that are allowed"),
				  c->href, (long long)c->size, (long long)(max >> 20));
			return error_next(err, _("If that is right, raise the setting download.component_max_mb."));
		}
	}
	return true;
}

/* The least that the update will need: the archives that are kept while they are unpacked, and what they held last time. */
static bool check_space(const struct pipeline *p, struct error *err)
{
	int64_t bytes = 0, inodes = (int64_t)p->fetch_count, free_bytes, free_inodes;

	for (size_t i = 0; i < p->fetch_count; i++) {
		const struct item *item = p->order[i];
		int64_t archive = item->fetch.total > 0 ? item->fetch.total : 0;

		bytes += archive + (item->installed != NULL ? item->installed->bytes : archive);
		inodes += item->installed != NULL ? item->installed->files : 0;
	}
	if (p->fetch_count == 0 || !store_space(p->u->store, &free_bytes, &free_inodes, NULL))
		return true;
	if (free_bytes >= 0 && bytes > free_bytes)
		return error_set(err, FINDING_DISK_FULL, _("%s has %lld MiB free; the update needs at least %lld MiB"),
				 store_path(p->u->store), (long long)(free_bytes >> 20), (long long)(bytes >> 20) + 1);
	if (free_inodes >= 0 && inodes > free_inodes)
		return error_set(err, FINDING_INODES_EXHAUSTED, _("%s has %lld inodes free; the update needs at least %lld"),
				 store_path(p->u->store), (long long)free_inodes, (long long)inodes);
	return true;
}

bool plan_check(const struct pipeline *p, struct error *err)
{
	return check_sizes(p, err) && check_space(p, err);
}
