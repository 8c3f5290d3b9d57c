#include "settings/load.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "settings/words.h"

#define KEY_MAX 256

void loaded_clear(struct loaded *l)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		value_clear(&l->values[i]);
		free(l->included[i]);
	}
	for (size_t i = 0; i < l->unknown_count; i++)
		free(l->unknown[i]);
	*l = (struct loaded){ 0 };
}

/* The file names programs that are run, some of them as root. */
static bool check_rights(const char *path, const struct stat *st, struct error *err)
{
	if (!S_ISREG(st->st_mode) || (st->st_mode & S_IWOTH) == 0)
		return true;
	error_set(err, FINDING_PERMISSION_DENIED,
		  _("everyone on this machine may change %s, which names programs that are run"), path);
	return error_next(err, _("Look through the file, then run: chmod o-w %s"), path);
}

bool load_file(const char *path, struct buffer *out, bool *exists, struct error *err)
{
	static const char byte_order_mark[3] = "\xEF\xBB\xBF";
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (exists != NULL)
		*exists = there;
	if (!there && errno != ENOENT)
		return error_errno(err, FINDING_CONFIG_INVALID, _("cannot look at %s"), path);
	if (there && S_ISREG(st.st_mode) && st.st_size > (off_t)out->max)
		return error_set(err, FINDING_CONFIG_INVALID, _("%s is larger than %zu bytes"), path, out->max);
	if (there && (!check_rights(path, &st, err) || !file_read(AT_FDCWD, path, out, err)))
		return error_wrap(err, _("cannot read the settings"));
	if (out->len >= sizeof(byte_order_mark) && memcmp(out->data, byte_order_mark, sizeof(byte_order_mark)) == 0)
		buffer_consume(out, sizeof(byte_order_mark));
	/* libconfig 1.5 takes a comment for a syntax error when the file ends in it. */
	if (out->len > 0 && out->data[out->len - 1] != '\n' && !buffer_putc(out, '\n'))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return true;
}

/* "file:line" of a node, heap. */
static char *place_of(const char *path, const char *dir, const config_setting_t *node)
{
	const char *file = config_setting_source_file(node);
	unsigned int line = config_setting_source_line(node);
	char *place;
	int n = file != NULL ? asprintf(&place, "%s/%s:%u", dir, file, line) : asprintf(&place, "%s:%u", path, line);

	return n >= 0 ? place : NULL;
}

struct reader {
	const char *path, *dir;
	struct loaded *out;
	struct error *err;
};

static bool out_of_memory(struct error *err)
{
	return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool note_unknown(const struct reader *r, const config_setting_t *node, const char *key)
{
	struct loaded *l = r->out;
	char *place;
	int n;

	if (l->unknown_count == LOAD_UNKNOWN_MAX)
		return true;
	place = place_of(r->path, r->dir, node);
	if (place == NULL)
		return out_of_memory(r->err);
	n = asprintf(&l->unknown[l->unknown_count], "%s: %s", place, key);
	free(place);
	if (n < 0)
		return out_of_memory(r->err);
	l->unknown_count++;
	return true;
}

static bool refused(const struct reader *r, const config_setting_t *node)
{
	char *place = place_of(r->path, r->dir, node);

	error_wrap(r->err, "%s", place != NULL ? place : r->path);
	error_next(r->err, _("Correct that line, or remove it to have the default."));
	free(place);
	return false;
}

static bool read_member(const struct reader *r, const char *group, const config_setting_t *node)
{
	const char *name = config_setting_name(node);
	char key[KEY_MAX];
	enum setting id;

	if (name == NULL)
		return out_of_memory(r->err);	/* libconfig had none for it; what is not read must not look as if it were not there */
	snprintf(key, sizeof(key), "%s.%s", group, name);
	id = setting_by_key(key);
	if (id == SETTING_COUNT)
		return note_unknown(r, node, key);
	value_clear(&r->out->values[id]);
	if (!value_read(id, node, &r->out->values[id], r->err))
		return refused(r, node);
	r->out->set[id] = true;
	return true;
}

static bool in_group(enum setting id, const char *group)
{
	size_t len = strlen(group);

	return strncmp(setting_info(id)->key, group, len) == 0 && setting_info(id)->key[len] == '.';
}

static bool is_group(const char *name)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (in_group((enum setting)i, name))
			return true;
	}
	return false;
}

/* Remembers for each setting of a group whether an included file has it, or the whole group. */
static bool note_included(const struct reader *r, const config_setting_t *group)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const config_setting_t *node;

		if (!in_group((enum setting)i, config_setting_name(group)))
			continue;
		node = config_setting_get_member(group, strchr(setting_info((enum setting)i)->key, '.') + 1);
		if (node == NULL)
			node = group;
		if (config_setting_source_file(node) == NULL)
			continue;
		r->out->included[i] = place_of(r->path, r->dir, node);
		if (r->out->included[i] == NULL)
			return out_of_memory(r->err);
	}
	return true;
}

static bool read_group(const struct reader *r, const config_setting_t *node)
{
	const char *name = config_setting_name(node);
	bool ok = true;

	if (name == NULL)
		return out_of_memory(r->err);
	if (!is_group(name))
		return note_unknown(r, node, name);
	if (!config_setting_is_group(node)) {
		error_set(r->err, FINDING_CONFIG_INVALID, _("%s: not a group; %s = { ... }; is allowed"), name, name);
		return refused(r, node);
	}
	for (int i = 0; ok && i < config_setting_length(node); i++)
		ok = read_member(r, name, config_setting_get_elem(node, (unsigned int)i));
	return ok && note_included(r, node);
}

static bool set_defaults(struct loaded *out, struct error *err)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!value_parse((enum setting)i, setting_info((enum setting)i)->default_text, &out->values[i], err))
			return false;
	}
	return true;
}

static bool syntax_error(const struct reader *r, const config_t *config)
{
	const char *file = config_error_file(config), *what = config_error_text(config);

	if (what == NULL)
		return out_of_memory(r->err);
	error_set(r->err, FINDING_CONFIG_INVALID, "%s%s%s:%d: %s", file != NULL ? r->dir : r->path, file != NULL ? "/" : "",
		  file != NULL ? file : "", config_error_line(config), what);
	return error_next(r->err, _("Correct the file there; posture-console.conf(5) shows the form."));
}

bool load_text(const char *path, const struct buffer *text, struct loaded *out, struct error *err)
{
	char *dir = words_folder(path);
	struct reader r = { .path = path, .dir = dir, .out = out, .err = err };
	const config_setting_t *root;
	config_t config;
	bool ok = false;

	*out = (struct loaded){ 0 };
	config_init(&config);
	if (dir == NULL) {
		out_of_memory(err);
		goto out;
	}
	if (!set_defaults(out, err) || !words_check(path, dir, buffer_text(text), text->len, err))
		goto out;
	config_set_include_dir(&config, dir);
	if (config_get_include_dir(&config) == NULL) {	/* it would look in the working folder */
		out_of_memory(err);
		goto out;
	}
	if (!config_read_string(&config, buffer_text(text))) {
		syntax_error(&r, &config);
		goto out;
	}
	root = config_root_setting(&config);
	ok = true;
	for (int i = 0; ok && i < config_setting_length(root); i++)
		ok = read_group(&r, config_setting_get_elem(root, (unsigned int)i));
out:
	if (!ok)
		loaded_clear(out);
	config_destroy(&config);
	free(dir);
	return ok;
}
