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

#define FIELD_COLS 14
#define INFO_COLS 38
#define BAR_COLS 20

enum { FIELD_SOURCE, FIELD_URL, FIELD_BUNDLE, FIELD_AUTOMATIC, FIELDS };

static const struct field_spec fields[FIELDS] = {
	[FIELD_SOURCE] = { FIELD_RADIO, SETTING_SOURCE_MODE, NULL, NULL, N_("Web|Offline") },
	[FIELD_URL] = { FIELD_TEXT, SETTING_SOURCE_FEED_URL, NULL, NULL, NULL },
	[FIELD_BUNDLE] = { FIELD_TEXT, SETTING_SOURCE_BUNDLE, NULL, NULL, NULL },
	[FIELD_AUTOMATIC] = { FIELD_CHECK, SETTING_SCHEDULE_AUTOMATIC, NULL, NULL, NULL },
};

struct update_pane {
	struct app *app;
	struct form form;
	struct run *starting;		/* the command that starts the update; NULL: none */
	struct error refused;		/* what it said */
};

static const struct { const char *id, *label; } known[] = {
	{ "cisco-conditions", N_("Cisco conditions version") },
	{ "avas-chart-windows", N_("Cisco AV/AS support chart, Windows") },
	{ "avas-chart-macos", N_("Cisco AV/AS support chart, macOS") },
	{ "os-groups", N_("Cisco supported OS version") },
};

/* Each change is saved at once: the pane has no half-done state that an update could miss. */
static void field_changed(void *data, size_t field)
{
	struct update_pane *p = data;
	struct error err = ERROR_INIT;

	if (form_problem(&p->form) != NULL)
		return;
	if (field == FIELD_BUNDLE && form_value(&p->form, FIELD_BUNDLE)[0] != '\0' &&
	    strcmp(form_value(&p->form, FIELD_SOURCE), "offline") != 0) {
		form_set(&p->form, FIELD_SOURCE, "offline");	/* comes here again, and saves both */
		return;
	}
	if (!form_save(&p->form, p->app->settings, &err))
		app_notice_error(p->app, &err);
	watch_refresh(&p->app->watch);
	app_tell(p->app, PANE_SETTINGS);
}

static void *create(struct app *app)
{
	struct update_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	form_init(&p->form, fields, FIELDS);
	p->form.changed = field_changed;
	p->form.data = p;
	form_load(&p->form, app->settings);
	return p;
}

static void destroy(void *pane)
{
	struct update_pane *p = pane;

	run_forget(p->starting);
	form_clear(&p->form);
	free(p);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static char *local_time(char *dst, size_t size, time_t t)
{
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm);
	return dst;
}

static void put_source(struct update_pane *p, struct page *page)
{
	const struct settings *s = p->app->settings;
	struct buffer delay = BUFFER_INIT(64);
	char next[64], stamp[32];

	page_rule(page, _("Update source"));
	form_put(page, &p->form, FIELD_SOURCE, FIELD_COLS);
	form_put(page, &p->form, FIELD_URL, FIELD_COLS);
	form_put(page, &p->form, FIELD_BUNDLE, FIELD_COLS);
	form_put(page, &p->form, FIELD_AUTOMATIC, FIELD_COLS);
	settings_text(s, SETTING_SCHEDULE_INITIAL_DELAY, &delay);
	page_putf(page, ROLE_NORMAL, _(" every %d h, first after %s"), (int)settings_int(s, SETTING_SCHEDULE_EVERY_HOURS),
		  buffer_text(&delay));
	buffer_clear(&delay);
	snprintf(next, sizeof(next), "%s", _("next: off"));
	if (p->app->watch.next != 0)
		snprintf(next, sizeof(next), _("next %.16s"), local_time(stamp, sizeof(stamp), p->app->watch.next));
	page_right(page, ROLE_DIM, next);
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
	struct update_pane *p = pane;
	bool running = watch_running(&p->app->watch);
	const struct page_button buttons[] = {
		{ running ? ACTION_STOP : ACTION_UPDATE, running ? _("Stop") : _("Update now") },
		{ ACTION_HISTORY, _("History") },
		{ ACTION_CHANGED, _("What changed") },
		{ ACTION_ROLLBACK, _("Roll back") },
	};

	put_source(p, page);
	if (running)
		put_progress(p, page);
	else
		put_information(p, page);
	page_rule(page, "");
	put_result(p, page);
	page_buttons(page, buttons, sizeof(buttons) / sizeof(buttons[0]));
}

/* --- what can be done ------------------------------------------------------------------------------------------------- */

static void take_event(void *data, const char *line, size_t len, const json_t *event)
{
	struct update_pane *p = data;
	const char *kind = json_string_value(json_object_get(event, "event"));
	const char *job = json_string_value(json_object_get(event, "job"));
	const char *message = json_string_value(json_object_get(event, "message"));
	const char *next = json_string_value(json_object_get(event, "next"));

	(void)line;
	(void)len;
	if (kind != NULL && job != NULL && strcmp(kind, "job.started") == 0) {
		app_notice_clear(p->app);
		watch_join(&p->app->watch, job, (pid_t)json_integer_value(json_object_get(event, "pid")));
		app_joined(p->app);
	} else if (kind != NULL && message != NULL && strcmp(kind, "error") == 0) {
		app_notice(p->app, ROLE_FAIL, "!! %s. %s", message, next != NULL ? next : "");
	}
}

static void started(void *data, int code, const char *errors)
{
	struct update_pane *p = data;

	(void)code;
	(void)errors;
	p->starting = NULL;
	watch_refresh(&p->app->watch);
	app_joined(p->app);
}

static void start_update(struct update_pane *p)
{
	static const char *const arguments[] = { "update", "--detach", "--json", NULL };
	const struct run_options options = { .line = take_event, .end = started, .data = p };
	struct error err = ERROR_INIT;

	p->starting = app_start(p->app, arguments, &options, &err);
	if (p->starting != NULL)
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
	dialog_ask(p->app, _("Roll back"), question, roll_back, p);
}

static void show_list(struct update_pane *p, const char *title,
		      bool (*make)(const char *state_dir, struct buffer *out, struct error *err))
{
	struct buffer text = BUFFER_INIT(65536);
	struct error err = ERROR_INIT;

	if (make(p->app->options->state_dir, &text, &err))
		dialog_text(p->app, title, buffer_text(&text));
	else
		app_notice_error(p->app, &err);
	buffer_clear(&text);
}

static bool possible(void *pane, enum action action)
{
	const struct update_pane *p = pane;
	bool running = watch_running(&p->app->watch);

	switch (action) {
	case ACTION_UPDATE: return !running && p->starting == NULL;
	case ACTION_STOP: return running;
	case ACTION_ROLLBACK: return !running && p->app->watch.previous[0] != '\0';
	default: return true;
	}
}

static bool act(void *pane, enum action action, int focus)
{
	struct update_pane *p = pane;

	(void)focus;
	switch (action) {
	case ACTION_UPDATE: start_update(p); break;
	case ACTION_STOP:
		dialog_ask(p->app, _("Stop the update"),
			   _("Stop the running update?\nWhat is installed stays; what was downloaded is kept."),
			   stop_update, p);
		break;
	case ACTION_BUNDLE:
		app_focus(p->app, FORM_ID + FIELD_BUNDLE);
		form_edit(&p->form, FIELD_BUNDLE);
		break;
	case ACTION_HISTORY: show_list(p, _("History"), update_list_history); break;
	case ACTION_CHANGED: show_list(p, _("What changed"), update_list_changes); break;
	case ACTION_ROLLBACK: ask_roll_back(p); break;
	default: return false;
	}
	return true;
}

static void event(void *pane, enum pane_event what)
{
	struct update_pane *p = pane;

	if (what == PANE_SETTINGS)
		form_load(&p->form, p->app->settings);
}

static struct form *form(void *pane)
{
	return &((struct update_pane *)pane)->form;
}

const struct pane_ops pane_update = {
	.name = "update", .title = N_("Update"), .scope = SCOPE_UPDATE, .create = create, .destroy = destroy, .prepare = prepare,
	.possible = possible, .action = act, .event = event, .form = form,
};
