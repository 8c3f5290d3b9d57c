#include "cli/grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ITEM_INDENT 2
#define SUB_ITEM_INDENT 4
#define MORE_INDENT 8

static const char example_mark[] = "Example: ";

bool grammar_next_line(const char **rest, struct grammar_line *line)
{
	const char *s = *rest, *gap;
	size_t len = strcspn(s, "\n"), indent = strspn(s, " ");

	if (*s == '\0')
		return false;
	*rest = s + len + (s[len] == '\n');
	*line = (struct grammar_line){ .kind = GRAMMAR_TEXT, .text = s, .text_len = len };
	if (indent >= len) {
		line->kind = GRAMMAR_BLANK;
		return true;
	}
	if (strncmp(s, example_mark, sizeof(example_mark) - 1) == 0) {
		line->kind = GRAMMAR_EXAMPLE;
		line->text += sizeof(example_mark) - 1;
		line->text_len -= sizeof(example_mark) - 1;
		return true;
	}
	if (indent < ITEM_INDENT)
		return true;
	line->text += indent;
	line->text_len -= indent;
	if (indent >= MORE_INDENT) {
		line->kind = GRAMMAR_MORE;
		return true;
	}
	line->kind = GRAMMAR_ITEM;
	line->level = indent >= SUB_ITEM_INDENT;
	line->term = line->text;
	gap = strstr(line->term, "  ");
	line->term_len = gap != NULL && gap < s + len ? (size_t)(gap - line->term) : line->text_len;
	line->text += line->term_len;
	line->text_len -= line->term_len;
	while (line->text_len > 0 && *line->text == ' ') {
		line->text++;
		line->text_len--;
	}
	return true;
}

static void copy(char *dst, size_t size, const char *s, size_t len)
{
	snprintf(dst, size, "%.*s", (int)(len < size ? len : size - 1), s);
}

/* One word of a synopsis or a term, without brackets, commas and dots around it. *s moves on; 0 at the end. */
static size_t next_word(const char **s, const char *end, const char **word, bool *repeated)
{
	const char *p = *s;
	size_t len;

	while (p < end && strchr(" []|,", *p) != NULL)
		p++;
	*word = p;
	while (p < end && strchr(" ]|", *p) == NULL)
		p++;
	*s = p;
	len = (size_t)(p - *word);
	*repeated = len > 3 && memcmp(*word + len - 3, "...", 3) == 0;
	/* HOST[:PORT] is the value HOST; ID,... is ID. */
	for (size_t i = 0; i < len; i++) {
		if (strchr("[,.", (*word)[i]) != NULL)
			return i;
	}
	return len;
}

static bool is_value(const char *word, size_t len)
{
	return len > 0 && isupper((unsigned char)word[0]);
}

static void add_value(struct grammar_values *values, const char *word, size_t len, bool repeated)
{
	if (values->count == GRAMMAR_VALUES_MAX)
		return;
	copy(values->names[values->count++], GRAMMAR_NAME_MAX, word, len);
	values->repeated = repeated;
}

static struct grammar_option *find_option(struct grammar *g, const char *verb, const char *name)
{
	for (size_t i = 0; i < g->option_count; i++) {
		if (strcmp(g->options[i].name, name) == 0 && strcmp(g->options[i].verb, verb) == 0)
			return &g->options[i];
	}
	return NULL;
}

/* The option as known, or a new one. NULL when there are too many. */
static struct grammar_option *take_option(struct grammar *g, const char *verb, const char *word, size_t len)
{
	char name[GRAMMAR_NAME_MAX];
	struct grammar_option *option;

	copy(name, sizeof(name), word, len);
	option = find_option(g, verb, name);
	if (option != NULL || g->option_count == GRAMMAR_OPTIONS_MAX)
		return option;
	option = &g->options[g->option_count++];
	*option = (struct grammar_option){ .verb = "" };
	copy(option->name, sizeof(option->name), name, strlen(name));
	copy(option->verb, sizeof(option->verb), verb, strlen(verb));
	return option;
}

/* One alternative of a synopsis: "import FILE... [--name NAME]", or all of it. */
static void read_alternative(struct grammar *g, const char *s, const char *end)
{
	struct grammar_verb *verb;
	struct grammar_option *option = NULL;
	const char *word;
	bool repeated, first = true;
	size_t len;

	if (g->verb_count == GRAMMAR_VERBS_MAX)
		return;
	verb = &g->verbs[g->verb_count++];
	*verb = (struct grammar_verb){ .name = "" };
	for (; (len = next_word(&s, end, &word, &repeated)) > 0; first = false) {
		if (first && islower((unsigned char)word[0])) {
			copy(verb->name, sizeof(verb->name), word, len);
		} else if (word[0] == '-') {
			option = take_option(g, verb->name, word, len);
		} else if (is_value(word, len)) {
			add_value(option != NULL ? &option->values : &verb->values, word, len, repeated && option == NULL);
		}
		/* A closed bracket ends the option's values. */
		if (s >= end || *s == ']' || *s == '|')
			option = NULL;
	}
}

/* The end of this alternative: " | " outside of brackets, or the end of all. */
static const char *alternative_end(const char *s)
{
	int depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '[')
			depth++;
		else if (*s == ']')
			depth--;
		else if (*s == '|' && depth == 0)
			break;
	}
	return s;
}

static void read_synopsis(struct grammar *g, const char *s)
{
	const char *first = s + strspn(s, " ");

	/* Alternatives without verbs, "FINDING | --list", are one. */
	if (!islower((unsigned char)first[0])) {
		read_alternative(g, s, s + strlen(s));
		return;
	}
	for (;;) {
		const char *end = alternative_end(s);

		read_alternative(g, s, end);
		if (*end == '\0')
			return;
		s = end + 1;
	}
}

static struct grammar_verb *verb_named(struct grammar *g, const char *word, size_t len)
{
	for (size_t i = 0; i < g->verb_count; i++) {
		if (strlen(g->verbs[i].name) == len && len > 0 && strncmp(g->verbs[i].name, word, len) == 0)
			return &g->verbs[i];
	}
	return NULL;
}

/* A term of options: "--usage USAGE,...", "-o, --output FILE", "--enable, --disable". The values belong to all of them. */
static void read_option_item(struct grammar *g, const char *verb, const struct grammar_line *line)
{
	const char *s = line->term, *end = s + line->term_len, *word;
	struct grammar_option *taken[4], *option = NULL;
	size_t n = 0, len;
	bool repeated;

	while ((len = next_word(&s, end, &word, &repeated)) > 0) {
		if (word[0] == '-') {
			option = take_option(g, verb, word, len);
			if (option == NULL || n == sizeof(taken) / sizeof(taken[0]))
				return;
			taken[n++] = option;
			option->values.count = 0;
			copy(option->text, sizeof(option->text), line->text, line->text_len);
		} else if (option != NULL && is_value(word, len)) {
			add_value(&option->values, word, len, false);
		}
	}
	for (size_t i = 0; i + 1 < n; i++) {
		if (taken[i]->name[1] != '-' && taken[i]->values.count == 0)
			taken[i]->values = option->values;
	}
}

/* A term of verbs: "show NAME", "enable NAME, disable NAME". Says the verb that the items below belong to. */
static const char *read_verb_item(struct grammar *g, const struct grammar_line *line, const char *current)
{
	const char *s = line->term, *end = s + line->term_len, *word;
	bool repeated;
	size_t len;

	while ((len = next_word(&s, end, &word, &repeated)) > 0) {
		struct grammar_verb *verb = verb_named(g, word, len);

		if (verb == NULL)
			continue;
		copy(verb->text, sizeof(verb->text), line->text, line->text_len);
		current = verb->name;
	}
	return current;
}

static void read_help(struct grammar *g, const char *help)
{
	const char *verb = "";
	struct grammar_line line;

	while (grammar_next_line(&help, &line)) {
		if (line.kind != GRAMMAR_ITEM)
			continue;
		if (line.term[0] == '-')
			read_option_item(g, line.level == 0 ? "" : verb, &line);
		else if (line.level == 0)
			verb = read_verb_item(g, &line, verb);
	}
}

void grammar_read(struct grammar *g, const char *synopsis, const char *help)
{
	g->verb_count = 0;
	g->option_count = 0;
	read_synopsis(g, synopsis);
	read_help(g, help);
}

const struct grammar_verb *grammar_verb(const struct grammar *g, const char *name)
{
	for (size_t i = 0; i < g->verb_count; i++) {
		if (strcmp(g->verbs[i].name, name) == 0)
			return &g->verbs[i];
	}
	return NULL;
}

const struct grammar_option *grammar_option(const struct grammar *g, const char *verb, const char *name)
{
	const struct grammar_option *common = NULL;

	for (size_t i = 0; i < g->option_count; i++) {
		if (strcmp(g->options[i].name, name) != 0)
			continue;
		if (strcmp(g->options[i].verb, verb) == 0)
			return &g->options[i];
		if (g->options[i].verb[0] == '\0')
			common = &g->options[i];
	}
	return common;
}
