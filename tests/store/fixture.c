#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"

#define WHY_MAX 256
#define FILES_OF_A_COMPONENT 2

static bool put_file(int dirfd, const char *name, const char *text, int times, struct error *err)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok = fd >= 0;

	for (int i = 0; ok && i < times; i++)
		ok = file_write_all(fd, text, strlen(text));
	file_close(&fd);
	return ok || error_errno(err, FINDING_IO_ERROR, "cannot write %s", name);
}

static bool unpack(struct store_build *b, const struct fixture_component *c, struct error *err)
{
	int fd = store_build_component_dir(b, c->id, err);
	int data = fd >= 0 ? file_open_dir(fd, "data", true, 0755, err) : -1;
	bool ok = data >= 0 && put_file(data, "list.txt", c->text, 1, err) && put_file(data, "more.txt", c->text, 2, err);

	file_close(&data);
	file_close(&fd);
	return ok;
}

/* NULL: out of memory. */
static struct store_generation *describe(const char *version, const struct fixture_component *components, size_t count)
{
	struct store_generation *g = calloc(1, sizeof(*g));
	bool ok = g != NULL && (g->components = calloc(count, sizeof(*g->components))) != NULL &&
		  (g->version = strdup(version)) != NULL && (g->source = strdup("offline")) != NULL &&
		  (g->from = strdup("test.zip")) != NULL && (g->signer = strdup("")) != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		struct store_component *c = &g->components[g->count++];

		c->once = components[i].once;
		ok = (c->id = strdup(components[i].id)) != NULL && (c->title = strdup(components[i].id)) != NULL &&
		     (c->version = strdup(components[i].version)) != NULL && (c->href = strdup("component.tar.gz")) != NULL;
	}
	if (ok) {
		g->published = 1763625600;
		return g;
	}
	store_generation_free(g);
	return NULL;
}

bool fixture_commit(struct store *s, const char *version, const struct fixture_component *components, size_t count,
		    int keep, char *id, struct error *err)
{
	struct store_generation *current = NULL, *g;
	struct store_build *b = NULL;
	bool ok = store_generation_load(s, NULL, &current, err) && store_build_begin(s, &b, err);

	for (size_t i = 0; ok && i < count; i++) {
		ok = components[i].text != NULL ? unpack(b, &components[i], err)
						: store_build_link(b, current, components[i].id, err);
	}
	ok = ok && store_build_file(b, "posture-update.xml", version, strlen(version), err);
	store_generation_free(current);
	if (!ok) {
		store_build_discard(b);
		return false;
	}
	g = describe(version, components, count);
	if (g == NULL) {
		store_build_discard(b);
		return error_set(err, FINDING_OUT_OF_MEMORY, "out of memory");
	}
	ok = store_build_commit(b, g, keep, NULL, err);
	if (ok && id != NULL)
		snprintf(id, STORE_GENERATION_MAX, "%s", g->id);
	store_generation_free(g);
	return ok;
}

/* --- what must hold ------------------------------------------------------------------------------------------------- */

static bool wrong(char *why, const char *what, const char *detail)
{
	snprintf(why, WHY_MAX, "%s: %.150s", what, detail);
	return false;
}

static bool reads_as(const char *path, const char *wanted)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	bool same = file_read(AT_FDCWD, path, &text, NULL) && strcmp(buffer_text(&text), wanted) == 0;

	buffer_clear(&text);
	return same;
}

bool fixture_current_is_whole(const char *state_dir, char *why)
{
	struct error err = ERROR_INIT;
	struct store_generation *g = NULL;
	struct store *s = NULL;
	char path[4096];
	bool ok = false;

	if (!store_open(state_dir, false, &s, &err) || !store_generation_load(s, NULL, &g, &err)) {
		wrong(why, "cannot load", err.message);
		goto out;
	}
	snprintf(path, sizeof(path), "%s/current/posture-update.xml", state_dir);
	if (g != NULL && !reads_as(path, g->version)) {
		wrong(why, "the manifest is not that of the description", g->version);
		goto out;
	}
	for (size_t i = 0; g != NULL && i < g->count; i++) {
		const struct store_component *c = &g->components[i];
		char twice[256];

		/* The tests let a component's text be its version. */
		snprintf(path, sizeof(path), "%s/current/components/%s/data/list.txt", state_dir, c->id);
		snprintf(twice, sizeof(twice), "%s%s", c->version, c->version);
		if (!reads_as(path, c->version)) {
			wrong(why, "not the right content", path);
			goto out;
		}
		snprintf(path, sizeof(path), "%s/current/components/%s/data/more.txt", state_dir, c->id);
		if (!reads_as(path, twice) || c->files != FILES_OF_A_COMPONENT || !store_component_whole(s, g, c->id)) {
			wrong(why, "not the right content", path);
			goto out;
		}
	}
	ok = true;
out:
	store_generation_free(g);
	store_free(s);
	return ok;
}

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text != NULL ? text : "";
}

static int updates_of(const json_t *lines, const char *id)
{
	int count = 0;

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		count += strcmp(text_of(line, "action"), "update") == 0 && strcmp(text_of(line, "generation"), id) == 0;
	}
	return count;
}

static bool history_agrees(struct store *s, const char *current, const char *previous, char *why)
{
	json_t *lines = NULL;
	const char *last = "", *before = "";
	char **ids;
	size_t count;
	bool ok = store_history_load(s, &lines, NULL) && store_generation_ids(s, &ids, &count, NULL);

	if (!ok)
		return wrong(why, "cannot read", "history or generations");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		if (strcmp(text_of(line, "status"), "updated") == 0) {
			last = text_of(line, "generation");
			before = text_of(line, "previous");
		}
	}
	if (strcmp(last, current) != 0)
		ok = wrong(why, "the history's last generation is not current", last);
	else if (strcmp(before, previous) != 0)
		ok = wrong(why, "previous is not what the last switch replaced", previous);
	for (size_t i = 0; ok && i < count; i++) {
		int told = updates_of(lines, ids[i]);

		if (told != 1)
			ok = wrong(why, told == 0 ? "no line in the history" : "told more than once", ids[i]);
	}
	for (size_t i = 0; ok && i < json_array_size(lines); i++) {
		const char *id = text_of(json_array_get(lines, i), "generation");

		if (id[0] != '\0' && updates_of(lines, id) != 1)
			ok = wrong(why, "told more than once", id);
	}
	store_ids_free(ids, count);
	json_decref(lines);
	return ok;
}

static bool generations_are_whole(struct store *s, const char *state_dir, char *why)
{
	char path[4096];
	struct dirent *entry;
	DIR *dir;
	bool ok = true;

	snprintf(path, sizeof(path), "%s/content", state_dir);
	dir = opendir(path);
	if (dir == NULL)
		return wrong(why, "no folder", path);
	while (ok && (entry = readdir(dir)) != NULL) {
		struct store_generation *g;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!store_generation_load(s, entry->d_name, &g, NULL)) {
			ok = wrong(why, "a generation without its description", entry->d_name);
			break;
		}
		for (size_t i = 0; ok && i < g->count; i++)
			ok = store_component_whole(s, g, g->components[i].id) ||
			     wrong(why, "a generation that is not whole", entry->d_name);
		store_generation_free(g);
	}
	closedir(dir);
	return ok;
}

static bool folder_holds_nothing(int dirfd, const char *name, const char *hidden_ending, char *why)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL)
		return wrong(why, "no folder", name);
	while (ok && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (hidden_ending == NULL || strstr(entry->d_name, hidden_ending) != NULL)
			ok = wrong(why, "left over", entry->d_name);
	}
	closedir(dir);
	return ok;
}

static bool defaults_agree(const char *state_dir, const char *current, char *why)
{
	char mark[4096], folder[4096], file[4096];
	bool marked, there, whole;

	snprintf(mark, sizeof(mark), "%s/defaults.made", state_dir);
	snprintf(folder, sizeof(folder), "%s/defaults", state_dir);
	snprintf(file, sizeof(file), "%s/defaults/data/more.txt", state_dir);
	marked = access(mark, F_OK) == 0;
	there = access(folder, F_OK) == 0;
	whole = access(file, F_OK) == 0;
	if (there && !marked)
		return wrong(why, "defaults without their mark", state_dir);
	if (current[0] != '\0' && !marked)
		return wrong(why, "an update without defaults", state_dir);
	/* The tests remove the folder as a whole, or nothing of it. */
	return there == whole || wrong(why, "defaults are not whole", state_dir);
}

bool fixture_state_is_sound(const char *state_dir, char *why)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];
	struct error err = ERROR_INIT;
	struct store *s = NULL;
	bool ok;

	if (!fixture_current_is_whole(state_dir, why))
		return false;
	if (!store_open(state_dir, false, &s, &err))
		return wrong(why, "cannot open", err.message);
	store_current(s, current);
	store_previous(s, previous);
	ok = history_agrees(s, current, previous, why) && generations_are_whole(s, state_dir, why) &&
	     folder_holds_nothing(store_fd(s), "staging", NULL, why) &&
	     folder_holds_nothing(store_fd(s), ".", ".tmp", why) && defaults_agree(state_dir, current, why);
	store_free(s);
	return ok;
}
