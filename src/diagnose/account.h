/* account.h - tells a verdict: the event of the contract, with remedy, the letter to whoever must act, the path, and what has
 * changed since the last good update.
 */
#ifndef PC_DIAGNOSE_ACCOUNT_H
#define PC_DIAGNOSE_ACCOUNT_H

#include <jansson.h>

#include "diagnose/check.h"
#include "diagnose/diagnose.h"

struct account_input {
	const struct check_context *context;
	const struct diagnose_verdict *verdict;
	enum finding symptom;		/* see verdict_decide() */
	double clock_offset_ms;		/* with a CLOCK_ cause */
	double duration_ms;
	json_t *changes;		/* array of snapshot_changes(), or NULL; borrowed */
};

/* One sentence for people, made safe: what is the matter. Heap; NULL when out of memory. */
char *account_summary(const struct account_input *in);

/* The event "verdict". `summary` as above. New reference. */
json_t *account_event(const struct account_input *in, const char *summary);

/* What people call a stop of the verdict's path ("node", "dns", ...), in their language; one that is not known as it is. */
const char *account_stop_title(const char *stop);

#endif
