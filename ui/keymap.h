/* keymap.h - what can be done, and by which keys: one table (actions.def), from which come the dispatch, the key line,
 * the help, the command line and the keymap file.
 *
 * A key means what the first scope says that is asked: the pane's own actions come before those of the list that has the
 * focus, and those before the global ones (app.c).
 */
#ifndef PC_UI_KEYMAP_H
#define PC_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

enum action {
#define ACTION(scope, id, ...) ACTION_##id,
#include "actions.def"
#undef ACTION
	ACTION_COUNT, ACTION_NONE = ACTION_COUNT
};

/* Where a binding holds: a pane, a kind of item, a kind of dialog. */
enum scope {
#define SCOPE(id, ...) SCOPE_##id,
#include "scopes.def"
#undef SCOPE
	SCOPE_COUNT
};

/* What an action needs that a console in restricted mode does not give (app_allowed()). */
enum need {
	NEED_NOTHING,
	NEED_SETTINGS,		/* changes a setting */
	NEED_TRUST,		/* changes the trusted certificates */
	NEED_FILES,		/* reads or writes files of the operator's choice */
	NEED_SHELL		/* leads to a shell, or to a program of the operator's choice */
};

struct action_info {
	enum scope scope;
	const char *name;	/* "roll-back": the command line and the keymap file */
	const char *keys;	/* by default; the first is the one shown */
	enum need need;
	const char *label;	/* in the key line (N_); "": not shown there */
	const char *help;	/* (N_) */
};
const struct action_info *action_info(enum action action);
/* ACTION_NONE when there is none. */
enum action action_by_name(const char *name);
/* "global", "log": as in the keymap file. */
const char *scope_name(enum scope scope);
/* Where the help puts it (N_). */
const char *scope_title(enum scope scope);

/* The action that a key stands for in a scope; ACTION_NONE when it is not bound there. */
enum action keymap_action(enum scope scope, int key);
#define KEY_NAME_MAX 16
/* The first of its keys ("Enter"), "" when it has none. Returns dst. */
char *keymap_key_name(enum action action, char *dst, size_t size);
/* All its keys, with spaces between. */
void keymap_keys(enum action action, struct buffer *out);

/* Adds to the key line: the labelled actions of a scope for which `possible` says yes. */
void keymap_line(struct buffer *out, enum scope scope, bool (*possible)(void *data, enum action action), void *data);
/* Adds to the help: a title and one line an action, all its keys. */
void keymap_help(struct buffer *out, enum scope scope);

/* Back to the bindings of the table and of the language. */
void keymap_reset(void);
/* Takes lines of a keymap. False when one of them is wrong: *err names it, and the bindings are those of the table. */
bool keymap_take(const char *name, const char *lines, struct error *err);
/* Takes the bindings of a keymap file; a file that is not there is fine. False when a line is wrong: *err names file, line
 * and what is allowed, and the bindings are those of the table. */
bool keymap_load(const char *path, struct error *err);

#endif
