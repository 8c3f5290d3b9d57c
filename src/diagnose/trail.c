#include "diagnose/trail.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"

#define TRAIL_MS 1800
#define TRAIL_HOPS 20

static void describe_hops(struct check_result *r, const struct probe_trace *trace)
{
	for (unsigned int i = 0; i < trace->last_hop && i < PROBE_TRACE_HOPS_MAX; i++) {
		const struct probe_trace_hop *hop = &trace->hops[i];
		char name[32], from[PROBE_ADDRESS_TEXT_MAX];

		snprintf(name, sizeof(name), _("hop %u"), i + 1);
		if (hop->answered)
			result_evidence(r, name, "%s, %.1f ms", probe_address_text(from, &hop->from),
					(double)hop->rtt_us / 1000);
		else
			result_evidence(r, name, "%s", _("silent"));
	}
}

/* "between 10.0.0.1 (hop 1) and 192.0.2.7" */
static void describe_end(struct check_result *r, const struct probe_trace *trace, const struct probe_address *target)
{
	char from[PROBE_ADDRESS_TEXT_MAX], to[PROBE_ADDRESS_TEXT_MAX];

	probe_address_text(to, target);
	switch (trace->end) {
	case PROBE_TRACE_SILENT:
		if (trace->last_hop == 0)
			result_evidence(r, _("path"), _("no hop answers on the way to %s"), to);
		else
			result_evidence(r, _("path"), _("the answers end between hop %u (%s) and %s"), trace->last_hop,
					probe_address_text(from, &trace->hops[trace->last_hop - 1].from), to);
		break;
	case PROBE_TRACE_BLOCKED:
		result_evidence(r, _("path"), _("%s answers \"%s\""), probe_address_text(from, &trace->blocker.offender),
				_(probe_icmp_text(&trace->blocker)));
		break;
	case PROBE_TRACE_REACHED:
		result_evidence(r, _("path"), _("%s is %u hops away"), to, trace->reached_ttl);
		break;
	case PROBE_TRACE_NO_ROUTE:
	case PROBE_TRACE_NOT_PERMITTED: break;
	}
}

void trail_describe(const struct check_context *c, struct check_result *r, const struct probe_address *target,
		    enum probe_trace_protocol protocol)
{
	struct probe_trace *trace = calloc(1, sizeof(*trace));
	int budget_ms = check_left_ms(c, TRAIL_MS);

	if (trace == NULL || budget_ms < 100) {
		free(trace);
		return;
	}
	probe_trace(target, protocol, TRAIL_HOPS, budget_ms, trace);
	describe_hops(r, trace);
	describe_end(r, trace, target);
	free(trace);
}
