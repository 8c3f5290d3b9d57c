/* mirror.h - a verified copy of the feed as a static tree, for other nodes to pull from any web server or CDN. */
#ifndef PC_UPDATE_MIRROR_H
#define PC_UPDATE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/event.h"
#include "settings/settings.h"

#define MIRROR_BUNDLE_NAME "posture-offline.zip"

struct mirror_options {
	const char *state_dir;		/* whose trusted certificates, proxy password and log */
	const struct settings *settings;
	const char *url;		/* the feed */
	const char *dir;		/* where the copy goes */
	bool allow_downgrade;
};

struct mirror_result {
	char version[128];
	size_t fetched, kept;		/* components */
	int64_t bytes_received;
};

/* Fetches what is missing or different, verifies everything as an update does, and only then puts it in place: components
 * first, the manifest last, then the offline bundle. A broken run is resumed by the next. */
bool mirror_run(const struct mirror_options *options, const struct event_sink *sink, struct mirror_result *result,
		struct error *err);

#endif
