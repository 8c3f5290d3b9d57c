/* What changed between two generations. Files that are hard links of each other are the same without being read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

#define DEPTH_MAX 128
#define COMPARE_CHUNK (32 * 1024)

/* The entries of a folder, sorted by name. No folder (fd -1): none. */
struct listing {
	char **names;
	size_t count, room;
};

static void listing_clear(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->names[i]);
	free(l->names);
}

static bool add_name(void *data, const char *name, struct error *err)
{
	struct listing *l = data;

	if (l->count == l->room) {
		size_t room = l->room == 0 ? 64 : 2 * l->room;
		char **names = realloc(l->names, room * sizeof(*names));

		if (names == NULL)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		l->names = names;
		l->room = room;
	}
	l->names[l->count] = strdup(name);
	if (l->names[l->count] == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	l->count++;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_folder(int fd, struct listing *l, struct error *err)
{
	if (fd >= 0 && !store_each_entry(fd, add_name, l, err))
		return false;
	if (l->count > 1)
		qsort(l->names, l->count, sizeof(*l->names), compare_names);
	return true;
}

static ssize_t read_chunk(int fd, char *chunk)
{
	size_t len = 0;

	while (len < COMPARE_CHUNK) {
		ssize_t n = read(fd, chunk + len, COMPARE_CHUNK - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : (ssize_t)len;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool same_bytes(int dir_a, int dir_b, const char *name, bool *same, struct error *err)
{
	int a = openat(dir_a, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int b = a >= 0 ? openat(dir_b, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	char chunk_a[COMPARE_CHUNK], chunk_b[COMPARE_CHUNK];
	bool ok = b >= 0, more = ok;

	*same = true;
	while (more) {
		ssize_t n = read_chunk(a, chunk_a), m = read_chunk(b, chunk_b);

		ok = n >= 0 && m >= 0;
		*same = ok && n == m && memcmp(chunk_a, chunk_b, (size_t)n) == 0;
		more = *same && n > 0;
	}
	if (!ok)
		error_errno(err, FINDING_IO_ERROR, _("cannot read the file %s"), name);
	file_close(&a);
	file_close(&b);
	return ok;
}

static bool compare_folders(int a, int b, int depth, struct store_diff_row *row, struct error *err);

/* One name that is in one or both of the folders; -1 stands for a folder that is not there. */
static bool compare_entry(int a, int b, const char *name, int depth, struct store_diff_row *row, struct error *err)
{
	struct stat sa, sb;
	bool in_a = a >= 0 && fstatat(a, name, &sa, AT_SYMLINK_NOFOLLOW) == 0;
	bool in_b = b >= 0 && fstatat(b, name, &sb, AT_SYMLINK_NOFOLLOW) == 0;
	bool dir_a = in_a && S_ISDIR(sa.st_mode), dir_b = in_b && S_ISDIR(sb.st_mode), same;

	if (dir_a || dir_b) {
		int below_a = dir_a ? file_open_dir(a, name, false, 0, err) : -1;
		int below_b = dir_b ? file_open_dir(b, name, false, 0, err) : -1;
		bool ok = (!dir_a || below_a >= 0) && (!dir_b || below_b >= 0) &&
			  compare_folders(below_a, below_b, depth + 1, row, err);

		file_close(&below_a);
		file_close(&below_b);
		if (!ok)
			return false;
	}
	in_a = in_a && !dir_a;
	in_b = in_b && !dir_b;
	if (in_a != in_b) {
		row->added += in_b;
		row->removed += in_a;
		return true;
	}
	if (!in_a || (sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev))
		return true;
	same = sa.st_size == sb.st_size;
	if (same && !same_bytes(a, b, name, &same, err))
		return false;
	row->changed += !same;
	return true;
}

static bool compare_folders(int a, int b, int depth, struct store_diff_row *row, struct error *err)
{
	struct listing la = { 0 }, lb = { 0 };
	size_t i = 0, j = 0;
	bool ok = depth < DEPTH_MAX || error_set(err, FINDING_PATH_INVALID, _("folders are nested too deeply"));

	ok = ok && list_folder(a, &la, err) && list_folder(b, &lb, err);
	while (ok && (i < la.count || j < lb.count)) {
		int order = i == la.count ? 1 : j == lb.count ? -1 : strcmp(la.names[i], lb.names[j]);
		const char *name = order <= 0 ? la.names[i] : lb.names[j];

		ok = compare_entry(order <= 0 ? a : -1, order >= 0 ? b : -1, name, depth, row, err);
		i += order <= 0;
		j += order >= 0;
	}
	listing_clear(&la);
	listing_clear(&lb);
	return ok;
}

/* A component as one of the generations has it; `c` is NULL when it has it not. */
struct side {
	const struct store_generation *g;
	const struct store_component *c;
	int fd;
};

static bool open_side(const struct store *s, struct side *side, struct error *err)
{
	char path[ENTRY_NAME_MAX];

	side->fd = -1;
	if (side->c == NULL)
		return true;
	snprintf(path, sizeof(path), "%s/" COMPONENTS_NAME "/%s", side->g->id, side->c->id);
	side->fd = file_open_dir(s->content_fd, path, false, 0, err);
	return side->fd >= 0;
}

/* A copy of the side's version, NULL where there is none. */
static bool take_version(const struct side *side, char **version)
{
	*version = side->c != NULL ? strdup(side->c->version) : NULL;
	return side->c == NULL || *version != NULL;
}

/* `any` is the component of one side that has it. */
static bool compare_component(const struct store *s, const struct store_component *any, struct side a, struct side b,
			      struct store_diff_row *row, struct error *err)
{
	bool ok;

	row->component = strdup(any->id);
	row->title = strdup(any->title);
	row->bytes_a = a.c != NULL ? a.c->bytes : 0;
	row->bytes_b = b.c != NULL ? b.c->bytes : 0;
	if (row->component == NULL || row->title == NULL || !take_version(&a, &row->version_a) ||
	    !take_version(&b, &row->version_b))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	ok = open_side(s, &a, err);
	if (open_side(s, &b, ok ? err : NULL) && ok)
		ok = compare_folders(a.fd, b.fd, 0, row, err);
	else
		ok = false;
	if (!ok)
		error_wrap(err, _("cannot compare the component %s"), any->id);
	file_close(&a.fd);
	file_close(&b.fd);
	return ok;
}

static bool load_both(const struct store *s, const char *a, const char *b, struct store_generation **ga,
		      struct store_generation **gb, struct error *err)
{
	char id[STORE_GENERATION_MAX];

	return generation_resolve(s, a, id, err) && store_generation_load(s, id, ga, err) &&
	       generation_resolve(s, b, id, err) && store_generation_load(s, id, gb, err);
}

bool store_diff(const struct store *s, const char *a, const char *b, struct store_diff_row **rows, size_t *count,
		struct error *err)
{
	struct store_generation *ga = NULL, *gb = NULL;
	struct store_diff_row *out = NULL;
	size_t n = 0;
	bool ok = load_both(s, a, b, &ga, &gb, err);

	*rows = NULL;
	*count = 0;
	if (!ok)
		goto out;
	out = calloc(ga->count + gb->count + 1, sizeof(*out));
	if (out == NULL)
		ok = error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; ok && i < gb->count; i++) {
		const struct store_component *c = &gb->components[i];

		ok = compare_component(s, c, (struct side){ ga, store_generation_component(ga, c->id), -1 },
				       (struct side){ gb, c, -1 }, &out[n++], err);
	}
	for (size_t i = 0; ok && i < ga->count; i++) {
		const struct store_component *c = &ga->components[i];

		if (store_generation_component(gb, c->id) == NULL)
			ok = compare_component(s, c, (struct side){ ga, c, -1 }, (struct side){ gb, NULL, -1 }, &out[n++], err);
	}
	if (ok) {
		*rows = out;
		*count = n;
	} else {
		store_diff_free(out, n);
	}
out:
	store_generation_free(ga);
	store_generation_free(gb);
	return ok;
}

void store_diff_free(struct store_diff_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].component);
		free(rows[i].title);
		free(rows[i].version_a);
		free(rows[i].version_b);
	}
	free(rows);
}
