/* newest.h - the time of the newest record: what relative times ("15m") are relative to. */
#ifndef PC_LOGVIEW_NEWEST_H
#define PC_LOGVIEW_NEWEST_H

#include <stdint.h>

#include "logview/source.h"

/* Looks backwards from the end, over at most a few megabytes. STAMP_NONE when no record there has a time. */
int64_t newest_time(const struct source *source);

#endif
