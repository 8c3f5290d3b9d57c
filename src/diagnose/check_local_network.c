/* The network's part of the check `local`: link, address, route, gateway.
 *
 * Nothing here is a failure by itself: a proxy on the same network needs no default route. It is a failure when every peer that
 * is known now (name servers, literal addresses) is out of reach because of it, and a suspect otherwise. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "diagnose/check_local.h"
#include "net/probe_resolv.h"
#include "net/probe_route.h"

#define PEERS_MAX 8
#define DISCARD_PORT 9
/* The kernel asks for a neighbour three times, a second apart. */
#define NEIGHBOUR_WAIT_MS 3300
#define NEIGHBOUR_POLL_MS 20

struct peer {
	struct probe_address address;
	const char *what;
	struct probe_route route;
	bool gateway_dead;
};

struct peers {
	struct peer items[PEERS_MAX];
	size_t count;
};

static void add_peer(struct peers *peers, const struct probe_address *address, const char *what)
{
	if (peers->count < PEERS_MAX && probe_address_kind(address) != PROBE_ADDRESS_LOOPBACK &&
	    probe_address_kind(address) != PROBE_ADDRESS_UNSPECIFIED)
		peers->items[peers->count++] = (struct peer){ .address = *address, .what = what };
}

static void collect_peers(const struct check_context *c, struct peers *peers)
{
	struct probe_resolv resolv;
	struct probe_hosts hosts;
	struct probe_address literal;

	peers->count = 0;
	if (probe_address_parse(check_peer_host(c), check_peer_port(c), &literal)) {
		add_peer(peers, &literal, _("target"));
		return;		/* no name server is needed */
	}
	probe_hosts_read(NULL, check_peer_host(c), &hosts);
	for (size_t i = 0; i < hosts.addresses.count; i++)
		add_peer(peers, &hosts.addresses.items[i], _("target in /etc/hosts"));
	if (peers->count > 0)
		return;
	probe_resolv_read(NULL, &resolv);
	for (size_t i = 0; i < resolv.server_count; i++)
		add_peer(peers, &resolv.servers[i], _("name server"));
}

/* Has the kernel look for the gateway, and waits until it knows. */
static bool gateway_answers(const struct check_context *c, const struct probe_route *route)
{
	int64_t end = clock_monotonic_ms() + check_left_ms(c, NEIGHBOUR_WAIT_MS);
	struct probe_address to = route->gateway;
	struct probe_neighbour neighbour;
	int fd = socket(probe_address_family(&to), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	probe_address_set_port(&to, DISCARD_PORT);
	for (bool asked = false;; asked = true) {
		if (!probe_neighbour_lookup(&route->gateway, route->link, &neighbour, NULL))
			break;
		if (neighbour.state == PROBE_NEIGHBOUR_REACHABLE || neighbour.state == PROBE_NEIGHBOUR_NOT_NEEDED ||
		    neighbour.state == PROBE_NEIGHBOUR_STALE)
			break;
		if ((neighbour.state == PROBE_NEIGHBOUR_FAILED && asked) || clock_monotonic_ms() >= end) {
			close(fd);
			return false;
		}
		if (fd >= 0 && !asked && sendto(fd, "", 1, MSG_NOSIGNAL, &to.sa, probe_address_len(&to)) < 0)
			break;
		poll(NULL, 0, asked ? NEIGHBOUR_POLL_MS : 1);
	}
	if (fd >= 0)
		close(fd);
	return true;
}

static bool routed(const struct probe_route *route)
{
	return route->kind == PROBE_ROUTE_UNICAST || route->kind == PROBE_ROUTE_LOCAL;
}

static void look_up_peers(const struct check_context *c, struct peers *peers, struct check_result *r)
{
	for (size_t i = 0; i < peers->count; i++) {
		struct peer *p = &peers->items[i];
		char to[PROBE_ADDRESS_TEXT_MAX], gateway[PROBE_ADDRESS_TEXT_MAX];

		if (!probe_route_lookup(&p->address, &p->route, NULL)) {
			p->route.kind = PROBE_ROUTE_OTHER;
			continue;
		}
		probe_address_text(to, &p->address);
		if (!routed(&p->route)) {
			result_evidence(r, _("route"), _("%s %s: none"), p->what, to);
			continue;
		}
		if (probe_address_family(&p->route.gateway) == AF_UNSPEC) {
			result_evidence(r, _("route"), _("%s %s: direct, %s"), p->what, to, p->route.link_name);
			continue;
		}
		probe_address_text(gateway, &p->route.gateway);
		for (size_t j = 0; j < i && !p->gateway_dead; j++)
			p->gateway_dead = peers->items[j].gateway_dead &&
					  probe_address_same_host(&peers->items[j].route.gateway, &p->route.gateway);
		if (!p->gateway_dead)
			p->gateway_dead = !gateway_answers(c, &p->route);
		result_evidence(r, _("route"), p->gateway_dead ? _("%s %s: through %s, %s, which does not answer") :
				_("%s %s: through %s, %s"), p->what, to, gateway, p->route.link_name);
	}
}

/* A link that has an address, and is switched off or has nobody at its other end: the default route went with it. */
static bool lost_a_link(const struct probe_network *n)
{
	for (size_t i = 0; i < n->address_count; i++) {
		const struct probe_link *link = probe_network_link(n, n->addresses[i].link);

		if (link != NULL && !link->loopback && !(link->up && link->carrier) &&
		    probe_address_kind(&n->addresses[i].address) != PROBE_ADDRESS_LINK_LOCAL)
			return true;
	}
	return false;
}

/* What keeps a peer out of reach; FINDING_NONE when nothing here does. */
static enum finding trouble_of(const struct peer *p, enum finding whole, const struct probe_network *n)
{
	const struct probe_link *link = p->route.kind == PROBE_ROUTE_UNICAST ? probe_network_link(n, p->route.link) : NULL;

	if (link != NULL && !(link->up && link->carrier))
		return FINDING_LINK_DOWN;
	if (p->gateway_dead)
		return FINDING_GATEWAY_DEAD;
	switch (p->route.kind) {
	case PROBE_ROUTE_NONE: return whole != FINDING_NONE ? whole : FINDING_NO_DEFAULT_ROUTE;
	case PROBE_ROUTE_UNREACHABLE:
	case PROBE_ROUTE_BLACKHOLE:
	case PROBE_ROUTE_PROHIBIT: return FINDING_LOCAL_ROUTE_BLOCK;
	default: return FINDING_NONE;
	}
}

/* What is wrong with the network as a whole, whoever the peer is. */
static enum finding trouble_of_network(const struct probe_network *n, struct check_result *r)
{
	bool link = false;

	for (size_t i = 0; i < n->link_count; i++) {
		if (n->links[i].loopback)
			continue;
		link = link || (n->links[i].up && n->links[i].carrier);
		result_evidence(r, _("link"), "%s: %s", n->links[i].name, !n->links[i].up ? _("down") :
				n->links[i].carrier ? _("up") : _("no carrier"));
	}
	if (!link)
		return FINDING_LINK_DOWN;
	if (!probe_network_has_address(n, AF_INET) && !probe_network_has_address(n, AF_INET6))
		return FINDING_NO_ADDRESS;
	if (n->default4_count > 0 || n->default6_count > 0)
		return FINDING_NONE;
	return lost_a_link(n) ? FINDING_LINK_DOWN : FINDING_NO_DEFAULT_ROUTE;
}

static void summarise(struct check_result *r, enum finding trouble, const struct peer *p)
{
	char to[PROBE_ADDRESS_TEXT_MAX] = "", gateway[PROBE_ADDRESS_TEXT_MAX];

	if (p != NULL)
		probe_address_text(to, &p->address);
	if (trouble == FINDING_GATEWAY_DEAD && p != NULL)
		result_summary(r, _("the gateway %s does not answer on %s"), probe_address_text(gateway, &p->route.gateway),
			       p->route.link_name);
	else if (trouble == FINDING_LOCAL_ROUTE_BLOCK && p != NULL)
		result_summary(r, _("a route of this node itself blocks %s"), to);
	else if (trouble == FINDING_NO_DEFAULT_ROUTE && p != NULL)
		result_summary(r, _("no route leads to %s (%s)"), to, p->what);
	else
		result_summary(r, "%s", _(finding_info(trouble)->cause));
}

void check_local_network(const struct check_context *c, struct check_result *r)
{
	struct probe_network *network = calloc(1, sizeof(*network));
	struct peers peers;
	const struct peer *worst = NULL;
	enum finding whole, trouble = FINDING_NONE;
	size_t out_of_reach = 0;
	bool failing;

	if (network == NULL || !probe_network_read(network, NULL)) {
		free(network);
		return;
	}
	whole = trouble_of_network(network, r);
	collect_peers(c, &peers);
	look_up_peers(c, &peers, r);
	for (size_t i = 0; i < peers.count; i++) {
		enum finding f = trouble_of(&peers.items[i], whole, network);

		out_of_reach += f != FINDING_NONE;
		if (f != FINDING_NONE && trouble == FINDING_NONE) {
			trouble = f;
			worst = &peers.items[i];
		}
	}
	free(network);
	failing = peers.count > 0 && out_of_reach == peers.count;
	/* A failing state folder has its own summary, and is the cause. */
	if (failing && r->status != CHECK_FAIL)
		summarise(r, trouble, worst);
	if (trouble != FINDING_NONE)
		result_add(r, trouble, failing ? WEIGHT_FAIL : WEIGHT_SUSPECT);
	if (whole != FINDING_NONE)
		result_add(r, whole, WEIGHT_SUSPECT);
}
