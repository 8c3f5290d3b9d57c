/* Generations, the switch, the lock, the history, recovery. */
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "fixture.h"

struct place {
	char dir[64];
	char state[96];
	struct store *s;
};

static struct place place;

static const char *in_state(const char *rest)
{
	static char path[4][512];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", place.state, rest);
	return p;
}

static int setup(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	snprintf(place.dir, sizeof(place.dir), "/tmp/pc-store-XXXXXX");
	assert_non_null(mkdtemp(place.dir));
	snprintf(place.state, sizeof(place.state), "%s/state", place.dir);
	if (!store_open(place.state, true, &place.s, &err))
		fail_msg("%s", err.message);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_free(place.s);
	place.s = NULL;
	return file_remove_tree(AT_FDCWD, place.dir, NULL) ? 0 : -1;
}

static void reopen(void)
{
	struct error err = ERROR_INIT;

	store_free(place.s);
	if (!store_open(place.state, true, &place.s, &err))
		fail_msg("%s", err.message);
}

static void must_lock(void)
{
	struct error err = ERROR_INIT;
	char what[STORE_WHAT_MAX];

	if (!store_lock(place.s, "test", &err) || !store_recover(place.s, what, &err))
		fail_msg("%s", err.message);
}

static const struct fixture_component first_parts[] = {
	{ "cisco-conditions", "1", "1", false }, { "os-groups", "7", "7", false }, { "defaults", "d1", "d1", true },
};
static const struct fixture_component second_parts[] = {
	{ "cisco-conditions", "2", "2", false }, { "os-groups", "7", NULL, false }, { "defaults", "d1", NULL, true },
};

static void must_commit(const char *version, const struct fixture_component *parts, int keep, char *id)
{
	struct error err = ERROR_INIT;

	if (!fixture_commit(place.s, version, parts, 3, keep, id, &err))
		fail_msg("%s", err.message);
	if (store_warning(place.s) != NULL)
		fail_msg("%s", store_warning(place.s)->message);
}

static void must_be_sound(void)
{
	char why[256];

	if (!fixture_state_is_sound(place.state, why))
		fail_msg("%s", why);
}

static size_t history_lines(void)
{
	json_t *lines;
	size_t count;

	assert_true(store_history_load(place.s, &lines, NULL));
	count = json_array_size(lines);
	json_decref(lines);
	return count;
}

static bool exists(const char *rest)
{
	struct stat st;

	return lstat(in_state(rest), &st) == 0;
}

static void put_text(const char *rest, const char *text)
{
	int fd = open(in_state(rest), O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0 && file_write_all(fd, text, strlen(text)));
	close(fd);
}

static mode_t mode_of(const char *rest)
{
	struct stat st;

	assert_int_equal(lstat(in_state(rest), &st), 0);
	return st.st_mode & 07777;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static void folders_get_safe_modes_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before;
		char id[STORE_GENERATION_MAX], path[256];
		struct stat st;

		assert_true(file_remove_tree(AT_FDCWD, place.state, NULL));
		before = umask(masks[i]);
		reopen();
		must_lock();
		must_commit("v1", first_parts, 5, id);
		umask(before);
		assert_int_equal(mode_of("."), 0750);
		assert_int_equal(mode_of("content"), 0750);
		assert_int_equal(mode_of("staging"), 0700);
		assert_int_equal(mode_of("history.jsonl"), 0640);
		assert_int_equal(mode_of("defaults"), 0750);
		assert_int_equal(mode_of("defaults/data"), 0750);
		assert_int_equal(mode_of("defaults/data/list.txt"), 0640);
		assert_int_equal(stat(in_state("current"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(mode_of("current/components/os-groups"), 0755);
		assert_int_equal(mode_of("current/components/os-groups/data"), 0755);
		assert_int_equal(mode_of("current/components/os-groups/data/list.txt"), 0444);
		assert_int_equal(mode_of("current/generation.json"), 0444);
		snprintf(path, sizeof(path), "content/%s", id);
		assert_int_equal(mode_of(path), 0755);
		store_unlock(place.s);
	}
}

static void a_folder_that_others_can_write_to_is_refused(void **state)
{
	static const struct { const char *name; mode_t mode; } rows[] = {
		{ ".", 0770 }, { ".", 0757 }, { "content", 0777 }, { "staging", 0722 }, { "trust", 0770 }, { "jobs", 0702 },
	};

	(void)state;
	assert_int_equal(mkdir(in_state("trust"), 0700), 0);
	assert_int_equal(mkdir(in_state("jobs"), 0700), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		mode_t before = mode_of(rows[i].name);
		struct store *s;

		assert_int_equal(chmod(in_state(rows[i].name), rows[i].mode), 0);
		assert_false(store_open(place.state, false, &s, &err));
		assert_int_equal(err.code, FINDING_PERMISSION_DENIED);
		assert_non_null(strstr(err.next, "chmod go-w"));
		assert_false(store_open(place.state, true, &s, &err));
		assert_int_equal(chmod(in_state(rows[i].name), before), 0);
		assert_true(store_open(place.state, false, &s, &err));
		store_free(s);
	}
}

static void a_folder_that_is_not_there_is_an_empty_store(void **state)
{
	struct error err = ERROR_INIT;
	struct store_generation *g;
	char id[STORE_GENERATION_MAX], **ids;
	struct store *s;
	json_t *lines;
	size_t count;

	(void)state;
	assert_true(store_open("/nonexistent/state", false, &s, &err));
	assert_int_equal(store_fd(s), -1);
	store_current(s, id);
	assert_string_equal(id, "");
	assert_true(store_generation_load(s, NULL, &g, &err));
	assert_null(g);
	assert_true(store_generation_ids(s, &ids, &count, &err));
	assert_int_equal(count, 0);
	store_ids_free(ids, count);
	assert_true(store_history_load(s, &lines, &err));
	assert_int_equal(json_array_size(lines), 0);
	json_decref(lines);
	assert_int_equal(store_lock_holder(s, NULL), 0);
	assert_false(store_lock(s, "test", &err));
	assert_false(store_history_append(s, json_object(), &err));
	store_free(s);
	assert_false(store_open("/proc/nonexistent/state", true, &s, &err));
	assert_false(store_open("/dev/null", false, &s, &err));
}

/* --- the switch ------------------------------------------------------------------------------------------------------ */

static void an_update_becomes_current_and_the_one_before_stays(void **state)
{
	struct error err = ERROR_INIT;
	char first[STORE_GENERATION_MAX], second[STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];
	struct store_generation *g;
	struct stat a, b;
	json_t *lines;
	char path[256];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, first);
	must_be_sound();
	must_commit("v2", second_parts, 5, second);
	must_be_sound();
	store_current(place.s, now);
	assert_string_equal(now, second);
	store_previous(place.s, now);
	assert_string_equal(now, first);
	assert_true(store_generation_load(place.s, NULL, &g, &err));
	assert_string_equal(g->version, "v2");
	assert_int_equal(g->count, 3);
	assert_int_equal(g->published, 1763625600);
	assert_int_equal(g->expires, 0);
	assert_int_equal(g->components[0].files, 2);
	assert_int_equal(g->components[0].bytes, 3);
	assert_true(g->components[2].once);
	store_generation_free(g);

	/* An unchanged component shares its files, a changed one does not. */
	snprintf(path, sizeof(path), "content/%s/components/os-groups/data/list.txt", first);
	assert_int_equal(stat(in_state(path), &a), 0);
	assert_int_equal(stat(in_state("current/components/os-groups/data/list.txt"), &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	snprintf(path, sizeof(path), "content/%s/components/cisco-conditions/data/list.txt", first);
	assert_int_equal(stat(in_state(path), &a), 0);
	assert_int_equal(stat(in_state("current/components/cisco-conditions/data/list.txt"), &b), 0);
	assert_int_not_equal(a.st_ino, b.st_ino);

	assert_true(store_history_load(place.s, &lines, &err));
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 1), "previous")), first);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 1), "action")), "update");
	json_decref(lines);
}

static void a_discarded_build_leaves_nothing(void **state)
{
	struct error err = ERROR_INIT;
	struct store_build *b;
	int fd;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	assert_true(store_build_begin(place.s, &b, &err));
	fd = store_build_component_dir(b, "os-groups", &err);
	assert_true(fd >= 0);
	close(fd);
	store_build_discard(b);
	must_be_sound();
	assert_int_equal(history_lines(), 1);
}

static void names_that_leave_the_folder_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", "../x", "/etc", ".hidden" };
	struct error err = ERROR_INIT;
	struct store_build *b;

	(void)state;
	must_lock();
	assert_true(store_build_begin(place.s, &b, &err));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(store_build_component_dir(b, names[i], &err), -1);
		assert_false(store_build_file(b, names[i], "x", 1, &err));
	}
	assert_false(store_build_file(b, "generation.json", "x", 1, &err));
	assert_false(store_build_file(b, "components", "x", 1, &err));
	store_build_discard(b);
}

static void a_component_that_was_not_unpacked_stops_the_commit(void **state)
{
	struct error err = ERROR_INIT;
	struct store_generation *g = calloc(1, sizeof(*g));
	struct store_build *b;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	g->version = strdup("v2");
	g->count = 1;
	g->components = calloc(1, sizeof(*g->components));
	g->components[0].id = strdup("os-groups");
	assert_true(store_build_begin(place.s, &b, &err));
	assert_false(store_build_commit(b, g, 5, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_COMPONENT_MISSING);
	store_generation_free(g);
	must_be_sound();
}

static void a_link_inside_content_is_never_followed(void **state)
{
	struct error err = ERROR_INIT;
	struct store_build *b;
	struct store_generation *g;
	int fd;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	assert_true(store_build_begin(place.s, &b, &err));
	fd = store_build_component_dir(b, "os-groups", &err);
	assert_int_equal(symlinkat("/etc/passwd", fd, "list"), 0);
	close(fd);
	assert_true(store_generation_load(place.s, NULL, &g, &err));
	assert_false(store_build_commit(b, g, 5, NULL, &err));
	store_generation_free(g);
	must_be_sound();
}

static void a_damaged_component_is_not_linked(void **state)
{
	struct error err = ERROR_INIT;
	struct store_generation *g;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	assert_true(store_generation_load(place.s, NULL, &g, &err));
	assert_true(store_component_whole(place.s, g, "os-groups"));
	assert_int_equal(unlink(in_state("current/components/os-groups/data/more.txt")), 0);
	assert_false(store_component_whole(place.s, g, "os-groups"));
	assert_false(store_component_whole(place.s, g, "no-such"));
	store_generation_free(g);
	assert_false(fixture_commit(place.s, "v2", second_parts, 3, 5, NULL, &err));
	assert_non_null(strstr(err.message, "1 of 2 files"));
	assert_non_null(strstr(err.next, "--force"));
}

static void numbers_are_never_used_again(void **state)
{
	char first[STORE_GENERATION_MAX], id[STORE_GENERATION_MAX];
	struct error err = ERROR_INIT;
	size_t count;
	char **ids;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 1, first);
	assert_non_null(strstr(first, "-1"));
	for (int i = 2; i <= 12; i++) {
		char wanted[STORE_GENERATION_MAX];

		must_commit("v2", second_parts, 1, id);
		snprintf(wanted, sizeof(wanted), "%.8s-%d", first, i);
		assert_string_equal(id, wanted);
	}
	/* Sorted by number, not by text: 12 after 11, not after 1. Current and previous stay although one was to be kept. */
	assert_true(store_generation_ids(place.s, &ids, &count, &err));
	assert_int_equal(count, 2);
	assert_non_null(strstr(ids[0], "-11"));
	assert_non_null(strstr(ids[1], "-12"));
	store_ids_free(ids, count);
	must_be_sound();
}

static void the_oldest_go_and_the_previous_stays(void **state)
{
	char id[6][STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];
	struct error err = ERROR_INIT;
	size_t count;
	char **ids;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 3, id[0]);
	for (int i = 1; i < 5; i++)
		must_commit("v2", second_parts, 3, id[i]);
	assert_true(store_generation_ids(place.s, &ids, &count, &err));
	assert_int_equal(count, 3);
	assert_string_equal(ids[0], id[2]);
	store_ids_free(ids, count);
	/* Back to the oldest one: it is current now, then previous, and so outlives newer ones. */
	assert_true(store_rollback(place.s, id[2], now, &err));
	must_commit("v2", second_parts, 2, id[5]);
	assert_true(store_generation_ids(place.s, &ids, &count, &err));
	assert_int_equal(count, 2);
	assert_string_equal(ids[0], id[2]);
	assert_string_equal(ids[1], id[5]);
	store_ids_free(ids, count);
	must_be_sound();
}

/* --- defaults -------------------------------------------------------------------------------------------------------- */

static void defaults_are_made_once(void **state)
{
	char path[256], first[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, first);
	assert_true(exists("defaults/data/list.txt"));
	/* The operator's copy is his own: a change in it is no change of the content. */
	put_text("defaults/data/list.txt", "changed");
	snprintf(path, sizeof(path), "content/%s/components/defaults/data/list.txt", first);
	assert_int_equal(mode_of(path), 0444);
	must_be_sound();
	assert_int_equal(unlink(in_state("defaults/data/list.txt")), 0);
	must_commit("v2", second_parts, 5, NULL);
	assert_false(exists("defaults/data/list.txt"));
	assert_true(file_remove_tree(AT_FDCWD, in_state("defaults"), NULL));
	must_commit("v3", first_parts, 5, NULL);
	assert_false(exists("defaults"));
	store_unlock(place.s);
	must_lock();
	assert_false(exists("defaults"));
	must_be_sound();
}

static void a_folder_that_the_operator_made_is_not_replaced(void **state)
{
	(void)state;
	must_lock();
	assert_int_equal(mkdir(in_state("defaults"), 0750), 0);
	put_text("defaults/mine", "mine");
	must_commit("v1", first_parts, 5, NULL);
	assert_true(exists("defaults/mine"));
	assert_false(exists("defaults/data"));
	assert_true(exists("defaults.made"));
}

static void defaults_come_with_the_first_update_that_brings_them(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	must_lock();
	assert_true(fixture_commit(place.s, "v1", first_parts, 2, 5, NULL, &err));
	assert_false(exists("defaults.made"));
	must_commit("v2", first_parts, 5, NULL);
	assert_true(exists("defaults.made"));
	assert_true(exists("defaults/data/more.txt"));
}

/* --- going back ------------------------------------------------------------------------------------------------------ */

static void rollback_swaps_current_and_previous(void **state)
{
	char first[STORE_GENERATION_MAX], second[STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];
	struct error err = ERROR_INIT;

	(void)state;
	assert_false(store_rollback(place.s, NULL, now, &err));
	must_lock();
	must_commit("v1", first_parts, 5, first);
	assert_false(store_rollback(place.s, NULL, now, &err));
	must_commit("v2", second_parts, 5, second);
	store_unlock(place.s);
	assert_true(store_rollback(place.s, NULL, now, &err));
	assert_string_equal(now, first);
	store_current(place.s, now);
	assert_string_equal(now, first);
	store_previous(place.s, now);
	assert_string_equal(now, second);
	must_be_sound();
	assert_int_equal(store_lock_holder(place.s, NULL), 0);
	assert_true(store_rollback(place.s, NULL, now, &err));
	assert_string_equal(now, second);
	assert_int_equal(history_lines(), 4);
	/* Already there: nothing to do, nothing to tell. */
	assert_true(store_rollback(place.s, second, now, &err));
	assert_int_equal(history_lines(), 4);
	must_be_sound();
}

static void rollback_takes_no_path_and_no_missing_generation(void **state)
{
	static const struct { const char *name; int exit_code; } rows[] = {
		{ "../../etc", 2 }, { "", 2 }, { "20261123-1/../x", 2 }, { "20261123", 2 }, { "20261123-0", 2 }, { "x", 2 },
		{ "20261123-1 ", 2 }, { "19990101-1", EXIT_CANNOT_CREATE },
	};
	char now[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	must_commit("v2", second_parts, 5, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		assert_false(store_rollback(place.s, rows[i].name, now, &err));
		assert_int_equal(error_exit_code(&err), rows[i].exit_code);
		assert_non_null(strstr(err.next, "posture-console history"));
	}
	must_be_sound();
}

static void rollback_refuses_a_generation_that_lost_files(void **state)
{
	static const char *const losses[] = { "components/os-groups/data/list.txt", "components/os-groups", "generation.json" };

	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		char first[STORE_GENERATION_MAX], now[STORE_GENERATION_MAX], path[256];
		struct error err = ERROR_INIT;

		must_lock();
		must_commit("v1", first_parts, 5, first);
		must_commit("v2", first_parts, 5, NULL);
		snprintf(path, sizeof(path), "content/%s/%s", first, losses[i]);
		assert_true(file_remove_tree(AT_FDCWD, in_state(path), NULL));
		assert_false(store_rollback(place.s, NULL, now, &err));
		assert_non_null(strstr(err.next, "posture-console history"));
		store_unlock(place.s);
	}
}

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

/* --- recovery -------------------------------------------------------------------------------------------------------- */

static void point(const char *name, const char *id)
{
	char target[128];

	snprintf(target, sizeof(target), "content/%s", id);
	unlink(in_state(name));
	assert_int_equal(symlink(target, in_state(name)), 0);
}

static void cut_last_line(void)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	char *last;

	assert_true(file_read(AT_FDCWD, in_state("history.jsonl"), &text, NULL));
	text.data[text.len - 1] = '\0';
	last = strrchr(text.data, '\n');
	if (last != NULL)
		last[1] = '\0';
	put_text("history.jsonl", last != NULL ? text.data : "");
	buffer_clear(&text);
}

static void recover_and_check(const char *current, const char *healed)
{
	struct error err = ERROR_INIT;
	char what[STORE_WHAT_MAX], now[STORE_GENERATION_MAX];

	if (!store_recover(place.s, what, &err))
		fail_msg("%s", err.message);
	if (strstr(what, healed) == NULL || (healed[0] == '\0' && what[0] != '\0'))
		fail_msg("healed \"%s\", not \"%s\"", what, healed);
	store_current(place.s, now);
	assert_string_equal(now, current);
	must_be_sound();
	assert_true(store_recover(place.s, what, &err));
	assert_string_equal(what, "");
}

static void recovery_of_a_sound_state_does_nothing(void **state)
{
	char first[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	recover_and_check("", "");
	must_commit("v1", first_parts, 5, first);
	recover_and_check(first, "");
}

static void an_unfinished_first_generation_is_removed(void **state)
{
	char first[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, first);
	assert_int_equal(unlink(in_state("current")), 0);
	assert_int_equal(unlink(in_state("history.jsonl")), 0);
	assert_int_equal(unlink(in_state("defaults.made")), 0);
	assert_true(file_remove_tree(AT_FDCWD, in_state("defaults"), NULL));
	recover_and_check("", "removed the unfinished generation");
}

static void an_unfinished_generation_is_removed_and_previous_is_what_it_was(void **state)
{
	char id[3][STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, id[0]);
	must_commit("v2", second_parts, 5, id[1]);
	must_commit("v3", second_parts, 5, id[2]);
	/* As if it stopped between the two renames of the switch. */
	cut_last_line();
	point("current", id[1]);
	recover_and_check(id[1], "removed the unfinished generation");
	store_previous(place.s, now);
	assert_string_equal(now, id[0]);
}

static void a_switch_without_its_line_gets_it(void **state)
{
	char id[2][STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];
	struct error err = ERROR_INIT;
	json_t *lines;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, id[0]);
	must_commit("v2", second_parts, 5, id[1]);
	cut_last_line();
	recover_and_check(id[1], "missing line");
	assert_true(store_rollback(place.s, NULL, now, &err));
	cut_last_line();
	recover_and_check(id[0], "missing line");
	assert_true(store_history_load(place.s, &lines, &err));
	assert_int_equal(json_array_size(lines), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 1), "version")), "v2");
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 2), "action")), "rollback");
	json_decref(lines);
}

static void defaults_that_wait_are_put_in_place(void **state)
{
	char first[STORE_GENERATION_MAX], waiting[256];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, first);
	snprintf(waiting, sizeof(waiting), "staging/defaults-%s.new", first);
	assert_int_equal(rename(in_state("defaults"), in_state(waiting)), 0);
	recover_and_check(first, "default policies");
	assert_true(exists("defaults/data/more.txt"));
	assert_int_equal(rename(in_state("defaults"), in_state(waiting)), 0);
	assert_int_equal(unlink(in_state("defaults.made")), 0);
	recover_and_check(first, "default policies");
	/* Marked, and nothing waits: the operator removed them. */
	assert_true(file_remove_tree(AT_FDCWD, in_state("defaults"), NULL));
	recover_and_check(first, "");
	assert_false(exists("defaults"));
}

static void a_damaged_current_goes_back_to_the_update_before(void **state)
{
	char id[2][STORE_GENERATION_MAX], now[STORE_GENERATION_MAX], what[STORE_WHAT_MAX];
	struct error err = ERROR_INIT;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, id[0]);
	must_commit("v2", second_parts, 5, id[1]);
	assert_true(file_remove_tree(AT_FDCWD, in_state("current/components/os-groups"), NULL));
	assert_true(store_recover(place.s, what, &err));
	assert_non_null(strstr(what, "went back to"));
	store_current(place.s, now);
	assert_string_equal(now, id[0]);
	store_unlock(place.s);
	must_lock();
	must_commit("v3", first_parts, 5, NULL);
}

static void leftovers_go_and_fresh_downloads_stay(void **state)
{
	struct timespec old[2] = { { .tv_sec = clock_now() - 8 * 24 * 3600 }, { .tv_sec = clock_now() - 8 * 24 * 3600 } };
	struct error err = ERROR_INIT;
	char what[STORE_WHAT_MAX];
	char temp[64];
	pid_t dead = fork();

	(void)state;
	if (dead == 0)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	must_lock();
	assert_int_equal(mkdir(in_state("staging/20261123-9.new"), 0700), 0);
	assert_int_equal(mkdir(in_state("staging/20261123-8.old"), 0500), 0);
	assert_int_equal(symlink("content/x", in_state("staging/current.new")), 0);
	assert_int_equal(mkdir(in_state("staging/parts"), 0700), 0);
	put_text("staging/parts/fresh.part", "x");
	put_text("staging/parts/stale.part", "x");
	assert_int_equal(utimensat(AT_FDCWD, in_state("staging/parts/stale.part"), old, 0), 0);
	snprintf(temp, sizeof(temp), ".update.json.%ld.0.tmp", (long)dead);
	put_text(temp, "x");
	snprintf(temp, sizeof(temp), ".update.json.%ld.0.tmp", (long)getppid());
	put_text(temp, "x");
	assert_true(store_recover(place.s, what, &err));
	assert_false(exists("staging/20261123-9.new"));
	assert_false(exists("staging/20261123-8.old"));
	assert_false(exists("staging/current.new"));
	assert_true(exists("staging/parts/fresh.part"));
	assert_false(exists("staging/parts/stale.part"));
	assert_true(exists(temp));	/* its process lives */
	snprintf(temp, sizeof(temp), ".update.json.%ld.0.tmp", (long)dead);
	assert_false(exists(temp));
}

/* --- comparing ------------------------------------------------------------------------------------------------------- */

static void add_to(struct store_build *b, const char *component, const char *const files[][2])
{
	int fd = store_build_component_dir(b, component, NULL);

	assert_true(fd >= 0);
	for (size_t i = 0; files[i][0] != NULL; i++) {
		char path[256], *slash;
		int file;

		snprintf(path, sizeof(path), "%s", files[i][0]);
		slash = strchr(path, '/');
		if (slash != NULL) {
			*slash = '\0';
			assert_true(mkdirat(fd, path, 0755) == 0 || errno == EEXIST);
			*slash = '/';
		}
		file = openat(fd, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		assert_true(file >= 0 && file_write_all(file, files[i][1], strlen(files[i][1])));
		close(file);
	}
	close(fd);
}

static void must_commit_one(const char *component, const char *version, const char *const files[][2])
{
	struct store_generation *g = calloc(1, sizeof(*g));
	struct error err = ERROR_INIT;
	struct store_build *b;

	g->version = strdup(version);
	g->count = 1;
	g->components = calloc(1, sizeof(*g->components));
	g->components[0].id = strdup(component);
	g->components[0].version = strdup(version);
	assert_true(store_build_begin(place.s, &b, &err));
	add_to(b, component, files);
	if (!store_build_commit(b, g, 5, NULL, &err))
		fail_msg("%s", err.message);
	store_generation_free(g);
}

static void a_comparison_counts_files(void **state)
{
	static const char *const before[][2] = {
		{ "same", "1" }, { "size", "1" }, { "bytes", "1" }, { "gone", "1" }, { "becomes-folder", "1" }, { "d/gone", "1" },
		{ "d/same", "1" }, { "folder/x", "1" }, { "folder/y", "1" }, { NULL, NULL },
	};
	static const char *const after[][2] = {
		{ "same", "1" }, { "size", "22" }, { "bytes", "2" }, { "new", "1" }, { "becomes-folder/x", "1" }, { "d/same", "1" },
		{ "e/new", "1" }, { "folder", "1" }, { NULL, NULL },
	};
	struct store_diff_row *rows;
	size_t count;

	(void)state;
	must_lock();
	must_commit_one("part", "1", before);
	must_commit_one("part", "2", after);
	assert_true(store_diff(place.s, "previous", "current", &rows, &count, NULL));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].added, 4);	/* new, becomes-folder/x, e/new, folder */
	assert_int_equal(rows[0].removed, 5);	/* gone, becomes-folder, d/gone, folder/x, folder/y */
	assert_int_equal(rows[0].changed, 2);	/* size, bytes */
	assert_int_equal(rows[0].bytes_a, 9);
	assert_int_equal(rows[0].bytes_b, 9);
	store_diff_free(rows, count);
	must_commit_one("other", "1", before);
	assert_true(store_diff(place.s, "previous", "current", &rows, &count, NULL));
	assert_int_equal(count, 2);
	assert_string_equal(rows[0].component, "other");
	assert_null(rows[0].version_a);
	assert_int_equal(rows[0].added, 9);
	assert_string_equal(rows[1].component, "part");
	assert_null(rows[1].version_b);
	assert_int_equal(rows[1].removed, 8);
	store_diff_free(rows, count);
	assert_false(store_diff(place.s, "../..", "current", &rows, &count, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folders_get_safe_modes_whatever_the_umask),
		TEST(a_folder_that_others_can_write_to_is_refused),
		TEST(a_folder_that_is_not_there_is_an_empty_store),
		TEST(an_update_becomes_current_and_the_one_before_stays),
		TEST(a_discarded_build_leaves_nothing),
		TEST(names_that_leave_the_folder_are_refused),
		TEST(a_component_that_was_not_unpacked_stops_the_commit),
		TEST(a_link_inside_content_is_never_followed),
		TEST(a_damaged_component_is_not_linked),
		TEST(numbers_are_never_used_again),
		TEST(the_oldest_go_and_the_previous_stays),
		TEST(defaults_are_made_once),
		TEST(a_folder_that_the_operator_made_is_not_replaced),
		TEST(defaults_come_with_the_first_update_that_brings_them),
		TEST(rollback_swaps_current_and_previous),
		TEST(rollback_takes_no_path_and_no_missing_generation),
		TEST(rollback_refuses_a_generation_that_lost_files),
		TEST(one_process_holds_the_lock_and_others_are_told_who),
		TEST(without_the_lock_nothing_is_built),
		TEST(a_torn_line_is_left_out_and_repaired),
		TEST(a_history_of_nul_bytes_is_survived),
		TEST(a_long_history_loses_its_oldest_lines_only),
		TEST(recovery_of_a_sound_state_does_nothing),
		TEST(an_unfinished_first_generation_is_removed),
		TEST(an_unfinished_generation_is_removed_and_previous_is_what_it_was),
		TEST(a_switch_without_its_line_gets_it),
		TEST(defaults_that_wait_are_put_in_place),
		TEST(a_damaged_current_goes_back_to_the_update_before),
		TEST(leftovers_go_and_fresh_downloads_stay),
		TEST(a_comparison_counts_files),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
