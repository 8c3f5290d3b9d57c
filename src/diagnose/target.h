/* target.h - where the diagnosis goes: a feed's URL, or a bare host and port. */
#ifndef PC_DIAGNOSE_TARGET_H
#define PC_DIAGNOSE_TARGET_H

#include <stdbool.h>

#include "base/error.h"
#include "diagnose/check.h"

#define TARGET_PORT 443

/* From an https URL; a login in it is refused. Errors are usage errors. */
bool target_from_url(const char *url, struct check_target *out, struct error *err);
/* From "HOST", "HOST:PORT", "[IPv6]:PORT" or a bare IPv6 address. */
bool target_from_host(const char *text, struct check_target *out, struct error *err);

#endif
