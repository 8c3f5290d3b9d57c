/* app_draw.h - the one place that draws. */
#ifndef PC_UI_APP_DRAW_H
#define PC_UI_APP_DRAW_H

#include "app.h"

/* Draws everything, with one flush at the end; what did not change costs no bytes. */
void app_draw(struct app *a);
/* Rows of log that the strip has now. */
int app_strip_rows(const struct app *a);

#endif
