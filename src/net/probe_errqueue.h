/* probe_errqueue.h - ICMP errors as the kernel hands them to an ordinary socket (IP_RECVERR, IPV6_RECVERR).
 *
 * No root needed. The offender, the router that sent the error, is in it: that is the difference between "unreachable"
 * and "10.1.2.3 says that it is administratively prohibited".
 */
#ifndef PC_NET_PROBE_ERRQUEUE_H
#define PC_NET_PROBE_ERRQUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/probe_address.h"

struct probe_icmp_error {
	bool seen;			/* an ICMP error came back; false: nothing below is valid */
	int family;			/* AF_INET: ICMP types; AF_INET6: ICMPv6 types */
	uint8_t type;
	uint8_t code;
	int sys_errno;			/* what the kernel makes of it */
	uint32_t mtu;			/* of "fragmentation needed" and "packet too big", else 0 */
	struct probe_address offender;	/* who sent it; AF_UNSPEC when unknown */
	bool from_this_host;		/* the offender is this host: a neighbour that does not answer, or a local rule */
};

/* The meaning of a type and code, family made alike. */
enum probe_icmp_kind {
	PROBE_ICMP_NONE,
	PROBE_ICMP_NET_UNREACHABLE,
	PROBE_ICMP_HOST_UNREACHABLE,
	PROBE_ICMP_PROTOCOL_UNREACHABLE,
	PROBE_ICMP_PORT_UNREACHABLE,
	PROBE_ICMP_PROHIBITED,		/* net, host or communication administratively prohibited; policy; reject route */
	PROBE_ICMP_TOO_BIG,
	PROBE_ICMP_TTL_EXCEEDED,
	PROBE_ICMP_OTHER
};

/* Asks the kernel to queue ICMP errors on the socket. */
bool probe_errqueue_enable(int fd, int family);

/* Takes one error from the queue; false when there is none. An error that is not ICMP (local) leaves seen = false and
 * sets sys_errno. Keeps errno. */
bool probe_errqueue_read(int fd, struct probe_icmp_error *out);

/* Reads the control messages of one error. Pure (from_this_host stays false), strict about lengths: for tests and the
 * fuzzer. */
bool probe_errqueue_parse(struct msghdr *msg, struct probe_icmp_error *out);

enum probe_icmp_kind probe_icmp_kind(const struct probe_icmp_error *e);
/* "host unreachable", "administratively prohibited", ... (N_, one word or few); "" for none. */
const char *probe_icmp_text(const struct probe_icmp_error *e);

#endif
