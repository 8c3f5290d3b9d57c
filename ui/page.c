#include "page.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void page_start(struct page *p, int cols)
{
	p->cols = cols;
	p->count = p->spans = 0;
	p->overflow = false;
}

static struct page_line *add(struct page *p, bool rule, enum theme_role role, const char *text)
{
	struct page_line *line;

	if (p->count == PAGE_LINES) {
		p->overflow = true;
		return NULL;
	}
	line = &p->lines[p->count++];
	line->rule = rule;
	line->role = role;
	text_safe(line->text, sizeof(line->text), text);
	return line;
}

static void add_span(struct page *p, int col, int cols)
{
	if (p->spans < PAGE_SPANS)
		p->span[p->spans++] = (struct page_span){ p->count - 1, col, cols };
}

void page_rule(struct page *p, const char *title)
{
	add(p, true, ROLE_BORDER, title);
}

void page_text(struct page *p, enum theme_role role, const char *text)
{
	add(p, false, role, text);
}

/* How many bytes of `text` fit into `cols` columns, broken after a space where there is one. */
static size_t wrap_length(const char *text, int cols)
{
	struct buffer part = BUFFER_INIT(PAGE_TEXT);
	size_t fits = 0, space = 0;
	uint32_t cp;

	for (size_t i = 0; text[i] != '\0';) {
		size_t n = text_utf8_decode(text + i, strlen(text + i), &cp);

		n = n > 0 ? n : 1;
		buffer_append(&part, text + i, n);
		if (part.failed || text_width(buffer_text(&part)) > (size_t)cols)
			break;
		i += n;
		fits = i;
		if (text[i] == ' ' || text[i] == '\0')
			space = i;
	}
	buffer_clear(&part);
	return space > 0 ? space : fits;
}

void page_wrap(struct page *p, enum theme_role role, const char *text)
{
	char safe[PAGE_TEXT], part[PAGE_TEXT];
	const char *at = safe;

	text_safe(safe, sizeof(safe), text);
	while (*at != '\0') {
		size_t n = wrap_length(at, p->cols);

		if (n == 0)
			return;
		snprintf(part, sizeof(part), "%.*s", (int)n, at);
		page_text(p, role, part);
		at += n;
		at += strspn(at, " ");
	}
}

void page_row(struct page *p, enum theme_role role, int label_cols, const char *label, const char *value)
{
	struct buffer text = BUFFER_INIT(PAGE_TEXT * 4);

	text_fit(&text, label, (size_t)label_cols, true, true);
	buffer_puts(&text, value);
	page_text(p, role, buffer_text(&text));
	buffer_clear(&text);
}

void page_field(struct page *p, int label_cols, const char *label, const char *value)
{
	int width = (int)text_width(value);

	page_row(p, ROLE_NORMAL, label_cols, label, value);
	add_span(p, label_cols, width < p->cols - label_cols ? width : p->cols - label_cols);
}

void page_buttons(struct page *p, const char *const *names)
{
	struct buffer text = BUFFER_INIT(PAGE_TEXT);
	int at[PAGE_SPANS], n = 0;

	for (; names[n] != NULL && n < PAGE_SPANS; n++) {
		at[n] = (int)text_width(buffer_text(&text)) + (n > 0 ? 2 : 0);
		buffer_printf(&text, "%s[ %s ]", n > 0 ? "  " : "", names[n]);
	}
	page_text(p, ROLE_NORMAL, buffer_text(&text));
	for (int i = 0; i < n; i++)
		add_span(p, at[i], (int)text_width(names[i]) + 4);
	buffer_clear(&text);
}

void page_bar(struct buffer *out, int cols, long long part, long long total)
{
	int full;

	if (total <= 0 || cols < 3)
		return;
	full = (int)((part < total ? part : total) * (cols - 2) / total);
	buffer_putc(out, '[');
	for (int i = 0; i < cols - 2; i++)
		buffer_putc(out, i < full ? '#' : '.');
	buffer_putc(out, ']');
}

char *page_size(char *dst, size_t size, long long bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double value = (double)bytes / 1000;
	size_t u = 0;

	if (bytes < 1000) {
		snprintf(dst, size, "%lld B", bytes);
		return dst;
	}
	for (; value >= 999.95 && u < 3; u++)
		value /= 1000;
	snprintf(dst, size, "%.1f %s", value, units[u]);
	return dst;
}

char *page_duration(char *dst, size_t size, long long ms)
{
	long long s = ms / 1000;

	if (s < 60)
		snprintf(dst, size, "%lld s", s);
	else if (s < 3600)
		snprintf(dst, size, "%lld min %02lld s", s / 60, s % 60);
	else
		snprintf(dst, size, "%lld h %02lld min", s / 3600, s / 60 % 60);
	return dst;
}

void page_dump(const struct page *p, struct buffer *out)
{
	for (int i = 0; i < p->count; i++)
		buffer_printf(out, "%s%s\n", p->lines[i].rule ? "-- " : "", p->lines[i].text);
}
