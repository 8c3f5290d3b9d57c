/* frame.h - makes the bytes of a frame fewer before they are sent. No curses.
 *
 * When a log line is appended below, curses sets the scrolling region, scrolls, and resets the region to the whole screen,
 * each time anew: 37 bytes around every line, which is more than many a line has. Here the region is left in force for as
 * long as nothing else but such lines is drawn, and reset when something else comes.
 */
#ifndef PC_UI_FRAME_H
#define PC_UI_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define FRAME_REGION_MAX 32

struct frame_state {
	bool held;			/* a region is in force that curses does not know of */
	char region[FRAME_REGION_MAX];	/* "ESC [ 19 ; 23 r" */
};

/* Appends to `out` what is to be sent for the bytes that curses wrote for a frame on a screen of `rows` rows. `row` and `col`
 * (from 0): where the cursor was before. */
void frame_shorten(struct frame_state *s, const char *bytes, size_t n, int rows, int row, int col, struct buffer *out);
/* Appends what resets the region, which moves the cursor, and what puts the cursor back to where it was. */
void frame_release(struct frame_state *s, int row, int col, struct buffer *out);

/* What is sent behind a frame, or in its place, within a scrolling region. */
struct frame_tail {
	struct buffer bytes;
	char region[FRAME_REGION_MAX];
	bool instead;			/* of what curses writes; it begins where the cursor is to stand, and leaves it there */
};
/* Appends what puts the tail's region in force, unless it is. */
void frame_hold(struct frame_state *s, const struct frame_tail *tail, struct buffer *out);

/* What is known of the terminal when a frame begins. */
struct frame_squeeze {
	bool plain;			/* its attributes are the plain ones; as every frame leaves them */
	bool one_set;			/* no other character set is ever switched to: ASCII need not be switched back to */
};
/* Appends the bytes without what says again what is so already: attributes are set when something is to be seen of them, and
 * all of them in one sequence; of moves in a row the last one counts. */
void frame_squeeze(struct frame_squeeze *s, const char *bytes, size_t n, struct buffer *out);

#endif
