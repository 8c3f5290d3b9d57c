/* portal.h - does a login page stand where the feed should be? */
#ifndef PC_DIAGNOSE_PORTAL_H
#define PC_DIAGNOSE_PORTAL_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose/check.h"
#include "net/probe_http_head.h"

/* Asks the feed's host over plain HTTP (port 80). True when a portal answers: status 511, a redirect to another host, or a page
 * that asks for a login. `page` says what was seen. */
bool portal_find(const struct check_context *c, char *page, size_t size);

/* The same judgement on an answer in hand. `host`: who was asked. Pure. */
bool portal_is(const struct probe_exchange *e, const char *host, char *page, size_t size);

#endif
