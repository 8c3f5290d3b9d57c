/* hook.h - the operator's program that runs after a commit. */
#ifndef PC_UPDATE_HOOK_H
#define PC_UPDATE_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/store.h"

struct hook {
	const char *const *argv;	/* NULL-terminated; no shell */
	int timeout_s;
	const struct store_generation *generation;
	const char *generation_path;	/* absolute */
	const char *previous;		/* generation id, "" when there is none */
};

#define HOOK_OUTPUT_MAX (64u * 1024)

/* Runs it with the environment PATH, HOME, LANG and POSTURE_CONSOLE_GENERATION, _GENERATION_PATH, _VERSION, _PREVIOUS,
 * _SOURCE, _COMPONENTS (ids), _VERSION_<ID>; standard output and error go to `output` (hostile text, cut at its maximum).
 * Ended with its process group at the time limit: FINDING_HOOK_TIMEOUT; not started or not successful:
 * FINDING_HOOK_FAILED. */
bool hook_run(const struct hook *hook, struct buffer *output, struct error *err);

#endif
