/* The one place that draws: from pages to the next frame, with one flush at the end. */
#include <stdio.h>
#include <string.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/wrap.h"
#include "key.h"
#include "term.h"
#include "update_pane.h"

#define FOCUS_COLS 32		/* of a long value that are turned around: on a slow line each is a byte, twice */

/* --- the lines around the pane -------------------------------------------------------------------------------------------- */

/* What is going on, for the state line. */
static void state_text(const struct app *a, char *dst, size_t size)
{
	const struct update_state *s = &a->watch.state;
	int percent = watch_percent(&a->watch);

	if (watch_running(&a->watch) && percent >= 0)
		snprintf(dst, size, _("updating %d %%, %s"), percent, update_phase_text(a->watch.phase));
	else if (watch_running(&a->watch))
		snprintf(dst, size, "%s", _("updating"));
	else if (watch_stopped(&a->watch))
		snprintf(dst, size, "%s", _("update stopped"));
	else if (strcmp(s->last_status, "failed") == 0)
		snprintf(dst, size, _("update failed: %s"), s->last_cause);
	else if (a->check_cause[0] != '\0')
		snprintf(dst, size, _("check failed: %s"), a->check_cause);
	else
		snprintf(dst, size, "%s", _("idle"));
}

static void draw_state(const struct app *a, const struct rect *r)
{
	const struct ui_fixture *fixture = a->options->fixture;
	char doing[128], safe[128], right[256], stamp[32], left[128];
	const char *node;
	time_t now = clock_now();
	struct tm tm;
	int width;

	state_text(a, doing, sizeof(doing));
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M %Z", &tm);
	if (fixture != NULL && fixture->clock != NULL)
		snprintf(stamp, sizeof(stamp), "%s", fixture->clock);
	snprintf(right, sizeof(right), "%s   %s%s ", text_safe(safe, sizeof(safe), doing), a->p->unsynced ? "?? " : "", stamp);
	node = a->options->demo != NULL ? a->options->demo : a->node;
	width = (int)text_width(right);
	snprintf(left, sizeof(left), " posture-console %s %s", term_ascii() ? "-" : "\xc2\xb7", node);
	/* Where there is no room for both, which node it is says more than which program. */
	if ((int)text_width(left) >= r->cols - width)
		snprintf(left, sizeof(left), " %s", node);
	term_text(r->row, 0, r->cols, ROLE_TITLE, "");
	term_text(r->row, 0, r->cols - width - 1, ROLE_TITLE, left);
	term_text(r->row, r->cols - width, width, ROLE_TITLE, right);
}

/* Calls for each pane of the bar: its number, name and columns. Returns where the last one ends. */
static int walk_bar(const struct app *a, void (*each)(void *data, int pane, int col, int cols, const char *text), void *data)
{
	char text[64];
	int col = 1;

	for (int i = 0; i < PANES_MAX; i++) {
		int width;

		if (a->p->data[i] == NULL)
			continue;
		snprintf(text, sizeof(text), "%d %s", i + 1, _(panes[i]->title));
		width = (int)text_width(text);
		each(data, i, col, width, text);
		col += width + 2;
	}
	return col;
}

static void put_bar_pane(void *data, int pane, int col, int cols, const char *text)
{
	const struct app *a = data;

	term_text(a->p->layout.bar.row, col, cols, pane == a->p->pane ? ROLE_MARK : ROLE_KEY, text);
}

static void draw_bar(struct app *a, const struct rect *r)
{
	char key[16], help[64];
	int width, end;

	term_text(r->row, 0, r->cols, ROLE_NORMAL, "");
	end = walk_bar(a, put_bar_pane, a);
	keymap_key_name(ACTION_HELP, key, sizeof(key));
	snprintf(help, sizeof(help), "%s %s ", key, _("Help"));
	width = (int)text_width(help);
	/* The key line says so as well. */
	if (end <= r->cols - width)
		term_text(r->row, r->cols - width, width, ROLE_DIM, help);
}

struct bar_hit { int col, pane; };

static void find_bar_pane(void *data, int pane, int col, int cols, const char *text)
{
	struct bar_hit *hit = data;

	(void)text;
	if (hit->col >= col && hit->col < col + cols)
		hit->pane = pane;
}

int app_bar_pane(const struct app *a, int col)
{
	struct bar_hit hit = { col, -1 };

	walk_bar(a, find_bar_pane, &hit);
	return hit.pane;
}

/* --- pages --------------------------------------------------------------------------------------------------------------- */

static void draw_run(const struct rect *r, const struct page *p, const struct page_run *run, int row)
{
	if (p->cols == r->cols && run->rule)
		term_line(row, run->cols, page_run_text(p, run));
	else if (!run->rule)
		term_text(row, r->col + (p->cols == r->cols ? 0 : 2) + run->col, run->cols, run->role, page_run_text(p, run));
	else if (run->col == 0 && run->cols == p->cols)
		term_rule(r, row, page_run_text(p, run));
	else
		term_inner_rule(row, r->col + 2 + run->col, run->cols, page_run_text(p, run));
}

static void draw_focus(const struct surface *s)
{
	const struct page_item *item = surface_item(s);
	int row, col;

	if (item == NULL)
		return;
	row = s->screen_row + item->line - s->top;
	col = s->screen_col + item->col;
	if (item->kind == ITEM_LIST)
		term_cursor(row + (int)(item->list->selected - item->list->top), col);
	else if (item->kind == ITEM_AREA)
		term_cursor(row + (item->cursor > 0 ? item->cursor : 0), col);
	else if (item->kind == ITEM_FIELD && item->form->editing == (int)item->field)
		term_cursor(row, col + item->cursor);
	else
		term_focus(row, col, item->cols < FOCUS_COLS ? item->cols : FOCUS_COLS, item->cursor);
}

/* Draws a page into a frame. `first`: its first line is the frame's top, and stays there when the rest scrolls. `rows`:
 * lines that there is room for. */
static void draw_page(struct surface *s, const struct rect *r, bool first, int rows)
{
	const struct page *p = &s->page;
	const struct page_item *item = surface_item(s);
	int pinned = first ? 1 : 0;
	int focus = item != NULL && item->kind != ITEM_LIST && item->kind != ITEM_AREA ? item->line : s->top + pinned;

	s->top = layout_scroll(p->count - pinned, rows - pinned, focus - pinned, s->top);
	s->screen_row = r->row + 1 - pinned;
	s->screen_col = r->col + (p->cols == r->cols ? 0 : 2);
	for (int i = 0; i < p->runs; i++) {
		int line = p->run[i].line;

		if (line < pinned)
			draw_run(r, p, &p->run[i], r->row);
		else if (line - s->top >= pinned && line - s->top < rows)
			draw_run(r, p, &p->run[i], s->screen_row + line - s->top);
	}
	if (p->count > rows) {
		char more[32];

		snprintf(more, sizeof(more), " %d-%d/%d ", s->top + 1, s->top + rows - pinned, p->count - pinned);
		term_text(r->row + r->rows - 1, r->col + (r->cols - (int)strlen(more)) / 2, (int)strlen(more), ROLE_DIM, more);
	}
}

static void draw_notice(const struct app *a, const struct rect *r, int lines)
{
	const char *at = a->p->notice;
	int bottom = r->row + r->rows - (panes[a->p->pane]->whole ? 0 : 1);

	for (int i = 0; i < lines; i++) {
		size_t len = wrap_length(at, (size_t)(r->cols - 4), WRAP_CUT);
		char line[sizeof(a->p->notice)];

		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		term_text(bottom - lines + i, r->col + 2, r->cols - 4, a->p->notice_role, line);
		at += len;
		at += strspn(at, " ");
	}
}

static void draw_body(struct app *a)
{
	struct app_private *p = a->p;
	const struct rect *r = &p->layout.body;
	int notice = app_notice_lines(a, r->cols - 4);
	bool whole = panes[p->pane]->whole;

	if (!whole)
		term_frame(r);
	draw_page(&p->surface[p->pane], r, true, r->rows - (whole ? 0 : 1) - notice);
	draw_notice(a, r, notice);
	if (p->layout.side.cols > 0) {
		term_frame(&p->layout.side);
		draw_page(&p->side, &p->layout.side, true, p->layout.side.rows - 1);
	}
}

/* Its title stands in the lower border of what is above it: a rule of its own would cost a row, and 240 bytes on a slow line. */
static void draw_strip(struct app *a)
{
	const struct layout *l = &a->p->layout;
	const struct page *p = &a->p->strip_page;
	char left[128], right[64];

	if (l->strip.rows == 0)
		return;
	strip_title(a, left, sizeof(left), right, sizeof(right));
	term_titles(l->strip_title.row, l->strip_title.cols, l->body.cols, left, right);
	for (int i = 0; i < p->runs; i++)
		if (p->run[i].line < l->strip.rows)
			term_text(l->strip.row + p->run[i].line, p->run[i].col, p->run[i].cols, p->run[i].role,
				  page_run_text(p, &p->run[i]));
}

/* --- the last line ------------------------------------------------------------------------------------------------------- */

/* Not what the pane's own key hides, nor what a restricted console would refuse. */
static bool possible(void *data, enum action action)
{
	struct app *a = data;
	enum action own = keymap_action(panes[a->p->pane]->scope, KEYS_ENTER);

	if (action == ACTION_CHOOSE && a->p->dialogs == NULL && own != ACTION_NONE && app_possible(a, own))
		return false;
	return action != ACTION_HELP && app_possible(a, action) && app_allowed(a, action_info(action)->need);
}

static bool always(void *data, enum action action)
{
	(void)data;
	(void)action;
	return true;
}

/* Cuts the line where a whole key and its word end. */
static void cut_line(struct buffer *line, int cols)
{
	while ((int)text_width(buffer_text(line)) > cols && line->len > 0) {
		size_t at = line->len - 1;

		while (at > 0 && !(line->data[at] == ' ' && line->data[at - 1] == ' '))
			at--;
		line->len = at > 0 ? at - 1 : 0;
		line->data[line->len] = '\0';
	}
}

/* The pane's own keys come first: what is cut off is what everybody tries anyway. Help is always there. */
static void draw_keys(struct app *a, const struct rect *r)
{
	const struct page_item *item = surface_item(app_surface(a));
	struct buffer line = BUFFER_INIT(4096);
	enum scope scopes[SCOPE_COUNT];
	int n = app_scopes(a, scopes);
	char key[16], help[64];

	if (item != NULL && item->kind == ITEM_FIELD && item->form->editing == (int)item->field) {
		keymap_line(&line, SCOPE_EDIT, always, a);
	} else {
		for (int i = 0; i < n; i++)
			keymap_line(&line, scopes[i], possible, a);
		snprintf(help, sizeof(help), "%s%s %s", line.len > 0 ? "  " : " ", keymap_key_name(ACTION_HELP, key, sizeof(key)),
			 _(action_info(ACTION_HELP)->label));
		cut_line(&line, r->cols - (int)text_width(help));
		buffer_puts(&line, help);
	}
	term_text(r->row, 0, r->cols, ROLE_KEY, buffer_text(&line));
	buffer_clear(&line);
}

static void draw_prompt(struct app *a, const struct rect *r)
{
	struct prompt *p = &a->p->prompt;
	struct buffer shown = BUFFER_INIT(EDIT_MAX * 8), safe = BUFFER_INIT(EDIT_MAX * 8);
	int label = (int)text_width(p->label), cursor = 0, width;

	edit_show(&p->edit, r->cols - label - 1, term_ascii(), &shown, &cursor);
	text_sanitise(&safe, buffer_text(&shown), shown.len);
	width = (int)text_width(buffer_text(&safe));
	term_text(r->row, 0, label, ROLE_KEY, p->label);
	term_text(r->row, label, r->cols - label, ROLE_NORMAL, buffer_text(&safe));
	term_text(r->row, label + width + 2, r->cols - label - width - 2, ROLE_DIM, p->hint);
	term_cursor(r->row, label + cursor);
	buffer_clear(&shown);
	buffer_clear(&safe);
}

/* --- for screen readers ---------------------------------------------------------------------------------------------------- */

/* The words of the line that has the focus, without the spaces that make columns. */
static void line_words(const struct page *p, int line, int from, int to, struct buffer *out)
{
	for (int i = 0; i < p->runs; i++) {
		const char *at = page_run_text(p, &p->run[i]);

		if (p->run[i].line != line || p->run[i].rule || p->run[i].col < from || p->run[i].col >= to)
			continue;
		for (; *at != '\0'; at++) {
			if (*at != ' ')
				buffer_putc(out, *at);
			else if (out->len > 0 && out->data[out->len - 1] != ' ')
				buffer_putc(out, ' ');
		}
		if (out->len > 0 && out->data[out->len - 1] != ' ')
			buffer_putc(out, ' ');
	}
}

/* What the focus is on, as a line that is read out when it changes. */
static void draw_announcement(struct app *a, const struct rect *r)
{
	const struct surface *s = app_surface(a);
	const struct page_item *item = surface_item(s);
	struct buffer line = BUFFER_INIT(8192);

	buffer_printf(&line, "%s: ", a->p->dialogs != NULL ? a->p->dialogs->title : _(panes[a->p->pane]->title));
	/* What it is comes first: the rest may be cut. */
	if (item != NULL && item->kind == ITEM_LIST) {
		buffer_printf(&line, _("row %'lld of %'lld: "), (long long)item->list->selected + 1, (long long)item->list->count);
		line_words(&s->page, item->line + (int)(item->list->selected - item->list->top), 0, item->cols, &line);
	} else if (item != NULL && item->kind == ITEM_BUTTON) {
		buffer_puts(&line, _("button: "));
		line_words(&s->page, item->line, item->col, item->col + item->cols, &line);
	} else if (item != NULL && item->kind == ITEM_FIELD) {
		buffer_puts(&line, item->form->editing == (int)item->field ? _("editing: ") : _("field: "));
		line_words(&s->page, item->line, 0, s->page.cols, &line);
	}
	term_text(r->row, 0, r->cols, ROLE_NORMAL, buffer_text(&line));
	buffer_clear(&line);
}

/* --- all of it ------------------------------------------------------------------------------------------------------------ */

/* Nothing but the text, from the first column on: what the terminal's own mouse selects is the text. */
static void draw_bare(struct dialog *d)
{
	struct rect r = { -1, -2, term_rows() + 1, term_cols() + 4 };

	term_erase();
	draw_page(&d->surface, &r, false, term_rows() - 1);
}

static void draw_dialog(struct dialog *d, bool on_top)
{
	struct page *p = &d->surface.page;
	struct rect r = layout_centre(term_rows(), term_cols(), p->count + 2 < p->rows + 2 ? p->count + 2 : p->rows + 2,
				      p->cols + 4);

	if (d->ops->bare) {
		draw_bare(d);
		return;
	}
	if (r.rows < 3 || r.cols < 8)
		return;
	for (int i = 0; i < r.rows; i++)
		term_text(r.row + i, r.col, r.cols, ROLE_NORMAL, "");
	term_frame(&r);
	term_rule(&r, r.row, d->title);
	draw_page(&d->surface, &r, false, r.rows - 2);
	if (on_top)
		draw_focus(&d->surface);
}

/* From the lowest to the top one. */
static void draw_dialogs(struct dialog *d, bool on_top)
{
	if (d == NULL)
		return;
	draw_dialogs(d->below, false);
	draw_dialog(d, on_top);
}

void app_draw(struct app *a)
{
	struct app_private *p = a->p;

	term_erase();
	p->stale = true;
	app_prepare(a);
	if (p->layout.too_small) {
		char text[128];

		snprintf(text, sizeof(text), _("Too small: %dx%d or more is needed"), LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS);
		term_text(0, 0, term_cols(), ROLE_NORMAL, text);
	} else {
		draw_state(a, &p->layout.state);
		draw_bar(a, &p->layout.bar);
		draw_body(a);
		draw_strip(a);
		if (p->dialogs == NULL)
			draw_focus(&p->surface[p->pane]);
		draw_dialogs(p->dialogs, true);
		if (p->prompt.open)
			draw_prompt(a, &p->layout.keys);
		else if (a->options->plain)
			draw_announcement(a, &p->layout.keys);
		else
			draw_keys(a, &p->layout.keys);
	}
	term_scrolling(&p->layout.strip);
	term_flush();
}
