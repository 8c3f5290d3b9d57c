/* The store at its edges: what others left in its way, what is built twice, what is damaged by hand. */
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
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "place.h"

static char *today(char day[16])
{
	time_t now = clock_now();
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(day, 16, "%Y%m%d", &tm);
	return day;
}

/* The name of the build that begins now; nothing stays of it. */
static void next_is(const char *wanted)
{
	struct store_build *b;

	assert_true(store_build_begin(place.s, &b, NULL));
	assert_string_equal(store_build_id(b), wanted);
	store_build_discard(b);
}

/* A number that a line of the history, or a link, names was used, whatever became of its folder. */
static void a_number_that_is_named_anywhere_is_used(void **state)
{
	static const char *const links[] = { "current", "previous" };
	char day[16], text[200], wanted[STORE_GENERATION_MAX];

	(void)state;
	assert_true(store_lock(place.s, "test", NULL));
	snprintf(text, sizeof(text), "{\"status\":\"updated\",\"generation\":\"%s-7\"}\n", today(day));
	put_text("history.jsonl", text);
	snprintf(wanted, sizeof(wanted), "%s-8", day);
	next_is(wanted);
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "content/%s-%d", day, 20 + 10 * i);
		assert_int_equal(symlink(text, in_state(links[i])), 0);
		snprintf(wanted, sizeof(wanted), "%s-%d", day, 21 + 10 * i);
		next_is(wanted);
	}
}

static void only_the_name_of_a_generation_is_one(void **state)
{
	static const struct { const char *target; bool is; } rows[] = {
		{ "content/20261126-1", true }, { "content/20261126-999999999", true }, { "content/..", false },
		{ "content/../content/20261126-1", false }, { "content/20261126-1/components", false }, { "content/20261126-01", false },
		{ "content/20261126-", false }, { "content/2026112-1", false }, { "content/202611266-1", false },
		{ "content/20261126-1234567890", false }, { "content/20261126-1x", false }, { "other/20261126-1", false },
		{ "/content/20261126-1", false }, { "content/", false }, { "content", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char id[STORE_GENERATION_MAX];

		assert_int_equal(symlink(rows[i].target, in_state("current")), 0);
		store_current(place.s, id);
		if (strcmp(id, rows[i].is ? rows[i].target + strlen("content/") : "") != 0)
			fail_msg("%s: %s", rows[i].target, id);
		assert_int_equal(unlink(in_state("current")), 0);
	}
	assert_int_equal(mkdir(in_state("current"), 0755), 0);
	{
		char id[STORE_GENERATION_MAX];

		store_current(place.s, id);
		assert_string_equal(id, "");
	}
}

/* What lies where something is to be made goes; nothing of it becomes content. */
static void leftovers_become_no_content(void **state)
{
	char day[16], path[200], id[STORE_GENERATION_MAX];

	(void)state;
	assert_true(store_lock(place.s, "test", NULL));
	snprintf(path, sizeof(path), "staging/%s-1.new", today(day));
	assert_int_equal(mkdir(in_state(path), 0777), 0);
	snprintf(path, sizeof(path), "staging/%s-1.new/junk", day);
	put_text(path, "junk");
	put_text("staging/current.new", "junk");
	put_text("staging/previous.new", "junk");
	must_commit("v1", first_parts, 5, id);
	assert_false(exists("current/junk"));
	assert_int_equal(mode_of("current/components"), 0755);
	/* One that could not be removed once, and is to be taken out again. */
	snprintf(path, sizeof(path), "staging/%s.old", id);
	assert_int_equal(mkdir(in_state(path), 0700), 0);
	snprintf(path, sizeof(path), "staging/%s.old/junk", id);
	put_text(path, "junk");
	must_commit("v2", second_parts, 1, NULL);
	must_commit("v3", second_parts, 1, NULL);
	snprintf(path, sizeof(path), "content/%s", id);
	assert_false(exists(path));
	snprintf(path, sizeof(path), "staging/%s.old", id);
	assert_false(exists(path));
}

static void put_file(int fd, const char *name, const char *text)
{
	assert_true(fd >= 0 && file_write_quick(fd, name, 0644, text, strlen(text), NULL));
}

static struct store_generation *describe(const char *component)
{
	struct store_generation *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->version = strdup("v2");
	g->source = strdup("offline");
	g->from = strdup("here");
	g->signer = strdup("");
	g->components = calloc(1, sizeof(*g->components));
	assert_non_null(g->components);
	g->components[0].id = strdup(component);
	g->components[0].title = strdup(component);
	g->components[0].version = strdup("1");
	g->components[0].href = strdup("x");
	g->count = 1;
	return g;
}

/* A component that is begun again is begun empty, and is no longer what was linked; one that nobody describes stays out. */
static void what_is_built_twice_is_what_was_built_last(void **state)
{
	struct store_generation *first, *g = describe("os-groups");
	struct error err = ERROR_INIT;
	struct store_build *b;
	struct buffer text = BUFFER_INIT(100);
	int fd;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	assert_true(store_generation_load(place.s, NULL, &first, NULL));
	assert_true(store_build_begin(place.s, &b, &err));
	assert_true(store_build_link(b, first, "os-groups", &err));
	fd = store_build_component_dir(b, "os-groups", &err);
	put_file(fd, "wrong", "wrong");
	file_close(&fd);
	fd = store_build_component_dir(b, "os-groups", &err);
	put_file(fd, "right", "right");
	file_close(&fd);
	fd = store_build_component_dir(b, "nobody-s", &err);
	put_file(fd, "file", "x");
	file_close(&fd);
	assert_true(store_build_file(b, "notes", "first", 5, &err));
	assert_true(store_build_file(b, "notes", "last", 4, &err));
	if (!store_build_commit(b, g, 5, NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(g->components[0].files, 1);
	assert_int_equal(g->components[0].bytes, 5);
	assert_true(exists("current/components/os-groups/right"));
	assert_false(exists("current/components/os-groups/wrong"));
	assert_false(exists("current/components/os-groups/data"));
	assert_false(exists("current/components/nobody-s"));
	assert_true(file_read(AT_FDCWD, in_state("current/notes"), &text, NULL));
	assert_string_equal(buffer_text(&text), "last");
	buffer_clear(&text);
	store_generation_free(first);
	store_generation_free(g);
}

static void a_component_with_a_file_too_many_is_not_whole(void **state)
{
	struct error err = ERROR_INIT;
	struct store_generation *g;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	put_text("current/components/os-groups/data/added.txt", "added");
	assert_true(store_generation_load(place.s, NULL, &g, NULL));
	assert_false(store_component_whole(place.s, g, "os-groups"));
	store_generation_free(g);
	assert_false(fixture_commit(place.s, "v2", second_parts, 3, 5, NULL, &err));
	assert_non_null(strstr(err.message, "3 of 2 files"));
	/* Nor is one whose folder is a link now. */
	assert_int_equal(rename(in_state("current/components/cisco-conditions"), in_state("staging/aside")), 0);
	assert_int_equal(symlink(in_state("staging/aside"), in_state("current/components/cisco-conditions")), 0);
	assert_true(store_generation_load(place.s, NULL, &g, NULL));
	assert_false(store_component_whole(place.s, g, "cisco-conditions"));
	store_generation_free(g);
}

/* The switch is done, what comes after it is not: the update stands, and that is told. */
static void what_fails_after_the_switch_is_a_warning(void **state)
{
	struct error err = ERROR_INIT;
	char id[STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	/* The history can be read, and not be written to. */
	assert_int_equal(rename(in_state("history.jsonl"), in_state("moved")), 0);
	assert_int_equal(symlink("moved", in_state("history.jsonl")), 0);
	assert_true(fixture_commit(place.s, "v2", second_parts, 3, 5, id, &err));
	assert_non_null(store_warning(place.s));
	assert_non_null(strstr(store_warning(place.s)->message, "history.jsonl"));
	store_current(place.s, now);
	assert_string_equal(now, id);
	assert_int_equal(unlink(in_state("history.jsonl")) + rename(in_state("moved"), in_state("history.jsonl")), 0);
	must_lock();
	must_be_sound();
	assert_int_equal(history_lines(), 2);
	must_commit("v3", second_parts, 5, NULL);
}

static void a_line_may_be_as_long_as_a_line_may_be(void **state)
{
	enum { LINE = 16 * 1024 };

	(void)state;
	for (int more = 0; more < 2; more++) {
		json_t *line = json_pack("{s:s, s:s}", "time", "2026-11-26T00:00:00Z", "text", "");
		char *text = json_dumps(line, JSON_COMPACT);
		size_t len = LINE - 1 - strlen(text) + (size_t)more;
		char *fill = malloc(len + 1);

		assert_non_null(fill);
		memset(fill, 't', len);
		fill[len] = '\0';
		json_object_set_new(line, "text", json_string(fill));
		assert_int_equal(store_history_append(place.s, line, NULL), more == 0);
		free(fill);
		free(text);
	}
	assert_int_equal(history_lines(), 1);
}

static void going_back_puts_right_what_was_left_first(void **state)
{
	char id[STORE_GENERATION_MAX], day[16], path[100];

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	must_commit("v2", second_parts, 5, NULL);
	store_unlock(place.s);
	snprintf(path, sizeof(path), "staging/%s-9.new", today(day));
	assert_int_equal(mkdir(in_state(path), 0700), 0);
	assert_true(store_rollback(place.s, NULL, id, NULL));
	assert_false(exists(path));
	must_be_sound();
}

static void however_few_are_to_be_kept_two_are(void **state)
{
	size_t count;
	char **ids;

	(void)state;
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	for (int keep = 1; keep >= -1; keep--) {
		must_commit("v2", second_parts, keep, NULL);
		assert_true(store_generation_ids(place.s, &ids, &count, NULL));
		assert_int_equal(count, 2);
		store_ids_free(ids, count);
	}
}

/* Empty is what the operator wants, too. */
static void an_empty_folder_of_the_operator_s_stays_empty(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_state("defaults"), 0755), 0);
	must_lock();
	must_commit("v1", first_parts, 5, NULL);
	assert_int_equal(rmdir(in_state("defaults")), 0);
	must_commit("v2", second_parts, 5, NULL);
	assert_false(exists("defaults"));
}

/* A folder of something else, named by a slip: nothing in it is put right or cleaned away. */
static void what_is_of_something_else_is_left_alone(void **state)
{
	static const struct { const char *name; bool link; } foreign[] = { { "staging", false }, { "content", false }, { "current", true },
									   { "previous", true }, { "current", false } };
	static const char *const marks[] = { "update.lock", "history.jsonl", "defaults.made" };

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		char dir[] = "/tmp/pc-foreign-XXXXXX", path[96];
		struct error err = ERROR_INIT;
		struct store *s;

		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/%s", dir, foreign[i].name);
		if (foreign[i].link) {
			assert_int_equal(symlink("releases/7", path), 0);
		} else {
			assert_int_equal(mkdir(path, 0755), 0);
			snprintf(path, sizeof(path), "%s/%s/site.old", dir, foreign[i].name);
			assert_int_equal(mkdir(path, 0755), 0);
		}
		assert_false(store_open(dir, true, &s, &err));
		assert_int_equal(err.code, FINDING_PATH_INVALID);
		assert_non_null(strstr(err.message, foreign[i].name));
		assert_int_equal(faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW), 0);
		/* Where there was an update once, it is ours, and repaired. */
		for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++) {
			snprintf(path, sizeof(path), "%s/%s", dir, marks[k]);
			assert_true(file_write_atomic(AT_FDCWD, path, 0640, "", 0, NULL));
			assert_true(store_open(dir, true, &s, &err));
			store_free(s);
			assert_int_equal(unlink(path), 0);
		}
		assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
	}
}

static void an_empty_beginning_is_ours(void **state)
{
	char dir[] = "/tmp/pc-foreign-XXXXXX", path[96];
	struct store *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	/* Killed before it had the lock. */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, i == 0 ? "content" : "staging");
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_true(store_open(dir, true, &s, NULL));
	store_free(s);
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_number_that_is_named_anywhere_is_used),
		PLACE_TEST(only_the_name_of_a_generation_is_one),
		PLACE_TEST(leftovers_become_no_content),
		PLACE_TEST(what_is_built_twice_is_what_was_built_last),
		PLACE_TEST(a_component_with_a_file_too_many_is_not_whole),
		PLACE_TEST(what_fails_after_the_switch_is_a_warning),
		PLACE_TEST(going_back_puts_right_what_was_left_first),
		PLACE_TEST(however_few_are_to_be_kept_two_are),
		PLACE_TEST(an_empty_folder_of_the_operator_s_stays_empty),
		cmocka_unit_test(what_is_of_something_else_is_left_alone),
		cmocka_unit_test(an_empty_beginning_is_ours),
		PLACE_TEST(a_line_may_be_as_long_as_a_line_may_be),
	};

	return cmocka_run_group_tests_name("edges", tests, NULL, NULL);
}
