/* A host name as the DNS has it. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "diagnose/target.h"
#include "net/host_ascii.h"
#include "net/proxy.h"

#define BUECHER "b\xC3\xBC" "cher.example"

/* Needs a libcurl that converts, and a locale whose characters are UTF-8. */
static bool can_convert(void)
{
	char name[256];

	return setlocale(LC_ALL, "C.UTF-8") != NULL && host_ascii(BUECHER, name, sizeof(name));
}

static void names_in_ascii_stay(void **unused)
{
	static const char *const names[] = { "www.cisco.com", "XN--bcher-kva.example", "127.0.0.1", "2001:db8::1", "a_b" };
	char name[64];

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(host_ascii(names[i], name, sizeof(name)));
		assert_string_equal(name, names[i]);
	}
	assert_false(host_ascii("longer", name, sizeof("long")));
	assert_string_equal(name, "");
}

static void others_are_converted(void **unused)
{
	char name[64];

	(void)unused;
	if (!can_convert())
		skip();
	assert_true(host_ascii(BUECHER, name, sizeof(name)));
	assert_string_equal(name, "xn--bcher-kva.example");
	assert_false(host_ascii(BUECHER, name, 8));
}

static void what_is_no_name_is_not(void **unused)
{
	char name[64];

	(void)unused;
	assert_false(host_ascii("\xFF\xFE.example", name, sizeof(name)));
	assert_string_equal(name, "");
	setlocale(LC_ALL, "C");
	assert_false(host_ascii(BUECHER, name, sizeof(name)));
	assert_string_equal(name, "");
}

/* The checks ask the DNS for the name that it has, and know the name as it was written. */
static void targets_are_converted(void **unused)
{
	struct check_target target;
	struct error err = ERROR_INIT;

	(void)unused;
	if (!can_convert())
		skip();
	assert_true(target_from_url("https://" BUECHER ":8443/posture-update.xml", &target, &err));
	assert_string_equal(target.host, "xn--bcher-kva.example");
	assert_string_equal(target.name, BUECHER);
	assert_int_equal(target.port, 8443);
	assert_true(target_from_host(BUECHER ":8443", &target, &err));
	assert_string_equal(target.host, "xn--bcher-kva.example");
	assert_true(target_from_url("https://[2001:db8::1]/x.xml", &target, &err));
	assert_string_equal(target.host, "2001:db8::1");
	assert_string_equal(target.name, "2001:db8::1");
	setlocale(LC_ALL, "C");
	assert_false(target_from_url("https://" BUECHER "/posture-update.xml", &target, &err));
	assert_non_null(strstr(err.message, "is no host name"));
	assert_false(target_from_url("https://" BUECHER "/posture-update.xml", &target, NULL));
	assert_false(target_from_host(BUECHER, &target, NULL));
}

/* A bypass pattern may be written either way. */
static void bypass_knows_both_names(void **unused)
{
	char written[] = BUECHER, ascii[] = "*.example", other[] = "xn--bcher-kva.example";
	char *patterns[] = { written };
	struct proxy proxy = { .enabled = true, .bypass = patterns, .bypass_count = 1 };

	(void)unused;
	if (!can_convert())
		skip();
	assert_false(proxy_applies(&proxy, BUECHER));
	patterns[0] = other;
	assert_false(proxy_applies(&proxy, BUECHER));
	patterns[0] = ascii;
	assert_false(proxy_applies(&proxy, BUECHER));
	assert_true(proxy_applies(&proxy, "www.cisco.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_ascii_stay),	  cmocka_unit_test(others_are_converted),
		cmocka_unit_test(what_is_no_name_is_not), cmocka_unit_test(targets_are_converted),
		cmocka_unit_test(bypass_knows_both_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
