/* From a verified manifest to a committed generation. */
#include "update/apply.h"

#include "base/confine.h"
#include "base/i18n.h"

/* How much there is to do, so that a reader can say how far it is. */
static void tell_plan(const struct pipeline *p)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < p->fetch_count; i++)
		bytes += p->order[i]->fetch.total > 0 ? p->order[i]->fetch.total : 0;
	event_emit(p->u->sink, event_new("update.plan", "{s:I, s:I, s:I}", "components", (json_int_t)p->fetch_count, "kept",
					 (json_int_t)(p->count - p->fetch_count), "bytes", (json_int_t)bytes));
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

static void close_pipeline(struct pipeline *p)
{
	worker_pool_free(p->workers);
	if (p->u->http != NULL && http_pending(p->u->http) > 0)
		update_network_close(p->u);	/* ends the requests while what their callbacks point at still stands */
	for (size_t i = 0; i < p->count; i++)
		part_close(p->items[i].fetch.part);
	if (p->build != NULL)
		store_build_discard(p->build);
	plan_clear(p);
}

/* Without hashes in the manifest the plan is made again once they are known. */
static bool plan(struct pipeline *p, struct error *err)
{
	if (!plan_make(p, err))
		return false;
	if (!p->u->manifest->synthetic)
		return true;
	if (!pipeline_start_workers(p, p->count, err) || !hash_all(p, err))
		return false;
	plan_clear(p);
	return plan_make(p, err);
}

static bool stage(struct pipeline *p, struct error *err)
{
	struct update *u = p->u;

	if (!store_build_begin(u->store, &p->build, err))
		return false;
	if (p->fetch_count > 0) {
		update_phase(u, "download");
		if (!pipeline_run(p, err))
			return false;
	}
	tell_confinement(p);
	pipeline_tell_phase(p, &p->staging, "stage");
	return link_unchanged(p, err) &&
	       (u->xml.len == 0 || store_build_file(p->build, MANIFEST_NAME, u->xml.data, u->xml.len, err)) &&
	       (u->p7s.len == 0 || store_build_file(p->build, MANIFEST_SIGNATURE_NAME, u->p7s.data, u->p7s.len, err)) &&
	       !update_stopped(err);
}

bool update_apply(struct update *u, struct error *err)
{
	struct pipeline p = { .u = u };
	bool ok = false;

	if (!plan(&p, err))
		goto out;
	u->components_changed = p.fetch_count;
	u->components_kept = p.count - p.fetch_count;
	tell_plan(&p);
	if (!plan_check(&p, err))
		goto out;
	if (p.workers == NULL && p.fetch_count > 0 && !pipeline_start_workers(&p, p.fetch_count, err))
		goto out;
	if (!stage(&p, err))
		goto out;
	update_phase(u, "commit");
	ok = commit_build(&p, err);
out:
	close_pipeline(&p);
	return ok;
}
