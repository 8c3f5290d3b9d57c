/* apply.h - what the files that apply an update share: its plan, and how far each component is. Private to src/update.
 *
 * plan.c says what is to be fetched, pipeline.c fetches, verifies and unpacks it, hash.c comes first where the hashes are not
 * known, commit.c makes a generation of it, apply.c puts them in their order.
 */
#ifndef PC_UPDATE_APPLY_H
#define PC_UPDATE_APPLY_H

#include "update/fetch.h"
#include "update/run.h"
#include "update/worker.h"

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
	bool failed;			/* what a worker said; `error` says why */
	struct error error;
};

/* plan.c: what to do with each component of the manifest. */
bool plan_make(struct pipeline *p, struct error *err);
void plan_clear(struct pipeline *p);
/* Is it within what the settings allow, and is there room for it? */
bool plan_check(const struct pipeline *p, struct error *err);

/* pipeline.c: fetches, verifies and unpacks all that is to be fetched, side by side. */
bool pipeline_run(struct pipeline *p, struct error *err);
/* The processes for so many tasks, never more than there is use for. */
bool pipeline_start_workers(struct pipeline *p, size_t tasks, struct error *err);
/* Until a worker or the network has something to say. */
bool pipeline_wait(struct pipeline *p, struct error *err);
/* Takes what the workers have done; false when that is a failure, or `done` is less than `all` and none of them is left. */
bool pipeline_collect(struct pipeline *p, void (*finished)(void *data, const struct worker_result *result), size_t all,
		      struct error *err);
/* Keeps the first failure, for pipeline_collect() to return. */
void pipeline_fail(struct pipeline *p, const struct error *err);
void pipeline_tell_phase(struct pipeline *p, bool *told, const char *phase);

/* hash.c: the hashes of a bundle without a manifest are those that its files have. */
bool hash_all(struct pipeline *p, struct error *err);

/* commit.c: what was staged becomes the current generation. Frees p->build. */
bool commit_build(struct pipeline *p, struct error *err);

#endif
