/* record.h - one record of the log: a header line and its continuation lines (stack traces), taken apart.
 *
 *   2025-03-13 13:58:07,246 INFO  [THREAD][[MDC]] LOGGER -:SESSION:USER:F3:OPERATION:- MESSAGE
 *
 * A line is a header when it starts with a stamp; every other line continues the record before it. Header lines that
 * stop anywhere are records too (the real log has such lines). Pure functions on borrowed text.
 */
#ifndef PC_LOGVIEW_RECORD_H
#define PC_LOGVIEW_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "logview/stamp.h"

#define RECORD_START_MIN 25		/* a shorter line is never a header */

/* By severity, so that "at least" is a comparison. */
enum record_level {
	RECORD_LEVEL_NONE, RECORD_LEVEL_TRACE, RECORD_LEVEL_DEBUG, RECORD_LEVEL_INFO, RECORD_LEVEL_WARN,
	RECORD_LEVEL_ERROR, RECORD_LEVEL_FATAL, RECORD_LEVEL_OFF,
	RECORD_LEVEL_COUNT
};

/* A piece of text that is not ours and not terminated. */
struct slice {
	const char *p;
	size_t n;
};

struct record {
	struct stamp time;
	struct slice time_text;
	enum record_level level;
	struct slice thread, mdc, logger;
	struct slice context;		/* between the dashes: ":SESSION:USER:F3:OPERATION:" */
	bool context_known;		/* it has its five colons, and the four fields below are valid */
	struct slice session, user, third, operation;
	struct slice message;
};

/* Does the line (n bytes from its start to the end of what is readable) start a record? */
static inline bool record_is_start(const char *line, size_t n)
{
	return n >= RECORD_START_MIN && line[4] == '-' && (line[STAMP_LEN] == ' ' || line[STAMP_LEN] == '\t') &&
	       line[STAMP_LEN + 1] != '\n' && line[STAMP_LEN + 1] != '\r' && stamp_shape(line);
}

/* Takes a header line apart (its newline and CR are left out). False when it is none: then the whole line stands in
 * `message` and all else is empty. Never fails otherwise; what is missing is empty. */
bool record_parse(const char *line, size_t n, struct record *out);

/* The level of a header line alone, faster. */
enum record_level record_level(const char *line, size_t n);

/* "WARN"; "" for NONE. */
const char *record_level_name(enum record_level level);
/* Any case; "warning" is WARN. RECORD_LEVEL_COUNT when there is none of that name. */
enum record_level record_level_by_name(const char *name, size_t n);

/* The line at p without its newline and CR; `limit` is the end of what is readable. */
struct slice record_line(const char *p, const char *limit);

#endif
