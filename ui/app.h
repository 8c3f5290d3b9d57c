/* app.h - the console as a whole: one loop that waits, one function that draws. */
#ifndef PC_UI_APP_H
#define PC_UI_APP_H

#include "child.h"
#include "dialog.h"
#include "page.h"
#include "strip.h"
#include "ui.h"
#include "watch.h"

struct pane_ops;

struct app {
	const struct ui_options *options;
	struct settings *settings;
	struct watch watch;
	struct strip strip;
	struct dialog dialog;
	struct child child;		/* the command that is being started */
	char notice[2048];		/* what the last act came to; "" nothing to say */
	enum theme_role notice_role;

	const struct pane_ops *pane;
	void *pane_data;
	struct page page;
	int focus, top;
	int strip_rows;			/* negative: what is left */
	bool strip_hidden;

	char node[65];
	int signals;			/* signalfd */
	bool dirty, typed, quit, suspend;
	int exit_code;
};

/* Says what an act came to, sanitised. */
void app_notice(struct app *a, enum theme_role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void app_notice_error(struct app *a, const struct error *err);
/* Starts this program with these arguments (NULL at the end) behind --config and --state-dir. */
bool app_run(struct app *a, const char *const *arguments, struct error *err);

#endif
