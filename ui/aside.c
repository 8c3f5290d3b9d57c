#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"

#define PATIENCE_MS 300			/* of a question that the screen stands still for */
#define WORK_PATIENCE_MS 3000

/* A grandchild: nobody has to wait for its end. */
static void run(void (*work)(const void *arg, int fd), const void *arg, int fd)
{
	pid_t pid = fork();

	if (pid != 0)
		_exit(pid > 0 ? 0 : 1);
	setsid();
	confine_descriptors(&fd, 1);
	work(arg, fd);
	_exit(0);
}

int aside_start(void (*work)(const void *arg, int fd), const void *arg)
{
	int fds[2], status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		run(work, arg, fds[1]);
	close(fds[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && status == 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0)
		return fds[0];
	close(fds[0]);
	errno = EAGAIN;
	return -1;
}

bool aside_read(int fd, struct buffer *answer, int ms)
{
	int64_t end = clock_monotonic_ms() + ms;
	char bytes[65536];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n = read(fd, bytes, sizeof(bytes));
		int64_t left = end - clock_monotonic_ms();

		if (n > 0)
			buffer_append(answer, bytes, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return true;
		else if (left <= 0)
			return false;
		else
			poll(&p, 1, (int)left);
	}
}

struct stat_answer {
	int error;
	struct stat st;
};

static void look(const void *arg, int fd)
{
	struct stat_answer a;

	memset(&a, 0, sizeof(a));
	if (stat(arg, &a.st) < 0)
		a.error = errno;
	file_write_all(fd, &a, sizeof(a));
}

bool aside_stat(const char *path, struct stat *st)
{
	struct buffer answer = BUFFER_INIT(sizeof(struct stat_answer));
	struct stat_answer a = { .error = EIO };
	int fd = aside_start(look, path);

	if (fd < 0)
		return false;
	if (!aside_read(fd, &answer, PATIENCE_MS))
		a.error = ETIMEDOUT;
	else if (answer.len == sizeof(a))
		memcpy(&a, buffer_text(&answer), sizeof(a));
	file_close(&fd);
	buffer_clear(&answer);
	*st = a.st;
	errno = a.error;
	return a.error == 0;
}

struct errand {
	bool (*work)(const void *arg, struct buffer *out, struct error *err);
	const void *arg;
	size_t most;
};

/* Says whether it was done, and then what there is to be told, or the error. */
static void do_errand(const void *arg, int fd)
{
	const struct errand *e = arg;
	struct buffer out = BUFFER_INIT(e->most);
	struct error err;
	char ok;

	memset(&err, 0, sizeof(err));
	alarm(WORK_PATIENCE_MS / 1000 + 1);	/* nobody listens any more */
	ok = e->work(e->arg, &out, &err);
	file_write_all(fd, &ok, 1);
	if (ok)
		file_write_all(fd, buffer_text(&out), out.len);
	else
		file_write_all(fd, &err, sizeof(err));
	buffer_wipe(&out);
}

static bool take_answer(const struct buffer *answer, struct buffer *out, struct error *err)
{
	const char *text = buffer_text(answer);

	if (answer->len > 0 && text[0] != 0)
		return out == NULL || buffer_append(out, text + 1, answer->len - 1) ||
		       error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (answer->len == 1 + sizeof(*err)) {
		if (err != NULL)
			memcpy(err, text + 1, sizeof(*err));
		return false;
	}
	return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

bool aside_do(bool (*work)(const void *arg, struct buffer *out, struct error *err), const void *arg, const char *what, struct buffer *out,
	      struct error *err)
{
	const struct errand errand = { work, arg, out != NULL ? out->max : 0 };
	struct buffer answer = BUFFER_INIT(errand.most + sizeof(struct error) + 1);
	int fd = aside_start(do_errand, &errand);
	bool ok;

	if (fd < 0)
		return error_errno(err, FINDING_NONE, "%s", what);
	if (aside_read(fd, &answer, WORK_PATIENCE_MS)) {
		ok = take_answer(&answer, out, err);
	} else {
		ok = error_set(err, FINDING_IO_ERROR, _("%s does not answer: its disk or server may be gone, or it is no plain file"), what);
		if (err != NULL)
			err->sys_errno = ETIMEDOUT;
	}
	file_close(&fd);
	buffer_wipe(&answer);
	return ok;
}
