/* manifest.h - the manifest of a feed or a bundle: posture-update.xml. */
#ifndef PC_FEED_MANIFEST_H
#define PC_FEED_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

#define MANIFEST_NAME "posture-update.xml"
#define MANIFEST_SIGNATURE_NAME "posture-update.xml.p7s"
#define MANIFEST_MAX_BYTES (4u * 1024 * 1024)
#define MANIFEST_COMPONENTS_MAX 4096
#define COMPONENT_MAX_BYTES ((int64_t)8 * 1024 * 1024 * 1024)

struct component {
	char *id;		/* [a-z0-9][a-z0-9._-]*, at most 64: a folder name */
	char *title;
	char *version;
	char *href;		/* relative, no scheme, no "..", no leading slash; the bundle's member name */
	int64_t size;		/* -1: not stated (a bundle without a manifest) */
	unsigned char sha256[32];
	bool has_sha256;
	bool once;
};

struct manifest {
	char *version;
	time_t published;	/* 0: not stated */
	time_t expires;		/* 0: never */
	struct component *components;
	size_t count;
	bool synthetic;		/* made from a bundle without a manifest */
};

/* Parses and checks it. HTML is FINDING_FEED_NOT_A_MANIFEST, bad XML or a bad value FINDING_FEED_MALFORMED with line
 * and reason; a DOCTYPE is refused. Free with manifest_free(). */
bool manifest_parse(const char *xml, size_t len, struct manifest **out, struct error *err);
void manifest_free(struct manifest *m);
bool manifest_write(const struct manifest *m, struct buffer *out, struct error *err);
const struct component *manifest_component(const struct manifest *m, const char *id);

/* Compares dotted versions: numbers as numbers, others as text. <0, 0, >0. */
int manifest_version_compare(const char *a, const char *b);

/* Is it good now: expired is FINDING_FEED_EXPIRED, published more than `slack_s` in the future FINDING_FEED_FROM_FUTURE. */
bool manifest_check_time(const struct manifest *m, time_t now, int slack_s, struct error *err);

/* What a manifest may say: the table of the parser and of posture-feed(5). */
struct manifest_attribute {
	const char *element, *name;
	bool required;
	const char *characters;		/* it is made of; NULL: not by characters */
	size_t max;			/* bytes of a text */
	const char *form, *help;	/* English */
};
const struct manifest_attribute *manifest_attributes(size_t *count);

/* The known components: id, title and file names, for bundles without a manifest and for `feed build`. */
struct known_component {
	const char *id, *title, *href;
	bool once;
};
const struct known_component *manifest_known_by_file(const char *file_name);
const struct known_component *manifest_known_by_id(const char *id);
/* All of them, in their order; NULL behind the last. */
const struct known_component *manifest_known_at(size_t i);

#endif
