/* strip.h - the log strip at the bottom of the screen: the newest records of the log that the Log pane has open. No curses. */
#ifndef PC_UI_STRIP_H
#define PC_UI_STRIP_H

#include <stddef.h>

#include "page.h"

#define STRIP_LINES 64			/* the most that it may have */

struct app;

/* The newest records, as many as the page has rows. */
void strip_prepare(struct app *a, struct page *page);
/* What stands at the ends of the rule above it. */
void strip_title(struct app *a, char *left, size_t left_size, char *right, size_t right_size);

#endif
