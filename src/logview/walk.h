/* walk.h - goes from record to record, forwards or backwards, to those that pass: the rows of a screen, and every search.
 *
 * A step of a walk takes about as long as it is given, so a search over gigabytes never blocks a key, and dropping the
 * walk cancels it. Going backwards, rotated files are opened (and unpacked) as they are reached.
 *
 *   next screen row      walk_new(v, FORWARDS, from, NULL)
 *   search               ... with a filter made of the text that is searched for
 *   next error           ... with filter_set_level("error")
 *   jump to a time       ... with filter_set_range(time, STAMP_NONE), forwards from view_start()
 */
#ifndef PC_LOGVIEW_WALK_H
#define PC_LOGVIEW_WALK_H

#include "logview/view.h"

enum walk_direction { WALK_FORWARDS, WALK_BACKWARDS };
enum walk_result {
	WALK_FOUND,
	WALK_END,			/* there is none (more). Forwards: so far, the log may grow */
	WALK_MORE,			/* the time is up */
	WALK_CHANGED			/* the view's filter was changed: make a new walk */
};

struct walk;

/* Starts behind `from` (backwards: before it): a record that starts there is not found again. `also` is asked for besides
 * the view's filter; ready, borrowed only for the call; NULL: nothing. `everything`: the view's filter does not count.
 * NULL when out of memory. */
struct walk *walk_new(struct view *v, enum walk_direction direction, log_pos from, const struct filter *also,
		      bool everything);
void walk_free(struct walk *w);

/* Finds the next record; may be called again after WALK_FOUND for the one after it. */
enum walk_result walk_step(struct walk *w, int64_t budget_us, log_pos *found);

/* Where the walk has come to. */
log_pos walk_at(const struct walk *w);

#endif
