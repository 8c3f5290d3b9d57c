/* A source that is a pipe, or the output of a command. What was read lies in nameless temporary files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "logview/child.h"
#include "logview/lines.h"
#include "logview/overlap.h"
#include "logview/source_private.h"

#define CHUNK (64u * 1024)
#define STEP_CHUNKS 16			/* read in one step */
#define SPOOL_FULL (INT64_C(64) << 20)	/* the next record goes into a new temporary file */
#define SPOOL_MAX (INT64_C(4) * SPOOL_FULL)	/* even if no record starts */
#define SEGMENTS_KEPT 16
#define PAUSE_MS 1000
#define PAUSE_MAX_MS 60000
#define STEADY_MS 10000			/* a run that lasted so long counts as a success */
#define GRACE_MS 500			/* from the end of its output to the signal, and from that to its death */
#define REAP_MS 20			/* looked after meanwhile */
#define HOLD_MS 1000			/* that what may have been shown before is held back for, from its last byte */

struct stream {
	struct source source;
	char *name;
	int fd;				/* the pipe; -1 between two runs */
	bool borrowed;			/* the caller's descriptor */
	char **argv;			/* NULL for a pipe */
	bool restart;
	struct child child;
	int64_t first_pause_ms, pause_ms, started_ms, next_start_ms;	/* monotonic */
	int64_t ended_ms;		/* when its output ended (monotonic) */
	bool stopped;			/* it did not end by itself */
	bool said_something;		/* this run */
	bool shows_something;		/* of this run there is a segment */
	struct overlap overlap;		/* with the runs before, while it is found out */
	int64_t held_ms;		/* when the last of what it holds came (monotonic) */
	bool broken;			/* nothing more can be kept: source.error says why */
	char chunk[CHUNK];
};

static struct stream *stream_of(struct source *s)
{
	return (struct stream *)s;
}

/* --- the command ----------------------------------------------------------------------------------------------------- */

static void plan_next_start(struct stream *s)
{
	int64_t now = clock_monotonic_ms();

	if (!s->restart) {
		s->source.state = SOURCE_ENDED;
		return;
	}
	if (s->said_something && now - s->started_ms >= STEADY_MS)
		s->pause_ms = s->first_pause_ms;
	s->next_start_ms = now + s->pause_ms;
	s->pause_ms = s->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : s->pause_ms * 2;
	s->source.state = SOURCE_WAITING;
}

static void could_not_start(struct stream *s, int why)
{
	errno = why;
	error_errno(&s->source.error, FINDING_PATH_INVALID, _("cannot run %s"), s->argv[0]);
	plan_next_start(s);
}

/* What is shown of the runs before is known again when the next one says it. */
static void recall(struct stream *s)
{
	int64_t left = OVERLAP_MAX;
	size_t i = s->source.count;

	overlap_begin(&s->overlap);
	while (i > 0 && left > 0)
		left -= s->source.segments[--i]->size;
	for (; i < s->source.count; i++) {
		struct segment *seg = s->source.segments[i];
		int64_t at = left < 0 ? -left : 0;
		ssize_t n;

		left = 0;
		while ((n = segment_read(seg, s->chunk, sizeof(s->chunk), at)) > 0) {
			size_t lines = overlap_shown(&s->overlap, s->chunk, (size_t)n);

			at += lines > 0 ? (int64_t)lines : n;
		}
	}
}

static void start(struct stream *s)
{
	int why;

	s->started_ms = clock_monotonic_ms();
	s->said_something = s->shows_something = false;
	why = child_start(&s->child, s->argv, &s->fd);
	if (why != 0) {
		could_not_start(s, why);
		return;
	}
	s->source.state = SOURCE_READING;
	error_clear(&s->source.error);
	if (s->source.count > 0)
		recall(s);
}

static void say_how_it_ended(struct stream *s, int status)
{
	const char *words = s->child.words, *colon = words[0] != '\0' ? ": " : "";

	if (s->stopped || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		error_clear(&s->source.error);
	else if (WIFEXITED(status))
		error_set(&s->source.error, FINDING_NONE, _("%s ended with status %d%s%s"), s->argv[0], WEXITSTATUS(status),
			  colon, words);
	else
		error_set(&s->source.error, FINDING_NONE, _("%s was ended by signal %d%s%s"), s->argv[0], WTERMSIG(status),
			  colon, words);
}

/* Its output has ended, so it ends, or is ended: without waiting for it here. Its whole group is meant: ssh may have
 * helpers. */
static unsigned int reap(struct stream *s)
{
	int64_t late_ms = clock_monotonic_ms() - s->ended_ms;
	int status = 0;
	pid_t ended;

	child_hear(&s->child);
	ended = waitpid(s->child.pid, &status, WNOHANG);
	if (ended == 0) {
		s->stopped = late_ms >= GRACE_MS;
		if (s->stopped)
			kill(-s->child.pid, late_ms >= 2 * GRACE_MS ? SIGKILL : SIGTERM);
		return 0;
	}
	file_close(&s->child.err_fd);
	s->child.pid = 0;
	if (s->broken) {
		s->source.state = SOURCE_ENDED;
		return SOURCE_STATE;
	}
	say_how_it_ended(s, status);
	plan_next_start(s);
	return SOURCE_STATE;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static bool new_segment(struct stream *s, enum segment_joint joint)
{
	struct segment *seg = segment_new_spool(s->name, &s->source.error);

	if (seg == NULL)
		return false;
	seg->joint = s->source.count > 0 ? joint : JOINT_NONE;
	source_push(&s->source, seg);
	if (s->source.count > SEGMENTS_KEPT) {
		source_drop_before(&s->source, s->source.segments[1]->number);
		s->source.segments[0]->gap = true;
	}
	return true;
}

/* How much of a chunk still goes into the last segment: when that is full, up to the last record that starts here. */
static size_t part_for(const struct segment *last, const char *data, size_t n)
{
	size_t start;

	if (last->size + (int64_t)n <= SPOOL_FULL)
		return n;
	start = lines_record_of(data, n, n - 1);
	return start > 0 || last->size > SPOOL_MAX ? start : n;
}

static unsigned int keep(struct stream *s, const char *data, size_t n)
{
	unsigned int flags = SOURCE_GREW;
	size_t part;

	if (n == 0)
		return 0;
	if (!s->shows_something) {
		s->broken = !new_segment(s, JOINT_RECONNECTED);
		s->shows_something = true;
		flags |= SOURCE_JOINED;
	}
	if (s->broken)
		return 0;
	part = part_for(source_last(&s->source), data, n);
	if (part < n) {
		s->broken = !segment_append(source_last(&s->source), data, part, &s->source.error) ||
			    !new_segment(s, JOINT_CONTINUED);
		flags |= SOURCE_JOINED;
	} else {
		part = 0;
	}
	if (!s->broken)
		s->broken = !segment_append(source_last(&s->source), data + part, n - part, &s->source.error);
	return flags;
}

/* It is settled what is new of what was held back. */
static unsigned int keep_rest(struct stream *s)
{
	size_t n;
	const char *rest = overlap_rest(&s->overlap, &n);
	unsigned int flags = keep(s, rest, n);

	overlap_clear(&s->overlap);
	return flags;
}

static unsigned int hear(struct stream *s, const char *data, size_t n)
{
	unsigned int flags;

	s->said_something = true;
	if (!overlap_waits(&s->overlap))
		return keep(s, data, n);
	s->held_ms = clock_monotonic_ms();
	if (overlap_take(&s->overlap, data, n))
		return overlap_waits(&s->overlap) ? 0 : keep_rest(s);
	overlap_settle(&s->overlap);
	flags = keep_rest(s);
	return flags | keep(s, data, n);
}

/* Nothing more came. */
static unsigned int give_up_waiting(struct stream *s)
{
	if (!overlap_waits(&s->overlap))
		return 0;
	overlap_settle(&s->overlap);
	return keep_rest(s);
}

static void close_pipe(struct stream *s)
{
	if (s->borrowed)
		s->fd = -1;
	file_close(&s->fd);
}

static unsigned int pipe_ended(struct stream *s)
{
	close_pipe(s);
	if (s->child.pid > 0) {
		s->ended_ms = clock_monotonic_ms();
		s->stopped = false;
		return reap(s);
	}
	s->source.state = SOURCE_ENDED;
	return SOURCE_STATE;
}

static int64_t hold_left_ms(const struct stream *s)
{
	int64_t left = s->held_ms + HOLD_MS - clock_monotonic_ms();

	return left > 0 ? left : 0;
}

/* Never blocks: the descriptor may be shared with others, so it is asked, not made non-blocking. */
static unsigned int read_some(struct stream *s)
{
	struct pollfd ready = { .fd = s->fd, .events = POLLIN };
	unsigned int flags = 0;

	for (int i = 0; i < STEP_CHUNKS; i++) {
		ssize_t n;

		if (poll(&ready, 1, 0) <= 0)
			return s->said_something && hold_left_ms(s) == 0 ? flags | give_up_waiting(s) : flags;
		n = read(s->fd, s->chunk, sizeof(s->chunk));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return flags | SOURCE_AGAIN;
		if (n < 0)
			s->broken = !error_errno(&s->source.error, FINDING_IO_ERROR, _("cannot read %s"), s->name);
		if (n > 0)
			flags |= hear(s, s->chunk, (size_t)n);
		if (n <= 0 || s->broken)
			return flags | give_up_waiting(s) | pipe_ended(s);
	}
	return flags | SOURCE_AGAIN;
}

static unsigned int stream_step(struct source *source)
{
	struct stream *s = stream_of(source);
	unsigned int flags = 0;

	if (source->state == SOURCE_ENDED)
		return 0;
	if (source->state == SOURCE_WAITING) {
		if (clock_monotonic_ms() < s->next_start_ms)
			return 0;
		start(s);
		flags = SOURCE_STATE;
	}
	if (s->fd < 0)
		return s->child.pid > 0 ? flags | reap(s) : flags;
	child_hear(&s->child);
	return flags | read_some(s);
}

/* --- the rest -------------------------------------------------------------------------------------------------------- */

static size_t stream_poll(const struct source *source, struct pollfd *fds, int *timeout_ms)
{
	const struct stream *s = (const struct stream *)source;
	size_t n = 0;

	*timeout_ms = -1;
	if (source->state == SOURCE_WAITING) {
		int64_t left = s->next_start_ms - clock_monotonic_ms();

		*timeout_ms = left > 0 ? (int)left : 0;
	} else if (s->fd < 0 && s->child.pid > 0) {
		*timeout_ms = REAP_MS;
	} else if (s->said_something && overlap_waits(&s->overlap)) {
		*timeout_ms = (int)hold_left_ms(s);
	}
	if (s->fd >= 0)
		fds[n++] = (struct pollfd){ .fd = s->fd, .events = POLLIN };
	if (s->child.err_fd >= 0)
		fds[n++] = (struct pollfd){ .fd = s->child.err_fd, .events = POLLIN };
	return n;
}

static void stream_describe(const struct source *source, struct buffer *out)
{
	const struct stream *s = (const struct stream *)source;
	int64_t left;

	switch (source->state) {
	case SOURCE_READING:
		buffer_printf(out, s->argv != NULL && !s->said_something ? _("connecting: %s") : _("reading %s"), s->name);
		break;
	case SOURCE_WAITING:
		left = s->next_start_ms - clock_monotonic_ms();
		buffer_printf(out, _("connecting again in %d s"), left > 0 ? (int)((left + 999) / 1000) : 0);
		if (source->error.message[0] != '\0')
			buffer_printf(out, ": %s", source->error.message);
		break;
	case SOURCE_ENDED:
		if (source->error.message[0] != '\0')
			buffer_puts(out, source->error.message);
		else
			buffer_printf(out, _("end of %s"), s->name);
		break;
	}
}

static void stream_free(struct source *source)
{
	struct stream *s = stream_of(source);

	close_pipe(s);
	file_close(&s->child.err_fd);
	if (s->child.pid > 0) {
		/* Nothing of it is to be waited for. */
		kill(-s->child.pid, SIGTERM);
		kill(-s->child.pid, SIGKILL);
		waitpid(s->child.pid, NULL, 0);
	}
	for (size_t i = 0; s->argv != NULL && s->argv[i] != NULL; i++)
		free(s->argv[i]);
	free(s->argv);
	overlap_clear(&s->overlap);
	free(s->name);
	free(s);
}

static const struct source_ops stream_ops = {
	.step = stream_step,
	.poll = stream_poll,
	.describe = stream_describe,
	.free = stream_free,
};

static struct stream *stream_new(const char *name, struct error *err)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->name = strdup(name)) == NULL) {
		free(s);
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return NULL;
	}
	s->source.ops = &stream_ops;
	s->fd = -1;
	s->child.err_fd = -1;
	return s;
}

static char **copy_argv(const char *const *argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = strdup(argv[i]);
		if (copy[i] == NULL) {
			while (i-- > 0)
				free(copy[i]);
			free(copy);
			return NULL;
		}
	}
	return copy;
}

bool source_open_command(const char *const *argv, bool restart, int64_t pause_ms, struct source **out, struct error *err)
{
	struct stream *s = stream_new(argv[0], err);

	*out = NULL;
	if (s == NULL)
		return false;
	s->argv = copy_argv(argv);
	if (s->argv == NULL) {
		source_free(&s->source);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	s->restart = restart;
	s->first_pause_ms = pause_ms > 0 ? pause_ms : PAUSE_MS;
	s->pause_ms = s->first_pause_ms;
	start(s);
	*out = &s->source;
	return true;
}

/* Standard input that is a file is read as one: faster, and nothing is copied. */
static bool open_file_behind(struct stream *s, struct error *err)
{
	int copy = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
	struct segment *seg;

	if (copy < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), s->name);
	seg = segment_new(copy, s->name, err);
	if (seg == NULL)
		return false;
	source_push(&s->source, seg);
	close_pipe(s);
	s->source.state = SOURCE_ENDED;
	return true;
}

bool source_open_fd(int fd, bool own, const char *name, struct source **out, struct error *err)
{
	struct stream *s = stream_new(name, err);
	struct stat st;

	*out = NULL;
	if (s == NULL) {
		if (own)
			file_close(&fd);
		return false;
	}
	s->fd = fd;
	s->borrowed = !own;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 && !open_file_behind(s, err)) {
		source_free(&s->source);
		return false;
	}
	*out = &s->source;
	return true;
}
