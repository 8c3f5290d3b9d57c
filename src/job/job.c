#include "job/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/i18n.h"
#include "job/files.h"

#define JOBS_DIR "jobs"
#define LINE_MAX_BYTES (1024 * 1024)

static volatile sig_atomic_t stop_requested;

static void on_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

bool job_stop_requested(void)
{
	return stop_requested != 0;
}

const volatile sig_atomic_t *job_stop_flag(void)
{
	return &stop_requested;
}

static int open_jobs(const char *state_dir, bool make, struct error *err)
{
	char *path = file_join(state_dir, JOBS_DIR);
	int fd = -1;

	if (path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return -1;
	}
	if (!make || file_make_dirs(path, 0700, err)) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), path);
	}
	free(path);
	return fd;
}

static void drop_old_files(int dirfd)
{
	struct dirent **entries;
	int n = job_files(dirfd, &entries);

	for (int i = 0; i < n - JOB_FILES_KEPT; i++)
		unlinkat(dirfd, entries[i]->d_name, 0);
	job_files_free(entries, n);
}

void job_newest(const char *state_dir, char *id)
{
	struct dirent **entries;
	int dirfd = open_jobs(state_dir, false, NULL), n;

	id[0] = '\0';
	if (dirfd < 0)
		return;
	n = job_files(dirfd, &entries);
	if (n > 0)
		snprintf(id, JOB_ID_MAX, "%.*s", (int)strlen(entries[n - 1]->d_name) - 6, entries[n - 1]->d_name);
	job_files_free(entries, n);
	file_close(&dirfd);
}

/* --- the job's side ------------------------------------------------------------------------------------------------ */

struct starting {
	int report_fd;		/* tells the starter that the job has begun, or why not */
	int wake_fd;		/* afterwards the same pipe: a byte says that there is an event more; -1: not yet */
	int dirfd;
	int events_fd;
	char file[JOB_ID_MAX + 8];
};

/* Sends the outcome of the start: an error that says FINDING_NONE with an empty message means that all is well. */
static void report_start(void *token, const struct error *err)
{
	struct starting *s = token;
	struct error report = ERROR_INIT;

	if (s->report_fd < 0)
		return;
	if (err != NULL) {
		report = *err;
		/* A job that never began leaves no file behind. */
		unlinkat(s->dirfd, s->file, 0);
	}
	(void)file_write_all(s->report_fd, &report, sizeof(report));
	/* Nobody may read it for long: a byte that does not fit is not needed either. */
	(void)fcntl(s->report_fd, F_SETFL, O_NONBLOCK);
	s->wake_fd = s->report_fd;
	s->report_fd = -1;
}

static void put_in_file(void *data, const json_t *event)
{
	const struct starting *s = data;

	(void)event_write_line(s->events_fd, event);
	if (s->wake_fd >= 0 && write(s->wake_fd, "", 1) < 0)
		return;		/* the starter has gone, or has enough to wake up for */
}

static void set_handler(int sig, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

void job_catch_stop(void)
{
	set_handler(SIGTERM, on_stop);
	set_handler(SIGINT, on_stop);
}

static int run_job(const struct job_work *work, struct starting *s, const char *id, const sigset_t *mask)
{
	struct event_sink sink = { .put = put_in_file, .data = s, .job = id };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	set_handler(SIGHUP, SIG_IGN);
	set_handler(SIGPIPE, SIG_IGN);
	job_catch_stop();
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* The terminal may go away: nothing of the job may refer to it. */
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	return work->run(work->data, &sink, report_start, s);
}

/* It said nothing: how did it end? */
static void ended_early(pid_t pid, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		error_set(err, FINDING_NONE, _("the job was ended by signal %d before it began"), WTERMSIG(status));
	else
		error_set(err, FINDING_NONE, _("the job ended before it began"));
}

bool job_start(const char *state_dir, const struct job_work *work, struct job *out, struct error *err)
{
	struct starting s = { .report_fd = -1, .wake_fd = -1, .dirfd = -1, .events_fd = -1 };
	struct error report = ERROR_INIT;
	char stamp[JOB_STAMP_MAX];
	sigset_t all, mask;
	int pipe_fds[2] = { -1, -1 };
	size_t got = 0;
	bool ok = false;

	out->wake_fd = -1;
	s.dirfd = open_jobs(state_dir, true, err);
	if (s.dirfd < 0)
		return false;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot start the job"));
		goto out;
	}
	job_files_stamp(s.dirfd, stamp);
	fflush(NULL);
	/* The child's handlers must stand before a signal reaches it. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	out->pid = fork();
	if (out->pid == 0) {
		int code = EXIT_FAILED;

		file_close(&pipe_fds[0]);
		s.report_fd = pipe_fds[1];
		snprintf(out->id, sizeof(out->id), "%s-%ld", stamp, (long)getpid());
		snprintf(s.file, sizeof(s.file), "%s.jsonl", out->id);
		s.events_fd = openat(s.dirfd, s.file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
		if (s.events_fd < 0 || fchmod(s.events_fd, 0640) < 0) {	/* whatever the umask */
			error_errno(&report, FINDING_PATH_INVALID, _("cannot create %s/%s"), JOBS_DIR, s.file);
			report_start(&s, &report);
		} else {
			drop_old_files(s.dirfd);
			code = run_job(work, &s, out->id, &mask);
		}
		_exit(code);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (out->pid < 0) {
		error_errno(err, FINDING_OUT_OF_MEMORY, _("cannot start the job"));
		goto out;
	}
	snprintf(out->id, sizeof(out->id), "%s-%ld", stamp, (long)out->pid);
	file_close(&pipe_fds[1]);
	while (got < sizeof(report)) {
		ssize_t n = read(pipe_fds[0], (char *)&report + got, sizeof(report) - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got < sizeof(report)) {
		ended_early(out->pid, err);
		goto out;
	}
	if (report.code != FINDING_NONE || report.message[0] != '\0') {
		if (err != NULL)
			*err = report;
		goto out;
	}
	(void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	out->wake_fd = pipe_fds[0];
	pipe_fds[0] = -1;
	ok = true;
out:
	file_close(&pipe_fds[0]);
	file_close(&pipe_fds[1]);
	file_close(&s.dirfd);
	return ok;
}

bool job_stop(pid_t pid, struct error *err)
{
	if (kill(pid, SIGTERM) < 0)
		return error_errno(err, FINDING_NONE, _("cannot stop the process %ld"), (long)pid);
	return true;
}

/* --- the watcher's side -------------------------------------------------------------------------------------------- */

struct job_tail {
	int fd;
	int inotify;
	struct buffer pending;		/* an unfinished line */
};

bool job_tail_open(const char *state_dir, const char *id, bool watch, struct job_tail **out, struct error *err)
{
	struct job_tail *tail = calloc(1, sizeof(*tail));
	char path[PATH_MAX];
	bool ok = false;

	if (tail == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	tail->fd = tail->inotify = -1;
	tail->pending = (struct buffer)BUFFER_INIT(LINE_MAX_BYTES);
	if (strchr(id, '/') != NULL || id[0] == '.' || id[0] == '\0') {
		error_usage(err, _("%s is not a job's name"), id);
		goto out;
	}
	snprintf(path, sizeof(path), "%s/%s/%s.jsonl", state_dir, JOBS_DIR, id);
	tail->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (tail->fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot read the events of the job %s"), id);
		goto out;
	}
	if (watch)
		tail->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (tail->inotify >= 0 && inotify_add_watch(tail->inotify, path, IN_MODIFY | IN_CLOSE_WRITE) < 0)
		file_close(&tail->inotify);
	*out = tail;
	tail = NULL;
	ok = true;
out:
	job_tail_free(tail);
	return ok;
}

void job_tail_free(struct job_tail *tail)
{
	if (tail == NULL)
		return;
	file_close(&tail->fd);
	file_close(&tail->inotify);
	buffer_clear(&tail->pending);
	free(tail);
}

int job_tail_fd(const struct job_tail *tail)
{
	return tail->inotify;
}

static void drain_inotify(int fd)
{
	char events[4096];

	while (fd >= 0 && read(fd, events, sizeof(events)) > 0)
		;
}

int job_tail_read(struct job_tail *tail, void (*put)(void *data, const char *line, size_t len, const json_t *event),
		  void *data)
{
	int count = 0;

	drain_inotify(tail->inotify);
	for (;;) {
		char chunk[16384];
		ssize_t n = read(tail->fd, chunk, sizeof(chunk));
		char *end;
		size_t used = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return count;
		if (!buffer_append(&tail->pending, chunk, (size_t)n)) {
			/* A line that long is not one of ours. */
			buffer_reset(&tail->pending);
			continue;
		}
		while ((end = memchr(tail->pending.data + used, '\n', tail->pending.len - used)) != NULL) {
			const char *line = tail->pending.data + used;
			size_t len = (size_t)(end - line) + 1;
			json_t *event = event_parse(line, len);

			if (event != NULL) {
				put(data, line, len, event);
				count++;
				json_decref(event);
			}
			used += len;
		}
		buffer_consume(&tail->pending, used);
	}
}
