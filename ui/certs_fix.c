/* The safe fixes of a diagnosis: an anchor of the store is put in force, a CA certificate imported. What it is about is shown
 * first; nothing is trusted before the operator says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "certs_card.h"
#include "certs_import.h"
#include "certs_store.h"
#include "pane.h"
#include "pane_certs.h"

#define CARD_ROWS 14

enum { ID_NO = 2000, ID_YES };

struct fix {
	struct certs_store *c;
	char name[TRUST_NAME_MAX + 1];
	certs_fixed *fixed;
	void *data;
};

static const struct trust_entry *entry_of(const struct fix *f)
{
	return f->c->trust != NULL ? trust_find(f->c->trust, f->name) : NULL;
}

static void prepare(void *data, struct page *p)
{
	const struct fix *f = data;
	const struct trust_entry *e = entry_of(f);
	const char *yes = NULL;
	struct page_button buttons[2];

	if (e == NULL) {
		page_wrap(p, ROLE_NORMAL, _("The certificate is no longer in the store."));
	} else {
		page_text(p, ROLE_TITLE, e->name);
		certs_card_put(p, e, CARD_ROWS, CERTS_CARD_READ);
		page_line(p);
		if ((e->usages & TRUST_CISCO_SERVICES) != 0)
			yes = e->enabled ? NULL : _("Enable it");
		else
			yes = e->enabled ? _("Trust it for Cisco services") : _("Enable it, trust it for Cisco services");
		page_wrap(p, ROLE_NORMAL, yes == NULL ? _("It is enabled and trusted for Cisco services already.") :
			  _("Feeds and their signatures are then accepted when their certificates end in this one. Compare the "
			    "fingerprint with what its owner publishes."));
	}
	page_line(p);
	buttons[0] = (struct page_button){ ID_NO, yes != NULL ? _("No") : _("Close") };
	buttons[1] = (struct page_button){ ID_YES, yes };
	page_buttons(p, buttons, yes != NULL ? 2 : 1);
}

static void apply(struct fix *f)
{
	const struct trust_entry *e = entry_of(f);
	struct certs_store *c = f->c;
	struct error err = ERROR_INIT;
	certs_fixed *fixed = f->fixed;
	void *data = f->data;
	char name[TRUST_NAME_MAX + 1];
	bool ok;

	if (e == NULL || !app_permit(c->app, NEED_TRUST))
		return;
	snprintf(name, sizeof(name), "%s", e->name);
	ok = trust_set_enabled(c->trust, name, true, &err) && trust_change_usages(c->trust, name, TRUST_CISCO_SERVICES, 0, &err);
	certs_store_tell(c);
	if (!ok) {
		dialog_close(c->app);
		app_notice_error(c->app, &err);
		return;
	}
	app_notice(c->app, ROLE_OK, _("OK \"%s\" is enabled and trusted for Cisco services."), name);
	dialog_close(c->app);
	if (fixed != NULL)
		fixed(data, true);
}

static bool act(void *data, enum action action, int focus)
{
	struct fix *f = data;

	if (action != ACTION_CHOOSE)
		return false;
	if (focus == ID_YES)
		apply(f);
	else if (focus == ID_NO)
		dialog_close(f->c->app);
	else
		return false;
	return true;
}

static const struct dialog_ops ops = { .scope = SCOPE_DIALOG, .cols = 100, .prepare = prepare, .action = act, .destroy = free };

bool certs_fix_anchor(struct certs_store *c, const char *name, certs_fixed *fixed, void *data)
{
	const struct trust_entry *e = trust_find(c->trust, name);
	struct fix *f = e != NULL ? calloc(1, sizeof(*f)) : NULL;

	if (f == NULL)
		return false;
	*f = (struct fix){ .c = c, .fixed = fixed, .data = data };
	snprintf(f->name, sizeof(f->name), "%s", e->name);
	return dialog_open(c->app, _("Put a certificate in force"), &ops, f) != NULL;
}

bool pane_certs_fix_anchor(struct app *app, const char *name, certs_fixed *fixed, void *data)
{
	struct certs_store *store = pane_certs_store(app);

	return store != NULL && certs_fix_anchor(store, name, fixed, data);
}

bool pane_certs_fix_import(struct app *app, const char *pem, size_t len, const char *why, certs_fixed *fixed, void *data)
{
	const struct certs_import_wish wish = { .data = pem, .len = len, .why = why, .usages = TRUST_CISCO_SERVICES, .fixed = fixed,
						.fixed_data = data };
	struct certs_store *store = pane_certs_store(app);
	struct error err = ERROR_INIT;

	if (store == NULL || !app_permit(app, NEED_TRUST))
		return false;
	if (certs_import_open(store, &wish, &err))
		return true;
	app_notice_error(app, &err);
	return false;
}
