/* The Update pane: source, schedule, update information or the running update, and what can be done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/clock.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "pane.h"
#include "update_lists.h"

#define FIELD_COLS 13
#define INFO_COLS 36
#define BAR_COLS 20

/* In the order of the page. */
enum { SPAN_SOURCE, SPAN_URL, SPAN_BUNDLE, SPAN_AUTOMATIC, SPAN_UPDATE, SPAN_HISTORY, SPAN_CHANGED, SPAN_ROLLBACK };

struct update_pane {
	struct app *app;
	enum setting editing;
};

static const struct { const char *id, *label; } known[] = {
	{ "cisco-conditions", N_("Cisco conditions version") },
	{ "avas-chart-windows", N_("Cisco AV/AS support chart, Windows") },
	{ "avas-chart-macos", N_("Cisco AV/AS support chart, macOS") },
	{ "os-groups", N_("Cisco supported OS version") },
};

static void *create(struct app *app)
{
	struct update_pane *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->app = app;
	return p;
}

static void destroy(void *pane)
{
	free(pane);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static char *local_time(char *dst, size_t size, time_t t)
{
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm);
	return dst;
}

static void put_source(const struct update_pane *p, struct page *page)
{
	const struct settings *s = p->app->settings;
	bool offline = strcmp(settings_string(s, SETTING_SOURCE_MODE), "offline") == 0;
	const char *bundle = settings_string(s, SETTING_SOURCE_BUNDLE);
	char text[512], delay[32], next[64], stamp[32], url[2048];
	struct buffer value = BUFFER_INIT(64);

	page_rule(page, _("Update source"));
	snprintf(text, sizeof(text), "(%c) %s    (%c) %s", offline ? ' ' : '*', _("Web"), offline ? '*' : ' ', _("Offline"));
	page_field(page, FIELD_COLS, _("Source"), text);
	page_field(page, FIELD_COLS, _("Update feed"),
		   text_url_without_login(url, sizeof(url), settings_string(s, SETTING_SOURCE_FEED_URL)));
	page_field(page, FIELD_COLS, _("Bundle"), bundle[0] != '\0' ? bundle : "-");
	settings_text(s, SETTING_SCHEDULE_INITIAL_DELAY, &value);
	snprintf(delay, sizeof(delay), "%s", buffer_text(&value));
	buffer_clear(&value);
	snprintf(next, sizeof(next), "%s", _("off"));
	if (p->app->watch.next != 0)
		snprintf(next, sizeof(next), "%.16s", local_time(stamp, sizeof(stamp), p->app->watch.next));
	snprintf(text, sizeof(text), _("[%c] every %d h, first after %s   next %s"),
		 settings_bool(s, SETTING_SCHEDULE_AUTOMATIC) ? 'x' : ' ',
		 (int)settings_int(s, SETTING_SCHEDULE_EVERY_HOURS), delay, next);
	page_field(page, FIELD_COLS, _("Automatic"), text);
}

static const char *status_text(const char *status)
{
	static const struct { const char *status, *text; } texts[] = {
		{ "updated", N_("Updated") }, { "up-to-date", N_("No update available") }, { "failed", N_("Failed") },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(status, texts[i].status) == 0)
			return _(texts[i].text);
	return _("No update yet");
}

static void put_information(const struct update_pane *p, struct page *page)
{
	const struct watch *w = &p->app->watch;
	char text[256], stamp[32], spent[64];

	page_rule(page, _("Update information"));
	snprintf(text, sizeof(text), "%s", _("never"));
	if (w->state.last_success != 0)
		snprintf(text, sizeof(text), "%s  %s, %s", local_time(stamp, sizeof(stamp), w->state.last_success),
			 strcmp(w->state.last_source, "web") == 0 ? _("web") : _("offline"),
			 page_duration(spent, sizeof(spent), w->state.last_duration_ms));
	page_row(page, ROLE_NORMAL, INFO_COLS, _("Last successful update on"), text);
	page_row(page, ROLE_NORMAL, INFO_COLS, _("Last update status"), status_text(w->state.last_status));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct store_component *c =
			w->current != NULL ? store_generation_component(w->current, known[i].id) : NULL;

		page_row(page, ROLE_NORMAL, INFO_COLS, _(known[i].label), c != NULL ? c->version : "-");
	}
	if (w->problem.message[0] != '\0')
		page_wrap(page, ROLE_FAIL, w->problem.message);
}

static void put_bar(struct page *page, const struct watch_bar *b)
{
	struct buffer line = BUFFER_INIT(2048);
	char bytes[32], total[32], rate[32], left[64];

	text_fit(&line, b->name, 24, true, true);
	buffer_putc(&line, ' ');
	page_bar(&line, BAR_COLS, b->bytes, b->total);
	buffer_printf(&line, " %s", page_size(bytes, sizeof(bytes), b->bytes));
	if (b->total >= 0)
		buffer_printf(&line, "/%s", page_size(total, sizeof(total), b->total));
	if (b->rate > 0 && b->bytes != b->total)
		buffer_printf(&line, " %s/s", page_size(rate, sizeof(rate), b->rate));
	if (b->rate > 0 && b->total > b->bytes)
		buffer_printf(&line, _(" %s left"), page_duration(left, sizeof(left), (b->total - b->bytes) * 1000 / b->rate));
	page_text(page, b->bytes == b->total ? ROLE_OK : ROLE_NORMAL, buffer_text(&line));
	buffer_clear(&line);
}

static void put_progress(const struct update_pane *p, struct page *page)
{
	const struct watch *w = &p->app->watch;
	char text[256], spent[64];

	page_rule(page, _("Updating"));
	page_row(page, ROLE_NORMAL, FIELD_COLS, _("From"), w->from);
	snprintf(text, sizeof(text), _("%s, for %s"), w->phase[0] != '\0' ? w->phase : _("starting"),
		 page_duration(spent, sizeof(spent), clock_monotonic_ms() - w->started_ms));
	page_row(page, ROLE_TITLE, FIELD_COLS, _("Phase"), text);
	for (int i = 0; i < w->bar_count; i++)
		put_bar(page, &w->bars[i]);
	if (w->notice[0] != '\0')
		page_wrap(page, ROLE_WARN, w->notice);
	if (p->app->strip_hidden)
		page_text(page, ROLE_DIM, strip_line(&p->app->strip, 0));
}

/* What the last update came to: why it failed, and the first step of the remedy. */
static void put_result(const struct update_pane *p, struct page *page)
{
	const struct watch *w = &p->app->watch;
	const struct update_state *s = &w->state;
	bool here = w->ended, failed;
	const char *cause = here ? w->cause : s->last_cause, *summary = here ? w->summary : s->last_summary;
	const char *remedy = finding_info(finding_by_code(cause))->remedy;
	char text[2048];

	failed = strcmp(here ? w->status : s->last_status, "failed") == 0;
	if (p->app->notice[0] != '\0') {
		page_wrap(page, p->app->notice_role, p->app->notice);
		return;
	}
	if (watch_running(w) || (!here && !failed))
		return;
	if (!failed) {
		snprintf(text, sizeof(text), "OK %s", summary);
		page_wrap(page, ROLE_OK, text);
		return;
	}
	snprintf(text, sizeof(text), "!! %s%s%s", cause, cause[0] != '\0' ? ": " : "", summary);
	page_wrap(page, ROLE_FAIL, text);
	if (remedy != NULL && remedy[0] != '\0') {
		const char *steps = _(remedy);

		snprintf(text, sizeof(text), _("Next: %.*s"), (int)strcspn(steps, "\n"), steps);
		page_wrap(page, ROLE_NORMAL, text);
	}
}

static void prepare(void *pane, struct page *page)
{
	const struct update_pane *p = pane;
	const char *buttons[] = { watch_running(&p->app->watch) ? _("Stop") : _("Update now"), _("History"),
				  _("What changed"), _("Roll back"), NULL };

	put_source(p, page);
	if (watch_running(&p->app->watch))
		put_progress(p, page);
	else
		put_information(p, page);
	page_rule(page, "");
	put_result(p, page);
	page_buttons(page, buttons);
}

/* --- what can be done ------------------------------------------------------------------------------------------------- */

static void save(struct update_pane *p, enum setting id, const char *value)
{
	struct error err = ERROR_INIT;

	if (!settings_set(p->app->settings, id, value, &err) || !settings_save(p->app->settings, &err))
		app_notice_error(p->app, &err);
	else
		p->app->notice[0] = '\0';
	watch_refresh(&p->app->watch);
}

static bool take_text(void *data, const char *input, struct error *err)
{
	struct update_pane *p = data;

	if (!setting_check(p->editing, input, err))
		return false;
	save(p, p->editing, input);
	if (p->editing == SETTING_SOURCE_BUNDLE && input[0] != '\0')
		save(p, SETTING_SOURCE_MODE, "offline");
	return true;
}

static void edit(struct update_pane *p, enum setting id)
{
	p->editing = id;
	dialog_input(&p->app->dialog, _(setting_info(id)->label), _(setting_info(id)->help),
		     settings_string(p->app->settings, id), take_text, p);
}

static void start_update(struct update_pane *p)
{
	static const char *const arguments[] = { "update", "--detach", "--json", NULL };
	struct error err = ERROR_INIT;

	if (app_run(p->app, arguments, &err))
		app_notice(p->app, ROLE_NORMAL, "%s", _("Starting the update..."));
	else
		app_notice_error(p->app, &err);
}

static void stop_update(void *data)
{
	struct update_pane *p = data;
	struct error err = ERROR_INIT;

	if (!watch_running(&p->app->watch))
		return;
	if (p->app->watch.pid == STORE_HOLDER_UNKNOWN)
		app_notice(p->app, ROLE_FAIL, "!! %s", _("The update runs where this console cannot stop it: stop it there."));
	else if (!job_stop(p->app->watch.pid, &err))
		app_notice_error(p->app, &err);
	else
		app_notice(p->app, ROLE_WARN, "%s", _("Asked the update to stop; what was downloaded is kept."));
}

static void roll_back(void *data)
{
	struct update_pane *p = data;
	char id[STORE_GENERATION_MAX] = "";
	struct error err = ERROR_INIT;
	struct store *store = NULL;

	if (store_open(p->app->options->state_dir, false, &store, &err) && store_rollback(store, NULL, id, &err))
		app_notice(p->app, ROLE_OK, _("OK Generation %s is current again."), id);
	else
		app_notice_error(p->app, &err);
	store_free(store);
	p->app->watch.ended = false;
	watch_refresh(&p->app->watch);
}

static void ask_roll_back(struct update_pane *p)
{
	char question[512];

	snprintf(question, sizeof(question), _("Make generation %s current again?\nThe present one is kept and can be returned to."),
		 p->app->watch.previous);
	dialog_ask(&p->app->dialog, _("Roll back"), question, roll_back, p);
}

static void show_list(struct update_pane *p, const char *title,
		      bool (*make)(const char *state_dir, struct buffer *out, struct error *err))
{
	struct buffer text = BUFFER_INIT(65536);
	struct error err = ERROR_INIT;

	if (make(p->app->options->state_dir, &text, &err))
		dialog_text(&p->app->dialog, title, buffer_text(&text));
	else
		app_notice_error(p->app, &err);
	buffer_clear(&text);
}

static bool possible(void *pane, enum action action)
{
	const struct update_pane *p = pane;
	bool running = watch_running(&p->app->watch);

	switch (action) {
	case ACTION_UPDATE: return !running && p->app->child.pid == 0;
	case ACTION_STOP: return running;
	case ACTION_ROLLBACK: return !running && p->app->watch.previous[0] != '\0';
	case ACTION_BUNDLE: case ACTION_HISTORY: case ACTION_CHANGED: case ACTION_CHOOSE: return true;
	default: return false;
	}
}

static void choose(struct update_pane *p, int focus);

static void act(void *pane, enum action action, int focus)
{
	struct update_pane *p = pane;

	switch (action) {
	case ACTION_CHOOSE: choose(p, focus); break;
	case ACTION_UPDATE: start_update(p); break;
	case ACTION_STOP:
		dialog_ask(&p->app->dialog, _("Stop the update"),
			   _("Stop the running update?\nWhat is installed stays; what was downloaded is kept."),
			   stop_update, p);
		break;
	case ACTION_BUNDLE: edit(p, SETTING_SOURCE_BUNDLE); break;
	case ACTION_HISTORY: show_list(p, _("History"), update_list_history); break;
	case ACTION_CHANGED: show_list(p, _("What changed"), update_list_changes); break;
	case ACTION_ROLLBACK: ask_roll_back(p); break;
	default: break;
	}
}

static void choose(struct update_pane *p, int focus)
{
	static const enum action buttons[] = { ACTION_UPDATE, ACTION_HISTORY, ACTION_CHANGED, ACTION_ROLLBACK };
	const struct settings *s = p->app->settings;
	enum action action;

	switch (focus) {
	case SPAN_SOURCE:
		save(p, SETTING_SOURCE_MODE,
		     strcmp(settings_string(s, SETTING_SOURCE_MODE), "offline") == 0 ? "web" : "offline");
		return;
	case SPAN_URL: edit(p, SETTING_SOURCE_FEED_URL); return;
	case SPAN_BUNDLE: edit(p, SETTING_SOURCE_BUNDLE); return;
	case SPAN_AUTOMATIC:
		save(p, SETTING_SCHEDULE_AUTOMATIC, settings_bool(s, SETTING_SCHEDULE_AUTOMATIC) ? "false" : "true");
		return;
	default: break;
	}
	if (focus < SPAN_UPDATE || focus > SPAN_ROLLBACK)
		return;
	action = buttons[focus - SPAN_UPDATE];
	if (action == ACTION_UPDATE && watch_running(&p->app->watch))
		action = ACTION_STOP;
	if (possible(p, action))
		act(p, action, focus);
	else if (action == ACTION_ROLLBACK)
		app_notice(p->app, ROLE_WARN, "%s", _("There is no earlier content to go back to."));
}

const struct pane_ops pane_update = { N_("1 Update"), create, destroy, prepare, possible, act };
