#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "layout.h"

#define TEXT_MAX (4u << 20)		/* of a page */
#define RUN_MAX 16384			/* of a run, made safe */

void page_init(struct page *p)
{
	*p = (struct page){ .text = BUFFER_INIT(TEXT_MAX), .scratch = BUFFER_INIT(RUN_MAX) };
}

void page_clear(struct page *p)
{
	free(p->run);
	free(p->item);
	buffer_clear(&p->text);
	buffer_clear(&p->scratch);
	page_init(p);
}

void page_start(struct page *p, int rows, int cols, bool ascii)
{
	p->rows = rows > 0 ? rows : 0;
	p->cols = cols > 0 ? cols : 0;
	p->ascii = ascii;
	p->resting = true;
	p->count = p->runs = p->items = p->next = 0;
	p->line = -1;
	p->col = p->base_col = 0;
	p->base_cols = p->cols;
	p->overflow = false;
	buffer_reset(&p->text);
}

const char *page_run_text(const struct page *p, const struct page_run *run)
{
	return p->text.data != NULL ? p->text.data + run->at : "";
}

int page_left(const struct page *p)
{
	return p->rows > p->next ? p->rows - p->next : 0;
}

/* Makes room for one more element. */
static bool grow(void **array, int *room, int used, int most, size_t size)
{
	void *larger;
	int n = *room == 0 ? 64 : *room * 2;

	if (used < *room)
		return true;
	if (used >= most)
		return false;
	larger = realloc(*array, (size_t)n * size);
	if (larger == NULL)
		return false;
	*array = larger;
	*room = n;
	return true;
}

/* A run of text that is safe already, `cols` columns wide. */
static void add_run(struct page *p, enum theme_role role, bool rule, int cols, const char *safe)
{
	struct page_run run = { p->line, p->base_col + p->col, cols, role, rule, p->text.len };

	if (p->line < 0 || !grow((void **)&p->run, &p->run_room, p->runs, PAGE_RUNS_MAX, sizeof(*p->run)) ||
	    !buffer_append(&p->text, safe, strlen(safe) + 1)) {
		p->overflow = true;
		return;
	}
	p->run[p->runs++] = run;
	p->col += cols;
}

static void next_line(struct page *p)
{
	p->col = 0;
	if (p->next >= PAGE_LINES_MAX) {
		p->overflow = true;
		p->line = -1;
		return;
	}
	p->line = p->next++;
	if (p->next > p->count)
		p->count = p->next;
}

void page_rule(struct page *p, const char *title)
{
	next_line(p);
	buffer_reset(&p->scratch);
	for (const char *at = title; *at != '\0';) {
		size_t len = strcspn(at, "\t");

		text_sanitise(&p->scratch, at, len);
		if (at[len] == '\t')
			buffer_puts(&p->scratch, p->ascii ? " -- " : " \xe2\x94\x80\xe2\x94\x80 ");
		at += len + (at[len] == '\t');
	}
	add_run(p, ROLE_BORDER, true, p->base_cols, buffer_text(&p->scratch));
}

void page_line(struct page *p)
{
	next_line(p);
}

int page_cols_left(const struct page *p)
{
	return p->base_cols > p->col ? p->base_cols - p->col : 0;
}

/* Puts the scratch text, cut to the columns left. */
static void put_scratch(struct page *p, enum theme_role role)
{
	int left = page_cols_left(p), width = (int)text_width(buffer_text(&p->scratch));
	struct buffer cut = BUFFER_INIT(RUN_MAX);

	if (width <= left) {
		if (width > 0)
			add_run(p, role, false, width, buffer_text(&p->scratch));
		return;
	}
	if (left > 0) {
		width = (int)text_fit(&cut, buffer_text(&p->scratch), (size_t)left, false, p->ascii);
		add_run(p, role, false, width, buffer_text(&cut));
	}
	buffer_clear(&cut);
}

void page_put_n(struct page *p, enum theme_role role, const char *text, size_t n)
{
	buffer_reset(&p->scratch);
	p->scratch.failed = false;
	text_sanitise(&p->scratch, text, n < RUN_MAX / 16 ? n : RUN_MAX / 16);
	put_scratch(p, role);
}

void page_put(struct page *p, enum theme_role role, const char *text)
{
	page_put_n(p, role, text, strlen(text));
}

void page_putf(struct page *p, enum theme_role role, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	page_put(p, role, text);
}

void page_cell(struct page *p, enum theme_role role, int cols, const char *text)
{
	struct buffer fitted = BUFFER_INIT(RUN_MAX);
	int left = page_cols_left(p);

	if (cols > left)
		cols = left;
	if (cols <= 0)
		return;
	buffer_reset(&p->scratch);
	text_sanitise(&p->scratch, text, strlen(text));
	text_fit(&fitted, buffer_text(&p->scratch), (size_t)cols, true, p->ascii);
	add_run(p, role, false, cols, buffer_text(&fitted));
	buffer_clear(&fitted);
}

void page_tab(struct page *p, int col)
{
	p->col = col < p->base_cols ? col : p->base_cols;
}

void page_right(struct page *p, enum theme_role role, const char *text)
{
	char safe[1024];
	int width = (int)text_width(text_safe(safe, sizeof(safe), text));

	/* A space at least keeps it apart from what stands there. */
	if (p->col + 1 + width > p->base_cols)
		width = p->base_cols - p->col - 1;
	page_tab(p, p->base_cols - width);
	page_put(p, role, text);
}

void page_right_or_below(struct page *p, enum theme_role role, const char *text)
{
	char safe[1024];

	if (p->col + 1 + (int)text_width(text_safe(safe, sizeof(safe), text)) > p->base_cols)
		page_line(p);
	page_right(p, role, text);
}

void page_text(struct page *p, enum theme_role role, const char *text)
{
	page_line(p);
	page_put(p, role, text);
}

void page_textf(struct page *p, enum theme_role role, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	page_text(p, role, text);
}

/* One paragraph, safe already. The first line goes on where the line stands when it has begun. */
static void wrap_paragraph(struct page *p, enum theme_role role, int indent, const char *at, bool begun)
{
	struct buffer part = BUFFER_INIT(RUN_MAX);

	if (*at == '\0' && !begun)
		page_line(p);
	while (*at != '\0') {
		size_t n;

		if (!begun) {
			page_line(p);
			page_tab(p, indent);
		}
		n = wrap_length(at, (size_t)page_cols_left(p), WRAP_CUT);
		if (n == 0)
			break;
		buffer_reset(&part);
		buffer_append(&part, at, n);
		add_run(p, role, false, (int)text_width(buffer_text(&part)), buffer_text(&part));
		at += n;
		at += strspn(at, " ");
		begun = false;
	}
	buffer_clear(&part);
}

static void wrap(struct page *p, enum theme_role role, int indent, const char *text, bool begun)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		struct buffer safe = BUFFER_INIT(RUN_MAX);

		text_sanitise(&safe, text, len);
		wrap_paragraph(p, role, indent, buffer_text(&safe), begun);
		buffer_clear(&safe);
		begun = false;
		text += len + (text[len] == '\n');
	}
}

void page_wrap(struct page *p, enum theme_role role, const char *text)
{
	wrap(p, role, 0, text, false);
}

void page_wrap_after(struct page *p, enum theme_role role, int indent, const char *text)
{
	page_tab(p, indent > p->col ? indent : p->col);
	wrap(p, role, indent, text, p->line >= 0);
}

int page_wrap_lines(const char *text, int cols)
{
	int lines = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n"), fits = wrap_length(text, (size_t)(cols > 0 ? cols : 1), WRAP_CUT);

		text += fits < len ? fits : len;
		text += strspn(text, " ");
		text += *text == '\n';
		lines++;
	}
	return lines;
}

void page_row(struct page *p, enum theme_role role, int label_cols, const char *label, const char *value)
{
	page_line(p);
	page_cell(p, ROLE_LABEL, label_cols, label);
	page_put(p, role, value);
}

void page_column(struct page *p, int line, int col, int cols)
{
	p->next = line > 0 ? line : 0;
	p->base_col = col < p->cols ? col : p->cols;
	p->base_cols = cols < p->cols - p->base_col ? cols : p->cols - p->base_col;
	p->col = 0;
}

struct page_item *page_item(struct page *p, int id, enum page_item_kind kind, int cols)
{
	struct page_item *item;

	if (p->line < 0 || !grow((void **)&p->item, &p->item_room, p->items, PAGE_ITEMS_MAX, sizeof(*p->item))) {
		p->overflow = true;
		return NULL;
	}
	item = &p->item[p->items++];
	*item = (struct page_item){ .id = id, .kind = kind, .line = p->line, .col = p->base_col + p->col, .rows = 1,
				    .cols = cols < page_cols_left(p) ? cols : page_cols_left(p), .cursor = -1 };
	return item;
}

void page_field(struct page *p, int id, int label_cols, const char *label, const char *value)
{
	char safe[4096];

	page_line(p);
	page_cell(p, ROLE_LABEL, label_cols, label);
	page_item(p, id, ITEM_BUTTON, (int)text_width(text_safe(safe, sizeof(safe), value)));
	page_put(p, ROLE_FIELD, value);
}

void page_buttons(struct page *p, const struct page_button *buttons, size_t n)
{
	int total = 0, gap = 2;

	for (size_t i = 0; i < n; i++)
		total += (int)text_width(buttons[i].label) + 4;
	if (total + 2 * (int)(n > 0 ? n - 1 : 0) > p->base_cols)
		gap = 1;
	page_line(p);
	for (size_t i = 0; i < n; i++) {
		int cols = (int)text_width(buttons[i].label) + 4;

		if (p->col > 0 && p->col + gap + cols > p->base_cols)
			page_line(p);
		else if (p->col > 0)
			page_tab(p, p->col + gap);
		page_item(p, buttons[i].id, ITEM_BUTTON, cols);
		page_putf(p, ROLE_NORMAL, "[ %s ]", buttons[i].label);
	}
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */

static int64_t clamp(int64_t value, int64_t most)
{
	return value > most ? most : value < 0 ? 0 : value;
}

void list_move(struct list *l, int64_t by)
{
	int64_t to = by > 0 && l->selected > INT64_MAX - by ? INT64_MAX : l->selected + by;

	l->selected = clamp(to, l->count > 0 ? l->count - 1 : 0);
}

void page_list(struct page *p, int id, struct list *l, int rows,
	       void (*put)(void *data, struct page *p, int64_t row, bool selected), void *data)
{
	struct page_item *item = NULL;
	int64_t most;

	l->rows = rows > 0 ? rows : 0;
	list_move(l, 0);
	most = l->count > l->rows ? l->count - l->rows : 0;
	if (l->selected < l->top)
		l->top = l->selected;
	if (l->selected >= l->top + l->rows)
		l->top = l->selected - l->rows + 1;
	l->top = clamp(l->top, most);
	for (int i = 0; i < l->rows; i++) {
		int64_t row = l->top + i;

		page_line(p);
		if (i == 0) {
			item = page_item(p, id, ITEM_LIST, p->base_cols);
			if (item != NULL) {
				item->rows = l->rows;
				item->list = l;
			}
		}
		if (row >= l->count)
			continue;
		page_put(p, row == l->selected ? ROLE_MARK : ROLE_NORMAL, row == l->selected ? "> " : "  ");
		page_tab(p, 2);
		put(data, p, row, row == l->selected);
	}
}

struct page_item *page_area(struct page *p, int id, int rows)
{
	int line = p->line, col = p->col;
	struct page_item *item;

	p->line = p->next;
	p->col = 0;
	item = page_item(p, id, ITEM_AREA, p->base_cols);
	p->line = line;
	p->col = col;
	if (item != NULL)
		item->rows = rows;
	return item;
}

static void dump_run(struct buffer *line, const struct page *p, const struct page_run *run)
{
	for (int at = (int)text_width(buffer_text(line)); at < run->col; at++)
		buffer_putc(line, ' ');
	buffer_printf(line, "%s%s", run->rule ? "-- " : "", page_run_text(p, run));
}

void page_dump(const struct page *p, struct buffer *out)
{
	for (int i = 0; i < p->count; i++) {
		struct buffer line = BUFFER_INIT(RUN_MAX * 4u);
		size_t len;

		for (int r = 0; r < p->runs; r++)
			if (p->run[r].line == i)
				dump_run(&line, p, &p->run[r]);
		for (len = line.len; len > 0 && line.data[len - 1] == ' ';)
			len--;
		buffer_append(out, buffer_text(&line), len);
		buffer_putc(out, '\n');
		buffer_clear(&line);
	}
}
