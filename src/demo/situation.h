/* situation.h - the demo's situations, and the folder in which one is set up.
 *
 * Everything is below one temporary folder - settings, state, feed, log - and all servers are on 127.0.0.1, so that nothing
 * of this machine is read or changed, and no packet leaves it.
 */
#ifndef PC_DEMO_SITUATION_H
#define PC_DEMO_SITUATION_H

#include <stddef.h>

#include "base/error.h"
#include "demo/server.h"

struct situation {
	const char *code;		/* the finding that is the cause; "healthy" */
	const char *title;		/* translated where shown */
	const char *hint;		/* translated where shown */
};

const struct situation *situation_at(size_t i);	/* NULL behind the last one */
const struct situation *situation_find(const char *code);

struct place;

/* Makes the folder with the sample's content, a larger and newer feed, and a log. `bundle` is the sample bundle.
 * Own: place_free(), which stops the servers and removes the folder. */
bool place_make(const char *bundle, struct place **out, struct error *err);
void place_free(struct place *p);

const char *place_dir(const struct place *p);
const char *place_config(const struct place *p);
const char *place_state(const struct place *p);
const char *place_bundle(const struct place *p);

/* Starts the servers of a situation (after those of the one before have stopped) and writes the settings for it. What was
 * downloaded so far stays. */
bool place_set_up(struct place *p, const struct situation *situation, struct error *err);

#endif
