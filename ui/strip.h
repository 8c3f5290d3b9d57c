/* strip.h - the last lines of a log that is being written to: the strip at the bottom of the screen. No curses. */
#ifndef PC_UI_STRIP_H
#define PC_UI_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "page.h"

#define STRIP_LINES 64

struct strip {
	char *folder, *path;
	int watch, file;		/* -1: not there */
	ino_t inode;
	off_t at;
	bool skip;			/* the next line began before what was read */
	struct buffer part;		/* of a line that has no end yet */
	char *lines[STRIP_LINES];	/* a ring, sanitised */
	size_t count;			/* lines ever taken */
};

bool strip_open(struct strip *s, const char *state_dir);
void strip_close(struct strip *s);
/* Readable when there may be more; -1 when there is no log folder yet. */
int strip_fd(const struct strip *s);
/* Reads what is new; true when there is. Follows a rotation. */
bool strip_read(struct strip *s);
/* The line `back` lines before the last one; "" when there is none. */
const char *strip_line(const struct strip *s, size_t back);
/* The newest lines, as many as the page has rows. */
void strip_prepare(const struct strip *s, struct page *page);
/* What stands at the ends of the rule above it. */
void strip_title(const struct strip *s, char *left, size_t left_size, char *right, size_t right_size);
/* A line of the log's grammar in short: time, level, logger's name, message. Others stay as they are. */
void strip_shorten(const char *line, struct buffer *out);

#endif
