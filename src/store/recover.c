/* What an interrupted update left is put right: forwards when its generation is current, back when it is not. Each step
 * can itself be interrupted and done again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

#define STALE_AFTER_S (7 * 24 * 60 * 60)

struct recovery {
	struct store *s;
	json_t *lines;		/* of the history */
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];
	char *what;
};

static void healed(struct recovery *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void healed(struct recovery *r, const char *fmt, ...)
{
	size_t used = strlen(r->what);
	va_list args;

	if (used > 0)
		used += (size_t)snprintf(r->what + used, STORE_WHAT_MAX - used, "; ");
	if (used >= STORE_WHAT_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(r->what + used, STORE_WHAT_MAX - used, fmt, args);
	va_end(args);
}

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len > end && strcmp(name + len - end, ending) == 0;
}

/* --- content -------------------------------------------------------------------------------------------------------- */

/* A generation that was moved into content/ and never became current: no line of the history says so, and it was to
 * replace what is current still. One whose description is gone is of no use to anyone either. */
static bool is_of_no_use(const struct recovery *r, const char *id)
{
	struct error why = ERROR_INIT;
	json_t *document = generation_read(r->s, id, &why);
	bool no_use = document != NULL ? strcmp(history_text(document, "replaces"), r->current) == 0 &&
						 history_switch_to(r->lines, id) == NULL
				       : generation_error_is_damage(&why);

	json_decref(document);
	return no_use;
}

static bool check_generation(void *data, const char *id, struct error *err)
{
	struct recovery *r = data;

	if (!store_id_valid(id) || strcmp(id, r->current) == 0 || strcmp(id, r->previous) == 0 || !is_of_no_use(r, id))
		return true;
	/* Its tree is removed with the other leftovers in staging. */
	if (!generation_take_out(r->s, id, err))
		return false;
	healed(r, _("removed the unfinished generation %s"), id);
	return file_sync_dir(r->s->content_fd, err);
}

/* --- the links ------------------------------------------------------------------------------------------------------ */

/* The newest whole generation but `other`; "" when there is none. */
static bool newest_whole(const struct recovery *r, const char *other, char *id, struct error *err)
{
	char **ids;
	size_t count;
	bool ok = true;

	id[0] = '\0';
	if (!store_generation_ids(r->s, &ids, &count, err))
		return false;
	for (size_t i = count; ok && i > 0 && id[0] == '\0'; i--) {
		bool whole = false;

		ok = strcmp(ids[i - 1], other) == 0 || generation_check(r->s, ids[i - 1], &whole, err);
		if (ok && whole)
			snprintf(id, STORE_GENERATION_MAX, "%s", ids[i - 1]);
	}
	store_ids_free(ids, count);
	return ok;
}

/* `wanted` when it is whole and not current, else the newest that is; "" when there is none. */
static bool whole_or_newest(const struct recovery *r, const char *wanted, char *id, struct error *err)
{
	bool whole = false;

	if (wanted[0] != '\0' && strcmp(wanted, r->current) != 0 && !generation_check(r->s, wanted, &whole, err))
		return false;
	if (!whole)
		return newest_whole(r, r->current, id, err);
	snprintf(id, STORE_GENERATION_MAX, "%s", wanted);
	return true;
}

static bool link_is_there(const struct store *s, const char *name)
{
	struct stat st;

	return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* No crash leads to a `current` that is not whole; a person with `rm` does. The update before it is the best there is. */
static bool recover_current(struct recovery *r, struct error *err)
{
	char better[STORE_GENERATION_MAX];
	bool whole;

	if (!generation_linked(r->s, CURRENT_NAME, r->current, err) ||
	    !generation_linked(r->s, PREVIOUS_NAME, r->previous, err))
		return false;
	whole = !link_is_there(r->s, CURRENT_NAME);
	if (r->current[0] != '\0' && !generation_check(r->s, r->current, &whole, err))
		return false;
	if (whole)
		return true;
	if (!whole_or_newest(r, r->previous, better, err) || !generation_point(r->s, CURRENT_NAME, better, err))
		return false;
	if (better[0] != '\0')
		healed(r, _("the current generation was damaged: went back to %s"), better);
	else
		healed(r, _("the current generation was damaged, and there is no other"));
	snprintf(r->current, sizeof(r->current), "%s", better);
	return true;
}

/* Between its two renames a switch leaves `previous` naming what is current. What was there is what `current` replaced. */
static bool recover_previous(struct recovery *r, struct error *err)
{
	char wanted[STORE_GENERATION_MAX];
	const json_t *line = history_switch_to(r->lines, r->current);
	bool good = r->previous[0] == '\0' && r->current[0] == '\0';

	if (r->previous[0] != '\0' && strcmp(r->previous, r->current) != 0 &&
	    !generation_check(r->s, r->previous, &good, err))
		return false;
	if (good)
		return true;
	if (!whole_or_newest(r, line != NULL ? history_text(line, "previous") : "", wanted, err))
		return false;
	if (strcmp(wanted, r->previous) == 0)
		return true;
	if (!generation_point(r->s, PREVIOUS_NAME, wanted, err))
		return false;
	if (wanted[0] != '\0')
		healed(r, _("the previous generation is %s again"), wanted);
	snprintf(r->previous, sizeof(r->previous), "%s", wanted);
	return true;
}

/* --- the history ---------------------------------------------------------------------------------------------------- */

/* The line that its update wrote down for itself; NULL with true: there is none, it was made by hand. */
static bool update_line(const struct recovery *r, json_t **line, struct error *err)
{
	json_t *document = generation_read(r->s, r->current, err), *own;
	bool ok;

	*line = NULL;
	if (document == NULL)
		return false;
	own = json_object_get(document, "history");
	*line = json_copy(own);
	ok = *line != NULL || !json_is_object(own) || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	json_decref(document);
	return ok;
}

/* What is current without its line was made so by an update, or by a rollback when the history knows it already. */
static bool recover_history(struct recovery *r, struct error *err)
{
	const json_t *last = history_last_switch(r->lines);
	json_t *line = NULL;

	if (r->current[0] == '\0' || (last != NULL && strcmp(history_text(last, "generation"), r->current) == 0))
		return true;
	if (history_switch_to(r->lines, r->current) != NULL)
		line = history_rollback_line(r->s, r->current, r->previous, err);
	else if (update_line(r, &line, err) && line == NULL)
		return true;
	if (line == NULL)
		return false;
	if (json_object_set_new(line, "recovered", json_true()) < 0) {
		json_decref(line);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	if (!store_history_append(r->s, line, err))
		return false;
	healed(r, _("the history got the missing line of %s"), r->current);
	return true;
}

/* --- leftovers ------------------------------------------------------------------------------------------------------ */

static bool finish_defaults(void *data, const char *name, struct error *err)
{
	struct recovery *r = data;
	char id[STORE_GENERATION_MAX];
	const size_t prefix = sizeof(DEFAULTS_PREFIX) - 1, ending = sizeof(BUILD_ENDING) - 1;
	size_t len = strlen(name);
	json_t *lines;
	bool committed;

	if (strncmp(name, DEFAULTS_PREFIX, prefix) != 0 || !has_ending(name, BUILD_ENDING) || len >= sizeof(id))
		return true;
	snprintf(id, sizeof(id), "%.*s", (int)(len - prefix - ending), name + prefix);
	/* Asked anew: a missing line may have been added. */
	if (!history_load_switches(r->s, &lines, err))
		return false;
	committed = history_switch_to(lines, id) != NULL;
	json_decref(lines);
	if (!committed)
		return file_remove_tree(r->s->staging_fd, name, err);
	if (!defaults_finish(r->s, id, err))
		return false;
	healed(r, _("the default policies were put in place"));
	return true;
}

/* Also when it is only waiting for its parent to take note. */
static bool process_is_gone(pid_t pid)
{
	struct buffer status = BUFFER_INIT(4096);
	char path[64];
	const char *state;
	bool gone;

	if (kill(pid, 0) < 0)
		return errno == ESRCH;
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	/* "pid (name) S ...", and the name may hold anything */
	state = file_read(AT_FDCWD, path, &status, NULL) ? strrchr(buffer_text(&status), ')') : NULL;
	gone = state != NULL && (strncmp(state, ") Z", 3) == 0 || strncmp(state, ") X", 3) == 0);
	buffer_clear(&status);
	return gone;
}

/* ".name.<pid>.<n>.tmp" of an atomic write whose process died. */
static bool is_dead_temporary(const char *name)
{
	const char *dot;
	long pid;

	if (name[0] != '.' || !has_ending(name, ".tmp"))
		return false;
	dot = memrchr(name, '.', strlen(name) - strlen(".tmp"));
	dot = dot != NULL ? memrchr(name, '.', (size_t)(dot - name)) : NULL;
	pid = dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
	return pid > 0 && pid <= INT_MAX && pid != getpid() && process_is_gone((pid_t)pid);
}

/* Removes what lies in staging from before: what was being built or removed, and partial downloads nobody came back to. */
static bool is_stale(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	       st.st_mtime < clock_now() - STALE_AFTER_S;
}

static bool clean_part(void *data, const char *name, struct error *err)
{
	const int *fd = data;

	return (!is_stale(*fd, name) && !is_dead_temporary(name)) || file_remove_tree(*fd, name, err);
}

static bool clean_staging(void *data, const char *name, struct error *err)
{
	struct recovery *r = data;
	int fd = r->s->staging_fd, below;
	bool ok;

	if (has_ending(name, BUILD_ENDING) || has_ending(name, REMOVED_ENDING))
		return file_remove_tree(fd, name, err);
	if (!clean_part(&fd, name, err))
		return false;
	below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ok = below < 0 || store_each_entry(below, clean_part, &below, err);
	file_close(&below);
	return ok;
}

static bool clean_temporary(void *data, const char *name, struct error *err)
{
	struct recovery *r = data;

	return !is_dead_temporary(name) || file_remove_tree(r->s->fd, name, err);
}

bool store_recover(struct store *s, char *what, struct error *err)
{
	char unasked[STORE_WHAT_MAX];
	struct recovery r = { .s = s, .what = what != NULL ? what : unasked };
	bool ok;

	r.what[0] = '\0';
	if (s->lock_fd < 0 || s->content_fd < 0 || s->staging_fd < 0)
		return error_set(err, FINDING_NONE, _("the update lock of %s is not held"), s->path);
	/* Unfinished generations go first: `previous` must not be pointed at one. */
	ok = history_load_switches(s, &r.lines, err) && recover_current(&r, err) &&
	     store_each_entry(s->content_fd, check_generation, &r, err) && recover_previous(&r, err) &&
	     recover_history(&r, err) && store_each_entry(s->staging_fd, finish_defaults, &r, err) &&
	     store_each_entry(s->staging_fd, clean_staging, &r, err) && store_each_entry(s->fd, clean_temporary, &r, err);
	json_decref(r.lines);
	if (!ok) {
		store_error_refine(s, err);
		error_wrap(err, _("cannot put right what an interrupted update left in %s"), s->path);
	}
	return ok;
}
