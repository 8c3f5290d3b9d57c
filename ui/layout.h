/* layout.h - where things go on the screen: arithmetic on numbers, no terminal. */
#ifndef PC_UI_LAYOUT_H
#define PC_UI_LAYOUT_H

#include <stdbool.h>

#define LAYOUT_MIN_ROWS 15
#define LAYOUT_MIN_COLS 60
#define LAYOUT_SIDE_COLS 120		/* from here on there is room for a side column */

struct rect {
	int row, col, rows, cols;
};

struct layout {
	bool too_small;			/* only one plain line fits; the rest is empty */
	struct rect state, bar, body, side, strip_title, strip, keys;	/* strip_title: the lower border of body and side */
};

/* `body_wanted`: rows that the pane likes to have. `strip_wanted`: rows of log without its title; negative: what is
 * left, at least layout_strip_rows(), 0: no log at all. `side`: a side column is wanted where there is room. */
struct layout layout_make(int rows, int cols, int body_wanted, int strip_wanted, bool side);
/* Rows of log that a screen shows in any case, unless told otherwise. */
int layout_strip_rows(int rows);

/* The rectangle of a box of that size in the middle of the screen, cut to what there is. */
struct rect layout_centre(int rows, int cols, int wanted_rows, int wanted_cols);

/* The first row to show of `count` so that row `focus` is seen in a window of `rows`. */
int layout_scroll(int count, int rows, int focus, int top);

#endif
