#include "roff.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_COLUMNS 78

static const char *escaped(char c)
{
	switch (c) {
	case '\\': return "\\e";
	case '-': return "\\-";
	case '"': return "\\(dq";
	case '\'': return "\\(aq";
	case '`': return "\\(ga";
	case '^': return "\\(ha";
	case '~': return "\\(ti";
	default: return NULL;
	}
}

void roff_put(const char *text, size_t len)
{
	if (len > 0 && text[0] == '.')
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++) {
		const char *other = escaped(text[i]);

		if (other != NULL)
			fputs(other, stdout);
		else
			putchar(text[i]);
	}
}

void roff_argument(const char *text, size_t len)
{
	putchar('"');
	roff_put(text, len);
	putchar('"');
}

/* Columns of the page's source that a word takes. */
static size_t source_width(const char *word, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++) {
		const char *other = escaped(word[i]);

		width += other != NULL ? strlen(other) : 1;
	}
	return width;
}

void roff_sentences(const char *text, size_t len)
{
	const char *end = text + len;
	size_t column = 0;

	for (;;) {
		size_t word, width;

		while (text < end && (*text == ' ' || *text == '\n'))
			text++;
		if (text >= end)
			break;
		for (word = 0; text + word < end && text[word] != ' ' && text[word] != '\n';)
			word++;
		width = source_width(text, word);
		if (column > 0 && column + 1 + width > LINE_COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column > 0)
			putchar(' ');
		roff_put(text, word);
		column += width + 1;
		if (text[word - 1] == '.' && !(word > 2 && text[word - 2] == '.')) {
			putchar('\n');
			column = 0;
		}
		text += word;
	}
	if (column > 0)
		putchar('\n');
}
