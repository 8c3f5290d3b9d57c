/* What is taken from a confined process, asked of each call and each limit by itself: one barrier may not hide that another is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/confine_run.h"
#include "base/file.h"

/* What `ask` returns in a child of its own; -1: it was killed. */
static int in_child(int (*ask)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ask());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

/* With arguments that the kernel refuses otherwise (EFAULT, EBADF, EINVAL): EPERM is the filter's. */
static const struct { const char *name; long number; } forbidden[] = {
	{ "connect", SYS_connect }, { "bind", SYS_bind }, { "socket", SYS_socket }, { "socketpair", SYS_socketpair },
	{ "accept4", SYS_accept4 }, { "execve", SYS_execve }, { "execveat", SYS_execveat }, { "symlinkat", SYS_symlinkat },
	{ "linkat", SYS_linkat }, { "mknodat", SYS_mknodat }, { "process_vm_readv", SYS_process_vm_readv },
	{ "process_vm_writev", SYS_process_vm_writev }, { "memfd_create", SYS_memfd_create }, { "mount", SYS_mount },
	{ "chroot", SYS_chroot }, { "setns", SYS_setns }, { "pipe2", SYS_pipe2 }, { "kill", SYS_kill }, { "shmget", SYS_shmget },
	{ "inotify_init1", SYS_inotify_init1 }, { "timer_create", SYS_timer_create }, { "setxattr", SYS_setxattr },
	{ "prlimit64", SYS_prlimit64 }, { "fchownat", SYS_fchownat }, { "ioctl", SYS_ioctl }, { "userfaultfd", SYS_userfaultfd },
#ifdef SYS_pidfd_open
	{ "pidfd_open", SYS_pidfd_open },
#endif
#ifdef SYS_io_uring_setup
	{ "io_uring_setup", SYS_io_uring_setup },
#endif
};

static int first_call_that_passes(void)
{
	confine_self(NULL, 0);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		errno = 0;
		if (syscall(forbidden[i].number, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM)
			return (int)i + 1;
	}
	return 0;
}

/* These would succeed. */
static int passes_with_good_arguments(void)
{
	confine_self(NULL, 0);
	if (syscall(SYS_ptrace, 0L, 0L, 0L, 0L) == 0)
		return 1;
	if (syscall(SYS_unshare, 0L) == 0)
		return 2;
	if (syscall(SYS_setuid, (long)getuid()) == 0)
		return 3;
	if (syscall(SYS_personality, 0xFFFFFFFFL) >= 0)
		return 4;
#ifdef SYS_fork
	if (syscall(SYS_fork) >= 0)
		return 5;
#endif
	return 0;
}

static void each_call_is_refused_by_itself(void **state)
{
	int passed = in_child(first_call_that_passes);

	(void)state;
	if (passed > 0)
		fail_msg("%s passes", forbidden[passed - 1].name);
	assert_int_equal(passed, 0);
	assert_int_equal(in_child(passes_with_good_arguments), 0);
}

#ifdef __x86_64__
static int calls_as_32_bits_do(void)
{
	long rc = 20;	/* getpid there; another call here */

	confine_self(NULL, 0);
	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory");
	return 0;
}
#endif

static void the_other_way_into_the_kernel_is_shut(void **state)
{
	(void)state;
#ifdef __x86_64__
	assert_int_not_equal(in_child(calls_as_32_bits_do), 0);
#endif
}

/* --- limits ----------------------------------------------------------------------------------------------------------- */

static bool core_is_zero(void)
{
	struct rlimit now;

	return getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_cur == 0 && now.rlim_max == 0;
}

static void allow_core(void)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_CORE, &now) == 0) {
		now.rlim_cur = now.rlim_max;
		setrlimit(RLIMIT_CORE, &now);
	}
}

static int secret_leaves_core(void)
{
	allow_core();
	confine_memory();
	return !core_is_zero();
}

static int job_leaves_core(void)
{
	allow_core();
	confine_job(true);
	return !core_is_zero();
}

static int job_with_a_hook_lost_rights(void)
{
	confine_job(true);
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0;
}

/* A line of /proc/PID/limits holds these numbers. */
static bool has_limit(pid_t pid, const char *name, const char *soft, const char *hard)
{
	struct buffer text = BUFFER_INIT(100000);
	char path[64], a[64] = "", b[64] = "";
	const char *line;

	snprintf(path, sizeof(path), "/proc/%ld/limits", (long)pid);
	line = file_read(AT_FDCWD, path, &text, NULL) ? strstr(buffer_text(&text), name) : NULL;
	if (line != NULL)
		sscanf(line + strlen(name), " %63s %63s", a, b);
	buffer_clear(&text);
	return strcmp(a, soft) == 0 && strcmp(b, hard) == 0;
}

static void nothing_is_dumped_and_no_process_made(void **state)
{
	int ends[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(in_child(secret_leaves_core), 0);
	assert_int_equal(in_child(job_leaves_core), 0);
	assert_int_equal(in_child(job_with_a_hook_lost_rights), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		allow_core();
		confine_self(NULL, 0);
		_exit(write(ends[1], "x", 1) == 1 && read(ends[1], &byte, 1) == 0 ? 0 : 1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_true(has_limit(pid, "Max core file size", "0", "0"));
#if !defined(PC_SANITIZED) && !defined(PC_COVERAGE)
	assert_true(has_limit(pid, "Max processes", "0", "0"));
#endif
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Those of root's capabilities that an update needs, in every set that counts. */
static int job_keeps_more(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	const uint32_t needed = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_NET_RAW;

	if (syscall(SYS_capget, &header, data) != 0)
		return 0;
	data[0].inheritable = data[0].permitted;
	(void)syscall(SYS_capset, &header, data);
	confine_job(false);
	if (syscall(SYS_capget, &header, data) != 0)
		return 2;
	return (data[0].effective & ~needed) != 0 || (data[0].permitted & ~needed) != 0 || data[0].inheritable != 0 ||
	       data[1].permitted != 0 || data[1].effective != 0;
}

static void what_a_job_gives_up_it_cannot_take_again(void **state)
{
	(void)state;
	assert_int_equal(in_child(job_keeps_more), 0);
}

/* --- descriptors ------------------------------------------------------------------------------------------------------ */

static int keeps_descriptors(void)
{
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC), kept = fcntl(first, F_DUPFD_CLOEXEC, 100);
	int above = fcntl(first, F_DUPFD_CLOEXEC, 200);

	confine_descriptors(&kept, 1);
	return fcntl(first, F_GETFD) >= 0 || fcntl(kept, F_GETFD) < 0 || fcntl(above, F_GETFD) >= 0;
}

static int writes_to_the_terminal(void)
{
	struct stat null, out;

	confine_descriptors(NULL, 0);
	for (int fd = 0; fd <= 2; fd++) {
		if (fstat(fd, &out) < 0 || stat("/dev/null", &null) < 0 || out.st_rdev != null.st_rdev)
			return 1;
	}
	return 0;
}

static void only_what_is_kept_stays_open(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_descriptors), 0);
#if !defined(PC_SANITIZED) && !defined(PC_COVERAGE)
	assert_int_equal(in_child(writes_to_the_terminal), 0);
#endif
}

/* --- confine_run() ---------------------------------------------------------------------------------------------------- */

static bool tells_who_it_is_and_waits(void *data, struct buffer *out, struct error *err)
{
	int fd = *(int *)data;
	pid_t pid = getpid();
	char byte;

	(void)out, (void)err;
	return write(fd, &pid, sizeof(pid)) == (ssize_t)sizeof(pid) && read(fd, &byte, 1) == 1;
}

/* It has a minute, and ends with whoever asked it. */
static void work_does_not_outlive_its_caller(void **state)
{
	int ends[2];
	pid_t caller, worker = 0;
	struct pollfd wait;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	caller = fork();
	if (caller == 0) {
		struct confine_work work = { .work = tells_who_it_is_and_waits, .data = &ends[1], .fd = ends[1], .what = "it",
					     .damaged = FINDING_BUNDLE_CORRUPT };
		struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);

		close(ends[0]);
		(void)confine_run(&work, &answer, NULL);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &worker, sizeof(worker)), sizeof(worker));
	assert_true(has_limit(worker, "Max cpu time", "60", "61"));
	assert_int_equal(kill(caller, SIGKILL), 0);
	assert_int_equal(waitpid(caller, NULL, 0), caller);
	wait = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	assert_int_equal(poll(&wait, 1, 5000), 1);
	assert_int_equal(read(ends[0], &worker, 1), 0);
	close(ends[0]);
}

static bool ends_silently(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)out, (void)err;
	_exit(0);
}

static bool is_killed(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)out, (void)err;
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL);
	return true;
}

static bool says_too_much(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)err;
	out->max = 100;
	while (buffer_append(out, "0123456789", 10))
		;
	return true;
}

static bool says_a_little(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)err;
	return buffer_append(out, "0123456789", 10);
}

static enum finding finding_of(bool (*work)(void *, struct buffer *, struct error *), size_t room)
{
	struct confine_work asked = { .work = work, .fd = -1, .what = "it", .damaged = FINDING_BUNDLE_CORRUPT };
	struct buffer answer = BUFFER_INIT(room);
	struct error err = ERROR_INIT;
	bool ok = confine_run(&asked, &answer, &err);

	buffer_clear(&answer);
	assert_int_equal(ok, err.code == FINDING_NONE);
	return err.code;
}

static void an_answer_that_is_not_whole_is_none(void **state)
{
	(void)state;
	assert_int_equal(finding_of(says_a_little, CONFINE_ANSWER_MAX), FINDING_NONE);
	assert_int_equal(finding_of(ends_silently, CONFINE_ANSWER_MAX), FINDING_BUNDLE_CORRUPT);
	assert_int_equal(finding_of(is_killed, CONFINE_ANSWER_MAX), FINDING_OUT_OF_MEMORY);
	assert_int_equal(finding_of(says_too_much, CONFINE_ANSWER_MAX), FINDING_OUT_OF_MEMORY);
	/* All of the head and half of the text. */
	assert_int_equal(finding_of(says_a_little, sizeof(int) + sizeof(struct error) + 8), FINDING_OUT_OF_MEMORY);
}

static void an_error_from_there_is_made_fit(void **state)
{
	static const int codes[] = { FINDING_COUNT, FINDING_COUNT + 1000, -1 };
	struct error given = ERROR_INIT, err;

	(void)state;
	memset(given.message, 'm', sizeof(given.message));
	memset(given.next, 'n', sizeof(given.next));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		given.code = (enum finding)codes[i];
		confine_take_error(&err, &given, FINDING_BUNDLE_CORRUPT);
		assert_int_equal(err.code, FINDING_BUNDLE_CORRUPT);
		assert_int_equal(strnlen(err.message, sizeof(err.message)), sizeof(err.message) - 1);
		assert_int_equal(strnlen(err.next, sizeof(err.next)), sizeof(err.next) - 1);
	}
	given.code = FINDING_COUNT - 1;
	confine_take_error(&err, &given, FINDING_BUNDLE_CORRUPT);
	assert_int_equal(err.code, FINDING_COUNT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_is_refused_by_itself),
		cmocka_unit_test(the_other_way_into_the_kernel_is_shut),
		cmocka_unit_test(nothing_is_dumped_and_no_process_made),
		cmocka_unit_test(what_a_job_gives_up_it_cannot_take_again),
		cmocka_unit_test(only_what_is_kept_stays_open),
		cmocka_unit_test(work_does_not_outlive_its_caller),
		cmocka_unit_test(an_answer_that_is_not_whole_is_none),
		cmocka_unit_test(an_error_from_there_is_made_fit),
	};

	return cmocka_run_group_tests_name("confine limits", tests, NULL, NULL);
}
