/* update_history.h - past updates with their details, what each changed, and the way back to any that is kept. A dialog. */
#ifndef PC_UI_UPDATE_HISTORY_H
#define PC_UI_UPDATE_HISTORY_H

#include "app.h"

/* roll_back() is called once the operator has said yes; the dialog is closed then. */
void update_history_open(struct app *a, void (*roll_back)(void *data, const char *generation), void *data);

#endif
