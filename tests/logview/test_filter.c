/* Filters: which records are kept, failures and their findings, filters as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logview/filter.h"
#include "logview/signature.h"

/* Eight records; the letter in front of each is how the tests name them. */
static const char log_text[] =
	"2025-03-13 13:58:07,246 INFO [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- "
	"Starting opswat download\n"								/* a */
	"2025-03-13 13:58:07,251 INFO [admin-http-pool5][[]]\n"					/* b */
	"2025-03-13 13:59:00,000 WARN  [admin-http-pool50][[]] a.b.Cache -:sess::::- cache is full\n"	/* c */
	"2025-03-13 14:02:11,004 ERROR [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- "
	"download failed\n"
	"javax.net.ssl.SSLHandshakeException: PKIX path building failed\n"
	"\tat a.b.C(C.java:1)\n"
	"Caused by: sun.security.provider.certpath.SunCertPathBuilderException: opswat\n"		/* d */
	"2025-03-13 14:05:00,000 DEBUG [t][[]] a.b.Certs -::root::renew:- certificate OCSP CRL NotAfter private key\n"	/* e */
	"2025-03-13 14:24:50,803 INFO [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- "
	"Completed opswat download\n"								/* f */
	"2025-03-13 14:25:00,000 ERROR [update-1][[]] posture.console.update.Update -::admin:update::- "
	"the proxy refused [proxy-denied-port]\n"							/* g */
	"2025-03-13 14:25:01,000 FATAL [t][[]] a.b.Net -:::::- java.net.UnknownHostException: www.cisco.com\n";	/* h */

struct hits {
	char names[16];
	size_t count;
};

static char name_of(size_t start)
{
	size_t number = 0;

	for (size_t i = 0; i < start; i++)
		number += log_text[i] == '\n' && strncmp(log_text + i + 1, "2025-", 5) == 0;
	return (char)('a' + number);
}

static bool note(void *data, size_t start, size_t end)
{
	struct hits *hits = data;

	assert_true(log_text[end - 1] == '\n');
	hits->names[hits->count++] = name_of(start);
	return true;
}

/* The letters of the records that pass, by every way there is to ask. */
static void assert_keeps(struct filter *f, const char *expected)
{
	struct hits hits = { .count = 0 };
	size_t n = sizeof(log_text) - 1, at = 0, matched = 0;
	struct filter *copy;

	assert_true(filter_ready(f, stamp_days(2025, 3, 13) * 86400000 + INT64_C(51901000), NULL));
	assert_int_equal(filter_scan(f, log_text, n, note, &hits), strlen(expected));
	assert_string_equal(hits.names, expected);
	assert_int_equal(filter_scan(f, log_text, n, NULL, NULL), strlen(expected));
	/* A slice at a time, with no time at all. */
	for (size_t done; at < n; at += done) {
		matched += filter_scan_until(f, log_text + at, n - at, 0, NULL, NULL, &done);
		assert_true(done > 0);
	}
	assert_int_equal(matched, strlen(expected));
	at = matched = 0;
	copy = filter_clone(f);
	assert_non_null(copy);
	assert_int_equal(filter_scan(copy, log_text, n, NULL, NULL), strlen(expected));
	filter_free(copy);
	while (at < n) {
		const char *next = strstr(log_text + at + 1, "\n2025-");
		size_t end = next != NULL ? (size_t)(next - log_text) + 1 : n;

		matched += filter_match(f, log_text + at, end - at);
		at = end;
	}
	assert_int_equal(matched, strlen(expected));
}

static void conditions_hold_together(void **state)
{
	static const struct { const char *filter, *kept; } rows[] = {
		{ "", "abcdefgh" },
		{ "opswat", "adf" },
		{ "OPSWAT download", "af" },
		{ "\"opswat\" \"starting\"", "a" },
		{ "opswat !failed", "af" },
		{ "!opswat", "bcegh" },
		{ "/pkix.*failed$/", "d" },
		{ "/starting|completed/", "af" },
		{ "/^caused by/", "d" },
		{ "!/po+l/", "egh" },
		{ "level:warn", "cdgh" },
		{ "level:=warn", "c" },
		{ "level:ERROR opswat", "d" },
		{ "thread:admin-http-pool5", "abdf" },
		{ "thread:admin-http-pool*", "abcdf" },
		{ "thread:t thread:admin-http-pool50", "ceh" },
		{ "!thread:admin-http-pool5", "cegh" },
		{ "logger:DownloadManager", "adf" },
		{ "logger:DownloadManager user:admin level:error", "d" },
		{ "user:admin", "adfg" },
		{ "user:root", "e" },
		{ "session:sess", "c" },
		{ "operation:renew", "e" },
		{ "since:14:05", "efgh" },
		{ "until:13:58:07,246", "a" },
		{ "since:-30s", "fgh" },
		{ "since:14:00 until:14:10", "de" },
		{ "is:failure", "dgh" },
		{ "!is:failure", "abcef" },
		{ "is:failure level:fatal", "h" },
		{ "/(no literal|x)?e/", "acdefgh" },
		{ "nothing like it", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct filter *f = filter_new();

		print_message("%s\n", rows[i].filter);
		assert_true(filter_parse(f, rows[i].filter, &err));
		assert_keeps(f, rows[i].kept);
		filter_free(f);
	}
}

static void a_filter_written_down_is_the_same_filter(void **state)
{
	static const struct { const char *typed, *written; } rows[] = {
		{ "opswat download", "\"opswat download\"" },
		{ "  opswat   download  level:warn  x", "\"opswat   download\" \"x\" level:WARN" },
		{ "a !b c", "\"a\" !\"b c\"" },
		{ "!\"say \\\"x\\\" \\\\ y\"", "!\"say \\\"x\\\" \\\\ y\"" },
		{ "/a b\\/c/", "/a b\\/c/" },
		{ "/opt/CSCOcpm/logs", "\"/opt/CSCOcpm/logs\"" },
		{ "// x", "\"// x\"" },
		{ "thread:\"two words\" !logger:a.b*", "thread:\"two words\" !logger:a.b*" },
		{ "level:=info since:-15m until:\"2025-03-13 14:00\"", "level:=INFO since:-15m until:\"2025-03-13 14:00\"" },
		{ "is:failures !is:failure", "is:failure !is:failure" },
		{ "! alone", "\"! alone\"" },
		{ "http://x", "\"http://x\"" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer first = BUFFER_INIT(10000), second = BUFFER_INIT(10000);
		struct filter *f = filter_new(), *again = filter_new();

		print_message("%s\n", rows[i].typed);
		assert_true(filter_parse(f, rows[i].typed, NULL));
		filter_print(f, &first);
		assert_string_equal(buffer_text(&first), rows[i].written);
		assert_true(filter_parse(again, buffer_text(&first), NULL));
		filter_print(again, &second);
		assert_string_equal(buffer_text(&second), rows[i].written);
		filter_free(f);
		filter_free(again);
		buffer_clear(&first);
		buffer_clear(&second);
	}
}

static void a_wrong_filter_is_refused_with_the_reason(void **state)
{
	static const struct { const char *typed, *says; } rows[] = {
		{ "\"open", "not closed" }, { "level:loud", "loud" }, { "!level:warn", "level" }, { "since:never", "never" },
		{ "/(/", "regular expression" }, { "is:odd", "is:odd" }, { "thread:\"\"", "empty" }, { "\"\"", "empty" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct filter *f = filter_new();

		print_message("%s\n", rows[i].typed);
		assert_false(filter_parse(f, rows[i].typed, &err));
		assert_int_equal(err.exit_code, EXIT_USAGE);
		assert_non_null(strstr(err.message, rows[i].says));
		filter_free(f);
	}
}

static void too_many_conditions_are_refused(void **state)
{
	struct filter *f = filter_new();

	(void)state;
	for (size_t i = 0; i < FILTER_TERMS_MAX; i++)
		assert_true(filter_add(f, FILTER_TEXT, i % 2 == 0, "x", NULL));
	assert_false(filter_add(f, FILTER_TEXT, false, "x", NULL));
	filter_free(f);
}

static void a_huge_record_passes_in_windows(void **state)
{
	static const char *const filters[] = { "opswat is:failure", "opswat !pkix", "level:error !absent", "thread:t opswat" };
	static const bool kept[] = { true, false, true, false };
	const char *start = strstr(log_text, "2025-03-13 14:02"), *end = strstr(log_text, "2025-03-13 14:05");

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct filter *f = filter_new();
		struct filter_pass pass;

		assert_true(filter_parse(f, filters[i], NULL));
		assert_true(filter_ready(f, 0, NULL));
		filter_pass_begin(f, &pass, start, 200);
		filter_pass_feed(f, &pass, start, 200);
		filter_pass_feed(f, &pass, start + 150, (size_t)(end - start) - 150);
		assert_int_equal(filter_pass_end(f, &pass), kept[i]);
		filter_free(f);
	}
}

static void places_to_highlight_are_in_order(void **state)
{
	struct filter *f = filter_new();
	struct filter_place places[4];

	(void)state;
	assert_true(filter_parse(f, "ab /x+/ !zz", NULL));
	assert_true(filter_ready(f, 0, NULL));
	assert_int_equal(filter_places(f, "..AB.xxx.zz.ab", 14, places, 4), 3);
	assert_int_equal(places[0].start, 2);
	assert_int_equal(places[0].end, 4);
	assert_int_equal(places[1].start, 5);
	assert_int_equal(places[1].end, 8);
	assert_int_equal(places[2].start, 12);
	filter_free(f);
	f = filter_new();
	assert_true(filter_parse(f, "/q*/", NULL));	/* matches nothing, everywhere */
	assert_true(filter_ready(f, 0, NULL));
	assert_int_equal(filter_places(f, "abc", 3, places, 4), 0);
	filter_free(f);
	f = filter_new();
	assert_true(filter_parse(f, "is:failure !is:failure", NULL));
	assert_true(filter_ready(f, 0, NULL));
	assert_int_equal(filter_places(f, "posture.console.x pkix Queue Link Error", 39, places, 4), 2);
	assert_int_equal(places[0].start, 18);
	assert_int_equal(places[0].end, 22);
	assert_int_equal(places[1].start, 23);
	assert_int_equal(places[1].end, 39);
	filter_free(f);
}

static void every_signature_is_found_and_explained(void **state)
{
	static const struct { const char *message; enum finding finding; bool failure; } rows[] = {
		{ "PKIX path building failed: unable to find valid certification path", FINDING_CERT_UNTRUSTED_ROOT, true },
		{ "PKIX path validation failed: certificate has expired", FINDING_CERT_EXPIRED, true },
		{ "unable to get issuer certificate", FINDING_CERT_MISSING_INTERMEDIATE, true },
		{ "java.net.ConnectException: Connection refused", FINDING_TCP_REFUSED, false },
		{ "HTTP 407 Proxy Authentication Required", FINDING_PROXY_AUTH_REQUIRED, true },
		{ "Read timed out", FINDING_HTTP_STALLED, false },
		{ "EVP_DecryptFinal_ex:bad decrypt", FINDING_NONE, true },
		/* Words that stand in healthy records. */
		{ "certificate OCSP CRL NotAfter NotBefore SHA256withECDSA private key", FINDING_NONE, false },
		{ "certificate for [dns-nxdomain]", FINDING_NONE, false },
	};
	struct signatures *set = signatures_new();
	const struct signature *all;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].message);
		assert_int_equal(signatures_finding(set, rows[i].message, strlen(rows[i].message)), rows[i].finding);
		assert_int_equal(signatures_is_failure(set, rows[i].message, strlen(rows[i].message)), rows[i].failure);
	}
	all = signature_rows(&count);
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(all[i].text);

		assert_int_equal(signatures_is_failure(set, all[i].text, n), all[i].failure);
		if (all[i].finding != FINDING_NONE)
			assert_int_not_equal(signatures_finding(set, all[i].text, n), FINDING_NONE);
	}
	signatures_free(set);
}

static void our_own_records_name_their_finding(void **state)
{
	static const char line[] = "2025-03-13 14:25:00,000 ERROR [u][[]] posture.console.update.Update -::::::- connect timed out "
				   "[proxy-timeout]\n";
	struct signatures *set = signatures_new();

	(void)state;
	assert_int_equal(signatures_finding(set, line, sizeof(line) - 1), FINDING_PROXY_TIMEOUT);
	assert_true(signatures_is_failure(set, line, sizeof(line) - 1));
	signatures_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_hold_together),
		cmocka_unit_test(a_filter_written_down_is_the_same_filter),
		cmocka_unit_test(a_wrong_filter_is_refused_with_the_reason),
		cmocka_unit_test(too_many_conditions_are_refused),
		cmocka_unit_test(a_huge_record_passes_in_windows),
		cmocka_unit_test(places_to_highlight_are_in_order),
		cmocka_unit_test(every_signature_is_found_and_explained),
		cmocka_unit_test(our_own_records_name_their_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
