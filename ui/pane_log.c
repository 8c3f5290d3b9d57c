/* The Log pane: what its keys do. What it shows is made by log_draw.c; log_pane.h says what the other parts are. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "log_pane.h"
#include "logview/filter.h"

#define SHIFT_COLS 20
#define OPSWAT "\"opswat download\""
#define FAILURES "is:failure"

/* --- the loop ---------------------------------------------------------------------------------------------------------- */

/* Is there a part of saving that is done here? */
static bool saves_here(const struct log_pane *p)
{
	return p->save != NULL && !save_is_apart(p->save);
}

static size_t loop_prepare(void *data, struct pollfd *fds, size_t most, int *timeout_ms)
{
	const struct log_pane *p = data;
	size_t n = 0;

	if (p->view == NULL || most < SOURCE_FDS_MAX)
		return 0;
	n = view_poll(p->view, fds, timeout_ms);
	if (p->more || (p->news_due && !p->rows.follow) || log_rows_busy(&p->strip) || saves_here(p) || p->find.goal != GOAL_NONE ||
	    (p->shown && log_rows_busy(&p->rows)))
		*timeout_ms = 0;
	return n;
}

/* --- frames that nobody typed for -------------------------------------------------------------------------------------- */

/* What the terminal is sent for them is kept to what a slow line carries, by the bytes that they turned out to have: a few
 * lines are shown as they come, a flood of them a screen at a time. (Whether a line is slow cannot be seen from here: what
 * stands between, a pseudo terminal and sshd, takes megabytes at once.) */
#define BYTES_PER_SECOND 2500
#define BYTES_SAVED_MAX 2000		/* a screen */

static void ask_frame(struct log_pane *p);

static void frame_due(void *data)
{
	struct log_pane *p = data;

	p->timer = 0;
	ask_frame(p);
}

/* Time brings bytes, frames take them. */
static void settle_credit(struct log_pane *p)
{
	int64_t now = clock_monotonic_ms();
	uint64_t sent = app_unasked_bytes(p->app);

	p->credit += (now - p->credit_ms) * BYTES_PER_SECOND / 1000 - (int64_t)(sent - p->sent);
	p->credit_ms = now;
	p->sent = sent;
	if (p->credit > BYTES_SAVED_MAX)
		p->credit = BYTES_SAVED_MAX;
	if (p->credit < -BYTES_SAVED_MAX)
		p->credit = -BYTES_SAVED_MAX;
}

static void ask_frame(struct log_pane *p)
{
	if (p->timer != 0)
		return;
	settle_credit(p);
	if (p->credit <= 0)
		p->timer = loop_timer(p->app->loop, -p->credit * 1000 / BYTES_PER_SECOND + 1, frame_due, p);
	else
		app_dirty(p->app);
}

/* What comes from now on is counted as new, once the end is not followed any more. */
static void note_pause(struct log_pane *p)
{
	if (p->was_following && !p->rows.follow)
		p->news_start = p->news_at = view_end(p->view);
	if (p->was_following || p->rows.follow) {
		walk_free(p->news);
		p->news = NULL;
		p->news_count = 0;
		p->news_due = false;
	}
	p->was_following = p->rows.follow;
}

/* Counts on what came. True when there is more than before. */
static bool count_news(struct log_pane *p, int64_t budget_us)
{
	int64_t deadline_us = clock_monotonic_us() + budget_us, left = budget_us;
	enum walk_result result = WALK_FOUND;
	uint64_t before = p->news_count;
	log_pos pos;

	if (!p->news_due || p->rows.follow)
		return false;
	if (p->news == NULL)
		p->news = walk_new(p->view, WALK_FORWARDS, p->news_at - 1, NULL, p->in_context);
	while (p->news != NULL && result == WALK_FOUND && left >= 0) {
		result = walk_step(p->news, left, &pos);
		p->news_count += result == WALK_FOUND;
		p->news_at = result == WALK_FOUND ? pos + 1 : p->news_at;
		left = deadline_us - clock_monotonic_us();
	}
	if (result == WALK_CHANGED) {
		/* Others count with another filter. */
		walk_free(p->news);
		p->news = NULL;
		p->news_at = p->news_start;
		p->news_count = 0;
	}
	p->news_due = result == WALK_MORE || result == WALK_CHANGED || (result == WALK_FOUND && p->news != NULL);
	return p->news_count != before;
}

static void step_save(struct log_pane *p, int64_t budget_us)
{
	struct error err = ERROR_INIT;

	switch (save_step(p->save, budget_us, &err)) {
	case SAVE_MORE:
		return;
	case SAVE_DONE:
		app_notice(p->app, ROLE_OK, _("OK %'llu records are saved in %s."), (unsigned long long)save_records(p->save),
			   p->save_path);
		break;
	case SAVE_FAILED:
		app_notice_error(p->app, &err);
		break;
	}
	save_free(p->save);
	p->save = NULL;
}

/* Does something else wait for its turn beside the view's own counting? */
static bool is_wanted(const struct log_pane *p)
{
	return log_rows_busy(&p->strip) || saves_here(p) ||
	       (p->shown && (p->find.goal != GOAL_NONE || log_rows_busy(&p->rows)));
}

/* What is left until then; 0 still does a little, so that everything gets on. */
static int64_t left_us(int64_t deadline_us)
{
	int64_t left = deadline_us - clock_monotonic_us();

	return left > 0 ? left : 0;
}

static void loop_dispatch(void *data, const struct pollfd *fds, size_t n)
{
	struct log_pane *p = data;
	int64_t deadline_us = clock_monotonic_us() + LOG_TURN_US;
	unsigned int news;
	bool changed = false;

	(void)fds;
	(void)n;
	if (p->view == NULL)
		return;
	news = view_step(p->view, is_wanted(p) ? LOG_SLICE_US : LOG_TURN_US);
	p->more = (news & VIEW_MORE) != 0;
	if ((news & (VIEW_GREW | VIEW_JOINED)) != 0) {
		log_rows_grew(&p->rows);
		log_rows_grew(&p->strip);
	}
	if (p->shown) {
		changed |= log_find_step(p, left_us(deadline_us));
		changed |= log_rows_step(&p->rows, left_us(deadline_us));
		changed |= (news & VIEW_COUNTED) != 0;
	}
	p->news_due = p->news_due || (news & (VIEW_GREW | VIEW_JOINED)) != 0;
	changed |= count_news(p, left_us(deadline_us)) && p->shown;
	changed |= log_rows_step(&p->strip, left_us(deadline_us));
	if (p->save != NULL)
		step_save(p, left_us(deadline_us));
	note_pause(p);
	/* What somebody waits for is shown at once. */
	if (changed && p->awaited)
		app_dirty(p->app);
	else if (changed || (news & (VIEW_STATE | VIEW_JOINED)) != 0)
		ask_frame(p);
	p->awaited = p->awaited && p->shown && (p->find.goal != GOAL_NONE || log_rows_busy(&p->rows));
}

/* --- what the keys do ---------------------------------------------------------------------------------------------------- */

static void toggle_follow(struct log_pane *p)
{
	if (p->rows.follow)
		p->rows.follow = false;
	else
		log_rows_end(&p->rows);
}

static bool move(struct log_pane *p, enum action action)
{
	long page = p->area_rows > 1 ? p->area_rows - 1 : 1;

	switch (action) {
	case ACTION_UP: log_rows_move(&p->rows, -1); break;
	case ACTION_DOWN: log_rows_move(&p->rows, 1); break;
	case ACTION_PAGE_UP: log_rows_move(&p->rows, -page); break;
	case ACTION_PAGE_DOWN: log_rows_move(&p->rows, page); break;
	case ACTION_HALF_UP: log_rows_move(&p->rows, -(page + 1) / 2); break;
	case ACTION_HALF_DOWN: log_rows_move(&p->rows, (page + 1) / 2); break;
	case ACTION_TOP: log_rows_start(&p->rows); break;
	case ACTION_END: log_rows_end(&p->rows); break;
	default: return false;
	}
	return true;
}

static void toggle_condition(struct log_pane *p, const char *text)
{
	struct error err = ERROR_INIT;

	if (!log_condition_toggle(p, text, &err))
		app_notice_error(p->app, &err);
}

static void go_to_mark(struct log_pane *p, bool backwards)
{
	log_pos at = log_rows_selected(&p->rows), to = view_next_bookmark(p->view, at, backwards);

	if (to == LOG_POS_NONE)
		to = view_next_bookmark(p->view, backwards ? view_end(p->view) + 1 : LOG_POS_NONE, backwards);
	if (to == LOG_POS_NONE)
		app_notice(p->app, ROLE_WARN, "?? %s", _("There are no bookmarks: m sets one."));
	else
		log_rows_go(&p->rows, to);
}

/* Makes the record differ from what `unfold_all` says, or no longer. */
static void toggle_fold(struct log_pane *p)
{
	log_pos pos = log_rows_selected(&p->rows);
	size_t i = 0;

	while (i < p->unfolded_count && p->unfolded[i] != pos)
		i++;
	if (i < p->unfolded_count) {
		p->unfolded[i] = p->unfolded[--p->unfolded_count];
		return;
	}
	if (p->unfolded_count == LOG_UNFOLDED_MAX) {
		p->unfolded_count--;
		memmove(p->unfolded, p->unfolded + 1, p->unfolded_count * sizeof(p->unfolded[0]));
	}
	p->unfolded[p->unfolded_count++] = pos;
}

static void copy_record(struct log_pane *p)
{
	struct buffer text = BUFFER_INIT(1u << 20);

	if (view_copy(p->view, log_rows_selected(&p->rows), &text))
		app_copy(p->app, _("record"), buffer_text(&text));
	buffer_clear(&text);
}

static bool save_to(void *data, const char *path, struct error *err)
{
	struct log_pane *p = data;

	if (p->view == NULL || !save_new(p->view, path, false, &p->save, err))
		return false;
	save_apart(p->save);
	p->more = true;
	app_notice(p->app, ROLE_NORMAL, "%s", _("The records are being saved; Esc stops that."));
	free(p->save_path);
	p->save_path = strdup(path);
	return p->save_path != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static void ask_save(struct log_pane *p)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s-shown.txt", home != NULL && home[0] == '/' ? home : "/tmp", p->name);
	if (p->save != NULL)
		app_notice(p->app, ROLE_WARN, "?? %s", _("The records are still being saved."));
	else
		dialog_input(p->app, _("Save what is shown"), _("File"), path, save_to, p);
}

static void change_look(struct log_pane *p, enum action action)
{
	switch (action) {
	case ACTION_LOG_UNFOLD: toggle_fold(p); break;
	case ACTION_LOG_UNFOLD_ALL:
		p->unfold_all = !p->unfold_all;
		p->unfolded_count = 0;
		break;
	case ACTION_LOG_WRAP: p->wrap = !p->wrap; break;
	case ACTION_LOG_SHIFT_RIGHT: p->shift += p->shift < 1000000 ? SHIFT_COLS : 0; break;
	case ACTION_LOG_SHIFT_LEFT: p->shift -= p->shift >= SHIFT_COLS ? SHIFT_COLS : p->shift; break;
	case ACTION_LOG_FORM: p->format = (enum log_format)((p->format + 1) % LOG_FORMATS); break;
	default: p->no_timeline = !p->no_timeline; break;
	}
}

/* Searches and jumps. False: it is none. */
static bool find(struct log_pane *p, enum action action)
{
	switch (action) {
	case ACTION_LOG_SEARCH: log_search_prompt(p); break;
	case ACTION_LOG_NEXT: log_search_again(p, false); break;
	case ACTION_LOG_PREVIOUS: log_search_again(p, true); break;
	case ACTION_LOG_TIME: log_time_prompt(p); break;
	case ACTION_LOG_ERROR_NEXT: log_find_level(p, "error", false); break;
	case ACTION_LOG_ERROR_PREVIOUS: log_find_level(p, "error", true); break;
	case ACTION_LOG_WARNING_NEXT: log_find_level(p, "warn", false); break;
	case ACTION_LOG_WARNING_PREVIOUS: log_find_level(p, "warn", true); break;
	case ACTION_LOG_UPDATE_START: log_find_update(p, false); break;
	case ACTION_LOG_UPDATE_END: log_find_update(p, true); break;
	case ACTION_LOG_MARK_NEXT: go_to_mark(p, false); break;
	case ACTION_LOG_MARK_PREVIOUS: go_to_mark(p, true); break;
	default: return false;
	}
	return true;
}

/* What is kept. False: it is none of these. */
static bool filter_by(struct log_pane *p, enum action action)
{
	switch (action) {
	case ACTION_LOG_FILTER: log_filter_prompt(p, false); break;
	case ACTION_LOG_EXCLUDE: log_filter_prompt(p, true); break;
	case ACTION_LOG_LEVEL: log_level_next(p); break;
	case ACTION_LOG_OPSWAT: toggle_condition(p, OPSWAT); break;
	case ACTION_LOG_FAILURES: toggle_condition(p, FAILURES); break;
	case ACTION_LOG_THREAD: log_filter_by_record(p, FILTER_THREAD); break;
	case ACTION_LOG_LOGGER: log_filter_by_record(p, FILTER_LOGGER); break;
	case ACTION_LOG_USER: log_filter_by_record(p, FILTER_USER); break;
	case ACTION_LOG_SAVED: log_saved_filters(p); break;
	case ACTION_LOG_CONTEXT:
		p->in_context = !p->in_context && view_filter(p->view) != NULL;
		log_filter_apply(p, NULL);
		break;
	default: return false;
	}
	return true;
}

/* Esc, one step at a time: the search that runs, what it found, the filter. */
static bool back(struct log_pane *p)
{
	if (log_find_cancel(p))
		return true;
	if (p->save != NULL) {
		save_free(p->save);
		p->save = NULL;
		app_notice(p->app, ROLE_NORMAL, "%s", _("Nothing was saved."));
		return true;
	}
	if (p->find.filter != NULL) {
		log_find_clear(p);
		return true;
	}
	if (!log_conditions_clear(p))
		return false;
	log_filter_apply(p, NULL);
	return true;
}

static bool act_on_log(struct log_pane *p, enum action action, int focus)
{
	if (focus == LOG_AREA && move(p, action))
		return true;
	if (find(p, action) || filter_by(p, action))
		return true;
	switch (action) {
	case ACTION_CHOOSE:
	case ACTION_LOG_OPEN: log_open_record(p); break;
	case ACTION_LOG_FOLLOW: toggle_follow(p); break;
	case ACTION_LOG_MARK:
		if (!view_bookmark(p->view, log_rows_selected(&p->rows)))
			app_notice(p->app, ROLE_WARN, "?? %s", _("There are too many bookmarks."));
		break;
	case ACTION_LOG_SAVE: ask_save(p); break;
	case ACTION_LOG_COPY: copy_record(p); break;
	case ACTION_BACK: return back(p);
	default: change_look(p, action); break;
	}
	return true;
}

static bool pane_action(void *data, enum action action, int focus)
{
	struct log_pane *p = data;
	bool taken = true;

	if (action == ACTION_LOG_SOURCE)
		log_choose_source(p);
	else if (p->view == NULL)
		return false;
	else
		taken = act_on_log(p, action, focus);
	if (p->view != NULL)
		note_pause(p);
	p->more = p->awaited = true;
	app_dirty(p->app);
	return taken;
}

/* --- the pane ------------------------------------------------------------------------------------------------------------ */

static void *create(struct app *app)
{
	static const struct loop_source none = { .prepare = loop_prepare, .dispatch = loop_dispatch };
	struct loop_source source = none;
	struct log_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	p->was_following = true;
	source.data = p;
	p->handle = loop_add(app->loop, &source);
	log_pane_open_first(p);
	return p;
}

static void destroy(void *data)
{
	struct log_pane *p = data;

	loop_remove(p->app->loop, &p->handle);
	loop_remove(p->app->loop, &p->timer);
	log_pane_close(p);
	log_conditions_clear(p);
	free(p->settings);
	free(p->save_path);
	free(p->saved_name);
	free(p);
}

static void prepare(void *data, struct page *page)
{
	log_draw_page(data, page);
}

static void event(void *data, enum pane_event event)
{
	struct log_pane *p = data;

	switch (event) {
	case PANE_SHOWN:
		p->shown = p->more = true;
		if (p->view != NULL && p->rows.follow)
			log_rows_end(&p->rows);
		break;
	case PANE_HIDDEN:
		p->shown = false;
		break;
	case PANE_SETTINGS:
		log_settings_changed(p);
		break;
	default:
		break;
	}
}

const struct pane_ops pane_log = {
	.name = "log", .title = N_("Log"), .scope = SCOPE_LOG, .wide = true, .whole = true,
	.create = create, .destroy = destroy, .prepare = prepare, .action = pane_action, .event = event,
};
