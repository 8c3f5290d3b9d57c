/* check_fix.h - what the console can do about a cause: the safe part of the remedy, or the place where it is done.
 */
#ifndef PC_UI_CHECK_FIX_H
#define PC_UI_CHECK_FIX_H

#include <stdbool.h>

#include "app.h"
#include "check_state.h"

struct check_fix;

/* `again` is called when something was repaired: the checks are to run again. */
struct check_fix *check_fix_new(struct app *app, void (*again)(void *data), void *data);
void check_fix_free(struct check_fix *f);

/* Is there something to do about the verdict's cause? */
bool check_fix_possible(const struct check_state *s);
/* What F would do, in a few words: "enter the login again". */
const char *check_fix_label(const struct check_state *s);
/* Does it: goes to the field, or shows what it would change and asks. `bundle` is the one that was to be installed; "": none. */
void check_fix_act(struct check_fix *f, const struct check_state *s, const char *bundle);

#endif
