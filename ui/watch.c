#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "watch_record.h"

#define STATE_EVENTS (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE)

void watch_init(struct watch *w, const char *state_dir, const struct settings *settings)
{
	*w = (struct watch){ .state_dir = state_dir, .settings = settings };
	folder_watch_begin(&w->folder, state_dir, STATE_EVENTS);
	watch_refresh(w);
}

void watch_clear(struct watch *w)
{
	job_tail_free(w->tail);
	store_generation_free(w->current);
	folder_watch_end(&w->folder);
}

static void forget_bars(struct watch *w)
{
	w->bar_count = 0;
	w->folded_count = w->folded_bytes = w->folded_held = 0;
}

static bool join(struct watch *w, const char *job, pid_t pid, struct error *err)
{
	if (w->tail != NULL)
		return true;
	if (!job_tail_open(w->state_dir, job, true, &w->tail, err))
		return false;
	snprintf(w->job, sizeof(w->job), "%s", job);
	w->pid = pid;
	w->phase[0] = w->from[0] = w->notice[0] = '\0';
	forget_bars(w);
	w->plan_count = w->plan_kept = w->plan_bytes = -1;
	w->record[0] = '\0';
	w->ended = false;
	w->started_ms = clock_monotonic_ms();
	watch_poll(w);
	return true;
}

/* Whoever holds the lock without events is no update: a rollback. */
static void join_holder(struct watch *w, const char *job, pid_t pid)
{
	struct error err = ERROR_INIT;

	if (!join(w, job, pid, &err) && err.sys_errno != ENOENT)
		w->problem = err;
}

void watch_refresh(struct watch *w)
{
	char job[STORE_JOB_MAX] = "";
	struct store *store = NULL;
	pid_t holder = 0;

	w->rolled_back = 0;
	(void)folder_watch_look(&w->folder);
	error_clear(&w->problem);
	store_generation_free(w->current);
	w->current = NULL;
	if (store_open(w->state_dir, false, &store, &w->problem)) {
		store_generation_load(store, NULL, &w->current, &w->problem);
		store_previous(store, w->previous);
		w->rolled_back = store_rolled_back(store);
		holder = store_lock_holder(store, job);
	}
	store_free(store);
	update_state_load(w->state_dir, &w->state);
	if (w->rolled_back < w->state.last_attempt)
		w->rolled_back = 0;
	w->next = update_next_due(w->settings, &w->state, clock_now());
	/* A job that has said its last word may hold the lock for a moment longer. */
	if (holder != 0 && job[0] != '\0' && w->tail == NULL && !(w->ended && strcmp(job, w->job) == 0))
		join_holder(w, job, holder);
}

void watch_join(struct watch *w, const char *job, pid_t pid)
{
	(void)join(w, job, pid, &w->problem);
}

bool watch_running(const struct watch *w)
{
	return w->tail != NULL;
}

bool watch_stopped(const struct watch *w)
{
	return w->ended ? w->stopped : strcmp(w->state.last_status, "failed") == 0 && w->state.last_cause[0] == '\0';
}

int watch_job_fd(const struct watch *w)
{
	return w->tail != NULL ? job_tail_fd(w->tail) : -1;
}

bool watch_changed(struct watch *w)
{
	if (!folder_watch_changed(&w->folder, NULL))
		return false;
	watch_refresh(w);
	return true;
}

/* --- the job's events ----------------------------------------------------------------------------------------------- */

static const char *member(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text != NULL ? text : "";
}

static void take_started(struct watch *w, const json_t *event)
{
	text_safe(w->from, sizeof(w->from), member(event, "from"));
	w->started_ms = clock_monotonic_ms() - event_age_ms(event);
}

static void take_phase(struct watch *w, const json_t *event)
{
	text_safe(w->phase, sizeof(w->phase), member(event, "phase"));
}

/* Until now the bars were of the bundle that was fetched; from now on they are of the components in it. */
static void take_plan(struct watch *w, const json_t *event)
{
	forget_bars(w);
	w->plan_count = json_integer_value(json_object_get(event, "components"));
	w->plan_kept = json_integer_value(json_object_get(event, "kept"));
	w->plan_bytes = json_integer_value(json_object_get(event, "bytes"));
	w->plan_ms = clock_monotonic_ms() - event_age_ms(event);
}

static bool is_done(const struct watch_bar *b)
{
	return b->bytes == b->total;
}

/* Makes room by folding the bar that was done first; false when all are under way. */
static bool fold_one(struct watch *w)
{
	int i = 0;

	while (i < w->bar_count && !is_done(&w->bars[i]))
		i++;
	if (i == w->bar_count)
		return false;
	w->folded_count++;
	w->folded_bytes += w->bars[i].bytes;
	w->folded_held += w->bars[i].held;
	w->bar_count--;
	memmove(&w->bars[i], &w->bars[i + 1], (size_t)(w->bar_count - i) * sizeof(w->bars[0]));
	return true;
}

static void take_progress(struct watch *w, const json_t *event)
{
	const json_t *total = json_object_get(event, "total");
	struct watch_bar bar = { .total = json_is_integer(total) ? json_integer_value(total) : -1 };
	int i = 0;

	text_safe(bar.name, sizeof(bar.name), member(event, "component"));
	bar.bytes = json_integer_value(json_object_get(event, "bytes"));
	bar.held = json_integer_value(json_object_get(event, "held"));
	bar.rate = json_integer_value(json_object_get(event, "rate"));
	while (i < w->bar_count && strcmp(w->bars[i].name, bar.name) != 0)
		i++;
	if (i == WATCH_BARS && !fold_one(w))
		return;
	if (i >= w->bar_count)
		i = w->bar_count++;
	w->bars[i] = bar;
}

static void take_notice(struct watch *w, const json_t *event)
{
	text_safe(w->notice, sizeof(w->notice), member(event, "message"));
}

static void take_finished(struct watch *w, const json_t *event)
{
	w->ended = true;
	w->stopped = json_integer_value(json_object_get(event, "exit_code")) == EXIT_INTERRUPTED;
	text_safe(w->status, sizeof(w->status), member(event, "status"));
	text_safe(w->cause, sizeof(w->cause), member(event, "cause"));
	text_safe(w->summary, sizeof(w->summary), member(event, "summary"));
}

static void take(void *data, const char *line, size_t len, const json_t *event)
{
	static const struct { const char *kind; void (*take)(struct watch *w, const json_t *event); } kinds[] = {
		{ "update.started", take_started },   { "update.phase", take_phase },
		{ "update.plan", take_plan },	      { "update.progress", take_progress },
		{ "update.notice", take_notice },
		{ "update.retry", take_notice },      { "update.finished", take_finished },
	};

	(void)line;
	(void)len;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(member(event, "event"), kinds[i].kind) == 0)
			kinds[i].take(data, event);
}

static bool job_alive(const struct watch *w)
{
	struct store *store = NULL;
	bool alive = true;

	if (store_open(w->state_dir, false, &store, NULL))
		alive = store_lock_holder(store, NULL) != 0;
	store_free(store);
	return alive;
}

bool watch_poll(struct watch *w)
{
	bool alive, any;

	if (w->tail == NULL)
		return false;
	alive = job_alive(w);		/* asked first: what it wrote before it ended is read below */
	any = job_tail_read(w->tail, take, w) > 0;
	if (any)
		watch_record_read(w->state_dir, w->pid, w->record, sizeof(w->record));
	if (!w->ended && !alive) {
		w->ended = true;
		w->stopped = false;
		snprintf(w->status, sizeof(w->status), "failed");
		w->cause[0] = '\0';
		snprintf(w->summary, sizeof(w->summary), "%s",
			 _("The update's process ended early. What is installed is whole: run the update again."));
	}
	if (!w->ended)
		return any;
	job_tail_free(w->tail);
	w->tail = NULL;
	watch_refresh(w);
	return true;
}

int64_t watch_done_count(const struct watch *w)
{
	int64_t n = w->folded_count;

	for (int i = 0; i < w->bar_count; i++)
		n += is_done(&w->bars[i]);
	return n;
}

int64_t watch_done_bytes(const struct watch *w)
{
	int64_t bytes = w->folded_bytes;

	for (int i = 0; i < w->bar_count; i++)
		bytes += w->bars[i].bytes;
	return bytes;
}

int64_t watch_new_bytes(const struct watch *w)
{
	int64_t bytes = w->folded_bytes - w->folded_held;

	for (int i = 0; i < w->bar_count; i++)
		bytes += w->bars[i].bytes - w->bars[i].held;
	return bytes;
}

int watch_percent(const struct watch *w)
{
	int64_t total = w->folded_bytes;

	for (int i = 0; i < w->bar_count; i++)
		total += w->bars[i].total > 0 ? w->bars[i].total : 0;
	if (w->plan_bytes > 0)
		total = w->plan_bytes;
	return total > 0 ? (int)(watch_done_bytes(w) * 100 / total) : -1;
}
