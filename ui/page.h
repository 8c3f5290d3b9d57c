/* page.h - what a pane or a dialog shows: runs of text in lines, each with its role, and the items that can have the
 * focus. Made without a terminal, drawn by app_draw.c, dumped as text by tests. All text put here is sanitised here.
 *
 * A page is made anew for every frame, from top to bottom:
 *
 *	page_rule(p, _("Proxy"));				a rule across, with its title
 *	page_line(p); page_put(p, ROLE_OK, "OK  "); ...		a line made of runs
 *	page_row(p, ROLE_NORMAL, 14, _("Node"), name);		"Node          name"
 *	page_list(p, ID_LIST, &list, rows, put_row, pane);	`rows` lines of a list of any length
 *	page_buttons(p, buttons, n);				a line of buttons
 *
 * p->rows and p->cols are the room there is: a page with more lines than p->rows is scrolled as a whole so that the focus
 * is seen, so a pane that wants its list to scroll instead gives the list page_left() minus what comes below it.
 */
#ifndef PC_UI_PAGE_H
#define PC_UI_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "theme.h"

#define PAGE_RUNS_MAX 8192
#define PAGE_ITEMS_MAX 512
#define PAGE_LINES_MAX 2048

struct form;

struct page_run {
	int line, col, cols;
	enum theme_role role;
	bool rule;			/* a rule over `cols` columns; the text is its title */
	size_t at;			/* its text: page_run_text() */
};

enum page_item_kind {
	ITEM_BUTTON,			/* a button, or a field that the pane handles itself: Enter and Space choose it */
	ITEM_FIELD,			/* a field of a form (form.h): the form handles it */
	ITEM_LIST,			/* a list: the moves of the scope LIST go through it */
	ITEM_AREA			/* lines that the pane scrolls itself: it gets the actions of the scope LIST */
};

/* What can have the focus. `id` is the pane's own name for it and stays the same from frame to frame. */
struct page_item {
	int id;
	enum page_item_kind kind;
	int line, col, cols, rows;
	int cursor;			/* column of the hardware cursor within it; -1: none is shown at a place of its own */
	struct form *form;		/* ITEM_FIELD */
	size_t field;
	struct list *list;		/* ITEM_LIST */
};

struct page {
	int rows, cols;			/* the room there is */
	bool ascii;			/* only ASCII can be shown */
	bool resting;			/* no key came for a while: what is said of the selection, and costs many bytes on a
					 * slow line, may follow it now; until then it stays as it was */
	int count;			/* lines so far */
	bool overflow;			/* something was left out */

	struct page_run *run;
	struct page_item *item;
	int runs, items;

	/* where the next run goes */
	int line, col, base_col, base_cols, next;
	int run_room, item_room;
	struct buffer text;
	struct buffer scratch;
};

void page_init(struct page *p);
void page_clear(struct page *p);
/* Begins anew, with that room. */
void page_start(struct page *p, int rows, int cols, bool ascii);	/* resting */
const char *page_run_text(const struct page *p, const struct page_run *run);
/* Lines that still fit without scrolling; never negative. */
int page_left(const struct page *p);
/* All lines as text, for tests: rules as "-- title", columns kept. */
void page_dump(const struct page *p, struct buffer *out);

/* --- lines ---------------------------------------------------------------------------------------------------------- */

/* A rule across. A TAB in the title sets its parts apart: "Certificates\t142, 3 shown". */
void page_rule(struct page *p, const char *title);
/* Begins a line. */
void page_line(struct page *p);
/* Appends a run to the line; what does not fit is cut. */
void page_put(struct page *p, enum theme_role role, const char *text);
void page_putf(struct page *p, enum theme_role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Appends a run of exactly `cols` columns, cut or padded. */
void page_cell(struct page *p, enum theme_role role, int cols, const char *text);
/* Appends text with its own line ends cut off, of which `n` bytes count (need not end with NUL). */
void page_put_n(struct page *p, enum theme_role role, const char *text, size_t n);
/* Goes to that column of the line (0: the first). */
void page_tab(struct page *p, int col);
/* Columns left in the line. */
int page_cols_left(const struct page *p);
/* A run at the right end of the line. */
void page_right(struct page *p, enum theme_role role, const char *text);
/* The same, in a line of its own where it does not fit into this one. */
void page_right_or_below(struct page *p, enum theme_role role, const char *text);

/* A whole line of one role. */
void page_text(struct page *p, enum theme_role role, const char *text);
void page_textf(struct page *p, enum theme_role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Text over as many lines as it needs, broken at spaces and newlines. */
void page_wrap(struct page *p, enum theme_role role, const char *text);
/* The same, later lines indented by `indent` columns, after a first run (such as "Cause  ") that is put before it. */
void page_wrap_after(struct page *p, enum theme_role role, int indent, const char *text);
/* The lines that page_wrap() takes for it in `cols` columns. */
int page_wrap_lines(const char *text, int cols);
/* "Label        value", the label in `label_cols` columns. */
void page_row(struct page *p, enum theme_role role, int label_cols, const char *label, const char *value);
/* Lines from here on go beside: into `cols` columns from column `col` on, from line `line` on. page_column(p, n, 0,
 * p->cols) goes back to the whole width. */
void page_column(struct page *p, int line, int col, int cols);

/* --- items ---------------------------------------------------------------------------------------------------------- */

/* The next `cols` columns of this line are an item that can have the focus; put its text afterwards. Borrowed, good until
 * the next item; NULL when there are too many. */
struct page_item *page_item(struct page *p, int id, enum page_item_kind kind, int cols);
/* "Label        value", where the value is an item of kind ITEM_BUTTON. */
void page_field(struct page *p, int id, int label_cols, const char *label, const char *value);

struct page_button {
	int id;
	const char *label;		/* translated */
};
/* A line of buttons, more lines when they do not fit. */
void page_buttons(struct page *p, const struct page_button *buttons, size_t n);

/* --- lists ---------------------------------------------------------------------------------------------------------- */

/* What is selected and what is seen: the pane's, zero at first. */
struct list {
	int64_t count;			/* rows; the pane keeps it right */
	int64_t selected, top;
	int rows;			/* that were seen in the last frame */
};

/* `rows` lines of a list. put() is called for what is seen only and puts runs into a line that was begun already; the
 * first two columns hold the mark of the selected row ("> "). */
void page_list(struct page *p, int id, struct list *l, int rows,
	       void (*put)(void *data, struct page *p, int64_t row, bool selected), void *data);
/* Moves the selection by so many rows, cut to what there is. */
void list_move(struct list *l, int64_t by);
/* `rows` lines that the pane fills and scrolls itself, and that can have the focus: call before the first of them. */
struct page_item *page_area(struct page *p, int id, int rows);

/* --- pieces of text ------------------------------------------------------------------------------------------------- */

/* A bar of `cols` columns: part of total; "" when the total is not known. */
void page_bar(struct buffer *out, int cols, long long part, long long total);
/* "1.4 MB" */
char *page_size(char *dst, size_t size, long long bytes);
/* "3 min 05 s" */
char *page_duration(char *dst, size_t size, long long ms);

#endif
