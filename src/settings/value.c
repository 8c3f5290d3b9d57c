#include "settings/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"

#define SHOWN_MAX 120			/* bytes of a refused value in the message */

void value_clear(struct setting_value *v)
{
	free(v->text);
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct setting_value){ 0 };
}

/* A refused value may be a URL with a password in it, or half of one. */
static void show_without_login(char *dst, size_t size, const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL)
		snprintf(dst, size, "%s", text);
	else if (strstr(text, "://") != NULL)
		text_url_without_login(dst, size, text);
	else
		snprintf(dst, size, "...%s", at);
}

static bool refuse_as(enum setting id, const char *shown, struct error *err)
{
	const struct setting_info *info = setting_info(id);
	struct buffer allowed = BUFFER_INIT(ERROR_TEXT_MAX);

	setting_allowed(id, &allowed);
	error_set(err, FINDING_CONFIG_INVALID, _("%s: %s is not allowed; %s"), info->key, shown, buffer_text(&allowed));
	buffer_clear(&allowed);
	if (info->default_text[0] != '\0')
		return error_next(err, _("Give a value that is allowed; the default is %s."), info->default_text);
	return error_next(err, _("Give a value that is allowed; the default is an empty one."));
}

static bool refuse(enum setting id, const char *text, struct error *err)
{
	enum setting_type type = setting_info(id)->type;
	char value[SHOWN_MAX], shown[SHOWN_MAX + 8];
	bool bare = type == SETTING_TYPE_INT && text[0] != '\0';

	show_without_login(value, sizeof(value), text);
	snprintf(shown, sizeof(shown), bare ? "%s" : "\"%s\"", value);
	return refuse_as(id, shown, err);
}

static bool out_of_memory(struct error *err)
{
	return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool parse_bool(const char *text, int64_t *out)
{
	static const struct { const char *word; bool value; } words[] = {
		{ "true", true }, { "yes", true }, { "on", true }, { "false", false }, { "no", false }, { "off", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static bool parse_int(const char *text, int64_t *out)
{
	size_t sign = text[0] == '-';
	char *end;

	if (text[sign] < '0' || text[sign] > '9')
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

/* HH:MM:SS; the hours may have more digits. */
static bool parse_duration(const char *text, int64_t *out)
{
	size_t hours = strspn(text, "0123456789");
	int64_t parts[3] = { 0 };

	if (hours < 1 || hours > 4 || strlen(text) != hours + 6)
		return false;
	for (size_t i = 0, part = 0; text[i] != '\0'; i++) {
		if (i == hours || i == hours + 3) {
			if (text[i] != ':')
				return false;
			part++;
		} else if (text[i] >= '0' && text[i] <= '9') {
			parts[part] = parts[part] * 10 + (text[i] - '0');
		} else {
			return false;
		}
	}
	*out = parts[0] * 3600 + parts[1] * 60 + parts[2];
	return parts[1] < 60 && parts[2] < 60;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = choices; len > 0; p++) {
		size_t n = strcspn(p, "|");

		if (n == len && strncmp(p, text, n) == 0)
			return true;
		p += n;
		if (*p == '\0')
			break;
	}
	return false;
}

/* A string, or the item of a list at `index`. An empty string is "none" where it may be empty. */
static bool text_fits(const struct setting_info *info, const char *text, size_t index)
{
	const struct setting_form *form = setting_form(info->form);
	size_t len = strlen(text);

	if (len < (size_t)info->min || len > (size_t)info->max || !form_is_clean(text, info->form == FORM_ARGUMENTS))
		return false;
	if (info->type == SETTING_TYPE_STRING && len == 0)
		return true;
	return form->fits == NULL || form->fits(text, index);
}

static bool too_many(enum setting id, size_t n, struct error *err)
{
	error_set(err, FINDING_CONFIG_INVALID, _("%s: %zu items are too many; at most %d are allowed"), setting_info(id)->key, n,
		  VALUE_ITEMS_MAX);
	return error_next(err, _("Give fewer items."));
}

bool value_parse_list(enum setting id, const char *const *items, size_t n, struct setting_value *out,
		      struct error *err)
{
	const struct setting_info *info = setting_info(id);

	*out = (struct setting_value){ 0 };
	if (n > VALUE_ITEMS_MAX)
		return too_many(id, n, err);
	out->items = calloc(n > 0 ? n : 1, sizeof(*out->items));
	if (out->items == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		if (!text_fits(info, items[i], i)) {
			refuse(id, items[i], err);
			goto fail;
		}
		out->items[out->count++] = strdup(items[i]);
		if (out->items[i] == NULL) {
			out_of_memory(err);
			goto fail;
		}
	}
	return true;
fail:
	value_clear(out);
	return false;
}

/* Items separated by commas, blanks around them dropped. Empty text is an empty list. */
static bool parse_list(enum setting id, const char *text, struct setting_value *out, struct error *err)
{
	const char *items[VALUE_ITEMS_MAX + 1];
	bool empty = text[strspn(text, " \t")] == '\0';
	char *copy = strdup(text);
	size_t n = 0;
	bool ok;

	if (copy == NULL)
		return out_of_memory(err);
	for (char *p = empty ? NULL : copy, *next; p != NULL && n <= VALUE_ITEMS_MAX; p = next) {
		char *end;

		next = strchr(p, ',');
		end = next != NULL ? next : p + strlen(p);
		if (next != NULL)
			next++;
		p += strspn(p, " \t");
		while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*end = '\0';
		items[n++] = p;
	}
	ok = value_parse_list(id, items, n, out, err);
	free(copy);
	return ok;
}

bool value_parse(enum setting id, const char *text, struct setting_value *out, struct error *err)
{
	const struct setting_info *info = setting_info(id);
	bool fits = false;

	*out = (struct setting_value){ 0 };
	switch (info->type) {
	case SETTING_TYPE_BOOL:
		fits = parse_bool(text, &out->number);
		break;
	case SETTING_TYPE_INT:
		fits = parse_int(text, &out->number) && out->number >= info->min && out->number <= info->max;
		break;
	case SETTING_TYPE_DURATION:
		fits = parse_duration(text, &out->number) && out->number >= info->min && out->number <= info->max;
		break;
	case SETTING_TYPE_LIST:
		return parse_list(id, text, out, err);
	case SETTING_TYPE_ENUM:
	case SETTING_TYPE_STRING:
		fits = info->type == SETTING_TYPE_ENUM ? is_choice(info->choices, text) : text_fits(info, text, 0);
		if (!fits)
			break;
		out->text = strdup(text);
		if (out->text == NULL)
			return out_of_memory(err);
		break;
	}
	return fits || refuse(id, text, err);
}

/* libconfig does not look whether it got memory for a string: then there is none. */
static const char *string_of(const config_setting_t *node, struct error *err)
{
	const char *text = config_setting_get_string(node);

	if (text == NULL)
		out_of_memory(err);
	return text;
}

static bool read_list(enum setting id, const config_setting_t *node, struct setting_value *out, struct error *err)
{
	const char *items[VALUE_ITEMS_MAX + 1];
	int n = config_setting_length(node);

	if (n > VALUE_ITEMS_MAX)
		return too_many(id, (size_t)n, err);
	for (int i = 0; i < n; i++) {
		const config_setting_t *item = config_setting_get_elem(node, (unsigned int)i);

		if (config_setting_type(item) != CONFIG_TYPE_STRING)
			return refuse_as(id, _("an item that is not a string"), err);
		items[i] = string_of(item, err);
		if (items[i] == NULL)
			return false;
	}
	return value_parse_list(id, items, (size_t)n, out, err);
}

/* What stands in the file, as far as a message can say it. */
static bool refuse_node(enum setting id, const config_setting_t *node, struct error *err)
{
	const char *text;
	char number[48];

	switch (config_setting_type(node)) {
	case CONFIG_TYPE_STRING:
		text = string_of(node, err);
		return text != NULL && refuse(id, text, err);
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(number, sizeof(number), "%lld", (long long)config_setting_get_int64(node));
		return refuse_as(id, number, err);
	case CONFIG_TYPE_FLOAT:
		snprintf(number, sizeof(number), "%g", config_setting_get_float(node));
		return refuse_as(id, number, err);
	case CONFIG_TYPE_BOOL:
		return refuse_as(id, config_setting_get_bool(node) ? "true" : "false", err);
	case CONFIG_TYPE_GROUP:
		return refuse_as(id, _("a group"), err);
	default:
		return refuse_as(id, _("a list"), err);
	}
}

bool value_read(enum setting id, const config_setting_t *node, struct setting_value *out, struct error *err)
{
	const struct setting_info *info = setting_info(id);
	int type = config_setting_type(node);
	const char *text;

	*out = (struct setting_value){ 0 };
	switch (info->type) {
	case SETTING_TYPE_BOOL:
		if (type != CONFIG_TYPE_BOOL)
			break;
		out->number = config_setting_get_bool(node);
		return true;
	case SETTING_TYPE_INT:
		if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
			break;
		out->number = type == CONFIG_TYPE_INT ? config_setting_get_int(node) : config_setting_get_int64(node);
		if (out->number < info->min || out->number > info->max)
			break;
		return true;
	case SETTING_TYPE_LIST:
		if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
			break;
		return read_list(id, node, out, err);
	case SETTING_TYPE_DURATION:
	case SETTING_TYPE_ENUM:
	case SETTING_TYPE_STRING:
		if (type != CONFIG_TYPE_STRING)
			break;
		text = string_of(node, err);
		return text != NULL && value_parse(id, text, out, err);
	}
	return refuse_node(id, node, err);
}

bool value_equal(enum setting id, const struct setting_value *a, const struct setting_value *b)
{
	switch (setting_info(id)->type) {
	case SETTING_TYPE_BOOL:
	case SETTING_TYPE_INT:
	case SETTING_TYPE_DURATION:
		return a->number == b->number;
	case SETTING_TYPE_ENUM:
	case SETTING_TYPE_STRING:
		return strcmp(a->text, b->text) == 0;
	case SETTING_TYPE_LIST:
		break;
	}
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

char *value_duration(char dst[DURATION_TEXT_MAX], int64_t seconds)
{
	snprintf(dst, DURATION_TEXT_MAX, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
		 (int)(seconds % 60));
	return dst;
}

void value_text(enum setting id, const struct setting_value *v, struct buffer *out)
{
	char duration[DURATION_TEXT_MAX];

	switch (setting_info(id)->type) {
	case SETTING_TYPE_BOOL:
		buffer_puts(out, v->number ? "true" : "false");
		break;
	case SETTING_TYPE_INT:
		buffer_printf(out, "%lld", (long long)v->number);
		break;
	case SETTING_TYPE_DURATION:
		buffer_puts(out, value_duration(duration, v->number));
		break;
	case SETTING_TYPE_ENUM:
	case SETTING_TYPE_STRING:
		buffer_puts(out, v->text);
		break;
	case SETTING_TYPE_LIST:
		for (size_t i = 0; i < v->count; i++)
			buffer_printf(out, "%s%s", i > 0 ? ", " : "", v->items[i]);
		break;
	}
}

static void put_quoted(const char *text, struct buffer *out)
{
	buffer_putc(out, '"');
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '"': buffer_puts(out, "\\\""); break;
		case '\\': buffer_puts(out, "\\\\"); break;
		case '\n': buffer_puts(out, "\\n"); break;
		case '\t': buffer_puts(out, "\\t"); break;
		default: buffer_putc(out, *text); break;
		}
	}
	buffer_putc(out, '"');
}

void value_literal(enum setting id, const struct setting_value *v, struct buffer *out)
{
	char duration[DURATION_TEXT_MAX];

	switch (setting_info(id)->type) {
	case SETTING_TYPE_BOOL:
	case SETTING_TYPE_INT:
		value_text(id, v, out);
		break;
	case SETTING_TYPE_DURATION:
		put_quoted(value_duration(duration, v->number), out);
		break;
	case SETTING_TYPE_ENUM:
	case SETTING_TYPE_STRING:
		put_quoted(v->text, out);
		break;
	case SETTING_TYPE_LIST:
		buffer_puts(out, "[ ");
		for (size_t i = 0; i < v->count; i++) {
			buffer_puts(out, i > 0 ? ", " : "");
			put_quoted(v->items[i], out);
		}
		buffer_puts(out, v->count > 0 ? " ]" : "]");
		break;
	}
}
