/* name.h - matches the names in a record (thread, logger, user, ...) as people write them.
 *
 * Whole words, any case: "pool5" matches admin-http-pool5 but not admin-http-pool50; "DownloadManager" and
 * "posture.download" match cisco.cpm.posture.download.DownloadManager. A star stands for any characters: "pool-*".
 */
#ifndef PC_LOGVIEW_NAME_H
#define PC_LOGVIEW_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_PATTERN_MAX 128		/* longest pattern, bytes */

bool name_matches(const char *pattern, const char *name, size_t n);

/* The longest piece of the pattern without a star: a name that matches holds it. Returns its length. */
size_t name_literal(const char *pattern, const char **piece);

#endif
