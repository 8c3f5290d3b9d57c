/* The update lock and the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "place.h"

/* --- the lock -------------------------------------------------------------------------------------------------------- */

/* Runs `child` in a process of its own; returns its exit code. */
static int in_child(int (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int try_to_lock(void)
{
	struct error err = ERROR_INIT;
	char job[STORE_JOB_MAX], pid[32];
	struct store *s;

	if (!store_open(place.state, false, &s, &err))
		return 100;
	snprintf(pid, sizeof(pid), "process %ld", (long)getppid());
	if (store_lock_holder(s, job) == getppid() && strcmp(job, "test") != 0)
		return 101;
	if (store_lock(s, "child", &err))
		return 0;
	return strstr(err.message, pid) != NULL && strstr(err.message, "job test") != NULL ? error_exit_code(&err) : 102;
}

static void one_process_holds_the_lock_and_others_are_told_who(void **state)
{
	struct error err = ERROR_INIT;
	char job[STORE_JOB_MAX];
	struct store *other;

	(void)state;
	put_text("update.lock", "4711 stale content\x1b[31m\n");
	assert_int_equal(in_child(try_to_lock), 0);
	must_lock();
	assert_int_equal(in_child(try_to_lock), EXIT_BUSY);
	/* Looking at the lock from this very process must not drop it. */
	assert_int_equal(store_lock_holder(place.s, job), getpid());
	assert_string_equal(job, "test");
	assert_true(store_open(place.state, true, &other, &err));
	assert_int_equal(store_lock_holder(other, NULL), getpid());
	assert_false(store_lock(other, "other", &err));
	assert_int_equal(err.code, FINDING_UPDATE_LOCKED);
	store_free(other);
	assert_int_equal(in_child(try_to_lock), EXIT_BUSY);
	store_unlock(place.s);
	assert_int_equal(in_child(try_to_lock), 0);
	assert_int_equal(store_lock_holder(place.s, NULL), 0);
}

static void without_the_lock_nothing_is_built(void **state)
{
	struct error err = ERROR_INIT;
	char what[STORE_WHAT_MAX];
	struct store_build *b;

	(void)state;
	assert_false(store_build_begin(place.s, &b, &err));
	assert_false(store_recover(place.s, what, &err));
}

/* --- the history ----------------------------------------------------------------------------------------------------- */

static void a_torn_line_is_left_out_and_repaired(void **state)
{
	static const struct { const char *text; size_t lines; } rows[] = {
		{ "", 0 },
		{ "{\"a\":1}\n", 1 },
		{ "{\"a\":1}\n{\"b\":", 1 },
		{ "{\"b\":", 0 },
		{ "{\"a\":1}", 1 },			/* whole but for its newline */
		{ "{\"a\":1}\n\n[1]\n7\ngarbage\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		json_t *lines;

		put_text("history.jsonl", rows[i].text);
		assert_int_equal(history_lines(), rows[i].lines);
		assert_true(store_history_append(place.s, json_pack("{s:s}", "action", "update"), &err));
		assert_int_equal(history_lines(), rows[i].lines + 1);
		assert_true(store_history_load(place.s, &lines, &err));
		assert_non_null(json_object_get(json_array_get(lines, rows[i].lines), "time"));
		json_decref(lines);
	}
}

static void a_history_of_nul_bytes_is_survived(void **state)
{
	char zeros[40000] = { 0 };
	int fd = open(in_state("history.jsonl"), O_WRONLY | O_CREAT, 0640);

	(void)state;
	assert_true(file_write_all(fd, "{\"a\":1}\n", 8) && file_write_all(fd, zeros, sizeof(zeros)));
	close(fd);
	assert_int_equal(history_lines(), 1);
	assert_true(store_history_append(place.s, json_object(), NULL));
	assert_int_equal(history_lines(), 2);
}

static void a_long_history_loses_its_oldest_lines_only(void **state)
{
	struct error err = ERROR_INIT;
	char filler[1024];
	struct stat st;
	json_t *lines;
	size_t count;

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	for (int i = 0; i < 4200; i++)
		assert_true(store_history_append(place.s, json_pack("{s:s, s:s, s:s, s:i}", "action", "update", "status",
								    "failed", "summary", filler, "n", i), &err));
	assert_int_equal(stat(in_state("history.jsonl"), &st), 0);
	assert_true(st.st_size < 4 * 1024 * 1024 + 2048);
	assert_true(store_history_load(place.s, &lines, &err));
	count = json_array_size(lines);
	assert_true(count > 1500 && count < 4200);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(lines, count - 1), "n")), 4199);
	/* Recovery asks for the switch: it is there still, so that nothing is told twice. */
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 0), "status")), "updated");
	json_decref(lines);
	store_unlock(place.s);
	must_lock();
	must_be_sound();
}

static void nul_bytes_do_not_end_a_history_that_is_shortened(void **state)
{
	struct buffer text = BUFFER_INIT(8 * 1024 * 1024);
	char filler[1024], zeros[256 * 1024] = { 0 };
	json_t *lines;

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	while (text.len < 4 * 1024 * 1024) {
		bool was_before = text.len < 2 * 1024 * 1024;

		buffer_printf(&text, "{\"summary\":\"%s\"}\n", filler);
		/* where the shorter one begins */
		if (was_before && text.len >= 2 * 1024 * 1024)
			buffer_append(&text, zeros, sizeof(zeros));
	}
	assert_true(file_write_quick(AT_FDCWD, in_state("history.jsonl"), 0640, text.data, text.len, NULL));
	assert_true(store_history_append(place.s, json_object(), NULL));
	assert_true(store_history_load(place.s, &lines, NULL));
	assert_true(json_array_size(lines) > 1500);
	json_decref(lines);
	buffer_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(one_process_holds_the_lock_and_others_are_told_who),
		PLACE_TEST(without_the_lock_nothing_is_built),
		PLACE_TEST(a_torn_line_is_left_out_and_repaired),
		PLACE_TEST(a_history_of_nul_bytes_is_survived),
		PLACE_TEST(a_long_history_loses_its_oldest_lines_only),
		PLACE_TEST(nul_bytes_do_not_end_a_history_that_is_shortened),
	};

	return cmocka_run_group_tests_name("store history", tests, NULL, NULL);
}
