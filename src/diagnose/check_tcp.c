/* tcp: a connection to each address of the feed's server, or of the proxy; and what stands behind a failure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/loss.h"
#include "diagnose/misled.h"
#include "diagnose/portal.h"
#include "diagnose/trail.h"
#include "diagnose/way.h"
#include "net/probe_route.h"
#include "net/probe_tcp.h"

#define CONNECT_MS 4500		/* three SYNs, and a neighbour that does not answer */
#define GRACE_MS 1500		/* once one address works: two SYNs */
#define SECOND_MS 1500
#define RESET_MS 1200
#define SLOW_US 500000		/* a second would be a repeated SYN already */

struct tcp_check {
	const struct check_context *c;
	struct check_result *r;
	struct probe_address_list targets;
	struct probe_tcp_result results[PROBE_ADDRESSES_MAX];
	size_t connected;
};

/* --- one address ---------------------------------------------------------------------------------------------------------- */

static enum finding finding_of_icmp(const struct probe_tcp_result *t)
{
	switch (probe_icmp_kind(&t->icmp)) {
	case PROBE_ICMP_NET_UNREACHABLE: return FINDING_TCP_NET_UNREACHABLE;
	case PROBE_ICMP_PROTOCOL_UNREACHABLE: return FINDING_TCP_PROTOCOL_UNREACHABLE;
	case PROBE_ICMP_PORT_UNREACHABLE: return FINDING_TCP_ICMP_PORT_UNREACHABLE;
	case PROBE_ICMP_PROHIBITED: return FINDING_TCP_ADMIN_PROHIBITED;
	default: return FINDING_TCP_HOST_UNREACHABLE;
	}
}

/* An ICMP error from this node's own address about a peer elsewhere: its own firewall. */
static bool from_this_node(const struct probe_icmp_error *icmp, const struct probe_route *to)
{
	struct probe_route back;

	return icmp->seen && to->kind != PROBE_ROUTE_LOCAL && probe_address_family(&icmp->offender) != AF_UNSPEC &&
	       probe_route_lookup(&icmp->offender, &back, NULL) && back.kind == PROBE_ROUTE_LOCAL;
}

static enum finding finding_of_no_route(const struct probe_tcp_result *t, const struct probe_route *route)
{
	if (route->kind == PROBE_ROUTE_BLACKHOLE || route->kind == PROBE_ROUTE_PROHIBIT ||
	    route->kind == PROBE_ROUTE_UNREACHABLE || t->sys_errno == EACCES || t->sys_errno == EINVAL)
		return FINDING_LOCAL_ROUTE_BLOCK;
	return FINDING_NO_DEFAULT_ROUTE;
}

/* Nobody at the next hop answers ARP: the gateway, or the target on this node's own network. */
static enum finding finding_of_neighbour(const struct probe_route *route)
{
	return probe_address_family(&route->gateway) != AF_UNSPEC ? FINDING_GATEWAY_DEAD : FINDING_TCP_HOST_UNREACHABLE;
}

static bool next_hop_dead(const struct probe_tcp_result *t, const struct probe_route *route)
{
	const struct probe_address *hop = probe_address_family(&route->gateway) != AF_UNSPEC ? &route->gateway : &t->target;
	struct probe_neighbour neighbour;

	return route->kind == PROBE_ROUTE_UNICAST && probe_neighbour_lookup(hop, route->link, &neighbour, NULL) &&
	       (neighbour.state == PROBE_NEIGHBOUR_FAILED || neighbour.state == PROBE_NEIGHBOUR_INCOMPLETE);
}

static enum finding finding_of(const struct probe_tcp_result *t)
{
	struct probe_route route = { .kind = PROBE_ROUTE_OTHER };

	probe_route_lookup(&t->target, &route, NULL);
	/* "Host unreachable" a node says of itself also when nobody on its own network answers. */
	if (from_this_node(&t->icmp, &route) &&
	    (probe_icmp_kind(&t->icmp) != PROBE_ICMP_HOST_UNREACHABLE || !next_hop_dead(t, &route)))
		return FINDING_LOCAL_FIREWALL_REJECT;
	switch (t->outcome) {
	case PROBE_TCP_REFUSED:
		if (t->sys_errno == ECONNRESET)
			return FINDING_TCP_RESET_AFTER_ACCEPT;	/* accepted, and reset before connect() had told */
		return t->icmp.seen ? FINDING_TCP_ICMP_PORT_UNREACHABLE : FINDING_TCP_REFUSED;
	case PROBE_TCP_UNREACHABLE:
		return !t->icmp.seen || from_this_node(&t->icmp, &route) ? finding_of_neighbour(&route) : finding_of_icmp(t);
	case PROBE_TCP_NO_ROUTE: return finding_of_no_route(t, &route);
	case PROBE_TCP_LOCAL_ERROR:
		return t->sys_errno == EPERM ? FINDING_LOCAL_FIREWALL_DROP :
					       error_finding_of_errno(t->sys_errno, FINDING_OUT_OF_DESCRIPTORS);
	case PROBE_TCP_TIMEOUT:
	case PROBE_TCP_ABANDONED:
		if (t->send_failures > 0)
			return FINDING_LOCAL_FIREWALL_DROP;
		return next_hop_dead(t, &route) ? finding_of_neighbour(&route) : FINDING_TCP_TIMEOUT;
	case PROBE_TCP_CONNECTED: break;
	}
	return FINDING_NONE;
}

static void describe_icmp(const struct probe_icmp_error *icmp, char *dst, size_t size)
{
	char from[PROBE_ADDRESS_TEXT_MAX];

	if (!icmp->seen)
		dst[0] = '\0';
	else
		snprintf(dst, size, _(", %s says \"%s\" (ICMP %u/%u)"), probe_address_text(from, &icmp->offender),
			 _(probe_icmp_text(icmp)), (unsigned int)icmp->type, (unsigned int)icmp->code);
}

static void describe(struct tcp_check *t)
{
	for (size_t i = 0; i < t->targets.count; i++) {
		const struct probe_tcp_result *one = &t->results[i];
		char name[PROBE_ADDRESS_TEXT_MAX], icmp[256], why[128] = "";

		describe_icmp(&one->icmp, icmp, sizeof(icmp));
		if (one->outcome != PROBE_TCP_CONNECTED && one->sys_errno != 0)
			snprintf(why, sizeof(why), " (%s)", strerror(one->sys_errno));
		result_evidence(t->r, probe_address_port_text(name, &one->target), "%s, %.1f ms%s%s",
				one->outcome == PROBE_TCP_CONNECTED ? _("connected") :
				one->outcome == PROBE_TCP_REFUSED ? _("refused") :
				one->outcome == PROBE_TCP_TIMEOUT || one->outcome == PROBE_TCP_ABANDONED ? _("no answer") :
				_("not reached"), (double)one->duration_us / 1000, why, icmp);
	}
}

/* --- failure -------------------------------------------------------------------------------------------------------------- */

/* The most telling failure: one that somebody speaks about before a silence, a silence before "no route" of a family that this
 * node does not have. */
static size_t worst_of(const struct tcp_check *t)
{
	static const enum probe_tcp_outcome order[] = { PROBE_TCP_LOCAL_ERROR, PROBE_TCP_REFUSED, PROBE_TCP_UNREACHABLE,
							PROBE_TCP_TIMEOUT, PROBE_TCP_ABANDONED, PROBE_TCP_NO_ROUTE };

	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
		for (size_t i = 0; i < t->targets.count; i++) {
			if (t->results[i].outcome == order[o])
				return i;
		}
	}
	return 0;
}

static bool only_ipv6(const struct tcp_check *t)
{
	for (size_t i = 0; i < t->targets.count; i++) {
		if (probe_address_family(&t->targets.items[i]) != AF_INET6)
			return false;
	}
	return true;
}

/* IPv6 does not work here at all: there is no address or no route of that family. */
static bool lacks_ipv6(void)
{
	struct probe_network *n = calloc(1, sizeof(*n));
	bool lacks = n != NULL && probe_network_read(n, NULL) &&
		     (!probe_network_has_address(n, AF_INET6) || n->default6_count == 0);

	free(n);
	return lacks;
}

/* The proxy is a setting, and what fails towards it has names of its own. */
static enum finding as_peer(const struct tcp_check *t, enum finding f)
{
	if (!t->c->via_proxy)
		return f;
	switch (f) {
	case FINDING_TCP_REFUSED:
	case FINDING_TCP_REJECTED_RESET: return FINDING_PROXY_REFUSED;
	case FINDING_TCP_TIMEOUT: return FINDING_PROXY_TIMEOUT;
	case FINDING_TCP_ICMP_PORT_UNREACHABLE:
	case FINDING_TCP_ADMIN_PROHIBITED:
	case FINDING_TCP_HOST_UNREACHABLE:
	case FINDING_TCP_NET_UNREACHABLE:
	case FINDING_TCP_PROTOCOL_UNREACHABLE: return FINDING_PROXY_UNREACHABLE;
	default: return f;
	}
}

/* Does an address answer that is not in use, but that other servers or an earlier good update gave? */
static bool another_address_works(struct tcp_check *t)
{
	struct probe_address_list list;
	struct probe_tcp_result results[PROBE_ADDRESSES_MAX];
	struct probe_tcp_options options = { .budget_ms = check_left_ms(t->c, SECOND_MS), .grace_ms = 1 };
	char text[PROBE_ADDRESS_TEXT_MAX];

	misled_candidates(t->c, true, &list);
	probe_tcp_connect(list.items, list.count, &options, results);
	for (size_t i = 0; i < list.count; i++) {
		if (results[i].outcome == PROBE_TCP_CONNECTED) {
			result_evidence(t->r, _("other address"), _("%s answers, and is not used"),
					probe_address_port_text(text, &list.items[i]));
			return true;
		}
	}
	return false;
}

static bool all_loopback(const struct probe_address_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (probe_address_kind(&list->items[i]) != PROBE_ADDRESS_LOOPBACK)
			return false;
	}
	return list->count > 0;
}

/* The feed's port is closed, and port 80 shows a login page: a portal, to which everything leads until somebody has logged in. */
static enum finding portal_instead(struct tcp_check *t, const struct probe_address *target)
{
	char page[600];
	enum portal found;

	if (t->c->via_proxy || probe_address_kind(target) == PROBE_ADDRESS_LOOPBACK)
		return FINDING_NONE;
	found = portal_find(t->c, target, page, sizeof(page));
	if (found == PORTAL_NONE || (found == PORTAL_LIKELY && !misled_everywhere(t->c)))
		return FINDING_NONE;
	result_evidence(t->r, _("port 80"), "%s", page);
	return misled_everywhere(t->c) ? FINDING_DNS_HIJACKED : FINDING_HTTP_CAPTIVE_PORTAL;
}

/* The name led to the wrong place: who gave the address, when another one is right. */
static enum finding misled(struct tcp_check *t, const struct probe_tcp_result *worst)
{
	const char *source = json_string_value(json_object_get(check_facts(t->c, CHECK_DNS), "source"));
	bool loopback = all_loopback(&t->targets) && strcasecmp(check_peer_host(t->c), "localhost") != 0;

	if (source != NULL && strcmp(source, "dns") == 0 && loopback)
		return FINDING_DNS_SINKHOLED;
	if (another_address_works(t))
		return misled_by(t->c, false);
	if (source != NULL && strcmp(source, "hosts") == 0 && loopback)
		return FINDING_DNS_HOSTS_OVERRIDE;
	switch (worst->outcome) {
	case PROBE_TCP_REFUSED:
	case PROBE_TCP_UNREACHABLE:
	case PROBE_TCP_TIMEOUT: return portal_instead(t, &worst->target);
	default: return FINDING_NONE;
	}
}

static struct check_finding *tell_refused(struct tcp_check *t, const struct probe_tcp_result *one)
{
	unsigned int reset_ttl = 0, host_ttl = 0;
	struct probe_route route = { .kind = PROBE_ROUTE_OTHER };
	enum probe_reset_origin origin = probe_tcp_reset_origin(&one->target, check_left_ms(t->c, RESET_MS), &reset_ttl,
								&host_ttl);
	struct check_finding *f;

	probe_route_lookup(&one->target, &route, NULL);
	result_evidence(t->r, _("hops to the reset"), "%u", reset_ttl);
	if (host_ttl > 0)
		result_evidence(t->r, _("hops to the host"), "%u", host_ttl);
	/* A gateway answers a packet whose TTL ends at it with "time exceeded": a reset at the first hop is made here. */
	if (reset_ttl == 1 && probe_address_family(&route.gateway) != AF_UNSPEC && route.kind == PROBE_ROUTE_UNICAST)
		return result_add(t->r, FINDING_LOCAL_FIREWALL_REJECT, WEIGHT_FAIL);
	if (origin == PROBE_RESET_MIDDLE)
		return result_add(t->r, as_peer(t, FINDING_TCP_REJECTED_RESET), WEIGHT_FAIL);
	f = result_add(t->r, as_peer(t, FINDING_TCP_REFUSED), WEIGHT_FAIL);
	if (origin == PROBE_RESET_UNKNOWN && !t->c->via_proxy) {
		f->confidence = DIAGNOSE_ONE_OF;
		f->other = FINDING_TCP_REJECTED_RESET;
		result_fact(t->r, "next_test", event_string(_("Ask whoever runs the server whether the service is up.")));
	}
	return f;
}

static void fail(struct tcp_check *t)
{
	const struct probe_tcp_result *worst = &t->results[worst_of(t)];
	enum finding f = finding_of(worst), cause;
	char name[PROBE_ADDRESS_TEXT_MAX], icmp[256];
	struct probe_tcp_result direct;

	probe_address_port_text(name, &worst->target);
	describe_icmp(&worst->icmp, icmp, sizeof(icmp));
	if (only_ipv6(t) && lacks_ipv6()) {
		result_add(t->r, FINDING_IPV6_ONLY_TARGET, WEIGHT_FAIL);
		result_summary(t->r, _("%s has only IPv6 addresses, and IPv6 does not work here"), check_peer_host(t->c));
		return;
	}
	result_summary(t->r, _("%s, after %.1f s: %s%s"), name, (double)worst->duration_us / 1e6,
		       _(finding_info(as_peer(t, f))->cause), icmp);
	cause = misled(t, worst);
	if (cause != FINDING_NONE) {
		result_add(t->r, cause, WEIGHT_FAIL);
		result_summary(t->r, _("%s leads to %s, where it is not: %s"), check_peer_host(t->c), name,
			       _(finding_info(cause)->cause));
	} else if (f == FINDING_TCP_REFUSED) {
		tell_refused(t, worst);
	} else {
		result_add(t->r, as_peer(t, f), WEIGHT_FAIL);
	}
	if (t->c->via_proxy)
		way_compare_direct(t->c, t->r, check_left_ms(t->c, SECOND_MS), &direct);
	if (f != FINDING_TCP_REFUSED && f != FINDING_NO_DEFAULT_ROUTE && f != FINDING_LOCAL_ROUTE_BLOCK)
		trail_describe(t->c, t->r, &worst->target, PROBE_TRACE_TCP);
}

/* --- success --------------------------------------------------------------------------------------------------------------- */

struct family {
	size_t good;			/* addresses that answered */
	size_t refused;			/* by the server itself: the way there is whole */
	size_t dead;
};

static struct family count_family(const struct tcp_check *t, int family)
{
	struct family count = { 0 };

	for (size_t i = 0; i < t->targets.count; i++) {
		enum probe_tcp_outcome outcome = t->results[i].outcome;

		/* Without a route nothing is tried, and nothing is lost. A service of this node itself that listens on one
		 * family only ("localhost") costs an update no time either. */
		if (probe_address_family(&t->targets.items[i]) != family || outcome == PROBE_TCP_NO_ROUTE ||
		    (outcome == PROBE_TCP_REFUSED && probe_address_kind(&t->targets.items[i]) == PROBE_ADDRESS_LOOPBACK))
			continue;
		if (outcome == PROBE_TCP_CONNECTED)
			count.good++;
		else if (outcome == PROBE_TCP_REFUSED)
			count.refused++;
		else
			count.dead++;
	}
	return count;
}

static void warn_of_dead_addresses(struct tcp_check *t)
{
	struct family v4 = count_family(t, AF_INET), v6 = count_family(t, AF_INET6);

	if (v4.good > 0 && v6.good + v6.refused == 0 && v6.dead > 0) {
		result_add(t->r, FINDING_IPV6_BROKEN, WEIGHT_WARN);
		v6.dead = 0;
	}
	if (v4.dead + v4.refused + v6.dead + v6.refused > 0)
		result_add(t->r, FINDING_TCP_SOME_ADDRESSES_DEAD, WEIGHT_WARN);
}

static void note_route(struct tcp_check *t, const struct probe_tcp_result *one)
{
	struct probe_route route;
	char text[PROBE_ADDRESS_TEXT_MAX];

	result_fact(t->r, "address", json_string(probe_address_text(text, &one->target)));
	if (probe_address_family(&one->source) != AF_UNSPEC)
		result_fact(t->r, "source", json_string(probe_address_text(text, &one->source)));
	if (probe_route_lookup(&one->target, &route, NULL) && probe_address_family(&route.gateway) != AF_UNSPEC)
		result_fact(t->r, "gateway", json_string(probe_address_text(text, &route.gateway)));
}

/* The first address that works, in the order in which the system would try them. */
static const struct probe_tcp_result *best_of(const struct tcp_check *t)
{
	for (size_t i = 0; i < t->targets.count; i++) {
		if (t->results[i].outcome == PROBE_TCP_CONNECTED)
			return &t->results[i];
	}
	return NULL;
}

/* A first packet also waits for the neighbour's address, or is lost to that: only what is slow twice is a slow path. */
static bool slow_again(struct tcp_check *t, const struct probe_tcp_result *one)
{
	struct probe_tcp_options options = { .budget_ms = check_left_ms(t->c, SECOND_MS) };
	struct probe_tcp_result again;

	probe_tcp_connect(&one->target, 1, &options, &again);
	result_evidence(t->r, _("a second connection"), "%.1f ms", (double)again.duration_us / 1000);
	return again.outcome != PROBE_TCP_CONNECTED || again.duration_us > SLOW_US;
}

static void succeed(struct tcp_check *t, const struct probe_tcp_result *best)
{
	char name[PROBE_ADDRESS_TEXT_MAX];
	unsigned int again = best->syn_retransmits + best->facts.retransmits;
	struct probe_ping ping;

	note_route(t, best);
	result_summary(t->r, _("%s connected in %.1f ms"), probe_address_port_text(name, &best->target),
		       (double)best->duration_us / 1000);
	warn_of_dead_addresses(t);
	if (again > 0)
		loss_look(t->c, t->r, &best->target, again, &ping);
	if (best->duration_us > SLOW_US && best->syn_retransmits == 0 && result_has(t->r, FINDING_PATH_LOSS) == NULL &&
	    slow_again(t, best))
		result_add(t->r, FINDING_TCP_SLOW, WEIGHT_WARN);
}

void check_tcp_run(const struct check_context *c, struct check_result *r)
{
	struct tcp_check *t = calloc(1, sizeof(*t));
	struct probe_tcp_options options = { .budget_ms = check_left_ms(c, CONNECT_MS), .grace_ms = GRACE_MS };
	const struct probe_tcp_result *best;

	if (t == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_FAIL);
		return;
	}
	t->c = c;
	t->r = r;
	result_addresses_read(json_object_get(check_facts(c, CHECK_DNS), "addresses"), check_peer_port(c), &t->targets);
	probe_tcp_connect(t->targets.items, t->targets.count, &options, t->results);
	describe(t);
	best = best_of(t);
	if (best != NULL) {
		succeed(t, best);
	} else {
		note_route(t, &t->results[worst_of(t)]);
		fail(t);
	}
	free(t);
}
