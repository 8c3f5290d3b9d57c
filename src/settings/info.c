#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "settings/settings.h"
#include "settings/value.h"

#define KEY_TEXT_MAX 64

static const struct setting_info table[SETTING_COUNT] = {
#define SETTING(id, key, type, default_text, choices, min, max, form, label, help) \
	[SETTING_##id] = { key, SETTING_TYPE_##type, default_text, choices, min, max, FORM_##form, label, help },
#include "settings/settings.def"
#undef SETTING
};

const struct setting_info *setting_info(enum setting id)
{
	return &table[id];
}

enum setting setting_by_key(const char *key)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (strcmp(table[i].key, key) == 0)
			return (enum setting)i;
	}
	return SETTING_COUNT;
}

/* Levenshtein's distance; a text too long to be a slip is far from everything. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_TEXT_MAX + 1], la = strlen(a), lb = strlen(b);

	if (la > KEY_TEXT_MAX || lb > KEY_TEXT_MAX)
		return KEY_TEXT_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t replace = diagonal + (a[i - 1] != b[j - 1]), skip = row[j] < row[j - 1] ? row[j] : row[j - 1];

			diagonal = row[j];
			row[j] = replace < skip + 1 ? replace : skip + 1;
		}
	}
	return row[lb];
}

enum setting setting_nearest(const char *key)
{
	size_t best = strlen(key) / 3 + 2;
	enum setting nearest = SETTING_COUNT;

	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *whole = table[i].key;
		/* "port" is meant to be proxy.port. */
		size_t d = distance(key, strchr(key, '.') != NULL ? whole : strchr(whole, '.') + 1);

		if (d < best) {
			best = d;
			nearest = (enum setting)i;
		}
	}
	return nearest;
}

void setting_allowed(enum setting id, struct buffer *out)
{
	const struct setting_info *info = &table[id];
	const char *form = _(setting_form(info->form)->allowed);
	char from[DURATION_TEXT_MAX], to[DURATION_TEXT_MAX];

	switch (info->type) {
	case SETTING_TYPE_BOOL:
		buffer_puts(out, _("true or false"));
		break;
	case SETTING_TYPE_INT:
		buffer_printf(out, _("a number from %lld to %lld"), (long long)info->min, (long long)info->max);
		break;
	case SETTING_TYPE_DURATION:
		buffer_printf(out, _("hours, minutes and seconds as \"HH:MM:SS\", from %s to %s"),
			      value_duration(from, info->min), value_duration(to, info->max));
		break;
	case SETTING_TYPE_ENUM:
		buffer_puts(out, _("one of "));
		for (const char *p = info->choices; *p != '\0'; p++) {
			if (*p == '|')
				buffer_puts(out, ", ");
			else
				buffer_putc(out, *p);
		}
		break;
	case SETTING_TYPE_STRING:
		buffer_printf(out, _("%s, at most %lld bytes"), form, (long long)info->max);
		if (info->min == 0)
			buffer_puts(out, _("; or empty"));
		break;
	case SETTING_TYPE_LIST:
		if (info->form == FORM_ARGUMENTS)
			buffer_printf(out, _("a list of %s"), form);
		else
			buffer_printf(out, _("a list; each item %s"), form);
		break;
	}
}
