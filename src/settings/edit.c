#include "settings/edit.h"

#include <string.h>

#include "settings/scan.h"


/* A range of the text. */
struct span {
	size_t start, end;
};

/* Where a setting "name = value;" stands. */
struct site {
	struct span whole;		/* name to terminator */
	struct span value;
};

static bool is_mark(const struct scan *s, enum scan_token token, char mark)
{
	return token == SCAN_MARK && s->text[s->start] == mark;
}

/* Moves over the rest of a bracketed value whose opening bracket was read; its end is s->pos. */
static bool skip_brackets(struct scan *s)
{
	int depth = 1;

	while (depth > 0) {
		enum scan_token token = scan_next(s);

		if (token == SCAN_END || token == SCAN_BAD)
			return false;
		if (token != SCAN_MARK)
			continue;
		if (strchr("{[(", s->text[s->start]) != NULL)
			depth++;
		else if (strchr("}])", s->text[s->start]) != NULL)
			depth--;
	}
	return true;
}

/* Reads a value: brackets, strings beside each other, or one word. */
static bool read_value(struct scan *s, struct span *value)
{
	enum scan_token token = scan_next(s);

	value->start = s->start;
	if (token == SCAN_MARK) {
		if (strchr("{[(", s->text[s->start]) == NULL || !skip_brackets(s))
			return false;
	} else if (token == SCAN_STRING) {
		struct scan ahead = *s;

		while (scan_next(&ahead) == SCAN_STRING)
			*s = ahead;
	} else if (token != SCAN_WORD) {
		return false;
	}
	value->end = s->pos;
	return true;
}

/* Finds the setting `name` among those from s->pos to `end`. False: the text is not understood. */
static bool find_setting(struct scan s, size_t end, const char *name, size_t name_len, struct site *site, bool *found)
{
	*found = false;
	s.len = end;
	for (;;) {
		enum scan_token token = scan_next(&s);
		struct site here = { .whole = { .start = s.start } };
		size_t len = s.pos - s.start;
		struct scan ahead;

		if (token == SCAN_END)
			return true;
		if (token == SCAN_INCLUDE)
			continue;
		if (token != SCAN_WORD)
			return false;
		token = scan_next(&s);
		if (!(is_mark(&s, token, '=') || is_mark(&s, token, ':')) || !read_value(&s, &here.value))
			return false;
		here.whole.end = s.pos;
		ahead = s;
		token = scan_next(&ahead);
		if (is_mark(&ahead, token, ';') || is_mark(&ahead, token, ',')) {
			s = ahead;
			here.whole.end = s.pos;
		}
		if (len == name_len && memcmp(s.text + here.whole.start, name, len) == 0) {
			*site = here;
			*found = true;
			return true;
		}
	}
}

/* Whether a name or a number can have it. In "a = 5b = 6" the 5 ends where b begins, without a blank: what comes to stand beside
 * such a word must not become a part of it. */
static bool in_word(char c)
{
	return c != '\0' && strchr(" \t\r\n\f=:,;{}[]()\"#/", c) == NULL;
}

static void append_apart(struct buffer *out, const char *text, size_t len)
{
	if (len > 0 && out->len > 0 && in_word(out->data[out->len - 1]) && in_word(text[0]))
		buffer_putc(out, ' ');
	buffer_append(out, text, len);
}

static bool replace(struct buffer *text, struct span span, const char *with)
{
	struct buffer out = BUFFER_INIT(text->max);
	const char *old = buffer_text(text);

	buffer_append(&out, old, span.start);
	append_apart(&out, with, strlen(with));
	append_apart(&out, old + span.end, text->len - span.end);
	if (out.failed) {
		buffer_clear(&out);
		return false;
	}
	buffer_clear(text);
	*text = out;
	return true;
}

static size_t line_start(const char *text, size_t pos)
{
	while (pos > 0 && text[pos - 1] != '\n')
		pos--;
	return pos;
}

static size_t skip_blanks(const char *text, size_t pos, size_t end)
{
	while (pos < end && (text[pos] == ' ' || text[pos] == '\t'))
		pos++;
	return pos;
}

/* Takes a setting out, with its line when nothing else stands there. */
static bool remove_setting(struct buffer *text, struct span whole)
{
	size_t start = line_start(text->data, whole.start), end = skip_blanks(text->data, whole.end, text->len);

	if (skip_blanks(text->data, start, whole.start) == whole.start) {
		if (end < text->len && text->data[end] == '\r')
			end++;
		if (end == text->len || text->data[end] == '\n')
			whole = (struct span){ start, end < text->len ? end + 1 : end };
	}
	return replace(text, whole, "");
}

/* What a new line of the group is indented with: as its first line is, or one step more than the closing brace. */
static void put_indent(const struct buffer *text, struct span group, size_t brace_line, struct buffer *out)
{
	const char *newline = memchr(text->data + group.start, '\n', group.end - group.start);
	size_t first = (size_t)(newline - text->data) + 1, end = skip_blanks(text->data, first, brace_line);

	if (end > first) {
		buffer_append(out, text->data + first, end - first);
	} else {
		buffer_append(out, text->data + brace_line, group.end - 1 - brace_line);
		buffer_putc(out, '\t');
	}
}

/* Puts "name = literal;" before the closing brace of a group, on a line of its own where the brace has one. */
static bool insert_in_group(struct buffer *text, struct span group, const char *name, const char *literal)
{
	size_t brace = group.end - 1, line = line_start(text->data, brace);
	bool own_line = line > group.start && skip_blanks(text->data, line, brace) == brace;
	struct span at = { own_line ? line : brace, own_line ? line : brace };
	struct buffer added = BUFFER_INIT(text->max);
	bool ok;

	if (own_line) {
		put_indent(text, group, line, &added);
		buffer_printf(&added, "%s = %s;\n", name, literal);
	} else {
		bool spaced = strchr(" \t\n", text->data[brace - 1]) != NULL;

		buffer_printf(&added, "%s%s = %s; ", spaced ? "" : " ", name, literal);
	}
	ok = !added.failed && replace(text, at, buffer_text(&added));
	buffer_clear(&added);
	return ok;
}

static bool append_group(struct buffer *text, const char *group, size_t group_len, const char *name,
			 const char *literal)
{
	struct buffer added = BUFFER_INIT(text->max);
	bool ok;

	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buffer_putc(&added, '\n');
	buffer_printf(&added, "%s%.*s = {\n\t%s = %s;\n};\n", text->len > 0 ? "\n" : "", (int)group_len, group, name,
		      literal);
	ok = !added.failed && replace(text, (struct span){ text->len, text->len }, buffer_text(&added));
	buffer_clear(&added);
	return ok;
}

bool edit_set(struct buffer *text, const char *key, const char *literal)
{
	const char *dot = strchr(key, '.'), *name = dot + 1;
	size_t group_len = (size_t)(dot - key);
	struct scan all = SCAN_INIT(buffer_text(text), text->len), inner;
	struct site group, setting;
	bool found;

	if (!find_setting(all, all.len, key, group_len, &group, &found))
		return false;
	if (!found)
		return literal == NULL || append_group(text, key, group_len, name, literal);
	if (text->data[group.value.start] != '{')
		return false;
	inner = all;
	inner.pos = group.value.start + 1;
	if (!find_setting(inner, group.value.end - 1, name, strlen(name), &setting, &found))
		return false;
	if (!found)
		return literal == NULL || insert_in_group(text, group.value, name, literal);
	return literal != NULL ? replace(text, setting.value, literal) : remove_setting(text, setting.whole);
}
