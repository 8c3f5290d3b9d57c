#include "check_fix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "form.h"
#include "pane.h"

#define PEM_MAX 65536
#define NAME_MAX_BYTES 256

struct check_fix {
	struct app *app;
	void (*again)(void *data);
	void *data;
	struct run *run;		/* the certs command that is under way; NULL: none */
	char name[NAME_MAX_BYTES];	/* of the certificate */
	char pem[PEM_MAX];
	const char *verb;		/* "enable", "trust", "import" */
};

static const struct { const char *fix, *label; } fixes[] = {
	{ "proxy-settings", N_("correct the proxy") }, { "proxy-login", N_("enter the login again") },
	{ "enable-anchor", N_("enable the certificate") }, { "trust-anchor", N_("trust it for Cisco services") },
	{ "import-ca", N_("look at its CA and import it") }, { "certificates", N_("go to the certificates") },
	{ "feed-url", N_("correct the feed's address") }, { "settings", N_("show the settings' error") },
	{ "time-settings", N_("name other time servers") }, { "offline", N_("update offline") },
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
	if (f == NULL)
		return;
	run_forget(f->run);
	free(f);
}

const char *check_fix_label(const struct check_state *s)
{
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
	if (!app_go(f->app, pane, field_of(f->app, pane, setting, password)))
		app_notice(f->app, ROLE_WARN, "%s", _("?? This console has no pane for that; see the whole verdict (v)."));
}

/* --- the certificates ------------------------------------------------------------------------------------------------------------ */

static void ended(void *data, int code, const char *errors)
{
	struct check_fix *f = data;

	f->run = NULL;
	if (code != 0) {
		app_notice(f->app, ROLE_FAIL, "!! %.*s", (int)strcspn(errors, "\n"), errors);
		return;
	}
	app_notice(f->app, ROLE_OK, _("OK %s: done. Checking again."), f->name);
	app_tell(f->app, PANE_TRUST);
	f->again(f->data);
}

/* certs enable NAME | certs trust NAME cisco-services | certs import - --name NAME --usage cisco-services */
static void run_certs(void *data)
{
	struct check_fix *f = data;
	const char *enable[] = { "certs", "enable", f->name, NULL };
	const char *trust[] = { "certs", "trust", f->name, "cisco-services", NULL };
	const char *import[] = { "certs", "import", "-", "--name", f->name, "--usage", "cisco-services", NULL };
	bool imports = strcmp(f->verb, "import") == 0;
	const struct run_options options = { .end = ended, .data = f, .input = imports ? f->pem : NULL,
					     .input_len = imports ? strlen(f->pem) : 0 };
	struct error err = ERROR_INIT;

	if (f->run != NULL)
		return;
	f->run = app_start(f->app, imports ? import : strcmp(f->verb, "trust") == 0 ? trust : enable, &options, &err);
	if (f->run == NULL)
		app_notice_error(f->app, &err);
}

static void ask_anchor(struct check_fix *f, const struct check_state *s, const char *verb)
{
	char question[1024];

	snprintf(f->name, sizeof(f->name), "%s", check_state_text(s, "anchor"));
	if (f->name[0] == '\0') {
		go_to(f, "certs", -1, false);
		return;
	}
	f->verb = verb;
	snprintf(question, sizeof(question), strcmp(verb, "enable") == 0 ?
		 _("The feed's certificate ends in this one of the store:\n%s\nEnable it?") :
		 _("The feed's certificate ends in this one of the store:\n%s\nTrust it for Cisco services (feeds and their signatures)?"),
		 f->name);
	dialog_ask(f->app, _("Trusted certificate"), question, run_certs, f);
}

static void ask_import(struct check_fix *f, const struct check_state *s)
{
	const json_t *ca = json_object_get(s->verdict, "ca");
	const char *pem = json_string_value(json_object_get(ca, "pem")), *name = json_string_value(json_object_get(ca, "name"));
	char question[2048];

	if (pem == NULL || name == NULL || strlen(pem) >= sizeof(f->pem)) {
		app_notice(f->app, ROLE_WARN, "%s",
			   _("?? The CA's certificate was not sent: get its file from whoever runs it, and import it here (i)."));
		go_to(f, "certs", -1, false);
		return;
	}
	f->verb = "import";
	snprintf(f->name, sizeof(f->name), "%s", name[0] != '\0' ? name : "imported CA");
	snprintf(f->pem, sizeof(f->pem), "%s", pem);
	snprintf(question, sizeof(question),
		 _("%s\nSHA-256 %s\n\nWhoever holds its key can give this node any posture content. Import it only when this fingerprint "
		   "is the one that its owner has told you by another way.\nImport it, trusted for Cisco services?"),
		 json_string_value(json_object_get(ca, "subject")), json_string_value(json_object_get(ca, "sha256")));
	dialog_ask(f->app, _("Import a CA"), question, run_certs, f);
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
	if (strcmp(fix, "enable-anchor") == 0)
		ask_anchor(f, s, "enable");
	else if (strcmp(fix, "trust-anchor") == 0)
		ask_anchor(f, s, "trust");
	else
		ask_import(f, s);
}

void check_fix_act(struct check_fix *f, const struct check_state *s)
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
	else if (strcmp(fix, "certificates") == 0)
		go_to(f, "certs", -1, false);
	else if (strcmp(fix, "time-settings") == 0)
		ask_time_servers(f);
	else if (strcmp(fix, "settings") == 0)
		dialog_text(f->app, _("Settings"), check_state_text(s, "summary"));
	else
		act_on_trust(f, s, fix);
}
