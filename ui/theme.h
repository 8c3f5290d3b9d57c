/* theme.h - what a piece of text is (its role), and how this terminal shows it. Colour never carries meaning alone. */
#ifndef PC_UI_THEME_H
#define PC_UI_THEME_H

#include <stdbool.h>

enum theme_role {
	ROLE_NORMAL,
	ROLE_TITLE,		/* a heading, the name of what is shown */
	ROLE_LABEL,		/* the name of a field or a column */
	ROLE_DIM,		/* of less weight: hints, thread names */
	ROLE_KEY,		/* a key and what it does */
	ROLE_BORDER,
	ROLE_OK, ROLE_WARN, ROLE_FAIL,	/* always beside the words OK, ??, !! */
	ROLE_BAR,		/* the filled part of a bar */
	ROLE_FIELD,		/* a value that can be edited */
	ROLE_MARK,		/* the mark of the selected row, the pane that is shown */
	ROLE_MATCH,		/* what a search found */
	ROLE_COUNT
};

/* After curses was started. `theme` is a value of ui.theme; without `color`, or on a terminal that has none, the
 * monochrome one is used. */
void theme_start(const char *theme, bool color);
/* The curses attributes of a role. */
unsigned int theme_attr(enum theme_role role);

#endif
