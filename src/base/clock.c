#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t ms_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
	return ms_of(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* How far tests have moved the wall clock. */
static int64_t test_shift_ms(void)
{
	static int64_t shift;
	static bool known;

	if (!known) {
		const char *text = getenv("POSTURE_CONSOLE_TEST_TIME");
		time_t t;

		if (text != NULL && clock_parse_rfc3339(text, &t))
			shift = (int64_t)t * 1000 - ms_of(CLOCK_REALTIME);
		known = true;
	}
	return shift;
}

int64_t clock_now_ms(void)
{
	return ms_of(CLOCK_REALTIME) + test_shift_ms();
}

time_t clock_now(void)
{
	return (time_t)(clock_now_ms() / 1000);
}

static void split(int64_t ms, time_t *seconds, int *rest)
{
	*seconds = (time_t)(ms / 1000);
	*rest = (int)(ms % 1000);
	if (*rest < 0) {
		*rest += 1000;
		(*seconds)--;
	}
}

static char *format(char *dst, time_t t, int ms)
{
	struct tm tm;
	size_t n;

	if (gmtime_r(&t, &tm) == NULL) {
		strcpy(dst, "?");
		return dst;
	}
	n = strftime(dst, CLOCK_TEXT_MAX - 6, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ms >= 0)
		snprintf(dst + n, CLOCK_TEXT_MAX - n, ".%03dZ", ms);
	else
		snprintf(dst + n, CLOCK_TEXT_MAX - n, "Z");
	return dst;
}

char *clock_rfc3339_ms(char *dst, int64_t ms)
{
	time_t t;
	int rest;

	split(ms, &t, &rest);
	return format(dst, t, rest);
}

char *clock_rfc3339(char *dst, time_t t)
{
	return format(dst, t, -1);
}

char *clock_log_stamp(char *dst, int64_t ms)
{
	struct tm tm;
	time_t t;
	int rest;
	size_t n;

	split(ms, &t, &rest);
	localtime_r(&t, &tm);
	n = strftime(dst, CLOCK_TEXT_MAX - 5, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(dst + n, CLOCK_TEXT_MAX - n, ",%03d", rest);
	return dst;
}

/* Does it begin as `form` says: d a digit, T what stands between date and time, anything else itself? (sscanf alone takes
 * blanks and signs for a part of a number.) */
static bool has_form(const char *text, const char *form)
{
	for (; *form != '\0'; form++, text++) {
		bool fits = *text == *form;

		if (*form == 'd')
			fits = *text >= '0' && *text <= '9';
		else if (*form == 'T')
			fits = *text == 'T' || *text == 't' || *text == ' ';
		if (!fits)
			return false;
	}
	return true;
}

bool clock_parse_rfc3339(const char *text, time_t *out)
{
	struct tm tm = { 0 };
	int used = 0, oh = 0, om = 0, sign = 0;
	const char *p;

	if (!has_form(text, "dddd-dd-ddTdd:dd:dd") ||
	    sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec, &used) != 6 || used != 19)
		return false;
	if (tm.tm_year < 1000 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
	    tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return false;
	p = text + used;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return false;
		while (*p >= '0' && *p <= '9')
			p++;
	}
	if (*p == 'Z' || *p == 'z') {
		p++;
	} else if (*p == '+' || *p == '-') {
		sign = *p == '+' ? 1 : -1;
		if (!has_form(p + 1, "dd:dd") || sscanf(p + 1, "%2d:%2d%n", &oh, &om, &used) != 2 || used != 5 || oh < 0 || om < 0)
			return false;
		p += 6;
	} else {
		return false;
	}
	if (*p != '\0')
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = timegm(&tm) - sign * (oh * 3600 + om * 60);
	return true;
}
