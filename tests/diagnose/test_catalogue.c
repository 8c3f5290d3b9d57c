/* The catalogue of findings: complete, and easy to find one's way in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "diagnose/catalogue.h"

#define EACH_FINDING(f) (int f = FINDING_NONE + 1; f < FINDING_COUNT; f++)

static void every_code_is_spelt_well_and_used_once(void **state)
{
	(void)state;
	for EACH_FINDING(f) {
		const char *code = finding_info((enum finding)f)->code;

		assert_true(strlen(code) > 2);
		assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(code));
		if ((int)finding_by_code(code) != f)
			fail_msg("%s stands in the table twice", code);
	}
	assert_int_equal(finding_by_code(""), FINDING_NONE);
}

static void every_finding_says_what_why_and_what_to_do(void **state)
{
	(void)state;
	for EACH_FINDING(f) {
		const struct finding_info *info = finding_info((enum finding)f);
		const char *rest = info->remedy, *step;
		size_t len, steps = 0;

		if (strlen(info->cause) < 15 || info->cause[strlen(info->cause) - 1] != '.' || strchr(info->cause, '\n'))
			fail_msg("%s: the cause is no sentence: %s", info->code, info->cause);
		if (strlen(info->apart) < 20 || info->apart[strlen(info->apart) - 1] != '.' || strchr(info->apart, '\n'))
			fail_msg("%s: how it is told apart is no sentence: %s", info->code, info->apart);
		while (catalogue_next_step(&rest, &step, &len)) {
			steps++;
			if (len < 15 || step[len - 1] != '.')
				fail_msg("%s: step %zu is no sentence", info->code, steps);
		}
		if (steps < 1 || steps > 4)
			fail_msg("%s has %zu steps", info->code, steps);
	}
}

static void a_text_that_names_a_finding_names_one_that_exists(void **state)
{
	/* A word of a text that begins like a code and holds a hyphen is meant as one. */
	static const char *const prefixes[] = { "dns-", "tcp-", "proxy-", "cert-", "trust-root-", "trust-store-", "crl-",
						"ocsp-", "tls-", "ntp-", "clock-", "http-", "feed-", "bundle-", "hook-" };

	(void)state;
	for EACH_FINDING(f) {
		const struct finding_info *info = finding_info((enum finding)f);

		for (const char *p = info->apart; *p != '\0'; p++) {
			for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
				char code[64] = "";
				size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-");

				if (strncmp(p, prefixes[i], strlen(prefixes[i])) != 0 || n >= sizeof(code) ||
				    (p > info->apart && p[-1] != ' ' && p[-1] != '('))
					continue;
				memcpy(code, p, n);
				if (finding_by_code(code) == FINDING_NONE)
					fail_msg("%s speaks of %s, which does not exist", info->code, code);
			}
		}
	}
}

static void no_remedy_turns_verification_off(void **state)
{
	static const char *const forbidden[] = { "turn verification off", "turn off", "disable verif", "insecure",
						 "signature off", "--no-check", "skip verif" };

	(void)state;
	for EACH_FINDING(f) {
		const struct finding_info *info = finding_info((enum finding)f);

		for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
			if (strcasestr(info->remedy, forbidden[i]) != NULL)
				fail_msg("%s: \"%s\"", info->code, forbidden[i]);
		}
	}
}

static void a_misspelt_code_is_suggested_and_nonsense_is_not(void **state)
{
	static const struct { const char *typed; enum finding suggested; } rows[] = {
		{ "proxy-auth-rejcted", FINDING_PROXY_AUTH_REJECTED },
		{ "certexpired", FINDING_CERT_EXPIRED },
		{ "dns-nxdomian", FINDING_DNS_NXDOMAIN },
		{ "tcp-time-out", FINDING_TCP_TIMEOUT },
		{ "xyzzy", FINDING_NONE },
		{ "", FINDING_NONE },
		{ "a-very-long-text-that-is-no-code-at-all-and-goes-on-and-on-beyond-every-code", FINDING_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (catalogue_nearest(rows[i].typed) != rows[i].suggested)
			fail_msg("%s: %s", rows[i].typed, finding_info(catalogue_nearest(rows[i].typed))->code);
	}
}

static void the_old_message_finds_what_may_be_behind_it(void **state)
{
	(void)state;
	assert_true(catalogue_matches(FINDING_PROXY_AUTH_REJECTED, "remote address IS NOT accessible"));
	assert_true(catalogue_matches(FINDING_GATEWAY_DEAD, "Remote Address"));
	assert_false(catalogue_matches(FINDING_DISK_FULL, "Remote Address"));
	assert_false(catalogue_matches(FINDING_BUNDLE_CORRUPT, "Remote Address"));
	assert_null(catalogue_old_message(FINDING_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_spelt_well_and_used_once),
		cmocka_unit_test(every_finding_says_what_why_and_what_to_do),
		cmocka_unit_test(a_text_that_names_a_finding_names_one_that_exists),
		cmocka_unit_test(no_remedy_turns_verification_off),
		cmocka_unit_test(a_misspelt_code_is_suggested_and_nonsense_is_not),
		cmocka_unit_test(the_old_message_finds_what_may_be_behind_it),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
