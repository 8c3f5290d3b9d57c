/* probe_reach.h - gets to a host the way the settings say, direct or through the proxy, with all the probes in a row.
 *
 * For a command that wants the connection and one reason when there is none. The diagnosis takes the probes one by one.
 */
#ifndef PC_NET_PROBE_REACH_H
#define PC_NET_PROBE_REACH_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/probe_address.h"
#include "net/probe_channel.h"
#include "net/proxy.h"

struct probe_reach_options {
	const struct proxy *proxy;	/* NULL: direct */
	X509_STORE *proxy_anchors;	/* an https proxy must chain to one of these before it is told a login */
	int budget_ms;
};

struct probe_reach {
	bool via_proxy;
	struct probe_address peer;	/* the server, or the proxy */
};

/* A channel to host and port, where the server's first byte is the next thing to be read. The error names the host that failed
 * (the proxy or the server) and carries a finding. */
bool probe_reach(const char *host, uint16_t port, const struct probe_reach_options *options, struct probe_channel **out,
		 struct probe_reach *how, struct error *err);

#endif
