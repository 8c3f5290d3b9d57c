#include "settings/scan.h"

#include <stdbool.h>
#include <string.h>

#define INCLUDE_WORD "@include"

static bool starts_with(const struct scan *s, size_t pos, const char *prefix)
{
	size_t n = strlen(prefix);

	return s->len - pos >= n && memcmp(s->text + pos, prefix, n) == 0;
}

static void count_lines(struct scan *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		s->next_line += s->text[i] == '\n';
}

/* Moves over blanks and comments. False when a comment has no end. */
static bool skip_blank(struct scan *s)
{
	while (s->pos < s->len) {
		size_t from = s->pos;

		if (strchr(" \t\r\n\f", s->text[from]) != NULL && s->text[from] != '\0') {
			s->pos++;
		} else if (s->text[from] == '#' || starts_with(s, from, "//")) {
			const char *end = memchr(s->text + from, '\n', s->len - from);

			s->pos = end != NULL ? (size_t)(end - s->text) : s->len;
		} else if (starts_with(s, from, "/*")) {
			const char *end = memmem(s->text + from + 2, s->len - from - 2, "*/", 2);

			if (end == NULL)
				return false;
			s->pos = (size_t)(end - s->text) + 2;
		} else {
			break;
		}
		count_lines(s, from, s->pos);
	}
	return true;
}

/* From behind the opening quote to behind the closing one. */
static bool skip_quoted(struct scan *s)
{
	while (s->pos < s->len && s->text[s->pos] != '"')
		s->pos += s->text[s->pos] == '\\' ? 2 : 1;
	if (s->pos >= s->len) {
		s->pos = s->len;
		return false;
	}
	s->pos++;
	return true;
}

/* libconfig knows @include only as the first word of a line. */
static bool at_line_start(const struct scan *s)
{
	size_t i = s->start;

	while (i > 0 && (s->text[i - 1] == ' ' || s->text[i - 1] == '\t'))
		i--;
	return i == 0 || s->text[i - 1] == '\n';
}

static enum scan_token scan_include(struct scan *s)
{
	s->pos += strlen(INCLUDE_WORD);
	if (!at_line_start(s) || s->pos >= s->len || (s->text[s->pos] != ' ' && s->text[s->pos] != '\t'))
		return SCAN_BAD;
	while (s->pos < s->len && (s->text[s->pos] == ' ' || s->text[s->pos] == '\t'))
		s->pos++;
	if (s->pos >= s->len || s->text[s->pos] != '"')
		return SCAN_BAD;
	s->pos++;
	return skip_quoted(s) ? SCAN_INCLUDE : SCAN_BAD;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t run_of(const struct scan *s, size_t pos, bool (*is_in)(char c))
{
	size_t n = 0;

	while (pos + n < s->len && is_in(s->text[pos + n]))
		n++;
	return n;
}

static char at(const struct scan *s, size_t pos)
{
	return pos < s->len ? s->text[pos] : '\0';
}

static void skip_name(struct scan *s)
{
	while (is_letter(at(s, s->pos)) || is_digit(at(s, s->pos)) ||
	       (at(s, s->pos) != '\0' && strchr("-_*", at(s, s->pos)) != NULL))
		s->pos++;
}

/* "L" or "LL" behind a whole number. */
static size_t skip_suffix(const struct scan *s, size_t pos)
{
	for (int i = 0; i < 2 && at(s, pos) == 'L'; i++)
		pos++;
	return pos;
}

/* The longest number at s->pos, as a name may follow it without a blank: 10, -1.5, 7., .5e3, 0x1F, 12L. */
static bool skip_number(struct scan *s)
{
	size_t pos = s->pos, whole, exponent;
	bool point;

	if (at(s, pos) == '0' && (at(s, pos + 1) | 0x20) == 'x' && is_hex_digit(at(s, pos + 2))) {
		s->pos = skip_suffix(s, pos + 2 + run_of(s, pos + 2, is_hex_digit));
		return true;
	}
	pos += at(s, pos) == '+' || at(s, pos) == '-';
	whole = run_of(s, pos, is_digit);
	pos += whole;
	point = at(s, pos) == '.';
	if (whole == 0 && !point)
		return false;
	if (point)
		pos += 1 + run_of(s, pos + 1, is_digit);
	exponent = pos + 1 + (at(s, pos + 1) == '+' || at(s, pos + 1) == '-');
	if ((at(s, pos) | 0x20) == 'e' && is_digit(at(s, exponent)))
		pos = exponent + run_of(s, exponent, is_digit);
	else if (!point)
		pos = skip_suffix(s, pos);
	s->pos = pos;
	return true;
}

static enum scan_token scan_token(struct scan *s)
{
	char c = s->text[s->pos];

	if (c == '"') {
		s->pos++;
		return skip_quoted(s) ? SCAN_STRING : SCAN_BAD;
	}
	if (c != '\0' && strchr("=:,;{}[]()", c) != NULL) {
		s->pos++;
		return SCAN_MARK;
	}
	if (is_letter(c) || c == '*') {
		skip_name(s);
		return SCAN_WORD;
	}
	if (skip_number(s))
		return SCAN_WORD;
	if (starts_with(s, s->pos, INCLUDE_WORD))
		return scan_include(s);
	s->pos++;
	return SCAN_BAD;
}

enum scan_token scan_next(struct scan *s)
{
	enum scan_token token;

	if (!skip_blank(s)) {
		s->start = s->pos;
		s->line = s->next_line;
		s->pos = s->len;
		return SCAN_BAD;
	}
	s->start = s->pos;
	s->line = s->next_line;
	if (s->pos >= s->len)
		return SCAN_END;
	token = scan_token(s);
	count_lines(s, s->start, s->pos);
	return token;
}
