/* when.h - a moment as people write it: as LC_TIME says, the year always in full; where that is C or POSIX, as ISO 8601 does.
 *
 * For what a person reads on a terminal. What programs read, what is kept and what goes to others (events, errors, logs,
 * letters, reports) has RFC 3339 (clock.h): it must mean the same to everyone.
 */
#ifndef PC_BASE_WHEN_H
#define PC_BASE_WHEN_H

#include <stddef.h>
#include <time.h>

#define WHEN_TEXT_MAX 128

/* All write into `dst` of WHEN_TEXT_MAX bytes and return it. */

/* 2026-11-23T14:31:07Z; in German 23.11.2026 14:31:07 UTC. */
char *when_utc(char *dst, time_t t);
/* 2026-11-23, the day in UTC. */
char *when_day(char *dst, time_t t);
/* 2026-11-23 14:31:07 in the time zone of this machine; and without the seconds. */
char *when_here(char *dst, time_t t);
char *when_here_minute(char *dst, time_t t);

#endif
