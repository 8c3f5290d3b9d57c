/* follow_settings.h - takes over what another program saves to the settings while the console runs: the command line, a second
 * console, an editor. What is on the screen is what the next update will do.
 */
#ifndef PC_UI_FOLLOW_SETTINGS_H
#define PC_UI_FOLLOW_SETTINGS_H

#include "app.h"

/* Begins to watch the settings' file, whether it is there or not. */
void follow_settings_start(struct app *a);
void follow_settings_end(struct app *a);

#endif
