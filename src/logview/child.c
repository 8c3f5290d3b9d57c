#include "logview/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "base/file.h"

extern char **environ;

/* The child's descriptors 0 to 2, a session of its own (so that all of it can be stopped, and an ssh that wants a password
 * says so instead of asking on our screen or being stopped for it), and no signal of ours. */
static int spawn(struct child *c, char *const *argv, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int why;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGTERM);
	sigaddset(&usual, SIGHUP);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	why = posix_spawnp(&c->pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (why != 0)
		c->pid = 0;
	return why;
}

int child_start(struct child *c, char *const *argv, int *out_fd)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, why;

	c->words_len = 0;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		why = errno;
	else
		why = spawn(c, argv, out[1], err[1]);
	file_close(&out[1]);
	file_close(&err[1]);
	if (why != 0) {
		file_close(&out[0]);
		file_close(&err[0]);
		return why;
	}
	*out_fd = out[0];
	c->err_fd = err[0];
	return 0;
}

void child_hear(struct child *c)
{
	struct pollfd ready = { .fd = c->err_fd, .events = POLLIN };

	while (c->err_fd >= 0 && poll(&ready, 1, 0) > 0) {
		char text[512];
		ssize_t n = read(c->err_fd, text, sizeof(text));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			file_close(&c->err_fd);
			break;
		}
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] == '\n' || text[i] == '\r') {
				c->words_ended = true;
				continue;
			}
			if (c->words_ended)
				c->words_len = 0;
			c->words_ended = false;
			if (c->words_len + 1 < sizeof(c->words) && text[i] != '\0')
				c->words[c->words_len++] = text[i];
		}
	}
	c->words[c->words_len] = '\0';
}
