/* probe_icmp.h - an echo request without root (SOCK_DGRAM ICMP), where net.ipv4.ping_group_range allows it; else with a raw
 * socket, where the user may open one.
 */
#ifndef PC_NET_PROBE_ICMP_H
#define PC_NET_PROBE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "net/probe_address.h"
#include "net/probe_errqueue.h"

enum probe_ping_outcome {
	PROBE_PING_ANSWERED,
	PROBE_PING_SILENT,
	PROBE_PING_UNREACHABLE,		/* an ICMP error, or the kernel refused: see icmp and sys_errno */
	PROBE_PING_NOT_PERMITTED	/* the kernel does not allow ping sockets to this user */
};

struct probe_ping {
	enum probe_ping_outcome outcome;
	unsigned int sent, received;
	int64_t rtt_us;			/* the smallest */
	int sys_errno;
	struct probe_icmp_error icmp;
};

/* Sends `count` requests (1 to 10), so far apart, and ends when all are answered. `ttl` 0: the default. */
void probe_ping(const struct probe_address *target, unsigned int count, int interval_ms, unsigned int ttl, int budget_ms,
		struct probe_ping *out);

/* For probe_trace.c: opens a ping socket, never a raw one (-1 and errno), and sends one request to its peer. */
int probe_ping_open(const struct probe_address *target, unsigned int ttl);
bool probe_ping_send(int fd, int family, uint16_t sequence);

#endif
