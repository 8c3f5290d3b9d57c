/* pane.h - what a pane is: a table of functions and data of its own. A pane makes a page; the console draws it, moves the
 * focus, handles fields and lists, and hands over actions - never raw keys.
 *
 * A new pane:
 *  1. actions: rows in actions/<pane>.def (scope, id, name, keys, need, label, help);
 *  2. ui/pane_<pane>.c with `const struct pane_ops pane_<pane>`, in ui/sources.am and po/POTFILES.in;
 *  3. its line in panes.c;
 *  4. tests/ui/scripts/<pane>-*.ui with goldens (tests/ui/README says how).
 *
 * A pane never polls: it starts commands with app_start(), registers descriptors, timers and slices of work with the loop
 * (app->loop, loop.h), and calls app_dirty() when its page would look different.
 */
#ifndef PC_UI_PANE_H
#define PC_UI_PANE_H

#include "app.h"
#include "form.h"
#include "keymap.h"
#include "page.h"

/* What has happened elsewhere. Every pane hears of everything. */
enum pane_event {
	PANE_SHOWN, PANE_HIDDEN,	/* this pane only */
	PANE_SETTINGS,			/* settings were changed: form_load() */
	PANE_UPDATE,			/* an update began, went on or ended: app->watch */
	PANE_TRUST			/* the trusted certificates were changed */
};

struct pane_ops {
	const char *name;				/* "proxy" */
	const char *title;				/* in the bar (N_): "Proxy" */
	enum scope scope;				/* of its actions */
	bool wide;					/* wants the whole width: no side column beside it */
	bool whole;					/* all that is between the bar and the keys: no frame (its lines scroll
							 * cheaply, and are copied without borders), no side column, no log strip */
	void *(*create)(struct app *app);		/* at start, all panes; must be quick: load on PANE_SHOWN. NULL: no memory */
	void (*destroy)(void *pane);
	/* Makes the page; the first line is a rule with the title. page->rows and ->cols: the room there is. */
	void (*prepare)(void *pane, struct page *page);
	/* Is an action of its scope possible now? It decides what the key line shows. NULL: all are. */
	bool (*possible)(void *pane, enum action action);
	/* An action of its scope (also by its button, by `:`, or by app_act()); ACTION_CHOOSE on an ITEM_BUTTON, a list or an area
	 * (focus: the item's id); a move of the scope LIST in an ITEM_AREA; ACTION_BACK. False: not taken. */
	bool (*action)(void *pane, enum action action, int focus);
	void (*event)(void *pane, enum pane_event event);	/* may be NULL */
	struct form *(*form)(void *pane);		/* its form, so that unsaved changes are asked about; may be NULL */
	/* A few lines for the side column of the other panes on wide terminals, after a rule; may be NULL. */
	void (*summary)(void *pane, struct page *page);
};

extern const struct pane_ops pane_update;
extern const struct pane_ops pane_proxy;
extern const struct pane_ops pane_certs;
extern const struct pane_ops pane_log;
extern const struct pane_ops pane_check;

#define PANES_MAX 5
/* In the order of the bar; NULL where a pane is not there. */
extern const struct pane_ops *const panes[PANES_MAX];

#endif
