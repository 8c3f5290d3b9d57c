/* What an interrupted update leaves, put right. */
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/inside.h"
#include "place.h"

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

/* What cannot be read at the moment is not damaged: the update that is current must not be given up for it. */
static void only_damage_is_damage(void **state)
{
	static const struct { enum finding code; int sys_errno; bool damage; } rows[] = {
		{ FINDING_PATH_INVALID, 0, true }, { FINDING_PATH_INVALID, ENOTDIR, true }, { FINDING_IO_ERROR, 0, true },
		{ FINDING_PATH_INVALID, EINTR, false }, { FINDING_PATH_INVALID, ESTALE, false },
		{ FINDING_PATH_INVALID, ETIMEDOUT, false }, { FINDING_IO_ERROR, EIO, false },
		{ FINDING_PERMISSION_DENIED, EACCES, false }, { FINDING_OUT_OF_DESCRIPTORS, EMFILE, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .code = rows[i].code, .sys_errno = rows[i].sys_errno };

		assert_int_equal(generation_error_is_damage(&err), rows[i].damage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_damage_is_damage),
		PLACE_TEST(recovery_of_a_sound_state_does_nothing),
		PLACE_TEST(an_unfinished_first_generation_is_removed),
		PLACE_TEST(an_unfinished_generation_is_removed_and_previous_is_what_it_was),
		PLACE_TEST(a_switch_without_its_line_gets_it),
		PLACE_TEST(defaults_that_wait_are_put_in_place),
		PLACE_TEST(a_damaged_current_goes_back_to_the_update_before),
		PLACE_TEST(leftovers_go_and_fresh_downloads_stay),
	};

	return cmocka_run_group_tests_name("store recovery", tests, NULL, NULL);
}
