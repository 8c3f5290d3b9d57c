/* Who sent the reset: the host itself, or a firewall on the way? */
#include "net/probe_tcp.h"

#include "net/probe_trace.h"

#define CLOSED_UDP_PORT 33434	/* traceroute's: closed nearly everywhere */

enum probe_reset_origin probe_tcp_reset_origin(const struct probe_address *target, int budget_ms, unsigned int *reset_ttl,
					       unsigned int *host_ttl)
{
	struct probe_address other = *target;
	struct probe_trace reset, host;

	*reset_ttl = *host_ttl = 0;
	probe_trace(target, PROBE_TRACE_TCP, 0, budget_ms / 2, &reset);
	if (reset.end != PROBE_TRACE_REACHED || !reset.refused)
		return PROBE_RESET_UNKNOWN;
	*reset_ttl = reset.reached_ttl;
	probe_trace(target, PROBE_TRACE_PING, 0, budget_ms / 4, &host);
	if (host.end != PROBE_TRACE_REACHED) {
		probe_address_set_port(&other, CLOSED_UDP_PORT);
		probe_trace(&other, PROBE_TRACE_UDP, 0, budget_ms / 4, &host);
	}
	if (host.end != PROBE_TRACE_REACHED)
		return PROBE_RESET_UNKNOWN;
	*host_ttl = host.reached_ttl;
	/* The last router before the host needs the same TTL as the host, so that equal says nothing. */
	return *reset_ttl < *host_ttl ? PROBE_RESET_MIDDLE : PROBE_RESET_UNKNOWN;
}
