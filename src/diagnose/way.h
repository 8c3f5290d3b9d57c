/* way.h - goes the way to the feed up to where TLS with it begins: TCP, TLS to an https proxy, the tunnel.
 *
 * The checks go it again and again, with one thing changed at a time (a smaller segment, another name, past the proxy): the
 * difference is the diagnosis.
 */
#ifndef PC_DIAGNOSE_WAY_H
#define PC_DIAGNOSE_WAY_H

#include <stdbool.h>

#include "diagnose/check.h"
#include "net/probe_channel.h"
#include "net/probe_connect.h"
#include "net/probe_tcp.h"
#include "net/probe_tls.h"

enum way_scheme { WAY_DIRECT, WAY_HTTP, WAY_HTTPS, WAY_SOCKS5 };

struct way_options {
	struct probe_address address;	/* what to connect to: the proxy or the server, with the port */
	enum way_scheme scheme;
	const char *host;		/* behind a proxy: the destination */
	uint16_t port;
	bool anonymous;			/* do not send the login */
	int max_segment;		/* TCP_MAXSEG; 0: the kernel's choice */
	int budget_ms;
};

enum way_step { WAY_TCP, WAY_PROXY_TLS, WAY_TUNNEL, WAY_OPEN };

struct way {
	enum way_step reached;		/* WAY_OPEN, or the step that failed */
	struct probe_channel *channel;	/* NULL unless open (or the proxy's TLS is up, for looking at it) */
	struct probe_tcp_result tcp;
	struct probe_tls proxy_tls;	/* valid when the scheme is https and TCP got on */
	struct probe_connect connect;	/* valid when the scheme is http or https and the step was tried */
	struct probe_socks socks;
	bool tunnel_tried;
};

/* The way of the settings: to the address that the check `tcp` found, through the proxy when one applies. False when there is
 * no such address. */
bool way_usual(const struct check_context *c, int budget_ms, struct way_options *out);
/* The scheme of the settings' proxy. */
enum way_scheme way_scheme_of(const struct proxy *p);

/* Goes it. Returns whether it is open. A proxy that wants a login on a new connection gets one. Clear the result. */
bool way_open(const struct check_context *c, const struct way_options *options, struct way *w);
void way_clear(struct way *w);

/* Behind a proxy that fails: does the feed's server answer this node directly? A row of evidence beside the proxy's; false when no
 * address of the feed is known here. `direct` gets the connection's result. */
bool way_compare_direct(const struct check_context *c, struct check_result *r, int budget_ms, struct probe_tcp_result *direct);

/* The same, and a TLS handshake with the feed's server on it. `tls` NULL options: the usual ones for the target. Returns whether
 * the way opened (not whether the handshake succeeded). Clear both. */
bool way_handshake(const struct check_context *c, const struct way_options *options,
		   const struct probe_tls_options *tls_options, struct way *w, struct probe_tls *tls);

/* Handshake options for the target: its name, the versions that updates use. */
struct probe_tls_options way_tls_options(const struct check_context *c, int budget_ms);

#endif
