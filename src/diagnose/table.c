/* The checks, in the contract's order. */
#include "base/i18n.h"
#include "diagnose/checks.h"

#define NEEDS(id) (1u << CHECK_##id)

const struct check_ops check_table[CHECK_COUNT] = {
	[CHECK_LOCAL] = { N_("This node"), 0, false, check_local_run },
	[CHECK_DNS] = { N_("Name resolution"), 0, false, check_dns_run },
	[CHECK_TIME] = { N_("Time"), 0, false, check_time_run },
	[CHECK_TCP] = { N_("TCP"), NEEDS(DNS), false, check_tcp_run },
	/* Also after a failure: a proxy that the bypass list excludes may have been the way. */
	[CHECK_PROXY] = { N_("Proxy"), NEEDS(DNS) | NEEDS(TCP), true, check_proxy_run },
	[CHECK_TLS] = { N_("TLS"), NEEDS(TCP) | NEEDS(PROXY), false, check_tls_run },
	[CHECK_CHAIN] = { N_("Certificate chain"), NEEDS(TLS), false, check_chain_run },
	[CHECK_HTTP] = { N_("Feed"), NEEDS(CHAIN), false, check_http_run },
	[CHECK_ICMP] = { N_("Ping"), NEEDS(DNS), false, check_icmp_run },
};
