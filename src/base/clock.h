/* clock.h - time: monotonic for durations, wall for people and certificates, and its texts.
 *
 * The wall clock can be moved by the environment variable POSTURE_CONSOLE_TEST_TIME (RFC 3339), which tests use: time
 * namespaces do not cover it. Everything that asks for the wall clock asks here.
 */
#ifndef PC_BASE_CLOCK_H
#define PC_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT_MAX 40

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Wall clock: milliseconds since 1970-01-01 UTC, and whole seconds. */
int64_t clock_now_ms(void);
time_t clock_now(void);

/* RFC 3339 in UTC with milliseconds: 2026-11-23T14:31:07.250Z; `dst` has CLOCK_TEXT_MAX bytes. Returns dst. */
char *clock_rfc3339_ms(char *dst, int64_t ms);
/* Without milliseconds. */
char *clock_rfc3339(char *dst, time_t t);
/* ISE log form in local time: 2025-03-13 13:58:07,246. */
char *clock_log_stamp(char *dst, int64_t ms);

/* Parses RFC 3339 (any offset, optional fraction). */
bool clock_parse_rfc3339(const char *text, time_t *out);

#endif
