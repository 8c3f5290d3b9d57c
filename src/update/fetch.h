/* fetch.h - one object's download: resumed, retried, verified; progress told. Private to src/update.
 *
 * Used for components (size and hash known from the manifest), for a bundle at a URL (neither known) and by the mirror.
 */
#ifndef PC_UPDATE_FETCH_H
#define PC_UPDATE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "update/part.h"
#include "update/run.h"

enum fetch_state { FETCH_WAITING, FETCH_RUNNING, FETCH_READY, FETCH_FAILED };

struct fetch {
	struct update *u;
	const char *label;		/* what progress calls it */
	char url[2048];
	const unsigned char *sha256;	/* NULL: not known */
	int64_t max_bytes;
	int64_t total;			/* -1: not known yet */

	enum fetch_state state;
	struct error error;		/* when FETCH_FAILED */
	struct part *part;		/* complete and right when FETCH_READY; the caller ends it */
	int64_t bytes;
	int64_t held;			/* of these, what was here before */
	int64_t started_ms, told_ms;
	bool restarted;			/* its hash was wrong once: fetched anew without resuming */
	enum { BY_NAME, BY_HASH, NOT_BY_HASH } way;	/* how it is asked for; NOT_BY_HASH: by its name, and it is not there by its hash */
	struct error by_name;		/* why it is asked for by its hash */
	char asked[2048];		/* the address of the request that runs */
	char validator[256];
};

/* Begins, or begins again (a fetch goes back to FETCH_WAITING when it must be fetched anew). The struct must stay where it
 * is until its request has ended: see http_client_free(). */
bool fetch_start(struct fetch *f, struct error *err);

/* Tells the progress as an event, at most four times a second unless `now`. */
void fetch_tell(struct fetch *f, bool now);

#endif
