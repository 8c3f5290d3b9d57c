/* Fetching, verifying and unpacking, side by side: component A is unpacked by a worker while B still arrives. A component is
 * unpacked only after its hash was found right.
 */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "update/apply.h"

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

/* --- progress ------------------------------------------------------------------------------------------------------ */

void pipeline_fail(struct pipeline *p, const struct error *err)
{
	if (!p->failed)
		p->error = *err;
	p->failed = true;
}

void pipeline_tell_phase(struct pipeline *p, bool *told, const char *phase)
{
	if (!*told)
		update_phase(p->u, phase);
	*told = true;
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
			pipeline_tell_phase(p, &p->verifying, "verify");
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

static void on_unpacked(void *data, const struct worker_result *result)
{
	struct pipeline *p = data;
	struct item *item = &p->items[result->index];

	if (!result->ok) {
		struct error err = result->error;

		error_wrap(&err, _("component %s"), item->component->id);
		pipeline_fail(p, &err);
		return;
	}
	item->extracted = result->extracted;
	item->state = ITEM_DONE;
	p->done++;
	if (p->u->options->source == UPDATE_OFFLINE) {
		pipeline_tell_phase(p, &p->verifying, "verify");
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

	pipeline_tell_phase(p, &p->staging, "stage");
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

bool pipeline_wait(struct pipeline *p, struct error *err)
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

bool pipeline_collect(struct pipeline *p, void (*finished)(void *data, const struct worker_result *result), size_t all,
		      struct error *err)
{
	worker_pool_collect(p->workers, on_worker_progress, finished, p);
	if (p->failed) {
		*err = p->error;
		return false;
	}
	return p->done >= all || worker_pool_alive(p->workers, err);
}

bool pipeline_run(struct pipeline *p, struct error *err)
{
	while (p->done < p->fetch_count) {
		if (update_stopped(err) || !start_work(p, err) || !pipeline_wait(p, err) || !take_fetched(p, err))
			return false;
		if (!pipeline_collect(p, on_unpacked, p->fetch_count, err))
			return false;
	}
	return true;
}

bool pipeline_start_workers(struct pipeline *p, size_t tasks, struct error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int count = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;

	return worker_pool_start(tasks < (size_t)count ? (int)tasks : count, p->u->bundle, store_staging_fd(p->u->store), &p->workers,
				 err);
}
