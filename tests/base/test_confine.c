/* What a confined process can still do, and what not; each question in a child process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/confine_run.h"
#include "base/file.h"

static char room[] = "/tmp/pc-confine-XXXXXX";
static int inside = -1;		/* room/inside, the one writable folder */

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

/* Runs `ask` in a confined child: true when it returned true. */
static bool confined(bool (*ask)(void))
{
	unsigned int wanted = CONFINE_SECCOMP | (has_landlock() ? CONFINE_LANDLOCK : 0);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(confine_self(&inside, 1) != wanted ? 2 : ask() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 2);
	return WEXITSTATUS(status) == 0;
}

static bool make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	bool ok = fd >= 0;

	file_close(&fd);
	return ok;
}

static bool writes_inside(void)
{
	int fd = openat(inside, "file", O_RDWR | O_CREAT, 0600);
	char byte;

	return fd >= 0 && write(fd, "x", 1) == 1 && pread(fd, &byte, 1, 0) == 1 && fchmod(fd, 0644) == 0 &&
	       mkdirat(inside, "folder", 0700) == 0 && unlinkat(inside, "folder", AT_REMOVEDIR) == 0 &&
	       unlinkat(inside, "file", 0) == 0;
}

static bool computes(void)
{
	char *p = malloc(1 << 20);
	bool ok = p != NULL;

	free(p);
	return ok && getpid() > 0;
}

static bool writes_outside(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/outside", room);
	return make(path);
}

static bool reads_outside(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool makes_a_link(void)
{
	return symlinkat("/etc/passwd", inside, "link") == 0 || linkat(AT_FDCWD, "/etc/passwd", inside, "hard", 0) == 0;
}

static bool makes_a_device(void)
{
	return mknodat(inside, "pipe", S_IFIFO | 0600, 0) == 0;
}

static bool opens_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool makes_a_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool runs_a_program(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };

	execv("/bin/true", argv);
	return errno != EPERM && errno != EACCES;
}

static bool signals_another(void)
{
	return kill(getppid(), 0) == 0 || syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool has_capabilities(void)
{
	char path[256];

	/* A file that only its owner, another user, may read. */
	snprintf(path, sizeof(path), "%s/inside/foreign", room);
	return open(path, O_RDONLY | O_CLOEXEC) >= 0;
}

static void what_unpacking_needs_is_allowed(void **state)
{
	(void)state;
	assert_true(confined(writes_inside));
	assert_true(confined(computes));
}

static void what_it_does_not_need_is_refused(void **state)
{
	(void)state;
	assert_false(confined(makes_a_link));
	assert_false(confined(makes_a_device));
	assert_false(confined(opens_a_socket));
	assert_false(confined(makes_a_process));
	assert_false(confined(runs_a_program));
	assert_false(confined(signals_another));
}

static void files_outside_are_out_of_reach(void **state)
{
	(void)state;
	if (!has_landlock())
		skip();
	assert_false(confined(writes_outside));
	assert_false(confined(reads_outside));
}

static void capabilities_are_gone(void **state)
{
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	fd = openat(inside, "foreign", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && fchown(fd, 65534, 65534) == 0);
	file_close(&fd);
	assert_false(confined(has_capabilities));
}

static void abort_still_aborts(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		confine_self(&inside, 1);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	assert_null(confine_missing(CONFINE_LANDLOCK | CONFINE_SECCOMP));
	assert_string_equal(confine_missing(CONFINE_LANDLOCK), "seccomp");
	assert_string_equal(confine_missing(CONFINE_SECCOMP), "Landlock");
	assert_string_equal(confine_missing(0), "Landlock, seccomp");
}

static void a_process_with_a_secret_has_no_core(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		confine_memory();
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_job_keeps_what_an_update_needs(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		bool ok;

		confine_job(false);
		ok = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && writes_inside();
		/* CAP_SYS_ADMIN, 21, is not among it. */
		_exit(ok && (geteuid() != 0 || sethostname("x", 1) < 0) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- confine_run() ---------------------------------------------------------------------------------------------------- */

static int other_fd = -1;	/* open in the caller, and nothing to the process */

static bool reads_what_it_keeps(void *data, struct buffer *out, struct error *err)
{
	char text[5];

	(void)err;
	if (pread(*(int *)data, text, sizeof(text), 0) != sizeof(text))
		return false;
	buffer_append(out, text, sizeof(text));
	return true;
}

static bool writes_to_others(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)out;
	if (fcntl(other_fd, F_GETFD) >= 0 || write(other_fd, "x", 1) == 1)
		return true;
	return error_set(err, FINDING_IO_ERROR, "it cannot");
}

static bool crashes(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)out, (void)err;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static bool eats_memory(void *data, struct buffer *out, struct error *err)
{
	(void)data, (void)out;
	for (size_t i = 0; i < 64; i++) {
		if (mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			return error_set(err, FINDING_OUT_OF_MEMORY, "out of memory");
	}
	return true;
}

static bool goes_on_and_on(void *data, struct buffer *out, struct error *err)
{
	volatile bool ended = false;

	(void)data, (void)out, (void)err;
	while (!ended)
		;
	return true;
}

static void work_gives_an_answer_and_touches_nothing_else(void **state)
{
	int fd = openat(inside, "kept", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct confine_work work = { .work = reads_what_it_keeps, .data = &fd, .fd = fd, .what = "it",
				     .damaged = FINDING_BUNDLE_CORRUPT };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	struct error err = ERROR_INIT;

	(void)state;
	other_fd = openat(inside, "other", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && other_fd >= 0 && file_write_all(fd, "hello", 5));
	assert_true(confine_run(&work, &answer, &err));
	assert_string_equal(buffer_text(&answer), "hello");
	work.work = writes_to_others;
	assert_false(confine_run(&work, &answer, &err));
	assert_int_equal(err.code, FINDING_IO_ERROR);
	assert_string_equal(err.message, "it cannot");
	buffer_clear(&answer);
	file_close(&fd);
	file_close(&other_fd);
}

static void a_crash_is_a_finding(void **state)
{
	struct confine_work work = { .work = crashes, .fd = -1, .what = "it", .damaged = FINDING_FEED_SIGNATURE_INVALID };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	struct error err = ERROR_INIT;

	(void)state;
	assert_false(confine_run(&work, &answer, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	assert_non_null(strstr(err.message, "signal 6"));
	buffer_clear(&answer);
}

static void memory_is_bounded(void **state)
{
	struct confine_work work = { .work = eats_memory, .fd = -1, .what = "it", .damaged = FINDING_BUNDLE_CORRUPT };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	struct error err = ERROR_INIT;

	(void)state;
#if defined(PC_SANITIZED) || defined(PC_COVERAGE)
	skip();
#endif
	assert_false(confine_run(&work, &answer, &err));
	assert_int_equal(err.code, FINDING_OUT_OF_MEMORY);
	buffer_clear(&answer);
}

/* In a process with less time than the minute that such work gets. */
static void time_is_bounded(void **state)
{
	struct confine_work work = { .work = goes_on_and_on, .fd = -1, .what = "it", .damaged = FINDING_BUNDLE_CORRUPT };
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
		struct error err = ERROR_INIT;
		bool ok;

		setrlimit(RLIMIT_CPU, &(struct rlimit){ 1, 2 });
		ok = !confine_run(&work, &answer, &err) && err.code == FINDING_BUNDLE_CORRUPT && strstr(err.message, "time") != NULL;
		buffer_clear(&answer);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int setup(void **state)
{
	char path[256];

	(void)state;
	if (mkdtemp(room) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/inside", room);
	inside = mkdir(path, 0755) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return inside >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	file_close(&inside);
	return file_remove_tree(AT_FDCWD, room, NULL) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_unpacking_needs_is_allowed),
		cmocka_unit_test(what_it_does_not_need_is_refused),
		cmocka_unit_test(files_outside_are_out_of_reach),
		cmocka_unit_test(capabilities_are_gone),
		cmocka_unit_test(abort_still_aborts),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(a_process_with_a_secret_has_no_core),
		cmocka_unit_test(a_job_keeps_what_an_update_needs),
		cmocka_unit_test(work_gives_an_answer_and_touches_nothing_else),
		cmocka_unit_test(a_crash_is_a_finding),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(time_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
