/* Short of memory at one allocation after the other: what is written is whole, or it is said that it could not be. */
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
#include "base/whole_json.h"
#include "trust/forge.h"
#include "trust/room.h"

static long left = -1;		/* allocations until one fails; -1: none does */

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	if (left > 0 && --left == 0) {
		left = -1;
		return NULL;
	}
	return __real_malloc(size);
}

/* False when it was not reached: then it is taken back, and all have been tried. */
static bool has_failed(void)
{
	bool failed = left < 0;

	left = -1;
	return failed;
}

static void a_text_is_whole_or_none(void **state)
{
	json_t *value = json_pack("{s:[s, i, {s:b}], s:s}", "list", "a text of some length, so that the buffer has to grow", 7, "flag", 1,
				  "other", "\u00e4\u00f6\u00fc and more");
	char *whole = whole_json_dump(value, JSON_INDENT(1));
	long n = 0;

	(void)state;
	assert_non_null(whole);
	for (;;) {
		char *text;
		bool failed;

		left = ++n;
		text = whole_json_dump(value, JSON_INDENT(1));
		failed = has_failed();
		if (failed)
			assert_null(text);
		else
			assert_string_equal(text, whole);
		free(text);
		if (!failed)
			break;
	}
	assert_true(n > 3);
	free(whole);
	json_decref(value);
}

static void a_text_that_is_none_is_told_from_no_memory(void **state)
{
	json_error_t why;
	bool out_of_memory = true;

	(void)state;
	assert_null(whole_json_parse("{\"a\":1,\"a\":2}", 13, &why, &out_of_memory));
	assert_false(out_of_memory);
	left = 1;
	assert_null(whole_json_parse("{\"a\":1}", 7, &why, &out_of_memory));
	assert_true(has_failed());
	assert_true(out_of_memory);
}

/* Not one certificate less, and none with a usage less. */
static void the_index_of_certificates_loses_nothing(void **state)
{
	char folder[] = "/tmp/pc-whole-json-XXXXXX";
	struct error err = ERROR_INIT;
	int dir;
	long n = 0;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	for (;;) {
		struct trust_index index, there;
		bool failed, ok;

		assert_true(trust_index_new(&index, &err));
		for (int i = 0; i < 20; i++) {
			char name[16];
			X509 *certificate;

			snprintf(name, sizeof(name), "CA %d", i);
			certificate = forge_ca(name);
			assert_true(trust_index_add(&index, certificate, name, "", true, TRUST_CISCO_SERVICES, &err));
			X509_free(certificate);
		}
		left = ++n;
		ok = trust_index_save(&index, dir, &err);
		failed = has_failed();
		assert_true(ok != failed);
		if (ok) {
			assert_true(trust_index_load(&there, dir, folder, &err));
			assert_int_equal(there.count, 20);
			trust_index_clear(&there);
		} else {
			assert_int_equal(err.code, FINDING_OUT_OF_MEMORY);
		}
		trust_index_clear(&index);
		if (!failed)
			break;
	}
	assert_true(n > 3);
	unlinkat(dir, "index.json", 0);
	close(dir);
	rmdir(folder);
}

static void a_change_of_usages_is_whole_or_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct trust_index index;
	X509 *certificate = forge_ca("CA");
	long n = 0;

	(void)state;
	assert_true(trust_index_new(&index, &err));
	assert_true(trust_index_add(&index, certificate, "CA", "", true, TRUST_CISCO_SERVICES, &err));
	for (;;) {
		bool failed, ok;

		assert_true(trust_record_set_usages(&index.records[0], 0, &err));
		whole_json_begin();
		left = ++n;
		ok = trust_record_set_usages(&index.records[0], TRUST_CISCO_SERVICES | TRUST_INFRASTRUCTURE, &err);
		failed = has_failed();
		assert_int_equal(index.records[0].entry.usages, ok ? TRUST_CISCO_SERVICES | TRUST_INFRASTRUCTURE : 0);
		if (!failed)
			break;
	}
	assert_true(n > 2);
	trust_index_clear(&index);
	X509_free(certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_whole_or_none),
		cmocka_unit_test(a_text_that_is_none_is_told_from_no_memory),
		cmocka_unit_test(the_index_of_certificates_loses_nothing),
		cmocka_unit_test(a_change_of_usages_is_whole_or_refused),
	};

	return cmocka_run_group_tests_name("whole JSON", tests, NULL, NULL);
}
