/* log_rows.h - which records of a log a screen shows, which one is selected, and whether the end is followed. No curses.
 *
 * It holds a stretch of neighbouring records that pass the filter, and makes it longer at either end when a move or the
 * screen needs it, in slices: with a rare match in a gigabyte that takes a while, and a key is answered meanwhile.
 */
#ifndef PC_UI_LOG_ROWS_H
#define PC_UI_LOG_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logview/view.h"
#include "logview/walk.h"

#define LOG_ROWS_MAX 2048		/* records that are held; more than any screen has rows */

struct log_rows {
	struct view *view;		/* borrowed */
	bool everything;		/* the view's filter does not count */
	log_pos pos[LOG_ROWS_MAX];	/* in order */
	size_t n, top, selected;	/* top: the first one on the screen */
	size_t shown;			/* how many the last arrangement has */
	size_t added;			/* at the end, ever */
	bool follow;
	bool at_start, at_end;		/* there is none before, or behind (so far) */
	struct walk *up, *down;
	long pending;			/* rows still to be moved; negative: up */
	bool want_up, want_down;	/* the screen has room */
	size_t lines;			/* of the screen */
	size_t above, below;		/* how many were added since it was arranged */
	log_pos seek;			/* it goes there: LOG_POS_NONE when it has come */
	log_pos wanted;			/* where it went last: where it is while no record passes */
	bool seek_down;
	int place;			/* screen line that the selected record is to have; -1: wherever it is */
};

/* Starts at the end of the log, following it. */
void log_rows_init(struct log_rows *r, struct view *view, bool everything);
void log_rows_clear(struct log_rows *r);

/* To the end, following it; to where the log starts, as far as it is loaded. */
void log_rows_end(struct log_rows *r);
void log_rows_start(struct log_rows *r);
/* To the record that holds the place, or the nearest one that passes before it, or behind it. */
void log_rows_go(struct log_rows *r, log_pos pos);
/* Moves the selection. Up ends following; down at the end of the log starts it. */
void log_rows_move(struct log_rows *r, long by);
/* The place that is selected; LOG_POS_NONE: there is no record. */
log_pos log_rows_selected(const struct log_rows *r);

/* The filter is another one: the same place is kept, or the end when that is followed. */
void log_rows_filtered(struct log_rows *r);
/* The log has grown. */
void log_rows_grew(struct log_rows *r);

/* Works for about `budget_us` on what is wanted. True when something changed. */
bool log_rows_step(struct log_rows *r, int64_t budget_us);
/* Is there something to be done? */
bool log_rows_busy(const struct log_rows *r);

/* Chooses `top` so that the selected record is seen on a screen of that many lines; height() tells the lines of a record.
 * What is missing is asked for: log_rows_step(). */
void log_rows_arrange(struct log_rows *r, int lines, int (*height)(void *data, log_pos pos), void *data);

#endif
