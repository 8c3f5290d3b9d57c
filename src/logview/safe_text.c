#include "logview/safe_text.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "logview/lines.h"

/* How many bytes at the end may be the start of something that goes on in the next piece. */
static size_t cut_at_end(const char *text, size_t n)
{
	if (n > 0 && text[n - 1] == '\r')
		return 1;
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)text[n - back];
		uint32_t cp;

		if (c < 0x80)
			return 0;
		if (c >= 0xC0) {
			size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

			return need > back && text_utf8_decode(text + n - back, back, &cp) == 0 ? back : 0;
		}
	}
	return 0;
}

/* One line without its newline. */
static void put_line(struct buffer *out, const char *line, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && line[i] != '\t')
			continue;
		text_sanitise(out, line + from, i - from);
		if (i < n)
			buffer_putc(out, '\t');
		from = i + 1;
	}
}

size_t safe_text_lines(struct buffer *out, const char *text, size_t n, bool last)
{
	const char *p = text, *limit;

	if (lines_are_plain(text, n)) {
		buffer_append(out, text, n);
		return n;
	}
	if (!last)
		n -= cut_at_end(text, n);
	limit = text + n;
	while (p < limit) {
		const char *newline = memchr(p, '\n', (size_t)(limit - p));
		size_t len = (size_t)((newline != NULL ? newline : limit) - p);

		put_line(out, p, newline != NULL && len > 0 && p[len - 1] == '\r' ? len - 1 : len);
		if (newline != NULL)
			buffer_putc(out, '\n');
		p = newline != NULL ? newline + 1 : limit;
	}
	return n;
}
