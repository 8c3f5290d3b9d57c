/* check_state.h - what the Troubleshoot pane knows: a row a check, and the verdict, taken from events. No curses.
 */
#ifndef PC_UI_CHECK_STATE_H
#define PC_UI_CHECK_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "diagnose/diagnose.h"
#include "theme.h"

enum check_row_state { ROW_WAITING, ROW_RUNNING, ROW_DONE };

struct check_row {
	enum check_row_state state;
	enum check_status status;	/* when done */
	char summary[512];		/* clean text */
	double duration_ms;
	json_t *event;			/* check.finished; owned */
};

struct check_state {
	struct check_row rows[CHECK_COUNT];
	json_t *verdict;		/* the event; NULL: none yet */
	char time[40];			/* of the verdict, as in the event */
};

void check_state_clear(struct check_state *s);
/* Takes an event of a check or of an update; others are ignored. True when something changed. */
bool check_state_take(struct check_state *s, const json_t *event);

/* "pass", "warn", "fail"; "" without a verdict. Borrowed, as all below. */
const char *check_state_status(const struct check_state *s);
const char *check_state_cause(const struct check_state *s);	/* "" when there is none */
const char *check_state_text(const struct check_state *s, const char *key);	/* of the verdict; "" */

/* The mark of a row ("OK", "!!", "??", "--", "..") and its role. */
const char *check_row_mark(const struct check_row *row, enum theme_role *role);

/* this node 10.9.1.2 --- DNS 10.9.1.1 -X- gateway ...; `broken` (may be NULL) is called for the edge that is broken. */
void check_state_path(const struct check_state *s, void (*put)(void *data, bool broken, const char *text), void *data);

/* A row's evidence, as text to show: summary, what each finding means, the matrix of names and values. */
void check_row_evidence(const struct check_row *row, struct buffer *out);
/* The whole verdict as text: cause, confidence, steps, path, what else, what changed, the letter. */
void check_state_whole(const struct check_state *s, struct buffer *out);

#endif
