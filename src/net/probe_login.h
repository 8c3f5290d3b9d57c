/* probe_login.h - a tunnel through a proxy that wants NTLM (MS-NLMP) or Negotiate (RFC 4559): probe_connect.h does not know them, but
 * libcurl does, with which updates go the same way.
 */
#ifndef PC_NET_PROBE_LOGIN_H
#define PC_NET_PROBE_LOGIN_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "net/probe_connect.h"
#include "net/proxy.h"

/* Every login method that can be used: a set of enum probe_auth. */
unsigned int probe_login_methods(void);

/* Is `answer` a 407 that only libcurl can meet? */
bool probe_login_wanted(const struct proxy *proxy, const struct probe_connect *answer);

struct probe_login_options {
	const struct proxy *proxy;
	struct probe_address address;	/* to connect to, in place of looking up the proxy's name */
	X509_STORE *anchors;		/* an https proxy must chain to one of these before it is told a login */
	const char *host;		/* the destination */
	uint16_t port;
	int max_segment;		/* TCP_MAXSEG; 0: the kernel's choice */
	int budget_ms;
};

/* Connects anew and logs in. A channel to the destination; NULL when there is none, and why is in `answer`, which holds the 407. */
struct probe_channel *probe_login(const struct probe_login_options *options, struct probe_connect *answer);

#endif
