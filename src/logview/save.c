#include "logview/save.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "logview/safe_text.h"
#include "logview/view_private.h"

#define OUT_MAX (2u * 1024 * 1024)	/* written out when half of it is used */
#define SAVE_MODE 0640

struct save {
	struct view *view;
	unsigned long generation;	/* of the filter */
	char *path, *temp;
	bool overwrite;
	int fd;
	log_pos end;			/* of the log when it was begun */
	int64_t number;			/* of the segment that is (or comes) next */
	bool scanning;
	struct scan scan;
	struct buffer out;
	bool write_failed;
	uint64_t records, bytes;
	bool apart;			/* a child is to do it */
	pid_t child;			/* that does it; 0: none */
	struct outcome *outcome;	/* shared with it */
};

/* What the child says when it has come to its end. */
struct outcome {
	enum save_result result;
	uint64_t records, bytes;
	struct error error;
};

bool save_new(struct view *v, const char *path, bool overwrite, struct save **out, struct error *err)
{
	struct save *s = calloc(1, sizeof(*s));
	struct stat st;

	*out = NULL;
	if (s == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	s->fd = -1;
	s->view = v;
	s->generation = v->generation;
	s->overwrite = overwrite;
	s->out = (struct buffer)BUFFER_INIT(OUT_MAX);
	s->path = file_out_path(path, err);
	s->number = LOG_POS_NUMBER(view_start(v));
	s->end = view_end(v);
	if (s->path == NULL)
		goto failed;
	if (asprintf(&s->temp, "%s.%ld.part", s->path, (long)getpid()) < 0 || !scan_init(&s->scan, SCAN_WINDOW)) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto failed;
	}
	if (!overwrite && lstat(path, &st) == 0) {
		error_usage(err, _("%s exists already"), path);
		error_next(err, _("Choose another name, or say that it is to be replaced."));
		goto failed;
	}
	s->fd = open(s->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, SAVE_MODE);
	if (s->fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot make %s"), s->temp);
		goto failed;
	}
	*out = s;
	return true;
failed:
	save_free(s);
	return false;
}

void save_free(struct save *s)
{
	if (s == NULL)
		return;
	if (s->child > 0) {
		kill(s->child, SIGKILL);
		while (waitpid(s->child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (s->outcome != NULL)
		munmap(s->outcome, sizeof(*s->outcome));
	if (s->fd >= 0)
		unlink(s->temp);
	file_close(&s->fd);
	scan_clear(&s->scan);
	buffer_clear(&s->out);
	free(s->path);
	free(s->temp);
	free(s);
}

static bool flush(struct save *s)
{
	if (!file_write_all(s->fd, s->out.data, s->out.len))
		s->write_failed = true;
	s->bytes += s->out.len;
	buffer_reset(&s->out);
	return !s->write_failed;
}

/* A record that is larger than a window is read again, in pieces. */
static bool put_large(struct save *s, const struct scan_hit *hit)
{
	char *piece = malloc(VIEW_TEXT_MAX);
	int64_t at = hit->start;
	bool ok = piece != NULL;

	while (ok && at < hit->end) {
		size_t want = hit->end - at < (int64_t)VIEW_TEXT_MAX ? (size_t)(hit->end - at) : VIEW_TEXT_MAX;
		ssize_t n = segment_read(s->scan.seg, piece, want, at);
		size_t used;

		ok = n > 0;
		if (!ok)
			break;
		used = safe_text_lines(&s->out, piece, (size_t)n, at + n >= hit->end);
		at += (int64_t)used;
		ok = flush(s);
	}
	free(piece);
	return ok;
}

static bool put(void *data, const struct scan_hit *hit)
{
	struct save *s = data;

	s->records++;
	if (hit->text == NULL)
		return put_large(s, hit);
	safe_text_lines(&s->out, hit->text, (size_t)(hit->end - hit->start), true);
	return s->out.len < OUT_MAX / 2 || flush(s);
}

static bool finish(struct save *s, struct error *err)
{
	if (!flush(s) || fsync(s->fd) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), s->temp);
	file_close(&s->fd);
	/* Between the first look and now, another may have made it. */
	if (renameat2(AT_FDCWD, s->temp, AT_FDCWD, s->path, s->overwrite ? 0 : RENAME_NOREPLACE) == 0)
		return true;
	error_errno(err, FINDING_IO_ERROR, _("cannot make %s"), s->path);
	unlink(s->temp);
	return false;
}

/* The segment that is next to be saved; NULL when all are. */
static struct segment *next_segment(const struct save *s)
{
	for (size_t i = 0; i < source_count(s->view->source); i++) {
		struct segment *seg = source_at(s->view->source, i);

		if (seg->number >= s->number && seg->number <= LOG_POS_NUMBER(s->end))
			return seg;
	}
	return NULL;
}

static void begin(struct save *s, struct segment *seg)
{
	int64_t to = seg->number == LOG_POS_NUMBER(s->end) ? LOG_POS_OFFSET(s->end) : seg->size;

	scan_begin(&s->scan, seg, s->view->filter, seg->first, to);
	s->number = seg->number;
	s->scanning = true;
}

static enum save_result scan_failed(const struct save *s, enum scan_result result, struct error *err)
{
	if (result == SCAN_STALE)
		error_set(err, FINDING_IO_ERROR, _("the log was emptied while %s was written"), s->path);
	else if (result == SCAN_STOPPED && s->write_failed)
		error_errno(err, FINDING_IO_ERROR, _("cannot write %s"), s->temp);
	else
		error_errno(err, FINDING_IO_ERROR, _("cannot read the log %s"), s->scan.seg->name);
	return SAVE_FAILED;
}

static enum save_result step_here(struct save *s, int64_t budget_us, struct error *err)
{
	struct segment *seg = s->scanning ? source_by_number(s->view->source, s->number) : next_segment(s);
	enum scan_result result;

	if (s->generation != s->view->generation) {
		error_set(err, FINDING_NONE, _("the filter was changed while %s was written"), s->path);
		return SAVE_FAILED;
	}
	if (s->scanning && seg != s->scan.seg) {
		error_set(err, FINDING_IO_ERROR, _("the log was rotated away while %s was written"), s->path);
		return SAVE_FAILED;
	}
	if (seg == NULL)
		return finish(s, err) ? SAVE_DONE : SAVE_FAILED;
	if (!s->scanning)
		begin(s, seg);
	result = scan_step(&s->scan, clock_monotonic_us() + budget_us, put, s);
	if (result == SCAN_DONE) {
		s->scanning = false;
		s->number++;
	}
	return result == SCAN_DONE || result == SCAN_MORE ? SAVE_MORE : scan_failed(s, result, err);
}

/* --- in a process of its own ------------------------------------------------------------------------------------------- */

static const char *unfinished;		/* in the child: what is removed when it is told to end */

static void on_end(int sig)
{
	unlink(unfinished);
	_exit(sig);
}

/* A child has its parent's signals, and the terminal is none of its business. */
static void own_signals(const struct save *s)
{
	static const int ends[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT }, crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t none;

	unfinished = s->temp;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], on_end);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void save_apart(struct save *s)
{
	s->apart = true;
}

bool save_is_apart(const struct save *s)
{
	return s->child > 0;
}

/* Files share the place where they are written to with the child, so it cannot unpack. */
static bool is_unpacking(const struct save *s)
{
	for (size_t i = 0; i < source_count(s->view->source); i++) {
		if (source_at(s->view->source, i)->unpack != NULL)
			return true;
	}
	return false;
}

static void work_apart(struct save *s, pid_t parent)
{
	struct error err = ERROR_INIT;
	enum save_result result = SAVE_MORE;

	own_signals(s);
	while (result == SAVE_MORE && getppid() == parent)
		result = step_here(s, INT64_MAX / 2, &err);
	s->outcome->records = s->records;
	s->outcome->bytes = s->bytes;
	s->outcome->error = err;
	s->outcome->result = result;
	_exit(0);
}

static void start_child(struct save *s)
{
	pid_t parent = getpid(), child;

	s->apart = false;
	s->child = 0;
	s->outcome = mmap(NULL, sizeof(*s->outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->outcome == MAP_FAILED) {
		s->outcome = NULL;
		return;
	}
	*s->outcome = (struct outcome){ .result = SAVE_MORE };
	child = fork();
	if (child == 0)
		work_apart(s, parent);
	s->child = child > 0 ? child : 0;
}

static enum save_result ask_child(struct save *s, struct error *err)
{
	pid_t ended = waitpid(s->child, NULL, WNOHANG);

	if (ended == 0 || (ended < 0 && errno == EINTR))
		return SAVE_MORE;
	s->child = 0;
	s->records = s->outcome->records;
	s->bytes = s->outcome->bytes;
	if (s->outcome->result == SAVE_FAILED)
		*err = s->outcome->error;
	else if (s->outcome->result == SAVE_MORE)
		error_set(err, FINDING_IO_ERROR, _("the process that wrote %s was killed"), s->path);
	else
		file_close(&s->fd);	/* it has its name: it is not removed */
	return s->outcome->result == SAVE_DONE ? SAVE_DONE : SAVE_FAILED;
}

enum save_result save_step(struct save *s, int64_t budget_us, struct error *err)
{
	if (s->apart && is_unpacking(s))
		return SAVE_MORE;
	if (s->apart)
		start_child(s);
	return s->child > 0 ? ask_child(s, err) : step_here(s, budget_us, err);
}

uint64_t save_records(const struct save *s)
{
	return s->records;
}

uint64_t save_bytes(const struct save *s)
{
	return s->bytes;
}
