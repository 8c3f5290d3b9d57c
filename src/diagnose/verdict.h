/* verdict.h - from what the checks found to the one cause. The rules stand in tables in verdict.c.
 *
 * A failing finding of the earliest check in the contract's order is the cause, but for these rules:
 *  - a clock that is off by just what would make a certificate or a feed valid is the cause, and the dates its symptoms;
 *  - a suspect (true, harmless by itself: no default route, a wildcard DNS answer) is the cause when it explains that
 *    finding;
 *  - some findings outrank others whatever the order, and some give way to any other.
 * What the cause explains is not named beside it. Middle hops are never blamed: only evidence carries them.
 */
#ifndef PC_DIAGNOSE_VERDICT_H
#define PC_DIAGNOSE_VERDICT_H

#include <stdbool.h>
#include <time.h>

#include "diagnose/check.h"
#include "diagnose/diagnose.h"

struct verdict_input {
	const struct check_result *results;	/* CHECK_COUNT */
	const bool *done;			/* CHECK_COUNT: which of them came */
	time_t now;				/* this node's clock */
	enum finding failed;			/* what the update failed with, or FINDING_NONE */
	bool interrupted;
};

/* Decides: status, cause, also, confidence, other. Pure. `symptom` (may be NULL) gets the finding that the cause was
 * derived from when that differs from the cause (the expired certificate behind a wrong clock). */
void verdict_decide(const struct verdict_input *in, struct diagnose_verdict *out, enum finding *symptom);

/* Does `cause` explain `symptom`, so that the latter is not worth naming beside it? */
bool verdict_explains(enum finding cause, enum finding symptom);

/* How far this node's clock is off, by independent clocks: server minus this node, in milliseconds. False when nobody
 * told. `by_server_date` (may be NULL): only the feed server's own Date said so. */
bool verdict_clock_offset(const struct verdict_input *in, double *offset_ms, bool *by_server_date);

#endif
