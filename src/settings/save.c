#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "settings/edit.h"
#include "settings/room.h"
#include "settings/words.h"

#define LOCK_WAIT_MS 30000
#define LOCK_POLL_NS 5000000
#define LITERAL_MAX_BYTES LOAD_FILE_MAX_BYTES
#define NEW_FILE_MODE 0600
#define NEW_FOLDER_MODE 0700

static const char new_file_text[] =
	"# posture-console: the settings that differ from their defaults; see posture-console.conf(5).\n"
	"# \"posture-console config set KEY VALUE\" changes single lines and leaves the others alone.\n";

/* Held while a file is read, changed and replaced. A file of its own, because the settings file is a new one after
 * each save; removed by its holder, so that none stays behind. */
struct lock {
	char *path;
	int fd;
};

/* One attempt; the lock counts only while its name still leads to the file that was locked. */
static bool try_lock(struct lock *lock)
{
	struct stat st;

	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, NEW_FILE_MODE);
	if (lock->fd < 0)
		return false;
	if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0 && fstat(lock->fd, &st) == 0) {
		if (st.st_nlink > 0)
			return true;
		errno = EWOULDBLOCK;
	}
	file_close(&lock->fd);
	return false;
}

static bool take_lock(struct lock *lock, const char *path, struct error *err)
{
	static const struct timespec pause = { .tv_nsec = LOCK_POLL_NS };
	int64_t deadline = clock_monotonic_ms() + LOCK_WAIT_MS;
	const char *slash = strrchr(path, '/');
	int dir_len = slash != NULL ? (int)(slash - path) + 1 : 0;

	if (asprintf(&lock->path, "%.*s.%s.lock", dir_len, path, path + dir_len) < 0) {
		lock->path = NULL;
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	while (!try_lock(lock)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, FINDING_PATH_INVALID, _("cannot lock %s"), lock->path);
		if (clock_monotonic_ms() > deadline) {
			error_set(err, FINDING_NONE, _("cannot save %s: another program holds %s"), path, lock->path);
			error_next(err, _("Wait for it to end, then save again."));
			if (err != NULL)
				err->exit_code = EXIT_BUSY;
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

static void drop_lock(struct lock *lock)
{
	if (lock->path != NULL && lock->fd >= 0)
		unlink(lock->path);
	file_close(&lock->fd);
	free(lock->path);
}

/* Removes what a save that was killed has left beside the file: nobody else is writing it now. */
static void sweep(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t len = strlen(name);
	char *folder = words_folder(path);
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *e = entry->d_name;
		size_t n = strlen(e);

		if (n > len + 5 && e[0] == '.' && strncmp(e + 1, name, len) == 0 && e[len + 1] == '.' &&
		    strcmp(e + n - 4, ".tmp") == 0)
			unlinkat(dirfd(dir), e, 0);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
}

/* Puts one changed setting into the text. */
static bool change_text(const struct settings *s, enum setting id, const struct loaded *fresh, struct buffer *text,
			struct error *err)
{
	struct buffer literal = BUFFER_INIT(LITERAL_MAX_BYTES);
	const char *key = setting_info(id)->key;
	bool ok;

	if (fresh->included[id] != NULL) {
		error_set(err, FINDING_CONFIG_INVALID, _("cannot save %s: it belongs to an included file, at %s"), key,
			  fresh->included[id]);
		return error_next(err, _("Change it there with an editor."));
	}
	if (s->loaded.set[id])
		value_literal(id, &s->loaded.values[id], &literal);
	ok = !literal.failed && edit_set(text, key, s->loaded.set[id] ? buffer_text(&literal) : NULL);
	buffer_clear(&literal);
	if (ok)
		return true;
	error_set(err, FINDING_CONFIG_INVALID, _("cannot change %s in %s: the file is too large, or laid out in a way that "
						 "this program does not understand"), key, s->path);
	return error_next(err, _("Change it there with an editor."));
}

/* Does the file that is about to be written say what it should: our changes, and nothing else changed? */
static bool verify(const struct settings *s, const struct loaded *before, const struct loaded *after, struct error *err)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct loaded *want = s->changed[i] ? &s->loaded : before;

		if (want->set[i] != after->set[i] ||
		    !value_equal((enum setting)i, &want->values[i], &after->values[i])) {
			error_set(err, FINDING_CONFIG_INVALID, _("cannot change %s: changing it would change %s"), s->path,
				  setting_info((enum setting)i)->key);
			return error_next(err, _("Change the file with an editor."));
		}
	}
	return true;
}

/* Old rights and owner for a file that was there. */
static bool replace_file(const char *path, bool exists, const struct buffer *text, struct error *err)
{
	struct stat st;

	if (!exists)
		return file_write_atomic(AT_FDCWD, path, NEW_FILE_MODE, text->data, text->len, err);
	if (stat(path, &st) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot look at %s"), path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, FINDING_PATH_INVALID, _("cannot save to %s: not a regular file"), path);
	return file_write_like(AT_FDCWD, path, &st, text->data, text->len, err);
}

static bool save_locked(struct settings *s, const char *path, struct error *err)
{
	struct buffer text = BUFFER_INIT(LOAD_FILE_MAX_BYTES);
	struct loaded before = { 0 }, after = { 0 };
	bool exists, ok = false;

	if (!load_file(path, &text, &exists, err))
		goto out;
	if (!exists)
		buffer_puts(&text, new_file_text);
	if (!load_text(path, &text, &before, err))
		goto out;
	sweep(path);
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (s->changed[i] && !change_text(s, (enum setting)i, &before, &text, err))
			goto out;
	}
	if (!load_text(path, &text, &after, err) || !verify(s, &before, &after, err) ||
	    !replace_file(path, exists, &text, err))
		goto out;
	loaded_clear(&s->loaded);
	s->loaded = after;
	after = (struct loaded){ 0 };
	memset(s->changed, 0, sizeof(s->changed));
	ok = true;
out:
	buffer_clear(&text);
	loaded_clear(&before);
	loaded_clear(&after);
	return ok;
}

static bool any_changed(const struct settings *s)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (s->changed[i])
			return true;
	}
	return false;
}

bool settings_save(struct settings *s, struct error *err)
{
	struct lock lock = { .fd = -1 };
	/* A symbolic link stays one: what it leads to is replaced. */
	char *real = realpath(s->path, NULL), *dir;
	const char *path = real != NULL ? real : s->path;
	bool ok;

	if (!any_changed(s)) {
		free(real);
		return true;
	}
	dir = words_folder(path);
	if (dir == NULL)
		ok = error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else
		ok = file_make_dirs(dir, NEW_FOLDER_MODE, err) && take_lock(&lock, path, err) && save_locked(s, path, err);
	drop_lock(&lock);
	free(dir);
	free(real);
	return ok || error_wrap(err, _("cannot save the settings"));
}

bool settings_reload(struct settings *s, struct error *err)
{
	struct settings *fresh;

	if (!settings_load(s->path, &fresh, err))
		return false;
	loaded_clear(&s->loaded);
	s->loaded = fresh->loaded;
	fresh->loaded = (struct loaded){ 0 };
	memset(s->changed, 0, sizeof(s->changed));
	settings_free(fresh);
	return true;
}
