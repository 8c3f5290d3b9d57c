#include "logview/record.h"

#include <string.h>
#include <strings.h>

#define LEVEL_AT (STAMP_LEN + 1)

static const struct { const char *name; size_t len; } level_names[RECORD_LEVEL_COUNT] = {
	[RECORD_LEVEL_NONE] = { "", 0 },
	[RECORD_LEVEL_TRACE] = { "TRACE", 5 },
	[RECORD_LEVEL_DEBUG] = { "DEBUG", 5 },
	[RECORD_LEVEL_INFO] = { "INFO", 4 },
	[RECORD_LEVEL_WARN] = { "WARN", 4 },
	[RECORD_LEVEL_ERROR] = { "ERROR", 5 },
	[RECORD_LEVEL_FATAL] = { "FATAL", 5 },
	[RECORD_LEVEL_OFF] = { "OFF", 3 },
};

const char *record_level_name(enum record_level level)
{
	return level < RECORD_LEVEL_COUNT ? level_names[level].name : "";
}

enum record_level record_level_by_name(const char *name, size_t n)
{
	for (size_t i = 1; i < RECORD_LEVEL_COUNT; i++) {
		if (n == level_names[i].len && strncasecmp(name, level_names[i].name, n) == 0)
			return (enum record_level)i;
	}
	if (n == 7 && strncasecmp(name, "warning", 7) == 0)
		return RECORD_LEVEL_WARN;
	return RECORD_LEVEL_COUNT;
}

struct slice record_line(const char *p, const char *limit)
{
	const char *end = memchr(p, '\n', (size_t)(limit - p));
	size_t n = (size_t)((end != NULL ? end : limit) - p);

	if (n > 0 && p[n - 1] == '\r')
		n--;
	return (struct slice){ p, n };
}

/* What is left of a line while it is taken apart. */
static void skip(struct slice *rest, size_t n)
{
	rest->p += n;
	rest->n -= n;
}

static void skip_spaces(struct slice *rest)
{
	while (rest->n > 0 && (*rest->p == ' ' || *rest->p == '\t'))
		skip(rest, 1);
}

static struct slice take_word(struct slice *rest)
{
	struct slice word = { rest->p, 0 };

	while (word.n < rest->n && word.p[word.n] != ' ' && word.p[word.n] != '\t')
		word.n++;
	skip(rest, word.n);
	return word;
}

/* The level of a word as the appliance writes it: this is asked for every record of the log. */
static enum record_level level_of_word(const struct slice *word)
{
	static const enum record_level by_letter[] = {
		['D' - 'A'] = RECORD_LEVEL_DEBUG, ['E' - 'A'] = RECORD_LEVEL_ERROR, ['F' - 'A'] = RECORD_LEVEL_FATAL,
		['I' - 'A'] = RECORD_LEVEL_INFO, ['T' - 'A'] = RECORD_LEVEL_TRACE, ['W' - 'A'] = RECORD_LEVEL_WARN,
	};
	enum record_level level = word->n > 0 && word->p[0] <= 'W' ? by_letter[word->p[0] - 'A'] : RECORD_LEVEL_NONE;

	if (word->n == level_names[level].len && memcmp(word->p, level_names[level].name, word->n) == 0)
		return level;
	return record_level_by_name(word->p, word->n);
}

/* The level is a word of its own; anything else is left for the fields behind it. */
static enum record_level take_level(struct slice *rest)
{
	struct slice word = { rest->p, 0 };
	enum record_level level;

	while (word.n < rest->n && word.p[word.n] >= 'A' && word.p[word.n] <= 'Z')
		word.n++;
	level = level_of_word(&word);
	if (level == RECORD_LEVEL_COUNT || (word.n < rest->n && memchr(" \t[\r\n", word.p[word.n], 5) == NULL))
		return RECORD_LEVEL_NONE;
	skip(rest, word.n);
	return level;
}

/* How many bytes "[name]" takes, 0 when it is not closed. Names hold brackets themselves: it closes by nesting. */
static size_t bracketed(const struct slice *rest)
{
	size_t depth = 0;

	for (size_t i = 0; i < rest->n; i++) {
		if (rest->p[i] == '[')
			depth++;
		else if (rest->p[i] == ']' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Takes "[name]" of that size; a line that is cut inside the brackets gives what there is. */
static struct slice take_brackets(struct slice *rest, size_t size)
{
	struct slice inside = { rest->p + 1, size > 0 ? size - 2 : rest->n - 1 };

	skip(rest, size > 0 ? size : rest->n);
	return inside;
}

/* "[THREAD][[MDC]]". A thread's name may have unpaired brackets: then it ends where "][[" follows. */
static void take_thread(struct slice *rest, struct record *out)
{
	size_t size = bracketed(rest);

	if (size == 0 || (size < rest->n && strchr(" \t[", rest->p[size]) == NULL)) {
		const char *mdc = memmem(rest->p, rest->n, "][[", 3);

		if (mdc != NULL)
			size = (size_t)(mdc - rest->p) + 1;
	}
	out->thread = take_brackets(rest, size);
	if (rest->n < 2 || rest->p[0] != '[' || rest->p[1] != '[')
		return;
	skip(rest, 1);
	out->mdc = take_brackets(rest, bracketed(rest));
	if (rest->n > 0 && *rest->p == ']')
		skip(rest, 1);
}

/* The four fields, when the context has the five colons that the real lines have. Addresses in it bring colons of their
 * own; then nothing is guessed. */
static void split_context(struct record *out)
{
	struct slice *const fields[4] = { &out->session, &out->user, &out->third, &out->operation };
	const char *p = out->context.p, *end = p + out->context.n;
	size_t colons = 0;

	for (const char *c = p; c < end; c++)
		colons += *c == ':';
	out->context_known = colons == 5 && *p == ':' && end[-1] == ':';
	if (!out->context_known)
		return;
	for (size_t i = 0; i < 4; i++) {
		const char *colon = memchr(p + 1, ':', (size_t)(end - p) - 1);

		*fields[i] = (struct slice){ p + 1, (size_t)(colon - p) - 1 };
		p = colon;
	}
}

/* "-:...:- MESSAGE" */
static void take_context(struct slice *rest, struct record *out)
{
	const char *end = NULL;

	if (rest->n < 2 || rest->p[0] != '-' || rest->p[1] != ':')
		return;
	for (size_t i = 1; i + 1 < rest->n; i++) {
		if (rest->p[i] == ':' && rest->p[i + 1] == '-' && (i + 2 == rest->n || rest->p[i + 2] == ' ')) {
			end = rest->p + i + 1;
			break;
		}
	}
	if (end == NULL)
		return;
	out->context = (struct slice){ rest->p + 1, (size_t)(end - rest->p) - 1 };
	split_context(out);
	skip(rest, (size_t)(end - rest->p) + 1);
}

bool record_parse(const char *line, size_t n, struct record *out)
{
	struct slice rest = record_line(line, line + n);
	size_t used;

	*out = (struct record){ .time = { .ms = STAMP_NONE }, .message = rest };
	if (!record_is_start(line, n))
		return false;
	used = stamp_parse(rest.p, rest.n, &out->time);
	out->time_text = (struct slice){ rest.p, used };
	skip(&rest, used);
	skip_spaces(&rest);
	out->level = take_level(&rest);
	skip_spaces(&rest);
	if (rest.n > 0 && *rest.p == '[') {
		take_thread(&rest, out);
		skip_spaces(&rest);
		if (rest.n > 0 && *rest.p != '-')
			out->logger = take_word(&rest);
		skip_spaces(&rest);
		take_context(&rest, out);
		skip_spaces(&rest);
		/* The layout of sibling logs: "LOGGER - MESSAGE". */
		if (out->context.n == 0 && rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == ' ')
			skip(&rest, 2);
	}
	out->message = rest;
	return true;
}

enum record_level record_level(const char *line, size_t n)
{
	const char *at = line + LEVEL_AT;
	struct slice rest = { line, n };
	struct stamp time;
	size_t used = STAMP_LEN;

	/* What nearly all lines have, without looking further. */
	if (n > LEVEL_AT + 5) {
		if (memcmp(at, "INFO ", 5) == 0)
			return RECORD_LEVEL_INFO;
		if (memcmp(at, "DEBUG ", 6) == 0)
			return RECORD_LEVEL_DEBUG;
		if (memcmp(at, "WARN ", 5) == 0)
			return RECORD_LEVEL_WARN;
		if (memcmp(at, "ERROR ", 6) == 0)
			return RECORD_LEVEL_ERROR;
	}
	/* The zone form has a sign where the level would start. */
	if (n > LEVEL_AT && (line[LEVEL_AT] == '+' || line[LEVEL_AT] == '-'))
		used = stamp_parse(line, n, &time);
	skip(&rest, used);
	skip_spaces(&rest);
	return take_level(&rest);
}
