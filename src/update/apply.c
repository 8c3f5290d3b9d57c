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
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "job/job.h"
#include "update/part.h"
#include "update/run.h"
#include "update/worker.h"

#define PROGRESS_EVERY_MS 250
#define STEP_MS 250
#define WORKERS_MAX 4

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
	struct part *part;
	bool restarted;			/* its hash was wrong once: fetched anew without resuming */
	int64_t bytes;			/* arrived, or read from the bundle */
	int64_t total;			/* -1: not known */
	int64_t started_ms, told_ms;
	struct extract_result extracted;
	char url[2048];
	char validator[256];
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

static void plan_item(const struct update *u, struct item *item, bool defaults_made)
{
	const struct component *c = item->component;

	item->installed = u->current != NULL ? store_generation_component(u->current, c->id) : NULL;
	item->total = c->size;
	if (c->once && defaults_made)
		item->plan = item->installed != NULL ? PLAN_LINK : PLAN_LEAVE_OUT;
	else if (item->installed != NULL && c->has_sha256 && !u->options->force &&
		 memcmp(item->installed->sha256, c->sha256, sizeof(c->sha256)) == 0)
		item->plan = PLAN_LINK;
	else
		item->plan = PLAN_FETCH;
}

static int larger_first(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return strcmp(x->component->id, y->component->id);
}

static bool make_plan(struct pipeline *p, struct error *err)
{
	struct manifest *m = p->u->manifest;
	bool defaults_made = defaults_were_made(p->u);

	p->count = m->count;
	p->items = calloc(m->count + 1, sizeof(*p->items));
	p->order = calloc(m->count + 1, sizeof(struct item *));
	if (p->items == NULL || p->order == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
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
	uint64_t bytes = 0, inodes = 0, free_bytes;
	struct statvfs fs;

	for (size_t i = 0; i < p->fetch_count; i++) {
		const struct item *item = p->order[i];

		if (item->total > 0)
			bytes += (uint64_t)item->total;
		if (item->installed != NULL) {
			bytes += (uint64_t)item->installed->bytes;
			inodes += (uint64_t)item->installed->files;
		} else if (item->total > 0) {
			bytes += (uint64_t)item->total;
		}
	}
	if (p->fetch_count == 0 || fstatvfs(store_fd(p->u->store), &fs) < 0)
		return true;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes > free_bytes) {
		error_set(err, FINDING_DISK_FULL, _("%s has %llu MiB free; the update needs at least %llu MiB"),
			  store_path(p->u->store), (unsigned long long)(free_bytes >> 20),
			  (unsigned long long)((bytes >> 20) + 1));
		return false;
	}
	if (fs.f_files > 0 && inodes + p->fetch_count > fs.f_favail)
		return error_set(err, FINDING_INODES_EXHAUSTED, _("%s has %llu inodes free; the update needs at least %llu"),
				 store_path(p->u->store), (unsigned long long)fs.f_favail,
				 (unsigned long long)(inodes + p->fetch_count));
	return true;
}

/* --- progress ------------------------------------------------------------------------------------------------------ */

static void fail(struct pipeline *p, const struct error *err)
{
	if (!p->failed)
		p->error = *err;
	p->failed = true;
}

static void tell_progress(struct item *item, bool now)
{
	int64_t at = clock_monotonic_ms(), spent = at - item->started_ms;

	if (!now && at - item->told_ms < PROGRESS_EVERY_MS)
		return;
	item->told_ms = at;
	event_emit(item->pipeline->u->sink,
		   event_new("update.progress", "{s:s, s:I, s:o, s:I}", "component", item->component->href, "bytes",
			     (json_int_t)item->bytes, "total", item->total >= 0 ? json_integer(item->total) : json_null(),
			     "rate", (json_int_t)(spent > 0 ? item->bytes * 1000 / spent : 0)));
}

static void tell_phase_once(struct pipeline *p, bool *told, const char *phase)
{
	if (!*told)
		update_phase(p->u, phase);
	*told = true;
}

/* --- fetching ------------------------------------------------------------------------------------------------------ */

static bool on_begin(void *data, const struct http_response *response, struct error *err)
{
	struct item *item = data;

	if (item->total >= 0 && response->total >= 0 && response->total != item->total)
		return error_set(err, FINDING_FEED_HASH_MISMATCH,
				 _("%s has %lld bytes at the server, %lld in the manifest"), item->component->href,
				 (long long)response->total, (long long)item->total);
	if (!part_begin(item->part, response->offset, response->etag, response->last_modified, err))
		return false;
	item->bytes = part_held(item->part);
	if (response->offset > 0)
		log_write(item->pipeline->u->log, LOG_LEVEL_INFO, "DownloadManager", "download",
			  "resuming %s at byte %lld", item->component->href, (long long)response->offset);
	return true;
}

static bool on_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct item *item = data;

	if (!part_write(item->part, bytes, len, err))
		return false;
	item->bytes = part_held(item->part);
	tell_progress(item, false);
	return true;
}

static int64_t on_held(void *data)
{
	struct item *item = data;

	return part_validator(item->part)[0] != '\0' ? part_held(item->part) : 0;
}

static void on_retry(void *data, int attempt, long wait_ms, const struct error *why)
{
	struct item *item = data;
	struct update *u = item->pipeline->u;

	log_write(u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s: attempt %d failed, next in %ld ms: %s",
		  item->component->href, attempt, wait_ms, why->message);
	event_emit(u->sink, event_new("update.retry", "{s:s, s:i, s:I, s:o, s:s}", "component", item->component->href,
				      "attempt", attempt, "wait_ms", (json_int_t)wait_ms, "message",
				      event_string(why->message), "finding", finding_info(why->code)->code));
}

/* The download is complete: is it what the manifest names? */
static bool check_part(struct item *item, struct error *err)
{
	unsigned char sha256[32];

	tell_phase_once(item->pipeline, &item->pipeline->verifying, "verify");
	if (!part_sha256(item->part, sha256, err))
		return false;
	if (memcmp(sha256, item->component->sha256, sizeof(sha256)) == 0)
		return true;
	return error_set(err, FINDING_FEED_HASH_MISMATCH, _("%s is not what the manifest says: its SHA-256 differs"),
			 item->component->href);
}

static void on_done(void *data, bool ok, const struct http_response *response, const struct error *why)
{
	struct item *item = data;
	struct pipeline *p = item->pipeline;
	struct error err = ERROR_INIT;

	p->fetching--;
	update_count(p->u, response);
	if (!ok) {
		err = *why;
		if (response != NULL && (response->status == 404 || response->status == 410))
			err.code = FINDING_FEED_COMPONENT_MISSING;
		if (!p->failed) {
			error_wrap(&err, _("cannot fetch %s"), item->component->href);
			fail(p, &err);
		}
		return;
	}
	tell_progress(item, true);
	if (check_part(item, &err)) {
		item->state = ITEM_READY;
		return;
	}
	/* What was resumed may have been damaged on disk, or the object changed under its validator: once more, whole. */
	if (err.code == FINDING_FEED_HASH_MISMATCH && !item->restarted) {
		item->restarted = true;
		part_remove(item->part);
		item->part = NULL;
		item->state = ITEM_WAITING;
		log_write(p->u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s; fetching it again",
			  err.message);
		return;
	}
	part_remove(item->part);
	item->part = NULL;
	fail(p, &err);
}

static bool start_fetch(struct item *item, struct error *err)
{
	struct update *u = item->pipeline->u;
	const struct component *c = item->component;
	struct http_request request = { .url = item->url, .begin = on_begin, .body = on_body, .held = on_held,
					.retry = on_retry, .done = on_done, .data = item };
	char key[65];

	for (int i = 0; i < 32; i++)
		snprintf(key + 2 * i, 3, "%02x", c->sha256[i]);
	if (!update_url_join(u->base_url, c->href, item->url, sizeof(item->url), err) ||
	    !part_open(u->parts_fd, key, item->url, c->size, &item->part, err))
		return false;
	item->state = ITEM_FETCHING;
	item->bytes = part_held(item->part);
	item->started_ms = clock_monotonic_ms();
	log_write(u->log, LOG_LEVEL_INFO, "DownloadManager", "download", "Download file URI : %s", item->url);
	if (item->bytes == c->size && check_part(item, err)) {
		/* It was complete before the job was stopped. */
		item->state = ITEM_READY;
		tell_progress(item, true);
		return true;
	}
	error_clear(err);
	snprintf(item->validator, sizeof(item->validator), "%s", part_validator(item->part));
	if (item->validator[0] != '\0' && item->bytes < c->size) {
		request.if_range = item->validator;
		request.resume_from = item->bytes;
	}
	request.max_bytes = c->size >= 0 ? c->size : COMPONENT_MAX_BYTES;
	if (!http_add(u->http, &request, err))
		return false;
	item->pipeline->fetching++;
	return true;
}

/* --- unpacking ----------------------------------------------------------------------------------------------------- */

static void on_worker_progress(void *data, size_t index, int64_t bytes)
{
	struct pipeline *p = data;
	struct item *item = &p->items[index];

	if (p->u->options->source != UPDATE_OFFLINE)
		return;		/* its download was told already */
	item->bytes = bytes;
	tell_progress(item, false);
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
		item->bytes = item->total = result->size;
		item->component->size = result->size;
		tell_progress(item, true);
	}
	/* The archive has served: before the flush, so that it never needs to reach the disk. */
	part_remove(item->part);
	item->part = NULL;
}

static bool start_unpack(struct item *item, struct error *err)
{
	struct pipeline *p = item->pipeline;
	bool web = p->u->options->source == UPDATE_WEB;
	struct worker_task task = { .op = web ? WORKER_EXTRACT : WORKER_UNPACK, .index = (size_t)(item - p->items),
				    .archive_fd = web ? part_fd(item->part) : -1, .name = item->component->href,
				    .sha256 = item->component->sha256 };
	bool ok;

	tell_phase_once(p, &p->staging, "stage");
	if (!web) {
		item->started_ms = clock_monotonic_ms();
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

/* Starts what can be started now. */
static bool start_work(struct pipeline *p, struct error *err)
{
	size_t parallel = (size_t)settings_int(p->u->options->settings, SETTING_DOWNLOAD_PARALLEL);
	bool web = p->u->options->source == UPDATE_WEB;

	for (size_t i = 0; i < p->fetch_count; i++) {
		struct item *item = p->order[i];

		if (item->state == ITEM_WAITING && !web)
			item->state = ITEM_READY;
		if (item->state == ITEM_WAITING && p->fetching < parallel && !start_fetch(item, err))
			return false;
		if (item->state == ITEM_READY && worker_pool_idle(p->workers) && !start_unpack(item, err))
			return false;
	}
	return true;
}

static bool wait_for_work(struct pipeline *p, struct error *err)
{
	int fds[WORKERS_MAX];
	size_t n = worker_pool_fds(p->workers, fds, WORKERS_MAX);

	if (p->u->http != NULL && http_pending(p->u->http) > 0) {
		struct curl_waitfd extra[WORKERS_MAX];

		for (size_t i = 0; i < n; i++)
			extra[i] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
		return http_step(p->u->http, extra, (unsigned int)n, STEP_MS, err);
	}
	if (worker_pool_busy(p->workers) > 0) {
		struct pollfd wait[WORKERS_MAX];

		for (size_t i = 0; i < n; i++)
			wait[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		poll(wait, n, STEP_MS);
	}
	return true;
}

static bool run_pipeline(struct pipeline *p, struct error *err)
{
	while (p->done < p->fetch_count) {
		if (update_stopped(err) || !start_work(p, err) || !wait_for_work(p, err))
			return false;
		worker_pool_collect(p->workers, on_worker_progress, on_worker_finished, p);
		if (p->failed) {
			*err = p->error;
			return false;
		}
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
	}
	p->done = 0;
	return true;
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

static bool commit(struct pipeline *p, struct error *err)
{
	struct update *u = p->u;
	struct store_generation *g = describe(p, err);
	struct store_build *build = p->build;
	json_t *history;
	bool ok;

	if (g == NULL)
		return false;
	history = json_pack("{s:s, s:I, s:I, s:I}", "status", "updated", "bytes_downloaded", (json_int_t)u->bytes_received,
			    "components_changed", (json_int_t)u->components_changed, "components_kept",
			    (json_int_t)u->components_kept);
	p->build = NULL;	/* the commit frees it in any case */
	ok = store_build_commit(build, g, (int)settings_int(u->options->settings, SETTING_STORE_KEEP), history, err);
	if (ok) {
		snprintf(u->generation, sizeof(u->generation), "%s", g->id);
		store_generation_free(u->current);
		u->current = g;
		return true;
	}
	store_generation_free(g);
	return false;
}

static void close_pipeline(struct pipeline *p)
{
	worker_pool_free(p->workers);
	if (p->fetching > 0) {
		/* Ends the requests while what their callbacks point at still stands. */
		p->failed = true;
		http_client_free(p->u->http);
		p->u->http = NULL;
	}
	for (size_t i = 0; i < p->count; i++)
		part_close(p->items[i].part);
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
	if (!check_space(&p, err))
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
