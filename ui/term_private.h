/* term_private.h - how this terminal shows things; shared by term.c and term_draw.c only. */
#ifndef PC_UI_TERM_PRIVATE_H
#define PC_UI_TERM_PRIVATE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "frame.h"
#include "layout.h"

enum term_borders { BORDERS_NONE, BORDERS_ASCII, BORDERS_ACS, BORDERS_UTF8 };

struct term_look {
	bool ascii;			/* only ASCII can be shown */
	bool plain;			/* for screen readers */
	bool scrolls;			/* it has scrolling regions, as the VT100 */
	bool moves_lines;		/* it inserts and deletes lines, as the VT102 */
	bool lists;			/* beyond scrolling regions: scrolls both ways, and skips cells */
	enum term_borders borders;
};
extern struct term_look term_look;

/* Of many rows that will show something else: appends what blanks those that are cheaper to write from scratch, and makes
 * curses believe that it has done so. To be sent before the frame. Call between wnoutrefresh() and doupdate(). */
void term_clear(struct buffer *out);

#define TERM_SCROLL_ROWS 3		/* more of them curses scrolls itself */

/* When all that has happened to these rows (as wide as the screen) since the last frame is that they moved up and new ones
 * came below: makes of the tail what does that, to be sent behind the frame, and makes curses believe it. Call between
 * wnoutrefresh() and doupdate(). */
bool term_scroll(const struct rect *r, struct frame_tail *out);
/* Has a list moved by one row, up or down, because the selection has? The cursor is to stand in the new row. Makes of the tail
 * what does all of that, to be sent in place of what curses writes for it. */
bool term_scroll_list(int cursor_row, int cursor_col, struct frame_tail *out);

/* The rows that may scroll; rows 0: none. */
extern struct rect term_strip;
/* Forgets what curses has written. */
void term_discard(void);
/* Sends what comes before it, what curses has written, and what is to come behind it, with one write. */
void term_send_frame(const struct buffer *before, const struct frame_tail *behind);

#endif
