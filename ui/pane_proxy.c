/* The Proxy pane: the settings of the proxy and its password, tried and saved without leaving it. */
#include "pane_proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "pane.h"
#include "proxy_answer.h"
#include "settings/login.h"

#define LABEL_COLS 17
#define TEST_DEADLINE_MS 30000

enum {
	AT_ENABLED, AT_SCHEME, AT_HOST, AT_PORT, AT_LOGIN, AT_USER, AT_PASSWORD, AT_BYPASS, AT_COUNT
};

static const struct field_spec specs[AT_COUNT] = {
	[AT_ENABLED] = { .kind = FIELD_CHECK, .setting = SETTING_PROXY_ENABLED },
	[AT_SCHEME] = { .kind = FIELD_RADIO, .setting = SETTING_PROXY_SCHEME, .names = N_("HTTP|HTTPS|SOCKS5") },
	[AT_HOST] = { .kind = FIELD_TEXT, .setting = SETTING_PROXY_HOST },
	[AT_PORT] = { .kind = FIELD_TEXT, .setting = SETTING_PROXY_PORT },
	[AT_LOGIN] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING, .label = N_("Needs a login") },
	[AT_USER] = { .kind = FIELD_TEXT, .setting = SETTING_PROXY_USER },
	[AT_PASSWORD] = { .kind = FIELD_PASSWORD, .setting = FIELD_NO_SETTING, .label = N_("Password") },
	[AT_BYPASS] = { .kind = FIELD_TEXT, .setting = SETTING_PROXY_BYPASS },
};

struct proxy_pane {
	struct app *app;
	struct form form;
	bool loaded;
	struct error password_problem;	/* the kept password cannot be read; empty message: it can */
	struct run *test;		/* NULL: none runs */
	bool tested;
	int helped;			/* the field whose help is shown: it follows the focus when the keys rest */
	struct proxy_answer answer;
};

/* --- the form -------------------------------------------------------------------------------------------------------- */

static bool needs_login(const struct proxy_pane *p)
{
	return form_is_on(&p->form, AT_LOGIN);
}

/* What one field cannot tell by itself. */
static bool check_field(void *data, size_t field, const char *text, struct error *err)
{
	const struct proxy_pane *p = data;

	if (field == AT_HOST && text[0] == '\0' && form_is_on(&p->form, AT_ENABLED))
		return error_set(err, FINDING_PROXY_SETTING_INVALID, _("name the proxy's host, or do not use a proxy"));
	if (field == AT_USER && text[0] == '\0' && needs_login(p))
		return error_set(err, FINDING_PROXY_SETTING_INVALID, _("name the user, or say that no login is needed"));
	return true;
}

/* A field that was refused because of another one may be fine now. */
static void check_again(struct proxy_pane *p, size_t field)
{
	if (p->form.field[field].reason[0] != '\0')
		form_set(&p->form, field, form_value(&p->form, field));
}

static void field_changed(void *data, size_t field)
{
	struct proxy_pane *p = data;

	/* What a test said was about the values before. */
	p->tested = false;
	if (field == AT_ENABLED)
		check_again(p, AT_HOST);
	if (field == AT_LOGIN)
		check_again(p, AT_USER);
	app_dirty(p->app);
}

static void set_quietly(struct form_field *field, const char *text)
{
	char *value = strdup(text), *saved = strdup(text);

	if (value == NULL || saved == NULL) {
		free(value);
		free(saved);
		return;
	}
	free(field->value);
	free(field->saved);
	field->value = value;
	field->saved = saved;
}

/* The two fields that are no settings follow what is kept. */
static void load_login(struct proxy_pane *p)
{
	struct error err = ERROR_INIT;

	if (!form_field_is_changed(&p->form, AT_LOGIN))
		set_quietly(&p->form.field[AT_LOGIN],
			    settings_string(p->app->settings, SETTING_PROXY_USER)[0] != '\0' ? "true" : "false");
	p->password_problem = err;
	if (!login_password_is_set(p->app->options->state_dir, &p->form.field[AT_PASSWORD].is_set, &err))
		p->password_problem = err;
}

static void load(struct proxy_pane *p)
{
	form_load(&p->form, p->app->settings);
	load_login(p);
	p->loaded = true;
}

/* --- saving ---------------------------------------------------------------------------------------------------------- */

static bool typed_password(const struct proxy_pane *p)
{
	return needs_login(p) && form_value(&p->form, AT_PASSWORD)[0] != '\0';
}

/* The kept password belongs to the user that is kept. */
static bool password_goes(const struct proxy_pane *p)
{
	return !typed_password(p) &&
	       (!needs_login(p) || strcmp(form_value(&p->form, AT_USER), p->form.field[AT_USER].saved) != 0);
}

static const char *label_of(size_t field)
{
	const struct field_spec *spec = &specs[field];

	return _(spec->label != NULL ? spec->label : setting_info((enum setting)spec->setting)->label);
}

/* Puts what no field alone can tell beside its field; goes to the first field that is refused, false when there is one. */
static bool complete(struct proxy_pane *p, bool saving)
{
	static const size_t fields[] = { AT_HOST, AT_USER };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		form_set(&p->form, fields[i], form_value(&p->form, fields[i]));
	for (size_t i = 0; i < p->form.count; i++) {
		if (p->form.field[i].reason[0] == '\0')
			continue;
		app_focus(p->app, FORM_ID + (int)i);
		app_notice(p->app, ROLE_FAIL, saving ? _("!! Not saved: look at \"%s\".") : _("!! Not tested: look at \"%s\"."),
			   label_of(i));
		return false;
	}
	return true;
}

static bool write_all(struct proxy_pane *p, struct error *err)
{
	const char *state_dir = p->app->options->state_dir;
	bool goes = password_goes(p);

	/* A password is there before its user is named, and goes after its user has gone (settings/login.h). */
	if (typed_password(p) && !settings_password_save(state_dir, form_value(&p->form, AT_PASSWORD), err))
		return false;
	if (!needs_login(p))
		form_set(&p->form, AT_USER, "");
	return form_save(&p->form, p->app->settings, err) && (!goes || settings_password_save(state_dir, NULL, err));
}

static void say_saved(struct proxy_pane *p)
{
	const struct settings *s = p->app->settings;
	const char *user = settings_string(s, SETTING_PROXY_USER);

	if (user[0] != '\0' && !p->form.field[AT_PASSWORD].is_set)
		app_notice(p->app, ROLE_WARN, _("?? Saved. No password is set for %s."), user);
	else if (!settings_bool(s, SETTING_PROXY_ENABLED) && settings_string(s, SETTING_PROXY_HOST)[0] != '\0')
		app_notice(p->app, ROLE_WARN, _("?? Saved. This proxy is not used until \"Use a proxy\" is ticked."));
	else
		app_notice(p->app, ROLE_OK, _("OK Saved. The next check and the next update use it."));
}

static void save(struct proxy_pane *p)
{
	struct error err = ERROR_INIT;
	bool tested = p->tested;

	form_leave(&p->form, true);
	if (!complete(p, true))
		return;
	if (!write_all(p, &err)) {
		app_notice_error(p->app, &err);
		return;
	}
	set_quietly(&p->form.field[AT_PASSWORD], "");
	set_quietly(&p->form.field[AT_LOGIN], form_value(&p->form, AT_LOGIN));
	load(p);
	p->tested = tested;
	say_saved(p);
	app_tell(p->app, PANE_SETTINGS);
}

static void undo(struct proxy_pane *p)
{
	form_undo(&p->form);
	set_quietly(&p->form.field[AT_PASSWORD], "");
	load(p);
	p->tested = false;
	app_notice(p->app, ROLE_NORMAL, _("The form shows what is saved again."));
}

/* --- testing --------------------------------------------------------------------------------------------------------- */

static void test_line(void *data, const char *line, size_t len, const json_t *event)
{
	struct proxy_pane *p = data;

	(void)line;
	(void)len;
	if (event != NULL && proxy_answer_take(&p->answer, event))
		p->tested = true;
	app_dirty(p->app);
}

static void test_ended(void *data, int code, const char *errors)
{
	struct proxy_pane *p = data;

	(void)code;
	if (!p->tested)
		proxy_answer_broken(&p->answer, errors);
	p->tested = true;
	p->test = NULL;
	app_dirty(p->app);
}

static void test(struct proxy_pane *p)
{
	const char *arguments[16] = { "proxy", "test", "--json" };
	struct run_options options = { .deadline_ms = TEST_DEADLINE_MS, .line = test_line, .end = test_ended, .data = p };
	struct error err = ERROR_INIT;

	form_leave(&p->form, true);
	if (form_value(&p->form, AT_HOST)[0] == '\0') {
		app_focus(p->app, FORM_ID + AT_HOST);
		app_notice(p->app, ROLE_FAIL, _("!! Not tested: name the proxy's host first."));
		return;
	}
	if (!complete(p, false))
		return;
	arguments[3] = "--scheme";
	arguments[4] = form_value(&p->form, AT_SCHEME);
	arguments[5] = "--host";
	arguments[6] = form_value(&p->form, AT_HOST);
	arguments[7] = "--port";
	arguments[8] = form_value(&p->form, AT_PORT);
	arguments[9] = "--user";
	arguments[10] = needs_login(p) ? form_value(&p->form, AT_USER) : "";
	if (typed_password(p)) {
		arguments[11] = "--password-file";
		arguments[12] = "-";
		options.input = form_value(&p->form, AT_PASSWORD);
		options.input_len = strlen(options.input);
	}
	run_forget(p->test);
	p->tested = false;
	p->test = app_start(p->app, arguments, &options, &err);
	if (p->test == NULL)
		app_notice_error(p->app, &err);
	else
		app_notice_clear(p->app);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static int label_cols(const struct proxy_pane *p)
{
	return (int)text_widest((size_t)form_label_cols(&p->form, LABEL_COLS) - 2, _("Connection"), _("Feed through it"), _("Cause"),
				_("It said"), _("What to do"), _("Test")) + 2;
}

static void put_login(struct proxy_pane *p, struct page *page)
{
	form_put(page, &p->form, AT_LOGIN, label_cols(p));
	if (!needs_login(p)) {
		page_row(page, ROLE_DIM, label_cols(p), _("User"), "-");
		page_row(page, ROLE_DIM, label_cols(p), _("Password"), "-");
		return;
	}
	form_put(page, &p->form, AT_USER, label_cols(p));
	form_put(page, &p->form, AT_PASSWORD, label_cols(p));
	if (p->password_problem.message[0] != '\0')
		page_wrap_after(page, ROLE_FAIL, label_cols(p), p->password_problem.message);
	else if (p->form.field[AT_PASSWORD].is_set && password_goes(p))
		page_put(page, ROLE_WARN, _("  ?? goes with the other user"));
	else if (!p->form.field[AT_PASSWORD].is_set && !typed_password(p))
		page_put(page, ROLE_WARN, _("  ?? not set"));
}

static void put_buttons(const struct proxy_pane *p, struct page *page)
{
	const struct page_button buttons[] = { { ACTION_PROXY_SAVE, _("Save") }, { ACTION_PROXY_TEST, _("Test") },
					       { ACTION_PROXY_UNDO, _("Undo") }, { ACTION_APPLIANCE, _("Appliance") } };

	page_buttons(page, buttons, sizeof(buttons) / sizeof(buttons[0]));
	if (form_is_changed(&p->form))
		page_right_or_below(page, ROLE_WARN, _("* unsaved changes"));
}

/* What the field that has the focus is for, where there is room. */
static void put_help(struct proxy_pane *p, struct page *page)
{
	const char *help = NULL;
	int field;

	if (page->resting)
		p->helped = app_focused(p->app) - FORM_ID;
	field = p->helped;
	if (field >= 0 && field < AT_COUNT && form_is_setting(&p->form, (size_t)field))
		help = _(setting_info((enum setting)specs[field].setting)->help);
	else if (field == AT_LOGIN)
		help = _("Whether the proxy asks who we are (an answer 407 in the test). Basic and Digest work, NTLM and Negotiate "
			 "where libcurl has them.");
	else if (field == AT_PASSWORD)
		help = _("Never shown and never written to the settings, the log or a report: it is kept in a file of its own "
			 "that only this user can read.");
	if (help == NULL || page_left(page) < 4)
		return;
	page_line(page);
	page_wrap(page, ROLE_DIM, help);
}

static void prepare(void *pane, struct page *page)
{
	struct proxy_pane *p = pane;

	page_rule(page, !settings_bool(p->app->settings, SETTING_PROXY_ENABLED) ? _("Proxy\tnot used") : _("Proxy\tin use"));
	form_put(page, &p->form, AT_ENABLED, label_cols(p));
	form_put(page, &p->form, AT_SCHEME, label_cols(p));
	form_put(page, &p->form, AT_HOST, label_cols(p));
	form_put(page, &p->form, AT_PORT, label_cols(p));
	put_login(p, page);
	form_put(page, &p->form, AT_BYPASS, label_cols(p));
	if (page_left(page) > 3 && !p->tested)
		page_line(page);
	put_buttons(p, page);
	if (p->test != NULL)
		page_row(page, ROLE_DIM, label_cols(p), _("Test"), _("asking the proxy for a way to the feed ..."));
	else if (p->tested)
		proxy_answer_put(&p->answer, page, label_cols(p));
	else
		put_help(p, page);
}

/* --- the pane -------------------------------------------------------------------------------------------------------- */

static void *create(struct app *app)
{
	struct proxy_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	form_init(&p->form, specs, AT_COUNT);
	p->form.check = check_field;
	p->form.changed = field_changed;
	p->form.data = p;
	return p;
}

static void destroy(void *pane)
{
	struct proxy_pane *p = pane;

	run_forget(p->test);
	form_clear(&p->form);
	free(p);
}

static bool possible(void *pane, enum action action)
{
	const struct proxy_pane *p = pane;

	if (action == ACTION_PROXY_SAVE || action == ACTION_PROXY_UNDO)
		return form_is_changed(&p->form);
	return action != ACTION_PROXY_TEST || p->test == NULL;
}

static bool act(void *pane, enum action action, int focus)
{
	struct proxy_pane *p = pane;

	(void)focus;
	if (action == ACTION_PROXY_SAVE)
		save(p);
	else if (action == ACTION_PROXY_TEST)
		test(p);
	else if (action == ACTION_PROXY_UNDO)
		undo(p);
	else
		return false;
	app_dirty(p->app);
	return true;
}

static void event(void *pane, enum pane_event what)
{
	struct proxy_pane *p = pane;

	if (what == PANE_SHOWN || (what == PANE_SETTINGS && p->loaded))
		load(p);
}

static struct form *form_of(void *pane)
{
	return &((struct proxy_pane *)pane)->form;
}

bool pane_proxy_go(struct app *app, const char *setting)
{
	if (strcmp(setting, "password") == 0)
		return app_go(app, "proxy", FORM_ID + AT_PASSWORD);
	for (int i = 0; i < AT_COUNT; i++) {
		if (specs[i].setting >= 0 && strcmp(setting_info((enum setting)specs[i].setting)->key, setting) == 0)
			return app_go(app, "proxy", FORM_ID + i);
	}
	return false;
}

const struct pane_ops pane_proxy = {
	.name = "proxy",
	.title = N_("Proxy"),
	.scope = SCOPE_PROXY,
	.create = create,
	.destroy = destroy,
	.prepare = prepare,
	.possible = possible,
	.action = act,
	.event = event,
	.form = form_of,
};
