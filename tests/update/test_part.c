/* The part of a download that is kept, and what it may be resumed by. */
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
#include "update/part.h"

#define URL "https://feed.example/a.tar.gz"
#define DATE "Tue, 14 Nov 2023 22:13:50 GMT"

static char dir[] = "/tmp/pc-part-XXXXXX";
static int dir_fd = -1;

static int make(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int clear(void **state)
{
	(void)state;
	file_close(&dir_fd);
	return !file_remove_tree(AT_FDCWD, dir, NULL);
}

/* Downloads four bytes under those validators; returns how much the next run would go on from, and by what. */
static int64_t kept_after(const char *etag, const char *last_modified, char validator[256])
{
	struct error err = ERROR_INIT;
	struct part *p;
	int64_t held;

	assert_true(part_open(dir_fd, "key", URL, 8, &p, &err));
	assert_true(part_begin(p, 0, etag, last_modified, &err));
	assert_true(part_write(p, "1234", 4, &err));
	strcpy(validator, part_validator(p));
	part_close(p);
	assert_true(part_open(dir_fd, "key", URL, 8, &p, &err));
	held = part_held(p);
	assert_string_equal(part_validator(p), held > 0 ? validator : "");
	part_remove(p);
	return held;
}

static void a_part_is_resumed_by_what_can_be_sent(void **state)
{
	static const struct { const char *etag, *date, *validator; } rows[] = {
		{ "\"v1\"", DATE, "\"v1\"" },
		{ "W/\"v1\"", DATE, DATE },
		{ "W/\"v1\"", "", "" },
		{ "", DATE, DATE },
		{ "", "yesterday", "" },
		{ "\"v1", DATE, DATE },
		{ "\"a\rb\"", DATE, DATE },
		{ "\"a\x01" "b\"", "", "" },
		{ "\"a\tb\"", "", "" },
		{ "\"a\"b\"", "", "" },
		{ "\"\xFF\"", "", "" },
		{ "", "Tue, 14 Nov 2023 22:13:50 GMT\x07", "" },
	};
	char validator[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t held = kept_after(rows[i].etag, rows[i].date, validator);

		assert_string_equal(validator, rows[i].validator);
		assert_int_equal(held, rows[i].validator[0] != '\0' ? 4 : 0);
	}
}

static void a_validator_is_kept_whole_or_not(void **state)
{
	char validator[256], etag[301];

	(void)state;
	memset(etag, 'x', sizeof(etag) - 1);
	etag[0] = etag[299] = '"';
	etag[300] = '\0';
	assert_int_equal(kept_after(etag, "", validator), 0);
	assert_int_equal(kept_after(etag, DATE, validator), 4);
	assert_string_equal(validator, DATE);
}

/* What another version of this program may have kept. */
static void a_part_with_a_bad_validator_is_begun_anew(void **state)
{
	static const char *const kept[] = { "\\\"a\\rb\\\"", "\\\"a", "W/\\\"v1\\\"", "x" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		char meta[200];
		struct part *p;

		snprintf(meta, sizeof(meta), "{\"url\":\"" URL "\",\"validator\":\"%s\"}", kept[i]);
		assert_true(file_write_quick(dir_fd, "key.part", 0600, "1234", 4, &err));
		assert_true(file_write_quick(dir_fd, "key.json", 0600, meta, strlen(meta), &err));
		assert_true(part_open(dir_fd, "key", URL, 8, &p, &err));
		assert_int_equal(part_held(p), 0);
		part_remove(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_resumed_by_what_can_be_sent),
		cmocka_unit_test(a_validator_is_kept_whole_or_not),
		cmocka_unit_test(a_part_with_a_bad_validator_is_begun_anew),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
