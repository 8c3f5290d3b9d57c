#include "cli/paragraph.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

#define PARAGRAPH_MAX (64u * 1024)
#define COLUMNS_MIN 40
#define COLUMNS_MAX 100		/* longer lines are hard to read */

static size_t columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return PARAGRAPH_MAX;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	if (size.ws_col < COLUMNS_MIN)
		return COLUMNS_MIN;
	return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

void paragraph_print(const char *lead, const char *text, size_t len)
{
	struct buffer safe = BUFFER_INIT(PARAGRAPH_MAX);
	size_t indent = strlen(lead), limit = columns() - 1, used = indent;
	char *word, *next;

	text_sanitise(&safe, text, len);
	fputs(lead, stdout);
	for (word = safe.data; word != NULL && *word != '\0'; word = next) {
		size_t n = strcspn(word, " "), width;

		next = word + n + (word[n] == ' ');
		word[n] = '\0';
		width = text_width(word);
		if (used > indent && used + 1 + width > limit) {
			printf("\n%*s", (int)indent, "");
			used = indent;
		} else if (used > indent) {
			putchar(' ');
			used++;
		}
		fputs(word, stdout);
		used += width;
	}
	putchar('\n');
	buffer_clear(&safe);
}
