/* From findings to the one cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "diagnose/verdict.h"

#define NOW 1800000000
#define DAY 86400
#define SEEN_MAX 5
#define NONE FINDING_NONE

#define FAILS(c, f) { CHECK_##c, FINDING_##f, WEIGHT_FAIL }
#define WARNS(c, f) { CHECK_##c, FINDING_##f, WEIGHT_WARN }
#define SUSPECTS(c, f) { CHECK_##c, FINDING_##f, WEIGHT_SUSPECT }
#define INFORMS(c, f) { CHECK_##c, FINDING_##f, WEIGHT_INFO }

struct row {
	const char *what;
	struct { enum check_id check; enum finding code; enum weight weight; } seen[SEEN_MAX];
	bool has_offset;
	double offset_s;		/* server minus this clock, by NTP */
	bool has_date;
	double date_s;			/* by the feed server's Date */
	double valid_from, valid_to;	/* seconds from now; both 0: no dates */
	enum finding failed;		/* of the update */
	enum finding cause;
	enum finding also[3];
};

static const struct row rows[] = {
	{ .what = "nothing seen" },
	{ .what = "information is no warning", .seen = { INFORMS(CHAIN, REVOCATION_NOT_CHECKED) } },
	{ .what = "a suspect without a failure is nothing", .seen = { SUSPECTS(LOCAL, NO_DEFAULT_ROUTE) } },
	{ .what = "a warning alone is no cause", .seen = { WARNS(TIME, NTP_TIMEOUT) }, .also = { FINDING_NTP_TIMEOUT } },
	{ .what = "the earliest check has the cause", .seen = { FAILS(PROXY, PROXY_AUTH_REJECTED), WARNS(TIME, TIME_OFFSET) },
	  .cause = FINDING_PROXY_AUTH_REJECTED, .also = { FINDING_TIME_OFFSET } },
	{ .what = "within a check the first finding", .seen = { FAILS(CHAIN, CERT_EXPIRED), FAILS(CHAIN, CERT_NAME_MISMATCH) },
	  .cause = FINDING_CERT_EXPIRED, .also = { FINDING_CERT_NAME_MISMATCH } },

	{ .what = "no route explains silent name servers",
	  .seen = { SUSPECTS(LOCAL, NO_DEFAULT_ROUTE), FAILS(DNS, DNS_TIMEOUT), WARNS(TIME, NTP_UNRESOLVABLE) },
	  .cause = FINDING_NO_DEFAULT_ROUTE },
	{ .what = "no route does not explain a name that does not exist",
	  .seen = { SUSPECTS(LOCAL, NO_DEFAULT_ROUTE), FAILS(DNS, DNS_NXDOMAIN) }, .cause = FINDING_DNS_NXDOMAIN },
	{ .what = "a dead gateway explains a silent proxy", .seen = { SUSPECTS(LOCAL, GATEWAY_DEAD), FAILS(TCP, PROXY_TIMEOUT) },
	  .cause = FINDING_GATEWAY_DEAD },
	{ .what = "a link that is down is not said twice",
	  .seen = { FAILS(LOCAL, LINK_DOWN), SUSPECTS(LOCAL, NO_ADDRESS), FAILS(DNS, DNS_SERVER_UNREACHABLE) },
	  .cause = FINDING_LINK_DOWN },
	{ .what = "name servers explain time servers without address",
	  .seen = { FAILS(DNS, DNS_SERVFAIL), WARNS(TIME, NTP_UNRESOLVABLE) }, .cause = FINDING_DNS_SERVFAIL },
	{ .what = "a missing name does not explain them",
	  .seen = { FAILS(DNS, DNS_NXDOMAIN), WARNS(TIME, NTP_UNRESOLVABLE) }, .cause = FINDING_DNS_NXDOMAIN,
	  .also = { FINDING_NTP_UNRESOLVABLE } },
	{ .what = "a wildcard explains a foreign certificate",
	  .seen = { SUSPECTS(DNS, DNS_HIJACKED), FAILS(CHAIN, CERT_SELF_SIGNED) }, .cause = FINDING_DNS_HIJACKED },
	{ .what = "a wildcard does not explain an expired one",
	  .seen = { SUSPECTS(DNS, DNS_HIJACKED), FAILS(CHAIN, CERT_EXPIRED) }, .cause = FINDING_CERT_EXPIRED },
	{ .what = "a bypass that is wrong beats what it broke",
	  .seen = { FAILS(TCP, TCP_TIMEOUT), FAILS(PROXY, PROXY_BYPASSED) }, .cause = FINDING_PROXY_BYPASSED },
	{ .what = "a running update is a cause only when nothing else is",
	  .seen = { FAILS(LOCAL, UPDATE_LOCKED), FAILS(TCP, TCP_REFUSED) }, .cause = FINDING_TCP_REFUSED,
	  .also = { FINDING_UPDATE_LOCKED } },
	{ .what = "and then it is", .seen = { FAILS(LOCAL, UPDATE_LOCKED) }, .cause = FINDING_UPDATE_LOCKED },
	{ .what = "settings that cannot be read come first",
	  .seen = { FAILS(LOCAL, CONFIG_INVALID), FAILS(LOCAL, DISK_FULL) }, .cause = FINDING_CONFIG_INVALID,
	  .also = { FINDING_DISK_FULL } },
	{ .what = "a stopped time client says it for the offset",
	  .seen = { WARNS(TIME, TIME_OFFSET), WARNS(TIME, NTP_CLIENT_STOPPED) }, .also = { FINDING_NTP_CLIENT_STOPPED } },

	{ .what = "a fast clock makes a certificate look expired",
	  .seen = { WARNS(TIME, TIME_OFFSET), FAILS(CHAIN, CERT_EXPIRED) }, .has_offset = true, .offset_s = -400.0 * DAY,
	  .valid_from = -500.0 * DAY, .valid_to = -300.0 * DAY, .cause = FINDING_CLOCK_FAST },
	{ .what = "a slow clock makes it look not yet valid", .seen = { WARNS(TIME, TIME_OFFSET), FAILS(CHAIN, CERT_NOT_YET_VALID) },
	  .has_offset = true, .offset_s = 400.0 * DAY, .valid_from = 300.0 * DAY, .valid_to = 500.0 * DAY,
	  .cause = FINDING_CLOCK_SLOW },
	{ .what = "a right clock leaves it expired", .seen = { FAILS(CHAIN, CERT_EXPIRED) }, .has_offset = true, .offset_s = 0.02,
	  .valid_from = -90.0 * DAY, .valid_to = -1.0 * DAY, .cause = FINDING_CERT_EXPIRED },
	{ .what = "a clock that is off, but not by what it takes, is beside it",
	  .seen = { WARNS(TIME, TIME_OFFSET), FAILS(CHAIN, CERT_EXPIRED) }, .has_offset = true, .offset_s = -600,
	  .valid_from = -90.0 * DAY, .valid_to = -1.0 * DAY, .cause = FINDING_CERT_EXPIRED, .also = { FINDING_TIME_OFFSET } },
	{ .what = "the server's Date stands in for a time server", .seen = { FAILS(CHAIN, CERT_EXPIRED) }, .has_date = true,
	  .date_s = -400.0 * DAY, .valid_from = -500.0 * DAY, .valid_to = -300.0 * DAY, .cause = FINDING_CLOCK_FAST },
	{ .what = "but a time server knows better", .seen = { FAILS(CHAIN, CERT_EXPIRED) }, .has_offset = true, .has_date = true,
	  .date_s = -400.0 * DAY, .valid_from = -500.0 * DAY, .valid_to = -300.0 * DAY, .cause = FINDING_CERT_EXPIRED },
	{ .what = "a clock before the build needs no time server",
	  .seen = { WARNS(TIME, CLOCK_BEFORE_BUILD), FAILS(CHAIN, CERT_NOT_YET_VALID) }, .valid_from = 300.0 * DAY,
	  .valid_to = 500.0 * DAY, .cause = FINDING_CLOCK_BEFORE_BUILD },
	{ .what = "an offset says it better", .seen = { WARNS(TIME, CLOCK_BEFORE_BUILD), FAILS(CHAIN, CERT_NOT_YET_VALID) },
	  .has_offset = true, .offset_s = 400.0 * DAY, .valid_from = 300.0 * DAY, .valid_to = 500.0 * DAY,
	  .cause = FINDING_CLOCK_SLOW },
	{ .what = "whole hours that break a certificate", .seen = { WARNS(TIME, TIME_ZONE_CONFUSION), FAILS(CHAIN, CERT_NOT_YET_VALID) },
	  .has_offset = true, .offset_s = 7200, .valid_from = 3600, .valid_to = 90.0 * DAY, .cause = FINDING_CLOCK_SLOW },

	{ .what = "the update's failure is the cause when the checks find none", .seen = { WARNS(TIME, NTP_TIMEOUT) },
	  .failed = FINDING_FEED_HASH_MISMATCH, .cause = FINDING_FEED_HASH_MISMATCH, .also = { FINDING_NTP_TIMEOUT } },
	{ .what = "and gives way to a deeper one", .seen = { FAILS(TCP, TCP_TIMEOUT) }, .failed = FINDING_TCP_TIMEOUT,
	  .cause = FINDING_TCP_TIMEOUT },
	{ .what = "a disk that filled during the update stays the cause", .failed = FINDING_DISK_FULL,
	  .cause = FINDING_DISK_FULL },
};

static void fill(const struct row *row, struct check_result *results, bool *done)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		assert_true(result_init(&results[id]));
		done[id] = true;
	}
	for (size_t i = 0; i < SEEN_MAX && row->seen[i].code != NONE; i++)
		result_add(&results[row->seen[i].check], row->seen[i].code, row->seen[i].weight);
	if (row->has_offset)
		result_fact(&results[CHECK_TIME], "offset_ms", json_real(row->offset_s * 1000));
	if (row->has_date)
		result_fact(&results[CHECK_CHAIN], "date_offset_ms", json_real(row->date_s * 1000));
	if (row->valid_from != 0 || row->valid_to != 0) {
		result_fact(&results[CHECK_CHAIN], "valid_from", json_real(NOW + row->valid_from));
		result_fact(&results[CHECK_CHAIN], "valid_to", json_real(NOW + row->valid_to));
	}
}

static void check_row(const struct row *row)
{
	struct check_result results[CHECK_COUNT];
	bool done[CHECK_COUNT];
	struct verdict_input in = { .results = results, .done = done, .now = NOW, .failed = row->failed };
	struct diagnose_verdict v;
	size_t also = 0;

	fill(row, results, done);
	verdict_decide(&in, &v, NULL);
	if (v.cause != row->cause)
		fail_msg("%s: cause is \"%s\", not \"%s\"", row->what, finding_info(v.cause)->code, finding_info(row->cause)->code);
	while (also < 3 && row->also[also] != NONE)
		also++;
	if (v.also_count != also)
		fail_msg("%s: %zu beside it, the first is \"%s\"", row->what, v.also_count, finding_info(v.also[0])->code);
	for (size_t i = 0; i < also; i++) {
		if (v.also[i] != row->also[i])
			fail_msg("%s: \"%s\" beside it", row->what, finding_info(v.also[i])->code);
	}
	assert_int_equal(v.status, row->cause != NONE ? CHECK_FAIL : also > 0 ? CHECK_WARN : CHECK_PASS);
	for (int id = 0; id < CHECK_COUNT; id++)
		result_clear(&results[id]);
}

static void the_cause_follows_from_the_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

/* Any single failing finding, alone, is its own cause, and nothing stands beside it. */
static void a_finding_alone_is_the_cause(void **state)
{
	(void)state;
	for (int f = NONE + 1; f < FINDING_COUNT; f++) {
		const struct finding_info *info = finding_info((enum finding)f);
		struct row row = { .what = info->code, .cause = (enum finding)f };

		if (info->severity != SEVERITY_FAIL || info->area == AREA_BUNDLE || info->area == AREA_NODE)
			continue;
		row.seen[0].check = (enum check_id)info->area;
		row.seen[0].code = (enum finding)f;
		row.seen[0].weight = WEIGHT_FAIL;
		check_row(&row);
	}
}

static void explanations_do_not_go_round(void **state)
{
	(void)state;
	for (int a = NONE + 1; a < FINDING_COUNT; a++) {
		assert_false(verdict_explains((enum finding)a, (enum finding)a));
		for (int b = a + 1; b < FINDING_COUNT; b++) {
			/* Two ways of having no way out may stand for one another; nothing else may. */
			if (verdict_explains((enum finding)a, (enum finding)b) && verdict_explains((enum finding)b, (enum finding)a) &&
			    finding_info((enum finding)a)->area != AREA_LOCAL && finding_info((enum finding)a)->area != AREA_CHAIN &&
			    finding_info((enum finding)a)->area != AREA_DNS)
				fail_msg("%s and %s explain each other", finding_info((enum finding)a)->code,
					 finding_info((enum finding)b)->code);
		}
	}
}

static void an_interrupted_run_has_a_verdict(void **state)
{
	struct check_result results[CHECK_COUNT] = { 0 };
	bool done[CHECK_COUNT] = { false };
	struct verdict_input in = { .results = results, .done = done, .now = NOW, .interrupted = true };
	struct diagnose_verdict v;

	(void)state;
	verdict_decide(&in, &v, NULL);
	assert_int_equal(v.cause, NONE);
	assert_int_equal(v.status, CHECK_WARN);
	assert_int_equal(diagnose_exit_code(&v), EXIT_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cause_follows_from_the_findings),
		cmocka_unit_test(a_finding_alone_is_the_cause),
		cmocka_unit_test(explanations_do_not_go_round),
		cmocka_unit_test(an_interrupted_run_has_a_verdict),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
