/* trail.h - the hops towards an address as evidence: where the answers end. No hop is ever blamed. */
#ifndef PC_DIAGNOSE_TRAIL_H
#define PC_DIAGNOSE_TRAIL_H

#include "diagnose/check.h"
#include "net/probe_trace.h"

void trail_describe(const struct check_context *c, struct check_result *r, const struct probe_address *target,
		    enum probe_trace_protocol protocol);

#endif
