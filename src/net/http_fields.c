#include "net/http_fields.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_field(const char *line, size_t len, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
		len--;
	if (len >= size || memchr(line, '\0', len) != NULL)
		return false;
	memcpy(value, line, len);
	value[len] = '\0';
	return true;
}

long http_status_line(const char *line, size_t len)
{
	const char *space = len > 5 && strncmp(line, "HTTP/", 5) == 0 ? memchr(line, ' ', len) : NULL;
	long status = 0;
	size_t i;

	if (space == NULL)
		return 0;
	for (i = (size_t)(space - line) + 1; i < len && isdigit((unsigned char)line[i]) && status < 1000; i++)
		status = status * 10 + (line[i] - '0');
	return status >= 100 && status <= 999 ? status : 0;
}

/* A number of digits only; *end is what follows. -1 when there is none or it is too large. */
static int64_t number(const char *text, const char **end)
{
	char *stop;
	long long n;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	n = strtoll(text, &stop, 10);
	*end = stop;
	return errno == 0 ? n : -1;
}

int64_t http_length(const char *value)
{
	const char *end;
	int64_t n = number(value, &end);

	return n >= 0 && *end == '\0' ? n : -1;
}

bool http_content_range(const char *value, int64_t *first, int64_t *last, int64_t *total)
{
	*first = *last = *total = -1;
	if (strncasecmp(value, "bytes ", 6) != 0)
		return false;
	value += 6;
	if (*value == '*') {
		value++;
	} else {
		*first = number(value, &value);
		if (*first < 0 || *value++ != '-')
			return false;
		*last = number(value, &value);
		if (*last < *first)
			return false;
	}
	if (*value++ != '/')
		return false;
	if (strcmp(value, "*") == 0)
		return *first >= 0;
	*total = http_length(value);
	return *total >= 0 && *last < *total;
}

time_t http_date(const char *value)
{
	/* curl_getdate() also takes bare numbers and words; a date of HTTP has a comma or at least a colon. */
	return strchr(value, ':') != NULL ? curl_getdate(value, NULL) : -1;
}

int64_t http_retry_after(const char *value, time_t now)
{
	int64_t seconds = http_length(value);
	time_t date;

	if (seconds >= 0)
		return seconds < INT64_MAX / 1000 ? seconds * 1000 : INT64_MAX;
	date = http_date(value);
	if (date == -1)
		return -1;
	/* A year like 322022202 is a date, too. */
	if ((int64_t)date - (int64_t)now > INT64_MAX / 1000)
		return INT64_MAX;
	return date > now ? ((int64_t)date - (int64_t)now) * 1000 : 0;
}

bool http_field_is_plain(const char *value)
{
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < ' ' || (unsigned char)*value >= 0x7F)
			return false;
	}
	return true;
}

bool http_validator_is_strong(const char *value)
{
	size_t len = strlen(value);

	if (!http_field_is_plain(value))
		return false;
	if (value[0] == '"')
		return len >= 2 && strcspn(value + 1, "\" ") == len - 2 && value[len - 1] == '"';
	return http_date(value) != -1;
}

long http_backoff_ms(long first_ms, int attempt, uint32_t random)
{
	long wait = first_ms;

	for (int i = 1; i < attempt && wait < HTTP_BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > HTTP_BACKOFF_MAX_MS)
		wait = HTTP_BACKOFF_MAX_MS;
	return wait - (long)(random % (uint32_t)(wait / 2 + 1));
}
