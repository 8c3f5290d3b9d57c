/* lines.h - finds where records start in a piece of the log that is in memory. */
#ifndef PC_LOGVIEW_LINES_H
#define PC_LOGVIEW_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* The first record that starts on a line after the one that holds offset `at`; n when there is none. A line start whose
 * first bytes are not all here (fewer than RECORD_START_MIN before n) counts as none. */
size_t lines_next_record(const char *buf, size_t n, size_t at);

/* The last line start at or before `at` that starts a record; 0 when there is none. */
size_t lines_record_of(const char *buf, size_t n, size_t at);

/* How many newlines. */
size_t lines_count(const char *buf, size_t n);

/* True when nothing but printable ASCII, TAB and newlines is in it: then making it safe to show would change nothing. */
bool lines_are_plain(const char *buf, size_t n);

#endif
