/* check_local.h - the parts of the check `local`. Private to it. */
#ifndef PC_DIAGNOSE_CHECK_LOCAL_H
#define PC_DIAGNOSE_CHECK_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose/check.h"

/* Link, address, route and gateway towards whatever is known to be needed: name servers and literal addresses. */
void check_local_network(const struct check_context *c, struct check_result *r);

/* Did the newest job of the state folder end without its last event? `job` gets its id. */
bool check_local_interrupted(const char *state_dir, char *job, size_t size);

#endif
