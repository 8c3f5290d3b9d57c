/* Making a generation: built in staging, flushed once, current by one rename. The order stands in inside.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"
#include "store/inside.h"

struct built_component {
	char *id;
	bool linked;
	int64_t files;		/* of a linked one */
	int64_t bytes;
};

struct store_build {
	struct store *s;
	char id[STORE_GENERATION_MAX];
	char name[ENTRY_NAME_MAX];	/* in staging */
	int fd, components_fd;
	struct built_component *components;
	size_t count, room;
};

/* --- which number comes next --------------------------------------------------------------------------------------- */

struct counter {
	char day[16];
	long highest;
};

static void count_id(struct counter *c, const char *id)
{
	if (store_id_valid(id) && strncmp(id, c->day, strlen(c->day)) == 0) {
		long n = strtol(id + strlen(c->day) + 1, NULL, 10);

		if (n > c->highest)
			c->highest = n;
	}
}

static bool count_entry(void *data, const char *name, struct error *err)
{
	(void)err;
	count_id(data, name);
	return true;
}

/* Never one that was used: not that of a folder, and not that of a removed generation which the history names. */
static bool next_id(const struct store *s, char *id, struct error *err)
{
	struct counter c = { .highest = 0 };
	char link[STORE_GENERATION_MAX];
	time_t now = clock_now();
	json_t *lines;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(c.day, sizeof(c.day), "%Y%m%d", &tm);
	if (!store_each_entry(s->content_fd, count_entry, &c, err) || !history_load_switches(s, &lines, err))
		return false;
	for (size_t i = 0; i < json_array_size(lines); i++)
		count_id(&c, history_text(json_array_get(lines, i), "generation"));
	json_decref(lines);
	if (!generation_linked(s, CURRENT_NAME, link, err))
		return false;
	count_id(&c, link);
	if (!generation_linked(s, PREVIOUS_NAME, link, err))
		return false;
	count_id(&c, link);
	snprintf(id, STORE_GENERATION_MAX, "%s-%ld", c.day, c.highest + 1);
	return true;
}

/* --- building ------------------------------------------------------------------------------------------------------ */

static void build_free(struct store_build *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->components[i].id);
	free(b->components);
	file_close(&b->components_fd);
	file_close(&b->fd);
	free(b);
}

bool store_build_begin(struct store *s, struct store_build **out, struct error *err)
{
	struct store_build *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	b->s = s;
	b->fd = b->components_fd = -1;
	s->warned = false;
	if (s->lock_fd < 0 || s->content_fd < 0 || s->staging_fd < 0) {
		error_set(err, FINDING_NONE, _("the update lock of %s is not held"), s->path);
		goto fail;
	}
	if (!next_id(s, b->id, err))
		goto fail;
	snprintf(b->name, sizeof(b->name), "%s" BUILD_ENDING, b->id);
	if (!file_remove_tree(s->staging_fd, b->name, err))
		goto fail;
	b->fd = file_open_dir(s->staging_fd, b->name, true, PRIVATE_MODE, err);
	if (b->fd < 0)
		goto fail;
	b->components_fd = file_open_dir(b->fd, COMPONENTS_NAME, true, CONTENT_DIR_MODE, err);
	if (b->components_fd < 0)
		goto fail;
	if (fchmod(b->components_fd, CONTENT_DIR_MODE) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of the folder %s"), COMPONENTS_NAME);
		goto fail;
	}
	*out = b;
	return true;
fail:
	store_error_refine(s, err);
	if (b->fd >= 0)
		(void)file_remove_tree(s->staging_fd, b->name, NULL);
	build_free(b);
	return false;
}

const char *store_build_id(const struct store_build *b)
{
	return b->id;
}

static struct built_component *find_component(const struct store_build *b, const char *id)
{
	for (size_t i = 0; i < b->count; i++) {
		if (strcmp(b->components[i].id, id) == 0)
			return &b->components[i];
	}
	return NULL;
}

static struct built_component *remember_component(struct store_build *b, const char *id)
{
	struct built_component *c = find_component(b, id);

	if (c != NULL) {
		c->linked = false;
		return c;
	}
	if (b->count == b->room) {
		size_t room = b->room == 0 ? 16 : 2 * b->room;
		struct built_component *grown = realloc(b->components, room * sizeof(*grown));

		if (grown == NULL)
			return NULL;
		b->components = grown;
		b->room = room;
	}
	c = &b->components[b->count];
	*c = (struct built_component){ .id = strdup(id) };
	if (c->id == NULL)
		return NULL;
	b->count++;
	return c;
}

/* Makes it empty, also when a first try left something. NULL on failure; the caller closes *fd. */
static struct built_component *begin_component(struct store_build *b, const char *component, int *fd, struct error *err)
{
	struct built_component *c;

	*fd = -1;
	if (!store_name_valid(component)) {
		error_set(err, FINDING_FEED_MALFORMED, _("%s cannot be the name of a component"), component);
		return NULL;
	}
	c = remember_component(b, component);
	if (c == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return NULL;
	}
	if (file_remove_tree(b->components_fd, component, err))
		*fd = file_open_dir(b->components_fd, component, true, CONTENT_DIR_MODE, err);
	if (*fd < 0)
		store_error_refine(b->s, err);
	return *fd >= 0 ? c : NULL;
}

int store_build_component_dir(struct store_build *b, const char *component, struct error *err)
{
	int fd;

	(void)begin_component(b, component, &fd, err);
	return fd;
}

bool store_build_link(struct store_build *b, const struct store_generation *from, const char *component,
		      struct error *err)
{
	const struct store_component *old = store_generation_component(from, component);
	struct tree_count count = { 0 };
	struct built_component *c = NULL;
	char path[ENTRY_NAME_MAX];
	int in = -1, out = -1;
	bool ok = false;

	if (old == NULL || !store_id_valid(from->id))
		return error_set(err, FINDING_PATH_INVALID, _("the generation %s has no component %s"), from->id, component);
	snprintf(path, sizeof(path), "%s/" COMPONENTS_NAME "/%s", from->id, component);
	in = file_open_dir(b->s->content_fd, path, false, 0, err);
	if (in >= 0)
		c = begin_component(b, component, &out, err);
	if (c == NULL)
		goto out;
	if (fchmod(out, CONTENT_DIR_MODE) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of the folder %s"), component);
		goto out;
	}
	if (!tree_link(in, out, &count, err))
		goto out;
	if (count.files != old->files) {
		error_set(err, FINDING_IO_ERROR, _("%lld of %lld files are left in %s/content/%s"),
			  (long long)count.files, (long long)old->files, b->s->path, path);
		error_next(err, _("Fetch everything again: posture-console update --force."));
		goto out;
	}
	c->linked = true;
	c->files = old->files;
	c->bytes = old->bytes;
	ok = true;
out:
	if (!ok) {
		store_error_refine(b->s, err);
		error_wrap(err, _("cannot take the component %s from the generation %s"), component, from->id);
	}
	file_close(&in);
	file_close(&out);
	return ok;
}

/* The flush of the commit makes it durable. */
static bool write_file(struct store_build *b, const char *name, const void *data, size_t len, struct error *err)
{
	int fd = -1;
	bool ok = unlinkat(b->fd, name, 0) == 0 || errno == ENOENT;

	if (ok)
		fd = openat(b->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ok = fd >= 0 && file_write_all(fd, data, len) && fchmod(fd, CONTENT_FILE_MODE) == 0;
	if (!ok) {
		error_errno(err, FINDING_IO_ERROR, _("cannot write %s/staging/%s/%s"), b->s->path, b->name, name);
		store_error_refine(b->s, err);
	}
	file_close(&fd);
	return ok;
}

bool store_build_file(struct store_build *b, const char *name, const void *data, size_t len, struct error *err)
{
	if (!store_name_valid(name) || strcmp(name, GENERATION_NAME) == 0 || strcmp(name, COMPONENTS_NAME) == 0)
		return error_set(err, FINDING_PATH_INVALID, _("%s cannot be a file of a generation"), name);
	return write_file(b, name, data, len, err);
}

void store_build_discard(struct store_build *b)
{
	if (b == NULL)
		return;
	(void)file_remove_tree(b->s->staging_fd, b->name, NULL);
	build_free(b);
}

/* --- the commit ---------------------------------------------------------------------------------------------------- */

struct commit {
	struct store_build *b;
	struct store_generation *g;
	char replaced[STORE_GENERATION_MAX];		/* what is current; "": the first update */
	json_t *line;					/* of the history */
};

static bool drop_undescribed(struct commit *c, struct error *err)
{
	for (size_t i = 0; i < c->b->count; i++) {
		const char *id = c->b->components[i].id;

		if (store_generation_component(c->g, id) == NULL && !file_remove_tree(c->b->components_fd, id, err))
			return false;
	}
	return true;
}

/* Makes fresh components read-only and says how many files each component has. */
static bool seal(struct commit *c, struct error *err)
{
	for (size_t i = 0; i < c->g->count; i++) {
		struct store_component *described = &c->g->components[i];
		const struct built_component *built = find_component(c->b, described->id);
		struct tree_count count = { 0 };
		int fd;
		bool ok;

		if (built == NULL)
			return error_set(err, FINDING_FEED_COMPONENT_MISSING, _("the component %s was not unpacked"),
					 described->id);
		if (built->linked) {
			described->files = built->files;
			described->bytes = built->bytes;
			continue;
		}
		fd = file_open_dir(c->b->components_fd, described->id, false, 0, err);
		ok = fd >= 0 && tree_seal(fd, &count, err);
		if (ok && fchmod(fd, CONTENT_DIR_MODE) < 0)
			ok = error_errno(err, FINDING_IO_ERROR, _("cannot set the mode of a folder"));
		file_close(&fd);
		if (!ok)
			return error_wrap(err, _("cannot finish the component %s"), described->id);
		described->files = count.files;
		described->bytes = count.bytes;
	}
	return true;
}

static bool set_missing(json_t *line, const char *key, json_t *value)
{
	bool ok = value != NULL && (json_object_get(line, key) != NULL || json_object_set(line, key, value) == 0);

	json_decref(value);
	return ok;
}

static bool complete_line(struct commit *c, struct error *err)
{
	char stamp[CLOCK_TEXT_MAX];
	json_t *line = c->line != NULL ? c->line : json_object();

	c->line = line;
	if (line == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!set_missing(line, "time", json_string(clock_rfc3339_ms(stamp, clock_now_ms()))) ||
	    !set_missing(line, "action", json_string("update")) ||
	    !set_missing(line, "version", store_json_text(c->g->version)) ||
	    !set_missing(line, "source", store_json_text(c->g->source)) ||
	    !set_missing(line, "from", store_json_text(c->g->from)) ||
	    !set_missing(line, "signer", store_json_text(c->g->signer)) ||
	    json_object_set_new(line, "status", json_string("updated")) < 0 ||
	    json_object_set_new(line, "generation", json_string(c->b->id)) < 0 ||
	    json_object_set_new(line, "previous", json_string(c->replaced)) < 0)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return true;
}

static bool write_description(struct commit *c, struct error *err)
{
	json_t *document;
	char *text;
	bool ok;

	snprintf(c->g->id, sizeof(c->g->id), "%s", c->b->id);
	c->g->installed = clock_now();
	if (!complete_line(c, err))
		return false;
	document = generation_document(c->g, c->replaced, c->line);
	text = document != NULL ? whole_json_dump(document, JSON_INDENT(1)) : NULL;
	ok = text != NULL ? write_file(c->b, GENERATION_NAME, text, strlen(text), err)
			  : error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	free(text);
	json_decref(document);
	return ok;
}

static bool prepare_defaults(struct commit *c, struct error *err)
{
	bool made;

	if (!defaults_made(c->b->s, &made, err))
		return false;
	if (made)
		return true;
	for (size_t i = 0; i < c->g->count; i++) {
		bool ok;
		int fd;

		if (!c->g->components[i].once)
			continue;
		fd = file_open_dir(c->b->components_fd, c->g->components[i].id, false, 0, err);
		ok = fd >= 0 && defaults_prepare(c->b->s, c->b->id, fd, err);
		file_close(&fd);
		if (!ok)
			return false;
	}
	return true;
}

/* Step 3: everything durable, under its name. */
static bool move_into_content(struct commit *c, struct error *err)
{
	struct store *s = c->b->s;

	if (fchmod(c->b->fd, CONTENT_DIR_MODE) < 0 || syncfs(s->fd) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot flush the new generation to disk"));
	if (renameat(s->staging_fd, c->b->name, s->content_fd, c->b->id) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot move the new generation to %s/%s/%s"), s->path,
				   CONTENT_NAME, c->b->id);
	return file_sync_dir(s->content_fd, err);
}

static void take_back(struct commit *c)
{
	struct store *s = c->b->s;
	char removed[ENTRY_NAME_MAX];

	snprintf(removed, sizeof(removed), "%s" REMOVED_ENDING, c->b->id);
	if (generation_take_out(s, c->b->id, NULL))
		(void)file_remove_tree(s->staging_fd, removed, NULL);
	snprintf(removed, sizeof(removed), DEFAULTS_PREFIX "%s" BUILD_ENDING, c->b->id);
	(void)file_remove_tree(s->staging_fd, removed, NULL);
	(void)file_remove_tree(s->staging_fd, c->b->name, NULL);
}

/* Steps 6 to 8: what fails here is done by the next recovery. */
static void finish(struct commit *c, int keep)
{
	struct store *s = c->b->s;
	struct error err = ERROR_INIT;

	if (!store_history_append(s, json_incref(c->line), &err))
		store_warn(s, &err);
	if (!defaults_finish(s, c->b->id, &err))
		store_warn(s, &err);
	if (!retain_newest(s, keep, &err))
		store_warn(s, &err);
}

bool store_build_commit(struct store_build *b, struct store_generation *g, int keep, json_t *history,
			struct error *err)
{
	struct commit c = { .b = b, .g = g, .line = history };
	struct error why = ERROR_INIT;
	bool ok;

	ok = generation_linked(b->s, CURRENT_NAME, c.replaced, &why) && drop_undescribed(&c, &why) && seal(&c, &why) && write_description(&c, &why) && prepare_defaults(&c, &why) &&
	     move_into_content(&c, &why) && generation_switch(b->s, b->id, &why);
	if (ok) {
		finish(&c, keep);
	} else {
		store_error_refine(b->s, &why);
		take_back(&c);
		if (err != NULL)
			*err = why;
	}
	json_decref(c.line);
	build_free(b);
	return ok;
}
