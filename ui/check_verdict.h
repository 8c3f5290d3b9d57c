/* check_verdict.h - the verdict of the checks on a page: the cause, the broken part of the path, who does what; or that all is well. */
#ifndef PC_UI_CHECK_VERDICT_H
#define PC_UI_CHECK_VERDICT_H

#include "app.h"
#include "check_state.h"
#include "page.h"

#define CHECK_VERDICT_ROWS_MIN 4

/* Draws it in the rows that the page has left. There must be one (state->verdict). */
void check_verdict_put(struct app *app, const struct check_state *state, struct page *page);

#endif
