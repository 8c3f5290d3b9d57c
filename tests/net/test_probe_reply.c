/* NTP replies, and TCP as far as loopback shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/probe_ntp.h"
#include "net/probe_route.h"
#include "net/probe_tcp.h"
#include "net/probe_trace.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define UNIX_1900_S 2208988800u
#define NOW_S 1800000000u
#define NOW_US ((int64_t)NOW_S * 1000000)

static const uint8_t origin[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void put32(uint8_t *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

/* A good reply: two seconds ahead of this clock. */
static void make(uint8_t *p)
{
	memset(p, 0, 48);
	p[0] = 0x24;			/* leap 0, version 4, mode 4 */
	p[1] = 2;
	put32(p + 4, 0x00000100);
	put32(p + 8, 0x00000200);
	memcpy(p + 12, "GPS", 3);
	put32(p + 16, NOW_S + UNIX_1900_S - 10);
	memcpy(p + 24, origin, 8);
	put32(p + 32, NOW_S + UNIX_1900_S + 2);
	put32(p + 40, NOW_S + UNIX_1900_S + 2);
}

static void a_good_reply_gives_offset_and_delay(void **state)
{
	struct probe_ntp r;
	uint8_t p[48];

	(void)state;
	make(p);
	memset(&r, 0, sizeof(r));
	probe_ntp_parse(p, 48, origin, NOW_US - 10000, NOW_US + 10000, &r);
	assert_int_equal(r.outcome, PROBE_NTP_OK);
	assert_true(r.has_offset);
	assert_true(r.offset_ms > 1999.9 && r.offset_ms < 2000.1);
	assert_true(r.delay_ms > 19.9 && r.delay_ms < 20.1);
	assert_int_equal(r.server_time_ms, (int64_t)(NOW_S + 2) * 1000);
}

static void the_era_after_2036_is_understood(void **state)
{
	const int64_t now_us = 2200000000LL * 1000000;		/* 2039 */
	struct probe_ntp r;
	uint8_t p[48];

	(void)state;
	make(p);
	put32(p + 32, (uint32_t)(2200000000LL + 2208988800LL - 4294967296LL));
	put32(p + 40, (uint32_t)(2200000000LL + 2208988800LL - 4294967296LL));
	memset(&r, 0, sizeof(r));
	probe_ntp_parse(p, 48, origin, now_us, now_us, &r);
	assert_true(r.has_offset && r.offset_ms > -0.1 && r.offset_ms < 0.1);
}

struct damage {
	size_t at;
	uint8_t bytes[4];
	size_t n;
	size_t len;
	enum probe_ntp_outcome outcome;
	const char *kiss;
};

static void each_fault_of_a_reply_has_its_outcome(void **state)
{
	static const struct damage rows[] = {
		{ 0, { 0x24 }, 1, 48, PROBE_NTP_OK, "" },
		{ 0, { 0x1c }, 1, 48, PROBE_NTP_OK, "" },			/* version 3 */
		{ 0, { 0x24 }, 1, 47, PROBE_NTP_SHORT, "" },
		{ 0, { 0x24 }, 1, 0, PROBE_NTP_SHORT, "" },
		{ 0, { 0x3c }, 1, 48, PROBE_NTP_BAD_VERSION, "" },		/* version 7 */
		{ 0, { 0x23 }, 1, 48, PROBE_NTP_BAD_MODE, "" },			/* client */
		{ 0, { 0x25 }, 1, 48, PROBE_NTP_BAD_MODE, "" },			/* broadcast */
		{ 24, { 9 }, 1, 48, PROBE_NTP_ORIGIN_MISMATCH, "" },
		{ 1, { 16 }, 1, 48, PROBE_NTP_UNSYNCHRONISED, "" },
		{ 0, { 0xe4 }, 1, 48, PROBE_NTP_LEAP_ALARM, "" },
		{ 8, { 0, 5, 0, 0 }, 4, 48, PROBE_NTP_ROOT_DISTANCE, "" },
		{ 1, { 0 }, 1, 48, PROBE_NTP_KISS, "GPS" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_ntp r;
		uint8_t p[48];

		make(p);
		memcpy(p + rows[i].at, rows[i].bytes, rows[i].n);
		memset(&r, 0, sizeof(r));
		probe_ntp_parse(p, rows[i].len, origin, NOW_US, NOW_US, &r);
		if (r.outcome != rows[i].outcome || strcmp(r.kiss, rows[i].kiss) != 0)
			fail_msg("row %zu: outcome %d, kiss \"%s\"", i, r.outcome, r.kiss);
	}
}

static void a_zero_transmit_time_is_no_time(void **state)
{
	struct probe_ntp r;
	uint8_t p[48];

	(void)state;
	make(p);
	memset(p + 40, 0, 8);
	memset(&r, 0, sizeof(r));
	probe_ntp_parse(p, 48, origin, NOW_US, NOW_US, &r);
	assert_int_equal(r.outcome, PROBE_NTP_ZERO_TRANSMIT);
	assert_false(r.has_offset);
}

static void a_kiss_code_is_printable_or_nothing(void **state)
{
	struct probe_ntp r;
	uint8_t p[48];

	(void)state;
	make(p);
	p[1] = 0;
	memcpy(p + 12, "\x1b[2J", 4);
	memset(&r, 0, sizeof(r));
	probe_ntp_parse(p, 48, origin, NOW_US, NOW_US, &r);
	assert_int_equal(r.outcome, PROBE_NTP_UNSYNCHRONISED);
	assert_string_equal(r.kiss, "");
}

/* A listener on loopback, on a port that is free. */
static int listener(struct probe_address *address)
{
	socklen_t len = sizeof(address->v4);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	probe_address_parse("127.0.0.1", 0, address);
	assert_int_equal(bind(fd, &address->sa, len), 0);
	getsockname(fd, &address->sa, &len);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void addresses_are_tried_side_by_side(void **state)
{
	struct probe_tcp_options options = { .budget_ms = 2000, .keep = true };
	struct probe_tcp_result results[2];
	struct probe_address targets[2];
	int open = listener(&targets[0]), closed = listener(&targets[1]);

	(void)state;
	close(closed);
	probe_tcp_connect(targets, 2, &options, results);
	assert_int_equal(results[0].outcome, PROBE_TCP_CONNECTED);
	assert_true(results[0].fd >= 0);
	assert_true(results[0].facts.mss > 500);
	assert_int_equal(probe_address_kind(&results[0].source), PROBE_ADDRESS_LOOPBACK);
	assert_int_equal(results[1].outcome, PROBE_TCP_REFUSED);
	assert_int_equal(results[1].sys_errno, ECONNREFUSED);
	assert_int_equal(results[1].fd, -1);
	close(results[0].fd);
	close(open);
}

static void the_segment_size_can_be_kept_small(void **state)
{
	struct probe_tcp_options options = { .budget_ms = 2000, .max_segment = 536 };
	struct probe_tcp_result result;
	struct probe_address target;
	int open = listener(&target);

	(void)state;
	probe_tcp_connect(&target, 1, &options, &result);
	assert_int_equal(result.outcome, PROBE_TCP_CONNECTED);
	assert_true(result.facts.mss <= 536);
	assert_int_equal(result.fd, -1);
	close(open);
}

static void the_way_to_this_host_itself_is_local(void **state)
{
	struct probe_network network;
	struct probe_address self;
	struct probe_route route;
	struct probe_trace trace;

	(void)state;
	probe_address_parse("127.0.0.1", 9, &self);
	assert_true(probe_network_read(&network, NULL));
	assert_true(network.link_count >= 1);
	assert_true(network.links[0].loopback);
	assert_true(probe_route_lookup(&self, &route, NULL));
	assert_int_equal(route.kind, PROBE_ROUTE_LOCAL);
	probe_trace(&self, PROBE_TRACE_TCP, 0, 2000, &trace);
	assert_int_equal(trace.end, PROBE_TRACE_REACHED);
	assert_int_equal(trace.reached_ttl, 1);
	assert_int_equal(trace.last_hop, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_reply_gives_offset_and_delay),
		cmocka_unit_test(the_era_after_2036_is_understood),
		cmocka_unit_test(each_fault_of_a_reply_has_its_outcome),
		cmocka_unit_test(a_zero_transmit_time_is_no_time),
		cmocka_unit_test(a_kiss_code_is_printable_or_nothing),
		cmocka_unit_test(addresses_are_tried_side_by_side),
		cmocka_unit_test(the_segment_size_can_be_kept_small),
		cmocka_unit_test(the_way_to_this_host_itself_is_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
