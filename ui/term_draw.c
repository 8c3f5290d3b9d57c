/* Drawing into the next frame, and reading it back. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "term.h"
#include "term_private.h"

#define SLOW_FLUSH_MS 20		/* a frame that takes so long to write had to wait for the line */
#define SLOW_FOR_MS 2000

static int cursor_row, cursor_col;
static int64_t slow_until_ms;

enum border { HORIZONTAL, VERTICAL, TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT, LEFT_TEE, RIGHT_TEE };

void term_erase(void)
{
	erase();
	cursor_row = term_rows() - 1;
	cursor_col = term_cols() - 1;
}

/* A terminal that is not UTF-8 gets a question mark for each character beyond ASCII. */
static void to_ascii(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (((unsigned char)*from & 0xc0) != 0x80)
			*to++ = (char)((unsigned char)*from < 0x80 ? *from : '?');
	*to = '\0';
}

/* Puts a text of exactly `cols` columns. The blanks at its ends have no colour, so that they are the same whatever stood there:
 * on a slow line nothing is sent for them. */
static void put_fitted(int row, int col, enum theme_role role, const char *text)
{
	unsigned int attr = theme_attr(role);
	size_t n = strlen(text), first = 0, last = n;

	if ((attr & (A_REVERSE | A_UNDERLINE)) == 0) {
		first = strspn(text, " ");
		while (last > first && text[last - 1] == ' ')
			last--;
	}
	attrset(A_NORMAL);
	mvaddnstr(row, col, text, (int)first);
	attrset((int)attr);
	addnstr(text + first, (int)(last - first));
	attrset(A_NORMAL);
	addnstr(text + last, (int)(n - last));
}

/* A screen reader would read lines out: what is drawn with them (U+2500 to U+257F) becomes blanks. */
static void without_lines(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0';) {
		if (at[0] == '\xe2' && (at[1] == '\x94' || at[1] == '\x95')) {
			*to++ = ' ';
			at += 3;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
}

void term_text(int row, int col, int cols, enum theme_role role, const char *text)
{
	struct buffer fitted = BUFFER_INIT(16384);

	if (row < 0 || row >= term_rows() || col < 0 || col >= term_cols() || cols <= 0)
		return;
	if (cols > term_cols() - col)
		cols = term_cols() - col;
	text_fit(&fitted, text, (size_t)cols, true, term_look.ascii);
	if (term_look.ascii && fitted.data != NULL)
		to_ascii(fitted.data);
	if (term_look.plain && fitted.data != NULL)
		without_lines(fitted.data);
	put_fitted(row, col, role, buffer_text(&fitted));
	buffer_clear(&fitted);
}

void term_cursor(int row, int col)
{
	if (row < 0 || row >= term_rows() || col < 0 || col >= term_cols())
		return;
	cursor_row = row;
	cursor_col = col;
}

void term_focus(int row, int col, int cols, int cursor)
{
	if (row < 0 || row >= term_rows() || col < 0 || col >= term_cols())
		return;
	mvchgat(row, col, cols, A_REVERSE, 0, NULL);
	term_cursor(row, col + (cursor > 0 ? cursor : 0));
}

/* A piece of a frame, in the three ways to draw one. */
static void put_border(int row, int col, enum border which)
{
	static const wchar_t utf8[] = { 0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518, 0x251c, 0x2524 };
	static const char ascii[] = "-|++++++";
	const chtype acs[] = { ACS_HLINE, ACS_VLINE, ACS_ULCORNER, ACS_URCORNER, ACS_LLCORNER, ACS_LRCORNER, ACS_LTEE, ACS_RTEE };
	wchar_t text[2] = { utf8[which], 0 };

	if (row < 0 || col < 0 || row >= term_rows() || col >= term_cols())
		return;
	switch (term_look.borders) {
	case BORDERS_NONE: break;
	case BORDERS_ASCII: mvaddch(row, col, (chtype)ascii[which]); break;
	case BORDERS_ACS: mvaddch(row, col, acs[which]); break;
	case BORDERS_UTF8: mvaddwstr(row, col, text); break;
	}
}

static void horizontal(int row, int col, int cols)
{
	for (int i = 0; i < cols; i++)
		put_border(row, col + i, HORIZONTAL);
}

void term_frame(const struct rect *r)
{
	int bottom = r->row + r->rows - 1, right = r->col + r->cols - 1;

	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(r->row, r->col, r->cols);
	horizontal(bottom, r->col, r->cols);
	for (int row = r->row + 1; row < bottom; row++) {
		put_border(row, r->col, VERTICAL);
		put_border(row, right, VERTICAL);
	}
	put_border(r->row, r->col, TOP_LEFT);
	put_border(r->row, right, TOP_RIGHT);
	put_border(bottom, r->col, BOTTOM_LEFT);
	put_border(bottom, right, BOTTOM_RIGHT);
	attrset(A_NORMAL);
}

/* " title " on a rule that stands already; what comes behind its first part is of less weight. */
static void title(int row, int col, int cols, const char *text)
{
	const char *rest = strstr(text, term_look.ascii ? " -- " : " \xe2\x94\x80\xe2\x94\x80 ");
	size_t first = rest != NULL ? (size_t)(rest - text) : strlen(text);
	struct buffer whole = BUFFER_INIT(4096), name = BUFFER_INIT(4096);
	int width;

	if (text[0] == '\0' || cols <= 0)
		return;
	buffer_printf(&whole, " %s ", text);
	buffer_printf(&name, " %.*s", (int)first, text);
	width = (int)text_width(buffer_text(&whole));
	term_text(row, col, width < cols ? width : cols, ROLE_NORMAL, buffer_text(&whole));
	width = (int)text_width(buffer_text(&name));
	term_text(row, col, width < cols ? width : cols, ROLE_TITLE, width < cols ? buffer_text(&name) : buffer_text(&whole));
	buffer_clear(&whole);
	buffer_clear(&name);
}

void term_rule(const struct rect *r, int row, const char *text)
{
	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(row, r->col + 1, r->cols - 2);
	if (row > r->row && row < r->row + r->rows - 1) {
		put_border(row, r->col, LEFT_TEE);
		put_border(row, r->col + r->cols - 1, RIGHT_TEE);
	}
	attrset(A_NORMAL);
	title(row, r->col + 1, r->cols - 2, text);
}

void term_inner_rule(int row, int col, int cols, const char *text)
{
	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(row, col, cols);
	attrset(A_NORMAL);
	title(row, col, cols, text);
}

void term_line(int row, int cols, const char *text)
{
	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(row, 0, cols);
	attrset(A_NORMAL);
	title(row, 1, cols - 4, text);
}

void term_titles(int row, int cols, int left_cols, const char *left, const char *right)
{
	int width = (int)text_width(right);

	title(row, 1, left_cols - 4, left);
	if (width > 0 && width + 4 < cols)
		title(row, cols - width - 4, width + 2, right);
}

void term_scrolling(const struct rect *r)
{
	term_strip = *r;
}

void term_flush(void)
{
	int64_t start = clock_monotonic_ms(), end;
	struct frame_tail behind = { .bytes = BUFFER_INIT(65536) };
	struct buffer before = BUFFER_INIT(256);

	move(cursor_row, cursor_col);
	wnoutrefresh(stdscr);
	if (!is_cleared(curscr) && !is_cleared(newscr)) {
		if (!term_scroll(&term_strip, &behind) && !term_scroll_list(cursor_row, cursor_col, &behind))
			term_clear(&before);
	}
	wmove(newscr, cursor_row, cursor_col);	/* reading it has moved it */
	doupdate();
	if (behind.instead)
		term_discard();
	term_send_frame(&before, &behind);
	buffer_clear(&before);
	buffer_clear(&behind.bytes);
	end = clock_monotonic_ms();
	if (end - start >= SLOW_FLUSH_MS)
		slow_until_ms = end + SLOW_FOR_MS;
}

/* A serial line tells how much of the last frame it has still to send; a pseudo terminal only lets the writer wait. */
bool term_backed_up(void)
{
	int queued = 0;

	return clock_monotonic_ms() < slow_until_ms || (ioctl(STDOUT_FILENO, TIOCOUTQ, &queued) == 0 && queued > 0);
}

/* What a cell shows, as UTF-8; line drawing of the terminal's own as ASCII. Returns the columns that it takes. */
static int cell_text(int row, int col, char *dst, size_t size)
{
	static const char acs[] = "qxlkmjtu", plain[] = "-|++++++";
	wchar_t text[CCHARW_MAX + 1] = { 0 };
	const char *at;
	attr_t attr = 0;
	short pair = 0;
	cchar_t cell;
	int width;

	dst[0] = '\0';
	if (mvin_wch(row, col, &cell) == ERR || getcchar(&cell, text, &attr, &pair, NULL) == ERR)
		return 1;
	at = (attr & A_ALTCHARSET) != 0 && text[0] < 0x80 ? strchr(acs, (int)text[0]) : NULL;
	if (at != NULL && *at != '\0')
		snprintf(dst, size, "%c", plain[at - acs]);
	else if (wcstombs(dst, text, size - 1) == (size_t)-1)
		snprintf(dst, size, "?");
	width = (int)text_width(dst);
	return width > 0 ? width : 1;
}

void term_row_text(int row, char *dst, size_t size)
{
	size_t n = 0;

	dst[0] = '\0';
	for (int col = 0; row >= 0 && row < term_rows() && col < term_cols();) {
		char cell[64] = "";

		col += cell_text(row, col, cell, sizeof(cell));
		if (n + strlen(cell) < size)
			n += (size_t)snprintf(dst + n, size - n, "%s", cell);
	}
	move(cursor_row, cursor_col);
	while (n > 0 && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}

/* "bold red", "plain" */
static void look_name(attr_t attr, short pair, char *dst, size_t size)
{
	static const char *const colors[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
	short fore = -1, back = -1;

	if (pair == 0 || pair_content(pair, &fore, &back) == ERR)
		fore = -1;
	snprintf(dst, size, "%s%s%s%s", attr & A_BOLD ? " bold" : "", attr & A_UNDERLINE ? " underline" : "",
		 attr & A_REVERSE ? " reverse" : "", fore < 0 || fore > 7 ? "" : " ");
	if (fore >= 0 && fore <= 7)
		snprintf(dst + strlen(dst), size - strlen(dst), "%s", colors[fore]);
	if (dst[0] == '\0')
		snprintf(dst, size, " plain");
}

static void cell_look(int row, int col, char *dst, size_t size)
{
	wchar_t text[CCHARW_MAX + 1] = { 0 };
	attr_t attr = 0;
	short pair = 0;
	cchar_t cell;

	if (mvin_wch(row, col, &cell) == ERR || getcchar(&cell, text, &attr, &pair, NULL) == ERR)
		attr = A_NORMAL;
	look_name(attr, pair, dst, size);
}

void term_row_looks(int row, struct buffer *out)
{
	char look[64], next[64], cell[64];

	for (int col = 0, start = 0; row >= 0 && row < term_rows() && col < term_cols(); start = col) {
		struct buffer text = BUFFER_INIT(16384);
		bool blank = true;

		cell_look(row, col, look, sizeof(look));
		do {
			col += cell_text(row, col, cell, sizeof(cell));
			buffer_puts(&text, cell);
			blank = blank && strcmp(cell, " ") == 0;
			cell_look(row, col, next, sizeof(next));
		} while (col < term_cols() && strcmp(look, next) == 0);
		if (!blank || strcmp(look, " plain") != 0)
			buffer_printf(out, "%d%s \"%s\"\n", start, look, buffer_text(&text));
		buffer_clear(&text);
	}
	move(cursor_row, cursor_col);
}

void term_where(int *row, int *col)
{
	*row = cursor_row;
	*col = cursor_col;
}
