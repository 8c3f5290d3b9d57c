#include "net/probe_errqueue.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"

bool probe_errqueue_enable(int fd, int family)
{
	int on = 1;

	if (family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0;
}

static bool is_recverr(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

/* The offender's socket address follows the extended error, as far as the control message reaches. */
static void take_offender(const struct cmsghdr *c, struct probe_icmp_error *out)
{
	const unsigned char *data = CMSG_DATA(c) + sizeof(struct sock_extended_err);
	size_t room = c->cmsg_len - CMSG_LEN(sizeof(struct sock_extended_err));
	struct sockaddr_storage from;

	memset(&from, 0, sizeof(from));
	memcpy(&from, data, room < sizeof(from) ? room : sizeof(from));
	probe_address_from((const struct sockaddr *)&from, (socklen_t)room, &out->offender);
}

static bool is_whole(const struct msghdr *msg, const struct cmsghdr *c)
{
	size_t before = (size_t)((const char *)c - (const char *)msg->msg_control);

	return c->cmsg_len <= msg->msg_controllen - before;
}

bool probe_errqueue_parse(struct msghdr *msg, struct probe_icmp_error *out)
{
	struct sock_extended_err e;

	memset(out, 0, sizeof(*out));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (!is_recverr(c) || c->cmsg_len < CMSG_LEN(sizeof(e)) || !is_whole(msg, c))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		out->sys_errno = (int)e.ee_errno;
		if (e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6)
			return true;
		out->seen = true;
		out->family = e.ee_origin == SO_EE_ORIGIN_ICMP6 ? AF_INET6 : AF_INET;
		out->type = e.ee_type;
		out->code = e.ee_code;
		take_offender(c, out);
		if (probe_icmp_kind(out) == PROBE_ICMP_TOO_BIG)
			out->mtu = e.ee_info;
		return true;
	}
	return false;
}

/* Only an address of this host can be bound to. */
static bool is_local(const struct probe_address *a)
{
	struct probe_address any_port = *a;
	int saved = errno, fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool local = false;

	if (fd >= 0) {
		probe_address_set_port(&any_port, 0);
		local = bind(fd, &any_port.sa, probe_address_len(&any_port)) == 0;
		close(fd);
	}
	errno = saved;
	return local;
}

bool probe_errqueue_read(int fd, struct probe_icmp_error *out)
{
	union {
		char bytes[512];
		struct cmsghdr align;
	} control;
	char payload[64];
	struct iovec iov = { payload, sizeof(payload) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	int saved = errno;
	ssize_t n;

	memset(out, 0, sizeof(*out));
	do
		n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	errno = saved;
	if (n < 0 || !probe_errqueue_parse(&msg, out))
		return false;
	out->from_this_host = out->seen && is_local(&out->offender);
	return true;
}

static enum probe_icmp_kind kind4(const struct probe_icmp_error *e)
{
	if (e->type == ICMP_TIME_EXCEEDED)
		return e->code == ICMP_EXC_TTL ? PROBE_ICMP_TTL_EXCEEDED : PROBE_ICMP_OTHER;
	if (e->type != ICMP_DEST_UNREACH)
		return PROBE_ICMP_OTHER;
	switch (e->code) {
	case ICMP_NET_UNREACH: case ICMP_NET_UNKNOWN: case ICMP_NET_UNR_TOS:
		return PROBE_ICMP_NET_UNREACHABLE;
	case ICMP_HOST_UNREACH: case ICMP_HOST_UNKNOWN: case ICMP_HOST_ISOLATED: case ICMP_HOST_UNR_TOS:
		return PROBE_ICMP_HOST_UNREACHABLE;
	case ICMP_PROT_UNREACH:
		return PROBE_ICMP_PROTOCOL_UNREACHABLE;
	case ICMP_PORT_UNREACH:
		return PROBE_ICMP_PORT_UNREACHABLE;
	case ICMP_FRAG_NEEDED:
		return PROBE_ICMP_TOO_BIG;
	case ICMP_NET_ANO: case ICMP_HOST_ANO: case ICMP_PKT_FILTERED: case ICMP_PREC_VIOLATION: case ICMP_PREC_CUTOFF:
		return PROBE_ICMP_PROHIBITED;
	default:
		return PROBE_ICMP_OTHER;
	}
}

static enum probe_icmp_kind kind6(const struct probe_icmp_error *e)
{
	if (e->type == ICMPV6_PKT_TOOBIG)
		return PROBE_ICMP_TOO_BIG;
	if (e->type == ICMPV6_TIME_EXCEED)
		return e->code == ICMPV6_EXC_HOPLIMIT ? PROBE_ICMP_TTL_EXCEEDED : PROBE_ICMP_OTHER;
	/* An unknown next header is how IPv6 says "protocol unreachable" (RFC 4443 3.4). */
	if (e->type == ICMPV6_PARAMPROB && e->code == ICMPV6_UNK_NEXTHDR)
		return PROBE_ICMP_PROTOCOL_UNREACHABLE;
	if (e->type != ICMPV6_DEST_UNREACH)
		return PROBE_ICMP_OTHER;
	switch (e->code) {
	case ICMPV6_NOROUTE: return PROBE_ICMP_NET_UNREACHABLE;
	case ICMPV6_ADM_PROHIBITED: case ICMPV6_POLICY_FAIL: case ICMPV6_REJECT_ROUTE: return PROBE_ICMP_PROHIBITED;
	case ICMPV6_NOT_NEIGHBOUR: case ICMPV6_ADDR_UNREACH: return PROBE_ICMP_HOST_UNREACHABLE;
	case ICMPV6_PORT_UNREACH: return PROBE_ICMP_PORT_UNREACHABLE;
	default: return PROBE_ICMP_OTHER;
	}
}

enum probe_icmp_kind probe_icmp_kind(const struct probe_icmp_error *e)
{
	if (!e->seen)
		return PROBE_ICMP_NONE;
	return e->family == AF_INET6 ? kind6(e) : kind4(e);
}

const char *probe_icmp_text(const struct probe_icmp_error *e)
{
	static const char *const texts[] = {
		[PROBE_ICMP_NONE] = "",
		[PROBE_ICMP_NET_UNREACHABLE] = N_("network unreachable"),
		[PROBE_ICMP_HOST_UNREACHABLE] = N_("host unreachable"),
		[PROBE_ICMP_PROTOCOL_UNREACHABLE] = N_("protocol unreachable"),
		[PROBE_ICMP_PORT_UNREACHABLE] = N_("port unreachable"),
		[PROBE_ICMP_PROHIBITED] = N_("administratively prohibited"),
		[PROBE_ICMP_TOO_BIG] = N_("packet too big"),
		[PROBE_ICMP_TTL_EXCEEDED] = N_("time to live exceeded"),
		[PROBE_ICMP_OTHER] = N_("another ICMP error"),
	};

	return texts[probe_icmp_kind(e)];
}
