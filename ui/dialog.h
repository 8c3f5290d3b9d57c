/* dialog.h - the overlay above the pane: a text, a question, or one line to fill in. It never waits: the answer comes
 * through a callback, and everything behind it goes on.
 */
#ifndef PC_UI_DIALOG_H
#define PC_UI_DIALOG_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum dialog_kind { DIALOG_NONE, DIALOG_TEXT, DIALOG_ASK, DIALOG_INPUT };

#define DIALOG_INPUT_MAX 2000

struct dialog {
	enum dialog_kind kind;
	char title[128];
	struct buffer text;		/* lines */
	int top;			/* first line that is shown */
	bool yes;			/* the button that has the focus */
	char input[DIALOG_INPUT_MAX + 1];
	char reason[ERROR_TEXT_MAX];	/* why the input was refused */
	/* ASK: called for yes only. INPUT: false refuses the input, *err says why; the dialog stays. */
	void (*accept)(void *data);
	bool (*enter)(void *data, const char *input, struct error *err);
	void *data;
};

void dialog_text(struct dialog *d, const char *title, const char *text);
void dialog_ask(struct dialog *d, const char *title, const char *question, void (*accept)(void *data), void *data);
void dialog_input(struct dialog *d, const char *title, const char *label, const char *value,
		  bool (*enter)(void *data, const char *input, struct error *err), void *data);
void dialog_close(struct dialog *d);
void dialog_draw(struct dialog *d);
/* Takes a key. */
void dialog_key(struct dialog *d, int key);

#endif
