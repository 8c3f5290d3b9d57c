/* probe_tcp.h - connects to addresses, side by side, and says for each exactly how it went. */
#ifndef PC_NET_PROBE_TCP_H
#define PC_NET_PROBE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/probe_address.h"
#include "net/probe_errqueue.h"

enum probe_tcp_outcome {
	PROBE_TCP_CONNECTED,
	PROBE_TCP_REFUSED,		/* reset, or ICMP port unreachable (then icmp.seen) */
	PROBE_TCP_TIMEOUT,		/* no answer within the budget, or the kernel gave up (ETIMEDOUT) */
	PROBE_TCP_UNREACHABLE,		/* an ICMP error, or a neighbour that does not answer (EHOSTUNREACH without icmp) */
	PROBE_TCP_NO_ROUTE,		/* the kernel refused at once: ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL */
	PROBE_TCP_LOCAL_ERROR,		/* EMFILE, EADDRNOTAVAIL, EPERM, ...; see sys_errno */
	PROBE_TCP_ABANDONED		/* not done when the others were and the grace ended */
};

/* TCP_INFO, as far as it tells something. */
struct probe_tcp_facts {
	uint32_t rtt_us;
	uint32_t mss;			/* sending */
	uint32_t advertised_mss;
	uint32_t path_mtu;
	uint32_t retransmits;		/* total, SYN included */
	uint64_t bytes_acked;		/* what the peer has acknowledged */
	uint64_t bytes_received;
	uint32_t unacknowledged;	/* segments in flight */
};

struct probe_tcp_options {
	int budget_ms;
	int grace_ms;			/* once one is connected, wait only so long for the rest; 0: the whole budget */
	int max_segment;		/* TCP_MAXSEG for both directions (536 passes any path); 0: the kernel's choice */
	const struct probe_address *source;	/* bind to this address; NULL: the kernel's choice */
	bool keep;			/* leave the sockets of connected ones open in `fd` */
};

struct probe_tcp_result {
	struct probe_address target;
	enum probe_tcp_outcome outcome;
	int sys_errno;			/* of connect; 0 when connected */
	bool at_once;			/* it failed in the connect() call itself: nothing left this host, or the peer is local */
	int64_t duration_us;
	struct probe_icmp_error icmp;	/* the error that ended it, or the last that came */
	struct probe_address source;	/* the local address used; AF_UNSPEC when none */
	struct probe_tcp_facts facts;
	/* SYNs that were sent again, and how many of these the kernel itself refused to send (a local firewall, seen without
	 * root in the counter TCPRetransFail, which counts for the whole host). */
	unsigned int syn_retransmits;
	unsigned int send_failures;
	int fd;				/* -1; with `keep` and CONNECTED the non-blocking socket, owned by the caller */
};

/* Connects to all of them at once; `results` has `count` items. Never fails: each result says how it went. */
void probe_tcp_connect(const struct probe_address *targets, size_t count, const struct probe_tcp_options *options,
		       struct probe_tcp_result *results);

/* Reads TCP_INFO of a connected socket. */
bool probe_tcp_facts_read(int fd, struct probe_tcp_facts *out);

/* Who resets, after REFUSED? This host, when nothing leaves it while it connects; a device on the way, when the reset comes from
 * nearer than the host is. Distances come from the time to live: of the resets themselves where raw sockets are allowed, else
 * from the first TTL that brings one. */
enum probe_reset_origin {
	PROBE_RESET_UNKNOWN,		/* no evidence either way */
	PROBE_RESET_HOST,		/* from as far away as the host's other answers */
	PROBE_RESET_MIDDLE,
	PROBE_RESET_THIS_HOST		/* a local rule */
};

/* Takes at most budget_ms; connects a few times more. The TTL that a packet needs to bring about the reset (1: this host), and
 * to reach the host; 0: not known. */
enum probe_reset_origin probe_tcp_reset_origin(const struct probe_address *target, int budget_ms, unsigned int *reset_ttl,
					       unsigned int *host_ttl);

#endif
