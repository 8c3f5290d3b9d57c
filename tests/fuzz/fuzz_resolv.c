/* resolv.conf, nsswitch.conf, hosts and the files of time clients: any bytes are read, and what comes out is bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_clock.h"
#include "net/probe_resolv.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct probe_resolv resolv = { 0 };
	struct probe_nsswitch nsswitch = { 0 };
	struct probe_hosts hosts = { 0 };
	struct probe_time_servers servers = { 0 };

	probe_resolv_parse(text, size, &resolv);
	must(resolv.server_count <= PROBE_RESOLV_SERVERS_MAX && resolv.search_count <= PROBE_RESOLV_SEARCH_MAX);
	must(resolv.ndots >= 0 && resolv.ndots <= 15 && resolv.attempts >= 0);
	for (size_t i = 0; i < resolv.server_count; i++)
		must(probe_address_port(&resolv.servers[i]) == 53);
	probe_nsswitch_parse(text, size, &nsswitch);
	must(!nsswitch.dns_cut_off || nsswitch.dns);
	probe_hosts_parse(text, size, "feed.example.com", &hosts);
	must((hosts.line == 0) == (hosts.addresses.count == 0));
	probe_chrony_conf_parse(text, size, &servers);
	probe_ntp_conf_parse(text, size, &servers);
	probe_timesyncd_conf_parse(text, size, &servers);
	must(servers.count <= PROBE_CLOCK_SERVERS_MAX);
	return 0;
}
