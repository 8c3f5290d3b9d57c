/* portal.h - does a login page stand where the feed should be? */
#ifndef PC_DIAGNOSE_PORTAL_H
#define PC_DIAGNOSE_PORTAL_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose/check.h"
#include "net/probe_http_head.h"

enum portal {
	PORTAL_NONE,
	PORTAL_LIKELY,			/* a redirect to another site, a page with a login: many a server has that on port 80 */
	PORTAL_SURE			/* status 511, or a redirect to what calls itself a portal, or to an address */
};

/* Asks the feed's host at `target` over plain HTTP (port 80). What is only likely becomes sure when an address at which nobody can
 * be answers like that as well. `page` says what was seen. */
enum portal portal_find(const struct check_context *c, const struct probe_address *target, char *page, size_t size);

/* The judgement on an answer in hand. `host`: who was asked. Pure. */
enum portal portal_is(const struct probe_exchange *e, const char *host, char *page, size_t size);

/* An address for documentation (RFC 5737), where no host is: who answers there answers everywhere. One in whose network the
 * target or this node itself is, is none. False when there is none left. */
bool portal_phantom(const struct probe_address *target, const struct probe_address *own, uint16_t port,
		    struct probe_address *out);

#endif
