/* app.h - the console as a whole: one loop that waits, one function that draws; and what a pane may ask of it. */
#ifndef PC_UI_APP_H
#define PC_UI_APP_H

#include "dialog.h"
#include "loop.h"
#include "page.h"
#include "run.h"
#include "strip.h"
#include "ui.h"
#include "watch.h"

struct app_private;
struct settings;

struct app {
	const struct ui_options *options;
	struct settings *settings;
	struct loop *loop;		/* descriptors, timers, slices of work: loop.h */
	struct watch watch;		/* the last update, the running one */
	char node[65];			/* this node's name, sanitised */
	char check_cause[64];		/* what the last checks found, for the state line; "" nothing */
	struct app_private *p;		/* app_private.h */
};

/* --- what a pane may ask ------------------------------------------------------------------------------------------------- */

/* Something would look different now: a frame is drawn soon. */
void app_dirty(struct app *a);
/* Bytes that the terminal was sent, ever, for frames that nobody typed for. */
uint64_t app_unasked_bytes(const struct app *a);

/* Says what an act came to, below the pane, until the next act or Esc; sanitised. Begin with "OK ", "?? " or "!! " by role. */
void app_notice(struct app *a, enum theme_role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void app_notice_error(struct app *a, const struct error *err);
void app_notice_clear(struct app *a);

/* Does this console give that? The ONE place that is asked in restricted mode. Actions of the table that need what is not
 * given are refused before they reach a pane; ask for what is not an action. */
bool app_allowed(const struct app *a, enum need need);
/* The same, and says so when it is not. */
bool app_permit(struct app *a, enum need need);

/* Starts this program with these arguments (NULL at the end) behind --config and --state-dir. The result is good until its
 * end() was called; NULL on failure. */
struct run *app_start(struct app *a, const char *const *arguments, const struct run_options *options, struct error *err);

/* Does an action as if its key had been typed; one of another pane goes there first. False when it is not possible now. */
bool app_act(struct app *a, enum action action);
/* Goes to a pane ("proxy"), to an item of it when `focus` is not negative. False when there is no such pane. */
bool app_go(struct app *a, const char *pane, int focus);
/* Is that pane shown, with no dialog above it and nothing being typed? */
bool app_shows(const struct app *a, const char *pane);
/* Gives the focus to an item of the pane that is shown (or of the dialog on top). */
void app_focus(struct app *a, int id);
/* The item that has the focus, -1: none. */
int app_focused(const struct app *a);
/* A job was joined (watch_join()): its events are followed from now on. */
void app_joined(struct app *a);
/* Tells all panes. After settings or certificates were changed. */
void app_tell(struct app *a, int pane_event);
/* The private data of a pane, NULL when there is none. */
void *app_pane(const struct app *a, const char *name);

/* A line to type in at the bottom, in place of the keys: for `/`, filters, `:`. changed() is called as it is typed, done() once
 * at the end (text NULL: left with Esc). complete() (may be NULL) gives the text after Tab. `label` such as "/". */
struct prompt_ops {
	void (*changed)(void *data, const char *text);
	void (*done)(void *data, const char *text);
	void (*complete)(void *data, const char *text, struct buffer *out, struct buffer *hint);
};
void app_prompt(struct app *a, const char *label, const char *text, const struct prompt_ops *ops, void *data);

/* Gives a text to the terminal's clipboard (OSC 52) where it has one; always also writes it to a file of the state folder and says
 * where; without OSC 52 it is shown so that it can be selected. */
void app_copy(struct app *a, const char *what, const char *text);

/* --- running it (ui.c, tests) --------------------------------------------------------------------------------------------- */

struct app *app_open(const struct ui_options *options, struct error *err);
void app_close(struct app *a);
/* Draws when a frame is due, waits for at most `timeout_ms` (-1: as long as nothing happens), takes what happened. False when
 * the console is to end. */
bool app_turn(struct app *a, int timeout_ms);
int app_exit_code(const struct app *a);
/* Draws now, whatever the clock says: for tests. */
void app_draw_now(struct app *a);
/* Takes a key, or the bytes of some, as if they had been typed. */
void app_key(struct app *a, int key);
void app_bytes(struct app *a, const char *bytes, size_t n);

#endif
