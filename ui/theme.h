/* theme.h - what a piece of text is (its role), and how this terminal shows it. Colour never carries meaning alone. */
#ifndef PC_UI_THEME_H
#define PC_UI_THEME_H

#include <stdbool.h>

enum theme_role {
	ROLE_NORMAL, ROLE_TITLE, ROLE_DIM, ROLE_KEY, ROLE_BORDER, ROLE_OK, ROLE_WARN, ROLE_FAIL, ROLE_BAR, ROLE_COUNT
};

/* After curses was started. Without `color`, or on a terminal that has none, the monochrome column is used. */
void theme_start(bool color);
/* The curses attributes of a role. */
unsigned int theme_attr(enum theme_role role);

#endif
