/* dns_chase.h - follows a name's aliases by hand, one question each. A resolver that cannot come to their end says SERVFAIL only. */
#ifndef PC_DIAGNOSE_DNS_CHASE_H
#define PC_DIAGNOSE_DNS_CHASE_H

#include <stdbool.h>

#include "net/probe_address.h"

/* Do the aliases come back to a name that they had, or never end? */
bool dns_chase_loops(const struct probe_address *server, const char *name, int budget_ms);

#endif
