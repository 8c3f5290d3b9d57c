/* keymap.h - keys and what they do: one table (actions.def), from which come the dispatch, the key line and the help. */
#ifndef PC_UI_KEYMAP_H
#define PC_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum action {
#define ACTION(id, ...) ACTION_##id,
#include "actions.def"
#undef ACTION
	ACTION_COUNT, ACTION_NONE = ACTION_COUNT
};

/* The action that a key (term.h) stands for; ACTION_NONE when it is not bound. */
enum action keymap_action(int key);
/* "update", and the key that is shown for it. */
const char *keymap_name(enum action action);
void keymap_key_name(enum action action, char *dst, size_t size);
/* The key line: the shown actions for which `possible` says yes. */
void keymap_line(struct buffer *out, bool (*possible)(void *data, enum action action), void *data);
/* The help: one line an action, all its keys. */
void keymap_help(struct buffer *out);

#endif
