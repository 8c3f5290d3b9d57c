/* state.h - what the updates remember between runs: the feed's validators, the last attempt, the schedule. */
#ifndef PC_UPDATE_STATE_H
#define PC_UPDATE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "base/error.h"
#include "settings/settings.h"

#define UPDATE_STATE_FILE "update.json"

struct update_state {
	char url[2048];			/* the feed that the validators belong to */
	char etag[256];
	char last_modified[64];
	char generation[64];		/* that the manifest at `url` became */
	time_t first_seen;		/* when the schedule was first looked at */
	time_t last_attempt;
	time_t last_success;		/* updated, or found up to date */
	char last_status[32];		/* updated | up-to-date | failed */
	char last_cause[64];
	char last_summary[1024];
	char last_source[16];
	long last_duration_ms;
	char success_source[16];	/* of the last success: where from, and how long it took */
	long success_duration_ms;
};

/* A state that was never saved, or that cannot be read, is an empty one: nothing in it is needed to be right. */
void update_state_load(const char *state_dir, struct update_state *out);
bool update_state_save(const char *state_dir, const struct update_state *state, struct error *err);

/* When the next scheduled check is due (0: the schedule is off). The jitter is fixed for a node, so that fifty nodes
 * with the same settings do not all come at once. */
time_t update_next_due(const struct settings *settings, const struct update_state *state, time_t now);

#endif
