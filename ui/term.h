/* term.h - the terminal: the only place that sets curses up, and that leaves the terminal as it was found. */
#ifndef PC_UI_TERM_H
#define PC_UI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layout.h"
#include "theme.h"

struct ui_fixture;

struct term_options {
	bool color, plain, mouse;
	const char *theme, *borders;		/* values of ui.theme and ui.borders */
	const struct ui_fixture *fixture;	/* NULL: the terminal of this process */
};

/* Takes the terminal over. False when it cannot carry a full screen; nothing has been changed then. */
bool term_start(const struct term_options *options, struct error *err);
void term_end(void);
/* Gives the terminal back, stops this process, and takes the terminal again once it is continued. */
void term_suspend(void);
/* Takes note of the terminal's size as it is now. */
void term_resized(void);
/* The size that a test wants. */
void term_resize(int rows, int cols);
/* Everything is painted again with the next frame. */
void term_repaint(void);
int term_rows(void);
int term_cols(void);
bool term_ascii(void);		/* only ASCII can be shown */

/* Takes what was typed and hands over the keys. False when the terminal is gone. */
bool term_read(void (*take)(void *data, int key), void *data);
/* The same for bytes that did not come from the terminal: for tests. */
void term_bytes(const char *bytes, size_t n, void (*take)(void *data, int key), void *data);
/* Milliseconds after which term_late() is to be called, -1: nothing is half way. */
int term_pending(void);
void term_late(void (*take)(void *data, int key), void *data);
/* Where the mouse was at KEYS_MOUSE; `wheel`: -1 up, 1 down, 0 a press. */
void term_mouse(int *row, int *col, int *wheel);

/* Gives a text to the terminal's clipboard (OSC 52). False when this terminal has none. */
bool term_copy(const char *text);
/* Can more be sent without waiting? A terminal that was stopped (Ctrl-S) or a line that is slow takes nothing for a while. */
bool term_writable(void);
/* Lets the terminal's own mouse select text, or not. */
void term_mouse_on(bool on);

/* --- drawing into the next frame; nothing is sent before term_flush() ----------------------------------------------- */

void term_erase(void);
/* At most `cols` columns of text that is safe already (text_safe(), text_sanitise()), padded with spaces. */
void term_text(int row, int col, int cols, enum theme_role role, const char *text);
/* Turns `cols` columns into the focused look and puts the cursor there, `cursor` columns into it. */
void term_focus(int row, int col, int cols, int cursor);
/* Puts the hardware cursor there. */
void term_cursor(int row, int col);
/* A frame with its corners; a rule across it; a rule within it. */
void term_frame(const struct rect *r);
void term_rule(const struct rect *r, int row, const char *title);
void term_inner_rule(int row, int col, int cols, const char *title);
/* A rule over the whole screen. */
void term_line(int row, int cols, const char *title);
/* Titles in a border that stands already: one within its first `left_cols` columns, one at its right end. */
void term_titles(int row, int cols, int left_cols, const char *left, const char *right);
/* Rows as wide as the screen whose lines mostly move up: that is done cheaply. */
void term_scrolling(const struct rect *r);
void term_flush(void);
/* Bytes that were sent, ever. */
uint64_t term_sent_bytes(void);
/* Does the line not keep up with what is drawn? Then frames should be fewer. */
bool term_backed_up(void);

/* --- reading back, for tests ------------------------------------------------------------------------------------------ */

/* A row of the screen as UTF-8, without the spaces at its end. */
void term_row_text(int row, char *dst, size_t size);
/* How it looks: for each run of cells that are not all plain blanks "COLUMN LOOK "TEXT"", such as `3 bold red "!!"`, one a line. */
void term_row_looks(int row, struct buffer *out);
void term_where(int *row, int *col);

#endif
