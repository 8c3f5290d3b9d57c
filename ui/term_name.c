#include "term_name.h"

#include <curses.h>
#include <stdbool.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

/* What they descend from, or imitate. In a name "-", "+" or "." begins which variant it is. */
static const struct { const char *name, *kin[2]; } families[] = {
	{ "xterm", { "xterm-256color", "xterm" } },
	{ "alacritty", { "xterm-256color", "xterm" } },
	{ "contour", { "xterm-256color", "xterm" } },
	{ "foot", { "xterm-256color", "xterm" } },
	{ "ghostty", { "xterm-256color", "xterm" } },
	{ "gnome", { "xterm-256color", "xterm" } },
	{ "iterm", { "xterm-256color", "xterm" } },
	{ "iterm2", { "xterm-256color", "xterm" } },
	{ "kitty", { "xterm-256color", "xterm" } },
	{ "konsole", { "xterm-256color", "xterm" } },
	{ "mintty", { "xterm-256color", "xterm" } },
	{ "ms-terminal", { "xterm-256color", "xterm" } },
	{ "nsterm", { "xterm-256color", "xterm" } },
	{ "putty", { "xterm-256color", "xterm" } },
	{ "rio", { "xterm-256color", "xterm" } },
	{ "st", { "xterm-256color", "xterm" } },
	{ "vte", { "xterm-256color", "xterm" } },
	{ "wezterm", { "xterm-256color", "xterm" } },
	{ "rxvt", { "rxvt-unicode-256color", "rxvt" } },
	{ "screen", { "screen-256color", "screen" } },
	{ "tmux", { "screen-256color", "screen" } },
	{ "vt220", { "vt100", "vt100" } },
	{ "vt320", { "vt220", "vt100" } },
	{ "vt420", { "vt220", "vt100" } },
};

/* Is there such an entry, and a way to address the cursor? */
static bool will_do(const char *name, bool *known)
{
	const char *cup;
	int status = 0;
	bool ok;

	*known = setupterm(name, STDOUT_FILENO, &status) == OK;
	if (!*known)
		return false;
	cup = tigetstr("cup");
	ok = cup != NULL && cup != (char *)-1 && cup[0] != '\0';
	del_curterm(cur_term);		/* newterm() makes its own */
	return ok;
}

/* Its name, or with a variant behind it. */
static bool is_of(const char *name, const char *family)
{
	size_t n = strlen(family);

	return strncmp(name, family, n) == 0 && (name[n] == '\0' || strchr("-+.", name[n]) != NULL);
}

const char *term_name_find(const char *name)
{
	bool known;

	if (name == NULL || name[0] == '\0' || strcmp(name, "dumb") == 0)
		return NULL;
	if (will_do(name, &known))
		return name;
	for (size_t i = 0; !known && i < sizeof(families) / sizeof(families[0]); i++) {
		for (size_t k = 0; is_of(name, families[i].name) && k < 2; k++) {
			bool kin_known;

			if (will_do(families[i].kin[k], &kin_known))
				return families[i].kin[k];
		}
	}
	return NULL;
}
