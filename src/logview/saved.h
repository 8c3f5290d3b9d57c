/* saved.h - filters with a name: a few that are always there, and those that the operator saved (STATE/filters.json). */
#ifndef PC_LOGVIEW_SAVED_H
#define PC_LOGVIEW_SAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define SAVED_NAME_MAX 64
#define SAVED_MAX 200			/* filters */

struct saved_filter {
	char *name, *text;		/* text: for filter_parse() */
	bool built_in;
};

struct saved_filters {
	struct saved_filter *items;	/* the built-in ones first, then by name */
	size_t count;
};

/* Loads all of them. A file that is not there has none; one that is damaged is an error. */
bool saved_load(const char *state_dir, struct saved_filters *out, struct error *err);
void saved_clear(struct saved_filters *filters);
/* NULL when there is none of that name. */
const struct saved_filter *saved_find(const struct saved_filters *filters, const char *name);

/* Saves a filter (its text must be one) under a name, in place of the one that has it. Built-in ones stay as they are. */
bool saved_put(const char *state_dir, const char *name, const char *text, struct error *err);
/* Gives a saved filter another name, which none has yet. */
bool saved_rename(const char *state_dir, const char *name, const char *new_name, struct error *err);
bool saved_remove(const char *state_dir, const char *name, struct error *err);

#endif
