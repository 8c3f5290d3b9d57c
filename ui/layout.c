#include "layout.h"

#define BODY_MIN 8

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

int layout_strip_rows(int rows)
{
	if (rows < 20)
		return 1;
	return rows < 30 ? 2 : rows < 40 ? 4 : rows / 5;
}

struct layout layout_make(int rows, int cols, int body_wanted, int strip_wanted, bool side)
{
	struct layout l = { .too_small = rows < LAYOUT_MIN_ROWS || cols < LAYOUT_MIN_COLS };
	int rest = rows - 3, strip;

	if (l.too_small)
		return l;
	if (strip_wanted < 0)
		strip = max_int(rest - body_wanted, layout_strip_rows(rows));
	else
		strip = strip_wanted;
	strip = min_int(strip, rest - BODY_MIN);
	if (strip <= 0)
		strip = 0;
	l.state = (struct rect){ 0, 0, 1, cols };
	l.bar = (struct rect){ 1, 0, 1, cols };
	l.body = (struct rect){ 2, 0, rest - strip, cols };
	if (side && cols >= LAYOUT_SIDE_COLS) {
		int width = min_int(LAYOUT_SIDE_COLS / 3 + (cols - LAYOUT_SIDE_COLS) / 4, 60);

		l.body.cols = cols - width;
		l.side = (struct rect){ 2, l.body.cols, l.body.rows, width };
	}
	if (strip > 0) {
		l.strip_title = (struct rect){ 1 + l.body.rows, 0, 1, cols };
		l.strip = (struct rect){ 2 + l.body.rows, 0, strip, cols };
	}
	l.keys = (struct rect){ rows - 1, 0, 1, cols };
	return l;
}

struct rect layout_centre(int rows, int cols, int wanted_rows, int wanted_cols)
{
	struct rect r = { .rows = min_int(wanted_rows, rows), .cols = min_int(wanted_cols, cols) };

	r.row = (rows - r.rows) / 2;
	r.col = (cols - r.cols) / 2;
	return r;
}

int layout_scroll(int count, int rows, int focus, int top)
{
	if (focus < top)
		top = focus;
	if (focus >= top + rows)
		top = focus - rows + 1;
	return max_int(min_int(top, count - rows), 0);
}
