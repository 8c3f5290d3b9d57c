/* Filters as text: what people type into the console and what is saved. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "logview/filter_private.h"

#define CONDITION_MAX (PATTERN_TEXT_MAX + 16)

static const struct { const char *name; enum filter_kind kind; } name_keys[] = {
	{ "thread", FILTER_THREAD }, { "logger", FILTER_LOGGER }, { "user", FILTER_USER },
	{ "session", FILTER_SESSION }, { "operation", FILTER_OPERATION },
};

typedef bool setter_fn(struct filter *f, const char *text, struct error *err);
static const struct { const char *name; setter_fn *set; } setter_keys[] = {
	{ "level", filter_set_level }, { "since", filter_set_since }, { "until", filter_set_until },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *filter_kind_name(enum filter_kind kind)
{
	for (size_t i = 0; i < COUNT(name_keys); i++) {
		if (name_keys[i].kind == kind)
			return name_keys[i].name;
	}
	return NULL;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static const char *skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static const char *word_end(const char *p)
{
	return p + strcspn(p, " \t");
}

/* "KEY:" at p; NULL when p does not start so. */
static const char *after_key(const char *p, const char *key)
{
	size_t n = strlen(key);

	return strncasecmp(p, key, n) == 0 && p[n] == ':' ? p + n + 1 : NULL;
}

/* The end (the slash) of "/expression/" at p, NULL when p is none: a path such as /opt/x is text. */
static const char *regex_end(const char *p)
{
	if (*p != '/' || p[1] == '/')
		return NULL;
	for (p++; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '/')
			return p[1] == '\0' || p[1] == ' ' || p[1] == '\t' ? p : NULL;
	}
	return NULL;
}

/* Does something other than plain text start here? */
static bool starts_condition(const char *p)
{
	if (*p == '!' && p[1] != '\0' && p[1] != ' ' && p[1] != '\t')
		return true;
	if (*p == '"' || regex_end(p) != NULL || after_key(p, "is") != NULL)
		return true;
	for (size_t i = 0; i < COUNT(name_keys); i++) {
		if (after_key(p, name_keys[i].name) != NULL)
			return true;
	}
	for (size_t i = 0; i < COUNT(setter_keys); i++) {
		if (after_key(p, setter_keys[i].name) != NULL)
			return true;
	}
	return false;
}

/* Reads "..." at *p into `out`, or the word there. */
static bool read_value(const char **p, struct buffer *out, struct error *err)
{
	const char *s = *p;

	buffer_reset(out);
	if (*s != '"') {
		buffer_append(out, s, (size_t)(word_end(s) - s));
		*p = word_end(s);
		return true;
	}
	for (s++; *s != '"'; s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		if (*s == '\0')
			return error_usage(err, _("a quotation mark is not closed in the filter: %s"), *p);
		buffer_putc(out, *s);
	}
	*p = s + 1;
	return true;
}

/* Plain words up to the next condition, with the spaces between them. */
static void read_phrase(const char **p, struct buffer *out)
{
	const char *end = word_end(*p), *next = skip_spaces(end);

	while (*next != '\0' && !starts_condition(next)) {
		end = word_end(next);
		next = skip_spaces(end);
	}
	buffer_reset(out);
	buffer_append(out, *p, (size_t)(end - *p));
	*p = end;
}

/* Conditions with a key. Sets *known when there was one. */
static bool parse_keyed(struct filter *f, const char **p, bool exclude, struct buffer *value, bool *known,
			struct error *err)
{
	const char *after;

	*known = true;
	for (size_t i = 0; i < COUNT(name_keys); i++) {
		after = after_key(*p, name_keys[i].name);
		if (after == NULL)
			continue;
		*p = after;
		return read_value(p, value, err) && filter_add(f, name_keys[i].kind, exclude, buffer_text(value), err);
	}
	for (size_t i = 0; i < COUNT(setter_keys); i++) {
		after = after_key(*p, setter_keys[i].name);
		if (after == NULL)
			continue;
		if (exclude)
			return error_usage(err, _("a filter cannot have the opposite of \"%s\""), setter_keys[i].name);
		*p = after;
		return read_value(p, value, err) && setter_keys[i].set(f, buffer_text(value), err);
	}
	after = after_key(*p, "is");
	if (after != NULL) {
		*p = after;
		if (!read_value(p, value, err))
			return false;
		if (strcasecmp(buffer_text(value), "failure") != 0 && strcasecmp(buffer_text(value), "failures") != 0)
			return error_usage(err, _("\"is:%s\" is not known; is:failure is"), buffer_text(value));
		return filter_add(f, FILTER_FAILURES, exclude, "", err);
	}
	*known = false;
	return true;
}

static bool parse_condition(struct filter *f, const char **p, struct buffer *value, struct error *err)
{
	bool exclude = false, known;
	const char *end;

	if (**p == '!' && starts_condition(*p)) {
		exclude = true;
		(*p)++;
	}
	if (**p == '"')
		return read_value(p, value, err) && filter_add(f, FILTER_TEXT, exclude, buffer_text(value), err);
	end = regex_end(*p);
	if (end != NULL) {
		buffer_reset(value);
		buffer_append(value, *p + 1, (size_t)(end - *p) - 1);
		*p = end + 1;
		return filter_add(f, FILTER_REGEX, exclude, buffer_text(value), err);
	}
	if (!parse_keyed(f, p, exclude, value, &known, err))
		return false;
	if (known)
		return true;
	read_phrase(p, value);
	return filter_add(f, FILTER_TEXT, exclude, buffer_text(value), err);
}

bool filter_parse(struct filter *f, const char *text, struct error *err)
{
	struct buffer value = BUFFER_INIT(CONDITION_MAX);
	const char *p = skip_spaces(text);
	bool ok = true;

	while (ok && *p != '\0') {
		ok = parse_condition(f, &p, &value, err);
		if (ok && value.failed)
			ok = error_usage(err, _("a condition of the filter is longer than %d bytes"), CONDITION_MAX);
		p = skip_spaces(p);
	}
	buffer_clear(&value);
	return ok;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void print_quoted(struct buffer *out, const char *text)
{
	buffer_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buffer_putc(out, '\\');
		buffer_putc(out, *text);
	}
	buffer_putc(out, '"');
}

static void print_value(struct buffer *out, const char *text)
{
	if (text[strcspn(text, " \t\"")] == '\0' && text[0] != '\0')
		buffer_puts(out, text);
	else
		print_quoted(out, text);
}

static void print_regex(struct buffer *out, const char *text)
{
	buffer_putc(out, '/');
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			buffer_putc(out, *text++);
		else if (*text == '/')
			buffer_putc(out, '\\');
		buffer_putc(out, *text);
	}
	buffer_putc(out, '/');
}

static void start_condition(struct buffer *out, bool exclude)
{
	if (out->len > 0)
		buffer_putc(out, ' ');
	if (exclude)
		buffer_putc(out, '!');
}

static void print_term(struct buffer *out, const struct filter_term *term)
{
	start_condition(out, term->exclude);
	switch (term->kind) {
	case FILTER_TEXT:
		print_quoted(out, term->text);
		break;
	case FILTER_REGEX:
		print_regex(out, term->text);
		break;
	case FILTER_FAILURES:
		buffer_puts(out, "is:failure");
		break;
	default:
		buffer_printf(out, "%s:", filter_kind_name(term->kind));
		print_value(out, term->text);
		break;
	}
}

static void print_time(struct buffer *out, const char *key, const char *text, int64_t ms, int64_t none)
{
	char stamp[STAMP_TEXT_MAX];

	if (text == NULL && ms == none)
		return;
	start_condition(out, false);
	buffer_printf(out, "%s:", key);
	print_value(out, text != NULL ? text : stamp_text(stamp, ms));
}

void filter_print(const struct filter *f, struct buffer *out)
{
	for (size_t i = 0; i < f->count; i++)
		print_term(out, &f->terms[i]);
	if (f->level != RECORD_LEVEL_NONE) {
		start_condition(out, false);
		buffer_printf(out, "level:%s%s", f->level_exact ? "=" : "", record_level_name(f->level));
	}
	print_time(out, "since", f->since_text, f->since, INT64_MIN);
	print_time(out, "until", f->until_text, f->until, INT64_MAX);
}
