#include "logview/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

#define LITERAL_MIN 3
#define MATCH_LIMIT 200000		/* steps of one match: less than a millisecond */
#define MATCH_LIMIT_SLOW 20000		/* ... without code for the processor: about a millisecond */
#define HEAP_LIMIT_KIB 8192
#define JIT_STACK_START 32768
#define JIT_STACK_MAX (512 * 1024)

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct literal_set literals;
	unsigned long given_up;
};

/* Unicode rules cost time, so they are on only for patterns that can tell the difference. */
static bool needs_unicode(const char *text, bool literal)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			return true;
		if (!literal && *p == '\\' && p[1] != '\0') {
			p++;
			if (strchr("pPXNxo", *p) != NULL)
				return true;
		}
	}
	return false;
}

static uint32_t options_for(bool literal, bool unicode)
{
	uint32_t options = PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C;

	if (literal)
		options = PCRE2_CASELESS | PCRE2_LITERAL;
	else
		options |= PCRE2_MULTILINE;
#ifdef PCRE2_MATCH_INVALID_UTF
	if (unicode)
		options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
#else
	(void)unicode;
#endif
	return options;
}

static bool say_what_is_wrong(const char *text, int code, size_t at, struct error *err)
{
	PCRE2_UCHAR why[256];

	pcre2_get_error_message(code, why, sizeof(why));
	error_usage(err, _("\"%s\" is not a regular expression: %s, at character %zu"), text, (const char *)why, at + 1);
	return error_next(err, "%s", _("Write a backslash before a character that is meant as it stands, or search for plain text."));
}

/* What a match needs. The code for the processor is a bonus: where there is none (a hardened kernel that lets no memory be
 * both written and run), matching is slower, not wrong. */
static bool prepare(struct pattern *p)
{
	p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
	p->context = pcre2_match_context_create(NULL);
	if (p->data == NULL || p->context == NULL)
		return false;
	pcre2_set_match_limit(p->context, MATCH_LIMIT_SLOW);
	pcre2_set_heap_limit(p->context, HEAP_LIMIT_KIB);
	if (pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0) {
		pcre2_set_match_limit(p->context, MATCH_LIMIT);
		p->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
		if (p->stack != NULL)
			pcre2_jit_stack_assign(p->context, NULL, p->stack);
	}
	return true;
}

struct pattern *pattern_new(const char *text, bool literal, struct error *err)
{
	bool unicode = needs_unicode(text, literal);
	struct pattern *p;
	size_t at = 0;
	int code = 0;

	if (strlen(text) > PATTERN_TEXT_MAX) {
		error_usage(err, _("the regular expression is longer than %d bytes"), PATTERN_TEXT_MAX);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		goto no_memory;
	p->code = pcre2_compile((PCRE2_SPTR)(const void *)text, strlen(text), options_for(literal, unicode), &code, &at, NULL);
	if (p->code == NULL) {
		say_what_is_wrong(text, code, at, err);
		pattern_free(p);
		return NULL;
	}
	if (!prepare(p))
		goto no_memory;
	if (!literal)
		literal_extract(text, unicode, LITERAL_MIN, &p->literals);
	return p;
no_memory:
	error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	pattern_free(p);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_jit_stack_free(p->stack);
	pcre2_match_context_free(p->context);
	pcre2_match_data_free(p->data);
	pcre2_code_free(p->code);
	free(p);
}

const struct literal_set *pattern_literals(const struct pattern *p)
{
	return &p->literals;
}

bool pattern_find(struct pattern *p, const char *s, size_t n, size_t from, size_t *start, size_t *end)
{
	const size_t *bounds;
	int found;

	found = pcre2_match(p->code, (PCRE2_SPTR)(const void *)s, n, from, 0, p->data, p->context);
	if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
		pcre2_set_match_limit(p->context, MATCH_LIMIT_SLOW);
		found = pcre2_match(p->code, (PCRE2_SPTR)(const void *)s, n, from, PCRE2_NO_JIT, p->data, p->context);
		pcre2_set_match_limit(p->context, MATCH_LIMIT);
	}
	if (found < 0) {
		if (found != PCRE2_ERROR_NOMATCH)
			p->given_up++;
		return false;
	}
	bounds = pcre2_get_ovector_pointer(p->data);
	/* \K can put the start behind the end. */
	*start = bounds[0] < bounds[1] ? bounds[0] : bounds[1];
	*end = bounds[1];
	return true;
}

unsigned long pattern_given_up(const struct pattern *p)
{
	return p->given_up;
}
