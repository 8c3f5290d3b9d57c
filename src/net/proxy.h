/* proxy.h - which way a request goes: direct, or through the proxy of the settings.
 *
 * The bypass list is matched here and nowhere else, so that the update, the diagnosis and the console agree.
 */
#ifndef PC_NET_PROXY_H
#define PC_NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

enum proxy_scheme { PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS5 };

struct proxy {
	bool enabled;
	enum proxy_scheme scheme;
	char host[256];
	uint16_t port;
	char user[256];			/* "" : no login */
	char password[256];		/* wipe with proxy_clear() */
	char **bypass;
	size_t bypass_count;
};

/* Takes the proxy from the settings and its password from the state folder. A setting that cannot work (no host,
 * a scheme in the host, a port out of range) is FINDING_PROXY_SETTING_INVALID. */
bool proxy_from_settings(struct proxy *p, const struct settings *s, const char *state_dir, struct error *err);
void proxy_clear(struct proxy *p);

#define PROXY_HOST_TEXT_MAX 260
/* The proxy's host as libcurl and URLs want it: an IPv6 address in brackets. Returns dst. */
char *proxy_host_text(const struct proxy *p, char dst[PROXY_HOST_TEXT_MAX]);

/* True when a request to that host goes through the proxy. `host`: a name (any case, trailing dot allowed; bypassed as the
 * DNS has it as well) or an address literal, IPv6 without brackets. */
bool proxy_applies(const struct proxy *p, const char *host);

/* Does one bypass pattern match: name, *.domain (subdomains), .domain (the domain and its subdomains), an address,
 * CIDR, or "*". Addresses are compared as numbers, never as text. */
bool proxy_bypass_matches(const char *pattern, const char *host);
/* Is the pattern well formed? The error says what is allowed. */
bool proxy_bypass_check(const char *pattern, struct error *err);

#endif
