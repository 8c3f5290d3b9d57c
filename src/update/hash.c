/* A bundle without a manifest says no hashes: its components are taken for what they are, and are compared with what is
 * installed by the hashes that they have.
 */
#include <string.h>

#include "update/apply.h"

static void on_hashed(void *data, const struct worker_result *result)
{
	struct pipeline *p = data;
	struct component *c = p->items[result->index].component;

	p->done++;
	if (!result->ok) {
		pipeline_fail(p, &result->error);
		return;
	}
	memcpy(c->sha256, result->sha256, sizeof(c->sha256));
	c->has_sha256 = true;
	c->size = result->size;
}

/* Gives the free workers what is not given out yet, from *next on. */
static bool submit(struct pipeline *p, size_t *next, struct error *err)
{
	while (*next < p->count && worker_pool_idle(p->workers)) {
		struct worker_task task = { .op = WORKER_HASH, .index = *next, .archive_fd = -1, .dir_fd = -1,
					    .name = p->items[*next].component->href };

		if (!worker_pool_submit(p->workers, &task, err))
			return false;
		++*next;
	}
	return true;
}

bool hash_all(struct pipeline *p, struct error *err)
{
	size_t next = 0;

	while (p->done < p->count) {
		if (!submit(p, &next, err) || update_stopped(err) || !pipeline_wait(p, err) ||
		    !pipeline_collect(p, on_hashed, p->count, err))
			return false;
	}
	p->done = 0;
	return true;
}
