/* content.h - what the demo shows: a feed that is newer and larger than the sample, and a log. All of it is made up. */
#ifndef PC_DEMO_CONTENT_H
#define PC_DEMO_CONTENT_H

#include "base/error.h"

/* Who signs: PEM files. */
struct content_signer {
	const char *certificate, *key;
};

/* Makes a signed bundle of the sample bundle's components; `dir` is for the work. */
bool content_make_bundle(const char *sample, const char *dir, const struct content_signer *signer, const char *out,
			 struct error *err);
/* Makes a signed feed in `dir` that is newer than that, with two larger components, so that the download takes a while. */
bool content_make_feed(const char *sample, const char *dir, const struct content_signer *signer, struct error *err);

/* Writes a log in the appliance's form over the last six hours; its first record says that it is made up. */
bool content_make_log(const char *file, struct error *err);

#endif
