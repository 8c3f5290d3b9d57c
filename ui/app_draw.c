#include "app_draw.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "keymap.h"
#include "pane.h"
#include "term.h"

static struct layout make_layout(const struct app *a)
{
	return layout_make(term_rows(), term_cols(), a->page.count + 1, a->strip_hidden ? 0 : a->strip_rows);
}

int app_strip_rows(const struct app *a)
{
	return make_layout(a).strip.rows;
}

/* What is going on, for the state line. */
static void state_text(const struct app *a, char *dst, size_t size)
{
	const struct update_state *s = &a->watch.state;
	int percent = watch_percent(&a->watch);

	if (watch_running(&a->watch) && percent >= 0)
		snprintf(dst, size, _("updating %d %%, %s"), percent, a->watch.phase);
	else if (watch_running(&a->watch))
		snprintf(dst, size, "%s", _("updating"));
	else if (strcmp(s->last_status, "failed") == 0)
		snprintf(dst, size, _("update failed: %s"), s->last_cause);
	else
		snprintf(dst, size, "%s", _("idle"));
}

static void draw_state(const struct app *a, const struct rect *r)
{
	char doing[128], safe[128], right[256], stamp[32], left[128];
	time_t now = clock_now();
	struct tm tm;
	int width;

	state_text(a, doing, sizeof(doing));
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M %Z", &tm);
	snprintf(right, sizeof(right), "%s   %s ", text_safe(safe, sizeof(safe), doing), stamp);
	snprintf(left, sizeof(left), " posture-console - %s", a->node);
	width = (int)text_width(right);
	term_text(r->row, 0, r->cols - width, ROLE_TITLE, left);
	term_text(r->row, r->cols - width, width, ROLE_TITLE, right);
}

static void draw_bar(const struct app *a, const struct rect *r)
{
	char text[64], key[16], help[64];
	int width;

	snprintf(text, sizeof(text), " %s", _(a->pane->title));
	term_text(r->row, 0, r->cols, ROLE_KEY, text);
	keymap_key_name(ACTION_HELP, key, sizeof(key));
	snprintf(help, sizeof(help), "%s %s ", key, _("Help"));
	width = (int)text_width(help);
	term_text(r->row, r->cols - width, width, ROLE_DIM, help);
}

static void draw_body(struct app *a, const struct rect *r)
{
	struct page *p = &a->page;
	int rows = r->rows - 2, last = p->count > 0 && p->lines[0].rule ? 1 : 0, focus_line;

	if (a->focus >= p->spans)
		a->focus = p->spans > 0 ? p->spans - 1 : 0;
	focus_line = p->spans > 0 ? p->span[a->focus].line : 0;
	a->top = layout_scroll(p->count, rows + last, focus_line, a->top);
	term_frame(r);
	for (int i = 0; i < rows + last && a->top + i < p->count; i++) {
		const struct page_line *line = &p->lines[a->top + i];
		int row = r->row + 1 - last + i;

		if (line->rule)
			term_rule(r, row, line->text);
		else if (row > r->row)
			term_text(row, r->col + 2, r->cols - 4, line->role, line->text);
	}
	if (p->spans > 0 && a->dialog.kind == DIALOG_NONE) {
		const struct page_span *s = &p->span[a->focus];

		term_focus(r->row + 1 - last + s->line - a->top, r->col + 2 + s->col, s->cols);
	}
}

static void draw_strip(const struct app *a, const struct layout *l)
{
	if (l->strip.rows == 0)
		return;
	term_line(l->strip_title.row, l->strip_title.cols, a->strip.file >= 0 ? _(" ise-psc.log ") :
		  _(" ise-psc.log: nothing logged yet "));
	for (int i = 0; i < l->strip.rows; i++) {
		size_t back = (size_t)(l->strip.rows - 1 - i);

		term_text(l->strip.row + i, 0, l->strip.cols, ROLE_NORMAL, strip_line(&a->strip, back));
	}
}

static bool possible(void *data, enum action action)
{
	const struct app *a = data;

	if (action == ACTION_HELP || action == ACTION_QUIT || action == ACTION_NEXT || action == ACTION_CHOOSE)
		return true;
	return a->pane->possible(a->pane_data, action);
}

static void draw_keys(struct app *a, const struct rect *r)
{
	struct buffer line = BUFFER_INIT(1024);

	keymap_line(&line, possible, a);
	term_text(r->row, 0, r->cols, ROLE_KEY, buffer_text(&line));
	buffer_clear(&line);
}

void app_draw(struct app *a)
{
	struct layout l;

	term_erase();
	page_start(&a->page, term_cols() - 4);
	a->pane->prepare(a->pane_data, &a->page);
	l = make_layout(a);
	if (l.too_small) {
		char text[128];

		snprintf(text, sizeof(text), _("Too small: %dx%d or more is needed"), LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS);
		term_text(0, 0, term_cols(), ROLE_NORMAL, text);
	} else {
		draw_state(a, &l.state);
		draw_bar(a, &l.bar);
		draw_body(a, &l.body);
		draw_strip(a, &l);
		draw_keys(a, &l.keys);
		dialog_draw(&a->dialog);
	}
	term_flush();
}
