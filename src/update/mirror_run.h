/* mirror_run.h - a mirror that is being filled: what its parts share. Private to src/update. */
#ifndef PC_UPDATE_MIRROR_RUN_H
#define PC_UPDATE_MIRROR_RUN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "update/fetch.h"
#include "update/mirror.h"
#include "update/run.h"

#define PARTS_DIR ".parts"

/* Where the mirror has a component, whole and right. */
enum mirror_where {
	MIRROR_MISSING,
	MIRROR_BY_HASH,		/* from an earlier update, under its hash only */
	MIRROR_IN_PLACE		/* under its name */
};

struct mirror {
	struct update u;
	const struct mirror_options *options;
	int dir_fd;
	int lock_fd;
	struct manifest *before;	/* what the mirror holds; NULL: nothing yet */
	struct buffer before_xml;	/* its bytes */
	struct fetch *fetches;		/* one a component */
	enum mirror_where *places;	/* one a component */
	bool no_links;			/* the file system has no hard links: nothing is kept by its hash */
	struct mirror_result *result;
};

/* Is the file at `path` the component, whole and right? */
bool mirror_holds(const struct mirror *m, const char *path, const struct component *c);

/* mirror_place.c: puts what was fetched in place, so that a reader finds a whole set at any moment: what the old manifest names
 * and what the new one names stand under their hashes before the first name changes hands. */
bool mirror_place(struct mirror *m, struct error *err);

#endif
