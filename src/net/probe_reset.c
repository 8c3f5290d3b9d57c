/* Who sent the reset: this host, the other one, or a firewall on the way? */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/probe_route.h"
#include "net/probe_tcp.h"
#include "net/probe_trace.h"

#define CLOSED_UDP_PORT 33434	/* traceroute's: closed nearly everywhere */
#define TRIES 4			/* other traffic may count as well; one quiet try is enough */
#define CONNECT_MS 1000
#define RAW_WAIT_US 50000

struct comparison {
	enum probe_reset_origin origin;
	unsigned int reset_ttl, host_ttl;	/* TTL that a packet needs to bring about the answer */
};

static enum probe_tcp_outcome connect_once(const struct probe_address *target, uint16_t port, struct probe_address *source)
{
	struct probe_tcp_options options = { .budget_ms = CONNECT_MS };
	struct probe_address address = *target;
	struct probe_tcp_result result;

	if (port != 0)
		probe_address_set_port(&address, port);
	probe_tcp_connect(&address, 1, &options, &result);
	if (source != NULL)
		*source = result.source;
	return result.outcome;
}

/* A datagram to a port that is closed nearly everywhere. */
static int send_datagram(const struct probe_address *target)
{
	struct probe_address closed = *target;
	int fd = socket(probe_address_family(target), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	probe_address_set_port(&closed, CLOSED_UDP_PORT);
	if (fd >= 0 && (!probe_errqueue_enable(fd, probe_address_family(target)) ||
			connect(fd, &closed.sa, probe_address_len(&closed)) != 0 || send(fd, "", 1, MSG_NOSIGNAL) < 0))
		file_close(&fd);
	return fd;
}

/* Does the link's counter stand still while we are refused, and move when something does leave? */
static bool nothing_leaves(const struct probe_address *target)
{
	struct probe_route route;
	uint64_t before, after;
	bool quiet = false;
	int fd;

	if (!probe_route_lookup(target, &route, NULL) || route.kind != PROBE_ROUTE_UNICAST)
		return false;
	for (int i = 0; i < TRIES && !quiet; i++) {
		if (!probe_link_sent(route.link, &before) || connect_once(target, 0, NULL) != PROBE_TCP_REFUSED ||
		    !probe_link_sent(route.link, &after))
			return false;
		quiet = before == after;
	}
	/* A driver that counts late would look quiet, too. */
	if (!quiet || !probe_link_sent(route.link, &before) || (fd = send_datagram(target)) < 0)
		return false;
	file_close(&fd);
	return probe_link_sent(route.link, &after) && after > before;
}

/* Raw sockets: the packets' own time to live */

static int open_raw(int family)
{
	int on = 1, fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd >= 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
	return fd;
}

static int hop_limit_of(struct msghdr *msg)
{
	int hops = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof(hops)))
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
	}
	return hops;
}

/* Reads one packet. Its TTL when it comes from `port` of the target to our port; 0 otherwise, -1 when there is none. */
static int read_packet(int fd, const struct probe_address *target, uint16_t port, uint16_t own_port)
{
	union {
		char bytes[128];
		struct cmsghdr align;
	} control;
	uint8_t packet[256];
	struct sockaddr_storage from;
	struct iovec iov = { packet, sizeof(packet) };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(fd, &msg, 0);
	bool four = probe_address_family(target) == AF_INET;
	size_t header = four ? (size_t)(packet[0] & 15) * 4 : 0;
	struct probe_address sender;
	struct tcphdr tcp;

	if (n < 0)
		return -1;
	if ((size_t)n < header + sizeof(tcp) || !probe_address_from((struct sockaddr *)&from, msg.msg_namelen, &sender) ||
	    !probe_address_same_host(&sender, target))
		return 0;
	memcpy(&tcp, packet + header, sizeof(tcp));
	if (ntohs(tcp.source) != port || ntohs(tcp.dest) != own_port)
		return 0;
	return four ? packet[offsetof(struct iphdr, ttl)] : hop_limit_of(&msg);
}

/* Connects to a port, and tells the TTL of the packet that answered; 0 when none did. */
static int answer_ttl(const struct probe_address *target, uint16_t port)
{
	struct probe_address source;
	int fd = open_raw(probe_address_family(target)), ttl = 0;
	enum probe_tcp_outcome outcome;
	int64_t until_us;

	if (fd < 0)
		return 0;
	outcome = connect_once(target, port, &source);
	until_us = clock_monotonic_us() + RAW_WAIT_US;
	while (ttl <= 0 && (outcome == PROBE_TCP_REFUSED || outcome == PROBE_TCP_CONNECTED) &&
	       clock_monotonic_us() < until_us) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, RAW_WAIT_US / 1000) > 0)
			ttl = read_packet(fd, target, port != 0 ? port : probe_address_port(target),
					  probe_address_port(&source));
	}
	file_close(&fd);
	return ttl > 0 ? ttl : 0;
}

/* The TTL of the ICMP error that the host itself sends for a closed UDP port; no root needed. 0 when none comes. */
static int icmp_ttl(const struct probe_address *target, int wait_ms)
{
	bool six = probe_address_family(target) == AF_INET6;
	int on = 1, fd = send_datagram(target), ttl = 0;
	struct pollfd p = { .fd = fd };
	union {
		char bytes[512];
		struct cmsghdr align;
	} control;
	struct probe_icmp_error icmp;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };

	if (fd < 0)
		return 0;
	setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof(on));
	if (poll(&p, 1, wait_ms) > 0 && recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0 &&
	    probe_errqueue_parse(&msg, &icmp) && icmp.seen && probe_address_same_host(&icmp.offender, target)) {
		ttl = hop_limit_of(&msg);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); !six && c != NULL; c = CMSG_NXTHDR(&msg, c)) {
			if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL && c->cmsg_len >= CMSG_LEN(sizeof(ttl)))
				memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
		}
	}
	file_close(&fd);
	return ttl;
}

/* Routers passed, from the value that systems start with: 64, 128, 255. */
static unsigned int hops_of(int ttl)
{
	return (unsigned int)((ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - ttl);
}

/* Notes two distances in routers. A firewall resets what it would have passed on: that takes one TTL more than to reach it. */
static bool note_distances(unsigned int reset, unsigned int host, struct comparison *out)
{
	out->origin = reset == host ? PROBE_RESET_HOST : PROBE_RESET_MIDDLE;
	out->reset_ttl = reset == host ? host + 1 : reset + 2;
	out->host_ttl = host + 1;
	return true;
}

/* Compares the reset with other answers of the same address. True when that told something. */
static bool compare_packets(const struct probe_address *target, int wait_ms, struct comparison *out)
{
	static const uint16_t other_ports[] = { 80, 22, 7 };
	int reset = answer_ttl(target, 0), host;

	if (reset == 0)
		return false;
	host = icmp_ttl(target, wait_ms);
	if (host != 0)
		return note_distances(hops_of(reset), hops_of(host), out);
	/* Another port that answers from farther away shows that two devices speak for the address; one that answers from the
	 * same distance may be the same firewall. */
	for (size_t i = 0; i < sizeof(other_ports) / sizeof(other_ports[0]); i++) {
		host = other_ports[i] != probe_address_port(target) ? answer_ttl(target, other_ports[i]) : 0;
		if (host != 0 && hops_of(host) > hops_of(reset))
			return note_distances(hops_of(reset), hops_of(host), out);
	}
	return false;
}

static void compare_traces(const struct probe_address *target, int budget_ms, struct comparison *out)
{
	struct probe_address closed = *target;
	struct probe_trace reset, host;

	probe_trace(target, PROBE_TRACE_TCP, 0, budget_ms / 2, &reset);
	if (reset.end != PROBE_TRACE_REACHED || !reset.refused)
		return;
	probe_address_set_port(&closed, CLOSED_UDP_PORT);
	probe_trace(&closed, PROBE_TRACE_UDP, 0, budget_ms / 2, &host);
	if (host.end != PROBE_TRACE_REACHED)
		return;
	out->reset_ttl = reset.reached_ttl;
	out->host_ttl = host.reached_ttl;
	/* The last router before the host needs the same TTL as the host, so that equal says nothing. */
	if (out->reset_ttl < out->host_ttl)
		out->origin = PROBE_RESET_MIDDLE;
}

enum probe_reset_origin probe_tcp_reset_origin(const struct probe_address *target, int budget_ms, unsigned int *reset_ttl,
					       unsigned int *host_ttl)
{
	int64_t deadline_ms = clock_monotonic_ms() + budget_ms, left_ms;
	struct comparison c = { PROBE_RESET_UNKNOWN, 0, 0 };

	if (nothing_leaves(target))
		c = (struct comparison){ PROBE_RESET_THIS_HOST, 1, 0 };
	else if (!compare_packets(target, budget_ms / 8, &c) && (left_ms = deadline_ms - clock_monotonic_ms()) > 0)
		compare_traces(target, (int)left_ms, &c);
	*reset_ttl = c.reset_ttl;
	*host_ttl = c.host_ttl;
	return c.origin;
}
