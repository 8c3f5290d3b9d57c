/* What is asked aside: the answer, whole; and nobody who waits for one that does not come. A log that is reached for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ui/aside.h"
#include "../ui/log_reach.h"
#include "../ui/loop.h"
#include "base/clock.h"
#include "base/file.h"

#define LONG_ANSWER 300000		/* more than a pipe holds */

static void answer_long(const void *arg, int fd)
{
	char byte = *(const char *)arg;

	for (int i = 0; i < LONG_ANSWER; i++)
		file_write_all(fd, &byte, 1);
}

static void the_answer_is_whole(void **state)
{
	struct buffer answer = BUFFER_INIT(1u << 20);
	int fd = aside_start(answer_long, "x");

	(void)state;
	assert_true(fd >= 0);
	assert_true(aside_read(fd, &answer, 20000));
	assert_int_equal(answer.len, LONG_ANSWER);
	assert_int_equal(strspn(buffer_text(&answer), "x"), LONG_ANSWER);
	file_close(&fd);
	buffer_clear(&answer);
}

/* Says who it is, and whether it holds the descriptor that it is given the number of; then it hangs. */
static void hang(const void *arg, int fd)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %d\n", (int)getpid(), fcntl(*(const int *)arg, F_GETFD) != -1);

	file_write_all(fd, text, (size_t)n);
	pause();
}

static void nobody_waits_for_what_hangs(void **state)
{
	struct buffer answer = BUFFER_INIT(4096);
	int terminal = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = aside_start(hang, &terminal), pid = 0, holds = 1;
	int64_t start = clock_monotonic_ms();

	(void)state;
	assert_true(fd >= 0);
	while (strchr(buffer_text(&answer), '\n') == NULL && clock_monotonic_ms() - start < 20000)
		assert_false(aside_read(fd, &answer, 10));
	assert_int_equal(sscanf(buffer_text(&answer), "%d %d", &pid, &holds), 2);
	assert_int_equal(holds, 0);
	start = clock_monotonic_ms();
	assert_false(aside_read(fd, &answer, 0));
	assert_true(clock_monotonic_ms() - start < 5000);
	file_close(&fd);
	assert_int_equal(kill(pid, SIGKILL), 0);
	file_close(&terminal);
	buffer_clear(&answer);
}

static void a_file_is_looked_at(void **state)
{
	struct stat st;

	(void)state;
	assert_true(aside_stat("/", &st));
	assert_true(S_ISDIR(st.st_mode));
	assert_false(aside_stat("/no/such/file", &st));
	assert_int_equal(errno, ENOENT);
}

static bool reverse(const void *arg, struct buffer *out, struct error *err)
{
	const char *text = arg;

	if (text[0] == '\0')
		return error_set(err, FINDING_PATH_INVALID, "there is no text");
	for (size_t i = strlen(text); i > 0; i--)
		buffer_putc(out, text[i - 1]);
	return true;
}

static bool never(const void *arg, struct buffer *out, struct error *err)
{
	(void)arg;
	(void)out;
	(void)err;
	pause();
	return true;
}

static void an_errand_tells_what_came_of_it(void **state)
{
	struct buffer out = BUFFER_INIT(64);
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(aside_do(reverse, "abc", "text", &out, &err));
	assert_string_equal(buffer_text(&out), "cba");
	assert_false(aside_do(reverse, "", "text", &out, &err));
	assert_string_equal(err.message, "there is no text");
	assert_int_equal(err.code, FINDING_PATH_INVALID);
	assert_false(aside_do(never, "", "/dead/file", NULL, &err));
	assert_non_null(strstr(err.message, "/dead/file"));
	assert_int_equal(err.sys_errno, ETIMEDOUT);
	buffer_clear(&out);
}

static void note_answer(void *data, int error)
{
	*(int *)data = error;
}

#define NO_ANSWER (-1)
#define LONG_ENOUGH_MS 20000

static void a_log_that_is_near_answers_at_once(void **state)
{
	struct loop *loop = loop_new();
	struct log_reach r = { 0 };
	int answer = NO_ANSWER;

	(void)state;
	assert_non_null(loop);
	log_reach_end(&r);
	log_reach(&r, loop, "/", note_answer, &answer);
	while (log_reach_waits(&r))	/* a busy machine */
		assert_true(loop_turn(loop, LONG_ENOUGH_MS));
	assert_int_equal(answer, 0);
	log_reach(&r, loop, "/no/such/log", note_answer, &answer);
	while (log_reach_waits(&r))
		assert_true(loop_turn(loop, LONG_ENOUGH_MS));
	assert_int_equal(answer, ENOENT);
	loop_free(loop);
}

/* A pipe without a writer is such a log; one who writes to it can tell whether somebody waits. */
static void a_log_that_is_dead_is_waited_for_until_nobody_wants_it(void **state)
{
	char folder[] = "/tmp/aside.XXXXXX", path[64];
	struct loop *loop = loop_new();
	struct log_reach r = { 0 };
	int answer = NO_ANSWER, writer;
	int64_t start;

	(void)state;
	assert_non_null(loop);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	start = clock_monotonic_ms();
	log_reach(&r, loop, path, note_answer, &answer);
	assert_true(clock_monotonic_ms() - start < LONG_ENOUGH_MS);
	assert_true(log_reach_waits(&r));
	while ((writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		assert_int_equal(errno, ENXIO);	/* not there yet */
	while (log_reach_waits(&r))
		assert_true(loop_turn(loop, LONG_ENOUGH_MS));
	assert_int_equal(answer, 0);
	file_close(&writer);

	log_reach(&r, loop, path, note_answer, &answer);
	assert_true(log_reach_waits(&r));
	log_reach_end(&r);
	assert_false(log_reach_waits(&r));
	for (start = clock_monotonic_ms(); clock_monotonic_ms() - start < LONG_ENOUGH_MS; usleep(10000)) {
		writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (writer < 0)
			break;
		file_close(&writer);
	}
	assert_int_equal(writer, -1);
	unlink(path);
	rmdir(folder);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_whole),
		cmocka_unit_test(nobody_waits_for_what_hangs),
		cmocka_unit_test(a_file_is_looked_at),
		cmocka_unit_test(an_errand_tells_what_came_of_it),
		cmocka_unit_test(a_log_that_is_near_answers_at_once),
		cmocka_unit_test(a_log_that_is_dead_is_waited_for_until_nobody_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
