/* unpack.h - a compressed log file (gzip, xz, zstd, bzip2) made readable at any place, in slices. */
#ifndef PC_LOGVIEW_UNPACK_H
#define PC_LOGVIEW_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define UNPACK_MAX (INT64_C(8) << 30)	/* bytes unpacked; what is larger is cut there */

struct unpack;

/* Does the file start like a compressed one? */
bool unpack_is_packed(int fd);

/* Starts to unpack `fd` (borrowed; a position of its own is kept). */
bool unpack_open(int fd, struct unpack **out, struct error *err);
void unpack_free(struct unpack *u);

/* Unpacks for about `budget_us` and appends to `to`. *size counts all bytes so far. UNPACK_CUT: the file is larger than
 * UNPACK_MAX; UNPACK_FAILED: damaged, or the disk is full; what was read until there stands. */
enum unpack_result { UNPACK_MORE, UNPACK_DONE, UNPACK_CUT, UNPACK_FAILED };
enum unpack_result unpack_step(struct unpack *u, int to, int64_t budget_us, int64_t *size, struct error *err);

/* The first bytes, unpacked: 0 when it cannot be read. */
size_t unpack_head(int fd, void *buf, size_t n);

#endif
