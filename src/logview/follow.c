/* A source that is a file, by name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "logview/rotated.h"
#include "logview/source_private.h"
#include "logview/wakeup.h"

#define LATE_SEGMENTS 4			/* so many rotated files may still get lines from a writer that is late */
#define GRAIN_NS INT64_C(50000000)	/* of a file system's times, at most */
#define LOOKS_MAX 8			/* rotations handled in one step */

/* A rotated file whose lines are accounted for, and with it all older ones. */
struct known {
	int fd;				/* open, so that its inode is not given to another file; -1: none */
	dev_t dev;
	ino_t ino;
	int64_t mtime_ns;
	char head[SEGMENT_MARK_MAX];
	size_t head_len;
};

struct follow {
	struct source source;
	char *path, *dir, *base;
	bool following;
	struct wakeup *wakeup;
	struct segment *live;		/* the file of that name, when it was there at the last look */
	struct known known;
	int64_t folder_ns, walked_ns;	/* the folder's last change, and the time, when it was walked over last */
};

static struct follow *follow_of(struct source *s)
{
	return (struct follow *)s;
}

/* --- the newest rotated file that is known ------------------------------------------------------------------------- */

static void known_clear(struct known *k)
{
	file_close(&k->fd);
	k->head_len = 0;
}

static void known_set(struct known *k, const struct segment *seg)
{
	known_clear(k);
	k->fd = fcntl(seg->packed_fd >= 0 ? seg->packed_fd : seg->fd, F_DUPFD_CLOEXEC, 3);
	k->dev = seg->dev;
	k->ino = seg->ino;
	k->mtime_ns = seg->mtime_ns;
	memcpy(k->head, seg->head, seg->head_len);
	k->head_len = seg->head_len;
}

static bool known_is(const struct known *k, const struct segment *seg)
{
	size_t n = k->head_len < seg->head_len ? k->head_len : seg->head_len;

	if (k->fd < 0)
		return false;
	return (k->dev == seg->dev && k->ino == seg->ino) || (n > 0 && memcmp(k->head, seg->head, n) == 0);
}

static bool note_newest(void *data, int fd, const char *name)
{
	struct follow *f = data;
	struct segment *seg = segment_new(fd, name, NULL);

	if (seg == NULL)
		return true;
	known_set(&f->known, seg);
	segment_free(seg);
	return false;
}

/* --- catching up with rotations ------------------------------------------------------------------------------------ */

#define UNREAD_MAX (SOURCE_SEGMENTS_MAX / 2)

/* One walk over the rotated files, newest first, up to the first whose lines are accounted for. */
struct catch_up {
	struct follow *f;
	struct segment *mine;		/* what was read so far under the name; NULL: nothing */
	bool mine_truncated;
	struct segment *current;	/* what has the name now; NULL: nothing */
	struct segment *copy;		/* of mine; owned until it is used */
	bool mine_found;
	bool known_found;
	bool too_many;
	struct segment *unread[UNREAD_MAX];	/* newest first */
	size_t count;
};

/* What has the name now, or had it when it was opened, or a copy of it: it is read already. */
static bool belongs_to_current(const struct catch_up *c, const struct segment *seg)
{
	return c->current != NULL && (segment_same_file(c->current, seg) || segment_same_start(c->current, seg));
}

static bool is_mine(struct catch_up *c, struct segment *seg)
{
	if (c->mine == NULL)
		return false;
	if (!c->mine_truncated && segment_same_file(c->mine, seg)) {
		/* It is read through its own descriptor; only its name is news. */
		char *name = c->mine->name;

		c->mine->name = seg->name;
		seg->name = name;
		return true;
	}
	return segment_is_copy_of(seg, c->mine);
}

static void drop_unread(struct catch_up *c)
{
	while (c->count > 0)
		segment_free(c->unread[--c->count]);
}

/* Files are moved on while they are walked over, so one may come twice. */
static bool came_already(const struct catch_up *c, const struct segment *seg)
{
	for (size_t i = 0; i < c->count; i++) {
		if (segment_same_file(c->unread[i], seg))
			return true;
	}
	return false;
}

static bool walk_over(void *data, int fd, const char *name)
{
	struct catch_up *c = data;
	struct segment *seg = segment_new(fd, name, NULL);

	if (seg == NULL)
		return true;
	if (belongs_to_current(c, seg)) {
		/* Rotated meanwhile: what came before it is newer, and not this look's business. */
		drop_unread(c);
		segment_free(seg);
		return true;
	}
	if ((seg->size == 0 && !seg->packed) || came_already(c, seg)) {
		segment_free(seg);
		return true;
	}
	if (is_mine(c, seg)) {
		c->mine_found = true;
		if (c->mine_truncated)
			c->copy = seg;
		else
			segment_free(seg);
		return false;
	}
	c->known_found = known_is(&c->f->known, seg);
	c->too_many = !c->known_found && c->count == UNREAD_MAX;
	if (c->known_found || c->too_many) {
		segment_free(seg);
		return false;
	}
	c->unread[c->count++] = seg;
	return true;
}

/* What was read so far gets its end: everything that was still written to it, from wherever that is now. */
static void finish_mine(struct catch_up *c)
{
	if (!c->mine_truncated) {
		segment_refresh(c->mine);
		free(c->mine->tail);
		c->mine->tail = NULL;
	} else if (c->copy != NULL) {
		char *name = c->mine->name;

		c->mine->name = c->copy->name;
		c->copy->name = name;
		segment_move_to_copy(c->mine, c->copy);
	} else {
		segment_move_to_tail(c->mine);
	}
}

static enum segment_joint joint_after_mine(const struct catch_up *c)
{
	if (c->mine == NULL)
		return c->f->source.count > 0 ? JOINT_REPLACED : JOINT_NONE;
	if (c->mine_truncated)
		return c->mine_found ? JOINT_COPIED : JOINT_TRUNCATED;
	return c->mine_found ? JOINT_RENAMED : JOINT_REPLACED;
}

/* Adds the unread generations, oldest first, and what has the name now. The first of them is joined by `joint`. */
static void add_all(struct catch_up *c, enum segment_joint joint, bool gap)
{
	struct source *s = &c->f->source;

	for (size_t i = c->count; i-- > 0;) {
		c->unread[i]->joint = joint;
		c->unread[i]->gap = gap;
		source_push(s, c->unread[i]);
		joint = c->mine_truncated ? JOINT_COPIED : JOINT_RENAMED;
		gap = false;
	}
	if (c->current != NULL) {
		c->current->joint = joint;
		c->current->gap = gap;
		source_push(s, c->current);
	}
}

/* Neither what was read nor what is known is there any more: then what was written last before that is not new. Only
 * then, because clocks are set back. */
static void drop_what_is_old(struct catch_up *c)
{
	while (c->count > 0 && c->unread[c->count - 1]->mtime_ns < c->f->known.mtime_ns)
		segment_free(c->unread[--c->count]);
}

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* May there be other files in the folder than at the last walk? Its time has a coarse grain: two changes right after
 * another can look like one. */
static bool folder_changed(const struct follow *f)
{
	struct stat st;
	int64_t changed;

	if (stat(f->dir, &st) < 0)
		return false;
	changed = nanoseconds(&st.st_mtim);
	return changed != f->folder_ns || f->walked_ns - changed < GRAIN_NS;
}

static void note_walk(struct follow *f)
{
	struct timespec now;
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &now);
	f->walked_ns = nanoseconds(&now);
	f->folder_ns = stat(f->dir, &st) == 0 ? nanoseconds(&st.st_mtim) : 0;
}

/* A file that was empty is known by nothing: when it got its first lines during the walk, a copy of it may have been taken
 * for unread, and the walk is done again. */
static void walk(struct catch_up *c)
{
	bool again;

	do {
		drop_unread(c);
		segment_free(c->copy);
		c->copy = NULL;
		c->mine_found = false;
		note_walk(c->f);
		rotated_walk(c->f->dir, c->f->base, walk_over, c);
		again = c->current != NULL && c->current->size == 0 && segment_refresh(c->current) == SEGMENT_GREW;
	} while (again);
}

static void walk_and_note(struct catch_up *c)
{
	walk(c);
	if (!c->mine_found && !c->known_found && c->f->known.fd >= 0)
		drop_what_is_old(c);
	if (c->count > 0)
		known_set(&c->f->known, c->unread[0]);
	else if (c->mine_found)
		known_set(&c->f->known, c->copy != NULL ? c->copy : c->mine);
}

static struct segment *open_current(struct follow *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd >= 0 ? segment_new(fd, f->base, NULL) : NULL;
}

/* The name stands for another file than before, or the file was truncated. */
static unsigned int catch_up(struct follow *f, bool truncated)
{
	struct catch_up *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return 0;
	c->f = f;
	c->mine = f->live;
	c->mine_truncated = truncated;
	/* What has the name now is opened (and its start noted) before the rotated files are looked at: all that came between
	 * is among them by then. */
	c->current = open_current(f);
	walk_and_note(c);
	if (c->current == NULL && c->count == 0 && !truncated) {
		/* Nothing new has come yet: what was read may still be written to. */
		segment_free(c->copy);
		free(c);
		return 0;
	}
	if (c->mine != NULL)
		finish_mine(c);
	add_all(c, joint_after_mine(c), c->too_many || (c->mine != NULL && !c->mine_found));
	f->live = c->current;
	if (f->live != NULL) {
		wakeup_file(f->wakeup, f->live->fd);
		segment_keep_tail(f->live);
	}
	segment_free(c->copy);
	free(c);
	wakeup_changed(f->wakeup);
	return SOURCE_JOINED | SOURCE_GREW;
}

/* The file is empty, or got its first lines. Were there others, which were copied and truncated, or rotated, unseen? */
static unsigned int find_missed(struct follow *f)
{
	struct catch_up *c = calloc(1, sizeof(*c));
	unsigned int flags = f->live->size > 0 ? SOURCE_GREW : 0;

	if (c == NULL)
		return flags;
	c->f = f;
	c->mine_truncated = true;
	c->current = f->live;
	walk_and_note(c);
	if (c->count > 0) {
		/* Nobody has read of the live segment, so it can move behind them. */
		f->source.count--;
		add_all(c, f->live->joint, f->live->gap || c->too_many);
		flags |= SOURCE_GREW | SOURCE_JOINED;
	}
	free(c);
	return flags;
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
		return was_empty ? find_missed(f) : SOURCE_GREW;
	case SEGMENT_TRUNCATED:
		*truncated = true;
		return 0;
	default:
		return was_empty && folder_changed(f) ? find_missed(f) : 0;
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
		return folder_changed(f) ? flags | catch_up(f, truncated) : flags;
	}
	flags = set_state(f, SOURCE_READING, 0) | refresh_live(f, &truncated);
	same = f->live != NULL && f->live->dev == st.st_dev && f->live->ino == st.st_ino;
	return same && !truncated ? flags : flags | catch_up(f, truncated);
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
	struct segment *found;
	struct error *err;
	bool failed;
};

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
		o->passed = true;
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
	struct older o = { .oldest = s->count > 0 ? s->segments[0] : NULL, .err = err };

	if (o.oldest == NULL || s->count == SOURCE_SEGMENTS_MAX)
		return SOURCE_OLDER_NONE;
	/* The file itself stands before all rotated ones. */
	o.passed = o.oldest == f->live;
	rotated_walk(f->dir, f->base, find_older, &o);
	if (o.found == NULL)
		return o.failed ? SOURCE_OLDER_FAILED : SOURCE_OLDER_NONE;
	source_push_older(s, o.found);
	return SOURCE_OLDER_LOADED;
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
	known_clear(&f->known);
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
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
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
