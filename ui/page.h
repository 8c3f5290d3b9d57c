/* page.h - what a pane shows, as lines of text: made with no terminal, drawn by app.c, tested as strings. */
#ifndef PC_UI_PAGE_H
#define PC_UI_PAGE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "theme.h"

#define PAGE_LINES 64
#define PAGE_TEXT 1200
#define PAGE_SPANS 8

struct page_line {
	bool rule;			/* a rule across the frame, `text` is its title */
	enum theme_role role;
	char text[PAGE_TEXT];
};

/* A field or button that can have the focus: a stretch of columns of a line. */
struct page_span {
	int line, col, cols;
};

struct page {
	int cols;			/* columns that a line has */
	int count, spans;
	bool overflow;			/* lines were left out */
	struct page_line lines[PAGE_LINES];
	struct page_span span[PAGE_SPANS];
};

void page_start(struct page *p, int cols);
void page_rule(struct page *p, const char *title);
/* A line of text, sanitised. */
void page_text(struct page *p, enum theme_role role, const char *text);
/* Text over as many lines as it needs, broken at spaces. */
void page_wrap(struct page *p, enum theme_role role, const char *text);
/* "Label        value", the label in `label_cols` columns. */
void page_row(struct page *p, enum theme_role role, int label_cols, const char *label, const char *value);
/* The same as a field: the value can have the focus. */
void page_field(struct page *p, int label_cols, const char *label, const char *value);
/* A line of buttons; `names` ends with NULL. */
void page_buttons(struct page *p, const char *const *names);
/* A bar of `cols` columns: part of total; "" when the total is not known. */
void page_bar(struct buffer *out, int cols, long long part, long long total);
/* "1.4 MB" */
char *page_size(char *dst, size_t size, long long bytes);
/* "3 min 05 s" */
char *page_duration(char *dst, size_t size, long long ms);
/* All lines with a newline each, for tests. */
void page_dump(const struct page *p, struct buffer *out);

#endif
