#include "trust/validity.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

#define DAY_S 86400

char *trust_validity_bar(char *dst, int cells, time_t from, time_t until, time_t now)
{
	int mark = until > from ? (int)((double)(now - from) / (double)(until - from) * cells) : -1;
	char *at = dst;

	if (now < from)
		*at++ = '|';
	*at++ = '[';
	/* Its last day is still inside. */
	if (mark == cells && now <= until)
		mark = cells - 1;
	for (int i = 0; i < cells; i++)
		*at++ = now > until ? '=' : now < from ? '-' : i == mark ? '|' : i < mark ? '=' : '-';
	*at++ = ']';
	if (now > until)
		*at++ = '|';
	*at = '\0';
	return dst;
}

char *trust_validity_text(char *dst, time_t from, time_t until, time_t now)
{
	long days;

	if (now < from) {
		days = (long)((from - now) / DAY_S);
		snprintf(dst, TRUST_VALIDITY_TEXT_MAX, P_("not valid before %ld day from now", "not valid before %ld days from now",
			 (unsigned long)days), days);
	} else if (now > until) {
		days = (long)((now - until) / DAY_S);
		snprintf(dst, TRUST_VALIDITY_TEXT_MAX, P_("expired %ld day ago", "expired %ld days ago", (unsigned long)days), days);
	} else {
		days = (long)((until - now) / DAY_S);
		snprintf(dst, TRUST_VALIDITY_TEXT_MAX, P_("%ld day left", "%ld days left", (unsigned long)days), days);
	}
	return dst;
}
