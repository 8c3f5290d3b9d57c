/* A partial download: what is gone on with and what not; a mirror's second names; what is remembered between runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "update/by_hash.h"
#include "update/part.h"
#include "update/state.h"

#define DATE "Tue, 14 Nov 2023 22:13:50 GMT"
#define URL "https://feed.test/a.tar.gz"

static char room[32];
static int dir = -1;

static int setup(void **state)
{
	(void)state;
	snprintf(room, sizeof(room), "/tmp/pc-part-XXXXXX");
	dir = mkdtemp(room) != NULL ? open(room, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dir >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	file_close(&dir);
	return file_remove_tree(AT_FDCWD, room, NULL) ? 0 : -1;
}

static bool is_there(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct part *open_part(const char *url, int64_t size)
{
	struct part *p;
	struct error err = ERROR_INIT;

	if (!part_open(dir, "key", url, size, &p, &err))
		fail_msg("%s", err.message);
	return p;
}

/* What a download that broke off leaves. */
static void leave(const char *text, const char *etag, const char *last_modified)
{
	struct part *p = open_part(URL, 10);

	assert_true(part_begin(p, 0, etag, last_modified, NULL));
	assert_true(part_write(p, text, strlen(text), NULL));
	part_close(p);
}

static void has_hash_of(struct part *p, const char *text)
{
	unsigned char sha256[32], wanted[32];

	EVP_Digest(text, strlen(text), wanted, NULL, EVP_sha256(), NULL);
	assert_true(part_sha256(p, sha256, NULL));
	assert_memory_equal(sha256, wanted, sizeof(wanted));
}

static void it_goes_on_where_it_stopped(void **state)
{
	struct part *p;
	struct stat st;

	(void)state;
	leave("01234", "\"one\"", DATE);
	p = open_part(URL, 10);
	assert_int_equal(part_held(p), 5);
	assert_string_equal(part_validator(p), "\"one\"");
	assert_true(part_begin(p, 5, "\"one\"", NULL, NULL));
	assert_true(part_write(p, "56789", 5, NULL));
	has_hash_of(p, "0123456789");
	assert_int_equal(fstat(part_fd(p), &st), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(st.st_mode & 07777, 0600);
	part_remove(p);
	assert_false(is_there("key.part") || is_there("key.json"));
}

static void what_is_not_surely_the_same_is_begun_anew(void **state)
{
	static const struct { const char *etag, *last_modified, *url; int64_t size; int64_t held; const char *validator; } rows[] = {
		{ "\"one\"", NULL, URL, 10, 5, "\"one\"" },
		{ "\"one\"", NULL, URL "2", 10, 0, "" },		/* another's */
		{ "\"one\"", NULL, URL, 5, 5, "\"one\"" },
		{ "\"one\"", NULL, URL, 4, 0, "" },			/* longer than all of it */
		{ "\"one\"", NULL, URL, -1, 5, "\"one\"" },
		{ "W/\"one\"", DATE, URL, 10, 5, DATE },	/* a weak one says nothing about bytes */
		{ "W/\"one\"", NULL, URL, 10, 0, "" },
		{ NULL, NULL, URL, 10, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct part *p;

		leave("01234", rows[i].etag, rows[i].last_modified);
		p = open_part(rows[i].url, rows[i].size);
		if (part_held(p) != rows[i].held || strcmp(part_validator(p), rows[i].validator) != 0)
			fail_msg("row %zu: %lld, %s", i, (long long)part_held(p), part_validator(p));
		has_hash_of(p, rows[i].held > 0 ? "01234" : "");
		part_remove(p);
	}
}

static void what_was_written_down_about_it_must_make_sense(void **state)
{
	static const char *const metas[] = { "", "{", "[]", "{\"url\":\"" URL "\"}", "{\"validator\":\"\\\"one\\\"\"}",
					     "{\"url\":\"" URL "\",\"validator\":\"\"}", "{\"url\":1,\"validator\":2}" };

	(void)state;
	for (size_t i = 0; i < sizeof(metas) / sizeof(metas[0]); i++) {
		struct part *p;

		leave("01234", "\"one\"", NULL);
		assert_true(file_write_quick(dir, "key.json", 0600, metas[i], strlen(metas[i]), NULL));
		p = open_part(URL, 10);
		assert_int_equal(part_held(p), 0);
		part_remove(p);
	}
}

static void a_server_that_begins_elsewhere_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct part *p;
	struct stat st;

	(void)state;
	leave("01234", "\"one\"", NULL);
	p = open_part(URL, 10);
	assert_false(part_begin(p, 4, "\"one\"", NULL, &err));
	assert_int_equal(err.code, FINDING_HTTP_PROTOCOL_ERROR);
	assert_false(part_begin(p, 6, "\"one\"", NULL, &err));
	/* From the start: nothing of what was held stays. */
	assert_true(part_begin(p, 0, "\"two\"", NULL, NULL));
	assert_int_equal(part_held(p), 0);
	assert_int_equal(fstat(part_fd(p), &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_true(part_write(p, "ab", 2, NULL));
	has_hash_of(p, "ab");
	part_close(p);
	p = open_part(URL, 10);
	assert_string_equal(part_validator(p), "\"two\"");
	part_remove(p);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
	struct error err = ERROR_INIT;
	struct part *p;

	(void)state;
	assert_true(file_write_quick(dir, "victim", 0600, "mine", 4, NULL));
	assert_int_equal(symlinkat("victim", dir, "key.part"), 0);
	assert_false(part_open(dir, "key", URL, 10, &p, &err));
	assert_int_equal(err.code, FINDING_PATH_INVALID);
}

/* --- a mirror's second names ------------------------------------------------------------------------------------------ */

static void a_second_name_replaces_what_has_it(void **state)
{
	struct stat a, b;

	(void)state;
	assert_true(file_write_quick(dir, "file", 0600, "new", 3, NULL) && file_write_quick(dir, "name", 0600, "old", 3, NULL));
	assert_true(file_write_quick(dir, "temp", 0600, "left", 4, NULL));
	for (int i = 0; i < 2; i++) {
		assert_true(by_hash_link(dir, "file", "name", "temp"));
		assert_int_equal(fstatat(dir, "file", &a, 0) + fstatat(dir, "name", &b, 0), 0);
		assert_true(a.st_ino == b.st_ino && a.st_nlink == 2);
	}
	assert_false(is_there("temp"));
	assert_false(by_hash_link(dir, "nothing", "name", "temp"));
	assert_true(is_there("name"));
}

static void what_nobody_names_any_more_goes_after_a_day(void **state)
{
	static const char xml[] = "<manifest/>";
	struct component one = { .sha256 = { 1 } };
	const struct manifest m = { .components = &one, .count = 1 };
	char named[BY_HASH_NAME_MAX], signature[BY_HASH_NAME_MAX], old[BY_HASH_NAME_MAX];
	const unsigned char other[32] = { 2 };
	time_t now = time(NULL);

	(void)state;
	assert_int_equal(mkdirat(dir, BY_HASH_DIR, 0755), 0);
	by_hash_name(named, one.sha256);
	by_hash_name(old, other);
	by_hash_signature_name(signature, xml, strlen(xml));
	assert_int_equal(strncmp(named, BY_HASH_DIR "/0100", strlen(BY_HASH_DIR) + 5), 0);
	assert_true(file_write_quick(dir, named, 0644, "x", 1, NULL) && file_write_quick(dir, signature, 0644, "x", 1, NULL) &&
		    file_write_quick(dir, old, 0644, "x", 1, NULL) && file_write_quick(dir, BY_HASH_DIR "/left.tmp", 0644, "x", 1, NULL));
	by_hash_expire(dir, &m, xml, strlen(xml), now);
	assert_true(is_there(named) && is_there(signature) && is_there(old));
	assert_false(is_there(BY_HASH_DIR "/left.tmp"));
	by_hash_expire(dir, &m, xml, strlen(xml), now + BY_HASH_KEEP_S - 60);
	assert_true(is_there(old));
	by_hash_expire(dir, &m, xml, strlen(xml), now + BY_HASH_KEEP_S + 60);
	assert_false(is_there(old));
	assert_true(is_there(named) && is_there(signature));
}

/* --- the schedule ----------------------------------------------------------------------------------------------------- */

static struct settings *settings_of(const char *text)
{
	struct settings *s;
	struct error err = ERROR_INIT;
	char path[100];

	assert_true(file_write_quick(dir, "settings", 0600, text, strlen(text), NULL));
	snprintf(path, sizeof(path), "%s/settings", room);
	if (!settings_load(path, &s, &err))
		fail_msg("%s", err.message);
	return s;
}

static void a_check_is_due_when_its_time_has_come(void **state)
{
	enum { NOW = 1795161600, HOUR = 3600 };
	struct settings *s = settings_of("schedule = { automatic = true; every_hours = 2; initial_delay = \"00:10:00\"; "
					 "jitter = \"00:00:00\"; };\n");
	struct settings *off = settings_of("schedule = { automatic = false; };\n");
	struct settings *jitter = settings_of("schedule = { automatic = true; every_hours = 2; jitter = \"00:10:00\"; };\n");
	struct update_state st = { .last_attempt = NOW - HOUR };

	(void)state;
	assert_int_equal(update_next_due(off, &st, NOW), 0);
	assert_int_equal(update_next_due(s, &st, NOW), NOW + HOUR);
	assert_in_range(update_next_due(jitter, &st, NOW), NOW + HOUR, NOW + HOUR + 599);
	assert_int_equal(update_next_due(jitter, &st, NOW), update_next_due(jitter, &st, NOW + 1));
	/* The clock was set back: what is ahead of it does not hold a check up. */
	st.last_attempt = NOW + 100 * HOUR;
	assert_int_equal(update_next_due(s, &st, NOW), NOW + 600);
	st = (struct update_state){ .first_seen = NOW - 300 };
	assert_int_equal(update_next_due(s, &st, NOW), NOW + 300);
	st.first_seen = NOW + 100 * HOUR;
	assert_int_equal(update_next_due(s, &st, NOW), NOW + 600);
	settings_free(s);
	settings_free(off);
	settings_free(jitter);
}

static void what_is_remembered_comes_back(void **state)
{
	struct update_state st = { .url = URL, .etag = "\"e\"", .last_modified = "l", .generation = "g", .first_seen = 1, .last_attempt = 2,
				   .last_success = 3, .last_status = "s", .last_cause = "c", .last_summary = "m", .last_source = "web",
				   .last_duration_ms = 4, .success_source = "offline", .success_duration_ms = 5 };
	struct update_state back;
	struct stat file;

	(void)state;
	assert_true(update_state_save(room, &st, NULL));
	memset(&back, 0x55, sizeof(back));
	update_state_load(room, &back);
	assert_memory_equal(back.url, st.url, sizeof(URL));
	assert_string_equal(back.etag, st.etag);
	assert_string_equal(back.last_modified, st.last_modified);
	assert_string_equal(back.generation, st.generation);
	assert_string_equal(back.last_status, st.last_status);
	assert_string_equal(back.last_cause, st.last_cause);
	assert_string_equal(back.last_summary, st.last_summary);
	assert_string_equal(back.last_source, st.last_source);
	assert_string_equal(back.success_source, st.success_source);
	assert_true(back.first_seen == 1 && back.last_attempt == 2 && back.last_success == 3 && back.last_duration_ms == 4 &&
		    back.success_duration_ms == 5);
	assert_int_equal(fstatat(dir, UPDATE_STATE_FILE, &file, 0), 0);
	assert_int_equal(file.st_mode & 07777, 0640);
	/* Damaged it is as good as none. */
	assert_true(file_write_quick(dir, UPDATE_STATE_FILE, 0640, "[1, 2", 5, NULL));
	update_state_load(room, &back);
	assert_true(back.url[0] == '\0' && back.last_attempt == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_goes_on_where_it_stopped),
		TEST(what_is_not_surely_the_same_is_begun_anew),
		TEST(what_was_written_down_about_it_must_make_sense),
		TEST(a_server_that_begins_elsewhere_is_refused),
		TEST(a_link_in_its_place_is_not_followed),
		TEST(a_second_name_replaces_what_has_it),
		TEST(what_nobody_names_any_more_goes_after_a_day),
		TEST(a_check_is_due_when_its_time_has_come),
		TEST(what_is_remembered_comes_back),
	};

	return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
