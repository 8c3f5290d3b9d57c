/* The conversation with name servers: one small state machine per question, all in one poll(). */
#include "net/probe_dns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/probe_dns_wire.h"

#define FIRST_RESEND_US 600000		/* doubled each time */
#define STRAY_PATIENCE_US 2000000	/* after a reply that does not match, the right one may still come */

enum state { DONE, UDP_WAIT, TCP_CONNECT, TCP_SEND, TCP_READ };

struct asking {
	struct probe_dns_job *job;
	enum state state;
	int fd;
	uint16_t id;
	uint8_t query[2 + PROBE_DNS_QUERY_MAX];		/* the length of TCP's framing first */
	size_t query_len;				/* without the framing */
	int64_t start_us, resend_us, resend_after_us, give_up_us;
	size_t sent;					/* TCP: bytes written */
	uint8_t *reply;					/* TCP: framing and message */
	size_t have, want;
};

static void finish(struct asking *a, enum probe_dns_outcome outcome, int64_t now_us)
{
	struct probe_dns_answer *out = &a->job->answer;

	file_close(&a->fd);
	free(a->reply);
	a->reply = NULL;
	/* A truncated answer is kept when TCP did not better it. */
	if (a->state != UDP_WAIT && out->udp_truncated) {
		out->tcp_outcome = outcome;
		out->used_tcp = outcome == PROBE_DNS_ANSWERED;
	} else {
		out->outcome = outcome;
		out->used_tcp = a->state != UDP_WAIT && outcome == PROBE_DNS_ANSWERED;
	}
	out->rtt_us = now_us - a->start_us;
	a->state = DONE;
}

/* What an errno of a send, connect or read means. */
static enum probe_dns_outcome outcome_of(int error, bool at_once)
{
	switch (error) {
	case ECONNREFUSED: return PROBE_DNS_PORT_CLOSED;
	case EPERM: return PROBE_DNS_LOCAL_FIREWALL;
	case ETIMEDOUT: return PROBE_DNS_TIMEOUT;
	case ECONNRESET: case EPIPE: return PROBE_DNS_TCP_CUT;
	case EACCES: case EINVAL: case ENETUNREACH: case EHOSTUNREACH: case EADDRNOTAVAIL:
		return at_once ? PROBE_DNS_NO_ROUTE : PROBE_DNS_UNREACHABLE;
	case ENOPROTOOPT: case EPROTO: case ENETDOWN: case EHOSTDOWN: case ENONET:
		return PROBE_DNS_UNREACHABLE;
	default: return PROBE_DNS_LOCAL_ERROR;
	}
}

static void fail(struct asking *a, int error, bool at_once, int64_t now_us)
{
	a->job->answer.sys_errno = error;
	if (a->fd >= 0)
		probe_errqueue_read(a->fd, &a->job->answer.icmp);
	finish(a, outcome_of(error, at_once), now_us);
}

static bool open_socket(struct asking *a, int type)
{
	int family = probe_address_family(&a->job->server);

	a->fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return a->fd >= 0 && probe_errqueue_enable(a->fd, family);
}

static void send_datagram(struct asking *a, int64_t now_us)
{
	const struct probe_address *server = &a->job->server;

	if (sendto(a->fd, a->query + 2, a->query_len, MSG_NOSIGNAL, &server->sa, probe_address_len(server)) < 0 &&
	    errno != EAGAIN) {
		/* An error of an earlier datagram is reported here, too; then it did leave this host. */
		fail(a, errno, a->job->answer.sent == 0, now_us);
		return;
	}
	a->job->answer.sent++;
	a->resend_us = now_us + a->resend_after_us;
	a->resend_after_us *= 2;
}

static void start_udp(struct asking *a, int64_t now_us)
{
	a->state = UDP_WAIT;
	a->resend_after_us = FIRST_RESEND_US;
	if (open_socket(a, SOCK_DGRAM))
		send_datagram(a, now_us);
	else
		fail(a, errno, true, now_us);
}

static void start_tcp(struct asking *a, int64_t now_us)
{
	const struct probe_address *server = &a->job->server;

	a->state = TCP_CONNECT;
	a->sent = a->have = 0;
	a->want = 2;
	if (!open_socket(a, SOCK_STREAM) ||
	    (connect(a->fd, &server->sa, probe_address_len(server)) != 0 && errno != EINPROGRESS))
		fail(a, errno, true, now_us);
}

static void start(struct asking *a, struct probe_dns_job *job, int64_t now_us, int64_t deadline_us)
{
	memset(a, 0, sizeof(*a));
	memset(&job->answer, 0, sizeof(job->answer));
	a->job = job;
	a->fd = -1;
	a->start_us = now_us;
	a->give_up_us = deadline_us;
	/* An id that can be guessed would let anybody answer. */
	if (getrandom(&a->id, sizeof(a->id), GRND_NONBLOCK) != sizeof(a->id))
		a->id = (uint16_t)(now_us ^ now_us >> 16);
	a->query_len = probe_dns_query(a->query + 2, a->id, &job->question);
	a->query[0] = (uint8_t)(a->query_len >> 8);
	a->query[1] = (uint8_t)a->query_len;
	if (a->query_len == 0 || probe_address_family(&job->server) == AF_UNSPEC)
		return;
	if (job->question.transport == PROBE_DNS_TCP)
		start_tcp(a, now_us);
	else
		start_udp(a, now_us);
}

/* A truncated answer: keep what it said and ask again over TCP. */
static void go_to_tcp(struct asking *a, int64_t now_us)
{
	struct probe_dns_answer *out = &a->job->answer;

	out->outcome = PROBE_DNS_ANSWERED;
	out->udp_truncated = true;
	out->udp_rtt_us = now_us - a->start_us;
	file_close(&a->fd);
	start_tcp(a, now_us);
}

static void read_datagram(struct asking *a, int64_t now_us)
{
	static const size_t room = PROBE_DNS_REPLY_MAX + 2;	/* enough for TCP, too, which may follow */
	struct probe_dns_answer *out = &a->job->answer;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct probe_address sender;
	enum probe_dns_outcome outcome;
	ssize_t n;

	if (a->reply == NULL && (a->reply = malloc(room)) == NULL) {
		fail(a, ENOMEM, true, now_us);
		return;
	}
	n = recvfrom(a->fd, a->reply, room, 0, (struct sockaddr *)&from, &from_len);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(a, errno, false, now_us);
		return;
	}
	if (!probe_address_from((struct sockaddr *)&from, from_len, &sender) ||
	    !probe_address_same_host(&sender, &a->job->server) ||
	    probe_address_port(&sender) != probe_address_port(&a->job->server))
		outcome = PROBE_DNS_MISMATCHED;
	else
		outcome = probe_dns_parse(a->reply, (size_t)n, a->id, &a->job->question, out);
	if (outcome == PROBE_DNS_MISMATCHED) {
		out->strays++;
		if (a->give_up_us > now_us + STRAY_PATIENCE_US)
			a->give_up_us = now_us + STRAY_PATIENCE_US;
	} else if (outcome == PROBE_DNS_ANSWERED && out->tc && a->job->question.transport == PROBE_DNS_UDP) {
		go_to_tcp(a, now_us);
	} else {
		finish(a, outcome, now_us);
	}
}

static void write_stream(struct asking *a, int64_t now_us)
{
	size_t total = a->query_len + 2;
	ssize_t n;

	if (a->state == TCP_CONNECT) {
		socklen_t len = sizeof(int);
		int error = 0;

		if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
			error = errno;
		if (error != 0) {
			fail(a, error, false, now_us);
			return;
		}
		a->state = TCP_SEND;
	}
	n = send(a->fd, a->query + a->sent, total - a->sent, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(a, errno, false, now_us);
		return;
	}
	a->sent += (size_t)n;
	if (a->sent == total)
		a->state = TCP_READ;
}

static void take_message(struct asking *a, int64_t now_us)
{
	struct probe_dns_answer *out = &a->job->answer, whole = *out;
	enum probe_dns_outcome outcome;

	/* Into a fresh answer: addresses of the truncated one must not be mixed in. */
	whole.addresses.count = 0;
	whole.cname_count = whole.ede_count = 0;
	whole.cname_loop = false;
	outcome = probe_dns_parse(a->reply + 2, a->want - 2, a->id, &a->job->question, &whole);
	if (outcome == PROBE_DNS_ANSWERED)
		*out = whole;
	else if (outcome == PROBE_DNS_MISMATCHED)
		out->strays++;
	finish(a, outcome, now_us);
}

static void read_stream(struct asking *a, int64_t now_us)
{
	ssize_t n;

	if (a->reply == NULL && (a->reply = malloc(PROBE_DNS_REPLY_MAX + 2)) == NULL) {
		fail(a, ENOMEM, true, now_us);
		return;
	}
	n = recv(a->fd, a->reply + a->have, a->want - a->have, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(a, errno, false, now_us);
		return;
	}
	if (n == 0) {
		finish(a, PROBE_DNS_TCP_CUT, now_us);
		return;
	}
	a->have += (size_t)n;
	if (a->have < a->want)
		return;
	if (a->want == 2)
		a->want = 2u + (size_t)(a->reply[0] << 8 | a->reply[1]);
	if (a->have == a->want)
		take_message(a, now_us);
}

static void on_event(struct asking *a, short events, int64_t now_us)
{
	if (a->state == UDP_WAIT)
		read_datagram(a, now_us);
	else if (a->state == TCP_READ)
		read_stream(a, now_us);
	else if ((events & (POLLOUT | POLLERR | POLLHUP)) != 0)
		write_stream(a, now_us);
}

static void on_time(struct asking *a, int64_t now_us)
{
	if (now_us >= a->give_up_us)
		finish(a, a->job->answer.strays > 0 ? PROBE_DNS_MISMATCHED : PROBE_DNS_TIMEOUT, now_us);
	else if (a->state == UDP_WAIT && now_us >= a->resend_us)
		send_datagram(a, now_us);
}

/* When the next of them wants to be looked at again. */
static int64_t next_time(const struct asking *all, size_t count)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct asking *a = &all[i];
		int64_t at = a->give_up_us;

		if (a->state == DONE)
			continue;
		if (a->state == UDP_WAIT && a->resend_us < at)
			at = a->resend_us;
		if (at < next)
			next = at;
	}
	return next;
}

static void run(struct asking *all, struct pollfd *fds, size_t count)
{
	int64_t next;

	while ((next = next_time(all, count)) != INT64_MAX) {
		int64_t now_us = clock_monotonic_us(), wait_ms = next > now_us ? (next - now_us) / 1000 + 1 : 0;

		for (size_t i = 0; i < count; i++) {
			bool out = all[i].state == TCP_CONNECT || all[i].state == TCP_SEND;

			fds[i] = (struct pollfd){ .fd = all[i].state == DONE ? -1 : all[i].fd,
						  .events = out ? POLLOUT : POLLIN };
		}
		if (poll(fds, (nfds_t)count, (int)wait_ms) < 0 && errno != EINTR)
			memset(fds, 0, count * sizeof(*fds));
		now_us = clock_monotonic_us();
		for (size_t i = 0; i < count; i++) {
			if (all[i].state != DONE && fds[i].revents != 0)
				on_event(&all[i], fds[i].revents, now_us);
			if (all[i].state != DONE)
				on_time(&all[i], now_us);
		}
	}
}

void probe_dns_ask(struct probe_dns_job *jobs, size_t count, int budget_ms)
{
	int64_t now_us = clock_monotonic_us();
	struct asking *all = calloc(count + 1, sizeof(*all));
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));

	for (size_t i = 0; i < count; i++) {
		if (all != NULL && fds != NULL) {
			start(&all[i], &jobs[i], now_us, now_us + (int64_t)budget_ms * 1000);
			continue;
		}
		memset(&jobs[i].answer, 0, sizeof(jobs[i].answer));
		jobs[i].answer.outcome = PROBE_DNS_LOCAL_ERROR;
		jobs[i].answer.sys_errno = ENOMEM;
	}
	if (all != NULL && fds != NULL)
		run(all, fds, count);
	free(fds);
	free(all);
}
