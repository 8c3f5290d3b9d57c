#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"

extern char **environ;

bool child_start(struct child *c, char *const argv[], struct error *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int ends[2], failed;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, FINDING_NONE, _("cannot make a pipe"));
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	buffer_reset(&c->out);
	failed = posix_spawn(&c->pid, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	c->fd = ends[0];
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (failed == 0)
		return true;
	c->pid = 0;
	file_close(&c->fd);
	errno = failed;
	return error_errno(err, FINDING_NONE, _("cannot start %s"), argv[0]);
}

bool child_ended(struct child *c)
{
	char data[4096];
	ssize_t n = -1;

	while (c->fd >= 0 && ((n = read(c->fd, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			buffer_append(&c->out, data, (size_t)n);
	if (c->fd >= 0 && n == 0)
		file_close(&c->fd);
	if (c->pid == 0 || c->fd >= 0 || waitpid(c->pid, NULL, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	return true;
}

void child_clear(struct child *c)
{
	file_close(&c->fd);
	buffer_clear(&c->out);
}
