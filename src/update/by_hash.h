/* by_hash.h - what a mirror holds a second time, under its hash, for nodes that pull while it changes.
 *
 * The files of a web server are replaced one by one, so a node may hold the manifest before and find a component of the next.
 * A mirror therefore keeps each component also as by-hash/SHA256, and the signature of each manifest as by-hash/SHA256-of-the-
 * manifest.p7s, until it has been out of date for a day; a node that finds something else under the name in the manifest
 * asks for that. (apt does the same with its indexes.) They are hard links: they cost no room while they are current.
 */
#ifndef PC_UPDATE_BY_HASH_H
#define PC_UPDATE_BY_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "feed/manifest.h"

#define BY_HASH_DIR "by-hash"
#define BY_HASH_SIGNATURE ".p7s"
#define BY_HASH_NAME_MAX 96
#define BY_HASH_KEEP_S (24 * 3600)

/* "by-hash/0123...": relative to the manifest. */
void by_hash_name(char name[BY_HASH_NAME_MAX], const unsigned char sha256[32]);
/* "by-hash/0123....p7s" of a manifest's bytes. */
void by_hash_signature_name(char name[BY_HASH_NAME_MAX], const void *xml, size_t len);

/* Makes the file `from` known as `to` as well, in place of what is there, at once; both below `dirfd`. `temp` is a name there
 * for that moment. False with errno; by_hash_no_links(errno): the file system gives a file one name only. */
bool by_hash_link(int dirfd, const char *from, const char *to, const char *temp);
bool by_hash_no_links(int sys_errno);

/* Removes what neither the manifest (whose bytes are `xml`) names nor any did within the last day before `now`. */
void by_hash_expire(int dirfd, const struct manifest *m, const void *xml, size_t len, time_t now);

#endif
