/* apart.h - takes hostile bytes apart in a process that can do nothing else: the XML of a manifest, its CMS signature, the
 * directory of a zip.
 *
 * The process is confined (base/confine_run.h) before it looks at the first byte; what comes back is plain data, which is
 * checked again here. A crash of it is a finding, not the end of the update.
 *
 * Each kind of bytes has a process of its own. Whoever takes over the one that reads the zip can choose which bytes are said to be
 * the manifest, but not what they mean: they are parsed in a process that has seen nothing else, and the signature is verified of
 * the same bytes.
 */
#ifndef PC_FEED_APART_H
#define PC_FEED_APART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "feed/bundle.h"
#include "feed/manifest.h"
#include "feed/signature.h"

/* manifest_parse(), apart. */
bool apart_manifest(const char *xml, size_t len, struct manifest **out, struct error *err);

/* signature_verify(), apart. */
bool apart_signature(const void *content, size_t len, const void *cms, size_t cms_len, X509_STORE *anchors, time_t now,
		     struct signature_info *info, struct error *err);

/* bundle_open() and bundle_manifest(), apart, and the manifest parsed from *xml in a second process; all must succeed. A synthetic
 * manifest comes without any byte in `xml` and `p7s`, so nothing can vouch for it. */
bool apart_bundle(int fd, const char *label, struct bundle **out, struct manifest **manifest, struct buffer *xml,
		  struct buffer *p7s, struct error *err);

/* The same for looking only: a bundle whose manifest cannot be used is opened all the same, with *manifest NULL and what is
 * wrong with it in `why`. */
bool apart_members(int fd, const char *label, struct bundle **out, struct manifest **manifest, struct error *why,
		   struct error *err);

#endif
