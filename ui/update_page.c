/* The Update pane's page: source, schedule, update information or the running update, and the buttons. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "keymap.h"
#include "pane.h"
#include "update_pane.h"

#define FIELD_COLS 14
#define INFO_COLS 38
#define WIDE_COLS 110			/* from here on names and bars are longer */
#define NAME_COLS 22
#define BAR_COLS 11
#define WIDE_NAME_COLS 34
#define WIDE_BAR_COLS 34
#define CHECK_PANE 4
#define FOOT_ROWS 3			/* the newest record, the rule, the buttons */

static const struct { const char *id, *label; } known[] = {
	{ "cisco-conditions", N_("Cisco conditions version") },
	{ "avas-chart-windows", N_("Cisco AV/AS support chart, Windows") },
	{ "avas-chart-macos", N_("Cisco AV/AS support chart, macOS") },
	{ "os-groups", N_("Cisco supported OS version") },
};

/* The field, and beside it the way to choose instead of typing. */
static void put_bundle(struct update_pane *p, struct page *page)
{
	const char *browse = _("[Browse]");
	int cols = (int)text_width(browse);

	page_line(page);
	page_cell(page, ROLE_LABEL, form_label_cols(&p->form, FIELD_COLS), _("Bundle"));
	form_put_value(page, &p->form, UPDATE_FIELD_BUNDLE, page_cols_left(page) - cols - 1);
	page_put(page, ROLE_NORMAL, " ");
	page_item(page, ACTION_BUNDLE, ITEM_BUTTON, cols);
	page_put(page, ROLE_KEY, browse);
	form_put_reason(page, &p->form, UPDATE_FIELD_BUNDLE, form_label_cols(&p->form, FIELD_COLS));
}

static void put_source(struct update_pane *p, struct page *page)
{
	const struct settings *s = p->app->settings;
	struct buffer delay = BUFFER_INIT(64);
	char next[WHEN_TEXT_MAX + 64], stamp[WHEN_TEXT_MAX];

	page_rule(page, _("Update source"));
	form_put(page, &p->form, UPDATE_FIELD_SOURCE, form_label_cols(&p->form, FIELD_COLS));
	form_put(page, &p->form, UPDATE_FIELD_URL, form_label_cols(&p->form, FIELD_COLS));
	put_bundle(p, page);
	form_put(page, &p->form, UPDATE_FIELD_AUTOMATIC, form_label_cols(&p->form, FIELD_COLS));
	settings_text(s, SETTING_SCHEDULE_INITIAL_DELAY, &delay);
	page_putf(page, ROLE_NORMAL, _(" every %d h, first after %s"), (int)settings_int(s, SETTING_SCHEDULE_EVERY_HOURS),
		  buffer_text(&delay));
	buffer_clear(&delay);
	snprintf(next, sizeof(next), "%s", _("next: off"));
	if (p->app->watch.next != 0)
		snprintf(next, sizeof(next), _("next %s"), when_here_minute(stamp, p->app->watch.next));
	page_right_or_below(page, ROLE_DIM, next);
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

/* The widest label in this language, and no more than `room` where the language is terse and the value long. */
static int information_cols(int room)
{
	size_t most = text_widest(room < INFO_COLS ? 0 : INFO_COLS - 2, _("Last successful update on"), _("Last update status"));

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		most = text_widest(most, _(known[i].label));
	return (int)most + 2;
}

/* `spare`: lines that what stands below it will need. On a small screen the versions give way to why an update failed. */
static void put_information(const struct update_pane *p, struct page *page, int spare)
{
	const struct watch *w = &p->app->watch;
	char text[256], stamp[WHEN_TEXT_MAX], spent[64];
	int cols;

	page_rule(page, _("Update information"));
	snprintf(text, sizeof(text), "%s", _("never"));
	for (int seconds = 1; seconds >= 0 && w->state.last_success != 0; seconds--) {
		snprintf(text, sizeof(text), "%s  %s, %s",
			 seconds ? when_here(stamp, w->state.last_success) : when_here_minute(stamp, w->state.last_success),
			 strcmp(w->state.success_source, "web") == 0 ? _("web") : _("offline"),
			 page_duration(spent, sizeof(spent), w->state.success_duration_ms));
		/* The seconds are what can be missed. */
		if (information_cols(0) + (int)text_width(text) <= page->cols)
			break;
	}
	cols = information_cols(page->cols - (int)text_width(text));
	page_row(page, ROLE_NORMAL, cols, _("Last successful update on"), text);
	snprintf(text, sizeof(text), "%s", watch_stopped(w) ? _("Stopped") : status_text(w->state.last_status));
	if (w->rolled_back != 0)
		snprintf(text, sizeof(text), _("Rolled back on %s"), when_here(stamp, w->rolled_back));
	page_row(page, w->rolled_back != 0 ? ROLE_WARN : ROLE_NORMAL, cols, _("Last update status"), text);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && page_left(page) > spare; i++) {
		const struct store_component *c =
			w->current != NULL ? store_generation_component(w->current, known[i].id) : NULL;

		page_row(page, ROLE_NORMAL, cols, _(known[i].label), c != NULL ? c->version : "-");
	}
	if (w->problem.message[0] != '\0')
		page_wrap(page, ROLE_FAIL, w->problem.message);
}

/* "25% 12 MB/40 MB 3.1 MB/s 0:09 left" */
static void put_figures(struct buffer *line, int64_t bytes, int64_t total, int64_t rate, bool with_total)
{
	char done[32], all[32], speed[32];

	if (total > 0)
		buffer_printf(line, " %3d%%", (int)(bytes * 100 / total));
	buffer_printf(line, " %s", page_size(done, sizeof(done), bytes));
	if (total > 0 && bytes < total && with_total)
		buffer_printf(line, "/%s", page_size(all, sizeof(all), total));
	if (rate > 0 && bytes != total)
		buffer_printf(line, " %s/s", page_size(speed, sizeof(speed), rate));
	if (rate > 0 && total > bytes)
		buffer_printf(line, _(" %lld:%02lld left"), (long long)((total - bytes) / rate / 60),
			      (long long)((total - bytes) / rate % 60));
}

/* A name, a bar, figures. On a small screen the bar gives way, then the size of all of it: per cent say the same. */
static void put_meter(struct page *page, enum theme_role role, const char *name, int64_t bytes, int64_t total, int64_t rate)
{
	struct buffer line = BUFFER_INIT(4096), figures = BUFFER_INIT(1024);
	bool wide = page->cols >= WIDE_COLS;
	int name_cols = wide ? WIDE_NAME_COLS : NAME_COLS, bar_cols = wide ? WIDE_BAR_COLS : BAR_COLS, left = page->cols - name_cols;

	put_figures(&figures, bytes, total, rate, true);
	if ((int)text_width(buffer_text(&figures)) > left) {
		buffer_reset(&figures);
		put_figures(&figures, bytes, total, rate, false);
	}
	text_fit(&line, name, (size_t)name_cols, true, page->ascii);
	if ((int)text_width(buffer_text(&figures)) + 1 + bar_cols <= left) {
		buffer_putc(&line, ' ');
		page_bar(&line, bar_cols, bytes, total);
	}
	buffer_puts(&line, buffer_text(&figures));
	page_text(page, role, buffer_text(&line));
	buffer_clear(&figures);
	buffer_clear(&line);
}

static bool is_done(const struct watch_bar *b)
{
	return b->bytes == b->total;
}

/* Those under way, then the newest of those that are done, as far as there is room. */
static void put_bars(const struct watch *w, struct page *page, int rows)
{
	for (int i = 0; i < w->bar_count && rows > 0; i++) {
		if (!is_done(&w->bars[i])) {
			put_meter(page, ROLE_NORMAL, w->bars[i].name, w->bars[i].bytes, w->bars[i].total, w->bars[i].rate);
			rows--;
		}
	}
	for (int i = w->bar_count - 1; i >= 0 && rows > 0; i--) {
		if (is_done(&w->bars[i])) {
			put_meter(page, ROLE_OK, w->bars[i].name, w->bars[i].bytes, w->bars[i].total, 0);
			rows--;
		}
	}
}

static void put_overall(const struct watch *w, struct page *page)
{
	int64_t bytes = watch_done_bytes(w), spent = clock_monotonic_ms() - w->plan_ms;
	char name[128];

	if (w->plan_count <= 0)
		return;
	snprintf(name, sizeof(name), P_("%lld of %lld component", "%lld of %lld components", (unsigned long)w->plan_count),
		 (long long)watch_done_count(w), (long long)w->plan_count);
	put_meter(page, ROLE_TITLE, name, bytes, w->plan_bytes, spent > 0 ? watch_new_bytes(w) * 1000 / spent : 0);
}

const char *update_phase_text(const char *phase)
{
	static const struct { const char *phase, *text; } rows[] = {
		{ "", N_("starting") },		 { "check", N_("checking the way to the feed") },
		{ "manifest", N_("manifest") }, { "download", N_("download") },
		{ "verify", N_("verify") },	 { "stage", N_("unpack") },
		{ "commit", N_("commit") },	 { "hook", N_("hook") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].phase, phase) == 0)
			return _(rows[i].text);
	return phase;
}

static void put_progress(const struct update_pane *p, struct page *page)
{
	const struct watch *w = &p->app->watch;
	char text[256], spent[64];
	int cols = (int)text_widest(FIELD_COLS - 2, _("From"), _("Phase")) + 2;

	page_rule(page, _("Updating"));
	page_row(page, ROLE_NORMAL, cols, _("From"), w->from);
	snprintf(text, sizeof(text), _("%s, for %s"), update_phase_text(w->phase),
		 page_duration(spent, sizeof(spent), clock_monotonic_ms() - w->started_ms));
	page_row(page, ROLE_TITLE, cols, _("Phase"), text);
	put_overall(w, page);
	put_bars(w, page, page_left(page) - FOOT_ROWS - (w->notice[0] != '\0' ? 2 : 0));
	if (w->notice[0] != '\0') {
		page_line(page);
		page_put(page, ROLE_WARN, "?? ");
		page_wrap_after(page, ROLE_WARN, 3, w->notice);
	}
	if (w->record[0] != '\0')
		page_text(page, ROLE_DIM, w->record);
}

/* What the last update came to: why it failed, and the first step of the remedy. Empty texts: nothing to say. */
struct result {
	enum theme_role role;
	bool failed;			/* and not because it was asked to stop */
	char text[1200], next[600];
};

static void make_result(const struct watch *w, struct result *r)
{
	const char *status = w->ended ? w->status : w->state.last_status;
	const char *cause = w->ended ? w->cause : w->state.last_cause, *summary = w->ended ? w->summary : w->state.last_summary;
	const char *remedy = finding_info(finding_by_code(cause))->remedy;
	bool bad = strcmp(status, "failed") == 0;

	*r = (struct result){ .role = ROLE_OK };
	if (watch_running(w) || (!w->ended && !bad))
		return;
	r->failed = bad && !watch_stopped(w);
	if (!bad) {
		snprintf(r->text, sizeof(r->text), "OK %s", summary);
		return;
	}
	r->role = r->failed ? ROLE_FAIL : ROLE_WARN;
	snprintf(r->text, sizeof(r->text), "%s %s%s%s", r->failed ? "!!" : "??", cause, cause[0] != '\0' ? ": " : "", summary);
	if (remedy != NULL && remedy[0] != '\0') {
		const char *steps = _(remedy);

		snprintf(r->next, sizeof(r->next), _("Next: %.*s"), (int)strcspn(steps, "\n"), steps);
	}
}

/* An update from the feed cannot work without; one from a bundle can, where no signature is asked for. */
static void make_trust(const struct update_pane *p, struct result *r)
{
	bool web = strcmp(settings_string(p->app->settings, SETTING_SOURCE_MODE), "web") == 0;
	char pane[32], enable[32], services[32], import[32];

	*r = (struct result){ .role = web ? ROLE_FAIL : ROLE_WARN };
	if (p->no_anchor.message[0] == '\0' || watch_running(&p->app->watch))
		return;
	snprintf(r->text, sizeof(r->text), "%s %s", web ? "!!" : "??", p->no_anchor.message);
	snprintf(r->next, sizeof(r->next),
		 _("Next: in Certificates (%s) enable one (%s) and trust it for Cisco services (%s), or import the feed's CA (%s)."),
		 keymap_key_name(ACTION_PANE_3, pane, sizeof(pane)), keymap_key_name(ACTION_CERT_ENABLE, enable, sizeof(enable)),
		 keymap_key_name(ACTION_CERT_SERVICES, services, sizeof(services)),
		 keymap_key_name(ACTION_CERT_IMPORT, import, sizeof(import)));
}

static int result_lines(const struct result *r, int cols)
{
	return page_wrap_lines(r->text, cols) + page_wrap_lines(r->next, cols);
}

static void put_result(struct page *page, const struct result *r)
{
	if (r->text[0] != '\0')
		page_wrap(page, r->role, r->text);
	if (r->next[0] != '\0')
		page_wrap(page, ROLE_NORMAL, r->next);
}

static size_t make_buttons(const struct watch *w, bool failed, struct page_button buttons[static 5])
{
	bool running = watch_running(w);
	size_t n = 0;

	buttons[n++] = running ? (struct page_button){ ACTION_STOP, _("Stop") }
			       : (struct page_button){ ACTION_UPDATE, _("Update now") };
	if (panes[CHECK_PANE] != NULL)
		buttons[n++] = (struct page_button){ ACTION_PANE_5, failed ? _("Find the cause") : _("Check first") };
	buttons[n++] = (struct page_button){ ACTION_HISTORY, _("History") };
	buttons[n++] = (struct page_button){ ACTION_CHANGED, _("What changed") };
	if (!running)
		buttons[n++] = (struct page_button){ ACTION_ROLLBACK, _("Roll back") };
	return n;
}

void update_page(void *pane, struct page *page)
{
	struct update_pane *p = pane;
	const struct watch *w = &p->app->watch;
	struct page_button buttons[5];
	struct result result, trust;
	size_t n;

	make_result(w, &result);
	make_trust(p, &trust);
	n = make_buttons(w, result.failed, buttons);
	put_source(p, page);
	if (watch_running(w))
		put_progress(p, page);
	else
		put_information(p, page, 2 + result_lines(&result, page->cols) + result_lines(&trust, page->cols));
	page_rule(page, "");
	put_result(page, &trust);
	put_result(page, &result);
	page_buttons(page, buttons, n);
}
