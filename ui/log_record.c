/* One record of the log, opened: its fields, all its lines, and the finding that explains a failure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/wrap.h"
#include "log_pane.h"

#define TEXT_MAX (1u << 20)
#define LABEL_COLS 11
#define WRAP_BYTES 2048			/* of a line that are looked at to find where it is to be broken */

enum { RECORD_TEXT = 2000, RECORD_EXPLAIN, RECORD_CHECK, RECORD_COPY };

struct opened {
	struct app *app;
	struct buffer text;		/* all lines, safe */
	struct buffer wrapped;		/* the same in lines of `cols` columns */
	int cols;			/* 0: not made yet */
	char *time, *level, *thread, *logger, *user, *operation;
	enum finding finding;
	size_t lines, top;
	int rows;
	bool whole;
};

static char *safe_copy(struct slice s)
{
	struct buffer safe = BUFFER_INIT(16384);

	view_show_line((struct slice){ s.p, s.n < 2048 ? s.n : 2048 }, &safe);
	return buffer_steal(&safe);
}

/* --- the page ------------------------------------------------------------------------------------------------------------ */

static void put_field(struct page *page, const char *label, const char *value)
{
	if (value != NULL && value[0] != '\0')
		page_row(page, ROLE_NORMAL, (int)text_widest(LABEL_COLS - 2, _("Time"), _("Level"), _("Thread"), _("Logger"), _("User"),
							     _("Operation")) + 2, label, value);
}

/* How much of a line goes into `cols` columns: to a blank, unless that leaves most of them empty ("at" in front of a name). */
static size_t part_of_line(const char *line, size_t len, int cols)
{
	char piece[WRAP_BYTES + 1];
	size_t n = len < WRAP_BYTES ? len : WRAP_BYTES, whole;

	memcpy(piece, line, n);
	piece[n] = '\0';
	whole = log_bytes_of_columns(piece, cols);
	n = wrap_length(piece, (size_t)cols, WRAP_CUT);
	if (n < whole / 2)
		n = whole;
	return n > 0 ? n : len;
}

/* Breaks a line where it does not fit. */
static void wrap_line(struct opened *o, const char *line, size_t len)
{
	do {
		size_t n = part_of_line(line, len, o->cols);

		buffer_append(&o->wrapped, line, n);
		buffer_putc(&o->wrapped, '\n');
		while (n < len && line[n] == ' ')
			n++;
		line += n;
		len -= n;
		o->lines++;
	} while (len > 0);
}

static void wrap(struct opened *o, int cols)
{
	const char *line = buffer_text(&o->text);

	if (cols == o->cols)
		return;
	o->cols = cols;
	o->lines = 0;
	buffer_reset(&o->wrapped);
	while (*line != '\0') {
		size_t len = strcspn(line, "\n");

		wrap_line(o, line, len);
		line += len + (line[len] == '\n');
	}
}

static const char *line_at(const struct opened *o, size_t n, size_t *len)
{
	const char *p = buffer_text(&o->wrapped);

	for (; n > 0 && *p != '\0'; n--) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	*len = strcspn(p, "\n");
	return p;
}

static void put_finding(const struct opened *o, struct page *page)
{
	const struct finding_info *info = finding_info(o->finding);
	char title[128];

	if (o->finding == FINDING_NONE)
		return;
	snprintf(title, sizeof(title), _("Explained by %s"), info->code);
	page_rule(page, title);
	page_wrap(page, ROLE_NORMAL, _(info->cause));
}

static void put_buttons(const struct opened *o, struct page *page)
{
	static const struct page_button all[] = {
		{ RECORD_EXPLAIN, N_("Explain") }, { RECORD_CHECK, N_("Run the checks") }, { RECORD_COPY, N_("Copy") },
	};
	struct page_button shown[3];
	size_t first = o->finding == FINDING_NONE ? 2 : 0, n = 0;

	for (size_t i = first; i < 3; i++)
		shown[n++] = (struct page_button){ all[i].id, _(all[i].label) };
	page_buttons(page, shown, n);
}

static void prepare(void *data, struct page *page)
{
	struct opened *o = data;
	const char *cause = _(finding_info(o->finding)->cause);
	int below = o->finding != FINDING_NONE ? 3 + (int)strlen(cause) / (page->cols > 0 ? page->cols : 1) : 1;
	size_t most;

	wrap(o, page->cols > 0 ? page->cols : 1);
	put_field(page, _("Time"), o->time);
	put_field(page, _("Level"), o->level);
	put_field(page, _("Thread"), o->thread);
	put_field(page, _("Logger"), o->logger);
	put_field(page, _("User"), o->user);
	put_field(page, _("Operation"), o->operation);
	page_rule(page, o->whole ? "" : _("the first 64 KB"));
	o->rows = page_left(page) - below > 3 ? page_left(page) - below : 3;
	if ((size_t)o->rows > o->lines)
		o->rows = (int)o->lines;
	most = o->lines - (size_t)o->rows;
	o->top = o->top < most ? o->top : most;
	page_area(page, RECORD_TEXT, o->rows);
	for (int i = 0; i < o->rows; i++) {
		size_t len;
		const char *line = line_at(o, o->top + (size_t)i, &len);

		page_line(page);
		page_put_n(page, ROLE_NORMAL, line, len);
	}
	put_finding(o, page);
	put_buttons(o, page);
}

/* --- what can be done ------------------------------------------------------------------------------------------------------ */

static void explain(const struct opened *o)
{
	const struct finding_info *info = finding_info(o->finding);
	struct buffer text = BUFFER_INIT(65536);

	buffer_printf(&text, "%s\n\n%s\n%s\n\n%s\n%s\n", _(info->cause), _("How it is told from its neighbours"),
		      _(info->apart), _("What to do"), _(info->remedy));
	dialog_text(o->app, info->code, buffer_text(&text));
	buffer_clear(&text);
}

/* Goes to Troubleshoot, where the checks start. */
static void run_checks(struct app *a)
{
	enum action run = action_by_name("run-checks");

	dialog_close(a);
	if (!app_go(a, "check", -1))
		app_notice(a, ROLE_NORMAL, "%s", _("Run \"posture-console check\" to see whether it is still so."));
	else if (run != ACTION_NONE)
		app_act(a, run);
}

static bool move(struct opened *o, enum action action)
{
	size_t page = o->rows > 1 ? (size_t)o->rows - 1 : 1, by = 1;
	bool up = false;

	switch (action) {
	case ACTION_UP: up = true; break;
	case ACTION_DOWN: break;
	case ACTION_PAGE_UP: up = true; by = page; break;
	case ACTION_PAGE_DOWN: by = page; break;
	case ACTION_HALF_UP: up = true; by = (page + 1) / 2; break;
	case ACTION_HALF_DOWN: by = (page + 1) / 2; break;
	case ACTION_TOP: up = true; by = o->lines; break;
	case ACTION_END: by = o->lines; break;
	default: return false;
	}
	o->top = up ? (o->top > by ? o->top - by : 0) : o->top + by;
	return true;
}

static bool act(void *data, enum action action, int focus)
{
	struct opened *o = data;

	if (focus == RECORD_TEXT && move(o, action))
		return true;
	if (action == ACTION_LOG_COPY || (action == ACTION_CHOOSE && focus == RECORD_COPY)) {
		app_copy(o->app, _("record"), buffer_text(&o->text));
		return true;
	}
	if (action != ACTION_CHOOSE)
		return false;
	if (focus == RECORD_EXPLAIN || (focus == RECORD_TEXT && o->finding != FINDING_NONE))
		explain(o);
	else if (focus == RECORD_CHECK)
		run_checks(o->app);
	else
		return false;
	return true;
}

static bool possible(void *data, enum action action)
{
	(void)data;
	return action == ACTION_LOG_COPY;
}

static void destroy(void *data)
{
	struct opened *o = data;

	buffer_clear(&o->text);
	buffer_clear(&o->wrapped);
	free(o->time);
	free(o->level);
	free(o->thread);
	free(o->logger);
	free(o->user);
	free(o->operation);
	free(o);
}

static const struct dialog_ops record_dialog = {
	.scope = SCOPE_LOG, .prepare = prepare, .possible = possible, .action = act, .destroy = destroy,
};

void log_open_record(struct log_pane *p)
{
	struct view_record r;
	struct opened *o;

	if (p->view == NULL || !view_record(p->view, log_rows_selected(&p->rows), &r))
		return;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return;
	o->app = p->app;
	o->text = (struct buffer)BUFFER_INIT(TEXT_MAX);
	o->wrapped = (struct buffer)BUFFER_INIT(2 * TEXT_MAX);
	o->time = safe_copy(r.fields.time_text);
	o->level = strdup(record_level_name(r.fields.level));
	o->thread = safe_copy(r.fields.thread);
	o->logger = safe_copy(r.fields.logger);
	o->user = safe_copy(r.fields.user);
	o->operation = safe_copy(r.fields.operation);
	o->finding = r.finding;
	o->whole = r.whole;
	for (size_t i = 0; i < r.lines; i++) {
		view_show_line(i == 0 && r.fields.message.n > 0 ? r.fields.message : view_record_line(&r, i), &o->text);
		buffer_putc(&o->text, '\n');
	}
	dialog_open(p->app, _("Record"), &record_dialog, o);
}
