/* source.h - where the log comes from: a row of segments that grows at its end, whatever is rotated meanwhile.
 *
 *   a file by name   followed across rename, copy and truncate, truncate, delete and re-create, and a folder that appears
 *                    later; its rotated files are put in front when they are asked for
 *   a command        an argument vector (ssh to a node); started again with growing pauses when it ends. What it then says for
 *                    the second time is left out (overlap.h)
 *   a pipe           standard input
 *
 * Nothing blocks: source_step() does what can be done now, and source_poll() says what to wait for. No line is lost or
 * doubled by a rotation: the old file is read to its end, generations that came and went in between are found among the
 * rotated files, and a copy takes the place of a file that was truncated. Where lines may be missing all the same (a file
 * was truncated or deleted and there is no copy), the segment behind says so.
 */
#ifndef PC_LOGVIEW_SOURCE_H
#define PC_LOGVIEW_SOURCE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "logview/segment.h"

#define SOURCE_SEGMENTS_MAX 256		/* more, and the oldest are let go */
#define SOURCE_FDS_MAX 2

struct source;

/* Opens a file. With `follow` it need not exist yet, and `poll_only` does without inotify; without `follow` it is read as
 * it stands. What is not a regular file (a named pipe) is read as a pipe. */
bool source_open_file(const char *path, bool follow, bool poll_only, struct source **out, struct error *err);
/* Starts a command (PATH is searched) and reads its output. With `restart` it is started again when it ends, after
 * `pause_ms` (0: one second), then twice that, up to a minute. */
bool source_open_command(const char *const *argv, bool restart, int64_t pause_ms, struct source **out, struct error *err);
/* Reads an open descriptor until its end; takes it with `own`, also when it fails. */
bool source_open_fd(int fd, bool own, const char *name, struct source **out, struct error *err);
/* Stops the command, closes everything. */
void source_free(struct source *s);

/* Looks what is new. */
enum {
	SOURCE_GREW = 1,		/* a segment grew: usually the last one, sometimes one before it (late lines) */
	SOURCE_JOINED = 2,		/* segments were added at the end */
	SOURCE_STATE = 4,		/* the state changed */
	SOURCE_AGAIN = 8		/* there is more at once */
};
unsigned int source_step(struct source *s);

/* The segments, oldest first; borrowed, and good until the next source_step() or source_drop_before(). */
size_t source_count(const struct source *s);
struct segment *source_at(const struct source *s, size_t i);
/* NULL when it is not (or no longer) there. */
struct segment *source_by_number(const struct source *s, int64_t number);

/* Puts the next older rotated file in front. It may still have to be unpacked (segment_unpack_step()). */
enum source_older { SOURCE_OLDER_NONE, SOURCE_OLDER_LOADED, SOURCE_OLDER_FAILED };
enum source_older source_load_older(struct source *s, struct error *err);

/* Lets go of the segments before that number: who reads forward needs them no more. */
void source_drop_before(struct source *s, int64_t number);

/* Fills in what to wait for (up to SOURCE_FDS_MAX) and returns how many; *timeout_ms: at most so long, -1 for ever. */
size_t source_poll(const struct source *s, struct pollfd *fds, int *timeout_ms);

enum source_state {
	SOURCE_READING,			/* the file is there, the command runs */
	SOURCE_WAITING,			/* for the file to appear, for the next start of the command */
	SOURCE_ENDED			/* the pipe was closed, the command ended for good, the file is not followed */
};
enum source_state source_state(const struct source *s);
/* The state in words, with the reason; may hold text from outside. */
void source_describe(const struct source *s, struct buffer *out);
/* Why the command failed, or the log cannot be read; code FINDING_NONE and an empty message when all is well. */
const struct error *source_error(const struct source *s);

/* How a segment is joined to the one before, in words: "renamed to ise-psc.log.1". `before` may be NULL. */
void source_describe_joint(const struct segment *before, const struct segment *seg, struct buffer *out);

#endif
