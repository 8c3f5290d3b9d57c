/* STATE/defaults: the default policies, requirements and remediations. Made by the first update that brings them, once;
 * from then on they are the operator's, also when he removes them.
 *
 * A copy waits in staging/defaults-<id>.new until its generation is current. Then the mark is written, outside of the
 * folder, and only then the copy moves into place by one rename. So wherever that stops, either the copy still waits (it
 * is put in place by the next start), or the folder was there for the operator to change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"
#include "store/inside.h"

static void waiting_name(const char *id, char name[ENTRY_NAME_MAX])
{
	snprintf(name, ENTRY_NAME_MAX, DEFAULTS_PREFIX "%s" BUILD_ENDING, id);
}

/* "It is not there" and "that cannot be said now" are different: made again they would undo what the operator did. */
static bool is_there(int dirfd, const char *name, bool *there, struct error *err)
{
	struct stat st;

	*there = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return *there || errno == ENOENT || error_errno(err, FINDING_IO_ERROR, _("cannot look at %s"), name);
}

bool defaults_made(const struct store *s, bool *made, struct error *err)
{
	return is_there(s->fd, DEFAULTS_MARK_NAME, made, err);
}

bool defaults_prepare(struct store *s, const char *id, int component_fd, struct error *err)
{
	char name[ENTRY_NAME_MAX];
	int fd;
	bool ok;

	waiting_name(id, name);
	fd = file_open_dir(s->staging_fd, name, true, STATE_MODE, err);
	ok = fd >= 0 && (fchmod(fd, STATE_MODE) == 0 || error_errno(err, FINDING_IO_ERROR, _("cannot make %s"), name)) &&
	     tree_copy(component_fd, fd, err);
	file_close(&fd);
	return ok || error_wrap(err, _("cannot prepare the default policies"));
}

static bool write_mark(struct store *s, const char *id, struct error *err)
{
	char stamp[CLOCK_TEXT_MAX], *text;
	json_t *mark = json_pack("{s:s, s:s}", "time", clock_rfc3339(stamp, clock_now()), "generation", id);
	bool ok;

	text = mark != NULL ? whole_json_dump(mark, JSON_INDENT(1)) : NULL;
	ok = text != NULL ? file_write_atomic(s->fd, DEFAULTS_MARK_NAME, 0640, text, strlen(text), err)
			  : error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	free(text);
	json_decref(mark);
	return ok;
}

/* Moves it, unless something is there already (EEXIST). */
static bool move_into_place(const struct store *s, const char *name)
{
	if (renameat2(s->staging_fd, name, s->fd, DEFAULTS_NAME, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	/* The file system knows no such rename. */
	if (faccessat(s->fd, DEFAULTS_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return false;
	}
	return renameat(s->staging_fd, name, s->fd, DEFAULTS_NAME) == 0;
}

bool defaults_finish(struct store *s, const char *id, struct error *err)
{
	char name[ENTRY_NAME_MAX];
	bool waiting, made;

	waiting_name(id, name);
	if (!is_there(s->staging_fd, name, &waiting, err))
		return false;
	if (!waiting)
		return true;
	if (!defaults_made(s, &made, err))
		return false;
	if (!made && !write_mark(s, id, err))
		return error_wrap(err, _("cannot make the default policies"));
	/* A folder that is there is the operator's: it stays as it is. */
	if (move_into_place(s, name))
		return file_sync_dir(s->fd, err);
	if (errno != EEXIST && errno != ENOTEMPTY)
		return error_errno(err, FINDING_IO_ERROR, _("cannot put %s/%s in place"), s->path, DEFAULTS_NAME);
	return file_remove_tree(s->staging_fd, name, err);
}
