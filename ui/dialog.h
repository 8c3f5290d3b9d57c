/* dialog.h - the stack of overlays above the pane: texts, questions, inputs, choices, forms, and a pane's own. Never a
 * nested loop: answers come through callbacks, and everything behind goes on. No curses.
 *
 * A dialog is a page of its own with the same items, lists and forms as a pane. Only the top one gets keys.
 */
#ifndef PC_UI_DIALOG_H
#define PC_UI_DIALOG_H

#include <stdbool.h>

#include "form.h"
#include "keymap.h"
#include "page.h"

struct app;
struct dialog;

/* Shows a text (lines; sanitised here), with search and copy. */
void dialog_text(struct app *a, const char *title, const char *text);
/* Shows a text on the bare screen, so that the terminal's own mouse can select it. */
void dialog_select(struct app *a, const char *text);
/* Asks; yes() is called when the answer is yes. The answer "no" has the focus. */
void dialog_ask(struct app *a, const char *title, const char *question, void (*yes)(void *data), void *data);
/* One line to fill in. enter() refuses by false, *err says why; the dialog stays then. */
void dialog_input(struct app *a, const char *title, const char *label, const char *value,
		  bool (*enter)(void *data, const char *input, struct error *err), void *data);
/* The same, hidden. */
void dialog_password(struct app *a, const char *title, const char *label,
		     bool (*enter)(void *data, const char *input, struct error *err), void *data);
/* One of n rows (copied). */
void dialog_choose(struct app *a, const char *title, const char *const *rows, size_t n,
		   void (*chosen)(void *data, size_t row), void *data);
/* A form in a dialog with the button `button` (translated). The form stays the caller's and must outlive it. accept()
 * refuses by false; closed() (may be NULL) is called once, when the dialog is gone. */
void dialog_form(struct app *a, const char *title, struct form *form, const char *button,
		 bool (*accept)(void *data, struct error *err), void (*closed)(void *data), void *data);

/* --- dialogs of a pane's own -------------------------------------------------------------------------------------------- */

struct dialog_ops {
	enum scope scope;				/* its own bindings; SCOPE_DIALOG: none */
	bool bare;					/* the whole screen without a frame */
	int cols, rows;					/* the most that it likes to have, frame included; 0: all there is */
	void (*prepare)(void *data, struct page *page);	/* p->rows, p->cols: the room inside; no rule for the frame */
	bool (*possible)(void *data, enum action action);	/* of its own scope; NULL: all */
	/* An action of its scope, ACTION_CHOOSE on an item, or a move in an ITEM_AREA. False: not taken. */
	bool (*action)(void *data, enum action action, int focus);
	void (*destroy)(void *data);			/* when it is closed; may be NULL */
};
/* NULL when out of memory, or when far too many are open (destroy() was called). */
struct dialog *dialog_open(struct app *a, const char *title, const struct dialog_ops *ops, void *data);
/* Closes the top one. */
void dialog_close(struct app *a);
bool dialog_is_open(const struct app *a);

#endif
