#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

#define CELL_MAX 4096
#define LINE_MAX_BYTES (TABLE_COLUMNS_MAX * (CELL_MAX + 2))
#define GAP "  "

void table_add(struct table *t, const char *cell)
{
	struct buffer safe = BUFFER_INIT(CELL_MAX);

	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		char **cells = realloc(t->cells, room * sizeof(*cells));

		if (cells == NULL) {
			t->failed = true;
			return;
		}
		t->cells = cells;
		t->room = room;
	}
	if (cell != NULL)
		text_sanitise(&safe, cell, strlen(cell));
	t->cells[t->count] = buffer_steal(&safe);
	if (t->cells[t->count] == NULL)
		t->failed = true;
	else
		t->count++;
}

void table_addf(struct table *t, const char *fmt, ...)
{
	char cell[CELL_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(cell, sizeof(cell), fmt, args);
	va_end(args);
	table_add(t, cell);
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
	memset(widths, 0, TABLE_COLUMNS_MAX * sizeof(*widths));
	for (size_t i = 0; i < t->count; i++) {
		size_t width = text_width(t->cells[i]), column = i % t->columns;

		if (width > widths[column])
			widths[column] = width;
	}
}

void table_print(const struct table *t)
{
	size_t widths[TABLE_COLUMNS_MAX];

	measure(t, widths);
	for (size_t row = 0; row + t->columns <= t->count; row += t->columns) {
		struct buffer line = BUFFER_INIT(LINE_MAX_BYTES);

		for (size_t c = 0; c < t->columns; c++) {
			buffer_puts(&line, c > 0 && widths[c] > 0 ? GAP : "");
			text_fit(&line, t->cells[row + c], widths[c], true, false);
		}
		while (line.len > 0 && line.data[line.len - 1] == ' ')
			line.data[--line.len] = '\0';
		puts(buffer_text(&line));
		buffer_clear(&line);
	}
}

void table_clear(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){ .columns = t->columns };
}
