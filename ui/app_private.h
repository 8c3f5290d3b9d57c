/* app_private.h - the console's own state, shared by app.c, app_keys.c, app_prepare.c, app_draw.c and dialog.c only. */
#ifndef PC_UI_APP_PRIVATE_H
#define PC_UI_APP_PRIVATE_H

#include <limits.h>

#include "app.h"
#include "edit.h"
#include "folder_watch.h"
#include "layout.h"
#include "pane.h"

/* Something with a page of its own: a pane or a dialog. */
struct surface {
	struct page page;
	int focus;			/* id of the item that has it */
	int top;			/* lines that are scrolled out of sight */
	int screen_row, screen_col;	/* line n is in row screen_row + n - top */
};

struct dialog {
	struct dialog *below;
	const struct dialog_ops *ops;
	void *data;
	char title[128];
	struct surface surface;
};

struct prompt {
	bool open;
	char label[32];
	struct edit edit;
	char hint[256];
	struct prompt_ops ops;
	void *data;
};

struct app_private {
	struct runs runs;
	int pane;			/* that is shown */
	void *data[PANES_MAX];
	struct surface surface[PANES_MAX];
	struct surface side;		/* the side column; never has the focus */
	struct dialog *dialogs;		/* the top one */
	struct prompt prompt;

	char notice[2048];		/* "" nothing to say */
	enum theme_role notice_role;

	int strip_rows;			/* of log, negative: what is left */
	bool strip_hidden;
	int before_zoom;		/* pane that `z` goes back to; -1: none */
	struct page strip_page;

	struct layout layout;		/* of the last frame */
	int signals;			/* signalfd */
	struct folder_watch settings_folder;	/* of the settings' file, and its path and name: */
	char settings_path[PATH_MAX], settings_name[256];
	int settings_watch;
	int state_watch, job_watch, job_timer, minute_timer, key_timer, rest_timer;	/* handles of the loop */
	bool dirty, typed, stale, quit, suspend, repaint, pasting;
	uint64_t unasked_bytes;		/* sent for frames that nobody typed for */
	bool unsynced;			/* the kernel says that nothing keeps its clock right */
	int64_t pasted_ms;		/* when the last key came, for the end of a paste */
	int64_t drawn_ms, credit_ms;	/* when the last frame was drawn, and what was saved up for the next ones then */
	int exit_code;
};

/* The surface that has the keys. */
struct surface *app_surface(const struct app *a);
/* Makes the pages anew when something changed since. */
void app_prepare(struct app *a);
/* The item that has the focus, NULL: the page has none. */
struct page_item *surface_item(const struct surface *s);
/* Is it possible now? (any action, in the surface that has the keys) */
bool app_possible(struct app *a, enum action action);
/* The scopes that are asked for a key, first to last; returns how many. */
int app_scopes(const struct app *a, enum scope *scopes);
void surface_focus(struct surface *s, int id);
/* To the next (or an earlier) item, around the end. */
void surface_move(struct surface *s, int by);
/* The page is new: the focus is on an item that is there. */
void surface_settle(struct surface *s);
/* The pane whose name stands in that column of the bar; -1: none. */
int app_bar_pane(const struct app *a, int col);
void app_show_pane(struct app *a, int pane);
void app_mouse(struct app *a, int row, int col, int wheel);
void app_help(struct app *a, bool everything);
void app_command(struct app *a);
void app_quit(struct app *a);
/* Where the strip stands (rows of log). */
int app_strip_rows(const struct app *a);
/* Lines that the notice takes below the pane's own. */
int app_notice_lines(const struct app *a, int cols);
void app_draw(struct app *a);
void dialogs_clear(struct app *a);

#endif
