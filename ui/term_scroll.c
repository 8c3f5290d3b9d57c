/* Scrolling: of a few lines, which curses does from four on only, drawing two or three log lines whole; and of a list by a row,
 * which it does with half as many bytes again, since it moves to each piece by itself. Of the former curses is told what the screen
 * then shows; what it writes for the latter is not sent.
 */
#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "term_private.h"

#define COLS_MAX 1024
#define SKIP_FROM 5		/* blanks: "ESC [ 5 C" is shorter */
#define LIST_ROWS_MIN 3
#define MARK_COLS_MAX 8		/* of the row that was selected, what is no longer there */

/* Rows as they will be and as they are. */
struct rows {
	int first, count, cols;
	cchar_t *next, *now;		/* count rows of cols + 1 cells */
};

static bool read_row(WINDOW *from, int row, int cols, cchar_t *cells)
{
	return mvwin_wchnstr(from, row, 0, cells, cols) != ERR;
}

static void free_rows(struct rows *r)
{
	free(r->next);
	free(r->now);
}

static bool read_rows(struct rows *out, const struct rect *r)
{
	size_t cells = (size_t)r->rows * (size_t)(r->cols + 1);
	bool ok;

	*out = (struct rows){ r->row, r->rows, r->cols, NULL, NULL };
	if (r->rows < 2 || r->cols > COLS_MAX || r->cols != getmaxx(stdscr) || r->row + r->rows > getmaxy(stdscr))
		return false;
	out->next = calloc(cells, sizeof(cchar_t));
	out->now = calloc(cells, sizeof(cchar_t));
	ok = out->next != NULL && out->now != NULL;
	for (int i = 0; ok && i < r->rows; i++)
		ok = read_row(newscr, r->row + i, r->cols, out->next + i * (r->cols + 1)) &&
		     read_row(curscr, r->row + i, r->cols, out->now + i * (r->cols + 1));
	if (!ok)
		free_rows(out);
	return ok;
}

static const cchar_t *next_row(const struct rows *r, int row)
{
	return r->next + row * (r->cols + 1);
}

static const cchar_t *now_row(const struct rows *r, int row)
{
	return r->now + row * (r->cols + 1);
}

static bool same_row(const struct rows *r, int next, int now)
{
	return memcmp(next_row(r, next), now_row(r, now), sizeof(cchar_t) * (size_t)r->cols) == 0;
}

/* By how many lines the rows have moved up; 0: they have not, or not only that. */
static int moved_by(const struct rows *r)
{
	for (int by = 0; by < r->count; by++) {
		int i = 0;

		while (i < r->count - by && same_row(r, i, i + by))
			i++;
		if (i == r->count - by)
			return by;
	}
	return 0;
}

static void put_attributes(struct buffer *out, attr_t attr, short pair)
{
	short fore = -1, back = -1;

	buffer_puts(out, "\033[0");
	if (attr & A_BOLD)
		buffer_puts(out, ";1");
	if (attr & A_UNDERLINE)
		buffer_puts(out, ";4");
	if (attr & A_REVERSE)
		buffer_puts(out, ";7");
	if (pair > 0 && pair_content(pair, &fore, &back) != ERR && fore >= 0 && fore < 8)
		buffer_printf(out, ";%d", 30 + fore);
	buffer_putc(out, 'm');
}

static bool is_blank(const cchar_t *cell)
{
	wchar_t text[CCHARW_MAX + 1] = { 0 };
	attr_t attr = 0;
	short pair = 0;

	return getcchar(cell, text, &attr, &pair, NULL) != ERR && (text[0] == L' ' || text[0] == 0) && attr == A_NORMAL && pair == 0;
}

static void skip(struct buffer *out, int cols)
{
	if (cols == 1)
		buffer_puts(out, "\033[C");
	else if (cols > 1)
		buffer_printf(out, "\033[%dC", cols);
}

static int blanks(const cchar_t *cells, int cols)
{
	int n = 0;

	while (n < cols && is_blank(&cells[n]))
		n++;
	return n;
}

/* False: something that cannot be written here. `skips`: where these cells come to stand all is blank already. */
static bool put_cells(struct buffer *out, const cchar_t *cells, int cols, bool skips)
{
	attr_t now = A_NORMAL;
	short now_pair = 0;

	for (int i = 0; i < cols;) {
		wchar_t text[CCHARW_MAX + 1] = { 0 };
		char bytes[MB_LEN_MAX * (CCHARW_MAX + 1)];
		int width, gap = skips ? blanks(cells + i, cols - i) : 0;
		attr_t attr = 0;
		short pair = 0;

		if (gap >= SKIP_FROM) {
			skip(out, gap);
			i += gap;
			continue;
		}
		if (getcchar(&cells[i], text, &attr, &pair, NULL) == ERR || (attr & A_ALTCHARSET) ||
		    wcstombs(bytes, text, sizeof(bytes)) == (size_t)-1)
			return false;
		if (attr != now || pair != now_pair)
			put_attributes(out, attr, pair);
		now = attr;
		now_pair = pair;
		buffer_puts(out, bytes[0] != '\0' ? bytes : " ");
		width = wcwidth(text[0]);
		i += width > 0 ? width : 1;
	}
	if (now != A_NORMAL || now_pair != 0)
		buffer_puts(out, "\033[m");
	return !out->failed;
}

/* A row that is blank so far, up to its last cell that will not be. */
static bool put_row(struct buffer *out, const cchar_t *cells, int cols)
{
	while (cols > 0 && is_blank(&cells[cols - 1]))
		cols--;
	return put_cells(out, cells, cols, term_look.lists);
}

static void tell_curses(const struct rows *r, const cchar_t *cells)
{
	for (int i = 0; i < r->count; i++)
		mvwadd_wchnstr(curscr, r->first + i, 0, cells + i * (r->cols + 1), r->cols);
}

/* Is everything else as it was? Otherwise curses may scroll rows of which it has been told what they do not show yet. */
static bool rest_is_same(const struct rect *r)
{
	cchar_t next[COLS_MAX + 1], now[COLS_MAX + 1];

	for (int row = 0; row < getmaxy(stdscr); row++) {
		if (row >= r->row && row < r->row + r->rows)
			continue;
		memset(next, 0, sizeof(next));
		memset(now, 0, sizeof(now));
		if (!read_row(newscr, row, r->cols, next) || !read_row(curscr, row, r->cols, now) ||
		    memcmp(next, now, sizeof(cchar_t) * (size_t)r->cols) != 0)
			return false;
	}
	return true;
}

static void set_region(struct frame_tail *out, int first, int count)
{
	snprintf(out->region, sizeof(out->region), "\033[%d;%dr", first + 1, first + count);
}

bool term_scroll(const struct rect *rect, struct frame_tail *out)
{
	struct rows r;
	bool ok = false;
	int by;

	if (!term_look.scrolls || rect->rows > TERM_SCROLL_ROWS || !read_rows(&r, rect))
		return false;
	by = moved_by(&r);
	if (by > 0 && rest_is_same(rect)) {
		set_region(out, r.first, r.count);
		buffer_printf(&out->bytes, "\033[%d;1H", r.first + r.count);
		for (int i = 0; i < by; i++)
			buffer_putc(&out->bytes, '\n');
		ok = true;
	}
	for (int i = r.count - by; ok && i < r.count; i++) {
		if (by > 1)
			buffer_printf(&out->bytes, "\033[%d;1H", r.first + i + 1);
		ok = put_row(&out->bytes, next_row(&r, i), r.cols);
	}
	if (ok)
		tell_curses(&r, r.next);
	else
		buffer_reset(&out->bytes);
	free_rows(&r);
	return ok;
}

/* --- a list ------------------------------------------------------------------------------------------------------------- */

/* The rows from the first to the last one that will show something else; and the selected one beside them, which shows the same
 * when two in a row do.
 */
static bool changed_rows(const struct rows *r, int selected, int *first, int *last)
{
	*first = 0;
	*last = r->count - 1;
	while (*first < r->count && same_row(r, *first, *first))
		++*first;
	while (*last > *first && same_row(r, *last, *last))
		--*last;
	if (selected == *first - 1)
		*first = selected;
	if (selected == *last + 1)
		*last = selected;
	return *last - *first + 1 >= LIST_ROWS_MIN;
}

/* Were they all a row further down (`by` 1) or up (-1), but for the new one, and for the mark in the one that stood there? */
static bool is_step(const struct rows *r, int first, int last, int by)
{
	int new_row = by > 0 ? last : first;

	for (int row = first; row <= last; row++)
		if (row != new_row && row + by != new_row && !same_row(r, row, row + by))
			return false;
	return true;
}

/* The cells in which a row will not be what it was elsewhere. */
static void difference(const struct rows *r, int next, int now, int *from, int *to)
{
	const cchar_t *a = next_row(r, next), *b = now_row(r, now);

	for (*from = 0; *from < r->cols && memcmp(a + *from, b + *from, sizeof(*a)) == 0;)
		++*from;
	for (*to = r->cols; *to > *from && memcmp(a + *to - 1, b + *to - 1, sizeof(*a)) == 0;)
		--*to;
}

/* Takes the mark away where the cursor stands, scrolls, writes the new row, and comes back. */
static bool put_step(const struct rows *r, int new_row, int by, int col, struct buffer *out)
{
	int from, to;

	difference(r, new_row - by, new_row, &from, &to);
	if (to - from > MARK_COLS_MAX || (to > from && from < col))
		return false;
	skip(out, to > from ? from - col : 0);
	if (!put_cells(out, next_row(r, new_row - by) + from, to - from, false))
		return false;
	buffer_puts(out, by > 0 ? "\r\n" : "\r\033M");
	if (!put_row(out, next_row(r, new_row), r->cols))
		return false;
	buffer_putc(out, '\r');
	skip(out, col);
	return true;
}

bool term_scroll_list(int cursor_row, int cursor_col, struct frame_tail *out)
{
	const struct rect whole = { .rows = getmaxy(stdscr), .cols = getmaxx(stdscr) };
	int first, last, by = 0;
	struct rows r;
	bool ok;

	if (!term_look.lists || !read_rows(&r, &whole))
		return false;
	if (changed_rows(&r, cursor_row, &first, &last))
		by = cursor_row == last && is_step(&r, first, last, 1) ? 1 : cursor_row == first && is_step(&r, first, last, -1) ? -1 : 0;
	ok = by != 0 && put_step(&r, cursor_row, by, cursor_col, &out->bytes);
	if (ok) {
		set_region(out, first, last - first + 1);
		out->instead = true;
	} else {
		buffer_reset(&out->bytes);
	}
	free_rows(&r);
	return ok;
}
