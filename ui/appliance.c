#include "appliance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance_private.h"
#include "base/i18n.h"
#include "base/text.h"
#include "pane.h"

#define DEADLINE_MS 120000

static const struct field_spec specs[APPLIANCE_FIELDS] = {
	[APPLIANCE_HOST] = { FIELD_TEXT, SETTING_NODE_HOST, NULL, NULL, NULL },
	[APPLIANCE_PORT] = { FIELD_TEXT, SETTING_NODE_PORT, NULL, NULL, NULL },
	[APPLIANCE_USER] = { FIELD_TEXT, SETTING_NODE_USER, NULL, NULL, NULL },
	[APPLIANCE_PASSWORD] = { FIELD_PASSWORD, FIELD_NO_SETTING, N_("Password"), NULL, NULL },
	[APPLIANCE_KEEP] = { FIELD_CHECK, FIELD_NO_SETTING, N_("Keep the password"), NULL, NULL },
	[APPLIANCE_CLI_USER] = { FIELD_TEXT, SETTING_NODE_CLI_USER, NULL, NULL, NULL },
	[APPLIANCE_CLI_PORT] = { FIELD_TEXT, SETTING_NODE_CLI_PORT, NULL, NULL, NULL },
};

void appliance_say(struct appliance *a, enum theme_role role, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, args);
	va_end(args);
	a->role = role;
	app_dirty(a->app);
}

/* --- the differences --------------------------------------------------------------------------------------------------- */

const struct appliance_row *appliance_selected(const struct appliance *a)
{
	return a->list.selected < a->list.count ? &a->rows[a->list.selected] : NULL;
}

static bool differs(const json_t *row, bool proxy)
{
	const char *side = json_string_value(json_object_get(row, "side"));

	return proxy ? !json_is_true(json_object_get(row, "same")) : side != NULL && strcmp(side, "same") != 0;
}

static void add_rows(struct appliance *a, const json_t *array, bool proxy)
{
	const json_t *row;
	size_t i;

	json_array_foreach (array, i, row) {
		const char *sha256 = json_string_value(json_object_get(row, "sha256"));
		bool wanted = a->wanted != NULL && sha256 != NULL && strcasecmp(sha256, a->wanted) == 0;

		if (!differs(row, proxy) && !wanted)
			continue;
		if (wanted)
			a->list.selected = a->list.count;
		a->rows[a->list.count++] = (struct appliance_row){ .json = row, .proxy = proxy };
	}
}

static void take_differences(struct appliance *a)
{
	const json_t *proxy = json_object_get(a->answer, "proxy"), *certificates = json_object_get(a->answer, "certificates");
	size_t most = json_array_size(proxy) + json_array_size(certificates);
	int64_t selected = a->list.selected;
	bool keep = a->keep_text;

	json_decref(a->document);
	a->document = json_incref(a->answer);
	a->compact = true;
	free(a->rows);
	a->list = (struct list){ 0 };
	a->rows = calloc(most + 1, sizeof(*a->rows));
	if (a->rows == NULL)
		return;
	add_rows(a, proxy, true);
	add_rows(a, certificates, false);
	if (a->list.count > 0)
		app_focus(a->app, APPLIANCE_LIST);
	if (a->list.selected == 0)
		list_move(&a->list, selected);
	a->keep_text = false;
	if (keep)
		return;
	if (a->list.count == 0)
		appliance_say(a, ROLE_OK, "%s", _("OK Nothing differs."));
	else if (json_is_false(json_object_get(json_object_get(a->answer, "node"), "primary")))
		appliance_say(a, ROLE_WARN, _("?? It takes no changes: the primary PAN is %s."),
			      json_string_value(json_object_get(json_object_get(a->answer, "node"), "primary_name")));
	else
		a->text[0] = '\0';
}

/* --- running ----------------------------------------------------------------------------------------------------------- */

static void take_line(void *data, const char *line, size_t len, const json_t *event)
{
	struct appliance *a = data;
	const char *kind = json_string_value(json_object_get(event, "event"));

	(void)line, (void)len;
	if (event == NULL)
		return;
	if (kind != NULL && strcmp(kind, "node.certificate") == 0) {
		json_decref(a->identity);
		a->identity = json_deep_copy(event);
		return;
	}
	json_decref(a->answer);
	a->answer = json_deep_copy(event);
}

static void pin(void *data)
{
	struct appliance *a = data;
	const char *const arguments[] = { "login", "--pin", a->pin, a->form.field[APPLIANCE_KEEP].value[0] == 't' ? "--save-password" : NULL,
					  NULL };

	appliance_start(a, APPLIANCE_LOGIN, arguments);
}

/* The first contact, or another certificate than before: the operator compares, or does not. */
static void ask_pin(struct appliance *a)
{
	char question[2048], subject[300];
	const char *sha256 = json_string_value(json_object_get(a->identity, "sha256"));
	const char *name = json_string_value(json_object_get(a->identity, "subject"));

	if (sha256 == NULL || !app_permit(a->app, NEED_SETTINGS))
		return;
	snprintf(a->pin, sizeof(a->pin), "%s", sha256);
	snprintf(question, sizeof(question),
		 _("Nothing here vouches for the certificate that the appliance shows:\n%s\nSHA-256 %s\nCompare it with the one under "
		   "Administration, System, Certificates, System Certificates (used for Admin). Is it the same, and shall it be trusted "
		   "from now on?"),
		 text_safe(subject, sizeof(subject), name != NULL ? name : "?"), sha256);
	appliance_say(a, ROLE_FAIL, "!! %s", _("Nothing here vouches for its certificate; nothing was sent."));
	dialog_ask(a->app, _("Certificate of the appliance"), question, pin, a);
}

static void say_failure(struct appliance *a, const char *errors)
{
	const char *message = json_string_value(json_object_get(a->answer, "message"));
	const char *next = json_string_value(json_object_get(a->answer, "next"));

	if (message != NULL)
		appliance_say(a, ROLE_FAIL, "!! %s. %s", message, next != NULL ? next : "");
	else
		appliance_say(a, ROLE_FAIL, "!! %s", errors[0] != '\0' ? errors : _("the command ended without an answer"));
}

/* The file may be another one now. */
static void reload(struct appliance *a)
{
	struct error err = ERROR_INIT;

	if (!settings_reload(a->app->settings, &err))
		appliance_say(a, ROLE_FAIL, "!! %s", err.message);
	form_load(&a->form, a->app->settings);
	app_tell(a->app, PANE_SETTINGS);
}

static void say_imported(struct appliance *a)
{
	size_t imported = json_array_size(json_object_get(a->answer, "imported"));
	const json_t *refused = json_object_get(a->answer, "refused");
	const char *why = json_string_value(json_object_get(json_array_get(refused, 0), "message"));

	if (json_array_size(refused) > 0)
		appliance_say(a, ROLE_FAIL, _("!! %zu imported, %zu refused: %s"), imported, json_array_size(refused), why != NULL ? why : "");
	else
		appliance_say(a, ROLE_OK, _("OK %zu imported."), imported);
}

static void compare_again(struct appliance *a)
{
	a->keep_text = true;
	appliance_compare(a);
}

/* What follows upon a work that ended well. */
static void succeeded(struct appliance *a, enum appliance_work work)
{
	switch (work) {
	case APPLIANCE_LOGIN:
		form_kept(&a->form);
		a->form.field[APPLIANCE_PASSWORD].is_set = json_is_true(json_object_get(a->answer, "password_kept"));
		reload(a);
		appliance_compare(a);
		break;
	case APPLIANCE_DIFF: take_differences(a); break;
	case APPLIANCE_IMPORT_PROXY:
		reload(a);
		appliance_say(a, ROLE_OK, "%s", json_is_true(json_object_get(a->answer, "password_needed"))
							? _("OK The proxy is taken over. Enter its password in Proxy: the appliance does not tell it.")
							: _("OK The proxy is taken over."));
		compare_again(a);
		break;
	case APPLIANCE_IMPORT_CERTIFICATES:
		app_tell(a->app, PANE_TRUST);
		say_imported(a);
		compare_again(a);
		break;
	case APPLIANCE_DRY_RUN: appliance_confirm(a); break;
	case APPLIANCE_WRITE:
		appliance_say(a, ROLE_OK, "%s", _("OK Written, and read back as it was meant."));
		compare_again(a);
		break;
	case APPLIANCE_LOG_KEYS: appliance_choose_key(a); break;
	case APPLIANCE_LOG_SET:
		reload(a);
		appliance_say(a, ROLE_OK, "%s", json_is_true(json_object_get(a->answer, "set"))
							? _("OK The log is the appliance's now. ssh logs in with a key: \"crypto key import\" there.")
							: _("OK The log is the file again."));
		break;
	case APPLIANCE_IDLE: break;
	}
}

static void ended(void *data, int code, const char *errors)
{
	struct appliance *a = data;
	enum appliance_work work = a->work;

	a->run = NULL;
	a->work = APPLIANCE_IDLE;
	app_dirty(a->app);
	if (code == EXIT_OK || (work == APPLIANCE_DIFF && code == EXIT_WARNINGS)) {
		succeeded(a, work);
		return;
	}
	if (work == APPLIANCE_IMPORT_CERTIFICATES && json_is_array(json_object_get(a->answer, "refused"))) {
		app_tell(a->app, PANE_TRUST);
		say_imported(a);
		return;
	}
	a->keep_text = false;
	say_failure(a, errors);
	if ((work == APPLIANCE_LOGIN || work == APPLIANCE_DIFF) && a->identity != NULL)
		ask_pin(a);
}

void appliance_start(struct appliance *a, enum appliance_work work, const char *const *arguments)
{
	const char *argv[APPLIANCE_ARGUMENTS_MAX + 8] = { "node", "--json" };
	const char *password = form_value(&a->form, APPLIANCE_PASSWORD);
	bool typed = password[0] != '\0' && work != APPLIANCE_LOG_KEYS && work != APPLIANCE_LOG_SET;
	struct run_options options = { .deadline_ms = DEADLINE_MS, .line = take_line, .end = ended, .data = a,
				       .input = typed ? password : NULL, .input_len = typed ? strlen(password) : 0 };
	struct error err = ERROR_INIT;
	size_t n = 2;

	if (a->run != NULL)
		return;
	json_decref(a->answer);
	json_decref(a->identity);
	a->answer = a->identity = NULL;
	if (typed)
		argv[n++] = "--password-file=-";
	for (size_t i = 0; i < APPLIANCE_ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[n++] = arguments[i];
	a->work = work;
	a->run = app_start(a->app, argv, &options, &err);
	if (a->run == NULL)
		appliance_say(a, ROLE_FAIL, "!! %s", err.message);
	else if (!a->keep_text)
		appliance_say(a, ROLE_NORMAL, "%s", _("Asking the appliance ..."));
}

void appliance_compare(struct appliance *a)
{
	appliance_start(a, APPLIANCE_DIFF, (const char *const[]){ "diff", NULL });
}

/* Says what is missing, and goes to where it is typed. */
static void ask_for(struct appliance *a, int field, const char *what)
{
	appliance_say(a, ROLE_FAIL, "!! %s", what);
	app_focus(a->app, FORM_ID + field);
}

static void connect_to(struct appliance *a)
{
	const char *problem = form_problem(&a->form);
	const char *const arguments[] = { "login", "--host", form_value(&a->form, APPLIANCE_HOST), "--port", form_value(&a->form, APPLIANCE_PORT),
					  "--user", form_value(&a->form, APPLIANCE_USER),
					  form_is_on(&a->form, APPLIANCE_KEEP) ? "--save-password" : NULL, NULL };

	if (problem != NULL)
		appliance_say(a, ROLE_FAIL, "!! %s", problem);
	else if (form_value(&a->form, APPLIANCE_HOST)[0] == '\0')
		ask_for(a, APPLIANCE_HOST, _("Name the appliance and the account first."));
	else if (form_value(&a->form, APPLIANCE_USER)[0] == '\0')
		ask_for(a, APPLIANCE_USER, _("Name the appliance and the account first."));
	else if (form_value(&a->form, APPLIANCE_PASSWORD)[0] == '\0' && !a->form.field[APPLIANCE_PASSWORD].is_set)
		ask_for(a, APPLIANCE_PASSWORD, _("Type the password of the account first."));
	else if (!app_allowed(a->app, NEED_SETTINGS))
		appliance_compare(a);	/* as it is set: a login would keep what is new */
	else
		appliance_start(a, APPLIANCE_LOGIN, arguments);
}

/* --- the dialog -------------------------------------------------------------------------------------------------------- */

static void destroy(void *data)
{
	struct appliance *a = data;

	run_forget(a->run);
	appliance_forget_fix(a);
	json_decref(a->answer);
	json_decref(a->identity);
	json_decref(a->document);
	form_clear(&a->form);
	free(a->rows);
	free(a->wanted);
	free(a);
}

static bool possible(void *data, enum action action)
{
	const struct appliance *a = data;

	switch (action) {
	case ACTION_NODE_MARK: return appliance_selected(a) != NULL && app_focused(a->app) == APPLIANCE_LIST;
	case ACTION_NODE_IMPORT: case ACTION_NODE_FIX: return appliance_selected(a) != NULL && a->run == NULL;
	case ACTION_NODE_CONNECT: case ACTION_NODE_LOG: return a->run == NULL;
	default: return true;
	}
}

static bool act(void *data, enum action action, int focus)
{
	struct appliance *a = data;

	switch (action) {
	case ACTION_NODE_CONNECT: connect_to(a); break;
	case ACTION_NODE_MARK:
		a->rows[a->list.selected].marked = !a->rows[a->list.selected].marked;
		list_move(&a->list, 1);
		break;
	case ACTION_NODE_IMPORT: appliance_import(a); break;
	case ACTION_NODE_FIX: appliance_offer(a, true); break;
	case ACTION_NODE_LOG: appliance_log(a); break;
	case ACTION_CHOOSE:
		if (focus == APPLIANCE_OTHER) {
			a->compact = false;
			break;
		}
		if (focus != APPLIANCE_LIST || appliance_selected(a) == NULL || a->run != NULL)
			return false;
		appliance_offer(a, false);
		break;
	default: return false;
	}
	app_dirty(a->app);
	return true;
}

void appliance_open(struct app *app, const char *certificate)
{
	static const struct dialog_ops ops = { .scope = SCOPE_APPLIANCE, .prepare = appliance_prepare, .possible = possible, .action = act,
					       .destroy = destroy };
	struct appliance *a = calloc(1, sizeof(*a));
	struct buffer kept = BUFFER_INIT(512);

	if (a != NULL) {
		a->app = app;
		a->wanted = certificate != NULL ? strdup(certificate) : NULL;
		form_init(&a->form, specs, APPLIANCE_FIELDS);
		form_load(&a->form, app->settings);
		settings_secret_load(SETTINGS_PASSWORD_NODE, app->options->state_dir, &kept, NULL);
		a->form.field[APPLIANCE_PASSWORD].is_set = kept.len > 0;
		buffer_wipe(&kept);
	}
	dialog_open(app, _("Appliance"), &ops, a);
}

bool appliance_hint(const struct app *app, enum finding cause, char dst[APPLIANCE_HINT_MAX])
{
	const char *code = finding_info(cause)->code;
	bool certificate = cause == FINDING_TRUST_ROOT_DISABLED || cause == FINDING_TRUST_ROOT_NOT_FOR_SERVICES;
	char key[KEY_NAME_MAX];

	if ((!certificate && strncmp(code, "proxy-", 6) != 0) || settings_string(app->settings, SETTING_NODE_HOST)[0] == '\0')
		return false;
	snprintf(dst, APPLIANCE_HINT_MAX, _("The appliance may have the same fault: press %s to compare with it and correct it there."),
		 keymap_key_name(ACTION_APPLIANCE, key, sizeof(key)));
	return true;
}
