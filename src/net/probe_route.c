#include "net/probe_route.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"

#define LOWER_UP (1u << 16)	/* IFF_LOWER_UP; <linux/if.h> cannot stand beside <net/if.h> */
#define REPLY_MAX 65536
#define MESSAGES_MAX 100000	/* a full routing table may be long; beyond this nobody waits */

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
		struct ndmsg neighbour;
		char room[256];
	};
};

/* Gets one message of an answer; false stops. */
typedef void (*take_message)(void *data, const struct nlmsghdr *h);

static int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct timeval wait = { .tv_sec = 1 };

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd;
}

static void add_attribute(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	r->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* Reads one datagram of the answer. 0: more to come; 1: the end; otherwise a negative errno. */
static int read_part(int fd, char *reply, bool dump, take_message take, void *data)
{
	ssize_t n = recv(fd, reply, REPLY_MAX, 0);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (struct nlmsghdr *h = (struct nlmsghdr *)reply; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
				return -EPROTO;
			return e->error != 0 ? e->error : 1;
		}
		take(data, h);
		if (!dump)
			return 1;
	}
	return 0;
}

/* Sends the request and hands over every message of the answer. 0, or a negative errno from the kernel. */
static int ask(struct request *r, take_message take, void *data)
{
	char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool dump = (r->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int fd = open_netlink(), result = 0;

	if (fd < 0)
		return -errno;
	r->header.nlmsg_flags |= NLM_F_REQUEST;
	r->header.nlmsg_seq = 1;
	if (send(fd, r, r->header.nlmsg_len, 0) < 0)
		result = -errno;
	for (int i = 0; result == 0 && i < MESSAGES_MAX; i++)
		result = read_part(fd, reply, dump, take, data);
	file_close(&fd);
	return result > 0 ? 0 : result;
}

/* The attribute of that type in a message whose fixed part is `fixed` bytes long, at least `min` bytes; NULL if absent. */
static const void *attribute(const struct nlmsghdr *h, size_t fixed, unsigned short type, size_t min)
{
	const struct rtattr *a;
	size_t left, offset = NLMSG_LENGTH(fixed);

	offset = NLMSG_ALIGN(offset);
	if (h->nlmsg_len < offset)
		return NULL;
	left = h->nlmsg_len - offset;
	a = (const struct rtattr *)((const char *)h + offset);
	while (left >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= left) {
		size_t step = RTA_ALIGN(a->rta_len);

		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a->rta_len - RTA_LENGTH(0) >= min ? (const char *)a + RTA_LENGTH(0) : NULL;
		if (step >= left)
			break;
		left -= step;
		a = (const struct rtattr *)((const char *)a + step);
	}
	return NULL;
}

static uint32_t attribute_u32(const struct nlmsghdr *h, size_t fixed, unsigned short type)
{
	const void *data = attribute(h, fixed, type, sizeof(uint32_t));
	uint32_t value = 0;

	if (data != NULL)
		memcpy(&value, data, sizeof(value));
	return value;
}

static bool attribute_address(const struct nlmsghdr *h, size_t fixed, unsigned short type, int family,
			      struct probe_address *out)
{
	const void *data = attribute(h, fixed, type, family == AF_INET6 ? 16 : 4);

	if (data == NULL)
		return false;
	probe_address_from_bytes(family, data, 0, out);
	return true;
}

static void take_link(void *data, const struct nlmsghdr *h)
{
	struct probe_network *n = data;
	const struct ifinfomsg *m = NLMSG_DATA(h);
	struct probe_link *link;
	const char *name;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	if (n->link_count == PROBE_LINKS_MAX) {
		n->more = true;
		return;
	}
	link = &n->links[n->link_count++];
	link->index = (unsigned int)m->ifi_index;
	link->up = (m->ifi_flags & IFF_UP) != 0;
	/* Not IFF_RUNNING: that follows up to a second later. */
	link->carrier = (m->ifi_flags & LOWER_UP) != 0;
	link->loopback = (m->ifi_flags & IFF_LOOPBACK) != 0;
	link->mtu = attribute_u32(h, sizeof(*m), IFLA_MTU);
	name = attribute(h, sizeof(*m), IFLA_IFNAME, 1);
	if (name != NULL)
		memccpy(link->name, name, '\0', sizeof(link->name) - 1);
}

static void take_address(void *data, const struct nlmsghdr *h)
{
	struct probe_network *n = data;
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct probe_link_address *a;
	struct probe_address address;
	uint32_t flags;

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
	    (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return;
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	if (!attribute_address(h, sizeof(*m), IFA_LOCAL, m->ifa_family, &address) &&
	    !attribute_address(h, sizeof(*m), IFA_ADDRESS, m->ifa_family, &address))
		return;
	if (n->address_count == PROBE_LINK_ADDRESSES_MAX) {
		n->more = true;
		return;
	}
	flags = attribute_u32(h, sizeof(*m), IFA_FLAGS) | m->ifa_flags;
	a = &n->addresses[n->address_count++];
	a->link = m->ifa_index;
	a->address = address;
	a->prefix = m->ifa_prefixlen;
	a->tentative = (flags & IFA_F_TENTATIVE) != 0;
	a->duplicate = (flags & IFA_F_DADFAILED) != 0;
	a->deprecated = (flags & IFA_F_DEPRECATED) != 0;
	if (probe_address_kind(&address) == PROBE_ADDRESS_LINK_LOCAL && m->ifa_family == AF_INET6)
		a->address.v6.sin6_scope_id = m->ifa_index;
}

static enum probe_route_kind route_kind(unsigned char type)
{
	switch (type) {
	case RTN_UNICAST: return PROBE_ROUTE_UNICAST;
	case RTN_LOCAL: return PROBE_ROUTE_LOCAL;
	case RTN_BLACKHOLE: return PROBE_ROUTE_BLACKHOLE;
	case RTN_UNREACHABLE: return PROBE_ROUTE_UNREACHABLE;
	case RTN_PROHIBIT: return PROBE_ROUTE_PROHIBIT;
	default: return PROBE_ROUTE_OTHER;
	}
}

/* The gateway may be of the other family (RFC 8950), in RTA_VIA. */
static void route_gateway(const struct nlmsghdr *h, int family, struct probe_address *out)
{
	struct rtvia via;
	const char *data;

	if (attribute_address(h, sizeof(struct rtmsg), RTA_GATEWAY, family, out))
		return;
	data = attribute(h, sizeof(struct rtmsg), RTA_VIA, sizeof(via.rtvia_family) + 16);
	if (data == NULL)
		return;
	memcpy(&via.rtvia_family, data, sizeof(via.rtvia_family));
	if (via.rtvia_family == AF_INET6)
		probe_address_from_bytes(AF_INET6, data + sizeof(via.rtvia_family), 0, out);
}

/* The first next hop of a multipath route stands for all of them. */
static void route_multipath(const struct nlmsghdr *h, int family, struct probe_route *out)
{
	const struct rtnexthop *hop = attribute(h, sizeof(struct rtmsg), RTA_MULTIPATH, sizeof(*hop));
	const struct rtattr *a;
	size_t need = RTA_LENGTH(family == AF_INET6 ? 16 : 4);

	if (hop == NULL)
		return;
	out->link = (unsigned int)hop->rtnh_ifindex;
	if (hop->rtnh_len < sizeof(*hop) + need)
		return;
	a = (const struct rtattr *)((const char *)hop + sizeof(*hop));
	if (a->rta_type == RTA_GATEWAY && a->rta_len >= need)
		probe_address_from_bytes(family, (const char *)a + RTA_LENGTH(0), 0, &out->gateway);
}

static uint32_t route_mtu(const struct nlmsghdr *h)
{
	const struct rtattr *metrics = attribute(h, sizeof(struct rtmsg), RTA_METRICS, sizeof(*metrics));
	const struct rtattr *outer;
	size_t left;

	if (metrics == NULL)
		return 0;
	outer = (const struct rtattr *)((const char *)metrics - RTA_LENGTH(0));
	left = outer->rta_len - RTA_LENGTH(0);
	while (left >= sizeof(*metrics) && metrics->rta_len >= sizeof(*metrics) && metrics->rta_len <= left) {
		size_t step = RTA_ALIGN(metrics->rta_len);
		uint32_t mtu;

		if (metrics->rta_type == RTAX_MTU && metrics->rta_len >= RTA_LENGTH(sizeof(mtu))) {
			memcpy(&mtu, (const char *)metrics + RTA_LENGTH(0), sizeof(mtu));
			return mtu;
		}
		if (step >= left)
			break;
		left -= step;
		metrics = (const struct rtattr *)((const char *)metrics + step);
	}
	return 0;
}

static void fill_route(const struct nlmsghdr *h, const struct rtmsg *m, struct probe_route *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = route_kind(m->rtm_type);
	out->link = attribute_u32(h, sizeof(*m), RTA_OIF);
	route_gateway(h, m->rtm_family, &out->gateway);
	if (out->link == 0)
		route_multipath(h, m->rtm_family, out);
	attribute_address(h, sizeof(*m), RTA_PREFSRC, m->rtm_family, &out->source);
	out->metric = attribute_u32(h, sizeof(*m), RTA_PRIORITY);
	out->mtu = route_mtu(h);
	if (out->gateway.sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&out->gateway.v6.sin6_addr))
		out->gateway.v6.sin6_scope_id = out->link;
	if (if_indextoname(out->link, out->link_name) == NULL)
		out->link_name[0] = '\0';
}

static void take_default(void *data, const struct nlmsghdr *h)
{
	struct probe_network *n = data;
	const struct rtmsg *m = NLMSG_DATA(h);
	struct probe_route *list;
	size_t *count;

	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->rtm_dst_len != 0 ||
	    (m->rtm_family != AF_INET && m->rtm_family != AF_INET6))
		return;
	/* The kernel's own unreachable route of IPv6 is no default route. */
	if (m->rtm_family == AF_INET6 && m->rtm_type == RTN_UNREACHABLE && attribute_u32(h, sizeof(*m), RTA_PRIORITY) == ~0u)
		return;
	if (attribute_u32(h, sizeof(*m), RTA_TABLE) != RT_TABLE_MAIN && m->rtm_table != RT_TABLE_MAIN)
		return;
	list = m->rtm_family == AF_INET6 ? n->defaults6 : n->defaults4;
	count = m->rtm_family == AF_INET6 ? &n->default6_count : &n->default4_count;
	if (*count == PROBE_DEFAULT_ROUTES_MAX)
		n->more = true;
	else
		fill_route(h, m, &list[(*count)++]);
}

static int dump(uint16_t type, int family, size_t fixed, take_message take, void *data)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.header.nlmsg_len = (uint32_t)NLMSG_LENGTH(fixed);
	r.header.nlmsg_type = type;
	r.header.nlmsg_flags = NLM_F_DUMP;
	r.room[0] = (char)family;	/* the family is the first byte of each of the four */
	return ask(&r, take, data);
}

bool probe_network_read(struct probe_network *out, struct error *err)
{
	int error;

	memset(out, 0, sizeof(*out));
	error = dump(RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_link, out);
	if (error == 0)
		error = dump(RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), take_address, out);
	if (error == 0)
		error = dump(RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), take_default, out);
	/* A kernel without IPv6 has no such table. */
	if (error == 0)
		dump(RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), take_default, out);
	if (error == 0)
		return true;
	errno = -error;
	return error_errno(err, FINDING_NONE, _("cannot read the network's state from the kernel"));
}

const struct probe_link *probe_network_link(const struct probe_network *n, unsigned int index)
{
	for (size_t i = 0; i < n->link_count; i++) {
		if (n->links[i].index == index)
			return &n->links[i];
	}
	return NULL;
}

bool probe_network_has_address(const struct probe_network *n, int family)
{
	for (size_t i = 0; i < n->address_count; i++) {
		const struct probe_link_address *a = &n->addresses[i];
		const struct probe_link *link = probe_network_link(n, a->link);
		enum probe_address_kind kind = probe_address_kind(&a->address);

		if (probe_address_family(&a->address) == family && kind != PROBE_ADDRESS_LINK_LOCAL &&
		    kind != PROBE_ADDRESS_LOOPBACK && (link == NULL || !link->loopback) && !a->duplicate)
			return true;
	}
	return false;
}

static void take_route(void *data, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	if (h->nlmsg_type == RTM_NEWROUTE && h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m)))
		fill_route(h, m, data);
}

struct sent_search {
	unsigned int link;
	uint64_t *packets;
	bool found;
};

static void take_sent(void *data, const struct nlmsghdr *h)
{
	struct sent_search *s = data;
	const struct ifinfomsg *m = NLMSG_DATA(h);
	const void *bytes;
	struct rtnl_link_stats64 stats;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || (unsigned int)m->ifi_index != s->link)
		return;
	bytes = attribute(h, sizeof(*m), IFLA_STATS64, offsetof(struct rtnl_link_stats64, rx_bytes));
	if (bytes == NULL)
		return;
	memcpy(&stats, bytes, offsetof(struct rtnl_link_stats64, rx_bytes));
	*s->packets = stats.tx_packets;
	s->found = true;
}

bool probe_link_sent(unsigned int index, uint64_t *packets)
{
	struct sent_search search = { index, packets, false };

	return dump(RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_sent, &search) == 0 && search.found;
}

static uint32_t link_mtu(unsigned int index)
{
	struct probe_network n;
	const struct probe_link *link;

	memset(&n, 0, sizeof(n));
	if (dump(RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_link, &n) != 0)
		return 0;
	link = probe_network_link(&n, index);
	return link != NULL ? link->mtu : 0;
}

static enum probe_route_kind kind_of_errno(int error)
{
	switch (error) {
	case ENETUNREACH: return PROBE_ROUTE_NONE;
	case EHOSTUNREACH: return PROBE_ROUTE_UNREACHABLE;
	case EINVAL: return PROBE_ROUTE_BLACKHOLE;
	case EACCES: return PROBE_ROUTE_PROHIBIT;
	default: return PROBE_ROUTE_OTHER;
	}
}

bool probe_route_lookup(const struct probe_address *to, struct probe_route *out, struct error *err)
{
	bool six = probe_address_family(to) == AF_INET6;
	struct request r;
	uint32_t of_link;
	int error;

	memset(out, 0, sizeof(*out));
	out->kind = PROBE_ROUTE_OTHER;
	memset(&r, 0, sizeof(r));
	r.header.nlmsg_len = (uint32_t)NLMSG_LENGTH(sizeof(r.route));
	r.header.nlmsg_type = RTM_GETROUTE;
	r.route.rtm_family = (unsigned char)probe_address_family(to);
	r.route.rtm_dst_len = six ? 128 : 32;
	add_attribute(&r, RTA_DST, six ? (const void *)&to->v6.sin6_addr : (const void *)&to->v4.sin_addr, six ? 16 : 4);
	if (six && to->v6.sin6_scope_id != 0)
		add_attribute(&r, RTA_OIF, &to->v6.sin6_scope_id, sizeof(uint32_t));
	error = -ask(&r, take_route, out);
	if (error != 0) {
		out->sys_errno = error;
		out->kind = kind_of_errno(error);
		if (out->kind != PROBE_ROUTE_OTHER)
			return true;
		errno = error;
		return error_errno(err, FINDING_NONE, _("cannot ask the kernel for a route"));
	}
	/* For IPv6 the kernel answers with the reject route itself in place of an error. */
	if (out->kind == PROBE_ROUTE_UNREACHABLE && six && out->metric == ~0u)
		out->kind = PROBE_ROUTE_NONE;
	of_link = link_mtu(out->link);
	out->mtu_learnt = out->mtu != 0 && of_link != 0 && out->mtu < of_link;
	if (out->mtu == 0)
		out->mtu = of_link;
	return true;
}

struct neighbour_search {
	const struct probe_address *address;
	unsigned int link;
	struct probe_neighbour *out;
};

static enum probe_neighbour_state neighbour_state(uint16_t state)
{
	if (state & (NUD_NOARP | NUD_PERMANENT))
		return PROBE_NEIGHBOUR_NOT_NEEDED;
	if (state & NUD_REACHABLE)
		return PROBE_NEIGHBOUR_REACHABLE;
	if (state & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		return PROBE_NEIGHBOUR_STALE;
	if (state & NUD_FAILED)
		return PROBE_NEIGHBOUR_FAILED;
	if (state & NUD_INCOMPLETE)
		return PROBE_NEIGHBOUR_INCOMPLETE;
	return PROBE_NEIGHBOUR_UNKNOWN;
}

static void take_neighbour(void *data, const struct nlmsghdr *h)
{
	const struct neighbour_search *s = data;
	const struct ndmsg *m = NLMSG_DATA(h);
	struct probe_address address, wanted = *s->address;
	const struct rtattr *hardware;
	const void *bytes;

	if (h->nlmsg_type != RTM_NEWNEIGH || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
	    (s->link != 0 && (unsigned int)m->ndm_ifindex != s->link) ||
	    !attribute_address(h, sizeof(*m), NDA_DST, m->ndm_family, &address))
		return;
	if (wanted.sa.sa_family == AF_INET6)
		wanted.v6.sin6_scope_id = 0;
	if (!probe_address_same_host(&address, &wanted))
		return;
	s->out->state = neighbour_state(m->ndm_state);
	bytes = attribute(h, sizeof(*m), NDA_LLADDR, 1);
	if (bytes == NULL)
		return;
	hardware = (const struct rtattr *)((const char *)bytes - RTA_LENGTH(0));
	s->out->hardware_len = hardware->rta_len - RTA_LENGTH(0);
	if (s->out->hardware_len > sizeof(s->out->hardware))
		s->out->hardware_len = sizeof(s->out->hardware);
	memcpy(s->out->hardware, bytes, s->out->hardware_len);
}

bool probe_neighbour_lookup(const struct probe_address *address, unsigned int link, struct probe_neighbour *out,
			    struct error *err)
{
	struct neighbour_search search = { address, link, out };
	int error;

	memset(out, 0, sizeof(*out));
	error = dump(RTM_GETNEIGH, probe_address_family(address), sizeof(struct ndmsg), take_neighbour, &search);
	if (error == 0)
		return true;
	errno = -error;
	return error_errno(err, FINDING_NONE, _("cannot ask the kernel for neighbours"));
}
