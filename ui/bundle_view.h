/* bundle_view.h - what an offline bundle holds, before it is applied: versions against the installed ones, who signed it, and
 * whether everything in it is right. A dialog.
 */
#ifndef PC_UI_BUNDLE_VIEW_H
#define PC_UI_BUNDLE_VIEW_H

#include "app.h"

struct bundle_view_ops {
	/* Update from it. `older`: it is older than what is installed, and the operator said that this is intended. */
	void (*apply)(void *data, const char *path, bool older);
	/* Make it the source of the updates from now on. */
	void (*use)(void *data, const char *path);
};

/* `path`: absolute, or a URL, which can only be looked into by the update itself. The answer closes this dialog and the
 * browser below it. */
void bundle_view_open(struct app *a, const char *path, const struct bundle_view_ops *ops, void *data);

#endif
