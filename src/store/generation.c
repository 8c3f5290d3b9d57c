/* A generation's description, generation.json, and the links that say which one counts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

#define DAY_DIGITS 8
#define COUNTER_DIGITS_MAX 9
#define READ_TRIES 3

bool store_id_valid(const char *id)
{
	size_t day = strspn(id, "0123456789"), counter;

	if (day != DAY_DIGITS || id[day] != '-' || id[day + 1] == '0')
		return false;
	counter = strspn(id + day + 1, "0123456789");
	return counter >= 1 && counter <= COUNTER_DIGITS_MAX && id[day + 1 + counter] == '\0';
}

int generation_id_compare(const char *a, const char *b)
{
	int day = strncmp(a, b, DAY_DIGITS);
	long x = strtol(a + DAY_DIGITS + 1, NULL, 10), y = strtol(b + DAY_DIGITS + 1, NULL, 10);

	return day != 0 ? day : (x > y) - (x < y);
}

/* --- the document ------------------------------------------------------------------------------------------------- */

static json_t *json_of_time(time_t t)
{
	char text[CLOCK_TEXT_MAX];

	return t == 0 ? json_null() : json_string(clock_rfc3339(text, t));
}

static json_t *json_of_component(const struct store_component *c)
{
	char hex[2 * sizeof(c->sha256) + 1];

	for (size_t i = 0; i < sizeof(c->sha256); i++)
		snprintf(hex + 2 * i, 3, "%02x", c->sha256[i]);
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s, s:I, s:I, s:b}", "id", c->id, "title", store_json_text(c->title),
			 "version", store_json_text(c->version), "href", store_json_text(c->href), "size",
			 (json_int_t)c->size, "sha256", hex, "files", (json_int_t)c->files, "bytes",
			 (json_int_t)c->bytes, "once", (int)c->once);
}

json_t *generation_document(const struct store_generation *g, const char *replaces, const json_t *history)
{
	json_t *components = json_array();

	for (size_t i = 0; components != NULL && i < g->count; i++) {
		if (json_array_append_new(components, json_of_component(&g->components[i])) < 0) {
			json_decref(components);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:O}", "generation", g->id, "version",
			 store_json_text(g->version), "published", json_of_time(g->published), "expires",
			 json_of_time(g->expires), "installed", json_of_time(g->installed), "source",
			 store_json_text(g->source), "from", store_json_text(g->from), "signer", store_json_text(g->signer),
			 "replaces", replaces, "components", components, "history", history);
}

static bool take_text(const json_t *object, const char *key, char **out)
{
	const char *text = json_string_value(json_object_get(object, key));

	*out = text != NULL ? strdup(text) : NULL;
	return *out != NULL;
}

static bool take_time(const json_t *object, const char *key, time_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = 0;
	return json_is_null(value) || (json_is_string(value) && clock_parse_rfc3339(json_string_value(value), out));
}

static bool take_number(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_integer_value(value);
	return json_is_integer(value);
}

static bool take_sha256(const json_t *object, unsigned char sha256[32])
{
	const char *hex = json_string_value(json_object_get(object, "sha256"));

	if (hex == NULL || strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		sha256[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

static bool take_component(const json_t *object, struct store_component *c)
{
	c->once = json_is_true(json_object_get(object, "once"));
	return take_text(object, "id", &c->id) && store_name_valid(c->id) && take_text(object, "title", &c->title) &&
	       take_text(object, "version", &c->version) && take_text(object, "href", &c->href) &&
	       take_number(object, "size", &c->size) && take_sha256(object, c->sha256) &&
	       take_number(object, "files", &c->files) && take_number(object, "bytes", &c->bytes);
}

static bool take_generation(const json_t *object, struct store_generation *g)
{
	const json_t *components = json_object_get(object, "components");

	if (!take_text(object, "version", &g->version) || !take_time(object, "published", &g->published) ||
	    !take_time(object, "expires", &g->expires) || !take_time(object, "installed", &g->installed) ||
	    !take_text(object, "source", &g->source) || !take_text(object, "from", &g->from) ||
	    !take_text(object, "signer", &g->signer) || !json_is_array(components))
		return false;
	g->components = calloc(json_array_size(components) + 1, sizeof(*g->components));
	if (g->components == NULL)
		return false;
	for (size_t i = 0; i < json_array_size(components); i++) {
		g->count++;
		if (!take_component(json_array_get(components, i), &g->components[i]))
			return false;
	}
	return true;
}

json_t *generation_read(const struct store *s, const char *id, struct error *err)
{
	struct buffer text = BUFFER_INIT(GENERATION_FILE_MAX);
	json_t *document = NULL;
	const char *named;
	bool out_of_memory;
	char path[sizeof(GENERATION_NAME) + STORE_GENERATION_MAX];

	if (!store_id_valid(id) || s->content_fd < 0) {
		error_set(err, FINDING_GENERATION_NOT_FOUND, _("there is no generation %s"), id);
		goto out;
	}
	snprintf(path, sizeof(path), "%s/" GENERATION_NAME, id);
	if (!file_read(s->content_fd, path, &text, err)) {
		if (err != NULL && err->sys_errno == ENOENT)
			error_set(err, FINDING_GENERATION_NOT_FOUND, _("there is no generation %s in %s/%s"), id, s->path,
				  CONTENT_NAME);
		goto out;
	}
	document = store_json_parse(buffer_text(&text), text.len, &out_of_memory);
	if (out_of_memory) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	named = json_string_value(json_object_get(document, "generation"));
	if (named == NULL || strcmp(named, id) != 0) {
		error_set(err, FINDING_IO_ERROR, _("%s/%s/%s is damaged"), s->path, CONTENT_NAME, path);
		json_decref(document);
		document = NULL;
	}
out:
	if (document == NULL)
		error_next(err, _("Run \"posture-console history\" to see which generations are kept."));
	buffer_clear(&text);
	return document;
}

static struct store_generation *generation_of(const json_t *document, const char *id)
{
	struct store_generation *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	snprintf(g->id, sizeof(g->id), "%s", id);
	if (!take_generation(document, g)) {
		store_generation_free(g);
		return NULL;
	}
	return g;
}

static struct store_generation *load(const struct store *s, const char *id, struct error *err)
{
	json_t *document = generation_read(s, id, err);
	struct store_generation *g;

	if (document == NULL)
		return NULL;
	errno = 0;
	g = generation_of(document, id);
	json_decref(document);
	if (g == NULL && errno == ENOMEM) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	} else if (g == NULL) {
		error_set(err, FINDING_IO_ERROR, _("%s/%s/%s/%s is damaged"), s->path, CONTENT_NAME, id, GENERATION_NAME);
		error_next(err, _("Run \"posture-console history\" to see which generations are kept."));
	}
	return g;
}

bool store_generation_load(const struct store *s, const char *id, struct store_generation **out, struct error *err)
{
	char current[STORE_GENERATION_MAX];

	*out = NULL;
	if (id != NULL) {
		*out = load(s, id, err);
		return *out != NULL;
	}
	/* Another process may switch, and remove what was current, between the two steps. */
	for (int i = 0; i < READ_TRIES; i++) {
		char now[STORE_GENERATION_MAX];

		if (!generation_linked(s, CURRENT_NAME, current, err))
			return false;
		if (current[0] == '\0')
			return true;
		*out = load(s, current, err);
		if (*out != NULL)
			return true;
		store_current(s, now);
		if (strcmp(now, current) == 0)
			break;
	}
	return false;
}

void store_generation_free(struct store_generation *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++) {
		free(g->components[i].id);
		free(g->components[i].title);
		free(g->components[i].version);
		free(g->components[i].href);
	}
	free(g->components);
	free(g->version);
	free(g->source);
	free(g->from);
	free(g->signer);
	free(g);
}

const struct store_component *store_generation_component(const struct store_generation *g, const char *id)
{
	for (size_t i = 0; i < g->count; i++) {
		if (strcmp(g->components[i].id, id) == 0)
			return &g->components[i];
	}
	return NULL;
}

/* --- whole or not ------------------------------------------------------------------------------------------------- */

/* Path below content/ of the folder of a component; both names were looked at when they were loaded. */
static void component_path(const char *id, const char *component, char path[ENTRY_NAME_MAX])
{
	snprintf(path, ENTRY_NAME_MAX, "%s/" COMPONENTS_NAME "/%s", id, component);
}

bool store_component_whole(const struct store *s, const struct store_generation *g, const char *component)
{
	const struct store_component *c = store_generation_component(g, component);
	struct tree_count count = { 0 };
	char path[ENTRY_NAME_MAX];
	bool whole;
	int fd;

	if (c == NULL)
		return false;
	component_path(g->id, component, path);
	fd = openat(s->content_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	whole = fd >= 0 && tree_count_files(fd, &count, NULL) && count.files == c->files;
	file_close(&fd);
	return whole;
}

bool generation_error_is_damage(const struct error *err)
{
	/* Any other errno may be gone the next time (EINTR, and what a network file system has): no reason to give an update up. */
	return err->code == FINDING_GENERATION_NOT_FOUND ||
	       (err->code == FINDING_PATH_INVALID && (err->sys_errno == 0 || err->sys_errno == ENOTDIR || err->sys_errno == ELOOP)) ||
	       (err->code == FINDING_IO_ERROR && err->sys_errno == 0);
}

bool generation_check(const struct store *s, const char *id, bool *whole, struct error *err)
{
	struct error why = ERROR_INIT;
	struct store_generation *g = load(s, id, &why);
	bool ok = true;

	*whole = g != NULL;
	if (g == NULL) {
		ok = generation_error_is_damage(&why);
		if (!ok && err != NULL)
			*err = why;
		return ok;
	}
	for (size_t i = 0; ok && *whole && i < g->count; i++) {
		char path[ENTRY_NAME_MAX];
		struct stat st;

		component_path(id, g->components[i].id, path);
		if (fstatat(s->content_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			*whole = S_ISDIR(st.st_mode);
		else if (errno == ENOENT || errno == ENOTDIR)
			*whole = false;
		else
			ok = error_errno(err, FINDING_IO_ERROR, _("cannot look at the component %s of %s"),
					 g->components[i].id, id);
	}
	store_generation_free(g);
	return ok;
}

/* --- which there are ---------------------------------------------------------------------------------------------- */

struct id_list {
	const struct store *s;
	char **ids;
	size_t count, room;
};

static bool add_id(void *data, const char *name, struct error *err)
{
	struct id_list *list = data;
	json_t *document;
	char *copy;

	if (!store_id_valid(name))
		return true;
	document = generation_read(list->s, name, NULL);
	if (document == NULL)
		return true;
	json_decref(document);
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 16 : 2 * list->room;
		char **ids = realloc(list->ids, room * sizeof(*ids));

		if (ids == NULL)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		list->ids = ids;
		list->room = room;
	}
	copy = strdup(name);
	if (copy == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	list->ids[list->count++] = copy;
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return generation_id_compare(*(char *const *)a, *(char *const *)b);
}

bool store_generation_ids(const struct store *s, char ***ids, size_t *count, struct error *err)
{
	struct id_list list = { .s = s };

	*ids = NULL;
	*count = 0;
	if (s->content_fd >= 0 && !store_each_entry(s->content_fd, add_id, &list, err)) {
		store_ids_free(list.ids, list.count);
		return false;
	}
	if (list.count > 0)
		qsort(list.ids, list.count, sizeof(*list.ids), compare_ids);
	*ids = list.ids;
	*count = list.count;
	return true;
}

void store_ids_free(char **ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
}
