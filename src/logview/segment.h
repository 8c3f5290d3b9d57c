/* segment.h - one stretch of the log: the file that is written now, a rotated one, or what a command said.
 *
 * A log is a row of segments. Each has a number that rises with time, so that a place in the log is one ordered integer,
 * whatever is rotated meanwhile. A segment is read with pread(), never mapped: a file that is truncated while it is mapped
 * kills the reader. Bytes read from a live file are believed only when, afterwards, the file still starts as it did and
 * still holds what was read last: a file that was truncated and written anew, longer than before, is noticed too.
 */
#ifndef PC_LOGVIEW_SEGMENT_H
#define PC_LOGVIEW_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "logview/unpack.h"

/* A place in the log: the segment's number above, the offset in it below. */
typedef int64_t log_pos;
#define LOG_POS_BITS 44
#define LOG_POS(number, offset) ((int64_t)(number) << LOG_POS_BITS | (int64_t)(offset))
#define LOG_POS_NUMBER(pos) ((int64_t)(pos) >> LOG_POS_BITS)
#define LOG_POS_OFFSET(pos) ((int64_t)(pos) & ((INT64_C(1) << LOG_POS_BITS) - 1))
#define LOG_POS_NONE INT64_C(-1)
#define SEGMENT_FIRST_NUMBER (INT64_C(1) << 18)

#define SEGMENT_MARK_MAX 256		/* bytes at the start that tell one file from another */
#define SEGMENT_ANCHOR_MAX 64		/* bytes before the end that must still be there */
#define SEGMENT_TAIL_MAX (64u * 1024)	/* kept of a followed file, in case it is truncated without a copy */

/* How a segment follows the one before it. */
enum segment_joint {
	JOINT_NONE,			/* the first one */
	JOINT_OLDER,			/* it was there, rotated, when it was scrolled back into; or the one behind such */
	JOINT_RENAMED,			/* the file before was renamed, and a new one made */
	JOINT_COPIED,			/* the file before was copied and truncated */
	JOINT_TRUNCATED,		/* the file was truncated, and no copy is known */
	JOINT_REPLACED,			/* the file before was deleted, and a new one made */
	JOINT_CONTINUED,		/* the same stream, in the next temporary file: no mark to be shown */
	JOINT_RECONNECTED		/* the command was started again */
};

struct segment {
	int64_t number;
	int fd;				/* owned */
	char *name;			/* file name for people, without its folder; owned */
	int64_t first;			/* lowest offset that can be read */
	int64_t size;			/* offset behind the last byte that is known */
	dev_t dev;
	ino_t ino;
	int64_t mtime_ns;		/* when it was opened */
	bool live;			/* it may grow or be truncated: checked on every read */
	bool packed;			/* `fd` holds the unpacked bytes; inode and marks are those of the original */
	enum segment_joint joint;
	bool gap;			/* something between it and the one before may be missing */
	int64_t joined_ms;		/* wall clock when the joint was seen */
	char head[SEGMENT_MARK_MAX];
	size_t head_len;
	char anchor[SEGMENT_ANCHOR_MAX];	/* the bytes before `size` */
	size_t anchor_len;
	char *tail;			/* last bytes before `size`, for followed files; owned */
	size_t tail_len;
	struct unpack *unpack;		/* while it is being unpacked; owned */
	int packed_fd;			/* owned; -1 */
	void *user;			/* of whoever reads the log */
	void (*user_free)(void *user);	/* NULL: not to be freed */
};

/* A segment of an open regular file; takes `fd`. A compressed file is unpacked by segment_unpack_step(). NULL on failure
 * (fd is closed). */
struct segment *segment_new(int fd, const char *name, struct error *err);
/* A segment of a new spool, to be written with segment_append(). */
struct segment *segment_new_spool(const char *name, struct error *err);
void segment_free(struct segment *seg);

/* Reads up to n bytes at `offset`. Returns the bytes, 0 at the end, -1 with errno; ESTALE: the file was truncated, ask
 * the source to look. */
ssize_t segment_read(struct segment *seg, void *buf, size_t n, int64_t offset);

/* Looks whether the file grew. SEGMENT_TRUNCATED leaves everything as it was. */
enum segment_change { SEGMENT_SAME, SEGMENT_GREW, SEGMENT_TRUNCATED };
enum segment_change segment_refresh(struct segment *seg);

/* Follows: keeps the newest bytes in memory from now on. */
bool segment_keep_tail(struct segment *seg);

/* Continues unpacking. UNPACK_DONE when there is nothing (more) to unpack. */
enum unpack_result segment_unpack_step(struct segment *seg, int64_t budget_us, struct error *err);

bool segment_append(struct segment *seg, const void *data, size_t n, struct error *err);

/* Same file (device and inode)? Do both start with the same bytes (as many as both are known by, at least one)? */
bool segment_same_file(const struct segment *a, const struct segment *b);
bool segment_same_start(const struct segment *a, const struct segment *b);
/* Is `copy` a file that holds all that was read of `seg`? */
bool segment_is_copy_of(const struct segment *copy, const struct segment *seg);

/* The file was truncated: reads it from its copy from now on (the copy's descriptor moves over). */
void segment_move_to_copy(struct segment *seg, struct segment *copy);
/* The file was truncated and there is no copy: only what was kept in memory remains. */
void segment_move_to_tail(struct segment *seg);

#endif
