#include "check_fix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "form.h"
#include "pane.h"
#include "pane_certs.h"
#include "update_pane.h"

struct check_fix {
	struct app *app;
	void (*again)(void *data);
	void *data;
};

static const struct { const char *fix, *label; } fixes[] = {
	{ "proxy-settings", N_("correct the proxy") }, { "proxy-login", N_("enter the login again") },
	{ "enable-anchor", N_("enable the certificate") }, { "trust-anchor", N_("trust it for Cisco services") },
	{ "import-ca", N_("look at its CA and import it") }, { "certificates", N_("go to the certificates") },
	{ "feed-url", N_("correct the feed's address") }, { "settings", N_("show the settings' error") },
	{ "time-settings", N_("name other time servers") }, { "offline", N_("update offline") },
	{ "bundle", N_("look into the bundle") },
};

struct check_fix *check_fix_new(struct app *app, void (*again)(void *data), void *data)
{
	struct check_fix *f = calloc(1, sizeof(*f));

	if (f != NULL)
		*f = (struct check_fix){ .app = app, .again = again, .data = data };
	return f;
}

void check_fix_free(struct check_fix *f)
{
	free(f);
}

/* The CA's certificate as the checks saw it; NULL: the server did not send it. */
static const char *ca_pem(const struct check_state *s)
{
	return json_string_value(json_object_get(json_object_get(s->verdict, "ca"), "pem"));
}

const char *check_fix_label(const struct check_state *s)
{
	if (strcmp(check_state_text(s, "fix"), "import-ca") == 0 && ca_pem(s) == NULL)
		return _("import its CA from a file");
	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++) {
		if (strcmp(check_state_text(s, "fix"), fixes[i].fix) == 0)
			return _(fixes[i].label);
	}
	return "";
}

bool check_fix_possible(const struct check_state *s)
{
	return check_fix_label(s)[0] != '\0';
}

/* --- to the place -------------------------------------------------------------------------------------------------------------- */

/* The field of a pane's form that is bound to that setting (or is a password): its item. */
static int field_of(const struct app *app, const char *pane, int setting, bool password)
{
	for (int i = 0; i < PANES_MAX; i++) {
		const struct form *form;

		if (panes[i] == NULL || strcmp(panes[i]->name, pane) != 0 || panes[i]->form == NULL)
			continue;
		form = panes[i]->form(app_pane(app, pane));
		for (size_t n = 0; form != NULL && n < form->count; n++) {
			if (password ? form->field[n].spec->kind == FIELD_PASSWORD : form->field[n].spec->setting == setting)
				return FORM_ID + (int)n;
		}
	}
	return -1;
}

static void go_to(struct check_fix *f, const char *pane, int setting, bool password)
{
	char key[KEY_NAME_MAX];

	if (!app_go(f->app, pane, field_of(f->app, pane, setting, password)))
		app_notice(f->app, ROLE_WARN, _("?? This console has no pane for that; see the whole verdict (%s)."),
			   keymap_key_name(ACTION_CHECK_WHOLE, key, sizeof(key)));
}

/* --- the certificates ------------------------------------------------------------------------------------------------------------ */

static void fixed(void *data, bool changed)
{
	struct check_fix *f = data;

	if (changed)
		f->again(f->data);
}

static void ask_anchor(struct check_fix *f, const struct check_state *s)
{
	const char *name = check_state_text(s, "anchor");

	if (name[0] != '\0' && pane_certs_fix_anchor(f->app, name, fixed, f))
		return;
	go_to(f, "certs", -1, false);
	if (name[0] != '\0')
		app_notice(f->app, ROLE_WARN, _("?? \"%s\" is not in the store any more."), name);
}

static void ask_import(struct check_fix *f, const struct check_state *s)
{
	const char *pem = ca_pem(s);
	char key[KEY_NAME_MAX];

	if (pem == NULL) {
		go_to(f, "certs", -1, false);
		app_notice(f->app, ROLE_WARN,
			   _("?? The CA's certificate was not sent: get its file from whoever runs it, and import it here (%s)."),
			   keymap_key_name(ACTION_CERT_IMPORT, key, sizeof(key)));
		return;
	}
	pane_certs_fix_import(f->app, pem, strlen(pem),
			      _("Whoever holds its key can give this node any posture content. Import it only when this fingerprint "
				"is the one that its owner has told you by another way."), fixed, f);
}

/* --- the time servers ------------------------------------------------------------------------------------------------------------- */

static bool set_time_servers(void *data, const char *input, struct error *err)
{
	struct check_fix *f = data;

	if (!settings_set(f->app->settings, SETTING_TIME_SERVERS, input, err) || !settings_save(f->app->settings, err))
		return false;
	app_tell(f->app, PANE_SETTINGS);
	f->again(f->data);
	return true;
}

static void ask_time_servers(struct check_fix *f)
{
	struct buffer now = BUFFER_INIT(4096);

	if (!app_permit(f->app, NEED_SETTINGS))
		return;
	settings_text(f->app->settings, SETTING_TIME_SERVERS, &now);
	dialog_input(f->app, _("Time servers"), _("Names or addresses, commas between them; empty: this node's own"),
		     buffer_text(&now), set_time_servers, f);
	buffer_clear(&now);
}

static void act_on_trust(struct check_fix *f, const struct check_state *s, const char *fix)
{
	if (!app_permit(f->app, NEED_TRUST))
		return;
	if (strcmp(fix, "enable-anchor") == 0 || strcmp(fix, "trust-anchor") == 0)
		ask_anchor(f, s);
	else
		ask_import(f, s);
}

void check_fix_act(struct check_fix *f, const struct check_state *s, const char *bundle)
{
	const char *fix = check_state_text(s, "fix");

	if (strcmp(fix, "proxy-settings") == 0)
		go_to(f, "proxy", SETTING_PROXY_HOST, false);
	else if (strcmp(fix, "proxy-login") == 0)
		go_to(f, "proxy", SETTING_PROXY_USER, strcmp(check_state_cause(s), "proxy-auth-rejected") == 0);
	else if (strcmp(fix, "feed-url") == 0)
		go_to(f, "update", SETTING_SOURCE_FEED_URL, false);
	else if (strcmp(fix, "offline") == 0)
		go_to(f, "update", SETTING_SOURCE_BUNDLE, false);
	else if (strcmp(fix, "bundle") == 0)
		pane_update_bundle(f->app, bundle);
	else if (strcmp(fix, "certificates") == 0)
		go_to(f, "certs", -1, false);
	else if (strcmp(fix, "time-settings") == 0)
		ask_time_servers(f);
	else if (strcmp(fix, "settings") == 0)
		dialog_text(f->app, _("Settings"), check_state_text(s, "summary"));
	else
		act_on_trust(f, s, fix);
}
