#include "logview/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "logview/spool.h"

#define CAPTURE_TRIES 8

static ssize_t read_at(int fd, void *buf, size_t n, int64_t offset)
{
	ssize_t got;

	do
		got = pread(fd, buf, n, offset);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool holds(int fd, const char *bytes, size_t n, int64_t offset)
{
	char there[SEGMENT_MARK_MAX];

	return n == 0 || (read_at(fd, there, n, offset) == (ssize_t)n && memcmp(there, bytes, n) == 0);
}

/* Is the file still the one whose bytes were read? */
static bool marks_hold(const struct segment *seg)
{
	return holds(seg->fd, seg->head, seg->head_len, 0) &&
	       holds(seg->fd, seg->anchor, seg->anchor_len, seg->size - (int64_t)seg->anchor_len);
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

/* Learns the size and the marks of a file, all of one generation: the start is read again at the end. */
static void capture(struct segment *seg)
{
	for (int i = 0; i < CAPTURE_TRIES; i++) {
		struct stat st;
		ssize_t n = read_at(seg->fd, seg->head, sizeof(seg->head), 0);

		seg->head_len = n > 0 ? (size_t)n : 0;
		if (fstat(seg->fd, &st) < 0)
			break;
		seg->size = st.st_size;
		seg->anchor_len = st.st_size < SEGMENT_ANCHOR_MAX ? (size_t)st.st_size : SEGMENT_ANCHOR_MAX;
		n = read_at(seg->fd, seg->anchor, seg->anchor_len, seg->size - (int64_t)seg->anchor_len);
		if (n == (ssize_t)seg->anchor_len && (seg->head_len > 0 || seg->size == 0) &&
		    holds(seg->fd, seg->head, seg->head_len, 0))
			return;
	}
	/* It changes faster than it can be looked at: nothing of it is known yet. */
	seg->size = 0;
	seg->head_len = 0;
	seg->anchor_len = 0;
}

static bool start_unpacking(struct segment *seg, struct error *err)
{
	seg->packed = true;
	seg->packed_fd = seg->fd;
	seg->head_len = unpack_head(seg->packed_fd, seg->head, sizeof(seg->head));
	seg->anchor_len = 0;
	seg->size = 0;
	seg->fd = spool_open(err);
	return seg->fd >= 0 && unpack_open(seg->packed_fd, &seg->unpack, err);
}

static struct segment *allocate(int fd, const char *name, struct error *err)
{
	struct segment *seg = calloc(1, sizeof(*seg));

	if (seg != NULL) {
		seg->fd = fd;
		seg->packed_fd = -1;
		seg->number = SEGMENT_FIRST_NUMBER;
		seg->joined_ms = clock_now_ms();
		seg->name = strdup(name);
		if (seg->name != NULL)
			return seg;
	}
	file_close(&fd);
	free(seg);
	error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return NULL;
}

struct segment *segment_new(int fd, const char *name, struct error *err)
{
	struct segment *seg = allocate(fd, name, err);
	struct stat st;

	if (seg == NULL)
		return NULL;
	if (fstat(fd, &st) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot look at the log %s"), name);
		segment_free(seg);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, FINDING_PATH_INVALID, _("the log %s is not a file"), name);
		segment_free(seg);
		return NULL;
	}
	seg->dev = st.st_dev;
	seg->ino = st.st_ino;
	seg->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (unpack_is_packed(fd)) {
		if (!start_unpacking(seg, err)) {
			error_wrap(err, "%s", name);
			segment_free(seg);
			return NULL;
		}
	} else {
		seg->live = true;
		capture(seg);
	}
	return seg;
}

struct segment *segment_new_spool(const char *name, struct error *err)
{
	int fd = spool_open(err);

	return fd >= 0 ? allocate(fd, name, err) : NULL;
}

void segment_free(struct segment *seg)
{
	if (seg == NULL)
		return;
	if (seg->user_free != NULL)
		seg->user_free(seg->user);
	unpack_free(seg->unpack);
	file_close(&seg->packed_fd);
	file_close(&seg->fd);
	free(seg->tail);
	free(seg->name);
	free(seg);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

ssize_t segment_read(struct segment *seg, void *buf, size_t n, int64_t offset)
{
	ssize_t got;

	if (offset < seg->first || offset >= seg->size)
		return 0;
	if ((int64_t)n > seg->size - offset)
		n = (size_t)(seg->size - offset);
	got = read_at(seg->fd, buf, n, offset - seg->first);
	if (got >= 0 && seg->live && (got == 0 || !marks_hold(seg))) {
		errno = ESTALE;
		return -1;
	}
	if (got == 0) {
		errno = EIO;
		return -1;
	}
	return got;
}

/* --- growing --------------------------------------------------------------------------------------------------------- */

/* The newest bytes up to `size`, read from the file. */
static bool read_tail(const struct segment *seg, int64_t size, char *tail, size_t *len)
{
	*len = size < SEGMENT_TAIL_MAX ? (size_t)size : SEGMENT_TAIL_MAX;
	return read_at(seg->fd, tail, *len, size - (int64_t)*len) == (ssize_t)*len;
}

/* What is to be known of a file that has grown to `size`. */
struct growth {
	char head[SEGMENT_MARK_MAX], anchor[SEGMENT_ANCHOR_MAX];
	size_t head_len, anchor_len, tail_len;
	char *tail;
};

/* Reads it, and believes it when the old and the new marks hold afterwards. */
static bool read_growth(const struct segment *seg, int64_t size, struct growth *g)
{
	g->head_len = size < SEGMENT_MARK_MAX ? (size_t)size : SEGMENT_MARK_MAX;
	g->anchor_len = size < SEGMENT_ANCHOR_MAX ? (size_t)size : SEGMENT_ANCHOR_MAX;
	if (read_at(seg->fd, g->head, g->head_len, 0) != (ssize_t)g->head_len ||
	    read_at(seg->fd, g->anchor, g->anchor_len, size - (int64_t)g->anchor_len) != (ssize_t)g->anchor_len)
		return false;
	/* The old tail is given up only for bytes that turn out to be of the same file. */
	g->tail = seg->tail != NULL ? malloc(SEGMENT_TAIL_MAX) : NULL;
	if (g->tail != NULL && !read_tail(seg, size, g->tail, &g->tail_len))
		return false;
	return marks_hold(seg) && holds(seg->fd, g->head, g->head_len, 0);
}

static enum segment_change take_growth(struct segment *seg, int64_t size)
{
	struct growth g = { .tail = NULL };

	if (!read_growth(seg, size, &g)) {
		free(g.tail);
		/* A file of which nothing was known has lost nothing: it is looked at again. */
		return seg->size > 0 ? SEGMENT_TRUNCATED : SEGMENT_SAME;
	}
	if (g.tail != NULL) {
		free(seg->tail);
		seg->tail = g.tail;
		seg->tail_len = g.tail_len;
	}
	memcpy(seg->head, g.head, g.head_len);
	seg->head_len = g.head_len;
	memcpy(seg->anchor, g.anchor, g.anchor_len);
	seg->anchor_len = g.anchor_len;
	seg->size = size;
	return SEGMENT_GREW;
}

enum segment_change segment_refresh(struct segment *seg)
{
	struct stat st;

	if (!seg->live || fstat(seg->fd, &st) < 0)
		return SEGMENT_SAME;
	if (st.st_size < seg->size || !marks_hold(seg))
		return SEGMENT_TRUNCATED;
	return st.st_size > seg->size ? take_growth(seg, st.st_size) : SEGMENT_SAME;
}

bool segment_keep_tail(struct segment *seg)
{
	if (seg->tail != NULL)
		return true;
	seg->tail = malloc(SEGMENT_TAIL_MAX);
	if (seg->tail == NULL)
		return false;
	if (!read_tail(seg, seg->size, seg->tail, &seg->tail_len))
		seg->tail_len = 0;
	return true;
}

enum unpack_result segment_unpack_step(struct segment *seg, int64_t budget_us, struct error *err)
{
	enum unpack_result result;

	if (seg->unpack == NULL)
		return UNPACK_DONE;
	result = unpack_step(seg->unpack, seg->fd, budget_us, &seg->size, err);
	if (result != UNPACK_MORE) {
		unpack_free(seg->unpack);
		seg->unpack = NULL;
		file_close(&seg->packed_fd);
		if (result == UNPACK_FAILED)
			error_wrap(err, "%s", seg->name);
	}
	return result;
}

bool segment_append(struct segment *seg, const void *data, size_t n, struct error *err)
{
	if (!file_write_all(seg->fd, data, n))
		return error_errno(err, FINDING_IO_ERROR, _("cannot write the log to a temporary file"));
	seg->size += (int64_t)n;
	return true;
}

/* --- telling files apart --------------------------------------------------------------------------------------------- */

bool segment_same_file(const struct segment *a, const struct segment *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

bool segment_same_start(const struct segment *a, const struct segment *b)
{
	size_t n = a->head_len < b->head_len ? a->head_len : b->head_len;

	return n > 0 && memcmp(a->head, b->head, n) == 0;
}

bool segment_is_copy_of(const struct segment *copy, const struct segment *seg)
{
	if (seg->head_len == 0 || copy->head_len < seg->head_len || !segment_same_start(copy, seg))
		return false;
	/* What is compressed is known by its start alone. */
	return copy->packed || (copy->size >= seg->size && holds(copy->fd, seg->anchor, seg->anchor_len,
								 seg->size - (int64_t)seg->anchor_len));
}

void segment_move_to_copy(struct segment *seg, struct segment *copy)
{
	file_close(&seg->fd);
	seg->fd = copy->fd;
	copy->fd = -1;
	seg->dev = copy->dev;
	seg->ino = copy->ino;
	seg->size = copy->size;
	memcpy(seg->anchor, copy->anchor, sizeof(seg->anchor));
	seg->anchor_len = copy->anchor_len;
	free(seg->tail);
	seg->tail = NULL;
	seg->unpack = copy->unpack;
	copy->unpack = NULL;
	seg->packed = copy->packed;
	seg->packed_fd = copy->packed_fd;
	copy->packed_fd = -1;
	seg->live = copy->live;
}

void segment_move_to_tail(struct segment *seg)
{
	int fd = seg->tail != NULL && seg->tail_len > 0 ? spool_open(NULL) : -1;

	if (fd >= 0 && !file_write_all(fd, seg->tail, seg->tail_len))
		file_close(&fd);
	file_close(&seg->fd);
	seg->fd = fd;
	seg->first = fd >= 0 ? seg->size - (int64_t)seg->tail_len : seg->size;
	seg->live = false;
	free(seg->tail);
	seg->tail = NULL;
}
