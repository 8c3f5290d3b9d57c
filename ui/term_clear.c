/* Blanking the rows of a pane before another one takes their place. Curses changes each row from what it was: it blanks every
 * gap by itself, and goes on behind it.
 */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "term_private.h"

#define COLS_MAX 1024
#define GAP_COST 5			/* bytes for a gap: "ESC [ 25 X" */
#define SHARED_COST 4			/* bytes for going behind what stands there already */
#define LONG 60				/* bytes of a row: worth moving */
#define SHIFT_MOST 4			/* rows up or down */
#define WORTH 30			/* bytes: below, the sequences themselves cost as much */

/* --- cells ---------------------------------------------------------------------------------------------------------------- */

static bool is_blank(const cchar_t *cell)
{
	wchar_t text[CCHARW_MAX + 1] = { 0 };
	attr_t attr = 0;
	short pair = 0;

	return getcchar(cell, text, &attr, &pair, NULL) != ERR && text[0] == L' ' && text[1] == 0 && attr == A_NORMAL && pair == 0;
}

static int bytes_of(const cchar_t *cell)
{
	wchar_t text[CCHARW_MAX + 1] = { 0 };
	attr_t attr = 0;
	short pair = 0;

	if (getcchar(cell, text, &attr, &pair, NULL) == ERR)
		return 1;
	return text[0] < 0x80 ? 1 : text[0] < 0x800 ? 2 : 3;
}

static int lower(int a, int b)
{
	return a < b ? a : b;
}

/* Bytes that are saved when a row is blanked first; negative when more of it stands there already. */
static int row_gain(const cchar_t *next, const cchar_t *now, int cols)
{
	int gain = 0;

	for (int col = 0; col < cols;) {
		bool same = memcmp(&next[col], &now[col], sizeof(*next)) == 0, blank = is_blank(&next[col]);
		int run = 0, bytes = 0;

		while (col < cols && (memcmp(&next[col], &now[col], sizeof(*next)) == 0) == same && is_blank(&next[col]) == blank) {
			bytes += bytes_of(&next[col]);
			run++;
			col++;
		}
		if (blank && !same)
			gain += lower(run, GAP_COST);
		else if (!blank && same)
			gain -= bytes > SHARED_COST ? bytes - SHARED_COST : 0;
	}
	return gain;
}

/* The screen as it will be and as it is: rows of cols + 1 cells. */
struct screens {
	int rows, cols;
	cchar_t *next, *now;
};

static void free_screens(struct screens *s)
{
	free(s->next);
	free(s->now);
}

static const cchar_t *row_of(const struct screens *s, const cchar_t *cells, int row)
{
	return cells + row * (s->cols + 1);
}

static bool read_screens(struct screens *s)
{
	size_t cells;
	bool ok;

	*s = (struct screens){ getmaxy(stdscr), getmaxx(stdscr), NULL, NULL };
	if (s->rows < 1 || s->cols < 1 || s->cols > COLS_MAX)
		return false;
	cells = (size_t)s->rows * (size_t)(s->cols + 1);
	s->next = calloc(cells, sizeof(cchar_t));
	s->now = calloc(cells, sizeof(cchar_t));
	ok = s->next != NULL && s->now != NULL;
	for (int row = 0; ok && row < s->rows; row++)
		ok = mvwin_wchnstr(newscr, row, 0, s->next + row * (s->cols + 1), s->cols) != ERR &&
		     mvwin_wchnstr(curscr, row, 0, s->now + row * (s->cols + 1), s->cols) != ERR;
	if (!ok)
		free_screens(s);
	return ok;
}

/* --- rows to blank ------------------------------------------------------------------------------------------------------- */

struct block {
	int first, rows, gain;
};

/* The block of rows that gains most. */
static struct block best_block(const struct screens *s)
{
	struct block best = { 0 }, now = { 0 };

	for (int row = 0; row < s->rows; row++) {
		if (now.gain <= 0)
			now = (struct block){ row, 0, 0 };
		now.gain += row_gain(row_of(s, s->next, row), row_of(s, s->now, row), s->cols);
		now.rows++;
		if (now.gain > best.gain)
			best = now;
	}
	return best;
}

/* --- rows that stand elsewhere ------------------------------------------------------------------------------------------- */

/* So many rows from `first` on are now `by` rows above (negative: below). */
struct shift {
	int first, rows, by;
};

static bool is_long(const struct screens *s, int row)
{
	const cchar_t *cells = row_of(s, s->next, row);
	int bytes = 0;

	for (int col = 0; col < s->cols; col++)
		bytes += is_blank(&cells[col]) ? 0 : bytes_of(&cells[col]);
	return bytes >= LONG;
}

/* Is the row what another one shows now? */
static bool stands_at(const struct screens *s, int row, int now)
{
	return now >= 0 && now < s->rows &&
	       memcmp(row_of(s, s->next, row), row_of(s, s->now, now), (size_t)s->cols * sizeof(cchar_t)) == 0;
}

/* The most rows that have moved together, from the block's first row on. Curses finds them as well, but only from three on,
 * and not when it was told that the rest is blank. */
static struct shift best_shift(const struct screens *s, const struct block *b)
{
	struct shift best = { 0 };

	for (int by = -SHIFT_MOST; by <= SHIFT_MOST; by++) {
		struct shift now = { 0, 0, by };

		for (int row = b->first; by != 0 && row < s->rows; row++) {
			if (row - by < b->first || !stands_at(s, row, row - by) || !is_long(s, row)) {
				now.rows = 0;
				continue;
			}
			now.first = now.rows == 0 ? row : now.first;
			now.rows++;
			best = now.rows > best.rows ? now : best;
		}
	}
	return best.first <= b->first + b->rows ? best : (struct shift){ 0 };
}

static bool has_rule(const struct screens *s, const cchar_t *cells, const struct block *b)
{
	for (int row = b->first; row < b->first + b->rows; row++) {
		int bytes = 0;

		for (int col = 0; col < s->cols; col++)
			bytes += bytes_of(&row_of(s, cells, row)[col]) - 1;
		if (bytes >= s->cols)
			return true;
	}
	return false;
}

/* A rule is the most expensive row: where there are some before and after, curses changes one into the other, or moves it. */
static bool has_rules(const struct screens *s, const struct block *b)
{
	return has_rule(s, s->next, b) && has_rule(s, s->now, b);
}

/* --- the bytes ------------------------------------------------------------------------------------------------------------ */

/* Deletes lines at a row, or inserts them: 'M', 'L'. */
static void put_lines(struct buffer *out, int row, int n, char what)
{
	if (n > 0)
		buffer_printf(out, "\033[%d;1H\033[%d%c", row + 1, n, what);
}

/* As many lines are inserted as were deleted, so that what is below comes back to where it was. */
static void put_block(struct buffer *out, const struct block *b, const struct shift *shift)
{
	int end = shift->first + shift->rows, above = shift->first - shift->by - b->first;

	if (shift->rows == 0) {
		put_lines(out, b->first, b->rows, 'M');
		put_lines(out, b->first, b->rows, 'L');
		return;
	}
	put_lines(out, end - shift->by, shift->by, 'M');
	put_lines(out, b->first, above, 'M');
	put_lines(out, b->first, above + shift->by, 'L');
	put_lines(out, end, -shift->by, 'L');
}

static void show_row(int row, const cchar_t *cells, int cols)
{
	mvwadd_wchnstr(newscr, row, 0, cells, cols);
}

/* Curses keeps more about the screen than its cells. So it is asked for a frame in which nothing but that is done; what it
 * writes for it is not sent. */
static void tell_curses(const struct screens *s, const struct block *b, const struct shift *shift)
{
	int end = shift->first + shift->rows, blank_end = b->first + b->rows;
	cchar_t blank;

	if (setcchar(&blank, L" ", A_NORMAL, 0, NULL) == ERR)
		return;
	if (shift->rows > 0)
		blank_end = shift->by < 0 ? end - shift->by : shift->first;
	for (int row = 0; row < s->rows; row++) {
		if (row >= shift->first && row < end)
			show_row(row, row_of(s, s->next, row), s->cols);
		else if (row >= b->first && row < blank_end)
			mvwhline_set(newscr, row, 0, &blank, s->cols);
		else
			show_row(row, row_of(s, s->now, row), s->cols);
	}
	wmove(newscr, b->first, 0);
	doupdate();
	term_discard();
	for (int row = 0; row < s->rows; row++)
		show_row(row, row_of(s, s->next, row), s->cols);
}

void term_clear(struct buffer *out)
{
	struct screens s;
	struct block b;

	if (!term_look.moves_lines || !read_screens(&s))
		return;
	b = best_block(&s);
	if (b.gain >= WORTH && !has_rules(&s, &b)) {
		struct shift shift = best_shift(&s, &b);

		put_block(out, &b, &shift);
		buffer_printf(out, "\033[%d;1H", b.first + 1);
		tell_curses(&s, &b, &shift);
	}
	free_screens(&s);
}
