/* Generations: opening the store, the switch, defaults, going back, comparing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "place.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(folders_get_safe_modes_whatever_the_umask),
		PLACE_TEST(a_folder_that_others_can_write_to_is_refused),
		PLACE_TEST(a_folder_that_is_not_there_is_an_empty_store),
		PLACE_TEST(an_update_becomes_current_and_the_one_before_stays),
		PLACE_TEST(a_discarded_build_leaves_nothing),
		PLACE_TEST(names_that_leave_the_folder_are_refused),
		PLACE_TEST(a_component_that_was_not_unpacked_stops_the_commit),
		PLACE_TEST(a_link_inside_content_is_never_followed),
		PLACE_TEST(a_damaged_component_is_not_linked),
		PLACE_TEST(numbers_are_never_used_again),
		PLACE_TEST(the_oldest_go_and_the_previous_stays),
		PLACE_TEST(defaults_are_made_once),
		PLACE_TEST(a_folder_that_the_operator_made_is_not_replaced),
		PLACE_TEST(defaults_come_with_the_first_update_that_brings_them),
		PLACE_TEST(rollback_swaps_current_and_previous),
		PLACE_TEST(rollback_takes_no_path_and_no_missing_generation),
		PLACE_TEST(rollback_refuses_a_generation_that_lost_files),
		PLACE_TEST(a_comparison_counts_files),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
