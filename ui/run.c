#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"

#define LINE_MAX_BYTES (1u << 20)
#define ERRORS_MAX 65536
#define KILL_AFTER_MS 5000

extern char **environ;

struct run {
	struct run *next;
	struct runs *all;
	struct loop *loop;
	struct run_options options;
	pid_t pid;			/* 0: reaped */
	int status;
	int in, out, err;		/* our ends; -1: closed */
	int watch_in, watch_out, watch_err, deadline, killer;
	struct buffer input, line, errors;
	bool forgotten, too_long;	/* too_long: the rest of this line is dropped */
};

static void free_run(struct run *r)
{
	struct run **at = &r->all->first;

	while (*at != NULL && *at != r)
		at = &(*at)->next;
	if (*at == r)
		*at = r->next;
	loop_remove(r->loop, &r->watch_in);
	loop_remove(r->loop, &r->watch_out);
	loop_remove(r->loop, &r->watch_err);
	loop_remove(r->loop, &r->deadline);
	loop_remove(r->loop, &r->killer);
	file_close(&r->in);
	file_close(&r->out);
	file_close(&r->err);
	buffer_wipe(&r->input);
	buffer_clear(&r->line);
	buffer_clear(&r->errors);
	free(r);
}

/* Who says it is no news here. */
static const char *without_name(const char *errors)
{
	static const char name[] = "posture-console: ";

	return strncmp(errors, name, sizeof(name) - 1) == 0 ? errors + sizeof(name) - 1 : errors;
}

/* Over when its pipes are closed and it is reaped. */
static void finish_if_over(struct run *r)
{
	int code;

	if (r->pid != 0 || r->out >= 0 || r->err >= 0)
		return;
	code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 128 + WTERMSIG(r->status);
	if (!r->forgotten && r->options.end != NULL)
		r->options.end(r->options.data, code, without_name(buffer_text(&r->errors)));
	free_run(r);
}

static void put_line(struct run *r)
{
	json_t *event = event_parse(buffer_text(&r->line), r->line.len);

	if (!r->forgotten && r->options.line != NULL)
		r->options.line(r->options.data, buffer_text(&r->line), r->line.len, event);
	json_decref(event);
	buffer_reset(&r->line);
	r->line.failed = r->too_long = false;
}

static void take_output(struct run *r, const char *data, size_t n)
{
	while (n > 0) {
		const char *end = memchr(data, '\n', n);
		size_t part = end != NULL ? (size_t)(end - data) : n;

		if (!r->too_long && !buffer_append(&r->line, data, part))
			r->too_long = true;
		if (end == NULL)
			return;
		put_line(r);
		data += part + 1;
		n -= part + 1;
	}
}

static void read_output(void *data, short revents)
{
	struct run *r = data;
	char part[16384];
	ssize_t n = read(r->out, part, sizeof(part));

	(void)revents;
	if (n > 0) {
		take_output(r, part, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (r->line.len > 0)
		put_line(r);
	loop_remove(r->loop, &r->watch_out);
	file_close(&r->out);
	finish_if_over(r);
}

static void read_errors(void *data, short revents)
{
	struct run *r = data;
	char part[4096];
	ssize_t n = read(r->err, part, sizeof(part));

	(void)revents;
	if (n > 0) {
		buffer_append(&r->errors, part, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	loop_remove(r->loop, &r->watch_err);
	file_close(&r->err);
	finish_if_over(r);
}

static void write_input(void *data, short revents)
{
	struct run *r = data;
	ssize_t n = write(r->in, buffer_text(&r->input), r->input.len);

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		buffer_consume(&r->input, (size_t)n);
	if (n > 0 && r->input.len > 0)
		return;
	loop_remove(r->loop, &r->watch_in);
	file_close(&r->in);
	buffer_wipe(&r->input);
}

static void kill_it(void *data)
{
	struct run *r = data;

	r->killer = 0;
	if (r->pid > 0)
		kill(r->pid, SIGKILL);
}

void run_cancel(struct run *r)
{
	if (r->pid > 0 && r->killer == 0) {
		kill(r->pid, SIGTERM);
		r->killer = loop_timer(r->loop, KILL_AFTER_MS, kill_it, r);
	}
}

static void deadline(void *data)
{
	struct run *r = data;

	r->deadline = 0;
	run_cancel(r);
}

void run_forget(struct run *r)
{
	if (r == NULL)
		return;
	r->forgotten = true;
	run_cancel(r);
}

void runs_reap(struct runs *all)
{
	struct run *next;

	for (struct run *r = all->first; r != NULL; r = next) {
		next = r->next;
		if (r->pid > 0 && waitpid(r->pid, &r->status, WNOHANG) == r->pid) {
			r->pid = 0;
			finish_if_over(r);
		}
	}
}

void runs_clear(struct runs *all)
{
	while (all->first != NULL) {
		if (all->first->pid > 0)
			kill(all->first->pid, SIGTERM);
		free_run(all->first);
	}
}

/* Pipes to and from the child: ours in in[1], out[0] and err[0]. */
struct pipes { int in[2], out[2], err[2]; };

static void close_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		file_close(&p->in[i]);
		file_close(&p->out[i]);
		file_close(&p->err[i]);
	}
}

static int spawn(pid_t *pid, char *const argv[], const struct pipes *p)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int failed;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, p->in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, p->err[1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	failed = posix_spawn(pid, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static bool open_pipes(struct pipes *p)
{
	return pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0 &&
	       fcntl(p->in[1], F_SETFL, O_NONBLOCK) == 0 && fcntl(p->out[0], F_SETFL, O_NONBLOCK) == 0 &&
	       fcntl(p->err[0], F_SETFL, O_NONBLOCK) == 0;
}

static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

struct run *run_start(struct runs *all, struct loop *loop, char *const argv[], const struct run_options *options,
		      struct error *err)
{
	struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct run *r = calloc(1, sizeof(*r));
	bool ok;

	if (r == NULL) {
		error_set(err, FINDING_NONE, _("out of memory"));
		return NULL;
	}
	*r = (struct run){ .all = all, .loop = loop, .options = *options, .in = -1, .out = -1, .err = -1,
			   .input = BUFFER_INIT(options->input_len), .line = BUFFER_INIT(LINE_MAX_BYTES),
			   .errors = BUFFER_INIT(ERRORS_MAX) };
	ok = open_pipes(&p);
	if (ok) {
		errno = spawn(&r->pid, argv, &p);
		ok = errno == 0;
	}
	if (!ok) {
		r->pid = 0;
		error_errno(err, FINDING_NONE, _("cannot start %s"), argv[0]);
		close_pipes(&p);
		free_run(r);
		return NULL;
	}
	r->in = take(&p.in[1]);
	r->out = take(&p.out[0]);
	r->err = take(&p.err[0]);
	close_pipes(&p);
	r->next = all->first;
	all->first = r;
	r->watch_out = loop_watch(loop, r->out, POLLIN, read_output, r);
	r->watch_err = loop_watch(loop, r->err, POLLIN, read_errors, r);
	if (options->input != NULL && buffer_append(&r->input, options->input, options->input_len))
		r->watch_in = loop_watch(loop, r->in, POLLOUT, write_input, r);
	else
		file_close(&r->in);
	r->options.input = NULL;
	if (options->deadline_ms > 0)
		r->deadline = loop_timer(loop, options->deadline_ms, deadline, r);
	return r;
}
