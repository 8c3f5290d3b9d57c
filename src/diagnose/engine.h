/* engine.h - runs the checks of a context: each in a process of its own, as soon as what it needs is there.
 *
 * A check that crashes, hangs or talks nonsense gives a result that says so ("check-broken"); nothing it started survives it.
 */
#ifndef PC_DIAGNOSE_ENGINE_H
#define PC_DIAGNOSE_ENGINE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/event.h"
#include "diagnose/check.h"

struct engine_options {
	const struct check_ops *table;	/* CHECK_COUNT rows */
	unsigned int selected;		/* reported: set of 1 << check id; never 0 */
	int budget_ms;			/* of each check */
	int total_ms;			/* of all */
	int cancel_fd;			/* -1: none */
	bool (*stop)(void);		/* asked after every wait; NULL: none */
	unsigned int enough;		/* once all of these passed, the others are ended; 0: all are waited for */
	const struct event_sink *sink;
};

/* Runs them and fills `results` and context->done. Returns false when it was interrupted: what did not end is CHECK_SKIP
 * then. Check processes are ended with their groups in any case. */
bool engine_run(const struct engine_options *options, struct check_context *context, struct check_result *results);

/* What is needed for these checks, themselves included. Pure. */
unsigned int engine_closure(const struct check_ops *table, unsigned int selected);

#endif
