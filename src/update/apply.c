/* From a verified manifest to a committed generation: what to fetch, what to keep, and the pipeline in between.
 *
 * Component A is unpacked by a worker while B still arrives. A component is unpacked only after its hash was found right.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"
#include "job/job.h"
#include "update/fetch.h"
#include "update/run.h"
#include "update/worker.h"

#define STEP_MS 250
#define WORKERS_MAX 4
/* At most two large components arrive at once: together they fill the line, and one after the other they can be unpacked
 * while the next arrives, instead of all at the end. Where one alone comes as fast as a disk takes it, the next waits until that one
 * is nearly here: the first can then be unpacked the earlier. */
#define LARGE_BYTES (4 * 1024 * 1024)
#define LARGE_AT_ONCE 2
#define LARGE_LEFT_BYTES (2 * 1024 * 1024)
#define FAST_BYTES_PER_MS (40 * 1024)
#define FAST_KNOWN_MS 200

enum item_plan {
	PLAN_FETCH,
	PLAN_LINK,		/* unchanged: hard-linked from the generation before */
	PLAN_LEAVE_OUT		/* defaults that were made once; not here any more, or never unpacked here */
};

enum item_state { ITEM_WAITING, ITEM_FETCHING, ITEM_READY, ITEM_UNPACKING, ITEM_DONE };

struct pipeline;

struct item {
	struct pipeline *pipeline;
	struct component *component;
	const struct store_component *installed;	/* the same component in the current generation */
	enum item_plan plan;
	enum item_state state;
	struct fetch fetch;		/* its download; offline only its progress */
	struct extract_result extracted;
};

struct pipeline {
	struct update *u;
	struct store_build *build;
	struct worker_pool *workers;
	struct item *items;
	struct item **order;		/* to fetch, the largest first */
	size_t count, fetch_count;
	size_t fetching, done;
	bool verifying, staging;	/* the phases were told */
	bool failed;
	struct error error;
};

/* --- the plan ------------------------------------------------------------------------------------------------------ */

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

static int larger_first(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;

	if (x->fetch.total != y->fetch.total)
		return x->fetch.total > y->fetch.total ? -1 : 1;
	return strcmp(x->component->id, y->component->id);
}

static bool make_plan(struct pipeline *p, struct error *err)
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

/* --- progress ------------------------------------------------------------------------------------------------------ */

static void fail(struct pipeline *p, const struct error *err)
{
	if (!p->failed)
		p->error = *err;
	p->failed = true;
}

static void tell_phase_once(struct pipeline *p, bool *told, const char *phase)
{
	if (!*told)
		update_phase(p->u, phase);
	*told = true;
}

/* How much there is to do, so that a reader can say how far it is. */
static void tell_plan(const struct pipeline *p)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < p->fetch_count; i++)
		bytes += p->order[i]->fetch.total > 0 ? p->order[i]->fetch.total : 0;
	event_emit(p->u->sink, event_new("update.plan", "{s:I, s:I, s:I}", "components", (json_int_t)p->fetch_count, "kept",
					 (json_int_t)(p->count - p->fetch_count), "bytes", (json_int_t)bytes));
}

/* --- fetching ------------------------------------------------------------------------------------------------------ */

static bool start_fetch(struct item *item, struct error *err)
{
	struct update *u = item->pipeline->u;
	const struct component *c = item->component;

	if (!update_url_join(u->base_url, c->href, item->fetch.url, sizeof(item->fetch.url), err))
		return false;
	item->fetch.max_bytes = c->size;
	item->fetch.sha256 = c->sha256;
	log_write(u->log, LOG_LEVEL_INFO, "DownloadManager", "download", "Download file URI : %s", item->fetch.url);
	return fetch_start(&item->fetch, err);
}

/* What became of the requests: ready to unpack, to be fetched anew, or failed. */
static bool take_fetched(struct pipeline *p, struct error *err)
{
	p->fetching = 0;
	for (size_t i = 0; i < p->fetch_count; i++) {
		struct item *item = p->order[i];

		if (item->state != ITEM_FETCHING)
			continue;
		switch (item->fetch.state) {
		case FETCH_RUNNING:
			p->fetching++;
			break;
		case FETCH_READY:
			tell_phase_once(p, &p->verifying, "verify");
			item->state = ITEM_READY;
			break;
		case FETCH_WAITING:
			item->state = ITEM_WAITING;
			break;
		case FETCH_FAILED:
			*err = item->fetch.error;
			return false;
		}
	}
	return true;
}

/* --- unpacking ----------------------------------------------------------------------------------------------------- */

static void on_worker_progress(void *data, size_t index, int64_t bytes)
{
	struct pipeline *p = data;
	struct item *item = &p->items[index];

	if (p->u->options->source != UPDATE_OFFLINE)
		return;		/* its download was told already */
	item->fetch.bytes = bytes;
	if (bytes != item->fetch.total)
		fetch_tell(&item->fetch, false);
}

static void on_worker_finished(void *data, const struct worker_result *result)
{
	struct pipeline *p = data;
	struct item *item = &p->items[result->index];

	if (!result->ok) {
		struct error err = result->error;

		error_wrap(&err, _("component %s"), item->component->id);
		fail(p, &err);
		return;
	}
	item->extracted = result->extracted;
	item->state = ITEM_DONE;
	p->done++;
	if (p->u->options->source == UPDATE_OFFLINE) {
		tell_phase_once(p, &p->verifying, "verify");
		item->fetch.bytes = item->fetch.total = result->size;
		item->component->size = result->size;
		fetch_tell(&item->fetch, true);
	}
	/* The archive has served: before the flush, so that it never needs to reach the disk. */
	part_remove(item->fetch.part);
	item->fetch.part = NULL;
}

static bool start_unpack(struct item *item, struct error *err)
{
	struct pipeline *p = item->pipeline;
	bool web = p->u->options->source == UPDATE_WEB;
	struct worker_task task = { .op = web ? WORKER_EXTRACT : WORKER_UNPACK, .index = (size_t)(item - p->items),
				    .archive_fd = web ? part_fd(item->fetch.part) : -1, .name = item->component->href,
				    .sha256 = item->component->sha256 };
	bool ok;

	tell_phase_once(p, &p->staging, "stage");
	if (!web) {
		item->fetch.started_ms = clock_monotonic_ms();
		log_write(p->u->log, LOG_LEVEL_INFO, "DownloadManager", "download", "Offline download file URI : %s/%s",
			  p->u->from, item->component->href);
	}
	task.dir_fd = store_build_component_dir(p->build, item->component->id, err);
	if (task.dir_fd < 0)
		return false;
	ok = worker_pool_submit(p->workers, &task, err);
	file_close(&task.dir_fd);
	if (ok)
		item->state = ITEM_UNPACKING;
	return ok;
}

/* --- the pipeline -------------------------------------------------------------------------------------------------- */

/* Is that one alone enough for the line, for now? */
static bool fills_line(const struct fetch *f, int64_t now)
{
	int64_t spent = now - f->started_ms;

	return f->total - f->bytes > LARGE_LEFT_BYTES && (spent < FAST_KNOWN_MS || f->bytes / spent >= FAST_BYTES_PER_MS);
}

/* The large ones come first in the order, and have the line to themselves. The small ones then arrive while the last large
 * one is unpacked, and end the download with little left to do. */
static bool may_fetch(const struct pipeline *p, const struct item *item, size_t parallel)
{
	int64_t now = clock_monotonic_ms();
	size_t large = 0;

	if (p->fetching >= parallel)
		return false;
	for (size_t i = 0; i < p->fetch_count && p->order[i]->fetch.total >= LARGE_BYTES; i++) {
		if (p->order[i]->state == ITEM_FETCHING && fills_line(&p->order[i]->fetch, now))
			return false;
		large += p->order[i]->state == ITEM_FETCHING;
	}
	return large < (item->fetch.total >= LARGE_BYTES ? LARGE_AT_ONCE : 1);
}

/* Starts what can be started now. */
static bool start_work(struct pipeline *p, struct error *err)
{
	size_t parallel = (size_t)settings_int(p->u->options->settings, SETTING_DOWNLOAD_PARALLEL);
	bool web = p->u->options->source == UPDATE_WEB, more = true;

	for (size_t i = 0; i < p->fetch_count; i++) {
		struct item *item = p->order[i];

		if (item->state == ITEM_WAITING && !web)
			item->state = ITEM_READY;
		if (item->state == ITEM_WAITING && more) {
			more = may_fetch(p, item, parallel);
			if (more && !start_fetch(item, err))
				return false;
			if (more) {
				item->state = ITEM_FETCHING;
				p->fetching++;
			}
		}
		if (item->state == ITEM_READY && worker_pool_idle(p->workers) && !start_unpack(item, err))
			return false;
	}
	return true;
}

static bool wait_for_work(struct pipeline *p, struct error *err)
{
	struct pollfd wait[WORKERS_MAX];
	int fds[WORKERS_MAX];
	size_t n = worker_pool_fds(p->workers, fds, WORKERS_MAX);

	/* A fetch that was complete already needs no waiting. */
	if (worker_pool_busy(p->workers) == 0 && (p->u->http == NULL || http_pending(p->u->http) == 0))
		return true;
	if (p->u->http != NULL && http_pending(p->u->http) > 0) {
		struct curl_waitfd extra[WORKERS_MAX];

		for (size_t i = 0; i < n; i++)
			extra[i] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
		return http_step(p->u->http, extra, (unsigned int)n, STEP_MS, err);
	}
	for (size_t i = 0; i < n; i++)
		wait[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	poll(wait, n, STEP_MS);
	return true;
}

static bool run_pipeline(struct pipeline *p, struct error *err)
{
	while (p->done < p->fetch_count) {
		if (update_stopped(err) || !start_work(p, err) || !wait_for_work(p, err) || !take_fetched(p, err))
			return false;
		worker_pool_collect(p->workers, on_worker_progress, on_worker_finished, p);
		if (p->failed) {
			*err = p->error;
			return false;
		}
		if (p->done < p->fetch_count && !worker_pool_alive(p->workers, err))
			return false;
	}
	return true;
}

static int worker_count(size_t tasks)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int count = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;

	return tasks < (size_t)count ? (int)tasks : count;
}

/* A bundle without a manifest: the hashes are what its files have. */
static void on_hashed(void *data, const struct worker_result *result)
{
	struct pipeline *p = data;
	struct component *c = p->items[result->index].component;

	p->done++;
	if (!result->ok) {
		fail(p, &result->error);
		return;
	}
	memcpy(c->sha256, result->sha256, sizeof(c->sha256));
	c->has_sha256 = true;
	c->size = result->size;
}

static bool hash_synthetic(struct pipeline *p, struct error *err)
{
	size_t next = 0;

	while (p->done < p->count) {
		while (next < p->count && worker_pool_idle(p->workers)) {
			struct worker_task task = { .op = WORKER_HASH, .index = next, .archive_fd = -1, .dir_fd = -1,
						    .name = p->items[next].component->href };

			if (!worker_pool_submit(p->workers, &task, err))
				return false;
			next++;
		}
		if (update_stopped(err) || !wait_for_work(p, err))
			return false;
		worker_pool_collect(p->workers, on_worker_progress, on_hashed, p);
		if (p->failed) {
			*err = p->error;
			return false;
		}
		if (p->done < p->count && !worker_pool_alive(p->workers, err))
			return false;
	}
	p->done = 0;
	return true;
}

/* An old kernel is no reason not to update; but who reads the log should know. */
static void tell_confinement(const struct pipeline *p)
{
	const char *missing = p->workers != NULL ? confine_missing(worker_pool_confined(p->workers)) : NULL;

	if (missing != NULL)
		log_write(p->u->log, LOG_LEVEL_WARN, "Update", "stage",
			  "archives were unpacked without %s, which this kernel does not have", missing);
}

static bool link_unchanged(struct pipeline *p, struct error *err)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].plan == PLAN_LINK &&
		    !store_build_link(p->build, p->u->current, p->items[i].component->id, err))
			return false;
	}
	return true;
}

/* --- the commit ---------------------------------------------------------------------------------------------------- */

static bool describe_component(const struct item *item, struct store_component *out)
{
	const struct component *c = item->component;
	/* Defaults made once stay what they were, whatever the feed says now. */
	bool kept = item->plan == PLAN_LINK;

	out->id = strdup(c->id);
	out->title = strdup(c->title != NULL ? c->title : c->id);
	out->version = strdup(kept && c->once ? item->installed->version : c->version);
	out->href = strdup(c->href);
	out->size = kept ? item->installed->size : c->size;
	memcpy(out->sha256, kept ? item->installed->sha256 : c->sha256, sizeof(out->sha256));
	out->files = kept ? item->installed->files : item->extracted.files;
	out->bytes = kept ? item->installed->bytes : item->extracted.bytes;
	out->once = c->once;
	return out->id != NULL && out->title != NULL && out->version != NULL && out->href != NULL;
}

static struct store_generation *describe(const struct pipeline *p, struct error *err)
{
	const struct update *u = p->u;
	struct store_generation *g = calloc(1, sizeof(*g));
	bool ok = g != NULL;

	if (ok) {
		g->version = strdup(u->manifest->version);
		g->published = u->manifest->published;
		g->expires = u->manifest->expires;
		g->source = strdup(u->options->source == UPDATE_WEB ? "web" : "offline");
		g->from = strdup(u->from);
		g->signer = strdup(u->signer.signer);
		g->components = calloc(p->count + 1, sizeof(*g->components));
		ok = g->version != NULL && g->source != NULL && g->from != NULL && g->signer != NULL &&
		     g->components != NULL;
	}
	for (size_t i = 0; ok && i < p->count; i++) {
		if (p->items[i].plan != PLAN_LEAVE_OUT)
			ok = describe_component(&p->items[i], &g->components[g->count++]);
	}
	if (!ok) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		store_generation_free(g);
		return NULL;
	}
	return g;
}

/* The switch is done; what came after it may not be. */
static void warn_unfinished(struct update *u)
{
	const struct error *warning = store_warning(u->store);

	if (warning != NULL)
		update_notice(u, warning->code, "%s", warning->message);
}

static bool commit(struct pipeline *p, struct error *err)
{
	struct update *u = p->u;
	struct store_generation *g = describe(p, err);
	struct store_build *build = p->build;
	json_t *history;
	bool ok;

	if (g == NULL || !update_hook_owe(u, store_build_id(build), err)) {
		store_generation_free(g);
		return false;
	}
	history = json_pack("{s:s, s:I, s:I, s:I, s:I}", "status", "updated", "duration_ms",
			    (json_int_t)(clock_monotonic_ms() - u->started_ms), "bytes_downloaded", (json_int_t)u->bytes_received,
			    "components_changed", (json_int_t)u->components_changed, "components_kept",
			    (json_int_t)u->components_kept);
	p->build = NULL;	/* the commit frees it in any case */
	ok = store_build_commit(build, g, (int)settings_int(u->options->settings, SETTING_STORE_KEEP), history, err);
	if (ok) {
		snprintf(u->generation, sizeof(u->generation), "%s", g->id);
		store_generation_free(u->current);
		u->current = g;
		warn_unfinished(u);
		return true;
	}
	store_generation_free(g);
	return false;
}

static void close_pipeline(struct pipeline *p)
{
	worker_pool_free(p->workers);
	if (p->u->http != NULL && http_pending(p->u->http) > 0)
		update_network_close(p->u);	/* ends the requests while what their callbacks point at still stands */
	for (size_t i = 0; i < p->count; i++)
		part_close(p->items[i].fetch.part);
	if (p->build != NULL)
		store_build_discard(p->build);
	free(p->items);
	free(p->order);
}

bool update_apply(struct update *u, struct error *err)
{
	struct pipeline p = { .u = u };
	bool ok = false;

	if (!make_plan(&p, err))
		goto out;
	if (u->manifest->synthetic) {
		/* Planned again once the hashes are known. */
		if (!worker_pool_start(worker_count(p.count), u->bundle, store_staging_fd(u->store), &p.workers, err) ||
		    !hash_synthetic(&p, err))
			goto out;
		free(p.items);
		free(p.order);
		p.items = NULL;
		p.order = NULL;
		p.count = p.fetch_count = 0;
		if (!make_plan(&p, err))
			goto out;
	}
	u->components_changed = p.fetch_count;
	u->components_kept = p.count - p.fetch_count;
	tell_plan(&p);
	if (!check_sizes(&p, err) || !check_space(&p, err))
		goto out;
	if (p.workers == NULL && p.fetch_count > 0 &&
	    !worker_pool_start(worker_count(p.fetch_count), u->bundle, store_staging_fd(u->store), &p.workers, err))
		goto out;
	if (!store_build_begin(u->store, &p.build, err))
		goto out;
	if (p.fetch_count > 0) {
		update_phase(u, "download");
		if (!run_pipeline(&p, err))
			goto out;
	}
	tell_confinement(&p);
	tell_phase_once(&p, &p.staging, "stage");
	if (!link_unchanged(&p, err) ||
	    (u->xml.len > 0 && !store_build_file(p.build, MANIFEST_NAME, u->xml.data, u->xml.len, err)) ||
	    (u->p7s.len > 0 && !store_build_file(p.build, MANIFEST_SIGNATURE_NAME, u->p7s.data, u->p7s.len, err)) ||
	    update_stopped(err))
		goto out;
	update_phase(u, "commit");
	ok = commit(&p, err);
out:
	close_pipeline(&p);
	return ok;
}
