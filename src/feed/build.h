/* build.h - makes feeds: a manifest over a folder of component archives. */
#ifndef PC_FEED_BUILD_H
#define PC_FEED_BUILD_H

#include "base/error.h"
#include "feed/manifest.h"

struct feed_build {
	const char *dir;		/* holds the component archives; the manifest is written here */
	const char *version;		/* NULL: date and counter, newer than the manifest that is there */
	time_t published;		/* 0: now */
	time_t expires;			/* 0: 90 days after; -1: never */
	const char *sign_cert;		/* NULL: not signed (a stale signature is removed) */
	const char *sign_key;
	const char *const *component_versions;	/* "ID=VERSION", NULL-terminated; NULL: none */
};

/* Writes posture-update.xml (and .p7s). An unchanged component keeps its version from the manifest that is there.
 * Known file names get their known id and title; others get an id from their file name. `out` may be NULL. */
bool feed_build(const struct feed_build *build, struct manifest **out, struct error *err);

/* Makes a bundle of a feed: the manifest (made first where there is none), its signature, and every component after
 * comparing it with the manifest (feed-component-missing, feed-hash-mismatch). Atomic. `out` may be NULL. */
bool feed_bundle(const char *dir, const char *out_path, struct manifest **out, struct error *err);

#endif
