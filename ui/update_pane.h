/* update_pane.h - the Update pane from inside: pane_update.c does, update_page.c shows. */
#ifndef PC_UI_UPDATE_PANE_H
#define PC_UI_UPDATE_PANE_H

#include "app.h"
#include "form.h"

enum { UPDATE_FIELD_SOURCE, UPDATE_FIELD_URL, UPDATE_FIELD_BUNDLE, UPDATE_FIELD_AUTOMATIC, UPDATE_FIELDS };

struct update_pane {
	struct app *app;
	struct form form;
	struct run *starting;		/* the command that starts the update; NULL: none */
	bool stopping;			/* the update was asked to stop, and a notice says so */
	bool told;			/* it said itself why it did not start */
	struct error no_anchor;		/* why no feed can be verified; empty message: one can, or it is not known */
};

/* Makes the page (pane_ops.prepare). */
void update_page(void *pane, struct page *page);
/* Goes to the pane and shows what a bundle holds and what is wrong with it, where this console may take it. */
void pane_update_bundle(struct app *app, const char *path);
/* What an update does in that phase, for people. */
const char *update_phase_text(const char *phase);

#endif
