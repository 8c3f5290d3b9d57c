/* check_job.h - what a failed update says of itself in the events of its job. No curses. */
#ifndef PC_UI_CHECK_JOB_H
#define PC_UI_CHECK_JOB_H

#include <limits.h>

#include "base/finding.h"
#include "check_state.h"

struct check_job {
	struct check_state state;	/* with a verdict that has a cause */
	char bundle[PATH_MAX];		/* that it was to come from, a path or a URL; "": the feed */
};

/* Is it a file, so that there is no way to it that could be checked? */
bool check_job_is_file(const char *bundle);

/* Whose steps help where a bundle is at fault: some findings of the feed speak of the way to it. */
const struct finding_info *check_job_steps_for(enum finding cause);

/* Reads the verdict of the update's own checks. Where it made none, what it says itself of a bundle's file becomes one. False when
 * the events hold no cause that is worth a look; then there is nothing to be freed. */
bool check_job_read(const char *state_dir, const char *job, struct check_job *out);

#endif
