/* The records of the appliance's API: what is read, what is written, what differs, what a change shows. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/answer.h"
#include "appliance/change.h"
#include "appliance/difference.h"
#include "appliance/import.h"
#include "appliance/log_source.h"
#include "appliance/node.h"
#include "appliance/record.h"
#include "appliance/state.h"
#include "trust/trust.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static void certificate_of(const char *text, struct record_certificate *c)
{
	struct error err = ERROR_INIT;
	json_t *json = parse(text);

	if (!record_certificate_read(json, c, &err))
		fail_msg("%s", err.message);
	json_decref(json);
}

#define RECORD(more) "{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Corp CA\",\"description\":\"of corp\",\"status\":\"Enabled\"," \
	"\"downloadCRL\":\"off\",\"automaticCRLUpdate\":\"on\",\"automaticCRLUpdatePeriod\":\"6\",\"automaticCRLUpdateUnits\":\"Minutes\"," \
	"\"crlDistributionUrl\":\" \",\"selectedOCSPService\":\" \"," more "}"

static void usages_are_read_from_one_text(void **state)
{
	static const struct { const char *text; unsigned int usages; const char *strange; } rows[] = {
		{ "Unknown", 0, "" },
		{ "", 0, "" },
		{ "Infrastructure", TRUST_INFRASTRUCTURE, "" },
		{ "Infrastructure,Endpoints", TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, "" },
		{ "infrastructure, Cisco Services", TRUST_INFRASTRUCTURE | TRUST_CISCO_SERVICES, "" },
		{ "Cisco Services,Endpoints,AdminAuth,Infrastructure", 15, "" },
		{ "Infrastructure,Quantum Portal", TRUST_INFRASTRUCTURE, "Quantum Portal" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct record_certificate c;
		json_t *json = parse(RECORD("\"x\":1"));
		struct error err = ERROR_INIT;

		json_object_set_new(json, "trustedFor", json_string(rows[i].text));
		assert_true(record_certificate_read(json, &c, &err));
		assert_int_equal(c.usages, rows[i].usages);
		assert_string_equal(c.strange, rows[i].strange);
		record_certificate_clear(&c);
		json_decref(json);
	}
}

static void a_body_has_the_forms_of_a_write_and_loses_nothing(void **state)
{
	struct record_certificate c;
	json_t *body, *want = parse("{\"name\":\"Corp CA\",\"status\":\"Enabled\",\"description\":\"of corp\",\"downloadCRL\":false,"
				    "\"automaticCRLUpdate\":false,\"automaticCRLUpdatePeriod\":6,\"automaticCRLUpdateUnits\":\"Minutes\","
				    "\"trustForIseAuth\":true,\"trustForClientAuth\":false,\"trustForCertificateBasedAdminAuth\":false,"
				    "\"trustForCiscoServicesAuth\":true}");

	(void)state;
	certificate_of(RECORD("\"trustedFor\":\"Infrastructure,Cisco Services\""), &c);
	body = record_certificate_body(&c);
	assert_true(json_equal(body, want));
	json_decref(body);
	json_decref(want);
	record_certificate_clear(&c);

	certificate_of("{\"id\":\"a\",\"friendlyName\":\"n\",\"status\":\"Disabled\",\"downloadCRL\":\"on\",\"automaticCRLUpdate\":\"on\"}", &c);
	body = record_certificate_body(&c);
	assert_true(json_is_true(json_object_get(body, "automaticCRLUpdate")));
	assert_string_equal(json_string_value(json_object_get(body, "status")), "Disabled");
	json_decref(body);
	record_certificate_clear(&c);
}

static void a_certificate_without_a_good_id_is_refused(void **state)
{
	static const char *const rows[] = { "{}", "[]", "{\"id\":\"\"}", "{\"id\":\"../proxy\"}", "{\"id\":\"a b\"}", "{\"id\":7}" };

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct record_certificate c;
		struct error err = ERROR_INIT;
		json_t *json = parse(rows[i]);

		assert_false(record_certificate_read(json, &c, &err));
		assert_int_equal(err.code, FINDING_NODE_ANSWER_INVALID);
		record_certificate_clear(&c);
		json_decref(json);
	}
}

static void pages_are_joined_without_repetition(void **state)
{
	struct record_certificates list = { 0 };
	struct error err = ERROR_INIT;
	json_t *one = parse("{\"response\":[{\"id\":\"a\",\"friendlyName\":\"x\"},{\"id\":\"b\",\"friendlyName\":\"x\"}]}");
	json_t *two = parse("{\"response\":[{\"id\":\"b\",\"friendlyName\":\"x\"},{\"id\":\"c\",\"friendlyName\":\"z\"}]}");
	json_t *bad = parse("{\"response\":{}}");
	size_t added;

	(void)state;
	assert_true(record_certificates_add(&list, one, &added, &err));
	assert_int_equal(added, 2);
	assert_true(record_certificates_add(&list, two, &added, &err));
	assert_int_equal(added, 1);
	assert_int_equal(list.count, 3);
	assert_false(record_certificates_add(&list, bad, &added, &err));
	assert_null(record_certificates_find(&list, "x", &err));	/* which of the two? */
	assert_string_equal(record_certificates_find(&list, "z", &err)->id, "c");
	assert_string_equal(record_certificates_find(&list, "b", &err)->id, "b");
	record_certificates_clear(&list);
	json_decref(one);
	json_decref(two);
	json_decref(bad);
}

static void dates_are_read_in_both_forms(void **state)
{
	static const struct { const char *text, *date; } rows[] = {
		{ "2034-01-16 18:12:23", "2034-01-16" }, { "Mon Jan 16 18:12:23 UTC 2034", "2034-01-16" },
		{ "Sun Dec 01 00:00:00 CEST 2045", "2045-12-01" }, { "", "" }, { "soon", "" }, { "Mon anF 16 18:12:23 UTC 2034", "" },
		{ "2034-13-16", "" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		char date[RECORD_DATE_MAX];

		assert_string_equal(record_date(rows[i].text, date), rows[i].date);
	}
}

static void a_plan_names_every_field_that_will_differ(void **state)
{
	bool enabled = false;
	const struct change_wish wish = { .enabled = &enabled, .trust = TRUST_CISCO_SERVICES };
	struct record_certificate c;
	struct change change;
	struct error err = ERROR_INIT;
	size_t asked = 0;

	(void)state;
	certificate_of(RECORD("\"trustedFor\":\"Unknown\""), &c);
	assert_true(change_plan_certificate(&c, &wish, &change, &err));
	assert_int_equal(change.count, 3);	/* status, Cisco services, and what the appliance forces */
	for (size_t i = 0; i < change.count; i++) {
		asked += change.fields[i].asked;
		if (!change.fields[i].asked)
			assert_string_equal(change.fields[i].name, "automaticCRLUpdate");
	}
	assert_int_equal(asked, 2);
	change_clear(&change);
	record_certificate_clear(&c);

	certificate_of(RECORD("\"trustedFor\":\"Infrastructure,Portal of Tomorrow\""), &c);
	assert_false(change_plan_certificate(&c, &wish, &change, &err));
	assert_non_null(strstr(err.message, "Portal of Tomorrow"));
	change_clear(&change);
	record_certificate_clear(&c);
}

static void a_plan_keeps_the_rule_among_usages(void **state)
{
	const struct change_wish wish = { .trust = TRUST_CLIENT_AUTH };
	struct record_certificate c;
	struct change change;
	struct error err = ERROR_INIT;

	(void)state;
	certificate_of(RECORD("\"trustedFor\":\"Unknown\""), &c);
	assert_false(change_plan_certificate(&c, &wish, &change, &err));
	assert_int_equal(err.code, FINDING_TRUST_USAGE_RULE);
	change_clear(&change);
	record_certificate_clear(&c);
}

#define PROXY "{\"response\":{\"fqdn\":\"p.example\",\"port\":8080,\"passwordRequired\":true,\"userName\":\"u\",\"password\":\"***\"," \
	"\"bypassHosts\":\"a.example,b.example\",\"extra\":7}}"

static void a_proxy_plan_needs_the_password_and_keeps_the_rest(void **state)
{
	struct change_proxy wish = { .host = "q.example", .port = 3128, .user = "u", .bypass = "B.example, a.example" };
	struct record_proxy p;
	struct change change;
	struct error err = ERROR_INIT;
	json_t *reply = parse(PROXY);

	(void)state;
	assert_true(record_proxy_read(reply, &p, &err));
	assert_null(json_object_get(p.json, "password"));	/* a mask is never written back */
	assert_false(change_plan_proxy(&p, &wish, &change, &err));
	change_clear(&change);
	wish.password = "secret";
	assert_true(change_plan_proxy(&p, &wish, &change, &err));
	assert_int_equal(change.count, 2);
	assert_true(change.password);
	for (size_t i = 0; i < change.count; i++)
		assert_null(strstr(change.fields[i].after, "secret"));
	assert_int_equal(json_integer_value(json_object_get(change.body, "extra")), 7);
	assert_string_equal(json_string_value(json_object_get(change.body, "bypassHosts")), "a.example,b.example");
	assert_string_equal(json_string_value(json_object_get(change.body, "password")), "secret");
	change_clear(&change);
	record_proxy_clear(&p);
	json_decref(reply);
}

static void what_came_of_a_write_is_compared(void **state)
{
	static const struct { const char *reply; bool holds; } rows[] = {
		{ "{\"response\":" RECORD("\"trustedFor\":\"Cisco Services\"") "}", false },	/* automaticCRLUpdate is on still */
		{ "{\"response\":{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Corp CA\",\"status\":\"Enabled\",\"trustedFor\":\"Cisco Services\","
		  "\"description\":\"of corp\",\"downloadCRL\":\"off\",\"automaticCRLUpdate\":\"off\",\"automaticCRLUpdatePeriod\":\"6\"}}", true },
		{ "{\"response\":{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Corp CA\",\"status\":\"Enabled\",\"trustedFor\":\"Unknown\"}}", false },
		{ "{\"response\":{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Other\",\"status\":\"Enabled\",\"trustedFor\":\"Cisco Services\"}}", false },
		{ "{\"response\":{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Corp CA\",\"status\":\"Disabled\",\"trustedFor\":\"Cisco Services\"}}", false },
		{ "{\"response\":{\"id\":\"7865ac6a-64c6\",\"friendlyName\":\"Corp CA\",\"status\":\"Enabled\",\"trustedFor\":\"Cisco Services\","
		  "\"description\":\"\"}}", false },
		{ "{}", false },
	};
	const struct change_wish wish = { .trust = TRUST_CISCO_SERVICES };
	struct record_certificate c;
	struct change change;
	struct error err = ERROR_INIT;

	(void)state;
	certificate_of(RECORD("\"trustedFor\":\"Unknown\""), &c);
	assert_true(change_plan_certificate(&c, &wish, &change, &err));
	for (size_t i = 0; i < N(rows); i++) {
		json_t *reply = parse(rows[i].reply);

		if (change_holds(&change, reply, &err) != rows[i].holds)
			fail_msg("row %zu: %s", i, err.message);
		json_decref(reply);
	}
	change_clear(&change);
	record_certificate_clear(&c);
}

static void answers_are_told_apart(void **state)
{
	static const struct { long status; const char *type, *body; enum finding code; } rows[] = {
		{ 401, "", "", FINDING_NODE_UNAUTHORIZED },
		{ 403, "", "", FINDING_NODE_FORBIDDEN },
		{ 404, "text/html", "<html>", FINDING_NODE_API_DISABLED },
		{ 302, "", "", FINDING_NODE_API_DISABLED },
		{ 400, "application/json", "{\"message\":\"Security Check Failed\"}", FINDING_NODE_REFUSED },
		{ 409, "application/json", "{\"response\":{\"message\":\"Certificate Already Exists\"}}", FINDING_NODE_REFUSED },
		{ 429, "", "", FINDING_NODE_RATE_LIMITED },
		{ 500, "", "", FINDING_NODE_ERROR },
		{ 503, "text/html", "<html>", FINDING_NODE_ERROR },
		{ 200, "text/html", "<html>", FINDING_NODE_API_DISABLED },
		{ 200, "application/json", " \n<html>", FINDING_NODE_API_DISABLED },
		{ 200, "application/json", "{\"response\":", FINDING_NODE_ANSWER_INVALID },
		{ 200, "application/json", "[]", FINDING_NODE_ANSWER_INVALID },
		{ 200, "application/json", "{}", FINDING_NONE },
		{ 777, "", "", FINDING_NODE_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct answer a = { .status = rows[i].status, .content_type = rows[i].type, .body = rows[i].body,
					  .len = strlen(rows[i].body), .host = "ise", .user = "admin", .path = "/api" };
		struct error err = ERROR_INIT;
		json_t *json = NULL;
		bool ok = answer_check(&a, &err) && answer_json(&a, &json, &err);

		assert_int_equal(ok, rows[i].code == FINDING_NONE);
		assert_int_equal(err.code, rows[i].code);
		json_decref(json);
	}
}

static void a_message_never_repeats_a_secret(void **state)
{
	const char *body = "{\"response\":{\"message\":\"bad: hunter2 and hunter2\\u001b[31m\"}}";
	const struct answer a = { .status = 400, .content_type = "", .body = body, .len = strlen(body), .host = "ise", .user = "u",
				  .path = "/", .secrets = { "hunter2" } };
	char message[ANSWER_MESSAGE_MAX];

	(void)state;
	assert_string_equal(answer_message(&a, message), "bad: * and *^[[31m");
}

static void the_primary_is_found_in_the_deployment(void **state)
{
	json_t *nodes = parse("[{\"hostname\":\"ise1\",\"fqdn\":\"ise1.corp.example\",\"ipAddress\":\"192.0.2.1\",\"roles\":[\"PrimaryAdmin\"]},"
			      "{\"hostname\":\"ise2\",\"fqdn\":\"ise2.corp.example\",\"ipAddress\":\"192.0.2.2\",\"roles\":[\"SecondaryAdmin\"]}]");
	json_t *alone = parse("[{\"hostname\":\"ise\",\"fqdn\":\"ise.example\",\"ipAddress\":\"192.0.2.1\",\"roles\":[\"Standalone\"]}]");
	struct state_deployment d = { 0 };

	(void)state;
	state_deployment_judge(nodes, "ISE1.corp.example", &d);
	assert_true(d.knows && d.primary);
	state_deployment_judge(nodes, "192.0.2.2", &d);
	assert_true(d.knows && !d.primary);
	assert_string_equal(d.primary_name, "ise1.corp.example");
	state_deployment_judge(nodes, "vip.corp.example", &d);
	assert_false(d.knows);
	state_deployment_judge(alone, "ise", &d);
	assert_true(d.primary);
	json_decref(nodes);
	json_decref(alone);
}

static void lists_are_compared_as_sets(void **state)
{
	(void)state;
	assert_true(difference_same_list("", ""));
	assert_true(difference_same_list("a, B", "b,a"));
	assert_true(difference_same_list("a,,", "a"));
	assert_false(difference_same_list("a", "a,b"));
	assert_false(difference_same_list("a.example", "a"));
}

static void fingerprints_are_read_in_every_form(void **state)
{
	unsigned char sha256[32];
	char text[NODE_FINGERPRINT_TEXT_MAX];
	const char *colons = "5D:56:49:9B:E4:D2:E0:8B:CF:CA:D0:8A:3E:38:72:3D:50:50:3B:DE:70:69:48:E4:2F:55:60:30:19:E5:28:AE";

	(void)state;
	assert_true(node_fingerprint_parse("5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae", sha256));
	assert_string_equal(node_fingerprint_text(text, sha256), colons);
	assert_true(node_fingerprint_parse(colons, sha256));
	assert_false(node_fingerprint_parse("5d56", sha256));
	assert_false(node_fingerprint_parse("", sha256));
	assert_false(node_fingerprint_parse("5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528aeaa", sha256));
	assert_false(node_fingerprint_parse("zz", sha256));
}

static void host_keys_are_named_as_ssh_names_them(void **state)
{
	/* ssh-keygen -l says so of this key. */
	const char *scan = "# 127.0.0.1:22 SSH-2.0-OpenSSH_9.2\n"
			   "[ise]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"
			   "ise ssh-rsa not-base64!\nise\n\n";
	struct log_source_keys keys;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(log_source_parse_keys(scan, &keys, &err));
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.keys[0].type, "ssh-ed25519");
	assert_string_equal(keys.keys[0].fingerprint, "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
	assert_string_equal(keys.keys[0].line,
			    "[ise]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl");
	log_source_keys_clear(&keys);
	assert_false(log_source_parse_keys("", &keys, &err));
}

static void the_log_command_is_an_argument_vector(void **state)
{
	struct settings *s = NULL;
	struct error err = ERROR_INIT;
	size_t n;

	(void)state;
	assert_true(settings_load("/nonexistent/console.conf", &s, &err));
	assert_false(log_source_is_set(s));
	assert_true(settings_set(s, SETTING_NODE_HOST, "ise.example", &err));
	assert_true(log_source_set(s, "/var/lib/with space", NULL, &err));
	assert_true(log_source_is_set(s));
	n = settings_list_size(s, SETTING_LOG_COMMAND);
	assert_string_equal(settings_list_item(s, SETTING_LOG_COMMAND, 0), "ssh");
	assert_string_equal(settings_list_item(s, SETTING_LOG_COMMAND, n - 1), LOG_SOURCE_COMMAND);
	assert_string_equal(settings_list_item(s, SETTING_LOG_COMMAND, n - 2), "ise.example");
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usages_are_read_from_one_text),
		cmocka_unit_test(a_body_has_the_forms_of_a_write_and_loses_nothing),
		cmocka_unit_test(a_certificate_without_a_good_id_is_refused),
		cmocka_unit_test(pages_are_joined_without_repetition),
		cmocka_unit_test(dates_are_read_in_both_forms),
		cmocka_unit_test(a_plan_names_every_field_that_will_differ),
		cmocka_unit_test(a_plan_keeps_the_rule_among_usages),
		cmocka_unit_test(a_proxy_plan_needs_the_password_and_keeps_the_rest),
		cmocka_unit_test(what_came_of_a_write_is_compared),
		cmocka_unit_test(answers_are_told_apart),
		cmocka_unit_test(a_message_never_repeats_a_secret),
		cmocka_unit_test(the_primary_is_found_in_the_deployment),
		cmocka_unit_test(lists_are_compared_as_sets),
		cmocka_unit_test(fingerprints_are_read_in_every_form),
		cmocka_unit_test(host_keys_are_named_as_ssh_names_them),
		cmocka_unit_test(the_log_command_is_an_argument_vector),
	};

	return cmocka_run_group_tests_name("appliance", tests, NULL, NULL);
}
