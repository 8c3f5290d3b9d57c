/* bypass.h - one pattern of the proxy's bypass list, and whether it matches a host.
 *
 *   name        that host only                    10.1.2.3, 2001:db8::1    that address
 *   *.domain    what is below the domain          10.0.0.0/8, fd00::/8     that network
 *   .domain     the domain and what is below it   *                        every host
 *
 * Names are compared without regard to ASCII case and one trailing dot; no name is looked up. Addresses are compared as
 * numbers: an IPv4 address equals its IPv4-mapped IPv6 form, and a host may be spelled in any way that inet_aton()
 * takes, because a URL's host may. A pattern may not: "010.0.0.1" means 8.0.0.1 to some and 10.0.0.1 to others.
 */
#ifndef PC_SETTINGS_BYPASS_H
#define PC_SETTINGS_BYPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BYPASS_ADDRESS_BYTES 16

enum bypass_kind { BYPASS_ALL, BYPASS_NAME, BYPASS_BELOW, BYPASS_DOMAIN, BYPASS_NETWORK };

struct bypass_pattern {
	enum bypass_kind kind;
	const char *name;			/* within the pattern's text; not terminated */
	size_t name_len;
	uint8_t address[BYPASS_ADDRESS_BYTES];	/* IPv6, or IPv4-mapped */
	unsigned int prefix;			/* bits of `address` that count: 96 to 128 for IPv4 */
};

/* False when the text is no pattern. `out` borrows from `text`. */
bool bypass_parse(const char *text, struct bypass_pattern *out);
bool bypass_matches(const struct bypass_pattern *pattern, const char *host);

/* Reads an address literal as it may stand in a setting: strict IPv4 ("10.0.0.1") or IPv6, no brackets, no zone. */
bool bypass_address(const char *text, size_t len, uint8_t address[BYPASS_ADDRESS_BYTES]);

#endif
