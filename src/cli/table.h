/* table.h - a table for people: columns as wide as what stands in them, by display width; cells are sanitised. */
#ifndef PC_CLI_TABLE_H
#define PC_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 12

struct table {
	size_t columns;
	char **cells;		/* rows of `columns` cells; owned */
	size_t count, room;	/* of cells */
	bool failed;		/* out of memory */
};

#define TABLE_INIT(n) { .columns = (n) }

/* Adds the next cell, left to right, row by row; a NULL is an empty one. The first row is the heading. */
void table_add(struct table *t, const char *cell);
void table_addf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints it on standard output; blanks at the end of a line are left out. */
void table_print(const struct table *t);
void table_clear(struct table *t);

#endif
