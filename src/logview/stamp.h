/* stamp.h - the time in front of a log record, and times as people type them.
 *
 * The log prints local time without a zone, so a time here is "civil": milliseconds since 1970-01-01 00:00 on the log's
 * own clock, whatever its zone. The other form of the appliance's logs carries an offset, which is kept beside it.
 *
 *   2025-03-13 13:58:07,246          2026-07-01 00:02:37.362 +00:00
 */
#ifndef PC_LOGVIEW_STAMP_H
#define PC_LOGVIEW_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STAMP_LEN 23			/* up to the milliseconds */
#define STAMP_NONE INT64_MIN		/* no time, or one that no calendar has */
#define STAMP_TEXT_MAX 40

struct stamp {
	int64_t ms;			/* civil; STAMP_NONE */
	int zone_min;			/* east of UTC, valid with has_zone */
	bool has_zone;
};

/* Has `s` the shape of a stamp? Reads exactly STAMP_LEN bytes. The one test that tells a record from a continuation. */
bool stamp_shape(const char *s);

/* Reads the stamp at the start of `s`. Returns the bytes that it takes (with its zone), 0 when there is none. */
size_t stamp_parse(const char *s, size_t n, struct stamp *out);

/* Days from 1970-01-01 (proleptic Gregorian), and milliseconds of a civil date and time. */
int64_t stamp_days(int year, int month, int day);

/* "2025-03-13 13:58:07,246"; `dst` has STAMP_TEXT_MAX bytes. "-" for STAMP_NONE. Returns dst. */
char *stamp_text(char *dst, int64_t ms);

/* RFC 3339 in UTC with milliseconds. A stamp without a zone is taken as the local time of this machine. "" for none. */
char *stamp_rfc3339(char *dst, const struct stamp *stamp);

/* Reads a time as people type it: 14:03, 14:03:07, 2025-03-13, 2025-03-13 13:58[:07[,246]], RFC 3339 with an offset,
 * -15m, 2h, 1d, 30s ago, today, yesterday. Relative to `newest`, the newest time of the log: the log's clock counts, not
 * the wall clock. A time of day later than `newest` is that of the day before. */
bool stamp_parse_when(const char *text, int64_t newest, int64_t *out, struct error *err);

/* "26 min 43 s", "1 h 2 min", "0.8 s": a duration in milliseconds for people; `dst` has STAMP_TEXT_MAX bytes. */
char *stamp_duration(char *dst, int64_t ms);

#endif
