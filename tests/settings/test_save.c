/* Saving settings: what is written is looked at before it counts, and nobody's files beside it are touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "settings/edit.h"
#include "settings/settings.h"

static char dir[32], conf[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/pc-save-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf, sizeof(conf), "%s/console.conf", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, dir, NULL) ? 0 : -1;
}

static void put(const char *name, const char *text)
{
	char *path = file_join(dir, name);

	assert_true(file_write_atomic(AT_FDCWD, path, 0600, text, strlen(text), NULL));
	free(path);
}

static bool is_there(const char *name)
{
	char *path = file_join(dir, name);
	bool is = access(path, F_OK) == 0;

	free(path);
	return is;
}

/* The editor of the text goes wrong, as no known file makes it. */
static enum { RIGHT, NOTHING, OTHER_VALUE, ANOTHER_TOO, REMOVES } editing;

bool __real_edit_set(struct buffer *text, const char *key, const char *literal);
bool __wrap_edit_set(struct buffer *text, const char *key, const char *literal);
bool __wrap_edit_set(struct buffer *text, const char *key, const char *literal)
{
	switch (editing) {
	case NOTHING: return true;
	case OTHER_VALUE: return __real_edit_set(text, key, "4321");
	case ANOTHER_TOO: return __real_edit_set(text, key, literal) && __real_edit_set(text, "log.keep", "7");
	case REMOVES: return __real_edit_set(text, key, literal) && __real_edit_set(text, "log.max_kb", NULL);
	default: return __real_edit_set(text, key, literal);
	}
}

static void a_save_that_would_change_anything_else_is_refused(void **state)
{
	static const char before[] = "log = { max_kb = 2000; };\n";

	(void)state;
	for (editing = RIGHT; editing <= REMOVES; editing++) {
		struct buffer after = BUFFER_INIT(10000);
		struct error err = ERROR_INIT;
		struct settings *s;
		bool ok;

		put("console.conf", before);
		assert_true(settings_load(conf, &s, NULL));
		assert_true(settings_set(s, SETTING_PROXY_PORT, "1234", NULL));
		ok = settings_save(s, &err);
		if (ok != (editing == RIGHT))
			fail_msg("%d: %s", (int)editing, err.message);
		assert_true(file_read(AT_FDCWD, conf, &after, NULL));
		if (ok)
			assert_int_equal(settings_int(s, SETTING_PROXY_PORT), 1234);
		else
			assert_string_equal(buffer_text(&after), before);
		settings_free(s);
		buffer_clear(&after);
	}
	editing = RIGHT;
}

static void what_a_killed_save_left_goes_and_what_is_another_s_stays(void **state)
{
	static const struct { const char *name; bool stays; } rows[] = {
		{ ".console.conf.123.1.tmp", false }, { ".console.conf.9.77.tmp", false }, { ".other.conf.123.1.tmp", true },
		{ ".console.confidential.tmp", true }, { "console.conf.tmp", true }, { ".console.conf.123.bak", true },
	};
	struct settings *s;

	(void)state;
	put("console.conf", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put(rows[i].name, "left");
	assert_true(settings_load(conf, &s, NULL));
	assert_true(settings_set(s, SETTING_PROXY_PORT, "1234", NULL));
	assert_true(settings_save(s, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (is_there(rows[i].name) != rows[i].stays)
			fail_msg("%s", rows[i].name);
	}
	assert_false(is_there(".console.conf.lock"));
	settings_free(s);
}

static void a_link_in_the_lock_s_place_is_not_followed(void **state)
{
	struct settings *s;
	char *lock = file_join(dir, ".console.conf.lock"), *victim = file_join(dir, "victim");

	(void)state;
	put("console.conf", "");
	assert_int_equal(symlink(victim, lock), 0);
	assert_true(settings_load(conf, &s, NULL));
	assert_true(settings_set(s, SETTING_PROXY_PORT, "1234", NULL));
	assert_false(settings_save(s, NULL));
	assert_false(is_there("victim"));
	settings_free(s);
	free(lock);
	free(victim);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_save_that_would_change_anything_else_is_refused),
		TEST(what_a_killed_save_left_goes_and_what_is_another_s_stays),
		TEST(a_link_in_the_lock_s_place_is_not_followed),
	};

	return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
