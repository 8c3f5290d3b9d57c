#include "diagnose/loss.h"

#include "base/i18n.h"
#include "net/probe_tcp.h"

#define PINGS 10
#define PING_INTERVAL_MS 20
#define PING_MS 700
#define FEW 3			/* where nobody answers pings, and nothing was lost yet */
#define FEW_MS 1300		/* one repeated SYN */
#define MANY 12
#define MANY_MS 2500

/* Connects so many times at once. Returns how many had to say it twice, or did not get through; 0 when none did: that is no loss. */
static unsigned int count_lossy(const struct check_context *c, const struct probe_address *target, size_t tries, int budget_ms)
{
	struct probe_tcp_options options = { .budget_ms = check_left_ms(c, budget_ms) };
	struct probe_address again[MANY];
	struct probe_tcp_result results[MANY];
	unsigned int lossy = 0, connected = 0;

	for (size_t i = 0; i < tries; i++) {
		again[i] = *target;
		probe_address_set_port(&again[i], check_peer_port(c));
	}
	probe_tcp_connect(again, tries, &options, results);
	for (size_t i = 0; i < tries; i++) {
		connected += results[i].outcome == PROBE_TCP_CONNECTED;
		lossy += results[i].syn_retransmits > 0 || results[i].outcome == PROBE_TCP_TIMEOUT;
	}
	return connected > 0 ? lossy : 0;
}

void loss_look(const struct check_context *c, struct check_result *r, const struct probe_address *target, unsigned int retransmits,
	       struct probe_ping *ping)
{
	unsigned int lost, lossy = retransmits, more;

	probe_ping(target, PINGS, PING_INTERVAL_MS, 0, check_left_ms(c, PING_MS), ping);
	lost = ping->outcome == PROBE_PING_ANSWERED ? ping->sent - ping->received : 0;
	if (ping->outcome == PROBE_PING_ANSWERED && lost == 0)
		return;
	/* A host may also leave pings out when they come too fast: only a connection proves that a path loses packets. */
	if (lost == 0 && lossy == 0)
		lossy = count_lossy(c, target, FEW, FEW_MS);
	if (lost == 0 && lossy == 0)
		return;
	more = count_lossy(c, target, MANY, MANY_MS);
	result_evidence(r, _("lost packets"), _("%u of %u pings, and %u of %d connections had to be tried again"), lost, ping->sent,
			more, MANY);
	if (more > 0)
		result_add(r, FINDING_PATH_LOSS, WEIGHT_WARN);
}
