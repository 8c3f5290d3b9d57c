/* The Update pane: what can be done. What it shows is made by update_page.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/i18n.h"
#include "browse.h"
#include "bundle_view.h"
#include "pane.h"
#include "pane_certs.h"
#include "trust/trust.h"
#include "update_changes.h"
#include "update_history.h"
#include "update_pane.h"

static const struct field_spec fields[UPDATE_FIELDS] = {
	[UPDATE_FIELD_SOURCE] = { FIELD_RADIO, SETTING_SOURCE_MODE, NULL, NULL, N_("Web|Offline") },
	[UPDATE_FIELD_URL] = { FIELD_TEXT, SETTING_SOURCE_FEED_URL, NULL, NULL, NULL },
	[UPDATE_FIELD_BUNDLE] = { FIELD_TEXT, SETTING_SOURCE_BUNDLE, NULL, NULL, NULL },
	[UPDATE_FIELD_AUTOMATIC] = { FIELD_CHECK, SETTING_SCHEDULE_AUTOMATIC, NULL, NULL, NULL },
};

/* Each change is saved at once: the pane has no half-done state that an update could miss. */
static void field_changed(void *data, size_t field)
{
	struct update_pane *p = data;
	struct error err = ERROR_INIT;

	if (form_problem(&p->form) != NULL)
		return;
	if (field == UPDATE_FIELD_BUNDLE && form_value(&p->form, UPDATE_FIELD_BUNDLE)[0] != '\0' &&
	    strcmp(form_value(&p->form, UPDATE_FIELD_SOURCE), "offline") != 0) {
		form_set(&p->form, UPDATE_FIELD_SOURCE, "offline");	/* comes here again, and saves both */
		return;
	}
	if (!form_save(&p->form, p->app->settings, &err))
		app_notice_error(p->app, &err);
	watch_refresh(&p->app->watch);
	app_tell(p->app, PANE_SETTINGS);
}

static void *create(struct app *app)
{
	struct update_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	form_init(&p->form, fields, UPDATE_FIELDS);
	p->form.changed = field_changed;
	p->form.data = p;
	form_load(&p->form, app->settings);
	return p;
}

static void destroy(void *pane)
{
	struct update_pane *p = pane;

	run_forget(p->starting);
	form_clear(&p->form);
	free(p);
}

/* --- what can be done ------------------------------------------------------------------------------------------------- */

static void take_event(void *data, const char *line, size_t len, const json_t *event)
{
	struct update_pane *p = data;
	const char *kind = json_string_value(json_object_get(event, "event"));
	const char *job = json_string_value(json_object_get(event, "job"));
	const char *message = json_string_value(json_object_get(event, "message"));
	const char *next = json_string_value(json_object_get(event, "next"));

	(void)line;
	(void)len;
	if (kind != NULL && job != NULL && strcmp(kind, "job.started") == 0) {
		app_notice_clear(p->app);
		watch_join(&p->app->watch, job, (pid_t)json_integer_value(json_object_get(event, "pid")));
		app_joined(p->app);
	} else if (kind != NULL && message != NULL && strcmp(kind, "error") == 0) {
		p->told = true;
		app_notice(p->app, ROLE_FAIL, "!! %s. %s", message, next != NULL ? next : "");
	}
}

static void started(void *data, int code, const char *errors)
{
	struct update_pane *p = data;

	p->starting = NULL;
	if (code != 0 && !p->told)
		app_notice(p->app, ROLE_FAIL, "!! %.*s", (int)strcspn(errors, "\n"), errors);
	watch_refresh(&p->app->watch);
	app_joined(p->app);
}

/* From the source of the settings, or from `bundle`. */
static void start_update(struct update_pane *p, const char *bundle, bool older)
{
	const char *arguments[8] = { "update", "--detach", "--json" };
	const struct run_options options = { .line = take_event, .end = started, .data = p };
	struct error err = ERROR_INIT;
	size_t n = 3;

	if (watch_running(&p->app->watch) || p->starting != NULL)
		return;
	if (bundle != NULL) {
		arguments[n++] = "--offline";
		arguments[n++] = bundle;
	}
	if (older)
		arguments[n++] = "--allow-downgrade";
	p->told = false;
	p->starting = app_start(p->app, arguments, &options, &err);
	if (p->starting != NULL)
		app_notice(p->app, ROLE_NORMAL, "%s", _("Starting the update..."));
	else
		app_notice_error(p->app, &err);
}

/* --- bundles ------------------------------------------------------------------------------------------------------------ */

/* Keeps a bundle in the settings: for the next look into its folder, or as the source of the updates. */
static void keep_bundle(struct update_pane *p, const char *path, bool as_source)
{
	struct settings *s = p->app->settings;
	struct error err = ERROR_INIT;

	if (!app_allowed(p->app, NEED_SETTINGS))
		return;
	if (!settings_set(s, SETTING_SOURCE_BUNDLE, path, &err) ||
	    (as_source && !settings_set(s, SETTING_SOURCE_MODE, "offline", &err)) || !settings_save(s, &err))
		app_notice_error(p->app, &err);
	else if (as_source)
		app_notice(p->app, ROLE_OK, "%s", _("OK Updates come from this bundle now."));
	app_tell(p->app, PANE_SETTINGS);
}

static void apply_bundle(void *data, const char *path, bool older)
{
	keep_bundle(data, path, false);
	start_update(data, path, older);
}

static void use_bundle(void *data, const char *path)
{
	keep_bundle(data, path, true);
	watch_refresh(&((struct update_pane *)data)->app->watch);
}

static void look_into(void *data, const char *path)
{
	static const struct bundle_view_ops ops = { .apply = apply_bundle, .use = use_bundle };
	struct update_pane *p = data;

	bundle_view_open(p->app, path, &ops, p);
}

void pane_update_bundle(struct app *app, const char *path)
{
	struct update_pane *p = app_pane(app, "update");

	if (p == NULL || !app_go(app, "update", -1))
		return;
	if (browse_permits(app, path))
		look_into(p, path);
	else
		app_notice(app, ROLE_WARN, "?? %s", _("That leads out of the folders that this console may take bundles from."));
}

/* Where there is no bundle to take, one must be chosen first. */
static void update_now(struct update_pane *p)
{
	const struct settings *s = p->app->settings;

	if (strcmp(settings_string(s, SETTING_SOURCE_MODE), "offline") == 0 &&
	    settings_string(s, SETTING_SOURCE_BUNDLE)[0] == '\0')
		browse_open(p->app, look_into, p);
	else
		start_update(p, NULL, false);
}

/* --- stopping, going back --------------------------------------------------------------------------------------------------- */

static void stop_update(void *data)
{
	struct update_pane *p = data;
	struct error err = ERROR_INIT;

	if (!watch_running(&p->app->watch))
		return;
	if (p->app->watch.pid == STORE_HOLDER_UNKNOWN)
		app_notice(p->app, ROLE_FAIL, "!! %s", _("The update runs where this console cannot stop it: stop it there."));
	else if (!job_stop(p->app->watch.pid, &err))
		app_notice_error(p->app, &err);
	else
		app_notice(p->app, ROLE_WARN, "%s", _("Asked the update to stop; what was downloaded is kept."));
	p->stopping = true;
}

static void roll_back(void *data, const char *generation)
{
	struct update_pane *p = data;
	char id[STORE_GENERATION_MAX] = "";
	struct error err = ERROR_INIT;
	struct store *store = NULL;

	if (store_open(p->app->options->state_dir, false, &store, &err) && store_rollback(store, generation, id, &err))
		app_notice(p->app, ROLE_OK, _("OK Generation %s is current again."), id);
	else
		app_notice_error(p->app, &err);
	store_free(store);
	p->app->watch.ended = false;
	watch_refresh(&p->app->watch);
}

static void roll_back_one(void *data)
{
	roll_back(data, NULL);
}

#define VERSION_MAX 128

static void version_of(const struct update_pane *p, const char *generation, char version[VERSION_MAX])
{
	struct store_generation *g = NULL;
	struct store *store = NULL;

	if (store_open(p->app->options->state_dir, false, &store, NULL))
		store_generation_load(store, generation, &g, NULL);
	snprintf(version, VERSION_MAX, "%s", g != NULL ? g->version : "?");
	store_generation_free(g);
	store_free(store);
}

static void ask_roll_back(struct update_pane *p)
{
	char question[512], version[VERSION_MAX];

	if (p->app->watch.previous[0] == '\0') {
		app_notice(p->app, ROLE_WARN, "%s", _("?? There is nothing to go back to: the next update keeps what is replaced."));
		return;
	}
	version_of(p, p->app->watch.previous, version);
	snprintf(question, sizeof(question),
		 _("Make generation %s (version %s) current again?\nThe present one is kept and can be returned to."),
		 p->app->watch.previous, version);
	dialog_ask(p->app, _("Roll back"), question, roll_back_one, p);
}

static bool possible(void *pane, enum action action)
{
	const struct update_pane *p = pane;
	bool running = watch_running(&p->app->watch);

	switch (action) {
	case ACTION_UPDATE: return !running && p->starting == NULL;
	case ACTION_STOP: return running;
	case ACTION_BUNDLE: return !running;
	case ACTION_ROLLBACK: return !running;
	default: return true;
	}
}

static bool act(void *pane, enum action action, int focus)
{
	struct update_pane *p = pane;

	(void)focus;
	switch (action) {
	case ACTION_UPDATE: update_now(p); break;
	case ACTION_STOP:
		dialog_ask(p->app, _("Stop the update"),
			   _("Stop the running update?\nWhat is installed stays; what was downloaded is kept."),
			   stop_update, p);
		break;
	case ACTION_BUNDLE: browse_open(p->app, look_into, p); break;
	case ACTION_HISTORY: update_history_open(p->app, roll_back, p); break;
	case ACTION_CHANGED: update_changes_open(p->app, "previous", "current"); break;
	case ACTION_ROLLBACK: ask_roll_back(p); break;
	default: return false;
	}
	return true;
}

/* A store that was never opened is not looked into: an update fills it. */
static void look_at_trust(struct update_pane *p)
{
	struct trust_store *trust = NULL;
	struct error ignored = ERROR_INIT;

	error_clear(&p->no_anchor);
	if (trust_open(p->app->options->state_dir, true, &trust, &ignored))
		trust_have_anchor(trust, TRUST_CISCO_SERVICES, &p->no_anchor);
	trust_free(trust);
	/* That pane tells when another program puts it right. */
	if (p->no_anchor.message[0] != '\0')
		pane_certs_store(p->app);
	app_dirty(p->app);
}

static void event(void *pane, enum pane_event what)
{
	struct update_pane *p = pane;

	if (what == PANE_SHOWN || what == PANE_TRUST)
		look_at_trust(p);
	if (what == PANE_SETTINGS)
		form_load(&p->form, p->app->settings);
	if (what == PANE_UPDATE && p->stopping && !watch_running(&p->app->watch)) {
		p->stopping = false;
		app_notice_clear(p->app);
	}
}

static struct form *form(void *pane)
{
	return &((struct update_pane *)pane)->form;
}

const struct pane_ops pane_update = {
	.name = "update", .title = N_("Update"), .scope = SCOPE_UPDATE, .create = create, .destroy = destroy, .prepare = update_page,
	.possible = possible, .action = act, .event = event, .form = form,
};
