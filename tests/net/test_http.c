/* The HTTP client without a network: header fields, back-off, and the way from facts to a finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/http.h"
#include "net/http_error.h"
#include "net/http_fields.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- fields -------------------------------------------------------------------------------------------------- */

static void content_range_is_parsed_strictly(void **state)
{
	static const struct { const char *text; bool ok; int64_t first, last, total; } rows[] = {
		{ "bytes 100-199/5000", true, 100, 199, 5000 },
		{ "Bytes 0-0/1", true, 0, 0, 1 },
		{ "bytes 100-199/*", true, 100, 199, -1 },
		{ "bytes */5000", true, -1, -1, 5000 },
		{ "bytes */*", false, -1, -1, -1 },
		{ "bytes 5-4/10", false, 5, 4, -1 },
		{ "bytes 0-10/10", false, 0, 10, 10 },
		{ "bytes -5-9/10", false, -1, -1, -1 },
		{ "bytes 0-9/10 ", false, 0, 9, -1 },
		{ "bytes 0-9/+10", false, 0, 9, -1 },
		{ "bytes 0-9", false, 0, 9, -1 },
		{ "bytes 0x1-9/10", false, 0, -1, -1 },
		{ "bytes 99999999999999999999-1/2", false, -1, -1, -1 },
		{ "items 0-9/10", false, -1, -1, -1 },
		{ "", false, -1, -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t first, last, total;

		if (http_content_range(rows[i].text, &first, &last, &total) != rows[i].ok || first != rows[i].first ||
		    last != rows[i].last || total != rows[i].total)
			fail_msg("%s: %lld-%lld/%lld", rows[i].text, (long long)first, (long long)last, (long long)total);
	}
}

static void retry_after_takes_seconds_and_dates(void **state)
{
	const time_t now = 1700000000;	/* Tue, 14 Nov 2023 22:13:20 GMT */
	static const struct { const char *text; int64_t ms; } rows[] = {
		{ "0", 0 }, { "120", 120000 },
		{ "Tue, 14 Nov 2023 22:13:50 GMT", 30000 },
		{ "Tuesday, 14-Nov-23 22:13:50 GMT", 30000 },
		{ "Tue Nov 14 22:13:50 2023", 30000 },
		{ "Tue, 14 Nov 2023 22:00:00 GMT", 0 },
		{ "9223372036854775807", INT64_MAX },
		{ "soon", -1 }, { "-5", -1 }, { "", -1 }, { "1.5", -1 }, { "tomorrow", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (http_retry_after(rows[i].text, now) != rows[i].ms)
			fail_msg("%s: %lld", rows[i].text, (long long)http_retry_after(rows[i].text, now));
}

static void fields_are_found_by_name_and_trimmed(void **state)
{
	static const struct { const char *line, *name, *value; } rows[] = {
		{ "ETag: \"a\"\r\n", "ETag", "\"a\"" }, { "etag:\"a\"\n", "ETag", "\"a\"" },
		{ "ETag:  \t x \t\r\n", "ETag", "x" }, { "ETag:\r\n", "ETag", "" },
		{ "ETagged: x\r\n", "ETag", NULL }, { "ETag\r\n", "ETag", NULL }, { "ETag : x\r\n", "ETag", NULL },
		{ "ETag: 0123456789abcdef\r\n", "ETag", NULL },	/* does not fit below */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char value[16] = "";
		bool found = http_field(rows[i].line, strlen(rows[i].line), rows[i].name, value, sizeof(value));

		if (found != (rows[i].value != NULL) || (found && strcmp(value, rows[i].value) != 0))
			fail_msg("%s: %d %s", rows[i].line, found, value);
	}
	assert_false(http_field("ETag: a\0b\r\n", 11, "ETag", (char[16]){ 0 }, 16));
}

static void status_lines_and_lengths_are_numbers_only(void **state)
{
	(void)state;
	assert_int_equal(http_status_line("HTTP/1.1 206 Partial\r\n", 22), 206);
	assert_int_equal(http_status_line("HTTP/2 304 \r\n", 13), 304);
	assert_int_equal(http_status_line("HTTP/1.1 99 X\r\n", 15), 0);
	assert_int_equal(http_status_line("HTTP/1.1 1000 X\r\n", 17), 0);
	assert_int_equal(http_status_line("SSH-2.0-x\r\n", 11), 0);
	assert_int_equal(http_length("42"), 42);
	assert_int_equal(http_length("42, 42"), -1);
	assert_int_equal(http_length("-1"), -1);
	assert_int_equal(http_length(" 1"), -1);
	assert_int_equal(http_length("99999999999999999999"), -1);
}

static void only_strong_validators_may_resume(void **state)
{
	(void)state;
	assert_true(http_validator_is_strong("\"v1\""));
	assert_true(http_validator_is_strong("Tue, 14 Nov 2023 22:13:50 GMT"));
	assert_false(http_validator_is_strong("W/\"v1\""));
	assert_false(http_validator_is_strong("v1"));
	assert_false(http_validator_is_strong("\""));
	assert_false(http_validator_is_strong(""));
	/* What could not be sent as it came must not guard a resume. (RFC 9110, 8.8.3) */
	assert_true(http_validator_is_strong("\"!#[]^~\""));
	assert_false(http_validator_is_strong("\"a\rb\""));
	assert_false(http_validator_is_strong("\"a\x01" "b\""));
	assert_false(http_validator_is_strong("\"a b\""));
	assert_false(http_validator_is_strong("\"a\"b\""));
	assert_false(http_validator_is_strong("\"\x7F\""));
	assert_false(http_validator_is_strong("\"\xFF\""));
	assert_false(http_validator_is_strong("Tue, 14 Nov 2023\r 22:13:50 GMT"));
}

static void waits_double_with_jitter_up_to_a_limit(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 100000; random += 777) {
		for (int attempt = 1; attempt < 40; attempt++) {
			long full = attempt > 5 ? HTTP_BACKOFF_MAX_MS : 1000L << (attempt - 1);
			long wait = http_backoff_ms(1000, attempt, random);

			if (full > HTTP_BACKOFF_MAX_MS)
				full = HTTP_BACKOFF_MAX_MS;
			assert_in_range(wait, full / 2, full);
		}
	}
	assert_int_not_equal(http_backoff_ms(1000, 3, 1), http_backoff_ms(1000, 3, 1000));
	assert_int_equal(http_backoff_ms(1, 1, 5), 1);
}

/* --- findings ------------------------------------------------------------------------------------------------ */

static struct http_facts some_facts(void)
{
	return (struct http_facts){
		.curl_text = "", .scheme = "https", .host = "feed.test", .port = 443, .path = "/m.xml", .address = "192.0.2.1",
		.server = "", .retry_after = "", .known_hosts = "/h", .expected = -1, .elapsed_ms = 2500,
	};
}

static void expect(const char *what, const struct http_facts *f, enum finding code, const char *said)
{
	struct error err = ERROR_INIT;

	assert_false(http_error_explain(f, &err));
	if (err.code != code || strstr(err.message, said) == NULL)
		fail_msg("%s: %s: %s", what, finding_info(err.code)->code, err.message);
}

static const struct proxy some_proxy = { .enabled = true, .scheme = PROXY_HTTP, .host = "proxy.test", .port = 3128 };

static void connections_fail_by_errno(void **state)
{
	static const struct { int number; enum finding direct, proxied; } rows[] = {
		{ ECONNREFUSED, FINDING_TCP_REFUSED, FINDING_PROXY_REFUSED },
		{ ECONNRESET, FINDING_TCP_REJECTED_RESET, FINDING_PROXY_REFUSED },
		{ ETIMEDOUT, FINDING_TCP_TIMEOUT, FINDING_PROXY_TIMEOUT },
		{ EHOSTUNREACH, FINDING_TCP_HOST_UNREACHABLE, FINDING_PROXY_UNREACHABLE },
		{ ENETUNREACH, FINDING_TCP_NET_UNREACHABLE, FINDING_PROXY_UNREACHABLE },
		{ EACCES, FINDING_TCP_ADMIN_PROHIBITED, FINDING_PROXY_UNREACHABLE },
		{ EMFILE, FINDING_OUT_OF_DESCRIPTORS, FINDING_OUT_OF_DESCRIPTORS },
		{ ENOPROTOOPT, FINDING_TCP_PROTOCOL_UNREACHABLE, FINDING_PROXY_UNREACHABLE },
	};
	struct http_facts f = some_facts();

	(void)state;
	f.code = CURLE_COULDNT_CONNECT;
	f.phase = HTTP_PHASE_CONNECT;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f.sys_errno = rows[i].number;
		f.proxy = NULL;
		expect(strerror(rows[i].number), &f, rows[i].direct, "feed.test:443 (192.0.2.1)");
		f.proxy = &some_proxy;
		expect(strerror(rows[i].number), &f, rows[i].proxied, "proxy.test:3128 (192.0.2.1)");
	}
}

static void names_fail_by_what_the_resolver_said(void **state)
{
	static const struct { enum http_resolve resolve; enum finding code; } rows[] = {
		{ HTTP_RESOLVE_NO_NAME, FINDING_DNS_NXDOMAIN }, { HTTP_RESOLVE_NO_ADDRESS, FINDING_DNS_NO_ADDRESS },
		{ HTTP_RESOLVE_TIMEOUT, FINDING_DNS_TIMEOUT }, { HTTP_RESOLVE_FAILED, FINDING_DNS_SERVFAIL },
		{ HTTP_RESOLVE_UNKNOWN, FINDING_DNS_SERVFAIL },
	};
	struct http_facts f = some_facts();

	(void)state;
	f.code = CURLE_COULDNT_RESOLVE_HOST;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f.resolve = rows[i].resolve;
		expect("resolve", &f, rows[i].code, "feed.test");
	}
	f.redirected_from = "first.test";
	expect("second host", &f, FINDING_HTTP_REDIRECT_BLOCKED, "redirected there by first.test");
}

static void timeouts_are_named_by_how_far_it_came(void **state)
{
	static const struct { enum http_phase phase; enum finding direct, proxied; } rows[] = {
		{ HTTP_PHASE_RESOLVE, FINDING_DNS_TIMEOUT, FINDING_PROXY_UNRESOLVABLE },
		{ HTTP_PHASE_CONNECT, FINDING_TCP_TIMEOUT, FINDING_PROXY_TIMEOUT },
		{ HTTP_PHASE_TLS, FINDING_TLS_SILENT, FINDING_PROXY_TUNNEL_SILENT },
		{ HTTP_PHASE_REQUEST, FINDING_HTTP_NO_RESPONSE, FINDING_HTTP_NO_RESPONSE },
		{ HTTP_PHASE_BODY, FINDING_HTTP_STALLED, FINDING_HTTP_STALLED },
	};
	struct http_tls tls = { .alert_received = -1, .alert_sent = -1 };
	struct http_facts f = some_facts();

	(void)state;
	f.code = CURLE_OPERATION_TIMEDOUT;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f.phase = rows[i].phase;
		f.tls = f.phase >= HTTP_PHASE_TLS ? &tls : NULL;
		f.proxy = NULL;
		expect("direct", &f, rows[i].direct, "feed.test");
		f.proxy = &some_proxy;
		f.connect.status = f.phase >= HTTP_PHASE_TLS ? 200 : 0;
		expect("proxied", &f, rows[i].proxied, f.phase > HTTP_PHASE_TLS ? "feed.test" : "proxy.test");
	}
	f.phase = HTTP_PHASE_PROXY;
	f.connect.status = 0;
	f.tls = NULL;
	expect("CONNECT", &f, FINDING_PROXY_DROPPED_CONNECT, "2.5 s");
}

static void every_verify_error_has_its_finding(void **state)
{
	static const struct { int error, depth, sent; bool self_issued; enum finding code; } rows[] = {
		{ X509_V_ERR_CERT_HAS_EXPIRED, 0, 2, false, FINDING_CERT_EXPIRED },
		{ X509_V_ERR_CERT_HAS_EXPIRED, 1, 2, false, FINDING_CERT_INTERMEDIATE_EXPIRED },
		{ X509_V_ERR_CERT_HAS_EXPIRED, 2, 2, true, FINDING_CERT_ROOT_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, 0, 2, false, FINDING_CERT_NOT_YET_VALID },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0, 1, true, FINDING_CERT_SELF_SIGNED },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 2, 3, true, FINDING_CERT_UNTRUSTED_ROOT },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, 1, false, FINDING_CERT_MISSING_INTERMEDIATE },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, 2, false, FINDING_CERT_UNTRUSTED_ROOT },
		{ X509_V_ERR_INVALID_PURPOSE, 0, 2, false, FINDING_CERT_WRONG_USAGE },
		{ X509_V_ERR_INVALID_CA, 1, 2, false, FINDING_CERT_ISSUER_NOT_CA },
		{ X509_V_ERR_PATH_LENGTH_EXCEEDED, 1, 2, false, FINDING_CERT_PATH_TOO_LONG },
		{ X509_V_ERR_PERMITTED_VIOLATION, 0, 2, false, FINDING_CERT_NAME_CONSTRAINT },
		{ X509_V_ERR_CERT_REVOKED, 0, 2, false, FINDING_CERT_REVOKED },
		{ X509_V_ERR_UNABLE_TO_GET_CRL, 0, 2, false, FINDING_CRL_UNAVAILABLE },
		{ X509_V_ERR_CRL_HAS_EXPIRED, 0, 2, false, FINDING_CRL_EXPIRED },
		{ X509_V_ERR_CA_MD_TOO_WEAK, 0, 2, false, FINDING_CERT_WEAK_SIGNATURE },
		{ X509_V_ERR_EE_KEY_TOO_SMALL, 0, 2, false, FINDING_CERT_WEAK_KEY },
		{ X509_V_ERR_CERT_REJECTED, 1, 2, true, FINDING_TRUST_ROOT_REJECTED },
		{ X509_V_ERR_UNSPECIFIED, 0, 2, false, FINDING_CERT_UNTRUSTED_ROOT },
	};
	struct http_facts f = some_facts();

	(void)state;
	f.code = CURLE_PEER_FAILED_VERIFICATION;
	f.phase = HTTP_PHASE_TLS;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_tls tls = { .alert_received = -1, .alert_sent = -1, .errors = 1, .sent = rows[i].sent };

		tls.error[0] = (struct http_tls_error){ .error = rows[i].error, .depth = rows[i].depth,
							.self_issued = rows[i].self_issued, .subject = "CN=x" };
		f.tls = &tls;
		expect(X509_verify_cert_error_string(rows[i].error), &f, rows[i].code, "feed.test:443");
	}
}

static void an_inspecting_middle_is_named(void **state)
{
	struct http_tls tls = { .alert_received = -1, .errors = 1, .sent = 1, .interceptor = "Fortinet FortiGate" };
	struct http_facts f = some_facts();

	(void)state;
	tls.error[0].error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	f.code = CURLE_PEER_FAILED_VERIFICATION;
	f.phase = HTTP_PHASE_TLS;
	f.tls = &tls;
	expect("direct", &f, FINDING_TLS_INTERCEPTED, "Fortinet");
	f.proxy = &some_proxy;
	f.connect.status = 200;
	expect("proxied", &f, FINDING_PROXY_INTERCEPTS_TLS, "Fortinet");
	tls.error[0].error = X509_V_ERR_CERT_HAS_EXPIRED;
	expect("expired", &f, FINDING_CERT_EXPIRED, "expired");
}

static void what_the_server_holds_against_us_is_sanitised(void **state)
{
	struct http_facts f = some_facts();
	struct error err = ERROR_INIT;

	(void)state;
	f.status = 503;
	f.server = "\x1b[31mevil\n";
	f.path = "/\x1b[2Jx";
	http_error_explain(&f, &err);
	assert_null(strpbrk(err.message, "\x1b\n"));
	f = some_facts();
	f.proxy = &some_proxy;
	f.phase = HTTP_PHASE_PROXY;
	f.code = CURLE_RECV_ERROR;
	f.connect.status = 302;
	snprintf(f.connect.location, sizeof(f.connect.location), "http://x/\x1b[2J");
	http_error_explain(&f, &err);
	assert_null(strpbrk(err.message, "\x1b\n"));
	snprintf(f.connect.squid_error, sizeof(f.connect.squid_error), "ERR_\x1b[2J");
	f.connect.status = 503;
	http_error_explain(&f, &err);
	assert_null(strpbrk(err.message, "\x1b\n"));
}

static void only_what_may_pass_is_tried_again(void **state)
{
	static const struct { CURLcode code; long status; enum finding finding; bool passes; } rows[] = {
		{ CURLE_OK, 500, FINDING_HTTP_SERVER_ERROR, true }, { CURLE_OK, 501, FINDING_HTTP_SERVER_ERROR, false },
		{ CURLE_OK, 503, FINDING_HTTP_SERVER_ERROR, true }, { CURLE_OK, 404, FINDING_HTTP_NOT_FOUND, false },
		{ CURLE_OK, 429, FINDING_HTTP_RATE_LIMITED, true },
		{ CURLE_OK, 511, FINDING_HTTP_CAPTIVE_PORTAL, false },
		{ CURLE_PARTIAL_FILE, 200, FINDING_HTTP_TRUNCATED, true },
		{ CURLE_OPERATION_TIMEDOUT, 0, FINDING_TCP_TIMEOUT, true },
		{ CURLE_COULDNT_CONNECT, 0, FINDING_TCP_REFUSED, false },
		{ CURLE_COULDNT_RESOLVE_HOST, 0, FINDING_DNS_NXDOMAIN, false },
		{ CURLE_PEER_FAILED_VERIFICATION, 0, FINDING_CERT_EXPIRED, false },
		{ CURLE_HTTP2_STREAM, 200, FINDING_HTTP_PROTOCOL_ERROR, true },
		{ CURLE_RECV_ERROR, 0, FINDING_PROXY_AUTH_REJECTED, false },
		{ CURLE_WRITE_ERROR, 200, FINDING_HTTP_TOO_LARGE, false },
	};
	struct http_facts f = some_facts();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f.code = rows[i].code;
		f.status = rows[i].status;
		if (http_error_may_pass(&f, rows[i].finding) != rows[i].passes)
			fail_msg("row %zu: %s", i, finding_info(rows[i].finding)->code);
	}
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

struct seen {
	int done;
	struct error err;
};

static void note_done(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct seen *seen = data;

	(void)response;
	assert_false(ok);
	seen->done++;
	seen->err = *err;
}

static void step_waits_for_the_callers_descriptors_too(void **state)
{
	struct http_options options = { .retries = 0 };
	struct http_client *client;
	struct curl_waitfd extra;
	int pipe_fd[2];
	int64_t start;

	(void)state;
	assert_true(http_client_new(&options, &client, NULL));
	assert_int_equal(pipe(pipe_fd), 0);
	extra = (struct curl_waitfd){ .fd = pipe_fd[0], .events = CURL_WAIT_POLLIN };
	start = clock_monotonic_ms();
	assert_true(http_step(client, &extra, 1, 60, NULL));
	assert_in_range(clock_monotonic_ms() - start, 50, 5000);
	assert_int_equal(extra.revents, 0);
	assert_int_equal(write(pipe_fd[1], "x", 1), 1);
	start = clock_monotonic_ms();
	assert_true(http_step(client, &extra, 1, 20000, NULL));
	assert_in_range(clock_monotonic_ms() - start, 0, 5000);
	assert_int_not_equal(extra.revents, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	http_client_free(client);
}

static void every_request_is_told_its_end_once(void **state)
{
	struct http_options options = { .retries = 0 };
	struct seen seen = { 0 }, unseen = { 0 };
	struct http_request request = { .url = "https://feed.test/", .done = note_done, .data = &seen };
	struct http_client *client;

	(void)state;
	assert_true(http_client_new(&options, &client, NULL));
	assert_true(http_add(client, &request, NULL));
	assert_int_equal(http_pending(client), 1);
	/* Without anchors it ends in the first turn, and the turn does not wait. */
	assert_true(http_step(client, NULL, 0, 20000, NULL));
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.err.code, FINDING_TRUST_STORE_EMPTY);
	assert_int_equal(http_pending(client), 0);
	request.data = &unseen;
	assert_true(http_add(client, &request, NULL));
	http_client_free(client);
	assert_int_equal(unseen.done, 1);
	assert_int_equal(error_exit_code(&unseen.err), EXIT_INTERRUPTED);
}

struct chain {
	struct http_client *client;
	struct http_request request;
	int left, done;
};

static void add_another(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct chain *chain = data;

	(void)ok, (void)response, (void)err;
	chain->done++;
	if (chain->left-- > 0)
		assert_true(http_add(chain->client, &chain->request, NULL));
}

static void the_end_of_a_request_may_add_the_next(void **state)
{
	struct http_options options = { .retries = 0 };
	struct chain chain = { .left = 20, .request = { .url = "https://feed.test/", .done = add_another, .data = &chain } };

	(void)state;
	assert_true(http_client_new(&options, &chain.client, NULL));
	assert_true(http_add(chain.client, &chain.request, NULL));
	for (int i = 0; i < 100 && http_pending(chain.client) > 0; i++)
		assert_true(http_step(chain.client, NULL, 0, 20000, NULL));
	assert_int_equal(chain.done, 21);
	http_client_free(chain.client);
}

static void urls_that_must_not_be_fetched_are_refused(void **state)
{
	static const char *const urls[] = {
		"http://feed.test/", "file:///etc/passwd", "gopher://x/", "dict://x/", "ldap://x/", "telnet://x/", "smb://x/y",
		"feed.test/x", "//feed.test/x", "", "https://", "https://user:pass@feed.test/", "https://user@feed.test/",
		"sftp://user:pass@feed.test/x", "https://feed.test:99999/", "https://a b/", "https://feed.test\r\nX: y/",
	};
	struct http_options options = { .retries = 0 };
	struct http_client *client;

	(void)state;
	assert_true(http_client_new(&options, &client, NULL));
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct http_request request = { .url = urls[i], .done = note_done };
		struct error err = ERROR_INIT;

		if (http_add(client, &request, &err) || strstr(err.message, "pass@") != NULL)
			fail_msg("%s: %s", urls[i], err.message);
	}
	http_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_range_is_parsed_strictly),
		cmocka_unit_test(retry_after_takes_seconds_and_dates),
		cmocka_unit_test(fields_are_found_by_name_and_trimmed),
		cmocka_unit_test(status_lines_and_lengths_are_numbers_only),
		cmocka_unit_test(only_strong_validators_may_resume),
		cmocka_unit_test(waits_double_with_jitter_up_to_a_limit),
		cmocka_unit_test(connections_fail_by_errno),
		cmocka_unit_test(names_fail_by_what_the_resolver_said),
		cmocka_unit_test(timeouts_are_named_by_how_far_it_came),
		cmocka_unit_test(every_verify_error_has_its_finding),
		cmocka_unit_test(an_inspecting_middle_is_named),
		cmocka_unit_test(what_the_server_holds_against_us_is_sanitised),
		cmocka_unit_test(only_what_may_pass_is_tried_again),
		cmocka_unit_test(step_waits_for_the_callers_descriptors_too),
		cmocka_unit_test(every_request_is_told_its_end_once),
		cmocka_unit_test(the_end_of_a_request_may_add_the_next),
		cmocka_unit_test(urls_that_must_not_be_fetched_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
