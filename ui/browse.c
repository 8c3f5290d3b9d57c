#include "browse.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "aside.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "settings/settings.h"

#define ID_LIST 2000
#define ENTRIES_MAX 5000
#define ANSWER_MAX (4u << 20)
#define PATIENCE_MS 8			/* most folders are read meanwhile; the others are waited for by the loop */
#define SIZE_COLS 10
#define DATE_COLS 18

struct entry {
	char *name;			/* an absolute path where the places are listed */
	bool folder;
	int64_t size;
	time_t changed;
};

struct browse {
	struct app *app;
	char folder[PATH_MAX];		/* ""; the places that the settings name */
	struct entry *entries;
	size_t count, room;
	struct list list;
	bool hidden;			/* files whose names begin with a dot are shown */
	bool cut;			/* more than ENTRIES_MAX */
	bool has_parent;		/* that this console may go to */
	bool beginning;			/* where the last bundle was; else somewhere else is begun */
	int fd, handle;			/* the folder that is being read, aside; -1: none */
	struct buffer answer;
	char wanted[NAME_MAX + 1];	/* the entry to select then; "": none in particular */
	char problem[ERROR_TEXT_MAX];
	void (*chosen)(void *data, const char *path);
	void *data;
};

/* --- what is permitted ----------------------------------------------------------------------------------------------- */

/* Is `path` that folder, or below it? Both resolved. */
static bool is_within(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/' || strcmp(folder, "/") == 0);
}

/* Resolving links may hang: aside only. */
static bool is_permitted(const struct app *a, const char *path)
{
	char real[PATH_MAX], folder[PATH_MAX];

	if (realpath(path, real) == NULL)
		return false;
	for (size_t i = 0; i < settings_list_size(a->settings, SETTING_UI_BUNDLE_FOLDERS); i++) {
		if (realpath(settings_list_item(a->settings, SETTING_UI_BUNDLE_FOLDERS, i), folder) != NULL &&
		    is_within(real, folder))
			return true;
	}
	return false;
}

struct place {
	const struct app *app;
	const char *path;
};

static bool check_place(const void *arg, struct buffer *out, struct error *err)
{
	const struct place *p = arg;

	(void)out;
	(void)err;
	return is_permitted(p->app, p->path);
}

bool browse_permits(const struct app *a, const char *path)
{
	const struct place place = { a, path };

	return app_allowed(a, NEED_FILES) || aside_do(check_place, &place, path, NULL, NULL);
}

/* --- reading a folder ------------------------------------------------------------------------------------------------- */

static void drop_entries(struct browse *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->entries[i].name);
	b->count = 0;
	b->list = (struct list){ 0 };
	b->cut = false;
	b->problem[0] = '\0';
}

static void add_entry(struct browse *b, const char *name, bool folder, const struct stat *st)
{
	struct entry *more;

	if (b->count == ENTRIES_MAX) {
		b->cut = true;
		return;
	}
	if (b->count == b->room) {
		size_t room = b->room > 0 ? 2 * b->room : 64;

		more = realloc(b->entries, room * sizeof(*more));
		if (more == NULL)
			return;
		b->entries = more;
		b->room = room;
	}
	b->entries[b->count] = (struct entry){ strdup(name), folder, st != NULL ? (int64_t)st->st_size : -1,
					       st != NULL ? st->st_mtime : 0 };
	b->count += b->entries[b->count].name != NULL;
}

static bool is_bundle_name(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcasecmp(name + n - 4, ".zip") == 0;
}

/* "..", folders by name, then bundles, the newest first. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder ? -1 : 1;
	if (x->folder && (strcmp(x->name, "..") == 0 || strcmp(y->name, "..") == 0))
		return strcmp(x->name, "..") == 0 ? -1 : 1;
	if (!x->folder && x->changed != y->changed)
		return x->changed > y->changed ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool has_parent(const struct browse *b)
{
	char parent[PATH_MAX + 4];

	if (b->folder[0] == '\0' || strcmp(b->folder, "/") == 0)
		return false;
	snprintf(parent, sizeof(parent), "%s/..", b->folder);
	return app_allowed(b->app, NEED_FILES) || is_permitted(b->app, parent);
}

static void read_places(struct browse *b)
{
	for (size_t i = 0; i < settings_list_size(b->app->settings, SETTING_UI_BUNDLE_FOLDERS); i++)
		add_entry(b, settings_list_item(b->app->settings, SETTING_UI_BUNDLE_FOLDERS, i), true, NULL);
	if (b->count == 0)
		snprintf(b->problem, sizeof(b->problem), "%s",
			 _("In restricted mode bundles are taken from the folders of the setting ui.bundle_folders only, and none is named there."));
}

/* In a process of its own. An entry is "d|f size time name", each ends with NUL; "p": the folder above is permitted; "e
 * number": why it cannot be read. */
static void list_folder(const void *arg, int fd)
{
	const struct browse *b = arg;
	struct buffer out = BUFFER_INIT(ANSWER_MAX);
	DIR *dir = opendir(b->folder);
	const struct dirent *e;
	struct stat st;

	if (dir == NULL)
		buffer_printf(&out, "e %d%c", errno, 0);
	else if (has_parent(b))
		buffer_printf(&out, "p%c", 0);
	while (dir != NULL && !out.failed && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' && (!b->hidden || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0))
			continue;
		/* Follows links: a bundle is often a link to the newest one. */
		if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
		    (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && is_bundle_name(e->d_name))))
			buffer_printf(&out, "%c %lld %lld %s%c", S_ISDIR(st.st_mode) ? 'd' : 'f', (long long)st.st_size,
				      (long long)st.st_mtime, e->d_name, 0);
	}
	file_write_all(fd, buffer_text(&out), out.len);
}

static void take_entry(struct browse *b, const char *text)
{
	long long size = 0, changed = 0;
	int at = 0, error = 0;

	if (strcmp(text, "p") == 0) {
		b->has_parent = true;
	} else if (sscanf(text, "e %d", &error) == 1) {
		snprintf(b->problem, sizeof(b->problem), _("This folder cannot be read: %s."), strerror(error));
	} else if (sscanf(text, "%*c %lld %lld%n", &size, &changed, &at) == 2 && at > 0) {
		const struct stat st = { .st_size = (off_t)size, .st_mtime = (time_t)changed };

		add_entry(b, text + at + 1, text[0] == 'd', &st);
	}
}

/* The entry of that name; else the newest bundle, else the first folder. */
static int64_t first_choice(const struct browse *b, const char *name)
{
	for (size_t i = 0; name[0] != '\0' && i < b->count; i++)
		if (strcmp(b->entries[i].name, name) == 0)
			return (int64_t)i;
	for (size_t i = 0; i < b->count; i++)
		if (!b->entries[i].folder)
			return (int64_t)i;
	return b->count > 1 && strcmp(b->entries[0].name, "..") == 0 ? 1 : 0;
}

static void begin_elsewhere(struct browse *b);

/* All of it is there. */
static void show_entries(struct browse *b)
{
	const char *text = buffer_text(&b->answer);

	for (size_t at = 0; at < b->answer.len; at += strlen(text + at) + 1)
		take_entry(b, text + at);
	buffer_reset(&b->answer);
	if (b->problem[0] != '\0' && b->beginning) {
		begin_elsewhere(b);
		return;
	}
	b->beginning = false;
	if (b->has_parent || (b->folder[0] != '\0' && !app_allowed(b->app, NEED_FILES)))
		add_entry(b, "..", true, NULL);
	qsort(b->entries, b->count, sizeof(*b->entries), compare_entries);
	b->list.count = (int64_t)b->count;
	b->list.selected = first_choice(b, b->wanted);
	app_dirty(b->app);
}

static void stop_reading(struct browse *b)
{
	loop_remove(b->app->loop, &b->handle);
	file_close(&b->fd);
	buffer_reset(&b->answer);
}

static void folder_ready(void *data, short revents)
{
	struct browse *b = data;

	(void)revents;
	if (!aside_read(b->fd, &b->answer, 0))
		return;
	loop_remove(b->app->loop, &b->handle);
	file_close(&b->fd);
	show_entries(b);
}

/* Reads it anew and selects the entry `name` ("": none in particular). */
static void refresh(struct browse *b, const char *name)
{
	snprintf(b->wanted, sizeof(b->wanted), "%s", name);
	stop_reading(b);
	drop_entries(b);
	b->has_parent = false;
	app_dirty(b->app);
	if (b->folder[0] == '\0') {
		read_places(b);
		show_entries(b);
		return;
	}
	b->fd = aside_start(list_folder, b);
	if (b->fd < 0)
		snprintf(b->problem, sizeof(b->problem), _("This folder cannot be read: %s."), strerror(errno));
	else if (aside_read(b->fd, &b->answer, PATIENCE_MS))
		folder_ready(b, 0);
	else
		b->handle = loop_watch(b->app->loop, b->fd, POLLIN, folder_ready, b);
}

/* --- going about ------------------------------------------------------------------------------------------------------- */

static void go_to(struct browse *b, const char *folder, const char *select)
{
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", select != NULL ? select : "");
	snprintf(b->folder, sizeof(b->folder), "%s", folder);
	refresh(b, name);
}

static void go_up(struct browse *b)
{
	char parent[PATH_MAX], *slash;

	if (!b->has_parent && !(app_allowed(b->app, NEED_FILES) && b->folder[1] != '\0')) {
		if (!app_allowed(b->app, NEED_FILES))
			go_to(b, "", NULL);	/* the places */
		return;
	}
	snprintf(parent, sizeof(parent), "%s", b->folder);
	slash = strrchr(parent, '/');
	*slash = '\0';
	go_to(b, parent[0] != '\0' ? parent : "/", slash + 1);
}

static void choose_entry(struct browse *b)
{
	const struct entry *e = &b->entries[b->list.selected];
	char *path = e->name[0] == '/' ? strdup(e->name) : file_join(b->folder, e->name);

	if (path == NULL)
		return;
	if (strcmp(e->name, "..") == 0)
		go_up(b);
	else if (!browse_permits(b->app, path))
		snprintf(b->problem, sizeof(b->problem), "%s",
			 _("That leads out of the folders that this console may take bundles from."));
	else if (e->folder)
		go_to(b, path[0] == '/' && path[1] == '/' ? path + 1 : path, NULL);
	else
		b->chosen(b->data, path);
	free(path);
	app_dirty(b->app);
}

/* A path or a URL that was typed. */
static bool take_typed(void *data, const char *input, struct error *err)
{
	struct browse *b = data;
	struct stat st;

	if (!setting_check(SETTING_SOURCE_BUNDLE, input, err))
		return false;
	if (input[0] != '/') {
		b->chosen(b->data, input);
		return true;
	}
	if (!aside_stat(input, &st))
		return error_errno(err, FINDING_BUNDLE_NOT_FOUND, _("cannot open %s"), input);
	if (S_ISDIR(st.st_mode))
		go_to(b, input, NULL);
	else
		b->chosen(b->data, input);
	return true;
}

/* --- the dialog ---------------------------------------------------------------------------------------------------------- */

static void put_entry(void *data, struct page *page, int64_t row, bool selected)
{
	const struct browse *b = data;
	const struct entry *e = &b->entries[row];
	char text[NAME_MAX + 8], size[32], date[WHEN_TEXT_MAX];
	int date_cols = (int)text_widest(DATE_COLS - 2, when_here_minute(date, e->changed)) + 2;

	(void)selected;
	if (e->folder) {
		snprintf(text, sizeof(text), "%.*s%s", NAME_MAX, e->name, e->name[strlen(e->name) - 1] == '/' ? "" : "/");
		page_put(page, ROLE_NORMAL, text);
		return;
	}
	page_cell(page, ROLE_NORMAL, page_cols_left(page) - SIZE_COLS - date_cols, e->name);
	snprintf(text, sizeof(text), "%*s  %s", SIZE_COLS - 1, page_size(size, sizeof(size), e->size), date);
	page_put(page, ROLE_NORMAL, text);
}

static size_t count_bundles(const struct browse *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += !b->entries[i].folder;
	return n;
}

static void prepare(void *data, struct page *page)
{
	struct browse *b = data;
	char text[128];
	int foot = b->problem[0] != '\0' || b->cut ? 2 : 0;

	page_line(page);
	page_put(page, ROLE_TITLE, b->folder[0] != '\0' ? b->folder : _("Folders for bundles"));
	if (b->folder[0] != '\0' && b->problem[0] == '\0' && b->fd < 0) {
		size_t n = count_bundles(b);

		snprintf(text, sizeof(text), P_("  %zu bundle", "  %zu bundles", n), n);
		page_put(page, ROLE_DIM, text);
	}
	if (b->fd >= 0)
		page_text(page, ROLE_DIM, _("  Reading the folder ..."));
	page_list(page, ID_LIST, &b->list, page_left(page) - foot, put_entry, b);
	if (b->problem[0] != '\0')
		page_wrap(page, ROLE_FAIL, b->problem);
	else if (b->cut)
		page_text(page, ROLE_WARN, _("?? There is more in this folder than can be shown: type the path."));
}

static bool possible(void *data, enum action action)
{
	const struct browse *b = data;

	switch (action) {
	case ACTION_BROWSE_UP: return b->has_parent || (b->fd >= 0 && b->folder[1] != '\0') || (b->folder[0] != '\0' && !app_allowed(b->app, NEED_FILES));
	case ACTION_BROWSE_OPEN: return b->count > 0;
	case ACTION_BROWSE_PATH: return app_allowed(b->app, NEED_FILES);
	default: return true;
	}
}

static bool act(void *data, enum action action, int focus)
{
	struct browse *b = data;
	char name[NAME_MAX + 1] = "";

	switch (action) {
	case ACTION_CHOOSE:
	case ACTION_BROWSE_OPEN:
		if (focus != ID_LIST || b->count == 0)
			return false;
		choose_entry(b);
		break;
	case ACTION_BROWSE_UP: go_up(b); break;
	case ACTION_BROWSE_HIDDEN:
	case ACTION_BROWSE_AGAIN:
		if (b->count > 0)
			snprintf(name, sizeof(name), "%.*s", NAME_MAX, b->entries[b->list.selected].name);
		b->hidden ^= action == ACTION_BROWSE_HIDDEN;
		refresh(b, name);
		break;
	case ACTION_BROWSE_PATH:
		dialog_input(b->app, _("Bundle"), _("A path, or an https, sftp, scp or ftp address:"), b->folder, take_typed, b);
		break;
	default: return false;
	}
	return true;
}

static void destroy(void *data)
{
	struct browse *b = data;

	stop_reading(b);
	buffer_clear(&b->answer);
	drop_entries(b);
	free(b->entries);
	free(b);
}

static void begin_elsewhere(struct browse *b)
{
	const struct app *a = b->app;
	const char *home = getenv("HOME");

	b->beginning = false;
	if (!app_allowed(a, NEED_FILES) && settings_list_size(a->settings, SETTING_UI_BUNDLE_FOLDERS) != 1)
		go_to(b, "", NULL);
	else if (settings_list_size(a->settings, SETTING_UI_BUNDLE_FOLDERS) > 0)
		go_to(b, settings_list_item(a->settings, SETTING_UI_BUNDLE_FOLDERS, 0), NULL);
	else
		go_to(b, home != NULL && home[0] == '/' ? home : "/", NULL);
}

/* Where the last bundle was; else the first of the folders that the settings name; else home. */
static void begin(struct browse *b)
{
	const struct app *a = b->app;
	const char *last = settings_string(a->settings, SETTING_SOURCE_BUNDLE), *name;
	char folder[PATH_MAX];

	if (last[0] != '/' && a->watch.current != NULL && a->watch.current->from[0] == '/')
		last = a->watch.current->from;
	name = strrchr(last, '/');
	if (last[0] != '/' || !browse_permits(a, last)) {
		begin_elsewhere(b);
		return;
	}
	snprintf(folder, sizeof(folder), "%.*s", name > last ? (int)(name - last) : 1, last);
	b->beginning = true;
	go_to(b, folder, name + 1);
}

void browse_open(struct app *a, void (*chosen)(void *data, const char *path), void *data)
{
	static const struct dialog_ops ops = { .scope = SCOPE_BROWSE, .prepare = prepare, .possible = possible, .action = act,
					       .destroy = destroy };
	struct browse *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return;
	b->app = a;
	b->fd = -1;
	b->answer = (struct buffer)BUFFER_INIT(ANSWER_MAX);
	b->chosen = chosen;
	b->data = data;
	begin(b);
	dialog_open(a, _("Offline bundle"), &ops, b);
}
