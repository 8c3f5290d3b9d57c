/* What the Proxy and the Certificates pane make of the events of their commands, without a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../ui/certs_import.h"
#include "../ui/chain_tree.h"
#include "../ui/proxy_answer.h"

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static void a_test_of_the_proxy_has_two_parts(void **state)
{
	static const struct {
		const char *event;
		enum proxy_answer_state connection, tunnel;
		const char *connection_text, *tunnel_text, *cause;
	} cases[] = {
		{ "{\"event\":\"proxy.tested\",\"status\":\"pass\",\"host\":\"p\",\"port\":8080,\"target\":\"www.cisco.com\","
		  "\"target_port\":443,\"address\":\"10.1.2.3\",\"connect_status\":200,\"methods\":\"\",\"resolve_ms\":1.0,"
		  "\"tcp_ms\":3.04,\"tunnel_ms\":9.1}",
		  PROXY_ANSWER_OK, PROXY_ANSWER_OK, "10.1.2.3:8080 answers in 3.0 ms", "lets through to www.cisco.com:443", "" },
		{ "{\"event\":\"proxy.tested\",\"status\":\"fail\",\"cause\":\"proxy-auth-rejected\",\"host\":\"p\",\"port\":8080,"
		  "\"target\":\"www.cisco.com\",\"target_port\":443,\"address\":\"2001:db8::1\",\"connect_status\":407,"
		  "\"methods\":\"Basic\",\"login_sent\":true,\"resolve_ms\":1.0,\"tcp_ms\":12.6,\"tunnel_ms\":null}",
		  PROXY_ANSWER_OK, PROXY_ANSWER_FAIL, "[2001:db8::1]:8080 answers in 13 ms", "login rejected (407 Basic)",
		  "proxy-auth-rejected" },
		{ "{\"event\":\"proxy.tested\",\"status\":\"fail\",\"cause\":\"proxy-auth-required\",\"host\":\"p\",\"port\":1,"
		  "\"target\":\"t\",\"target_port\":443,\"address\":\"1.2.3.4\",\"connect_status\":407,\"methods\":\"Digest\","
		  "\"login_sent\":false,\"resolve_ms\":1,\"tcp_ms\":1,\"tunnel_ms\":null}",
		  PROXY_ANSWER_OK, PROXY_ANSWER_FAIL, "1.2.3.4:1 answers in 1.0 ms", "login needed (407 Digest)", "proxy-auth-required" },
		{ "{\"event\":\"proxy.tested\",\"status\":\"fail\",\"cause\":\"proxy-denied-destination\",\"host\":\"p\",\"port\":1,"
		  "\"target\":\"t\",\"target_port\":443,\"address\":\"1.2.3.4\",\"connect_status\":403,\"methods\":\"\","
		  "\"login_sent\":false,\"resolve_ms\":1,\"tcp_ms\":1,\"tunnel_ms\":null}",
		  PROXY_ANSWER_OK, PROXY_ANSWER_FAIL, "1.2.3.4:1 answers in 1.0 ms", "does not let through to t:443 (403)",
		  "proxy-denied-destination" },
		{ "{\"event\":\"proxy.tested\",\"status\":\"fail\",\"cause\":\"proxy-refused\",\"host\":\"p\",\"port\":1,"
		  "\"target\":\"t\",\"target_port\":443,\"address\":\"1.2.3.4\",\"connect_status\":0,\"methods\":\"\","
		  "\"resolve_ms\":1,\"tcp_ms\":null,\"tunnel_ms\":null}",
		  PROXY_ANSWER_FAIL, PROXY_ANSWER_SKIP, "1.2.3.4:1 does not answer", "t:443 not tried", "proxy-refused" },
		{ "{\"event\":\"proxy.tested\",\"status\":\"fail\",\"cause\":\"proxy-unresolvable\",\"host\":\"nowhere\",\"port\":1,"
		  "\"target\":\"t\",\"target_port\":443,\"address\":\"\",\"connect_status\":0,\"methods\":\"\","
		  "\"resolve_ms\":null,\"tcp_ms\":null,\"tunnel_ms\":null}",
		  PROXY_ANSWER_FAIL, PROXY_ANSWER_SKIP, "the name nowhere is not known", "t:443 not tried", "proxy-unresolvable" },
		{ "{\"event\":\"error\",\"message\":\"no\",\"finding\":\"config-invalid\",\"next\":\"x\",\"exit_code\":78}",
		  PROXY_ANSWER_FAIL, PROXY_ANSWER_NONE, "cannot be tried", "", "config-invalid" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *event = parse(cases[i].event);
		struct proxy_answer a = { 0 };

		assert_true(proxy_answer_take(&a, event));
		assert_int_equal(a.connection, cases[i].connection);
		assert_int_equal(a.tunnel, cases[i].tunnel);
		assert_string_equal(a.connection_text, cases[i].connection_text);
		assert_string_equal(a.tunnel_text, cases[i].tunnel_text);
		assert_string_equal(a.cause, cases[i].cause);
		json_decref(event);
	}
}

static void other_events_and_silence_are_told_apart(void **state)
{
	json_t *other = parse("{\"event\":\"check.started\"}");
	struct proxy_answer a = { 0 };

	(void)state;
	assert_false(proxy_answer_take(&a, other));
	assert_int_equal(a.connection, PROXY_ANSWER_NONE);
	proxy_answer_broken(&a, "Segmentation fault");
	assert_int_equal(a.connection, PROXY_ANSWER_FAIL);
	assert_string_equal(a.summary, "Segmentation fault");
	json_decref(other);
}

#define CERTIFICATE(name, errors, pem) \
	"{\"common_name\":\"" name "\",\"subject\":\"CN=" name "\",\"issuer\":\"CN=i\",\"not_before\":\"2020-01-01T00:00:00Z\"," \
	"\"not_after\":\"2045-01-01T00:00:00Z\",\"now\":\"valid\",\"sha256\":\"" name ":00\",\"names\":\"a.example\"," \
	"\"sent\":true,\"pem\":\"" pem "\",\"errors\":[" errors "]}"

static void each_failure_stands_below_its_certificate(void **state)
{
	static const char text[] = "{\"host\":\"h\",\"port\":443,\"address\":\"1.2.3.4\",\"version\":\"TLSv1.3\",\"trusted\":false,"
		"\"end\":\"unknown-root\",\"at\":\"2026-11-23T14:31:00Z\",\"chain\":["
		CERTIFICATE("leaf", "{\"rule\":\"hostname mismatch\",\"finding\":\"cert-name-mismatch\",\"repairable\":false}", "x") ","
		CERTIFICATE("root", "{\"rule\":\"self-signed\",\"finding\":\"cert-untrusted-root\",\"repairable\":true}", "PEM") "],"
		"\"unused\":[" CERTIFICATE("stray", "", "y") "],\"findings\":[\"cert-name-mismatch\"],\"anchor\":null,"
		"\"repair\":{\"kind\":\"import\",\"sha256\":\"root:00\"},\"missing_issuer\":null}";
	static const struct { enum chain_row_kind kind; int depth; bool fails; const char *text; enum chain_repair repair; } rows[] = {
		{ CHAIN_CERTIFICATE, 0, true, "leaf", CHAIN_REPAIR_NONE },
		{ CHAIN_FAILURE, 0, true, "hostname mismatch [cert-name-mismatch]", CHAIN_REPAIR_NONE },
		{ CHAIN_CERTIFICATE, 1, true, "root", CHAIN_REPAIR_NONE },
		{ CHAIN_FAILURE, 1, true, "self-signed [cert-untrusted-root]", CHAIN_REPAIR_IMPORT },
		{ CHAIN_END, 2, true, "its top is not in the store", CHAIN_REPAIR_IMPORT },
		{ CHAIN_UNUSED, 0, false, "stray", CHAIN_REPAIR_NONE },
	};
	struct buffer out = BUFFER_INIT(65536);
	struct chain_tree tree;

	(void)state;
	assert_true(chain_tree_take(&tree, parse(text)));
	assert_string_equal(tree.headline, "h:443 (1.2.3.4) is NOT trusted. TLSv1.3");
	assert_string_equal(tree.pem, "PEM");
	assert_int_equal(tree.count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < tree.count; i++) {
		assert_int_equal(tree.rows[i].kind, rows[i].kind);
		assert_int_equal(tree.rows[i].depth, rows[i].depth);
		assert_int_equal(tree.rows[i].fails, rows[i].fails);
		assert_string_equal(tree.rows[i].text, rows[i].text);
		assert_int_equal(tree.rows[i].repair, rows[i].repair);
	}
	/* What the rule looked at, and what to do. */
	chain_tree_explain(&tree, 1, &out);
	assert_non_null(strstr(buffer_text(&out), "a.example"));
	assert_non_null(strstr(buffer_text(&out), "\n- "));
	buffer_reset(&out);
	chain_tree_text(&tree, &out);
	assert_non_null(strstr(buffer_text(&out), "stray"));
	chain_tree_explain(&tree, 99, &out);
	chain_tree_clear(&tree);
	buffer_clear(&out);
}

static void a_document_of_any_shape_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"{\"chain\":[1,null,\"x\",{},[]]}", "{\"chain\":[{\"errors\":5}],\"anchor\":7,\"repair\":[]}",
		"{\"chain\":[],\"repair\":{\"kind\":\"import\"},\"unused\":{}}", "{\"chain\":[{\"errors\":[{}]}],\"repair\":{\"kind\":\"enable\"}}",
	};
	struct buffer out = BUFFER_INIT(65536);
	struct chain_tree tree;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(chain_tree_take(&tree, parse(texts[i])));
		chain_tree_text(&tree, &out);
		for (size_t row = 0; row < tree.count; row++)
			chain_tree_explain(&tree, row, &out);
		chain_tree_clear(&tree);
	}
	assert_false(chain_tree_take(&tree, parse("{\"event\":\"error\"}")));
	buffer_clear(&out);
}

static void pasted_text_gets_its_lines_back(void **state)
{
	static const struct { const char *text, *mended; } cases[] = {
		{ "-----BEGIN CERTIFICATE-----AAAA BBBB-----END CERTIFICATE-----",
		  "-----BEGIN CERTIFICATE-----\nAAAABBBB\n-----END CERTIFICATE-----\n" },
		{ "noise -----BEGIN X-----AA-----END X----------BEGIN Y-----BB-----END Y-----",
		  "-----BEGIN X-----\nAA\n-----END X-----\n-----BEGIN Y-----\nBB\n-----END Y-----\n" },
		{ "-----BEGIN CERTIFICATE-----cut", "-----BEGIN CERTIFICATE-----cut" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = BUFFER_INIT(4096);

		certs_pem_mend(cases[i].text, &out);
		assert_string_equal(buffer_text(&out), cases[i].mended);
		buffer_clear(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_test_of_the_proxy_has_two_parts), cmocka_unit_test(other_events_and_silence_are_told_apart),
		cmocka_unit_test(each_failure_stands_below_its_certificate), cmocka_unit_test(a_document_of_any_shape_does_no_harm),
		cmocka_unit_test(pasted_text_gets_its_lines_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
