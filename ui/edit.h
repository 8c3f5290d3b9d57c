/* edit.h - one line of text while it is edited: Emacs keys, arrows, paste. Logic only, no drawing. */
#ifndef PC_UI_EDIT_H
#define PC_UI_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "keymap.h"

#define EDIT_MAX 4000

struct edit {
	char text[EDIT_MAX + 1];	/* UTF-8 without control characters */
	size_t len, at;			/* at: byte before which the cursor stands */
	char cut[EDIT_MAX + 1];		/* what C-k, C-u and C-w took, for C-y */
	bool hidden;			/* a password: shown as bullets, never cut into `cut` */
	int first;			/* column of the text that is shown first */
};

void edit_start(struct edit *e, const char *text, bool hidden);
/* Forgets the text; a password is wiped. */
void edit_clear(struct edit *e);
/* A typed or pasted character. Control characters are left out. */
void edit_insert(struct edit *e, int key);
/* An action of the scope EDIT. False when it is none that changes the line (accept, cancel, ...). */
bool edit_action(struct edit *e, enum action action);
/* What to show in `cols` columns, and the column of the cursor in it. */
void edit_show(struct edit *e, int cols, bool ascii, struct buffer *out, int *cursor);

#endif
