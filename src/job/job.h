/* job.h - long work as a process of its own that outlives its terminal, and its events in a file.
 *
 * A job leaves the terminal's session (setsid, SIGHUP ignored) and appends its events as JSON lines to
 * STATE/jobs/<id>.jsonl. Whoever watches - the command that started it, any number of consoles - follows that file.
 */
#ifndef PC_JOB_JOB_H
#define PC_JOB_JOB_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/event.h"

#define JOB_ID_MAX 64
#define JOB_FILES_KEPT 50

struct job {
	char id[JOB_ID_MAX];		/* 20261123T143107Z-1234; their order: files.h */
	pid_t pid;
	int wake_fd;			/* readable when there may be events more, hung up when the job has ended; the caller reads it
					 * empty, and closes it. Sooner than inotify, whose end costs 20 ms. */
};

/* What the job's process does. `ready` must be called once, when the job has begun (it holds its lock) or cannot; until
 * then job_start() waits. Returns the process's exit code. */
struct job_work {
	int (*run)(void *data, const struct event_sink *sink, void (*ready)(void *token, const struct error *err),
		   void *token);
	void *data;
};

/* Starts the work in a new process. False with the job's own error when it could not begin (another holds the lock).
 * The caller must have one thread only. The process is a child of the caller: wait for it with waitpid(). */
bool job_start(const char *state_dir, const struct job_work *work, struct job *out, struct error *err);

/* Asks a job to stop: SIGTERM. It cleans up, keeps what can be resumed, and ends. */
bool job_stop(pid_t pid, struct error *err);

/* From now on SIGTERM and SIGINT only set what job_stop_requested() tells: for long work in the foreground. */
void job_catch_stop(void);

/* True in a job's process once it was asked to stop. */
bool job_stop_requested(void);
/* The same, for what looks by itself: not 0 once it was asked to. */
const volatile sig_atomic_t *job_stop_flag(void);

/* --- following ----------------------------------------------------------------------------------------------------- */

struct job_tail;

/* Follows the events of a job from its first one. Without `watch` there is no descriptor to wait for (see wake_fd). */
bool job_tail_open(const char *state_dir, const char *id, bool watch, struct job_tail **out, struct error *err);
void job_tail_free(struct job_tail *tail);
/* A descriptor that becomes readable when there may be more (inotify); -1 where only polling helps. */
int job_tail_fd(const struct job_tail *tail);
/* Hands over all whole lines that are there: the text (with its newline) and the event. Returns how many. */
int job_tail_read(struct job_tail *tail, void (*put)(void *data, const char *line, size_t len, const json_t *event),
		  void *data);

/* The newest job's id, "" when there is none; `id` has JOB_ID_MAX bytes. */
void job_newest(const char *state_dir, char *id);

#endif
