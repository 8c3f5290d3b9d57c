/* term_private.h - how this terminal shows things; shared by term.c and term_draw.c only. */
#ifndef PC_UI_TERM_PRIVATE_H
#define PC_UI_TERM_PRIVATE_H

#include <stdbool.h>

enum term_borders { BORDERS_NONE, BORDERS_ASCII, BORDERS_ACS, BORDERS_UTF8 };

struct term_look {
	bool ascii;			/* only ASCII can be shown */
	bool plain;			/* for screen readers */
	enum term_borders borders;
};
extern struct term_look term_look;

#endif
