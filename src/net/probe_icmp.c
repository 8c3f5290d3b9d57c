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

static int open_socket(const struct probe_address *target, int type, unsigned int ttl)
{
	int family = probe_address_family(target), hops = (int)ttl, saved;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

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

int probe_ping_open(const struct probe_address *target, unsigned int ttl)
{
	return open_socket(target, SOCK_DGRAM, ttl);
}

static bool is_raw(int fd)
{
	socklen_t len = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_RAW;
}

static uint16_t own_id(void)
{
	return (uint16_t)getpid();
}

static uint16_t checksum(const struct icmphdr *h)
{
	const uint8_t *p = (const uint8_t *)h;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(*h); i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);	/* NOLINT(clang-analyzer-core.*): every byte was set, by field */
	return htons((uint16_t)~(sum + (sum >> 16)));
}

bool probe_ping_send(int fd, int family, uint16_t sequence)
{
	/* A ping socket fills in id and checksum, a raw IPv6 one the checksum. The header is the same for both families. */
	struct icmphdr request = { .type = family == AF_INET6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO };

	request.un.echo.id = htons(own_id());
	request.un.echo.sequence = htons(sequence);
	if (family == AF_INET)
		request.checksum = checksum(&request);
	return send(fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request);
}

/* The echo reply in what was read: behind the IP header on a raw IPv4 socket, and only one of ours. False when it is none. */
static bool find_reply(const uint8_t *data, size_t len, int family, bool raw, struct icmphdr *reply)
{
	size_t at = raw && family == AF_INET && len > 0 ? (size_t)(data[0] & 15) * 4 : 0;

	if (len < at + sizeof(*reply))
		return false;
	memcpy(reply, data + at, sizeof(*reply));
	return reply->type == (family == AF_INET6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY) &&
	       (!raw || ntohs(reply->un.echo.id) == own_id());
}

/* False when the exchange is over. */
static bool take_reply(int fd, int family, bool raw, struct probe_ping *out, const int64_t *sent_us)
{
	uint8_t data[256];
	struct icmphdr reply;
	ssize_t n = recv(fd, data, sizeof(data), 0);
	int64_t rtt_us;

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		out->sys_errno = errno;
		probe_errqueue_read(fd, &out->icmp);
		return false;
	}
	if (!find_reply(data, (size_t)n, family, raw, &reply) || ntohs(reply.un.echo.sequence) >= out->sent)
		return true;
	rtt_us = clock_monotonic_us() - sent_us[ntohs(reply.un.echo.sequence)];
	if (out->received == 0 || rtt_us < out->rtt_us)
		out->rtt_us = rtt_us;
	out->received++;
	return true;
}

static void exchange(int fd, int family, unsigned int count, int interval_ms, int64_t deadline_us, struct probe_ping *out)
{
	int64_t sent_us[REQUESTS_MAX], next_us = 0, now_us;
	bool raw = is_raw(fd);

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
			next_us = now_us + (int64_t)interval_ms * 1000;
		}
		until_us = out->sent < count && next_us < deadline_us ? next_us : deadline_us;
		if (poll(&p, 1, (int)((until_us - now_us) / 1000) + 1) > 0 && !take_reply(fd, family, raw, out, sent_us))
			return;
	}
}

void probe_ping(const struct probe_address *target, unsigned int count, int interval_ms, unsigned int ttl, int budget_ms,
		struct probe_ping *out)
{
	int64_t deadline_us = clock_monotonic_us() + (int64_t)budget_ms * 1000;
	int fd;

	memset(out, 0, sizeof(*out));
	fd = open_socket(target, SOCK_DGRAM, ttl);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		fd = open_socket(target, SOCK_RAW, ttl);
	if (fd < 0) {
		out->sys_errno = errno;
		out->outcome = errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT ? PROBE_PING_NOT_PERMITTED
											     : PROBE_PING_UNREACHABLE;
		return;
	}
	exchange(fd, probe_address_family(target), count < REQUESTS_MAX ? count : REQUESTS_MAX, interval_ms, deadline_us, out);
	file_close(&fd);
	if (out->received > 0)
		out->outcome = PROBE_PING_ANSWERED;
	else
		out->outcome = out->sys_errno != 0 ? PROBE_PING_UNREACHABLE : PROBE_PING_SILENT;
}
