/* probe_trace.h - the hops towards an address, for the very protocol and port that matter, without root.
 *
 * Every TTL is tried at once with a small IP_TTL and the answers are read from the error queue, so that a trace takes one
 * round trip and not one per hop. A silent hop in the middle means nothing; only where the answers end does.
 */
#ifndef PC_NET_PROBE_TRACE_H
#define PC_NET_PROBE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/probe_address.h"
#include "net/probe_errqueue.h"

#define PROBE_TRACE_HOPS_MAX 30

enum probe_trace_protocol {
	PROBE_TRACE_TCP,		/* SYN */
	PROBE_TRACE_UDP_DNS,		/* a query for the root's NS, so that a name server answers */
	PROBE_TRACE_UDP_NTP,		/* a client request, so that a time server answers */
	PROBE_TRACE_UDP,		/* a few bytes: a closed port answers with ICMP */
	PROBE_TRACE_PING		/* where ping sockets are allowed */
};

enum probe_trace_end {
	PROBE_TRACE_REACHED,		/* the address itself answered: connected, refused, a reply, port unreachable */
	PROBE_TRACE_BLOCKED,		/* a hop answered with another ICMP error than "TTL exceeded": see blocker */
	PROBE_TRACE_SILENT,		/* nothing beyond the last answering hop */
	PROBE_TRACE_NO_ROUTE,		/* nothing could be sent; see sys_errno */
	PROBE_TRACE_NOT_PERMITTED	/* the kernel does not allow it (ping sockets) */
};

struct probe_trace_hop {
	bool answered;
	struct probe_address from;
	int64_t rtt_us;
};

struct probe_trace {
	enum probe_trace_end end;
	int sys_errno;
	struct probe_trace_hop hops[PROBE_TRACE_HOPS_MAX];	/* hops[0] is TTL 1 */
	unsigned int last_hop;		/* TTL of the last hop that answered "TTL exceeded"; 0: none did */
	unsigned int reached_ttl;	/* the smallest TTL at which the address answered; 0: it did not */
	bool refused;			/* REACHED with a reset or port unreachable */
	struct probe_icmp_error blocker;	/* BLOCKED: the error and who sent it */
	int64_t duration_us;
};

/* Waits at most budget_ms, less when the address answered and all hops before it did, or a quiet time has passed. */
void probe_trace(const struct probe_address *target, enum probe_trace_protocol protocol, unsigned int max_hops,
		 int budget_ms, struct probe_trace *out);

#endif
