#include "base/when.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define FORMAT_MAX 64

/* LC_TIME is one in which nobody writes. */
static bool is_neutral(void)
{
	const char *name = setlocale(LC_TIME, NULL);

	return name == NULL || strcmp(name, "C") == 0 || strncmp(name, "C.", 2) == 0 || strcmp(name, "POSIX") == 0;
}

/* The form of a day. Two digits of a year are enough for a letter, and not for a certificate. */
static void day_format(char format[FORMAT_MAX])
{
	const char *own = nl_langinfo(D_FMT);
	size_t n = 0;

	for (; *own != '\0' && n + 2 < FORMAT_MAX; own++) {
		format[n++] = *own;
		if (*own == '%' && own[1] != '\0') {
			own++;
			format[n++] = *own == 'y' ? 'Y' : *own;
		}
	}
	format[n] = '\0';
}

/* LC_TIME may be of another character set than the terminal. */
static bool can_be_shown(const char *text)
{
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	uint32_t cp;

	for (size_t n; *text != '\0'; text += n) {
		n = text_utf8_decode(text, strlen(text), &cp);
		if (n == 0 || (n > 1 && !utf8))
			return false;
	}
	return true;
}

/* The day, then `rest` of strftime(); false where it has to be said in the neutral way. The format is the locale's own, so
 * no compiler can check it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool in_locale(char *dst, const struct tm *tm, const char *rest)
{
	char format[FORMAT_MAX + 16];

	if (is_neutral())
		return false;
	day_format(format);
	snprintf(format + strlen(format), sizeof(format) - strlen(format), "%s", rest);
	return strftime(dst, WHEN_TEXT_MAX, format, tm) > 0 && can_be_shown(dst);
}
#pragma GCC diagnostic pop

char *when_utc(char *dst, time_t t)
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || !in_locale(dst, &tm, " %X UTC"))
		clock_rfc3339(dst, t);
	return dst;
}

char *when_day(char *dst, time_t t)
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || !in_locale(dst, &tm, ""))
		clock_rfc3339(dst, t)[strlen("2026-11-23")] = '\0';
	return dst;
}

char *when_here(char *dst, time_t t)
{
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return strcpy(dst, "?");
	if (!in_locale(dst, &tm, " %X"))
		strftime(dst, WHEN_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	return dst;
}

char *when_here_minute(char *dst, time_t t)
{
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return strcpy(dst, "?");
	if (!in_locale(dst, &tm, " %H:%M"))
		strftime(dst, WHEN_TEXT_MAX, "%Y-%m-%d %H:%M", &tm);
	return dst;
}
