/* icmp: a few pings of the peer, and what is lost of them. Weak evidence: many hosts and firewalls never answer, and updates work all
 * the same. */
#include <string.h>

#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/loss.h"

void check_icmp_run(const struct check_context *c, struct check_result *r)
{
	struct probe_address_list targets = { 0 };
	char name[PROBE_ADDRESS_TEXT_MAX], from[PROBE_ADDRESS_TEXT_MAX];
	struct probe_ping ping;

	result_addresses_read(json_object_get(check_facts(c, CHECK_DNS), "addresses"), 0, &targets);
	if (targets.count == 0) {
		result_skip(r, true, "%s", _("there is no address to ping"));
		return;
	}
	probe_address_text(name, &targets.items[0]);
	loss_look(c, r, &targets.items[0], 0, &ping);
	switch (ping.outcome) {
	case PROBE_PING_ANSWERED:
		result_evidence(r, name, _("answers, %.1f ms"), (double)ping.rtt_us / 1000);
		result_summary(r, _("%s answers in %.1f ms"), name, (double)ping.rtt_us / 1000);
		break;
	case PROBE_PING_SILENT:
		result_evidence(r, name, "%s", _("no answer"));
		result_summary(r, _("%s does not answer a ping, which means little"), name);
		break;
	case PROBE_PING_UNREACHABLE:
		if (ping.icmp.seen)
			result_evidence(r, name, _("%s says \"%s\""), probe_address_text(from, &ping.icmp.offender),
					_(probe_icmp_text(&ping.icmp)));
		else
			result_evidence(r, name, "%s", strerror(ping.sys_errno));
		result_summary(r, _("%s cannot be pinged, which means little"), name);
		break;
	case PROBE_PING_NOT_PERMITTED:
		result_skip(r, true, "%s", _("this user may not send a ping here"));
		break;
	}
}
