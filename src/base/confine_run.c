#include "base/confine_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"

#define CPU_MAX_S 60

/* What stands in front of the answer. */
struct head {
	int ok;
	struct error error;
};

/* One second between the two: at the second limit the kernel sends SIGKILL, as it does when memory is short. Never more than
 * there was. */
static void limit_processor(void)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_CPU, &now) < 0)
		return;
	if (now.rlim_cur > CPU_MAX_S)
		now.rlim_cur = CPU_MAX_S;
	if (now.rlim_max > CPU_MAX_S + 1)
		now.rlim_max = CPU_MAX_S + 1;
	setrlimit(RLIMIT_CPU, &now);
}

static void answer_and_end(int out_fd, const struct confine_work *work) __attribute__((noreturn));
static void answer_and_end(int out_fd, const struct confine_work *work)
{
	struct buffer out = BUFFER_INIT(CONFINE_ANSWER_MAX);
	struct head head = { .error = ERROR_INIT };
	const int kept[] = { out_fd, work->fd };

	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXCPU, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	confine_descriptors(kept, work->fd >= 0 ? 2 : 1);
	limit_processor();
	(void)confine_self(NULL, 0);
	head.ok = work->work(work->data, &out, &head.error);
	if (head.ok && out.failed)
		head.ok = error_set(&head.error, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (file_write_all(out_fd, &head, sizeof(head)) && head.ok)
		(void)file_write_all(out_fd, out.data, out.len);
	_exit(0);
}

static bool ended_badly(const struct confine_work *work, int status, struct error *err)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return error_set(err, work->damaged, _("reading %s took too much of the processor's time"), work->what);
	if (WIFSIGNALED(status))
		return error_set(err, WTERMSIG(status) == SIGKILL ? FINDING_OUT_OF_MEMORY : work->damaged,
				 _("the process that read %s was ended by signal %d"), work->what, WTERMSIG(status));
	return error_set(err, work->damaged, _("the process that read %s ended early"), work->what);
}

void confine_take_error(struct error *err, const struct error *given, enum finding otherwise)
{
	if (err == NULL)
		return;
	*err = *given;
	err->message[sizeof(err->message) - 1] = err->next[sizeof(err->next) - 1] = '\0';
	if ((unsigned int)err->code >= FINDING_COUNT)
		err->code = otherwise;
}

static bool take_head(const struct confine_work *work, struct buffer *answer, struct error *err)
{
	struct head head;

	memcpy(&head, answer->data, sizeof(head));
	buffer_consume(answer, sizeof(head));
	if (!head.ok)
		confine_take_error(err, &head.error, work->damaged);
	return head.ok != 0;
}

bool confine_run(const struct confine_work *work, struct buffer *answer, struct error *err)
{
	int fds[2], status = 0;
	bool whole;
	pid_t pid;

	buffer_reset(answer);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot start a process to read %s"), work->what);
	pid = fork();
	if (pid == 0)
		answer_and_end(fds[1], work);
	file_close(&fds[1]);
	if (pid < 0) {
		error_errno(err, FINDING_OUT_OF_MEMORY, _("cannot start a process to read %s"), work->what);
		file_close(&fds[0]);
		return false;
	}
	whole = file_read_rest(fds[0], answer);
	file_close(&fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (answer->len < sizeof(struct head) || !WIFEXITED(status))
		return ended_badly(work, status, err);
	return take_head(work, answer, err);
}

bool confine_odd_answer(const struct confine_work *work, struct error *err)
{
	return error_set(err, work->damaged, _("the process that read %s gave an answer that makes no sense"), work->what);
}
