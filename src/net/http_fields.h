/* http_fields.h - the header fields that the client acts on, parsed strictly; and how long to wait before a retry. */
#ifndef PC_NET_HTTP_FIELDS_H
#define PC_NET_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* "name: value" -> the value without surrounding blanks and line end, when the line's name is `name` (any case).
 * False otherwise, or when it does not fit. */
bool http_field(const char *line, size_t len, const char *name, char *value, size_t size);

/* "HTTP/1.1 206 Partial Content" -> 206; 0 when it is not a status line. */
long http_status_line(const char *line, size_t len);

/* Content-Length. -1 when it is not a number, or out of range. (RFC 9110, 8.6) */
int64_t http_length(const char *value);

/* Content-Range: "bytes 100-199/5000", "bytes 100-199/" "*", or "bytes *" "/5000" of a 416 (first = last = -1).
 * *total is -1 when unknown. (RFC 9110, 14.4) */
bool http_content_range(const char *value, int64_t *first, int64_t *last, int64_t *total);

/* Retry-After in milliseconds: seconds, or a date relative to `now` (the server's own Date is best). -1 when it
 * is neither. (RFC 9110, 10.2.3) */
int64_t http_retry_after(const char *value, time_t now);

/* An HTTP date -> time; -1 when it is none. */
time_t http_date(const char *value);

/* Can it be sent back as it came, and be kept as text? ASCII without control characters. */
bool http_field_is_plain(const char *value);

/* May this validator stand in If-Range? A strong entity tag or a date, that can be sent. (RFC 9110, 8.8.3 and 13.1.5) */
bool http_validator_is_strong(const char *value);

#define HTTP_BACKOFF_MAX_MS 30000
/* Wait before further attempt number `attempt` (1, 2, ...): doubled each time, and anywhere between half of it and
 * all of it, so that fifty nodes do not come back at once. `random` is any number. */
long http_backoff_ms(long first_ms, int attempt, uint32_t random);

#endif
