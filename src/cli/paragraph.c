#include "cli/paragraph.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/wrap.h"

#define PARAGRAPH_MAX (64u * 1024)
#define COLUMNS_MIN 40
#define COLUMNS_MAX 100		/* longer lines are hard to read */
#define WORD_COLS 20		/* behind the longest lead */

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
	size_t indent = text_width(lead), limit = columns() - 1, cols = limit > indent + WORD_COLS ? limit - indent : WORD_COLS;
	const char *at;

	text_sanitise(&safe, text, len);
	fputs(lead, stdout);
	for (at = buffer_text(&safe); *at != '\0';) {
		size_t n = wrap_length(at, cols, WRAP_WHOLE);

		printf("%.*s", (int)n, at);
		at += n;
		at += strspn(at, " ");
		if (*at != '\0')
			printf("\n%*s", (int)indent, "");
	}
	putchar('\n');
	buffer_clear(&safe);
}
