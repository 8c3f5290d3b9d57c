/* DNS replies, from bytes and from a server of the test's own on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/probe_dns.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ID 0x1234

/* A reply under construction. */
struct wire {
	uint8_t data[1024];
	size_t len;
};

static void put(struct wire *w, const void *data, size_t len)
{
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

static void put16(struct wire *w, unsigned int n)
{
	uint8_t bytes[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	put(w, bytes, 2);
}

static void put_name(struct wire *w, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		uint8_t len = (uint8_t)n;

		put(w, &len, 1);
		put(w, name, n);
		name += n + (name[n] == '.');
	}
	put(w, "", 1);
}

static void put_head(struct wire *w, unsigned int flags, unsigned int answers, unsigned int authority, unsigned int additional)
{
	w->len = 0;
	put16(w, ID);
	put16(w, flags);
	put16(w, 1);
	put16(w, answers);
	put16(w, authority);
	put16(w, additional);
	put_name(w, "feed.example.com");
	put16(w, 1);
	put16(w, 1);
}

static void put_record(struct wire *w, const char *owner, unsigned int type, unsigned int ttl, const void *data, size_t len)
{
	put_name(w, owner);
	put16(w, type);
	put16(w, 1);
	put16(w, ttl >> 16);
	put16(w, ttl & 0xffff);
	put16(w, (unsigned int)len);
	put(w, data, len);
}

static void put_alias(struct wire *w, const char *owner, const char *target)
{
	struct wire name = { .len = 0 };

	put_name(&name, target);
	put_record(w, owner, 5, 60, name.data, name.len);
}

static enum probe_dns_outcome parse(const struct wire *w, struct probe_dns_answer *out)
{
	struct probe_dns_question q = { .name = "feed.example.com", .type = PROBE_DNS_A };

	memset(out, 0, sizeof(*out));
	return probe_dns_parse(w->data, w->len, ID, &q, out);
}

static void an_answer_is_followed_through_its_aliases(void **state)
{
	char text[PROBE_ADDRESS_TEXT_MAX];
	struct probe_dns_answer a;
	struct wire w;

	(void)state;
	put_head(&w, 0x8180, 4, 0, 0);
	put_record(&w, "edge.cdn.test", 1, 30, "\xc0\x00\x02\x01", 4);
	put_alias(&w, "FEED.Example.com", "www.cdn.test");
	put_alias(&w, "www.cdn.test", "edge.cdn.test");
	put_record(&w, "unrelated.test", 1, 300, "\xc0\x00\x02\x09", 4);
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_int_equal(a.rcode, 0);
	assert_true(a.ra && !a.aa && !a.tc);
	assert_int_equal(a.cname_count, 2);
	assert_string_equal(a.cnames[1], "edge.cdn.test");
	assert_int_equal(a.addresses.count, 1);
	assert_string_equal(probe_address_text(text, &a.addresses.items[0]), "192.0.2.1");
	assert_int_equal(a.ttl, 30);
	assert_false(a.cname_loop);
}

static void a_chain_of_aliases_without_end_is_seen(void **state)
{
	struct probe_dns_answer a;
	struct wire w;
	char from[32], to[32];

	(void)state;
	put_head(&w, 0x8180, 2, 0, 0);
	put_alias(&w, "feed.example.com", "b.test");
	put_alias(&w, "b.test", "FEED.example.com");
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_true(a.cname_loop);
	put_head(&w, 0x8180, PROBE_DNS_CNAMES_MAX + 2, 0, 0);
	snprintf(from, sizeof(from), "feed.example.com");
	for (int i = 0; i < PROBE_DNS_CNAMES_MAX + 2; i++) {
		snprintf(to, sizeof(to), "n%d.test", i);
		put_alias(&w, from, to);
		memcpy(from, to, sizeof(from));
	}
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_true(a.cname_loop);
	assert_int_equal(a.cname_count, PROBE_DNS_CNAMES_MAX);
}

static void extended_errors_and_rcodes_are_read(void **state)
{
	static const uint8_t options[] = { 0, 10, 0, 2, 'x', 'y', 0, 15, 0, 6, 0, 7, 'g', 'o', 'n', 'e', 0, 15, 0, 2, 0, 18 };
	struct probe_dns_answer a;
	struct wire w;

	(void)state;
	put_head(&w, 0x8182, 0, 0, 1);
	put_record(&w, "", 41, 0, options, sizeof(options));
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_int_equal(a.rcode, 2);
	assert_true(a.edns);
	assert_int_equal(a.ede_count, 2);
	assert_int_equal(a.ede[0].code, 7);
	assert_string_equal(a.ede[0].text, "gone");
	assert_int_equal(a.ede[1].code, 18);
	assert_string_equal(a.ede[1].text, "");
}

static void referrals_and_negative_answers_are_told_apart(void **state)
{
	struct wire soa = { .len = 0 }, ns = { .len = 0 }, w;
	struct probe_dns_answer a;

	(void)state;
	put_name(&soa, "a.test");
	put_name(&soa, "b.test");
	put(&soa, "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 20);
	put_name(&ns, "ns.test");
	put_head(&w, 0x8583, 0, 1, 0);
	put_record(&w, "example.com", 6, 60, soa.data, soa.len);
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_int_equal(a.rcode, 3);
	assert_true(a.negative_soa && a.aa && !a.referral);
	put_head(&w, 0x8000, 0, 1, 0);
	put_record(&w, "com", 2, 60, ns.data, ns.len);
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	assert_true(a.referral && !a.ra);
}

/* The sanitizers' build tells when ldns loses the first of two. */
static void of_signatures_there_is_one_at_most(void **state)
{
	struct probe_dns_answer a;
	struct wire w;

	(void)state;
	put_head(&w, 0x8180, 0, 0, 1);
	put_record(&w, "key", 250, 0, "", 0);
	assert_int_equal(parse(&w, &a), PROBE_DNS_ANSWERED);
	put_head(&w, 0x8180, 0, 0, 2);
	put_record(&w, "key", 250, 0, "", 0);
	put_record(&w, "key", 250, 0, "", 0);
	assert_int_equal(parse(&w, &a), PROBE_DNS_MALFORMED);
}

static void what_is_no_reply_to_the_question_is_refused(void **state)
{
	struct probe_dns_answer a;
	struct wire w, other;

	(void)state;
	put_head(&w, 0x8180, 0, 0, 0);
	other = w;
	other.data[0] ^= 1;
	assert_int_equal(parse(&other, &a), PROBE_DNS_MISMATCHED);
	other = w;
	other.data[14] ^= 1;		/* another name */
	assert_int_equal(parse(&other, &a), PROBE_DNS_MISMATCHED);
	other = w;
	other.data[2] &= 0x7f;		/* a query */
	assert_int_equal(parse(&other, &a), PROBE_DNS_MALFORMED);
	other = w;
	other.len = 7;
	assert_int_equal(parse(&other, &a), PROBE_DNS_MALFORMED);
	other = w;
	other.len--;
	assert_int_equal(parse(&other, &a), PROBE_DNS_MALFORMED);
	other.data[2] |= 0x02;		/* truncated: may stop anywhere */
	assert_int_equal(parse(&other, &a), PROBE_DNS_ANSWERED);
	assert_true(a.tc);
	other = w;
	other.data[7] = 200;		/* announces what is not there */
	assert_int_equal(parse(&other, &a), PROBE_DNS_MALFORMED);
}

static void only_host_names_are_asked_for(void **state)
{
	static const struct { const char *name; bool valid; } rows[] = {
		{ "www.cisco.com", true }, { "www.cisco.com.", true }, { "a", true }, { "_x.y-z.1", true },
		{ "", false }, { ".", false }, { "a..b", false }, { ".a", false }, { "a b", false }, { "a\nb", false },
		{ "a\\b", false }, { "\xc3\xbc.de", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(probe_dns_name_valid(rows[i].name), rows[i].valid);
}

/* A server in a child: answers each datagram by `how`, and one TCP question. */
enum how { ANSWER, SILENT, SHORT, WRONG_ID, WRONG_THEN_RIGHT, TRUNCATED, TRUNCATED_NO_TCP, SECOND_TRY };

struct server {
	pid_t pid;
	struct probe_address address;
};

static void answer(uint8_t *m, ssize_t n, int fd, const struct sockaddr *to, socklen_t to_len, enum how how)
{
	static int asked;
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80 };
	bool truncated = how == TRUNCATED || how == TRUNCATED_NO_TCP;

	asked++;
	if (how == SILENT || (how == SECOND_TRY && asked == 1))
		return;
	m[2] |= 0x80;
	m[3] |= 0x80;
	m[11] = 0;			/* no OPT back */
	n -= 11;
	if (truncated) {
		m[2] |= 0x02;
	} else {
		m[7] = 1;
		memcpy(m + n, record, sizeof(record));
		n += (ssize_t)sizeof(record);
	}
	if (how == WRONG_ID || how == WRONG_THEN_RIGHT) {
		m[0] ^= 0xff;
		sendto(fd, m, (size_t)n, 0, to, to_len);
		m[0] ^= 0xff;
		if (how == WRONG_ID)
			return;
	}
	sendto(fd, m, how == SHORT ? 7 : (size_t)n, 0, to, to_len);
}

static void serve_tcp(int listener)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 81 };
	int fd = accept(listener, NULL, NULL);
	uint8_t m[600];
	ssize_t n = recv(fd, m, sizeof(m), 0);

	if (n > 14) {
		m[4] |= 0x80;
		m[9] = 1;
		m[13] = 0;
		n -= 11;
		memcpy(m + n, record, sizeof(record));
		n += (ssize_t)sizeof(record);
		m[0] = (uint8_t)((n - 2) >> 8);
		m[1] = (uint8_t)(n - 2);
		/* In two pieces, as a network may deliver it. */
		send(fd, m, 1, MSG_NOSIGNAL);
		usleep(20000);
		send(fd, m + 1, (size_t)n - 1, MSG_NOSIGNAL);
	}
	close(fd);
}

static struct server start(enum how how)
{
	struct server s;
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(s.address.v4);

	memset(&s, 0, sizeof(s));
	probe_address_parse("127.0.0.1", 0, &s.address);
	assert_int_equal(bind(udp, &s.address.sa, len), 0);
	getsockname(udp, &s.address.sa, &len);
	if (how == TRUNCATED) {
		assert_int_equal(bind(tcp, &s.address.sa, len), 0);
		assert_int_equal(listen(tcp, 1), 0);
	}
	s.pid = fork();
	if (s.pid == 0) {
		alarm(20);
		for (;;) {
			struct pollfd p[2] = { { .fd = udp, .events = POLLIN },
					       { .fd = how == TRUNCATED ? tcp : -1, .events = POLLIN } };
			struct sockaddr_storage from;
			socklen_t from_len = sizeof(from);
			uint8_t m[600];
			ssize_t n;

			poll(p, 2, -1);
			if (p[1].revents != 0)
				serve_tcp(tcp);
			if (p[0].revents == 0)
				continue;
			n = recvfrom(udp, m, sizeof(m) - 64, 0, (struct sockaddr *)&from, &from_len);
			if (n > 12)
				answer(m, n, udp, (struct sockaddr *)&from, from_len, how);
		}
	}
	close(udp);
	close(tcp);
	return s;
}

static void stop(const struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static void ask(const struct probe_address *server, int budget_ms, struct probe_dns_answer *out)
{
	struct probe_dns_job job = { .server = *server, .question = { .name = "feed.example.com", .type = PROBE_DNS_A,
								       .edns_size = 1232 } };

	probe_dns_ask(&job, 1, budget_ms);
	*out = job.answer;
}

static void each_way_of_answering_has_its_outcome(void **state)
{
	static const struct { enum how how; int budget_ms; enum probe_dns_outcome outcome; } rows[] = {
		{ ANSWER, 2000, PROBE_DNS_ANSWERED },	   { SILENT, 200, PROBE_DNS_TIMEOUT },
		{ SHORT, 2000, PROBE_DNS_MALFORMED },	   { WRONG_ID, 300, PROBE_DNS_MISMATCHED },
		{ TRUNCATED, 2000, PROBE_DNS_ANSWERED },   { TRUNCATED_NO_TCP, 2000, PROBE_DNS_ANSWERED },
		{ SECOND_TRY, 3000, PROBE_DNS_ANSWERED },  { WRONG_THEN_RIGHT, 2000, PROBE_DNS_ANSWERED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server s = start(rows[i].how);
		struct probe_dns_answer a;

		ask(&s.address, rows[i].budget_ms, &a);
		stop(&s);
		if (a.outcome != rows[i].outcome)
			fail_msg("row %zu: outcome %d", i, a.outcome);
		if (rows[i].how == TRUNCATED)
			assert_true(a.udp_truncated && a.used_tcp && !a.tc && a.addresses.count == 1);
		if (rows[i].how == TRUNCATED_NO_TCP)
			assert_true(a.udp_truncated && !a.used_tcp && a.tc && a.tcp_outcome == PROBE_DNS_PORT_CLOSED);
		if (rows[i].how == SECOND_TRY)
			assert_int_equal(a.sent, 2);
		if (rows[i].how == WRONG_THEN_RIGHT)
			assert_int_equal(a.strays, 1);
	}
}

static void a_closed_port_is_told_at_once_and_beside_others(void **state)
{
	struct server good = start(ANSWER), gone = start(ANSWER);
	struct probe_dns_job jobs[3];

	(void)state;
	stop(&gone);
	memset(jobs, 0, sizeof(jobs));
	for (int i = 0; i < 3; i++)
		jobs[i].question = (struct probe_dns_question){ .name = i == 2 ? "no name" : "feed.example.com",
								.type = PROBE_DNS_A };
	jobs[0].server = gone.address;
	jobs[1].server = good.address;
	jobs[2].server = good.address;
	jobs[1].question.edns_size = 1232;
	probe_dns_ask(jobs, 3, 5000);
	stop(&good);
	assert_int_equal(jobs[0].answer.outcome, PROBE_DNS_PORT_CLOSED);
	assert_true(jobs[0].answer.icmp.seen);
	assert_int_equal(probe_icmp_kind(&jobs[0].answer.icmp), PROBE_ICMP_PORT_UNREACHABLE);
	assert_true(jobs[0].answer.rtt_us < 1000000);
	assert_int_equal(jobs[1].answer.outcome, PROBE_DNS_ANSWERED);
	assert_int_equal(jobs[2].answer.outcome, PROBE_DNS_NOT_ASKED);
}

static void the_system_resolver_is_asked_within_the_budget(void **state)
{
	struct probe_system_resolve r;

	(void)state;
	assert_true(probe_system_resolve("127.0.0.1", 443, AF_UNSPEC, 5000, &r, NULL));
	assert_true(r.finished);
	assert_int_equal(r.gai_error, 0);
	assert_int_equal(r.addresses.count, 1);
	assert_int_equal(probe_address_port(&r.addresses.items[0]), 443);
	assert_true(probe_system_resolve("127.0.0.1", 443, AF_UNSPEC, 0, &r, NULL));
	assert_false(r.finished);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_followed_through_its_aliases),
		cmocka_unit_test(a_chain_of_aliases_without_end_is_seen),
		cmocka_unit_test(extended_errors_and_rcodes_are_read),
		cmocka_unit_test(referrals_and_negative_answers_are_told_apart),
		cmocka_unit_test(of_signatures_there_is_one_at_most),
		cmocka_unit_test(what_is_no_reply_to_the_question_is_refused),
		cmocka_unit_test(only_host_names_are_asked_for),
		cmocka_unit_test(each_way_of_answering_has_its_outcome),
		cmocka_unit_test(a_closed_port_is_told_at_once_and_beside_others),
		cmocka_unit_test(the_system_resolver_is_asked_within_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
