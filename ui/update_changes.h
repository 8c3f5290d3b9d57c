/* update_changes.h - what changed between two generations, component by component. A dialog. */
#ifndef PC_UI_UPDATE_CHANGES_H
#define PC_UI_UPDATE_CHANGES_H

#include "app.h"

/* `from` and `to`: ids of generations, "previous" or "current". The comparison is made beside the loop. */
void update_changes_open(struct app *a, const char *from, const char *to);

#endif
