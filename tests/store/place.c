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
#include "place.h"

struct place place;

const char *in_state(const char *rest)
{
	static char path[4][512];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", place.state, rest);
	return p;
}

int place_setup(void **state)
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

int place_teardown(void **state)
{
	(void)state;
	store_free(place.s);
	place.s = NULL;
	return file_remove_tree(AT_FDCWD, place.dir, NULL) ? 0 : -1;
}

void reopen(void)
{
	struct error err = ERROR_INIT;

	store_free(place.s);
	if (!store_open(place.state, true, &place.s, &err))
		fail_msg("%s", err.message);
}

void must_lock(void)
{
	struct error err = ERROR_INIT;
	char what[STORE_WHAT_MAX];

	if (!store_lock(place.s, "test", &err) || !store_recover(place.s, what, &err))
		fail_msg("%s", err.message);
}

const struct fixture_component first_parts[] = {
	{ "cisco-conditions", "1", "1", false }, { "os-groups", "7", "7", false }, { "defaults", "d1", "d1", true },
};
const struct fixture_component second_parts[] = {
	{ "cisco-conditions", "2", "2", false }, { "os-groups", "7", NULL, false }, { "defaults", "d1", NULL, true },
};

void must_commit(const char *version, const struct fixture_component *parts, int keep, char *id)
{
	struct error err = ERROR_INIT;

	if (!fixture_commit(place.s, version, parts, 3, keep, id, &err))
		fail_msg("%s", err.message);
	if (store_warning(place.s) != NULL)
		fail_msg("%s", store_warning(place.s)->message);
}

void must_be_sound(void)
{
	char why[256];

	if (!fixture_state_is_sound(place.state, why))
		fail_msg("%s", why);
}

size_t history_lines(void)
{
	json_t *lines;
	size_t count;

	assert_true(store_history_load(place.s, &lines, NULL));
	count = json_array_size(lines);
	json_decref(lines);
	return count;
}

bool exists(const char *rest)
{
	struct stat st;

	return lstat(in_state(rest), &st) == 0;
}

void put_text(const char *rest, const char *text)
{
	int fd = open(in_state(rest), O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0 && file_write_all(fd, text, strlen(text)));
	close(fd);
}

mode_t mode_of(const char *rest)
{
	struct stat st;

	assert_int_equal(lstat(in_state(rest), &st), 0);
	return st.st_mode & 07777;
}
