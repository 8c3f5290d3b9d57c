#include "log_reach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "base/file.h"
#include "loop.h"

#define PATIENCE_MS 100			/* for which the screen stands still: what is near answers in one */

/* Whoever asked closing its end is a SIGIO, which ends this process: it is not to wait for ever for nobody. */
static void end_with_asker(int fd)
{
	struct pollfd asker = { .fd = fd };
	sigset_t io;

	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	signal(SIGIO, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &io, NULL);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, O_ASYNC);
	if (poll(&asker, 1, 0) > 0)
		_exit(0);
}

/* Aside. A pipe is kept open until whoever asked has opened it too, or its writer would be told that nobody reads. */
static void reach(const void *arg, int fd)
{
	struct pollfd asker = { .fd = fd };
	int error, log = -1;

	end_with_asker(fd);
	error = access(arg, F_OK) == 0 ? 0 : errno;
	if (error == 0)
		log = open(arg, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file_write_all(fd, &error, sizeof(error)) && log >= 0)
		poll(&asker, 1, -1);
	file_close(&log);
}

/* True: *error is the answer. */
static bool take_answer(const struct log_reach *r, int wait_ms, int *error)
{
	struct pollfd p = { r->fd, POLLIN, 0 };
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	n = read(r->fd, error, sizeof(*error));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* Whoever was asked is gone: the file is tried here, as without asking. */
	if (n != (ssize_t)sizeof(*error))
		*error = 0;
	return true;
}

static void tell(struct log_reach *r, int error)
{
	int fd = r->fd;

	loop_remove(r->loop, &r->handle);
	r->fd = -1;
	r->answered(r->data, error);
	file_close(&fd);
}

static void ready(void *data, short revents)
{
	struct log_reach *r = data;
	int error;

	(void)revents;
	if (take_answer(r, 0, &error))
		tell(r, error);
}

void log_reach(struct log_reach *r, struct loop *loop, const char *path, void (*answered)(void *data, int error), void *data)
{
	int error = 0;

	*r = (struct log_reach){ .loop = loop, .fd = aside_start(reach, path), .answered = answered, .data = data };
	if (r->fd >= 0 && !take_answer(r, PATIENCE_MS, &error))
		r->handle = loop_watch(loop, r->fd, POLLIN, ready, r);
	if (r->handle == 0)
		tell(r, error);
}

bool log_reach_waits(const struct log_reach *r)
{
	return r->handle != 0;
}

void log_reach_end(struct log_reach *r)
{
	if (!log_reach_waits(r))
		return;
	loop_remove(r->loop, &r->handle);
	file_close(&r->fd);
}
