/* The log that this program writes: its grammar, its rotation, many writers at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "job/log.h"

static char state_dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/pc-log-XXXXXX");
	return mkdtemp(state_dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, state_dir, NULL) ? 0 : -1;
}

static struct log *must_open(int64_t max_bytes, int keep)
{
	struct error err = ERROR_INIT;
	struct log *log;

	if (!log_open(state_dir, max_bytes, keep, &log, &err))
		fail_msg("%s", err.message);
	return log;
}

static const char *log_path(const char *ending)
{
	static char path[2][128];
	static unsigned int turn;
	char *p = path[turn++ % 2];

	snprintf(p, sizeof(path[0]), "%s/log/ise-psc.log%s", state_dir, ending);
	return p;
}

static char *content(const char *ending)
{
	struct buffer text = BUFFER_INIT(64u << 20);

	if (!file_read(AT_FDCWD, log_path(ending), &text, NULL))
		fail_msg("cannot read %s", log_path(ending));
	buffer_append(&text, "", 0);
	return buffer_steal(&text);
}

static void lines_follow_the_grammar_of_the_log(void **state)
{
	static const struct { enum log_level level; const char *logger, *operation, *message, *pattern; } rows[] = {
		{ LOG_LEVEL_INFO, "Update", "update", "Starting opswat download",
		  "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3} INFO  \\[update-[0-9]+\\]\\[\\[\\]\\] "
		  "posture\\.console\\.update\\.Update -::[a-z0-9_-]+::update:- Starting opswat download$" },
		{ LOG_LEVEL_ERROR, "DownloadManager", "", "failed", ",[0-9]{3} ERROR \\[.* -::[a-z0-9_-]+:::- failed$" },
		{ LOG_LEVEL_WARN, "A", "", "x", ",[0-9]{3} WARN  \\[" },
		{ LOG_LEVEL_DEBUG, "A", "", "x", ",[0-9]{3} DEBUG \\[" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log *log = must_open(0, 0);
		regex_t pattern;
		char *text;

		log_write(log, rows[i].level, rows[i].logger, rows[i].operation, "%s", rows[i].message);
		log_close(log);
		text = content("");
		assert_int_equal(text[strlen(text) - 1], '\n');
		text[strlen(text) - 1] = '\0';
		assert_int_equal(regcomp(&pattern, rows[i].pattern, REG_EXTENDED | REG_NOSUB), 0);
		if (regexec(&pattern, text, 0, NULL, 0) != 0)
			fail_msg("%s", text);
		regfree(&pattern);
		free(text);
		assert_int_equal(unlink(log_path("")), 0);
	}
	log_write(NULL, LOG_LEVEL_INFO, "A", "", "nothing happens");
}

static void text_from_outside_stays_in_its_line(void **state)
{
	struct log *log = must_open(0, 0);
	char long_text[40000];
	char *text;

	(void)state;
	log_write(log, LOG_LEVEL_INFO, "A", "", "%s", "evil\n2025-03-13 13:58:07,246 INFO  forged\x1b[2J\x9b");
	text = content("");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_non_null(strstr(text, "evil^J2025"));
	assert_null(strchr(text, '\x1b'));
	free(text);
	/* Longer than any message may be, and four times as long when shown. */
	memset(long_text, 0x9b, sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_write(log, LOG_LEVEL_INFO, "A", "", "%s", long_text);
	text = content("");
	assert_true(strlen(text) > 60000);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	log_close(log);
}

static void modes_are_safe_whatever_the_umask(void **state)
{
	mode_t before = umask(0);
	struct log *log = must_open(0, 0);
	struct stat st;
	char dir[128];

	(void)state;
	umask(before);
	assert_int_equal(stat(log_path(""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(dir, sizeof(dir), "%s/log", state_dir);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	log_close(log);
}

static void a_link_in_place_of_the_log_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct log *log;
	char elsewhere[128];

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", state_dir);
	log_close(must_open(0, 0));
	assert_int_equal(unlink(log_path("")), 0);
	assert_int_equal(symlink(elsewhere, log_path("")), 0);
	assert_false(log_open(state_dir, 0, 0, &log, &err));
	assert_int_equal(access(elsewhere, F_OK), -1);
}

static void rotation_keeps_so_many_and_loses_no_line(void **state)
{
	static const char *const endings[] = { ".3", ".2", ".1", "" };
	struct log *log = must_open(2000, 3);
	int expected = -1;

	(void)state;
	for (int i = 0; i < 100; i++)
		log_write(log, LOG_LEVEL_INFO, "A", "", "line %d", i);
	log_close(log);
	assert_int_equal(access(log_path(".4"), F_OK), -1);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char *text = content(endings[i]);

		assert_true(strlen(text) <= 2000);
		for (char *p = strstr(text, "- line "); p != NULL; p = strstr(p + 1, "- line ")) {
			int n = atoi(p + 7);

			assert_true(expected == -1 || n == expected);
			expected = n + 1;
		}
		free(text);
	}
	assert_int_equal(expected, 100);
}

static void an_interrupted_rotation_loses_nothing(void **state)
{
	struct log *log;
	char *text;

	(void)state;
	log = must_open(100, 3);
	log_write(log, LOG_LEVEL_INFO, "A", "", "oldest");
	log_write(log, LOG_LEVEL_INFO, "A", "", "middle");
	log_write(log, LOG_LEVEL_INFO, "A", "", "newest");
	log_close(log);
	/* .2 oldest, .1 middle. As if it had been killed after moving .1 out of the way: */
	assert_int_equal(rename(log_path(".2"), log_path(".3")), 0);
	assert_int_equal(rename(log_path(".1"), log_path(".2")), 0);
	log = must_open(100, 3);
	log_write(log, LOG_LEVEL_INFO, "A", "", "now");
	log_close(log);
	text = content(".3");
	assert_non_null(strstr(text, "oldest"));
	free(text);
	text = content(".1");
	assert_non_null(strstr(text, "newest"));
	free(text);
}

static void it_follows_when_another_moves_or_removes_it(void **state)
{
	struct log *log = must_open(0, 0);
	char *text;

	(void)state;
	log_write(log, LOG_LEVEL_INFO, "A", "", "one");
	assert_int_equal(rename(log_path(""), log_path(".1")), 0);
	log_write(log, LOG_LEVEL_INFO, "A", "", "two");
	text = content("");
	assert_null(strstr(text, "one"));
	assert_non_null(strstr(text, "two"));
	free(text);
	assert_int_equal(unlink(log_path("")), 0);
	log_write(log, LOG_LEVEL_INFO, "A", "", "three");
	text = content("");
	assert_non_null(strstr(text, "three"));
	free(text);
	log_close(log);
}

#define WRITERS 8
#define LINES 400

static void many_writers_lose_and_mix_no_line(void **state)
{
	static bool seen[WRITERS][LINES];
	pid_t pids[WRITERS];
	int total = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			struct log *log = must_open(20000, 100);

			for (int i = 0; i < LINES; i++)
				log_write(log, LOG_LEVEL_INFO, "A", "", "writer %d line %d end", w, i);
			log_close(log);
			_exit(0);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
	for (int n = 0; n <= 100; n++) {
		char ending[16] = "", *text, *line, *rest;

		if (n > 0)
			snprintf(ending, sizeof(ending), ".%d", n);
		if (access(log_path(ending), F_OK) < 0)
			continue;
		text = content(ending);
		for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
			int w, i, used = 0;
			const char *message = strstr(line, ":- ");

			assert_non_null(message);
			assert_int_equal(sscanf(message, ":- writer %d line %d end%n", &w, &i, &used), 2);
			assert_int_equal(message[used], '\0');
			assert_false(seen[w][i]);
			seen[w][i] = true;
			total++;
		}
		free(text);
	}
	assert_int_equal(total, WRITERS * LINES);
}

static void a_line_cut_by_a_full_disk_is_closed(void **state)
{
	pid_t pid = fork();
	char *text, *last;
	int status;

	(void)state;
	if (pid == 0) {
		struct log *log = must_open(0, 0);
		struct rlimit limit;

		signal(SIGXFSZ, SIG_IGN);
		log_write(log, LOG_LEVEL_INFO, "A", "", "whole");
		getrlimit(RLIMIT_FSIZE, &limit);
		limit.rlim_cur = 120;
		setrlimit(RLIMIT_FSIZE, &limit);
		log_write(log, LOG_LEVEL_INFO, "A", "", "cut by the limit of the file's size");
		log_write(log, LOG_LEVEL_INFO, "A", "", "lost");
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_FSIZE, &limit);
		log_write(log, LOG_LEVEL_INFO, "A", "", "after");
		log_close(log);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = content("");
	text[strlen(text) - 1] = '\0';
	last = strrchr(text, '\n');
	assert_non_null(last);
	assert_true(last[1] >= '0' && last[1] <= '9');
	assert_non_null(strstr(last, ":- after"));
	assert_null(strstr(text, "lost"));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_follow_the_grammar_of_the_log),
		TEST(text_from_outside_stays_in_its_line),
		TEST(modes_are_safe_whatever_the_umask),
		TEST(a_link_in_place_of_the_log_is_refused),
		TEST(rotation_keeps_so_many_and_loses_no_line),
		TEST(an_interrupted_rotation_loses_nothing),
		TEST(it_follows_when_another_moves_or_removes_it),
		TEST(many_writers_lose_and_mix_no_line),
		TEST(a_line_cut_by_a_full_disk_is_closed),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
