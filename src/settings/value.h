/* value.h - one value of the table: read from text or from a parsed file, checked, compared, written. */
#ifndef PC_SETTINGS_VALUE_H
#define PC_SETTINGS_VALUE_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "settings/settings.h"

#define VALUE_ITEMS_MAX 256		/* of one list */
#define DURATION_TEXT_MAX 32

struct setting_value {
	char *text;			/* string, enum */
	int64_t number;			/* bool, int, duration (seconds) */
	char **items;			/* list */
	size_t count;
};

void value_clear(struct setting_value *v);

/* Each checks; a refusal says "key: value is not allowed; what is", without a login that stands in the value. */
bool value_parse(enum setting id, const char *text, struct setting_value *out, struct error *err);
bool value_parse_list(enum setting id, const char *const *items, size_t n, struct setting_value *out,
		      struct error *err);
bool value_read(enum setting id, const config_setting_t *node, struct setting_value *out, struct error *err);

bool value_equal(enum setting id, const struct setting_value *a, const struct setting_value *b);

/* "00:10:00" into dst; returns dst. */
char *value_duration(char dst[DURATION_TEXT_MAX], int64_t seconds);

/* For people. */
void value_text(enum setting id, const struct setting_value *v, struct buffer *out);
/* As it stands in the file, with quotes and brackets. */
void value_literal(enum setting id, const struct setting_value *v, struct buffer *out);

#endif
