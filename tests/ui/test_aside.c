/* What is asked aside: the answer, whole; and nobody who waits for one that does not come. */
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
#include <unistd.h>

#include "../ui/aside.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_whole),
		cmocka_unit_test(nobody_waits_for_what_hangs),
		cmocka_unit_test(a_file_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
