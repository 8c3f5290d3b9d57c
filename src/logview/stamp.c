#include "logview/stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/clock.h"
#include "base/i18n.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define AGO_MAX 100000			/* most days, hours, ... that a relative time goes back */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#if defined(__SSE2__)
/* "dddd-dd-dd dd:dd" in three comparisons: every line of a gigabyte is asked. */
static bool minute_shape(const char *s)
{
	const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)s);
	const __m128i marks = _mm_setr_epi8(0, 0, 0, 0, '-', 0, 0, '-', 0, 0, ' ', 0, 0, ':', 0, 0);
	const int mark_bits = 1 << 4 | 1 << 7 | 1 << 10 | 1 << 13;
	const __m128i value = _mm_sub_epi8(text, _mm_set1_epi8('0'));
	const int digits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value));
	const int equal = _mm_movemask_epi8(_mm_cmpeq_epi8(text, marks));

	return (digits & ~mark_bits) == (0xFFFF & ~mark_bits) && (equal & mark_bits) == mark_bits;
}
#else
static bool minute_shape(const char *s)
{
	static const char shape[] = "dddd-dd-dd dd:dd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != shape[i])
			return false;
	}
	return true;
}
#endif

bool stamp_shape(const char *s)
{
	return s[4] == '-' && minute_shape(s) && s[16] == ':' && is_digit(s[17]) && is_digit(s[18]) &&
	       (s[19] == ',' || s[19] == '.') && is_digit(s[20]) && is_digit(s[21]) && is_digit(s[22]);
}

static int number(const char *s, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++)
		value = value * 10 + (s[i] - '0');
	return value;
}

int64_t stamp_days(int year, int month, int day)
{
	/* The year starts in March, so that the leap day is its last one. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2 ? 1 : 0));
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Civil milliseconds, STAMP_NONE when no calendar has that date. A leap second counts as the one before it. */
static int64_t civil_ms(int year, int month, int day, int hour, int minute, int second, int ms)
{
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 || minute > 59 || second > 60)
		return STAMP_NONE;
	if (second == 60)
		second = 59;
	return stamp_days(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + ms;
}

/* " +00:00", " -0530": the zone after a stamp. Returns the bytes taken. */
static size_t parse_zone(const char *s, size_t n, struct stamp *out)
{
	size_t i = 0, minute_at;
	int hours, minutes;

	while (i < n && s[i] == ' ')
		i++;
	if (i == 0 || n - i < 5 || (s[i] != '+' && s[i] != '-') || !is_digit(s[i + 1]) || !is_digit(s[i + 2]))
		return 0;
	minute_at = s[i + 3] == ':' ? i + 4 : i + 3;
	if (minute_at + 2 > n || !is_digit(s[minute_at]) || !is_digit(s[minute_at + 1]))
		return 0;
	hours = number(s + i + 1, 2);
	minutes = number(s + minute_at, 2);
	if (hours > 15 || minutes > 59)
		return 0;
	out->zone_min = (s[i] == '-' ? -1 : 1) * (hours * 60 + minutes);
	out->has_zone = true;
	return minute_at + 2;
}

size_t stamp_parse(const char *s, size_t n, struct stamp *out)
{
	*out = (struct stamp){ .ms = STAMP_NONE };
	if (n < STAMP_LEN || !stamp_shape(s))
		return 0;
	out->ms = civil_ms(number(s, 4), number(s + 5, 2), number(s + 8, 2), number(s + 11, 2), number(s + 14, 2),
			   number(s + 17, 2), number(s + 20, 3));
	return STAMP_LEN + parse_zone(s + STAMP_LEN, n - STAMP_LEN, out);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

char *stamp_text(char *dst, int64_t ms)
{
	int year, month, day;
	int64_t days, rest;

	if (ms == STAMP_NONE) {
		snprintf(dst, STAMP_TEXT_MAX, "-");
		return dst;
	}
	days = floor_div(ms, DAY_MS);
	rest = ms - days * DAY_MS;
	civil_from_days(days, &year, &month, &day);
	snprintf(dst, STAMP_TEXT_MAX, "%04d-%02d-%02d %02d:%02d:%02d,%03d", year, month, day, (int)(rest / HOUR_MS),
		 (int)(rest / MINUTE_MS % 60), (int)(rest / SECOND_MS % 60), (int)(rest % SECOND_MS));
	return dst;
}

/* What the local clock is ahead of UTC at a civil time, in milliseconds. */
static int64_t local_offset_ms(int64_t civil)
{
	int64_t days = floor_div(civil, DAY_MS), rest = civil - days * DAY_MS;
	struct tm tm = { .tm_isdst = -1 };
	time_t t;

	civil_from_days(days, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	tm.tm_hour = (int)(rest / HOUR_MS);
	tm.tm_min = (int)(rest / MINUTE_MS % 60);
	tm.tm_sec = (int)(rest / SECOND_MS % 60);
	t = mktime(&tm);
	return floor_div(civil, SECOND_MS) * SECOND_MS - (int64_t)t * SECOND_MS;
}

/* What the local clock shows now, as civil milliseconds. */
static int64_t local_now(void)
{
	int64_t now = clock_now_ms();
	time_t t = (time_t)(now / SECOND_MS);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return now;
	return now + tm.tm_gmtoff * SECOND_MS;
}

char *stamp_rfc3339(char *dst, const struct stamp *stamp)
{
	int64_t ahead;

	dst[0] = '\0';
	if (stamp->ms == STAMP_NONE)
		return dst;
	ahead = stamp->has_zone ? stamp->zone_min * MINUTE_MS : local_offset_ms(stamp->ms);
	stamp_text(dst, stamp->ms - ahead);
	dst[10] = 'T';
	dst[19] = '.';
	dst[23] = 'Z';
	dst[24] = '\0';
	return dst;
}

char *stamp_duration(char *dst, int64_t ms)
{
	int64_t s = ms / SECOND_MS;

	if (ms < 0)
		snprintf(dst, STAMP_TEXT_MAX, "-");
	else if (s < 10)
		snprintf(dst, STAMP_TEXT_MAX, _("%d.%d s"), (int)s, (int)(ms % SECOND_MS / 100));
	else if (s < 60)
		snprintf(dst, STAMP_TEXT_MAX, _("%d s"), (int)s);
	else if (s < 3600)
		snprintf(dst, STAMP_TEXT_MAX, _("%d min %d s"), (int)(s / 60), (int)(s % 60));
	else
		snprintf(dst, STAMP_TEXT_MAX, _("%lld h %d min"), (long long)(s / 3600), (int)(s / 60 % 60));
	return dst;
}

/* "15m", "-2h", "30s ago", "1d": how far back. */
static bool parse_ago(const char *s, int64_t *ms)
{
	static const struct { char letter; int64_t ms; } units[] = {
		{ 's', SECOND_MS }, { 'm', MINUTE_MS }, { 'h', HOUR_MS }, { 'd', DAY_MS }, { 'w', 7 * DAY_MS },
	};
	char *end;
	long count;

	if (*s == '-')
		s++;
	if (!is_digit(*s))
		return false;
	count = strtol(s, &end, 10);
	if (count < 0 || count > AGO_MAX || *end == '\0')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (tolower((unsigned char)*end) != units[i].letter)
			continue;
		end += strncmp(end, "min", 3) == 0 ? 3 : 1;
		*ms = count * units[i].ms;
		return *end == '\0' || strcmp(end, " ago") == 0;
	}
	return false;
}

/* "13:58", "13:58:07", "13:58:07,246": milliseconds of the day. */
static bool parse_clock(const char *s, int64_t *ms, const char **rest)
{
	int hour, minute, second = 0, fraction = 0, scale = 100;

	if (!is_digit(s[0]))
		return false;
	hour = s[0] - '0';
	s++;
	if (is_digit(*s))
		hour = hour * 10 + (*s++ - '0');
	if (*s++ != ':' || !is_digit(s[0]) || !is_digit(s[1]))
		return false;
	minute = number(s, 2);
	s += 2;
	if (s[0] == ':' && is_digit(s[1]) && is_digit(s[2])) {
		second = number(s + 1, 2);
		s += 3;
		if ((*s == ',' || *s == '.') && is_digit(s[1])) {
			for (s++; is_digit(*s); s++, scale /= 10)
				fraction += (*s - '0') * scale;
		}
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + fraction;
	*rest = s;
	return true;
}

/* "2025-03-13", with a time of day and an offset behind it or not. */
static bool parse_date(const char *s, int64_t *out)
{
	int64_t day_ms = 0;
	struct stamp zone = { 0 };

	for (int i = 0; i < 10; i++) {
		if (i == 4 || i == 7 ? s[i] != '-' : !is_digit(s[i]))
			return false;
	}
	*out = civil_ms(number(s, 4), number(s + 5, 2), number(s + 8, 2), 0, 0, 0, 0);
	if (*out == STAMP_NONE)
		return false;
	s += 10;
	if (*s == '\0')
		return true;
	if ((*s != ' ' && *s != 'T') || !parse_clock(s + 1, &day_ms, &s))
		return false;
	*out += day_ms;
	if (*s == '\0')
		return true;
	if (strcmp(s, "Z") == 0) {
		zone.has_zone = true;
	} else {
		char padded[16];

		snprintf(padded, sizeof(padded), " %.14s", s + (*s == ' ' ? 1 : 0));
		if (parse_zone(padded, strlen(padded), &zone) != strlen(padded))
			return false;
	}
	/* An instant: what the log's clock (that of this machine) showed then. The offset is that of the day itself. */
	*out -= zone.zone_min * MINUTE_MS;
	*out += local_offset_ms(*out);
	return true;
}

bool stamp_parse_when(const char *text, int64_t newest, int64_t *out, struct error *err)
{
	int64_t midnight, ms;
	const char *rest;

	while (*text == ' ')
		text++;
	if (parse_date(text, out))
		return true;
	if (newest == STAMP_NONE)
		newest = local_now();
	midnight = floor_div(newest, DAY_MS) * DAY_MS;
	if (parse_ago(text, &ms)) {
		*out = newest - ms;
		return true;
	}
	if (parse_clock(text, &ms, &rest) && *rest == '\0') {
		*out = midnight + ms > newest ? midnight + ms - DAY_MS : midnight + ms;
		return true;
	}
	if (strcasecmp(text, "now") == 0) {
		*out = newest;
	} else if (strcasecmp(text, "today") == 0) {
		*out = midnight;
	} else if (strcasecmp(text, "yesterday") == 0) {
		*out = midnight - DAY_MS;
	} else {
		error_usage(err, _("\"%s\" is not a time"), text);
		return error_next(err, _("Write 14:03, 2025-03-13, \"2025-03-13 13:58:07\", 15m or 2h (before the newest "
					 "record), today or yesterday."));
	}
	return true;
}
