#include "net/probe_icmp.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define REQUESTS_MAX 10
#define INTERVAL_US 100000

int probe_ping_open(const struct probe_address *target, unsigned int ttl)
{
	int family = probe_address_family(target), hops = (int)ttl, saved;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	if (fd < 0)
		return -1;
	probe_errqueue_enable(fd, family);
	if (ttl != 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	else if (ttl != 0)
		setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops));
	if (connect(fd, &target->sa, probe_address_len(target)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool probe_ping_send(int fd, int family, uint16_t sequence)
{
	/* The kernel fills in id and checksum; the header has the same shape for both families. */
	struct icmphdr request = { .type = family == AF_INET6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO };

	request.un.echo.sequence = htons(sequence);
	return send(fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request);
}

static bool take_reply(int fd, struct probe_ping *out, const int64_t *sent_us)
{
	struct icmphdr reply[4];
	ssize_t n = recv(fd, reply, sizeof(reply), 0);
	unsigned int sequence;
	int64_t rtt_us;

	if (n < (ssize_t)sizeof(reply[0])) {
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			out->sys_errno = errno;
			probe_errqueue_read(fd, &out->icmp);
			return false;
		}
		return true;
	}
	sequence = ntohs(reply[0].un.echo.sequence);
	if (sequence >= out->sent)
		return true;
	rtt_us = clock_monotonic_us() - sent_us[sequence];
	if (out->received == 0 || rtt_us < out->rtt_us)
		out->rtt_us = rtt_us;
	out->received++;
	return true;
}

static void exchange(int fd, int family, unsigned int count, int64_t deadline_us, struct probe_ping *out)
{
	int64_t sent_us[REQUESTS_MAX], next_us = 0, now_us;

	while ((now_us = clock_monotonic_us()) < deadline_us && out->received < count) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t until_us;

		if (out->sent < count && now_us >= next_us) {
			sent_us[out->sent] = now_us;
			if (!probe_ping_send(fd, family, (uint16_t)out->sent)) {
				out->sys_errno = errno;
				probe_errqueue_read(fd, &out->icmp);
				return;
			}
			out->sent++;
			next_us = now_us + INTERVAL_US;
		}
		until_us = out->sent < count && next_us < deadline_us ? next_us : deadline_us;
		if (poll(&p, 1, (int)((until_us - now_us) / 1000) + 1) > 0 && !take_reply(fd, out, sent_us))
			return;
	}
}

void probe_ping(const struct probe_address *target, unsigned int count, unsigned int ttl, int budget_ms,
		struct probe_ping *out)
{
	int64_t deadline_us = clock_monotonic_us() + (int64_t)budget_ms * 1000;
	int fd;

	memset(out, 0, sizeof(*out));
	fd = probe_ping_open(target, ttl);
	if (fd < 0) {
		out->sys_errno = errno;
		out->outcome = errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT ? PROBE_PING_NOT_PERMITTED
											     : PROBE_PING_UNREACHABLE;
		return;
	}
	exchange(fd, probe_address_family(target), count < REQUESTS_MAX ? count : REQUESTS_MAX, deadline_us, out);
	file_close(&fd);
	if (out->received > 0)
		out->outcome = PROBE_PING_ANSWERED;
	else
		out->outcome = out->sys_errno != 0 ? PROBE_PING_UNREACHABLE : PROBE_PING_SILENT;
}
