/* watch.h - what is known of updates: the information of the last one, and the job that runs, whoever started it.
 *
 * No curses. The state folder is watched, so that a job of another console or of the timer is seen when it begins.
 */
#ifndef PC_UI_WATCH_H
#define PC_UI_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "folder_watch.h"
#include "job/job.h"
#include "store/store.h"
#include "update/state.h"

#define WATCH_BARS 16

struct watch_bar {
	char name[128];
	int64_t bytes, held, total, rate;	/* held: of the bytes, what was here before; total -1: not known */
};

struct watch {
	const char *state_dir;
	const struct settings *settings;
	struct folder_watch folder;	/* its descriptor is readable when watch_changed() has work */

	/* the last update */
	struct update_state state;
	struct store_generation *current;	/* NULL: none */
	char previous[STORE_GENERATION_MAX];
	time_t next;
	time_t rolled_back;		/* the current generation was returned to then; 0: it was not, or there was an attempt since */
	struct error problem;		/* why the above could not be read; empty message: it could */

	/* the job */
	struct job_tail *tail;		/* NULL: none runs */
	char job[STORE_JOB_MAX];
	pid_t pid;			/* STORE_HOLDER_UNKNOWN: not ours to see */
	char phase[32], from[512], notice[512];
	int64_t started_ms;		/* monotonic */
	struct watch_bar bars[WATCH_BARS];	/* those under way, then those that are done, as far as there is room */
	int bar_count;
	int64_t plan_count, plan_kept, plan_bytes;	/* components to fetch, unchanged ones, bytes to fetch; -1: not known yet */
	int64_t plan_ms;			/* monotonic: when the plan was known */
	int64_t folded_count, folded_bytes, folded_held;	/* done, and without a bar */
	char record[512];		/* the newest record of the job in our own log; "" none */

	/* how the job that was watched ended */
	bool ended;
	bool stopped;			/* because it was asked to */
	char status[32], cause[64], summary[1024];
};

void watch_init(struct watch *w, const char *state_dir, const struct settings *settings);
void watch_clear(struct watch *w);
/* Reads everything again, and joins the job that holds the update lock. */
void watch_refresh(struct watch *w);
/* Follows a job. */
void watch_join(struct watch *w, const char *job, pid_t pid);
bool watch_running(const struct watch *w);
/* Did the last update end because it was asked to? That is no failure to find a cause for. */
bool watch_stopped(const struct watch *w);
/* Descriptor of the job's events, -1 when none runs. */
int watch_job_fd(const struct watch *w);
/* The state folder changed. Returns true when something is to be drawn. */
bool watch_changed(struct watch *w);
/* Takes the job's new events. Also asked once a second: it notices a job that ended without a word. */
bool watch_poll(struct watch *w);
/* Components and bytes that are done. */
int64_t watch_done_count(const struct watch *w);
int64_t watch_done_bytes(const struct watch *w);
/* Of these, what came since the plan was known. */
int64_t watch_new_bytes(const struct watch *w);
/* Per cent done of the plan, or of everything that is known by now; -1 when nothing is. */
int watch_percent(const struct watch *w);

#endif
