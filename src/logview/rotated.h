/* rotated.h - the rotated files beside a log, newest first.
 *
 *   NAME.1, NAME.2, ...                  the higher, the older
 *   NAME.2026-08-11[-2], NAME-20260811   by day, then by index
 *   each also as .gz, .xz, .zst, .bz2
 *
 * A folder that has both was rotated in one way first and in the other later: which, the times of their newest files tell.
 *
 * Files are opened as they are walked over, from the newest to the oldest: a rotation in the meantime moves files towards
 * older names, so none is missed; one may come twice (the caller knows it by its inode).
 */
#ifndef PC_LOGVIEW_ROTATED_H
#define PC_LOGVIEW_ROTATED_H

#include <stdbool.h>

#define ROTATED_MAX 4096			/* dated files beside one log that are looked at */

/* `fd` is the callee's. Returns false to end the walk. */
typedef bool rotated_fn(void *data, int fd, const char *name);

/* Walks over the rotated files of `base` in the folder `dir`. A folder that cannot be read has none. */
void rotated_walk(const char *dir, const char *base, rotated_fn *fn, void *data);

#endif
