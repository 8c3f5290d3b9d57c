#include "theme.h"

#include <curses.h>

static const struct {
	unsigned int mono;	/* on a terminal without colour */
	short color;		/* -1: the terminal's own */
	unsigned int with;	/* attributes beside the colour */
} roles[ROLE_COUNT] = {
	[ROLE_NORMAL] = { A_NORMAL, -1, A_NORMAL },
	[ROLE_TITLE] = { A_BOLD, -1, A_BOLD },
	[ROLE_DIM] = { A_NORMAL, COLOR_CYAN, A_NORMAL },
	[ROLE_KEY] = { A_BOLD, COLOR_CYAN, A_BOLD },
	[ROLE_BORDER] = { A_NORMAL, COLOR_BLUE, A_NORMAL },
	[ROLE_OK] = { A_NORMAL, COLOR_GREEN, A_NORMAL },
	[ROLE_WARN] = { A_BOLD, COLOR_YELLOW, A_BOLD },
	[ROLE_FAIL] = { A_BOLD, COLOR_RED, A_BOLD },
	[ROLE_BAR] = { A_NORMAL, COLOR_GREEN, A_NORMAL },
};
static bool colored;

void theme_start(bool color)
{
	colored = color && has_colors() && start_color() == OK && use_default_colors() == OK;
	for (short i = 0; colored && i < ROLE_COUNT; i++)
		init_pair((short)(i + 1), roles[i].color, -1);
}

unsigned int theme_attr(enum theme_role role)
{
	return colored ? roles[role].with | (unsigned int)COLOR_PAIR((int)role + 1) : roles[role].mono;
}
