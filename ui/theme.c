#include "theme.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

#define OWN (-1)		/* the terminal's own colour */

struct look {
	short color;
	unsigned int with;	/* attributes beside the colour */
};

/* On a terminal without colour, and where none is wanted: bold and reverse are enough to find one's way. */
static const unsigned int mono[ROLE_COUNT] = {
	[ROLE_TITLE] = A_BOLD, [ROLE_KEY] = A_BOLD, [ROLE_WARN] = A_BOLD, [ROLE_FAIL] = A_BOLD, [ROLE_MARK] = A_REVERSE,
	[ROLE_MATCH] = A_REVERSE,
};

static const struct look dark[ROLE_COUNT] = {
	[ROLE_NORMAL] = { OWN, 0 }, [ROLE_TITLE] = { OWN, A_BOLD }, [ROLE_LABEL] = { OWN, 0 }, [ROLE_DIM] = { COLOR_CYAN, 0 },
	[ROLE_KEY] = { COLOR_CYAN, 0 }, [ROLE_BORDER] = { OWN, 0 }, [ROLE_OK] = { COLOR_GREEN, 0 },
	[ROLE_WARN] = { COLOR_YELLOW, A_BOLD }, [ROLE_FAIL] = { COLOR_RED, A_BOLD }, [ROLE_BAR] = { COLOR_GREEN, 0 },
	[ROLE_FIELD] = { OWN, 0 }, [ROLE_MARK] = { OWN, A_REVERSE }, [ROLE_MATCH] = { COLOR_YELLOW, A_REVERSE },
};

/* On white yellow and cyan cannot be read. */
static const struct look light[ROLE_COUNT] = {
	[ROLE_NORMAL] = { OWN, 0 }, [ROLE_TITLE] = { OWN, A_BOLD }, [ROLE_LABEL] = { OWN, 0 }, [ROLE_DIM] = { COLOR_BLUE, 0 },
	[ROLE_KEY] = { COLOR_BLUE, 0 }, [ROLE_BORDER] = { OWN, 0 }, [ROLE_OK] = { COLOR_GREEN, 0 },
	[ROLE_WARN] = { COLOR_MAGENTA, A_BOLD }, [ROLE_FAIL] = { COLOR_RED, A_BOLD }, [ROLE_BAR] = { COLOR_GREEN, 0 },
	[ROLE_FIELD] = { OWN, 0 }, [ROLE_MARK] = { OWN, A_REVERSE }, [ROLE_MATCH] = { COLOR_MAGENTA, A_REVERSE },
};

static const struct look contrast[ROLE_COUNT] = {
	[ROLE_NORMAL] = { OWN, A_BOLD }, [ROLE_TITLE] = { OWN, A_BOLD | A_UNDERLINE }, [ROLE_LABEL] = { OWN, A_BOLD },
	[ROLE_DIM] = { OWN, 0 }, [ROLE_KEY] = { OWN, A_BOLD }, [ROLE_BORDER] = { OWN, 0 }, [ROLE_OK] = { OWN, A_BOLD },
	[ROLE_WARN] = { COLOR_YELLOW, A_BOLD }, [ROLE_FAIL] = { COLOR_RED, A_BOLD | A_REVERSE }, [ROLE_BAR] = { OWN, A_BOLD },
	[ROLE_FIELD] = { OWN, A_BOLD | A_UNDERLINE }, [ROLE_MARK] = { OWN, A_REVERSE }, [ROLE_MATCH] = { OWN, A_REVERSE },
};

static const struct look *look;		/* NULL: monochrome */

/* "auto": dark, unless the terminal said that its background is a bright one. COLORFGBG ("0;15") is set by rxvt, Konsole
 * and others. */
static bool bright_background(void)
{
	const char *value = getenv("COLORFGBG"), *last = value != NULL ? strrchr(value, ';') : NULL;

	return last != NULL && (strcmp(last, ";7") == 0 || strcmp(last, ";15") == 0);
}

static const struct look *choose(const char *theme)
{
	if (strcmp(theme, "light") == 0 || (strcmp(theme, "auto") == 0 && bright_background()))
		return light;
	return strcmp(theme, "high-contrast") == 0 ? contrast : dark;
}

void theme_start(const char *theme, bool color)
{
	bool colored = color && strcmp(theme, "monochrome") != 0 && has_colors() && start_color() == OK &&
		       use_default_colors() == OK;

	look = colored ? choose(theme) : NULL;
	for (short i = 0; colored && i < ROLE_COUNT; i++)
		init_pair((short)(i + 1), look[i].color, OWN);
}

unsigned int theme_attr(enum theme_role role)
{
	if (look == NULL)
		return mono[role];
	return look[role].with | (look[role].color == OWN ? 0 : (unsigned int)COLOR_PAIR((int)role + 1));
}
