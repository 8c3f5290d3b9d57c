/* What answers mean: name servers, proxies, portals, and where the diagnosis goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/dns_judge.h"
#include "diagnose/portal.h"
#include "diagnose/proxy_judge.h"
#include "diagnose/target.h"

/* --- name servers ------------------------------------------------------------------------------------------------------------- */

enum { GOOD, GOOD6, SIGNED_LONG_AGO, SIGNED_NOW, OTHER, NX, NODATA, SERVFAIL, REFUSED, REFERRAL, LAME, FORMERR, LOOP, TRUNCATED, SILENT, CLOSED, DEAD,
       NO_ROUTE, FIREWALL, GARBAGE, STRAY, SLOW, EDE_FILTERED, EDE_EXPIRED, EDE_PROHIBITED, NOT };

#define NOW 1800000000

static void add(struct probe_dns_answer *a, const char *literal)
{
	struct probe_address address;

	assert_true(probe_address_parse(literal, 0, &address));
	probe_address_list_add(&a->addresses, &address);
}

static void ede(struct probe_dns_answer *a, uint8_t rcode, uint16_t code)
{
	a->rcode = rcode;
	a->ede[0].code = code;
	a->ede_count = 1;
}

static void sign(struct probe_dns_answer *a, int64_t from, int64_t to)
{
	add(a, "192.0.2.1");
	a->is_signed = true;
	a->signed_from = from;
	a->signed_to = to;
}

static void make(struct probe_dns_answer *a, int how)
{
	*a = (struct probe_dns_answer){ .outcome = PROBE_DNS_ANSWERED, .ra = true, .rtt_us = 1000 };
	switch (how) {
	case GOOD: add(a, "192.0.2.1"); break;
	case GOOD6: add(a, "2001:db8::1"); break;
	case OTHER: add(a, "192.0.2.99"); break;
	case SLOW: add(a, "192.0.2.1"); a->rtt_us = 3500000; break;
	case NX: a->rcode = 3; break;
	case NODATA: break;
	case SERVFAIL: a->rcode = 2; break;
	case REFUSED: a->rcode = 5; a->ra = false; break;
	case REFERRAL: a->referral = true; a->ra = false; break;
	case LAME: a->ra = false; break;
	case FORMERR: a->rcode = 1; break;
	case LOOP: a->cname_loop = true; break;
	case TRUNCATED: a->tc = true; break;
	case SILENT: a->outcome = PROBE_DNS_TIMEOUT; break;
	case CLOSED: a->outcome = PROBE_DNS_PORT_CLOSED; break;
	case DEAD: a->outcome = PROBE_DNS_UNREACHABLE; break;
	case NO_ROUTE: a->outcome = PROBE_DNS_NO_ROUTE; break;
	case FIREWALL: a->outcome = PROBE_DNS_LOCAL_FIREWALL; break;
	case GARBAGE: a->outcome = PROBE_DNS_MALFORMED; break;
	case STRAY: a->outcome = PROBE_DNS_MISMATCHED; break;
	case SIGNED_LONG_AGO: sign(a, NOW - 900, NOW - 300); break;
	case SIGNED_NOW: sign(a, NOW - 900, NOW + 300); break;
	case EDE_FILTERED: ede(a, 3, 17); break;
	case EDE_EXPIRED: ede(a, 2, 7); break;
	case EDE_PROHIBITED: ede(a, 5, 18); break;
	default: break;
	}
}

static const struct dns_row {
	const char *what;
	struct { int a, aaaa, unchecked, extended, plain, other; const char *address; } servers[2];
	bool works;
	enum finding failure;
	enum finding warning;
} dns_rows[] = {
#define SERVER(a, aaaa) { a, aaaa, NOT, NOT, NOT, NOT, "10.0.0.53" }
#define NO_SERVER { NOT, NOT, NOT, NOT, NOT, NOT, NULL }
	{ "both families", { SERVER(GOOD, GOOD6), NO_SERVER }, .works = true },
	{ "IPv4 only", { SERVER(GOOD, NODATA), NO_SERVER }, .works = true },
	{ "IPv6 only", { SERVER(NODATA, GOOD6), NO_SERVER }, .works = true },
	{ "split DNS that works: the first server decides", { SERVER(GOOD, NODATA), SERVER(NX, NX) }, .works = true },
	{ "no such name", { SERVER(NX, NX), SERVER(NX, NX) }, .failure = FINDING_DNS_NXDOMAIN },
	{ "no such name, the other server is dead", { SERVER(NX, NX), SERVER(SILENT, SILENT) }, .failure = FINDING_DNS_NXDOMAIN },
	{ "the first says no, the second knows", { SERVER(NX, NX), SERVER(GOOD, NODATA) },
	  .failure = FINDING_DNS_SERVERS_DISAGREE },
	{ "the first has no data, the second knows", { SERVER(NODATA, NODATA), SERVER(GOOD, NODATA) },
	  .failure = FINDING_DNS_SERVERS_DISAGREE },
	{ "no address", { SERVER(NODATA, NODATA), NO_SERVER }, .failure = FINDING_DNS_NO_ADDRESS },
	{ "upstream broken", { { SERVFAIL, SERVFAIL, SERVFAIL, SERVFAIL, NOT, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_SERVFAIL },
	{ "bogus", { { SERVFAIL, SERVFAIL, GOOD, SERVFAIL, NOT, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_DNSSEC_BOGUS },
	{ "bogus by the resolver's clock", { { SERVFAIL, SERVFAIL, GOOD, EDE_EXPIRED, NOT, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_DNSSEC_CLOCK },
	{ "expired for everybody", { { SERVFAIL, SERVFAIL, SIGNED_LONG_AGO, EDE_EXPIRED, NOT, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_DNSSEC_BOGUS },
	{ "signed well, and the resolver's clock is wrong",
	  { { SERVFAIL, SERVFAIL, SIGNED_NOW, EDE_EXPIRED, NOT, NOT, "10.0.0.53" }, NO_SERVER }, .failure = FINDING_DNS_DNSSEC_CLOCK },
	{ "SERVFAIL moves on", { SERVER(SERVFAIL, SERVFAIL), SERVER(GOOD, NODATA) }, .works = true },
	{ "refused to everybody", { { REFUSED, REFUSED, NOT, REFUSED, NOT, REFUSED, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_REFUSED },
	{ "refused, and it says prohibited", { { REFUSED, REFUSED, NOT, EDE_PROHIBITED, NOT, SERVFAIL, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_REFUSED },
	{ "refused for this name only", { { REFUSED, REFUSED, NOT, REFUSED, NOT, SERVFAIL, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_POLICY_BLOCKED },
	{ "filtered, and it says so", { { NX, NX, NOT, EDE_FILTERED, NOT, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_POLICY_BLOCKED },
	{ "silence", { SERVER(SILENT, SILENT), SERVER(SILENT, SILENT) }, .failure = FINDING_DNS_TIMEOUT },
	{ "closed", { SERVER(CLOSED, CLOSED), NO_SERVER }, .failure = FINDING_DNS_PORT_CLOSED },
	{ "the local stub is closed", { { CLOSED, CLOSED, NOT, NOT, NOT, NOT, "127.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_STUB_STOPPED },
	{ "dead host", { SERVER(DEAD, DEAD), NO_SERVER }, .failure = FINDING_DNS_SERVER_UNREACHABLE },
	{ "no route", { SERVER(NO_ROUTE, NO_ROUTE), NO_SERVER }, .failure = FINDING_DNS_SERVER_UNREACHABLE },
	{ "own firewall", { SERVER(FIREWALL, FIREWALL), NO_SERVER }, .failure = FINDING_DNS_LOCAL_FIREWALL },
	{ "dead first, good second", { SERVER(SILENT, SILENT), SERVER(GOOD, NODATA) }, .works = true,
	  .warning = FINDING_DNS_FIRST_SERVER_DEAD },
	{ "closed first, good second", { SERVER(CLOSED, CLOSED), SERVER(GOOD, NODATA) }, .works = true,
	  .warning = FINDING_DNS_FIRST_SERVER_DEAD },
	{ "AAAA dropped", { SERVER(GOOD, SILENT), NO_SERVER }, .works = true, .warning = FINDING_DNS_AAAA_DROPPED },
	{ "AAAA fails", { SERVER(GOOD, SERVFAIL), NO_SERVER }, .works = true, .warning = FINDING_DNS_AAAA_SERVFAIL },
	{ "slow", { SERVER(SLOW, NODATA), NO_SERVER }, .works = true, .warning = FINDING_DNS_SLOW },
	{ "truncated, no TCP", { SERVER(TRUNCATED, NODATA), NO_SERVER }, .failure = FINDING_DNS_TRUNCATED_TCP_BLOCKED },
	{ "EDNS not understood", { { FORMERR, FORMERR, NOT, NOT, GOOD, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_EDNS_FILTERED },
	{ "EDNS dropped", { { SILENT, SILENT, NOT, NOT, GOOD, NOT, "10.0.0.53" }, NO_SERVER },
	  .failure = FINDING_DNS_EDNS_FILTERED },
	{ "garbage", { SERVER(GARBAGE, GARBAGE), NO_SERVER }, .failure = FINDING_DNS_MALFORMED_REPLY },
	{ "somebody else's reply", { SERVER(STRAY, STRAY), NO_SERVER }, .failure = FINDING_DNS_MISMATCHED_REPLY },
	{ "alias loop", { SERVER(LOOP, LOOP), NO_SERVER }, .failure = FINDING_DNS_CNAME_LOOP },
	{ "not a resolver", { SERVER(REFERRAL, REFERRAL), NO_SERVER }, .failure = FINDING_DNS_NO_RECURSION },
	{ "not a resolver, empty", { SERVER(LAME, LAME), NO_SERVER }, .failure = FINDING_DNS_NO_RECURSION },
	{ "one silent, one refuses: the one that speaks is told of",
	  { SERVER(SILENT, SILENT), { REFUSED, REFUSED, NOT, REFUSED, NOT, REFUSED, "10.0.0.54" } },
	  .failure = FINDING_DNS_REFUSED },
};

static void judge_row(const struct dns_row *row)
{
	static struct probe_dns_answer answers[2][6];
	struct dns_view views[2];
	struct dns_judgement j;
	size_t count = 0;

	for (size_t s = 0; s < 2 && row->servers[s].address != NULL; s++, count++) {
		const int how[6] = { row->servers[s].a, row->servers[s].aaaa, row->servers[s].unchecked,
				     row->servers[s].extended, row->servers[s].plain, row->servers[s].other };

		for (size_t i = 0; i < 6; i++)
			make(&answers[s][i], how[i]);
		views[s] = (struct dns_view){ .a = &answers[s][0], .aaaa = &answers[s][1], .now = NOW };
		views[s].unchecked = how[2] != NOT ? &answers[s][2] : NULL;
		views[s].extended = how[3] != NOT ? &answers[s][3] : NULL;
		views[s].plain = how[4] != NOT ? &answers[s][4] : NULL;
		views[s].other_name = how[5] != NOT ? &answers[s][5] : NULL;
		assert_true(probe_address_parse(row->servers[s].address, 53, &views[s].server));
	}
	dns_judge(views, count, &j);
	if (j.works != row->works || j.failure != row->failure)
		fail_msg("%s: %s \"%s\"", row->what, j.works ? "works" : "fails", finding_info(j.failure)->code);
	if (row->warning == FINDING_NONE ? j.warning_count != 0 : j.warning_count != 1 || j.warnings[0] != row->warning)
		fail_msg("%s: %zu warnings, \"%s\"", row->what, j.warning_count, finding_info(j.warnings[0])->code);
	assert_int_equal(j.works, j.addresses.count > 0);
}

static void name_servers_are_judged_as_the_system_would_use_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(dns_rows) / sizeof(dns_rows[0]); i++)
		judge_row(&dns_rows[i]);
}

static void addresses_that_only_others_give_are_kept_apart(void **state)
{
	static struct probe_dns_answer answers[2];
	struct dns_view views[2] = { { .a = &answers[0] }, { .a = &answers[1] } };
	struct dns_judgement j;
	char text[100];

	(void)state;
	make(&answers[0], OTHER);
	make(&answers[1], GOOD);
	probe_address_parse("10.0.0.1", 53, &views[0].server);
	probe_address_parse("10.0.0.2", 53, &views[1].server);
	dns_judge(views, 2, &j);
	assert_string_equal(result_addresses_text(text, sizeof(text), &j.addresses), "192.0.2.99");
	assert_string_equal(result_addresses_text(text, sizeof(text), &j.others), "192.0.2.1");
}

/* --- proxies -------------------------------------------------------------------------------------------------------------------- */

static void a_proxys_answer_has_its_reason(void **state)
{
	static const struct {
		unsigned int status;
		const char *squid, *proxy_status, *via;
		unsigned int offered;
		bool login;
		enum finding expected;
	} rows[] = {
		{ 407, "", "", "", PROBE_AUTH_BASIC, false, FINDING_PROXY_AUTH_REQUIRED },
		{ 407, "ERR_CACHE_ACCESS_DENIED 0", "", "", PROBE_AUTH_BASIC, true, FINDING_PROXY_AUTH_REJECTED },
		{ 407, "", "", "", 0, false, FINDING_PROXY_AUTH_REQUIRED },
		{ 407, "", "", "", 0, true, FINDING_PROXY_AUTH_REJECTED },
		{ 302, "302 Access Denied", "", "", 0, false, FINDING_PROXY_DENIED_DESTINATION },
		{ 407, "", "", "", PROBE_AUTH_DIGEST | PROBE_AUTH_NTLM, true, FINDING_PROXY_AUTH_REJECTED },
		{ 407, "", "", "", PROBE_AUTH_NTLM | PROBE_AUTH_NEGOTIATE, false, FINDING_PROXY_AUTH_REQUIRED },
		{ 407, "", "", "", PROBE_AUTH_NTLM | PROBE_AUTH_NEGOTIATE, true, FINDING_PROXY_AUTH_REJECTED },
		{ 407, "", "", "", PROBE_AUTH_OTHER, true, FINDING_PROXY_AUTH_METHOD_UNSUPPORTED },
		{ 403, "ERR_ACCESS_DENIED 0", "", "", 0, false, FINDING_PROXY_DENIED_DESTINATION },
		{ 403, "", "", "", 0, false, FINDING_PROXY_DENIED_DESTINATION },
		{ 503, "ERR_CONNECT_FAIL 111", "", "", 0, false, FINDING_PROXY_UPSTREAM_REFUSED },
		{ 503, "ERR_CONNECT_FAIL 110", "", "", 0, false, FINDING_PROXY_UPSTREAM_TIMEOUT },
		{ 503, "ERR_CONNECT_FAIL 113", "", "", 0, false, FINDING_PROXY_UPSTREAM_ERROR },
		{ 503, "ERR_DNS_FAIL 0", "", "", 0, false, FINDING_PROXY_CANNOT_RESOLVE },
		{ 502, "", "p; error=dns_error; rcode=NXDOMAIN", "", 0, false, FINDING_PROXY_CANNOT_RESOLVE },
		{ 502, "", "p; error=connection_refused", "", 0, false, FINDING_PROXY_UPSTREAM_REFUSED },
		{ 504, "", "", "", 0, false, FINDING_PROXY_UPSTREAM_TIMEOUT },
		{ 502, "", "", "", 0, false, FINDING_PROXY_UPSTREAM_ERROR },
		{ 500, "ERR_CANNOT_FORWARD 0", "", "", 0, false, FINDING_PROXY_UPSTREAM_ERROR },
		{ 405, "", "", "", 0, false, FINDING_PROXY_CONNECT_UNSUPPORTED },
		{ 501, "", "", "", 0, false, FINDING_PROXY_CONNECT_UNSUPPORTED },
		{ 400, "", "", "", 0, false, FINDING_PROXY_CONNECT_UNSUPPORTED },
		{ 302, "", "", "", 0, false, FINDING_PROXY_CAPTIVE_PORTAL },
		{ 511, "", "", "", 0, false, FINDING_PROXY_CAPTIVE_PORTAL },
		{ 508, "", "", "", 0, false, FINDING_PROXY_LOOP },
		{ 503, "", "", "1.1 a (squid), 1.1 b, 1.1 a (squid)", 0, false, FINDING_PROXY_LOOP },
		{ 503, "", "", "1.1 a, 1.1 b", 0, false, FINDING_PROXY_UPSTREAM_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct probe_http_head head = { .status = rows[i].status };
		enum finding f;

		snprintf(head.squid_error, sizeof(head.squid_error), "%s", rows[i].squid);
		snprintf(head.proxy_status, sizeof(head.proxy_status), "%s", rows[i].proxy_status);
		snprintf(head.via, sizeof(head.via), "%s", rows[i].via);
		f = proxy_judge_answer(&head, rows[i].offered, rows[i].login);
		if (f != rows[i].expected)
			fail_msg("row %zu (%u %s): %s", i, rows[i].status, rows[i].squid, finding_info(f)->code);
	}
}

/* --- portals -------------------------------------------------------------------------------------------------------------------- */

static void a_portal_is_told_from_a_web_server(void **state)
{
	static const struct { unsigned int status; const char *location, *type, *body; enum portal portal; } rows[] = {
		{ 302, "http://login.hotel.example/?u=x", "text/html", "", PORTAL_SURE },
		{ 302, "http://192.0.2.1:8080/x", "text/html", "", PORTAL_SURE },
		{ 301, "https://www.vendor.example/", "text/html", "", PORTAL_LIKELY },
		{ 301, "https://feed.example/", "text/html", "", PORTAL_NONE },
		{ 301, "https://www.feed.example/x", "text/html", "", PORTAL_NONE },
		{ 301, "https://login.feed.example/x", "text/html", "", PORTAL_NONE },
		{ 301, "/elsewhere", "text/html", "", PORTAL_NONE },
		{ 511, "", "text/html", "", PORTAL_SURE },
		{ 200, "", "text/html", "<form>Password: <input></form>", PORTAL_LIKELY },
		{ 200, "", "text/html", "<h1>Welcome to nginx!</h1>", PORTAL_NONE },
		{ 200, "", "application/xml", "password", PORTAL_NONE },
		{ 404, "", "text/html", "login", PORTAL_NONE },
	};
	struct probe_exchange *e = calloc(1, sizeof(*e));
	char page[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*e = (struct probe_exchange){ .outcome = PROBE_EXCHANGE_OK, .head = { .status = rows[i].status } };
		snprintf(e->head.location, sizeof(e->head.location), "%s", rows[i].location);
		snprintf(e->head.content_type, sizeof(e->head.content_type), "%s", rows[i].type);
		e->body_len = strlen(rows[i].body);
		memcpy(e->body, rows[i].body, e->body_len);
		if (portal_is(e, "feed.example", page, sizeof(page)) != rows[i].portal)
			fail_msg("row %zu", i);
	}
	free(e);
}

/* --- targets -------------------------------------------------------------------------------------------------------------------- */

static void a_target_is_read_or_refused(void **state)
{
	static const struct { bool url; const char *text, *host; uint16_t port; } rows[] = {
		{ true, "https://www.cisco.com/web/posture-update.xml", "www.cisco.com", 443 },
		{ true, "https://feed.example:8443/x?y=1", "feed.example", 8443 },
		{ true, "HTTPS://[2001:db8::1]:444/", "2001:db8::1", 444 },
		{ true, "http://feed.example/", NULL, 0 },
		{ true, "feed.example", NULL, 0 },
		{ true, "https://user:secret@feed.example/", NULL, 0 },
		{ true, "", NULL, 0 },
		{ false, "feed.example", "feed.example", 443 },
		{ false, "feed.example:8443", "feed.example", 8443 },
		{ false, "192.0.2.1:1", "192.0.2.1", 1 },
		{ false, "2001:db8::1", "2001:db8::1", 443 },
		{ false, "[2001:db8::1]", "2001:db8::1", 443 },
		{ false, "[2001:db8::1]:8443", "2001:db8::1", 8443 },
		{ false, "feed.example:0", NULL, 0 },
		{ false, "feed.example:65536", NULL, 0 },
		{ false, "feed.example:x", NULL, 0 },
		{ false, "feed example", NULL, 0 },
		{ false, ":443", NULL, 0 },
		{ false, "", NULL, 0 },
		{ false, "https://feed.example/", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check_target target;
		struct error err = ERROR_INIT;
		bool ok = rows[i].url ? target_from_url(rows[i].text, &target, &err) :
					target_from_host(rows[i].text, &target, &err);

		if (ok != (rows[i].host != NULL))
			fail_msg("\"%s\": %s", rows[i].text, ok ? target.host : err.message);
		if (!ok) {
			assert_int_equal(error_exit_code(&err), EXIT_USAGE);
			assert_null(strstr(err.message, "secret"));
			continue;
		}
		assert_string_equal(target.host, rows[i].host);
		assert_int_equal(target.port, rows[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_servers_are_judged_as_the_system_would_use_them),
		cmocka_unit_test(addresses_that_only_others_give_are_kept_apart),
		cmocka_unit_test(a_proxys_answer_has_its_reason),
		cmocka_unit_test(a_portal_is_told_from_a_web_server),
		cmocka_unit_test(a_target_is_read_or_refused),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
