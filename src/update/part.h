/* part.h - a component's download: partial file, hash while it arrives, what is needed to resume it.
 *
 * STATE/staging/parts/<sha256>.part and .json (URL, validators). A broken download goes on where it stopped, with If-Range;
 * what is held is hashed again first, and the whole is checked against size and hash, so a changed object or a damaged
 * part can only cost time.
 */
#ifndef PC_UPDATE_PART_H
#define PC_UPDATE_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct part;

/* Opens (or makes) the part of an object with that hash and size below `parts_fd`. A part that came from another URL, is
 * longer than the object, or has no validator is begun anew. `expected_size` -1: not known. */
bool part_open(int parts_fd, const char *key, const char *url, int64_t expected_size, struct part **out,
	       struct error *err);
/* Closes it, keeping the file. */
void part_close(struct part *p);
/* Closes it and removes the file. */
void part_remove(struct part *p);

int64_t part_held(const struct part *p);
/* What to send as If-Range; "" when there is nothing to resume. */
const char *part_validator(const struct part *p);
int part_fd(const struct part *p);

/* The body begins at `offset` with these validators: 0 throws away what is held. */
bool part_begin(struct part *p, int64_t offset, const char *etag, const char *last_modified, struct error *err);
bool part_write(struct part *p, const void *bytes, size_t len, struct error *err);
/* The hash of what is held. */
bool part_sha256(struct part *p, unsigned char sha256[32], struct error *err);

#endif
