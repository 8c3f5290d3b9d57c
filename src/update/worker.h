/* worker.h - the processes that unpack components, side by side.
 *
 * Archives are hostile until proven otherwise, so they are taken apart in processes of their own: a crash there is a
 * failed component, never a half-written store. Tasks go out and results come back over a socket a worker.
 */
#ifndef PC_UPDATE_WORKER_H
#define PC_UPDATE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "feed/bundle.h"
#include "feed/extract.h"

enum worker_op {
	WORKER_EXTRACT,		/* unpack archive_fd (verified already) below dir_fd */
	WORKER_UNPACK,		/* copy the bundle's member, verify the copy's size and hash, unpack that copy */
	WORKER_HASH		/* only tell the member's hash */
};

struct worker_task {
	enum worker_op op;
	size_t index;			/* the caller's number for it */
	int archive_fd, dir_fd;		/* lent for the call; -1: none */
	const char *name;		/* the bundle's member; also the file name when it is no archive */
	const unsigned char *sha256;	/* expected; NULL with WORKER_HASH */
	struct extract_limits limits;
};

struct worker_result {
	size_t index;
	bool ok;
	struct extract_result extracted;
	unsigned char sha256[32];
	int64_t size;			/* of the archive */
	struct error error;
};

struct worker_pool;

/* Starts `count` processes. `bundle` (may be NULL) is what WORKER_UNPACK and WORKER_HASH read; `staging_fd` a folder for
 * unnamed temporary files. The caller must have one thread only. */
bool worker_pool_start(int count, const struct bundle *bundle, int staging_fd, struct worker_pool **out,
		       struct error *err);
/* Ends the processes, at once when they still work. */
void worker_pool_free(struct worker_pool *pool);

/* Is any process left? When all have died, however that came, err says how. */
bool worker_pool_alive(const struct worker_pool *pool, struct error *err);
/* Is a worker free to take a task? */
bool worker_pool_idle(const struct worker_pool *pool);
/* What confines every worker that was heard of: CONFINE_LANDLOCK, CONFINE_SECCOMP. */
unsigned int worker_pool_confined(const struct worker_pool *pool);
/* Tasks that are being worked on. */
size_t worker_pool_busy(const struct worker_pool *pool);
/* Gives a task to a free worker; one that has died meanwhile is passed over. */
bool worker_pool_submit(struct worker_pool *pool, const struct worker_task *task, struct error *err);
/* The descriptors to wait for; writes at most `max`, returns how many. */
size_t worker_pool_fds(const struct worker_pool *pool, int *fds, size_t max);
/* Takes what has arrived without waiting: progress (bytes of the archive read) and results. */
void worker_pool_collect(struct worker_pool *pool, void (*progress)(void *data, size_t index, int64_t bytes),
			 void (*finished)(void *data, const struct worker_result *result), void *data);

#endif
