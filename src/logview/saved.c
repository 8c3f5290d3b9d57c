#include "logview/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"
#include "logview/filter.h"

#define FILE_NAME "filters.json"
#define FILE_MAX (1024 * 1024)
#define STATE_MODE 0750
#define FILE_MODE 0640

static const struct { const char *name, *text; } built_in[] = {
	{ "opswat", "\"opswat download\"" },
	{ "failures", "is:failure" },
	{ "problems", "level:warn" },
};

#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

/* The file as a JSON object { name: text }; an empty one when it is not there. */
static json_t *read_file(const char *state_dir, struct error *err)
{
	struct buffer text = BUFFER_INIT(FILE_MAX);
	char *path = file_join(state_dir, FILE_NAME);
	struct error why = ERROR_INIT;
	json_t *all = NULL;
	bool out_of_memory = false;

	if (path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return NULL;
	}
	if (file_read(AT_FDCWD, path, &text, &why)) {
		all = whole_json_parse(buffer_text(&text), text.len, NULL, &out_of_memory);
		if (out_of_memory) {
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		} else if (!json_is_object(all)) {
			error_set(err, FINDING_NONE, _("the saved filters in %s are damaged"), path);
			error_next(err, _("Repair the file, or remove it and save your filters again."));
			json_decref(all);
			all = NULL;
		}
	} else if (why.sys_errno == ENOENT) {
		all = json_object();
		if (all == NULL)
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	} else if (err != NULL) {
		*err = why;
	}
	buffer_clear(&text);
	free(path);
	return all;
}

static bool write_file(const char *state_dir, const json_t *all, struct error *err)
{
	char *path = file_join(state_dir, FILE_NAME);
	char *text = whole_json_dump(all, JSON_INDENT(2) | JSON_SORT_KEYS);
	bool ok = false;

	if (path == NULL || text == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else
		ok = file_make_dirs(state_dir, STATE_MODE, err) &&
		     file_write_atomic(AT_FDCWD, path, FILE_MODE, text, strlen(text), err);
	free(path);
	free(text);
	return ok;
}

static bool add(struct saved_filters *filters, const char *name, const char *text, bool is_built_in)
{
	struct saved_filter *f = &filters->items[filters->count];

	*f = (struct saved_filter){ strdup(name), strdup(text), is_built_in };
	filters->count++;
	return f->name != NULL && f->text != NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct saved_filter *)a)->name, ((const struct saved_filter *)b)->name);
}

static bool is_built_in(const char *name)
{
	for (size_t i = 0; i < BUILT_IN; i++) {
		if (strcmp(built_in[i].name, name) == 0)
			return true;
	}
	return false;
}

bool saved_load(const char *state_dir, struct saved_filters *out, struct error *err)
{
	json_t *all = read_file(state_dir, err), *value;
	const char *name;
	bool ok = true;

	*out = (struct saved_filters){ 0 };
	if (all == NULL)
		return false;
	out->items = calloc(BUILT_IN + json_object_size(all), sizeof(*out->items));
	ok = out->items != NULL;
	for (size_t i = 0; ok && i < BUILT_IN; i++)
		ok = add(out, built_in[i].name, built_in[i].text, true);
	json_object_foreach(all, name, value) {
		if (ok && json_is_string(value) && !is_built_in(name))
			ok = add(out, name, json_string_value(value), false);
	}
	json_decref(all);
	if (!ok) {
		saved_clear(out);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	qsort(out->items + BUILT_IN, out->count - BUILT_IN, sizeof(*out->items), by_name);
	return true;
}

void saved_clear(struct saved_filters *filters)
{
	for (size_t i = 0; i < filters->count; i++) {
		free(filters->items[i].name);
		free(filters->items[i].text);
	}
	free(filters->items);
	*filters = (struct saved_filters){ 0 };
}

const struct saved_filter *saved_find(const struct saved_filters *filters, const char *name)
{
	for (size_t i = 0; i < filters->count; i++) {
		if (strcmp(filters->items[i].name, name) == 0)
			return &filters->items[i];
	}
	return NULL;
}

static bool check_name(const char *name, struct error *err)
{
	if (name[0] == '\0' || strlen(name) > SAVED_NAME_MAX)
		return error_usage(err, _("a filter's name has 1 to %d bytes"), SAVED_NAME_MAX);
	for (const char *p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return error_usage(err, _("a filter's name has no control characters"));
	}
	if (is_built_in(name)) {
		error_usage(err, _("the filter \"%s\" is built in"), name);
		return error_next(err, _("Choose another name."));
	}
	return true;
}

static bool check_text(const char *text, struct error *err)
{
	struct filter *f = filter_new();
	bool ok = f != NULL ? filter_parse(f, text, err) : error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	filter_free(f);
	return ok;
}

bool saved_put(const char *state_dir, const char *name, const char *text, struct error *err)
{
	json_t *all;
	bool ok;

	if (!check_name(name, err) || !check_text(text, err))
		return false;
	all = read_file(state_dir, err);
	if (all == NULL)
		return false;
	if (json_object_size(all) >= SAVED_MAX && json_object_get(all, name) == NULL)
		ok = error_set(err, FINDING_NONE, _("there are %d saved filters already"), SAVED_MAX);
	else if (json_object_set_new(all, name, json_string(text)) < 0)
		ok = error_usage(err, _("the filter or its name is not UTF-8 text"));
	else
		ok = write_file(state_dir, all, err);
	json_decref(all);
	return ok;
}

static bool no_such_filter(const char *name, struct error *err)
{
	return error_usage(err, _("there is no saved filter \"%s\""), name);
}

bool saved_rename(const char *state_dir, const char *name, const char *new_name, struct error *err)
{
	json_t *all, *text;
	bool ok;

	if (!check_name(name, err) || !check_name(new_name, err))
		return false;
	all = read_file(state_dir, err);
	if (all == NULL)
		return false;
	text = json_object_get(all, name);
	if (text == NULL)
		ok = no_such_filter(name, err);
	else if (strcmp(name, new_name) == 0)
		ok = true;
	else if (json_object_get(all, new_name) != NULL)
		ok = error_usage(err, _("there is a filter \"%s\" already"), new_name) ||
		     error_next(err, _("Choose another name."));
	else if (json_object_set(all, new_name, text) < 0)
		ok = error_usage(err, _("the filter or its name is not UTF-8 text"));
	else
		ok = json_object_del(all, name) == 0 && write_file(state_dir, all, err);
	json_decref(all);
	return ok;
}

bool saved_remove(const char *state_dir, const char *name, struct error *err)
{
	json_t *all;
	bool ok;

	if (!check_name(name, err))
		return false;
	all = read_file(state_dir, err);
	if (all == NULL)
		return false;
	if (json_object_del(all, name) < 0)
		ok = no_such_filter(name, err);
	else
		ok = write_file(state_dir, all, err);
	json_decref(all);
	return ok;
}
