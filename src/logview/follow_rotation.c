/* Catching up with what was rotated since the last look: no line is lost, none comes twice. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "logview/follow_private.h"
#include "logview/rotated.h"
#include "logview/wakeup.h"

#define GRAIN_NS INT64_C(50000000)	/* of a file system's times, at most */

/* --- the newest rotated file that is known ------------------------------------------------------------------------- */

void follow_known_clear(struct known *k)
{
	file_close(&k->fd);
	k->head_len = 0;
}

void follow_known_set(struct known *k, const struct segment *seg)
{
	follow_known_clear(k);
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

/* --- catching up with rotations ------------------------------------------------------------------------------------ */

#define UNREAD_MAX (SOURCE_SEGMENTS_MAX / 2)
#define WALKS_MAX 100

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
	bool overtaken;			/* files were moved on so fast that newer ones may stand behind older ones in `unread` */
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

/* Files are moved on while they are walked over, so one may come twice: right after itself when they were moved by one name.
 * When they were moved by more between two looks, what came in between may be newer than it. */
static bool came_already(struct catch_up *c, const struct segment *seg)
{
	for (size_t i = 0; i < c->count; i++) {
		if (segment_same_file(c->unread[i], seg)) {
			c->overtaken = c->overtaken || i + 1 < c->count;
			return true;
		}
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
		c->overtaken = false;
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
bool follow_folder_changed(const struct follow *f)
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
 * for unread, and the walk is done again. So it is when the order of what was found is not certain. */
static void walk(struct catch_up *c)
{
	int walks = 0;
	bool again;

	do {
		drop_unread(c);
		c->overtaken = false;
		segment_free(c->copy);
		c->copy = NULL;
		c->mine_found = false;
		note_walk(c->f);
		rotated_walk(c->f->dir, c->f->base, walk_over, c);
		again = c->current != NULL && c->current->size == 0 && segment_refresh(c->current) == SEGMENT_GREW;
	} while (again || (c->overtaken && ++walks < WALKS_MAX));
}

static void walk_and_note(struct catch_up *c)
{
	walk(c);
	if (!c->mine_found && !c->known_found && c->f->known.fd >= 0)
		drop_what_is_old(c);
	if (c->count > 0)
		follow_known_set(&c->f->known, c->unread[0]);
	else if (c->mine_found)
		follow_known_set(&c->f->known, c->copy != NULL ? c->copy : c->mine);
}

static struct segment *open_current(struct follow *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd >= 0 ? segment_new(fd, f->base, NULL) : NULL;
}

unsigned int follow_catch_up(struct follow *f, bool truncated)
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

unsigned int follow_find_missed(struct follow *f)
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
