#include "update/hook.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"

#define GRACE_MS 2000
#define POLL_MS 100
#define DRAIN_READS 256	/* more than a pipe of the largest size holds, 4096 bytes each */

/* A growing, NULL-terminated list of "NAME=value". */
struct environment {
	char **items;
	size_t count;
	bool failed;
};

static void env_add(struct environment *env, const char *name, const char *value)
{
	char **items = realloc(env->items, (env->count + 2) * sizeof(*items));
	char *item = NULL;

	if (items == NULL) {
		env->failed = true;
		return;
	}
	env->items = items;
	if (asprintf(&item, "%s=%s", name, value) < 0) {
		env->failed = true;
		item = NULL;
	}
	env->items[env->count] = item;
	if (item != NULL)
		env->items[++env->count] = NULL;
}

static void env_clear(struct environment *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->items[i]);
	free(env->items);
}

/* "os-groups-v2" -> "POSTURE_CONSOLE_VERSION_OS_GROUPS_V2" */
static void component_variable(char *dst, size_t size, const char *id)
{
	size_t used = (size_t)snprintf(dst, size, "POSTURE_CONSOLE_VERSION_");

	for (; *id != '\0' && used + 1 < size; id++)
		dst[used++] = isalnum((unsigned char)*id) ? (char)toupper((unsigned char)*id) : '_';
	dst[used] = '\0';
}

/* The hook's whole environment: nothing of ours leaks into it. */
static void make_environment(struct environment *env, const struct hook *hook)
{
	static const char *const kept[] = { "HOME", "LANG", "LC_ALL", "TZ" };
	const struct store_generation *g = hook->generation;
	struct buffer ids = BUFFER_INIT(512u * 1024);

	env_add(env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL)
			env_add(env, kept[i], value);
	}
	env_add(env, "POSTURE_CONSOLE_GENERATION", g->id);
	env_add(env, "POSTURE_CONSOLE_GENERATION_PATH", hook->generation_path);
	env_add(env, "POSTURE_CONSOLE_VERSION", g->version);
	env_add(env, "POSTURE_CONSOLE_PREVIOUS", hook->previous);
	env_add(env, "POSTURE_CONSOLE_SOURCE", g->source);
	for (size_t i = 0; i < g->count; i++) {
		char name[128];

		component_variable(name, sizeof(name), g->components[i].id);
		env_add(env, name, g->components[i].version);
		buffer_printf(&ids, "%s%s", i > 0 ? " " : "", g->components[i].id);
	}
	env_add(env, "POSTURE_CONSOLE_COMPONENTS", buffer_text(&ids));
	buffer_clear(&ids);
}

static void run_child(const struct hook *hook, char **environment, int output)
{
	int null = open("/dev/null", O_RDONLY);
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0)
		dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	/* Nothing else: not the lock, the log or a socket, of whichever library, nor what whoever started the update had open. */
	confine_close_others(NULL, 0);
	(void)!chdir("/");
	execvpe(hook->argv[0], (char *const *)(uintptr_t)hook->argv, environment);
	dprintf(2, "%s: %s\n", hook->argv[0], strerror(errno));
	_exit(127);
}

/* Reads what is there; false at the end of the output. */
static bool take_output(int fd, struct buffer *output)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0 && output->len < output->max) {
		size_t room = output->max - output->len;

		buffer_append(output, chunk, (size_t)n < room ? (size_t)n : room);
	}
	return n > 0;
}

/* Waits for the end, reading the output; false when the time is over. A stop of the job waits as well: the commit is done,
 * and half a hook helps nobody. */
static bool wait_for(pid_t pid, int fd, int64_t deadline, struct buffer *output, int *status)
{
	bool open = true;

	for (;;) {
		struct pollfd wait = { .fd = open ? fd : -1, .events = POLLIN };
		pid_t done;

		if (clock_monotonic_ms() >= deadline)
			return false;
		poll(&wait, 1, POLL_MS);
		if (open && wait.revents != 0)
			open = take_output(fd, output);
		done = waitpid(pid, status, WNOHANG);
		if (done == pid || (done < 0 && errno == ECHILD)) {
			/* What it wrote; not for ever what a process that it left behind goes on to write. */
			for (int i = 0; open && i < DRAIN_READS && poll(&wait, 1, 0) > 0; i++)
				open = take_output(fd, output);
			return true;
		}
	}
}

bool hook_run(const struct hook *hook, struct buffer *output, struct error *err)
{
	struct environment env = { 0 };
	int fds[2] = { -1, -1 }, status = 0;
	bool ok = false;
	pid_t pid;

	make_environment(&env, hook);
	if (env.failed || pipe2(fds, O_CLOEXEC) < 0) {
		error_set(err, FINDING_HOOK_FAILED, _("cannot start the hook %s"), hook->argv[0]);
		goto out;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid == 0)
		run_child(hook, env.items, fds[1]);
	file_close(&fds[1]);
	if (pid < 0) {
		error_set(err, FINDING_HOOK_FAILED, _("cannot start the hook %s: no process could be made"), hook->argv[0]);
		goto out;
	}
	if (!wait_for(pid, fds[0], clock_monotonic_ms() + (int64_t)hook->timeout_s * 1000, output, &status)) {
		kill(-pid, SIGTERM);
		if (!wait_for(pid, fds[0], clock_monotonic_ms() + GRACE_MS, output, &status)) {
			kill(-pid, SIGKILL);
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
		}
		error_set(err, FINDING_HOOK_TIMEOUT, _("the hook %s did not end within %d s"), hook->argv[0],
			  hook->timeout_s);
	} else if (WIFSIGNALED(status)) {
		error_set(err, FINDING_HOOK_FAILED, _("the hook %s was ended by signal %d"), hook->argv[0],
			  WTERMSIG(status));
	} else if (WEXITSTATUS(status) != 0) {
		error_set(err, FINDING_HOOK_FAILED, _("the hook %s ended with exit code %d"), hook->argv[0],
			  WEXITSTATUS(status));
	} else {
		ok = true;
	}
out:
	file_close(&fds[0]);
	file_close(&fds[1]);
	env_clear(&env);
	return ok;
}
