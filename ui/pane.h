/* pane.h - what a pane is: a table of functions and data of its own. A pane makes a page; app.c draws it. */
#ifndef PC_UI_PANE_H
#define PC_UI_PANE_H

#include "keymap.h"
#include "page.h"

struct app;

struct pane_ops {
	const char *title;				/* in the bar (N_) */
	void *(*create)(struct app *app);		/* NULL: out of memory */
	void (*destroy)(void *pane);
	void (*prepare)(void *pane, struct page *page);	/* makes the page; draws nothing */
	bool (*possible)(void *pane, enum action action);
	void (*act)(void *pane, enum action action, int focus);	/* focus: index of the page's span */
};

extern const struct pane_ops pane_update;

#endif
