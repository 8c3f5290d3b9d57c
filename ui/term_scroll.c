/* Scrolling a few lines: curses does it from four on only, and draws two or three log lines whole. Curses is told what the
 * screen then shows.
 */
#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "term_private.h"

#define COLS_MAX 1024

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

static bool same_row(const struct rows *r, int next, int now)
{
	return memcmp(r->next + next * (r->cols + 1), r->now + now * (r->cols + 1), sizeof(cchar_t) * (size_t)r->cols) == 0;
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

/* The cells of a row, up to the last one that is not blank. False: something that cannot be written here. */
static bool put_row(struct buffer *out, const cchar_t *cells, int cols)
{
	attr_t now = A_NORMAL;
	short now_pair = 0;

	while (cols > 0 && is_blank(&cells[cols - 1]))
		cols--;
	for (int i = 0; i < cols;) {
		wchar_t text[CCHARW_MAX + 1] = { 0 };
		char bytes[MB_LEN_MAX * (CCHARW_MAX + 1)];
		attr_t attr = 0;
		short pair = 0;
		int width;

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

bool term_scroll(const struct rect *rect, char *region, struct buffer *out)
{
	struct rows r;
	bool ok = false;
	int by;

	if (rect->rows > TERM_SCROLL_ROWS || !read_rows(&r, rect))
		return false;
	by = moved_by(&r);
	if (by > 0 && rest_is_same(rect)) {
		snprintf(region, FRAME_REGION_MAX, "\033[%d;%dr", r.first + 1, r.first + r.count);
		buffer_printf(out, "\033[%d;1H", r.first + r.count);
		for (int i = 0; i < by; i++)
			buffer_putc(out, '\n');
		ok = true;
	}
	for (int i = r.count - by; ok && i < r.count; i++) {
		if (by > 1)
			buffer_printf(out, "\033[%d;1H", r.first + i + 1);
		ok = put_row(out, r.next + i * (r.cols + 1), r.cols);
	}
	if (ok)
		tell_curses(&r, r.next);
	else
		buffer_reset(out);
	free_rows(&r);
	return ok;
}
