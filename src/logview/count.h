/* count.h - how many records of a file pass a filter, as fast as the memory goes: for a command, not for a key. */
#ifndef PC_LOGVIEW_COUNT_H
#define PC_LOGVIEW_COUNT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "logview/filter.h"
#include "logview/segment.h"

/* Counts here and, in a large file, in a child process as well (copying out of the page cache is most of the work, and two
 * share it; no threads, no locks).
 * `*cancel` (may be NULL) not 0 ends it early. */
bool count_records(struct segment *seg, struct filter *filter, const volatile sig_atomic_t *cancel, uint64_t *count,
		   struct error *err);

#endif
