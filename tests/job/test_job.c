/* The files of jobs: which is the newest, and which go, whatever the clock did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "job/files.h"
#include "job/job.h"

static char state_dir[64];
static time_t now;

time_t __wrap_clock_now(void);

time_t __wrap_clock_now(void)
{
	return now;
}

static int setup(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/pc-job-XXXXXX");
	return mkdtemp(state_dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, state_dir, NULL) ? 0 : -1;
}

static int do_nothing(void *data, const struct event_sink *sink, void (*ready)(void *token, const struct error *err), void *token)
{
	(void)data;
	ready(token, NULL);
	event_emit(sink, event_new("update.finished", "{s:s}", "status", "updated"));
	return 0;
}

static void take_event(void *data, const char *line, size_t len, const json_t *event)
{
	int *count = data;

	(void)line;
	(void)len;
	(void)event;
	++*count;
}

/* Runs a job at that time; its events can be read, and it is the newest. */
static void run_at(const char *when, char *id)
{
	const struct job_work work = { .run = do_nothing };
	struct error err = ERROR_INIT;
	struct job_tail *tail;
	struct job job;
	char newest[JOB_ID_MAX];
	int status, count = 0;

	assert_true(clock_parse_rfc3339(when, &now));
	if (!job_start(state_dir, &work, &job, &err))
		fail_msg("%s", err.message);
	assert_int_equal(waitpid(job.pid, &status, 0), job.pid);
	assert_int_equal(status, 0);
	file_close(&job.wake_fd);
	if (!job_tail_open(state_dir, job.id, false, &tail, &err))
		fail_msg("%s", err.message);
	job_tail_read(tail, take_event, &count);
	job_tail_free(tail);
	assert_int_equal(count, 1);
	job_newest(state_dir, newest);
	assert_string_equal(newest, job.id);
	snprintf(id, JOB_ID_MAX, "%s", job.id);
}

static void the_newest_is_the_one_that_began_last(void **state)
{
	char id[JOB_ID_MAX];

	(void)state;
	run_at("2026-11-26T10:00:00Z", id);
	assert_memory_equal(id, "20261126T100000Z-", 17);
	run_at("2026-11-26T10:30:00Z", id);
	assert_memory_equal(id, "20261126T103000Z-", 17);
}

static void so_it_is_when_two_begin_in_one_second(void **state)
{
	char id[JOB_ID_MAX];

	(void)state;
	for (int i = 0; i < 3; i++)
		run_at("2026-11-26T10:00:00Z", id);
	assert_memory_equal(id, "20261126T100002Z-", 17);
}

static void so_it_is_when_the_clock_is_set_back(void **state)
{
	char id[JOB_ID_MAX];

	(void)state;
	run_at("2026-11-26T12:00:00Z", id);
	run_at("2026-11-26T11:00:00Z", id);
	assert_memory_equal(id, "20261126T120001Z-", 17);
	/* By more than a time zone: the earlier ones are not waited for. */
	run_at("2026-11-20T11:00:00Z", id);
	assert_memory_equal(id, "20261120T110000Z-", 17);
	/* Right again. */
	run_at("2026-11-26T13:00:00Z", id);
	assert_memory_equal(id, "20261126T130000Z-", 17);
}

static int files(struct dirent ***entries)
{
	char path[128];
	int dirfd, n;

	snprintf(path, sizeof(path), "%s/jobs", state_dir);
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd >= 0);
	n = job_files(dirfd, entries);
	file_close(&dirfd);
	return n;
}

/* As many as are kept, of a time when the clock was wrong: the new one stays, and the oldest of them goes. */
static void files_from_the_future_go_first(void **state)
{
	struct dirent **entries;
	char id[JOB_ID_MAX], path[192], file[JOB_ID_MAX + 8];
	int n;

	(void)state;
	run_at("2026-11-26T10:00:00Z", id);
	for (int i = 0; i < JOB_FILES_KEPT - 1; i++) {
		snprintf(path, sizeof(path), "%s/jobs/20990101T0000%02dZ-7.jsonl", state_dir, i);
		assert_true(file_write_atomic(AT_FDCWD, path, 0640, "{}\n", 3, NULL));
	}
	run_at("2026-11-26T10:00:05Z", id);
	snprintf(file, sizeof(file), "%s.jsonl", id);
	n = files(&entries);
	assert_int_equal(n, JOB_FILES_KEPT);
	assert_string_equal(entries[0]->d_name, "20990101T000001Z-7.jsonl");
	assert_string_equal(entries[n - 3]->d_name, "20990101T000048Z-7.jsonl");
	assert_memory_equal(entries[n - 2]->d_name, "20261126T100000Z-", 17);
	assert_string_equal(entries[n - 1]->d_name, file);
	job_files_free(entries, n);
}

static void what_is_no_jobs_file_is_left_alone(void **state)
{
	struct dirent **entries;
	char id[JOB_ID_MAX], path[192];
	int n;

	(void)state;
	run_at("2026-11-26T10:00:00Z", id);
	snprintf(path, sizeof(path), "%s/jobs/notes.txt", state_dir);
	assert_true(file_write_atomic(AT_FDCWD, path, 0640, "x", 1, NULL));
	n = files(&entries);
	assert_int_equal(n, 1);
	job_files_free(entries, n);
	for (int i = 0; i <= JOB_FILES_KEPT; i++)
		run_at("2026-11-26T10:00:00Z", id);
	n = files(&entries);
	assert_int_equal(n, JOB_FILES_KEPT);
	job_files_free(entries, n);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_newest_is_the_one_that_began_last),
		TEST(so_it_is_when_two_begin_in_one_second),
		TEST(so_it_is_when_the_clock_is_set_back),
		TEST(files_from_the_future_go_first),
		TEST(what_is_no_jobs_file_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
