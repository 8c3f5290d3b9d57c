/* probe_route.h - what the kernel knows of the network: links, addresses, default routes, the route to one address, the
 * neighbour behind it. Netlink, read only, no root.
 */
#ifndef PC_NET_PROBE_ROUTE_H
#define PC_NET_PROBE_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/probe_address.h"

#define PROBE_LINKS_MAX 32
#define PROBE_LINK_ADDRESSES_MAX 64
#define PROBE_DEFAULT_ROUTES_MAX 8

struct probe_link {
	unsigned int index;
	char name[IF_NAMESIZE];
	bool up;			/* IFF_UP: switched on */
	bool carrier;			/* IFF_LOWER_UP: a cable, a peer */
	bool loopback;
	uint32_t mtu;
};

struct probe_link_address {
	unsigned int link;		/* index */
	struct probe_address address;
	uint8_t prefix;
	bool tentative, duplicate, deprecated;
};

enum probe_route_kind {
	PROBE_ROUTE_UNICAST,
	PROBE_ROUTE_LOCAL,		/* this host itself */
	PROBE_ROUTE_NONE,		/* no route (ENETUNREACH) */
	PROBE_ROUTE_UNREACHABLE,	/* an "unreachable" route (EHOSTUNREACH) */
	PROBE_ROUTE_BLACKHOLE,		/* EINVAL */
	PROBE_ROUTE_PROHIBIT,		/* EACCES */
	PROBE_ROUTE_OTHER		/* broadcast, multicast, or the lookup failed: see sys_errno */
};

struct probe_route {
	enum probe_route_kind kind;
	int sys_errno;
	struct probe_address gateway;	/* AF_UNSPEC: on-link */
	struct probe_address source;	/* preferred source */
	unsigned int link;		/* index of the outgoing link; 0 when none */
	char link_name[IF_NAMESIZE];
	uint32_t metric;
	uint32_t mtu;			/* of the path when the kernel has learnt one, else of the route or the link; 0 unknown */
	bool mtu_learnt;		/* smaller than the link's */
};

struct probe_network {
	struct probe_link links[PROBE_LINKS_MAX];
	size_t link_count;
	struct probe_link_address addresses[PROBE_LINK_ADDRESSES_MAX];
	size_t address_count;
	struct probe_route defaults4[PROBE_DEFAULT_ROUTES_MAX];	/* main table, in the kernel's order */
	size_t default4_count;
	struct probe_route defaults6[PROBE_DEFAULT_ROUTES_MAX];
	size_t default6_count;
	bool more;			/* there was more of something than fits */
};

enum probe_neighbour_state {
	PROBE_NEIGHBOUR_UNKNOWN,	/* no entry: nobody has asked yet */
	PROBE_NEIGHBOUR_INCOMPLETE,	/* being asked for */
	PROBE_NEIGHBOUR_REACHABLE,
	PROBE_NEIGHBOUR_STALE,		/* was there; not tried of late (also delay and probe) */
	PROBE_NEIGHBOUR_FAILED,		/* does not answer ARP or neighbour discovery */
	PROBE_NEIGHBOUR_NOT_NEEDED	/* no ARP on that link, or a permanent entry */
};

struct probe_neighbour {
	enum probe_neighbour_state state;
	uint8_t hardware[8];
	size_t hardware_len;
};

/* Reads links, addresses and default routes. */
bool probe_network_read(struct probe_network *out, struct error *err);
const struct probe_link *probe_network_link(const struct probe_network *n, unsigned int index);
/* An address on a link that is neither loopback nor link-local: can this host speak that family at all? */
bool probe_network_has_address(const struct probe_network *n, int family);

/* Packets that the link has sent so far. */
bool probe_link_sent(unsigned int index, uint64_t *packets);

/* Asks the kernel for the route to an address (RTM_GETROUTE). False when netlink itself failed. */
bool probe_route_lookup(const struct probe_address *to, struct probe_route *out, struct error *err);

/* The neighbour table's entry. `link` 0: on any link. */
bool probe_neighbour_lookup(const struct probe_address *address, unsigned int link, struct probe_neighbour *out,
			    struct error *err);

#endif
