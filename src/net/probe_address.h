/* probe_address.h - an address with its port, its texts, and what kind of address it is.
 *
 * The common currency of the probes. Fixed size, nothing owned: copied by assignment.
 */
#ifndef PC_NET_PROBE_ADDRESS_H
#define PC_NET_PROBE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PROBE_ADDRESSES_MAX 32
#define PROBE_ADDRESS_TEXT_MAX 96	/* "[fe80::...%interface]:65535" */

struct probe_address {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};				/* sa.sa_family is AF_UNSPEC when there is none */
};

struct probe_address_list {
	struct probe_address items[PROBE_ADDRESSES_MAX];
	size_t count;
	bool more;			/* there were more than fit */
};

/* What an address is for (RFC 6890 and its registry), so that a check can tell a sinkhole from a server. */
enum probe_address_kind {
	PROBE_ADDRESS_GLOBAL,
	PROBE_ADDRESS_PRIVATE,		/* RFC 1918, RFC 4193, RFC 6598 (carrier-grade NAT) */
	PROBE_ADDRESS_LINK_LOCAL,	/* 169.254/16, fe80::/10 */
	PROBE_ADDRESS_LOOPBACK,		/* 127/8, ::1 */
	PROBE_ADDRESS_UNSPECIFIED,	/* 0/8, :: */
	PROBE_ADDRESS_RESERVED,		/* documentation, benchmarking, discard, 240/4 */
	PROBE_ADDRESS_MULTICAST		/* and broadcast */
};

/* Parses a literal: IPv4 dotted quad, IPv6 with optional %scope and optional brackets. Never asks a resolver. */
bool probe_address_parse(const char *literal, uint16_t port, struct probe_address *out);

/* From a socket address of either family; false for any other. */
bool probe_address_from(const struct sockaddr *sa, socklen_t len, struct probe_address *out);
/* From 4 or 16 bytes in network order. */
void probe_address_from_bytes(int family, const void *bytes, uint16_t port, struct probe_address *out);

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; "-" when there is none. `dst` has PROBE_ADDRESS_TEXT_MAX bytes.
 * Returns dst. */
char *probe_address_text(char *dst, const struct probe_address *a);
/* With the port: "192.0.2.1:443", "[2001:db8::1]:443". */
char *probe_address_port_text(char *dst, const struct probe_address *a);

int probe_address_family(const struct probe_address *a);
socklen_t probe_address_len(const struct probe_address *a);
uint16_t probe_address_port(const struct probe_address *a);
void probe_address_set_port(struct probe_address *a, uint16_t port);

/* The same host: family, address and scope, whatever the port. An IPv4-mapped IPv6 address equals its IPv4 one. */
bool probe_address_same_host(const struct probe_address *a, const struct probe_address *b);
enum probe_address_kind probe_address_kind(const struct probe_address *a);

/* Adds unless it is there already; sets `more` when full. */
void probe_address_list_add(struct probe_address_list *list, const struct probe_address *a);
bool probe_address_list_has(const struct probe_address_list *list, const struct probe_address *a);
/* The same hosts, in any order. */
bool probe_address_list_same(const struct probe_address_list *a, const struct probe_address_list *b);

#endif
