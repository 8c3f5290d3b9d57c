/* term.h - the terminal: the only place that sets curses up, and that leaves the terminal as it was found. */
#ifndef PC_UI_TERM_H
#define PC_UI_TERM_H

#include <stdbool.h>

#include "base/error.h"
#include "layout.h"
#include "theme.h"

/* Takes the terminal over. False when it cannot carry a full screen; nothing has been changed then. */
bool term_start(bool color, struct error *err);
void term_end(void);
/* Gives the terminal back, stops this process, and takes the terminal again once it is continued. */
void term_suspend(void);
/* Takes note of the terminal's size as it is now. */
void term_resized(void);
/* Everything is painted again with the next frame. */
void term_repaint(void);
int term_rows(void);
int term_cols(void);
bool term_ascii(void);		/* only ASCII can be shown */

/* The next key that was typed: a character, a KEY_ code of curses, TERM_ESC, or TERM_NONE when there is no more. Unknown
 * sequences are swallowed whole. */
#define TERM_NONE (-1)
#define TERM_ESC 27
int term_key(void);
/* Is the terminal gone? Asked when it became readable and no key came. */
bool term_lost(void);

/* --- drawing into the next frame; nothing is sent before term_flush() ----------------------------------------------- */

void term_erase(void);
/* At most `cols` columns of text that is safe already (text_safe(), text_sanitise()), padded with spaces. */
void term_text(int row, int col, int cols, enum theme_role role, const char *text);
/* Turns `cols` columns into the focused look and puts the cursor there. */
void term_focus(int row, int col, int cols);
/* A frame with its corners; a rule across it. */
void term_frame(const struct rect *r);
void term_rule(const struct rect *r, int row, const char *title);
void term_line(int row, int cols, const char *title);
void term_flush(void);

#endif
