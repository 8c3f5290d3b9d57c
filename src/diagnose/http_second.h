/* http_second.h - a second look at a request that failed: the same one by hand, for what libcurl does not tell. */
#ifndef PC_DIAGNOSE_HTTP_SECOND_H
#define PC_DIAGNOSE_HTTP_SECOND_H

#include "diagnose/check.h"

/* Adds evidence (who answered, Retry-After, where a redirect goes, unacknowledged bytes). Returns a finding that fits better than
 * `failure`, or FINDING_NONE. */
enum finding http_second_opinion(const struct check_context *c, struct check_result *r, enum finding failure);

#endif
