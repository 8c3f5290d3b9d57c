/* update_span.h - finds the last update in the log: where it starts, where it ends, how long it took.
 *
 * By the lines "Starting opswat download" and "Completed opswat download" of one thread. An update that has no end is
 * running, or has failed.
 */
#ifndef PC_LOGVIEW_UPDATE_SPAN_H
#define PC_LOGVIEW_UPDATE_SPAN_H

#include "logview/walk.h"

struct update_span {
	log_pos start, end;		/* LOG_POS_NONE: not there */
	int64_t start_ms, end_ms;	/* STAMP_NONE */
	int64_t duration_ms;		/* -1 when one of the two is not known */
};

struct update_search;

/* Searches backwards from the end of the log, whatever the view's filter is. NULL when out of memory. */
struct update_search *update_search_new(struct view *v);
void update_search_free(struct update_search *s);

/* WALK_FOUND: *out is filled in. WALK_END: the log has no update. */
enum walk_result update_search_step(struct update_search *s, int64_t budget_us, struct update_span *out);

#endif
