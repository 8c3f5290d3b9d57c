#include "logview/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "logview/filter_private.h"
#include "logview/lines.h"
#include "logview/name.h"

#define DRIVER_MIN 2			/* a shorter text is not worth searching for first */

/* --- making ---------------------------------------------------------------------------------------------------------- */

struct filter *filter_new(void)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (f != NULL)
		filter_set_range(f, STAMP_NONE, STAMP_NONE);
	return f;
}

static void driver_clear(struct filter_driver *driver)
{
	needle_clear(&driver->own);
	tokens_free(driver->tokens);
	*driver = (struct filter_driver){ 0 };
}

static void term_clear(struct filter_term *term)
{
	free(term->text);
	needle_clear(&term->needle);
	pattern_free(term->pattern);
	*term = (struct filter_term){ 0 };
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		term_clear(&f->terms[i]);
	driver_clear(&f->driver);
	signatures_free(f->signatures);
	free(f->since_text);
	free(f->until_text);
	free(f);
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

/* Makes what a term searches with. */
static bool term_compile(struct filter *f, struct filter_term *term, struct error *err)
{
	size_t len = strlen(term->text);

	switch (term->kind) {
	case FILTER_FAILURES:
		if (f->signatures == NULL)
			f->signatures = signatures_new();
		return f->signatures != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	case FILTER_TEXT:
		if (len > NEEDLE_MAX)
			return error_usage(err, _("the text to filter by is longer than %d bytes"), NEEDLE_MAX);
		if (is_ascii(term->text))
			return needle_init(&term->needle, term->text, len) ||
			       error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		term->pattern = pattern_new(term->text, true, err);
		return term->pattern != NULL;
	case FILTER_REGEX:
		term->pattern = pattern_new(term->text, false, err);
		return term->pattern != NULL;
	default:
		if (len > NAME_PATTERN_MAX)
			return error_usage(err, _("the name to filter by is longer than %d bytes"), NAME_PATTERN_MAX);
		return true;
	}
}

bool filter_add(struct filter *f, enum filter_kind kind, bool exclude, const char *text, struct error *err)
{
	struct filter_term *term = &f->terms[f->count];

	if (f->count == FILTER_TERMS_MAX)
		return error_usage(err, _("a filter has at most %d conditions"), FILTER_TERMS_MAX);
	if (kind != FILTER_FAILURES && text[0] == '\0') {
		error_usage(err, _("the text to filter by is empty"));
		return error_next(err, _("Leave the option out to see everything."));
	}
	*term = (struct filter_term){ .kind = kind, .exclude = exclude, .text = strdup(text) };
	if (term->text == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!term_compile(f, term, err)) {
		term_clear(term);
		return false;
	}
	f->count++;
	return true;
}

bool filter_set_level(struct filter *f, const char *text, struct error *err)
{
	bool exact = text[0] == '=';
	enum record_level level = record_level_by_name(text + (exact ? 1 : 0), strlen(text) - (exact ? 1 : 0));

	if (level == RECORD_LEVEL_COUNT) {
		error_usage(err, _("there is no level \"%s\""), text);
		return error_next(err, _("Levels are trace, debug, info, warn, error, fatal (and worse), or =info for just one."));
	}
	f->level = level;
	f->level_exact = exact;
	return true;
}

static bool set_time_text(char **place, const char *text, struct error *err)
{
	int64_t ms;
	char *copy = NULL;

	if (text != NULL && text[0] != '\0') {
		if (!stamp_parse_when(text, 0, &ms, err))
			return false;
		copy = strdup(text);
		if (copy == NULL)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	free(*place);
	*place = copy;
	return true;
}

bool filter_set_since(struct filter *f, const char *text, struct error *err)
{
	f->since = INT64_MIN;
	return set_time_text(&f->since_text, text, err);
}

bool filter_set_until(struct filter *f, const char *text, struct error *err)
{
	f->until = INT64_MAX;
	return set_time_text(&f->until_text, text, err);
}

void filter_set_range(struct filter *f, int64_t since_ms, int64_t until_ms)
{
	f->since = since_ms == STAMP_NONE ? INT64_MIN : since_ms;
	f->until = until_ms == STAMP_NONE ? INT64_MAX : until_ms;
}

/* Adds what `from` asks for, its times by number. */
static bool add_all(struct filter *f, const struct filter *from)
{
	if (from->level > f->level || from->level_exact) {
		f->level = from->level;
		f->level_exact = from->level_exact;
	}
	if (from->since > f->since)
		f->since = from->since;
	if (from->until < f->until)
		f->until = from->until;
	for (size_t i = 0; i < from->count; i++) {
		if (!filter_add(f, from->terms[i].kind, from->terms[i].exclude, from->terms[i].text, NULL))
			return false;
	}
	return true;
}

struct filter *filter_combine(const struct filter *a, const struct filter *b)
{
	struct filter *f = filter_new();

	if (f != NULL && add_all(f, a) && (b == NULL || add_all(f, b)) && filter_ready(f, STAMP_NONE, NULL))
		return f;
	filter_free(f);
	return NULL;
}

struct filter *filter_clone(const struct filter *f)
{
	return filter_combine(f, NULL);
}

/* --- choosing how to search ------------------------------------------------------------------------------------------ */

/* Is it the only one of its kind that is kept? Of several threads only one must match, so none of them is sure. */
static bool only_of_its_kind(const struct filter *f, const struct filter_term *term)
{
	for (size_t i = 0; i < f->count; i++) {
		if (&f->terms[i] != term && f->terms[i].kind == term->kind && !f->terms[i].exclude)
			return false;
	}
	return true;
}

/* The text, of all terms, that a search for it would stop at least often: by length, which is what counts most. */
static size_t term_literal(const struct filter *f, const struct filter_term *term, const char **text)
{
	switch (term->kind) {
	case FILTER_TEXT:
		*text = term->text;
		return term->pattern == NULL ? term->needle.len : 0;
	case FILTER_REGEX:
		*text = pattern_literals(term->pattern)->text[0];
		return pattern_literals(term->pattern)->count == 1 ? strlen(*text) : 0;
	case FILTER_FAILURES:
		return 0;
	default:
		return only_of_its_kind(f, term) ? name_literal(term->text, text) : 0;
	}
}

static bool drive_by_needle(struct filter *f)
{
	const struct filter_term *best = NULL;
	const char *best_text = NULL;
	size_t best_len = DRIVER_MIN - 1;

	for (size_t i = 0; i < f->count; i++) {
		const char *text = NULL;
		size_t len = f->terms[i].exclude ? 0 : term_literal(f, &f->terms[i], &text);

		if (len > best_len) {
			best = &f->terms[i];
			best_text = text;
			best_len = len;
		}
	}
	if (best == NULL)
		return false;
	if (best->kind == FILTER_TEXT) {
		f->driver.needle = &best->needle;
		/* With a newline in it, it could stand across two records. */
		f->driver.settles = strchr(best->text, '\n') == NULL ? best : NULL;
	} else if (needle_init(&f->driver.own, best_text, best_len)) {
		f->driver.needle = &f->driver.own;
	}
	return f->driver.needle != NULL;
}

static void drive_by_tokens(struct filter *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct filter_term *term = &f->terms[i];
		const char *texts[LITERAL_ALTERNATIVES_MAX];
		const struct literal_set *set;

		if (term->exclude)
			continue;
		if (term->kind == FILTER_FAILURES) {
			f->driver.failures = true;
			f->driver.settles = term;
			return;
		}
		if (term->kind != FILTER_REGEX)
			continue;
		set = pattern_literals(term->pattern);
		for (size_t k = 0; k < set->count; k++)
			texts[k] = set->text[k];
		if (set->count > 1)
			f->driver.tokens = tokens_new(texts, set->count);
		if (f->driver.tokens != NULL)
			return;
	}
}

bool filter_ready(struct filter *f, int64_t newest, struct error *err)
{
	if (f->since_text != NULL && !stamp_parse_when(f->since_text, newest, &f->since, err))
		return false;
	if (f->until_text != NULL && !stamp_parse_when(f->until_text, newest, &f->until, err))
		return false;
	driver_clear(&f->driver);
	if (!drive_by_needle(f))
		drive_by_tokens(f);
	return true;
}

bool filter_is_empty(const struct filter *f)
{
	return f->count == 0 && f->level == RECORD_LEVEL_NONE && f->since == INT64_MIN && f->until == INT64_MAX &&
	       f->since_text == NULL && f->until_text == NULL;
}

bool filter_is_relative(const struct filter *f)
{
	return f->since_text != NULL || f->until_text != NULL;
}

/* --- what others ask ------------------------------------------------------------------------------------------------- */

enum record_level filter_level_floor(const struct filter *f)
{
	return f->level;
}

int64_t filter_since_ms(const struct filter *f)
{
	return f->since;
}

int64_t filter_until_ms(const struct filter *f)
{
	return f->until;
}

unsigned long filter_given_up(const struct filter *f)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < f->count; i++)
		sum += f->terms[i].pattern != NULL ? pattern_given_up(f->terms[i].pattern) : 0;
	return sum;
}
