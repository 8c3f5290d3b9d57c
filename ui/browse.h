/* browse.h - the file browser: a dialog that lists folders and offline bundles.
 *
 * It begins where the last bundle was. In restricted mode it stays within the folders of the setting ui.bundle_folders,
 * whatever links lie there.
 */
#ifndef PC_UI_BROWSE_H
#define PC_UI_BROWSE_H

#include "app.h"

/* chosen() gets an absolute path, or a URL that was typed; the browser stays open below what that opens. */
void browse_open(struct app *a, void (*chosen)(void *data, const char *path), void *data);

/* May this console take a bundle from there? In restricted mode: below one of the folders, links resolved. */
bool browse_permits(const struct app *a, const char *path);

#endif
