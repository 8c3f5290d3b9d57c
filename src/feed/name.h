/* name.h - names of archive members: which may become a path below a folder, and which two of them would be one.
 *
 * The same rules hold for members of the bundle, for what a component unpacks, and for a manifest's href.
 */
#ifndef PC_FEED_NAME_H
#define PC_FEED_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define NAME_PATH_MAX 1024
#define NAME_PART_MAX 255
#define NAME_DEPTH_MAX 32

/* Checks a name of `len` bytes and writes its normal form to `out`: no "./", no "//", no slash at the end; "" is the
 * folder itself. Refused with bundle-unsafe-path: an empty name, an absolute one, "..", a backslash, a drive letter, a
 * NUL or other control character, text that is not UTF-8, and what is too long or too deep. */
bool name_normalise(const char *name, size_t len, char out[NAME_PATH_MAX + 1], struct error *err);

/* The names of one archive, to find duplicates. It keeps 16 bytes a name, not the names. */
struct name_set;

/* Room for at most `max` names and folders; NULL when out of memory. */
struct name_set *name_set_new(size_t max);
void name_set_free(struct name_set *set);

/* Adds a name in its normal form, and the folders above it. Refused with bundle-duplicate-member: a name that is there
 * already (a folder may come again), one that differs in case only, and a file where a folder must be. */
bool name_set_add(struct name_set *set, const char *name, bool folder, struct error *err);

#endif
