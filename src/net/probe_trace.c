#include "net/probe_trace.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/probe_icmp.h"

#define BATCH 5			/* TTLs tried at a time, so that a server at hand does not get thirty connections */
#define BATCH_US 40000
#define QUIET_MIN_US 300000	/* after the last news, once the address has answered */
#define SILENCE_US 1300000	/* while it has not: a SYN is repeated after one second */

struct tracing {
	const struct probe_address *target;
	enum probe_trace_protocol protocol;
	unsigned int max_hops, launched;
	int fds[PROBE_TRACE_HOPS_MAX];
	int64_t start_us[PROBE_TRACE_HOPS_MAX];
	int64_t last_news_us;
	struct probe_trace *out;
};

static bool set_ttl(int fd, int family, unsigned int ttl)
{
	int hops = (int)ttl;

	if (family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops)) == 0;
	return setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops)) == 0;
}

static ssize_t send_payload(int fd, enum probe_trace_protocol protocol)
{
	static const uint8_t dns[] = { 0x50, 0x43, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1 };	/* . NS IN */
	static const uint8_t ntp[48] = { 0x23 };							/* version 4, client */
	static const uint8_t plain[8] = { 0 };

	switch (protocol) {
	case PROBE_TRACE_UDP_DNS: return send(fd, dns, sizeof(dns), MSG_NOSIGNAL);
	case PROBE_TRACE_UDP_NTP: return send(fd, ntp, sizeof(ntp), MSG_NOSIGNAL);
	default: return send(fd, plain, sizeof(plain), MSG_NOSIGNAL);
	}
}

/* Opens a socket with that TTL and sends. 0, or an errno. */
static int launch(struct tracing *t, unsigned int ttl)
{
	int family = probe_address_family(t->target), *fd = &t->fds[ttl - 1], error = 0;
	bool tcp = t->protocol == PROBE_TRACE_TCP;

	t->start_us[ttl - 1] = clock_monotonic_us();
	if (t->protocol == PROBE_TRACE_PING) {
		*fd = probe_ping_open(t->target, ttl);
		return *fd >= 0 && probe_ping_send(*fd, family, (uint16_t)ttl) ? 0 : errno;
	}
	*fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || !set_ttl(*fd, family, ttl) || !probe_errqueue_enable(*fd, family))
		return errno;
	if (connect(*fd, &t->target->sa, probe_address_len(t->target)) != 0 && errno != EINPROGRESS)
		error = errno;
	else if (!tcp && send_payload(*fd, t->protocol) < 0)
		error = errno;
	return error;
}

static void reached(struct tracing *t, unsigned int ttl, bool refused)
{
	struct probe_trace *out = t->out;
	struct probe_trace_hop *hop = &out->hops[ttl - 1];

	if (out->reached_ttl != 0 && out->reached_ttl <= ttl)
		return;
	out->reached_ttl = ttl;
	out->refused = refused;
	hop->answered = true;
	hop->from = *t->target;
	hop->rtt_us = clock_monotonic_us() - t->start_us[ttl - 1];
}

static void on_icmp(struct tracing *t, unsigned int ttl, const struct probe_icmp_error *e)
{
	struct probe_trace_hop *hop = &t->out->hops[ttl - 1];

	if (probe_icmp_kind(e) == PROBE_ICMP_TTL_EXCEEDED) {
		hop->answered = true;
		hop->from = e->offender;
		hop->rtt_us = clock_monotonic_us() - t->start_us[ttl - 1];
		if (ttl > t->out->last_hop)
			t->out->last_hop = ttl;
	} else if (probe_icmp_kind(e) == PROBE_ICMP_PORT_UNREACHABLE &&
		   probe_address_same_host(&e->offender, t->target)) {
		reached(t, ttl, true);
	} else if (!t->out->blocker.seen) {
		t->out->blocker = *e;
	}
}

/* Something happened on the socket of that TTL. */
static void on_event(struct tracing *t, unsigned int ttl, short events)
{
	int *fd = &t->fds[ttl - 1];
	struct probe_icmp_error icmp;
	uint8_t reply[512];
	socklen_t len = sizeof(int);
	int error = 0;

	t->last_news_us = clock_monotonic_us();
	if (probe_errqueue_read(*fd, &icmp) && icmp.seen) {
		on_icmp(t, ttl, &icmp);
	} else {
		getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error == ECONNREFUSED || error == ECONNRESET)
			reached(t, ttl, true);
		else if (error != 0)
			t->out->sys_errno = error;
		else if (t->protocol == PROBE_TRACE_TCP ? (events & POLLOUT) != 0 : recv(*fd, reply, sizeof(reply), 0) >= 0)
			reached(t, ttl, false);
		else
			return;
	}
	file_close(fd);
}

static bool is_complete(const struct tracing *t)
{
	const struct probe_trace *out = t->out;

	if (out->reached_ttl == 0)
		return false;
	for (unsigned int ttl = 1; ttl < out->reached_ttl; ttl++) {
		if (!out->hops[ttl - 1].answered)
			return false;
	}
	return true;
}

/* Starts the next few, unless the address was reached. False when nothing at all can be sent. */
static bool launch_batch(struct tracing *t)
{
	for (unsigned int i = 0; i < BATCH && t->launched < t->max_hops; i++) {
		unsigned int ttl = t->launched + 1;
		int error = launch(t, ttl);

		if (error == 0) {
			t->launched = ttl;
			continue;
		}
		file_close(&t->fds[ttl - 1]);
		/* The answer to an earlier packet may make the kernel refuse a later one; the first one tells. */
		if (ttl > 1) {
			t->launched = t->max_hops;
			return true;
		}
		t->out->sys_errno = error;
		t->out->end = t->protocol == PROBE_TRACE_PING && (error == EACCES || error == EPERM)
			? PROBE_TRACE_NOT_PERMITTED : PROBE_TRACE_NO_ROUTE;
		return false;
	}
	return true;
}

static void wait_events(struct tracing *t, int64_t until_us)
{
	struct pollfd p[PROBE_TRACE_HOPS_MAX];
	int64_t now_us = clock_monotonic_us();

	for (unsigned int i = 0; i < t->max_hops; i++)
		p[i] = (struct pollfd){ .fd = t->fds[i], .events = t->protocol == PROBE_TRACE_TCP ? POLLOUT : POLLIN };
	if (until_us < now_us || poll(p, t->max_hops, (int)((until_us - now_us) / 1000) + 1) <= 0)
		return;
	for (unsigned int i = 0; i < t->max_hops; i++) {
		if (p[i].fd >= 0 && p[i].revents != 0)
			on_event(t, i + 1, p[i].revents);
	}
}

static void run(struct tracing *t, int64_t deadline_us)
{
	int64_t batch_us = 0, now_us;

	while ((now_us = clock_monotonic_us()) < deadline_us && !is_complete(t) && !t->out->blocker.seen) {
		int64_t until_us = t->last_news_us + (t->out->reached_ttl != 0 ? QUIET_MIN_US : SILENCE_US);
		bool more = t->launched < t->max_hops && t->out->reached_ttl == 0;

		if (more && now_us >= batch_us) {
			if (!launch_batch(t))
				return;
			batch_us = clock_monotonic_us() + BATCH_US;
			t->last_news_us = batch_us;
			continue;
		}
		if (more)
			until_us = batch_us;
		else if (now_us >= until_us)
			return;
		wait_events(t, until_us < deadline_us ? until_us : deadline_us);
	}
}

void probe_trace(const struct probe_address *target, enum probe_trace_protocol protocol, unsigned int max_hops,
		 int budget_ms, struct probe_trace *out)
{
	int64_t start_us = clock_monotonic_us();
	struct tracing t = { .target = target, .protocol = protocol, .out = out, .last_news_us = start_us };

	memset(out, 0, sizeof(*out));
	out->end = PROBE_TRACE_SILENT;
	t.max_hops = max_hops > 0 && max_hops < PROBE_TRACE_HOPS_MAX ? max_hops : PROBE_TRACE_HOPS_MAX;
	for (unsigned int i = 0; i < PROBE_TRACE_HOPS_MAX; i++)
		t.fds[i] = -1;
	run(&t, start_us + (int64_t)budget_ms * 1000);
	for (unsigned int i = 0; i < PROBE_TRACE_HOPS_MAX; i++)
		file_close(&t.fds[i]);
	if (out->reached_ttl != 0)
		out->end = PROBE_TRACE_REACHED;
	else if (out->blocker.seen)
		out->end = PROBE_TRACE_BLOCKED;
	out->duration_us = clock_monotonic_us() - start_us;
}
