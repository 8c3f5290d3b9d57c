/* Searches and jumps of the Log pane: one at a time, in slices, Esc ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "log_pane.h"

static void end_find(struct log_pane *p)
{
	struct log_find *f = &p->find;

	walk_free(f->walk);
	update_search_free(f->update);
	f->walk = NULL;
	f->update = NULL;
	f->goal = GOAL_NONE;
}

void log_find_count(struct log_pane *p)
{
	if (p->view != NULL)
		view_set_search(p->view, p->find.filter, p->in_context);
	p->more = true;
}

/* Searches for that from now on; takes the filter. NULL: for nothing. */
static void set_search(struct log_pane *p, struct filter *filter, const char *text)
{
	filter_free(p->find.filter);
	p->find.filter = filter;
	if (text != p->find.shown)
		snprintf(p->find.shown, sizeof(p->find.shown), "%s", text);
	log_find_count(p);
}

void log_find_clear(struct log_pane *p)
{
	end_find(p);
	set_search(p, NULL, "");
}

bool log_find_cancel(struct log_pane *p)
{
	if (p->find.goal == GOAL_NONE)
		return false;
	end_find(p);
	app_notice(p->app, ROLE_NORMAL, "%s", _("The search was ended."));
	return true;
}

/* Starts to walk. A record at `from` itself counts with `inclusive`. */
static void begin(struct log_pane *p, enum log_goal goal, const struct filter *also, log_pos from, bool backwards,
		  bool inclusive)
{
	struct log_find *f = &p->find;
	log_pos start = inclusive ? from + (backwards ? 1 : -1) : from;

	end_find(p);
	if (p->view == NULL || from == LOG_POS_NONE)
		return;
	f->walk = walk_new(p->view, backwards ? WALK_BACKWARDS : WALK_FORWARDS, start, also, p->in_context);
	f->goal = f->walk != NULL ? goal : GOAL_NONE;
	f->backwards = backwards;
	f->other_way = false;
	f->level = NULL;
	f->again = 0;
	f->passed = LOG_POS_NONE;
	f->from = from;
	p->more = p->awaited = true;
}

/* The same key again before the search has come to its end. */
static bool once_more(struct log_pane *p, enum log_goal goal, bool backwards, const char *level)
{
	struct log_find *f = &p->find;

	bool same = level == NULL ? f->level == NULL : f->level != NULL && strcmp(level, f->level) == 0;

	if (f->goal != goal || f->backwards != backwards || f->other_way || !same)
		return false;
	f->again++;
	return true;
}

/* --- texts ------------------------------------------------------------------------------------------------------------- */

static struct filter *make_search(const char *text, struct error *err)
{
	struct filter *f = filter_new();

	if (f != NULL && filter_parse(f, text, err) && filter_ready(f, STAMP_NONE, err) && !filter_is_empty(f))
		return f;
	filter_free(f);
	return NULL;
}

static void search_typed(void *data, const char *text)
{
	struct log_pane *p = data;
	struct filter *f = text[0] != '\0' ? make_search(text, NULL) : NULL;

	/* Half an expression is not complained about. */
	if (f == NULL && text[0] != '\0')
		return;
	set_search(p, f, text);
	if (f != NULL) {
		begin(p, GOAL_TEXT, f, p->find.origin, p->find.origin_follow, true);
		p->find.other_way = p->find.goal == GOAL_TEXT;
	} else {
		end_find(p);
	}
	app_dirty(p->app);
}

static void search_left(struct log_pane *p)
{
	log_find_clear(p);
	if (p->find.origin_follow)
		log_rows_end(&p->rows);
	else if (p->find.origin != LOG_POS_NONE)
		log_rows_go(&p->rows, p->find.origin);
}

static void search_done(void *data, const char *text)
{
	struct log_pane *p = data;
	struct error err = ERROR_INIT;
	struct filter *f;

	app_dirty(p->app);
	if (text == NULL) {
		search_left(p);
		return;
	}
	/* Nothing typed: the last one again. */
	if (text[0] == '\0') {
		log_search_again(p, false);
		return;
	}
	f = make_search(text, &err);
	if (f == NULL) {
		app_notice_error(p->app, &err);
		return;
	}
	/* It was counted while it was typed. */
	if (p->find.filter != NULL && strcmp(p->find.shown, text) == 0)
		filter_free(f);
	else
		set_search(p, f, text);
	snprintf(p->find.text, sizeof(p->find.text), "%s", text);
}

void log_search_prompt(struct log_pane *p)
{
	static const struct prompt_ops ops = { .changed = search_typed, .done = search_done };

	p->find.origin = log_rows_selected(&p->rows);
	p->find.origin_follow = p->rows.follow;
	app_prompt(p->app, "/", "", &ops, p);
}

void log_search_again(struct log_pane *p, bool backwards)
{
	if (p->find.filter == NULL && p->find.text[0] != '\0')
		set_search(p, make_search(p->find.text, NULL), p->find.text);
	if (p->find.filter == NULL) {
		app_notice(p->app, ROLE_WARN, "?? %s", _("Nothing was searched for yet: type / and a text."));
		return;
	}
	if (!once_more(p, GOAL_TEXT, backwards, NULL))
		begin(p, GOAL_TEXT, p->find.filter, log_rows_selected(&p->rows), backwards, false);
}

/* --- levels, times, updates ---------------------------------------------------------------------------------------------- */

void log_find_level(struct log_pane *p, const char *level, bool backwards)
{
	struct filter *f;

	if (once_more(p, GOAL_LEVEL, backwards, level))
		return;
	f = filter_new();
	if (f != NULL && filter_set_level(f, level, NULL) && filter_ready(f, STAMP_NONE, NULL))
		begin(p, GOAL_LEVEL, f, log_rows_selected(&p->rows), backwards, false);
	p->find.level = level;
	filter_free(f);
}

/* Goes to the last record that is not later, from the end backwards: rotated files are looked into as well. */
static void time_done(void *data, const char *text)
{
	struct log_pane *p = data;
	struct error err = ERROR_INIT;
	struct view_counts counts;
	struct filter *f;
	int64_t ms, newest;

	if (text == NULL || text[0] == '\0' || p->view == NULL)
		return;
	view_counts(p->view, &counts);
	newest = counts.newest_ms;
	if (!stamp_parse_when(text, newest, &ms, &err)) {
		app_notice_error(p->app, &err);
		return;
	}
	f = filter_new();
	if (f != NULL) {
		filter_set_range(f, STAMP_NONE, ms);
		if (filter_ready(f, STAMP_NONE, NULL))
			begin(p, GOAL_TIME, f, view_end(p->view), true, false);
	}
	filter_free(f);
	app_dirty(p->app);
}

static void time_hint(void *data, const char *text, struct buffer *out, struct buffer *hint)
{
	(void)data;
	(void)text;
	(void)out;
	buffer_puts(hint, _("14:03  -15m  2025-03-13 13:58  yesterday"));
}

void log_time_prompt(struct log_pane *p)
{
	static const struct prompt_ops ops = { .done = time_done, .complete = time_hint };

	app_prompt(p->app, _("go to time: "), "", &ops, p);
}

void log_find_update(struct log_pane *p, bool end)
{
	end_find(p);
	if (p->view == NULL)
		return;
	p->find.update = update_search_new(p->view);
	p->find.goal = p->find.update == NULL ? GOAL_NONE : end ? GOAL_UPDATE_END : GOAL_UPDATE_START;
	p->more = p->awaited = true;
}

/* --- working ------------------------------------------------------------------------------------------------------------- */

static void nothing_found(struct log_pane *p)
{
	struct log_find *f = &p->find;
	const char *what = f->goal == GOAL_LEVEL ? _("No such record") : _("No match");

	if (f->goal == GOAL_TIME) {
		app_notice(p->app, ROLE_WARN, "?? %s", _("The log starts later than that."));
		end_find(p);
		log_rows_start(&p->rows);
		return;
	}
	app_notice(p->app, ROLE_WARN, "?? %s %s", what,
		   f->other_way ? "" : f->backwards ? _("above; looking below is n, e or v.") : _("below; looking above is N, E or V."));
	end_find(p);
}

static bool step_walk(struct log_pane *p, int64_t budget_us)
{
	struct log_find *f = &p->find;
	log_pos found;

	switch (walk_step(f->walk, budget_us, &found)) {
	case WALK_FOUND:
		f->passed = found;
		if (f->again > 0) {
			f->again--;
			return false;
		}
		end_find(p);
		log_rows_go(&p->rows, found);
		return true;
	case WALK_MORE:
		return false;
	case WALK_CHANGED:
		end_find(p);
		return true;
	default:
		if (f->goal == GOAL_TEXT && f->other_way) {
			begin(p, GOAL_TEXT, f->filter, f->from, !f->backwards, true);
			return true;
		}
		if (f->passed != LOG_POS_NONE)
			log_rows_go(&p->rows, f->passed);
		nothing_found(p);
		return true;
	}
}

static void tell_update(struct log_pane *p, const struct update_span *span)
{
	char start[STAMP_TEXT_MAX], end[STAMP_TEXT_MAX], took[STAMP_TEXT_MAX];

	stamp_text(start, span->start_ms);
	stamp_text(end, span->end_ms);
	if (span->end == LOG_POS_NONE)
		app_notice(p->app, ROLE_WARN, _("?? The last update began at %s and has no end in the log."), start);
	else if (span->duration_ms < 0)
		app_notice(p->app, ROLE_WARN, _("?? The last update ended at %s; its start is not in the log."), end);
	else
		app_notice(p->app, ROLE_OK, _("OK The last update took %s: %s to %s."),
			   stamp_duration(took, span->duration_ms), start, end);
}

static bool step_update(struct log_pane *p, int64_t budget_us)
{
	struct update_span span;
	bool to_end = p->find.goal == GOAL_UPDATE_END;
	log_pos pos;

	switch (update_search_step(p->find.update, budget_us, &span)) {
	case WALK_MORE:
		return false;
	case WALK_FOUND:
		pos = to_end && span.end != LOG_POS_NONE ? span.end : span.start != LOG_POS_NONE ? span.start : span.end;
		end_find(p);
		tell_update(p, &span);
		log_rows_go(&p->rows, pos);
		return true;
	default:
		end_find(p);
		app_notice(p->app, ROLE_WARN, "?? %s", _("There is no update in this log."));
		return true;
	}
}

bool log_find_step(struct log_pane *p, int64_t budget_us)
{
	if (p->find.goal == GOAL_NONE)
		return false;
	return p->find.update != NULL ? step_update(p, budget_us) : step_walk(p, budget_us);
}
