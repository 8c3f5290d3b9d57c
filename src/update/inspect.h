/* inspect.h - looks into an offline bundle without applying it, through the same verification as an update. */
#ifndef PC_UPDATE_INSPECT_H
#define PC_UPDATE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "feed/bundle.h"
#include "feed/manifest.h"
#include "settings/settings.h"

struct inspect_row {
	const struct component *component;	/* of result->manifest */
	bool ok;
	int64_t files, bytes;			/* unpacked */
	struct error error;			/* when not ok */
};

#define INSPECT_NOTICES_MAX 16

struct inspect_result {
	struct manifest *manifest;
	struct inspect_row *rows;		/* one a component */
	char signer[256];			/* "": not signed */
	enum finding notices[INSPECT_NOTICES_MAX];
	int notice_count;
};

/* Both end early, and leave nothing behind, where job_catch_stop() was called and the process is told to stop.
 *
 * Checks the bundle's structure, manifest, signature (by the settings' policy, against the store in state_dir), dates, and
 * unpacks every component into a folder that is then removed. False: the first thing that is wrong; the rows say which
 * components are. Clear the result in any case. */
bool inspect_bundle(const char *path, const char *state_dir, const struct settings *settings,
		    struct inspect_result *result, struct error *err);
/* Opens a bundle to read: a path, a pipe or "-" for standard input, which are copied first, or a URL. -1 on failure. */
int inspect_open(const char *path, const char *state_dir, const struct settings *settings, struct error *err);
void inspect_clear(struct inspect_result *result);

#endif
