/* The Troubleshoot pane: a row a check, which stand from the first moment and fill in place; the verdict; what to do about it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "check_fix.h"
#include "check_job.h"
#include "check_state.h"
#include "check_verdict.h"
#include "job/job.h"
#include "pane.h"

#define TITLE_COLS 19
#define TIME_COLS 11
#define MARK_COLS 4
/* Below it, ping is left out: it is information only. */
#define ROWS_FOR_PING 18
#define TEXT_MAX (256u * 1024)

enum { ID_ROWS = 2000 };

struct check_pane {
	struct app *app;
	struct list list;
	struct check_state state;
	struct run *run, *report;	/* under way; NULL: none */
	struct check_fix *fix;
	char job[JOB_ID_MAX];		/* of the failed update whose verdict is shown; "": it is that of a run */
	char bundle[PATH_MAX];		/* that this one was to come from, a path or a URL; "": the feed */
	char looked_at[JOB_ID_MAX];	/* of the update that ended last */
	bool seen;			/* the pane was shown before */
	bool stale;			/* settings or certificates have changed since */
	bool jumped;			/* F led to where the cause can be removed: a change there is checked */
};

static void start_run(struct check_pane *p);

static void again(void *data)
{
	start_run(data);
}

static void *create(struct app *app)
{
	struct check_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	p->fix = check_fix_new(app, again, p);
	if (p->fix == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static void destroy(void *pane)
{
	struct check_pane *p = pane;

	run_forget(p->run);
	run_forget(p->report);
	check_fix_free(p->fix);
	check_state_clear(&p->state);
	free(p);
}

/* --- the page --------------------------------------------------------------------------------------------------------------------- */

/* "https://host:port/path" without scheme and path. */
static void target_of(const struct settings *s, char *dst, size_t size)
{
	const char *url = settings_string(s, SETTING_SOURCE_FEED_URL), *start = strstr(url, "://");

	start = start != NULL ? start + 3 : url;
	snprintf(dst, size, "%.*s", (int)strcspn(start, "/?#"), start);
}

static void put_title(const struct check_pane *p, struct page *page)
{
	const struct settings *s = p->app->settings;
	char host[300], title[1024];

	target_of(s, host, sizeof(host));
	if (p->bundle[0] != '\0')
		snprintf(title, sizeof(title), _("After the failed update: %s"), p->bundle);
	else if (p->job[0] != '\0')
		snprintf(title, sizeof(title), _("After the failed update: %s"), host);
	else
		snprintf(title, sizeof(title), _("Before the update: %s"), host);
	if (p->bundle[0] == '\0' && settings_bool(s, SETTING_PROXY_ENABLED)) {
		size_t n = strlen(title);

		snprintf(title + n, sizeof(title) - n, _(" through %s:%d"), settings_string(s, SETTING_PROXY_HOST),
			 (int)settings_int(s, SETTING_PROXY_PORT));
	}
	/* 2026-11-23T14:31:07.250Z */
	if (strlen(p->state.time) > 19 && text_width(title) + 16 < (size_t)page->cols)
		snprintf(title + strlen(title), sizeof(title) - strlen(title), "\t%.8sZ", p->state.time + 11);
	page_rule(page, title);
}

static int title_cols(void)
{
	size_t most = TITLE_COLS - 2;

	for (int id = 0; id < CHECK_COUNT; id++)
		most = text_widest(most, check_title((enum check_id)id));
	return (int)most + 2;
}

/* How long it took; "" where nothing was done. */
static const char *time_text(char dst[32], const struct check_row *row)
{
	dst[0] = '\0';
	if (row->state == ROW_DONE && row->duration_ms > 0 && row->status != CHECK_SKIP)
		snprintf(dst, 32, _("%.1f ms"), row->duration_ms);
	return dst;
}

static int time_cols(const struct check_pane *p)
{
	size_t most = TIME_COLS - 1;
	char ms[32];

	for (int id = 0; id < CHECK_COUNT; id++)
		most = text_widest(most, time_text(ms, &p->state.rows[id]));
	return (int)most + 1;
}

static void put_row(void *data, struct page *page, int64_t number, bool selected)
{
	const struct check_pane *p = data;
	const struct check_row *row = &p->state.rows[number];
	enum theme_role role;
	const char *mark = check_row_mark(row, &role);
	char ms[32];
	int left;

	(void)selected;
	page_cell(page, role, MARK_COLS, mark);
	page_cell(page, row->state == ROW_DONE && row->status != CHECK_SKIP ? ROLE_NORMAL : ROLE_DIM, title_cols(),
		  check_title((enum check_id)number));
	left = page_cols_left(page) - time_cols(p);
	page_cell(page, role == ROLE_OK ? ROLE_NORMAL : role, left > 0 ? left : page_cols_left(page), row->summary);
	page_right(page, ROLE_DIM, time_text(ms, row));
}

static void put_verdict(const struct check_pane *p, struct page *page)
{
	char key[KEY_NAME_MAX];

	if (p->state.verdict == NULL) {
		page_rule(page, "");
		if (p->run != NULL)
			page_text(page, ROLE_DIM, _("Checking ..."));
		else
			page_textf(page, ROLE_DIM, _("%s  run the checks"), keymap_key_name(ACTION_CHECK_RUN, key, sizeof(key)));
	} else {
		check_verdict_put(p->app, &p->state, page);
	}
}

/* An update from a file: there are no rows to be shown. */
static void put_bundle(const struct check_pane *p, struct page *page)
{
	char key[KEY_NAME_MAX];

	put_verdict(p, page);
	if (page_left(page) > 0)
		page_textf(page, ROLE_DIM, _("%s  check the way to the feed, which this update did not take"),
			   keymap_key_name(ACTION_CHECK_RUN, key, sizeof(key)));
}

static void prepare(void *pane, struct page *page)
{
	struct check_pane *p = pane;
	int rows = page->rows < ROWS_FOR_PING ? CHECK_COUNT - 1 : CHECK_COUNT;

	put_title(p, page);
	if (check_job_is_file(p->bundle)) {
		put_bundle(p, page);
		return;
	}
	p->list.count = rows;
	/* On a very small screen the list scrolls and the verdict stays. */
	if (rows > page_left(page) - CHECK_VERDICT_ROWS_MIN)
		rows = page_left(page) - CHECK_VERDICT_ROWS_MIN;
	page_list(page, ID_ROWS, &p->list, rows > 2 ? rows : 2, put_row, p);
	put_verdict(p, page);
}

static void summary(void *pane, struct page *page)
{
	const struct check_pane *p = pane;
	char key[KEY_NAME_MAX];
	bool any = false;

	page_rule(page, _("Last checks"));
	for (int id = 0; id < CHECK_COUNT; id++)
		any = any || p->state.rows[id].state != ROW_WAITING;
	if (!any) {
		page_textf(page, ROLE_DIM, _("not run yet (%s)"), keymap_key_name(ACTION_PANE_5, key, sizeof(key)));
		return;
	}
	for (int id = 0; id < CHECK_COUNT - 1; id++) {
		enum theme_role role;
		const char *mark = check_row_mark(&p->state.rows[id], &role);

		page_line(page);
		page_cell(page, role, MARK_COLS, mark);
		page_put(page, ROLE_NORMAL, check_title((enum check_id)id));
	}
	if (check_state_cause(&p->state)[0] != '\0')
		page_text(page, ROLE_FAIL, check_state_cause(&p->state));
}

/* --- running the checks -------------------------------------------------------------------------------------------------------------- */

static void take_line(void *data, const char *line, size_t len, const json_t *event)
{
	struct check_pane *p = data;

	(void)line;
	(void)len;
	if (event == NULL || !check_state_take(&p->state, event))
		return;
	/* "Checking again" is over. */
	if (p->state.verdict != NULL)
		app_notice_clear(p->app);
	snprintf(p->app->check_cause, sizeof(p->app->check_cause), "%s", check_state_cause(&p->state));
	app_dirty(p->app);
}

static void run_ended(void *data, int code, const char *errors)
{
	struct check_pane *p = data;

	p->run = NULL;
	if (p->state.verdict == NULL)
		app_notice(p->app, ROLE_FAIL, _("!! The checks ended without a verdict (%d). %.*s"), code,
			   (int)strcspn(errors, "\n"), errors);
	app_dirty(p->app);
}

static void start_run(struct check_pane *p)
{
	static const char *const arguments[] = { "check", "--json", NULL };
	const struct run_options options = { .line = take_line, .end = run_ended, .data = p };
	struct error err = ERROR_INIT;

	/* One that has given its verdict has nothing more to say. */
	if (p->run != NULL && p->state.verdict == NULL)
		return;
	run_forget(p->run);
	check_state_clear(&p->state);
	p->job[0] = p->bundle[0] = '\0';
	p->stale = false;
	p->run = app_start(p->app, arguments, &options, &err);
	if (p->run == NULL)
		app_notice_error(p->app, &err);
	app_dirty(p->app);
}

/* --- the update that failed ------------------------------------------------------------------------------------------------------------ */

/* Shows the verdict that stands in a job's events. False when there is none. */
static bool show_job(struct check_pane *p, const char *job)
{
	struct check_job read;

	if (p->run != NULL || !check_job_read(p->app->options->state_dir, job, &read))
		return false;
	check_state_clear(&p->state);
	p->state = read.state;
	snprintf(p->job, sizeof(p->job), "%s", job);
	snprintf(p->bundle, sizeof(p->bundle), "%s", read.bundle);
	p->list.selected = 0;
	for (int id = 0; id < CHECK_COUNT; id++) {
		if (p->state.rows[id].state == ROW_DONE && p->state.rows[id].status == CHECK_FAIL) {
			p->list.selected = id;
			break;
		}
	}
	return true;
}

/* An update ended. A failure leads here, unless the operator is about something else. */
static void look_at_update(struct check_pane *p)
{
	const struct watch *w = &p->app->watch;

	/* It may have ended before it was seen running. */
	if (watch_running(w) || !w->ended || w->job[0] == '\0' || strcmp(w->job, p->looked_at) == 0)
		return;
	snprintf(p->looked_at, sizeof(p->looked_at), "%s", w->job);
	if (strcmp(w->status, "failed") == 0 && show_job(p, w->job) && app_shows(p->app, "update"))
		app_go(p->app, "check", ID_ROWS);
}

/* The first look: the failure of the last update where that is the last word, or a run of the checks. */
static void first_look(struct check_pane *p)
{
	char job[JOB_ID_MAX];

	if (p->seen || p->run != NULL || p->state.verdict != NULL) {
		p->seen = true;
		return;
	}
	p->seen = true;
	job_newest(p->app->options->state_dir, job);
	if (!watch_running(&p->app->watch) && strcmp(p->app->watch.state.last_status, "failed") == 0 && job[0] != '\0' &&
	    show_job(p, job))
		return;
	start_run(p);
}

/* What F led to was changed. */
static void check_again(struct check_pane *p)
{
	char key[KEY_NAME_MAX];

	p->jumped = false;
	start_run(p);
	if (!app_shows(p->app, "check"))
		app_notice(p->app, ROLE_NORMAL, _("Checking again: Troubleshoot (%s) shows it."),
			   keymap_key_name(ACTION_PANE_5, key, sizeof(key)));
}

static void event(void *pane, enum pane_event what)
{
	struct check_pane *p = pane;

	switch (what) {
	case PANE_SHOWN:
		first_look(p);
		if (p->stale)
			start_run(p);
		break;
	case PANE_UPDATE: look_at_update(p); break;
	case PANE_SETTINGS:
	case PANE_TRUST:
		p->stale = true;
		if (p->jumped)
			check_again(p);
		break;
	case PANE_HIDDEN: break;
	}
}

/* --- what can be done -------------------------------------------------------------------------------------------------------------------- */

static void show_evidence(struct check_pane *p)
{
	const struct check_row *row = &p->state.rows[p->list.selected];
	struct buffer text = BUFFER_INIT(TEXT_MAX);

	if (row->state == ROW_DONE && row->event != NULL) {
		check_row_evidence(row, &text);
		dialog_text(p->app, check_title((enum check_id)p->list.selected), buffer_text(&text));
	} else {
		app_notice(p->app, ROLE_DIM, "%s", _("This check has said nothing yet."));
	}
	buffer_clear(&text);
}

static void show_whole(struct check_pane *p)
{
	struct buffer text = BUFFER_INIT(TEXT_MAX);

	check_state_whole(&p->state, &text);
	dialog_text(p->app, _("Verdict"), buffer_text(&text));
	buffer_clear(&text);
}

static void report_line(void *data, const char *line, size_t len, const json_t *made)
{
	struct check_pane *p = data;
	const char *file = json_string_value(json_object_get(made, "file"));

	(void)line;
	(void)len;
	if (file != NULL)
		app_notice(p->app, ROLE_OK, _("OK Report: %s (%lld secrets removed)"), file,
			   (long long)json_integer_value(json_object_get(made, "removed")));
}

static void report_ended(void *data, int code, const char *errors)
{
	struct check_pane *p = data;

	p->report = NULL;
	if (code != 0)
		app_notice(p->app, ROLE_FAIL, "!! %.*s", (int)strcspn(errors, "\n"), errors);
}

static void make_report(struct check_pane *p)
{
	const struct run_options options = { .line = report_line, .end = report_ended, .data = p };
	struct error err = ERROR_INIT;
	char *folder = file_join(p->app->options->state_dir, "reports");
	const char *arguments[] = { "report", "--json", "-o", folder, NULL };

	if (folder != NULL && file_make_dirs(folder, 0700, &err))
		p->report = app_start(p->app, arguments, &options, &err);
	free(folder);
	if (p->report == NULL)
		app_notice_error(p->app, &err);
	else
		app_notice(p->app, ROLE_NORMAL, "%s", _("Making a report: the checks run once more ..."));
}

static void update_now(void *data)
{
	struct check_pane *p = data;

	app_act(p->app, ACTION_UPDATE);
}

static void start_update(struct check_pane *p)
{
	char question[1024];

	if (strcmp(check_state_status(&p->state), "pass") == 0) {
		update_now(p);
		return;
	}
	if (p->state.verdict == NULL)
		snprintf(question, sizeof(question), "%s", _("The checks have not come to a verdict.\nStart the update all the same?"));
	else
		snprintf(question, sizeof(question), _("%s\nStart the update all the same?"), check_state_text(&p->state, "summary"));
	dialog_ask(p->app, _("Update"), question, update_now, p);
}

static bool possible(void *pane, enum action action)
{
	const struct check_pane *p = pane;

	switch (action) {
	case ACTION_CHECK_RUN: return p->run == NULL || p->state.verdict != NULL;
	case ACTION_CHECK_STOP: return p->run != NULL && p->state.verdict == NULL;
	case ACTION_CHECK_FIX: return check_fix_possible(&p->state);
	case ACTION_CHECK_WHOLE: return p->state.verdict != NULL;
	case ACTION_CHECK_COPY: return check_state_text(&p->state, "letter")[0] != '\0';
	case ACTION_CHECK_REPORT: return p->report == NULL;
	case ACTION_CHECK_UPDATE: return !watch_running(&p->app->watch);
	default: return true;
	}
}

static bool act(void *pane, enum action action, int focus)
{
	struct check_pane *p = pane;

	switch (action) {
	case ACTION_CHECK_RUN: start_run(p); break;
	case ACTION_CHECK_STOP: run_cancel(p->run); break;
	case ACTION_CHECK_FIX:
		check_fix_act(p->fix, &p->state, p->bundle);
		p->jumped = !app_shows(p->app, "check") && !dialog_is_open(p->app);
		break;
	case ACTION_CHECK_WHOLE: show_whole(p); break;
	case ACTION_CHECK_COPY: app_copy(p->app, _("the paragraph"), check_state_text(&p->state, "letter")); break;
	case ACTION_CHECK_REPORT: make_report(p); break;
	case ACTION_CHECK_UPDATE: start_update(p); break;
	case ACTION_CHOOSE:
		if (focus != ID_ROWS)
			return false;
		show_evidence(p);
		break;
	default: return false;
	}
	return true;
}

const struct pane_ops pane_check = {
	.name = "check", .title = N_("Troubleshoot"), .scope = SCOPE_CHECK, .wide = true,
	.create = create, .destroy = destroy, .prepare = prepare,
	.possible = possible, .action = act, .event = event, .summary = summary,
};
