/* A source that is a file, by name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "logview/follow_private.h"
#include "logview/rotated.h"
#include "logview/wakeup.h"

#define LATE_SEGMENTS 4			/* so many rotated files may still get lines from a writer that is late */
#define LOOKS_MAX 8			/* rotations handled in one step */
#define WALKS_MAX 100			/* over files that are moved on meanwhile */

static struct follow *follow_of(struct source *s)
{
	return (struct follow *)s;
}

static bool note_newest(void *data, int fd, const char *name)
{
	struct follow *f = data;
	struct segment *seg = segment_new(fd, name, NULL);

	if (seg == NULL)
		return true;
	follow_known_set(&f->known, seg);
	segment_free(seg);
	return false;
}

/* --- looking ------------------------------------------------------------------------------------------------------- */

static unsigned int set_state(struct follow *f, enum source_state state, int why)
{
	bool changed = f->source.state != state || f->source.error.sys_errno != why;

	f->source.state = state;
	if (why == 0)
		error_clear(&f->source.error);
	else if (changed) {
		errno = why;
		error_errno(&f->source.error, FINDING_PATH_INVALID, _("cannot open %s"), f->path);
	}
	return changed ? SOURCE_STATE : 0;
}

/* Looks whether the file that had the name at the last look grew; *truncated when it was truncated. */
static unsigned int refresh_live(struct follow *f, bool *truncated)
{
	bool was_empty;

	*truncated = false;
	if (f->live == NULL)
		return 0;
	was_empty = f->live->size == 0;
	switch (segment_refresh(f->live)) {
	case SEGMENT_GREW:
		wakeup_changed(f->wakeup);
		return was_empty ? follow_find_missed(f) : SOURCE_GREW;
	case SEGMENT_TRUNCATED:
		*truncated = true;
		return 0;
	default:
		return was_empty && follow_folder_changed(f) ? follow_find_missed(f) : 0;
	}
}

static unsigned int look(struct follow *f)
{
	struct stat st;
	bool truncated, same;
	unsigned int flags;

	/* The name may be gone for the moment; the file may be written to all the same. */
	if (stat(f->path, &st) < 0) {
		flags = set_state(f, SOURCE_WAITING, errno) | refresh_live(f, &truncated);
		return follow_folder_changed(f) ? flags | follow_catch_up(f, truncated) : flags;
	}
	flags = set_state(f, SOURCE_READING, 0) | refresh_live(f, &truncated);
	same = f->live != NULL && f->live->dev == st.st_dev && f->live->ino == st.st_ino;
	return same && !truncated ? flags : flags | follow_catch_up(f, truncated);
}

/* Lines that a late writer adds to a file that was rotated already. */
static unsigned int look_for_late_lines(struct follow *f)
{
	struct source *s = &f->source;
	size_t from = s->count > LATE_SEGMENTS ? s->count - LATE_SEGMENTS : 0;
	unsigned int flags = 0;

	for (size_t i = from; i < s->count; i++) {
		if (s->segments[i] == f->live)
			continue;
		switch (segment_refresh(s->segments[i])) {
		case SEGMENT_GREW:
			flags |= SOURCE_GREW;
			break;
		case SEGMENT_TRUNCATED:
			segment_move_to_tail(s->segments[i]);
			break;
		default:
			break;
		}
	}
	return flags;
}

static unsigned int follow_step(struct source *s)
{
	struct follow *f = follow_of(s);
	unsigned int flags;

	if (!f->following)
		return 0;
	wakeup_drain(f->wakeup);
	flags = look_for_late_lines(f);
	for (int i = 0; i < LOOKS_MAX; i++) {
		unsigned int news = look(f);

		flags |= news;
		if ((news & SOURCE_JOINED) == 0)
			return flags;
	}
	return flags | SOURCE_AGAIN;
}

/* --- older files --------------------------------------------------------------------------------------------------- */

struct older {
	const struct segment *oldest;
	bool passed;			/* the oldest that is loaded was walked over */
	char name[NAME_MAX + 1];	/* the name that it had then, */
	dev_t dev;			/* and what had that name: the file, or a copy of it */
	ino_t ino;
	struct segment *found;
	struct error *err;
	bool failed;
};

static void pass(struct older *o, const struct segment *seg, const char *name)
{
	o->passed = true;
	snprintf(o->name, sizeof(o->name), "%s", name);
	o->dev = seg->dev;
	o->ino = seg->ino;
}

/* Otherwise files were moved on during the walk, and what came behind it may be newer. */
static bool is_still_there(const struct follow *f, const struct older *o)
{
	char *path = file_join(f->dir, o->name);
	struct stat st;
	bool same = path != NULL && stat(path, &st) == 0 && st.st_dev == o->dev && st.st_ino == o->ino;

	free(path);
	return same;
}

static bool find_older(void *data, int fd, const char *name)
{
	struct older *o = data;
	struct segment *seg = segment_new(fd, name, o->err);

	if (seg == NULL) {
		/* A damaged one ends the row: what is before it would seem to join. */
		o->failed = o->passed;
		return !o->passed;
	}
	if (segment_same_file(seg, o->oldest) || segment_same_start(seg, o->oldest)) {
		pass(o, seg, name);
		segment_free(seg);
		return true;
	}
	if (o->passed) {
		o->found = seg;
		return false;
	}
	segment_free(seg);
	return true;
}

static enum source_older follow_load_older(struct source *s, struct error *err)
{
	struct follow *f = follow_of(s);
	const struct segment *oldest = s->count > 0 ? s->segments[0] : NULL;
	struct older o;

	if (oldest == NULL || s->count == SOURCE_SEGMENTS_MAX)
		return SOURCE_OLDER_NONE;
	for (int i = 0; i < WALKS_MAX; i++) {
		o = (struct older){ .oldest = oldest, .err = err };
		/* The file itself stands before all rotated ones. */
		if (oldest == f->live) {
			pass(&o, oldest, f->base);
			o.passed = is_still_there(f, &o);
		}
		rotated_walk(f->dir, f->base, find_older, &o);
		if (o.found == NULL)
			return o.failed ? SOURCE_OLDER_FAILED : SOURCE_OLDER_NONE;
		if (is_still_there(f, &o)) {
			source_push_older(s, o.found);
			return SOURCE_OLDER_LOADED;
		}
		segment_free(o.found);
	}
	return SOURCE_OLDER_NONE;
}

/* --- the rest -------------------------------------------------------------------------------------------------------- */

static size_t follow_poll(const struct source *s, struct pollfd *fds, int *timeout_ms)
{
	const struct follow *f = (const struct follow *)s;
	int fd = f->wakeup != NULL ? wakeup_fd(f->wakeup) : -1;

	*timeout_ms = f->wakeup != NULL ? wakeup_timeout_ms(f->wakeup) : -1;
	if (fd < 0)
		return 0;
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 1;
}

static void follow_describe(const struct source *s, struct buffer *out)
{
	const struct follow *f = (const struct follow *)s;

	if (s->state == SOURCE_WAITING)
		buffer_printf(out, _("waiting for %s: %s"), f->path, s->error.message);
	else
		buffer_printf(out, _("reading %s"), f->path);
}

static void follow_free(struct source *s)
{
	struct follow *f = follow_of(s);

	wakeup_free(f->wakeup);
	follow_known_clear(&f->known);
	free(f->path);
	free(f->dir);
	free(f->base);
	free(f);
}

static const struct source_ops follow_ops = {
	.step = follow_step,
	.load_older = follow_load_older,
	.poll = follow_poll,
	.describe = follow_describe,
	.free = follow_free,
};

static struct follow *follow_new(const char *path, bool following, bool poll_only)
{
	struct follow *f = calloc(1, sizeof(*f));
	const char *slash = strrchr(path, '/');

	if (f == NULL)
		return NULL;
	f->source.ops = &follow_ops;
	f->following = following;
	f->known.fd = -1;
	f->path = strdup(path);
	f->base = strdup(slash != NULL ? slash + 1 : path);
	if (slash == NULL)
		f->dir = strdup(".");
	else
		f->dir = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	f->wakeup = following ? wakeup_new(path, poll_only) : NULL;
	if (f->path != NULL && f->base != NULL && f->dir != NULL && (f->wakeup != NULL || !following))
		return f;
	follow_free(&f->source);
	return NULL;
}

/* The file as it is now; takes `fd`. Missing is fine for one that is followed. */
static bool open_first(struct follow *f, int fd, struct error *err)
{
	if (fd < 0) {
		set_state(f, SOURCE_WAITING, errno);
		return true;
	}
	f->live = segment_new(fd, f->base, err);
	if (f->live == NULL)
		return false;
	source_push(&f->source, f->live);
	if (f->following) {
		wakeup_file(f->wakeup, f->live->fd);
		segment_keep_tail(f->live);
	} else {
		f->source.state = SOURCE_ENDED;
	}
	return true;
}

bool source_open_file(const char *path, bool follow, bool poll_only, struct source **out, struct error *err)
{
	struct follow *f;
	struct stat st;
	int fd;

	*out = NULL;
	/* Who follows does not wait for a pipe's writer either. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (follow ? O_NONBLOCK : 0));
	if (fd < 0 && (!follow || (errno != ENOENT && errno != ENOTDIR && errno != EACCES)))
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the log %s"), path);
	if (fd >= 0 && (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))) {
		file_close(&fd);
		errno = EISDIR;
		return error_errno(err, FINDING_PATH_INVALID, _("cannot read the log %s"), path);
	}
	if (fd >= 0 && !S_ISREG(st.st_mode))
		return source_open_fd(fd, true, path, out, err);
	f = follow_new(path, follow, poll_only);
	if (f == NULL) {
		file_close(&fd);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	if (follow) {
		/* What is rotated now is known; what is rotated from now on is not. So this comes before the file is opened. */
		file_close(&fd);
		rotated_walk(f->dir, f->base, note_newest, f);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (!open_first(f, fd, err)) {
		source_free(&f->source);
		return false;
	}
	*out = &f->source;
	return true;
}
