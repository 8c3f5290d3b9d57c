#include "trust/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

/* "common-name#issuer#nnnnn": what each part may take of TRUST_NAME_MAX. */
#define NAME_PART_MAX 57

static bool text_check(const char *what, const char *text, size_t max, struct error *err)
{
	size_t len = strlen(text);

	if (len > max)
		return error_usage(err, _("the %s is %zu bytes long; at most %zu are allowed"), what, len, max);
	if (!trust_text_is_clean(text))
		return error_usage(err, _("the %s \"%s\" holds control characters, invisible characters or bytes "
					  "that are not UTF-8"), what, text);
	return true;
}

bool trust_name_check(const char *name, struct error *err)
{
	unsigned char sha256[32];
	size_t len = strlen(name);

	if (len == 0)
		return error_usage(err, _("the name of a certificate may not be empty"));
	if (!text_check(_("name"), name, TRUST_NAME_MAX, err))
		return false;
	if (name[0] == ' ' || name[len - 1] == ' ')
		return error_usage(err, _("the name \"%s\" begins or ends with a space"), name);
	if (trust_hex_parse(name, sha256))
		return error_usage(err, _("the name %s would be taken for a fingerprint"), name);
	return true;
}

bool trust_description_check(const char *description, struct error *err)
{
	return text_check(_("description"), description, TRUST_DESCRIPTION_MAX, err);
}

/* The highest number that a name with this beginning has. */
static unsigned long last_number(const struct trust_index *index, const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned long last = 0;

	for (size_t i = 0; i < index->count; i++) {
		const char *name = index->records[i].entry.name;
		unsigned long n;
		char *end;

		if (strncmp(name, prefix, len) != 0 || name[len] < '0' || name[len] > '9')
			continue;
		n = strtoul(name + len, &end, 10);
		/* A person may have chosen such a name with any number in it. */
		if (*end == '\0' && n > last && n < 1000000000)
			last = n;
	}
	return last;
}

/* At most NAME_PART_MAX bytes, whole characters. */
static void shorten(char *text)
{
	size_t len = strlen(text);

	if (len <= NAME_PART_MAX)
		return;
	len = NAME_PART_MAX;
	while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
}

void trust_name_make(char dst[TRUST_NAME_MAX + 1], const struct trust_index *index, X509 *certificate)
{
	char subject[TRUST_NAME_MAX + 1], issuer[TRUST_NAME_MAX + 1], prefix[TRUST_NAME_MAX + 1];

	trust_common_name(subject, X509_get_subject_name(certificate));
	trust_common_name(issuer, X509_get_issuer_name(certificate));
	shorten(subject);
	shorten(issuer);
	snprintf(prefix, sizeof(prefix), "%s#%s#", subject, issuer);
	snprintf(dst, TRUST_NAME_MAX + 1, "%.*s%05lu", TRUST_NAME_MAX - 10, prefix, last_number(index, prefix) + 1);
}
