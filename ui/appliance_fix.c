/* Taking over from the appliance, correcting it there, and its log: what is offered, asked and run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/log_source.h"
#include "appliance_private.h"
#include "base/i18n.h"
#include "base/text.h"

#define OFFERS_MAX 6

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "";
}

/* --- importing ----------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct appliance_row *row)
{
	return row->proxy || json_is_object(json_object_get(row->json, "there"));
}

/* The marked rows, or the selected one. Certificates and the proxy are two commands: the proxy comes when nothing else is chosen. */
void appliance_import(struct appliance *a)
{
	const char *arguments[APPLIANCE_ARGUMENTS_MAX] = { "import", "certificates" };
	const struct appliance_row *selected = appliance_selected(a);
	bool proxy = false, marks = false;
	size_t n = 2;

	for (int64_t i = 0; i < a->list.count; i++)
		marks |= a->rows[i].marked;
	for (int64_t i = 0; i < a->list.count && n + 1 < APPLIANCE_ARGUMENTS_MAX; i++) {
		const struct appliance_row *row = &a->rows[i];

		if (marks ? !row->marked : row != selected)
			continue;
		proxy |= row->proxy;
		if (!row->proxy && is_there(row))
			arguments[n++] = text_of(row->json, "sha256");
	}
	if (n > 2)
		appliance_start(a, APPLIANCE_IMPORT_CERTIFICATES, arguments);
	else if (!proxy)
		appliance_say(a, ROLE_WARN, "?? %s", _("The appliance does not have it."));
	else if (app_permit(a->app, NEED_SETTINGS))
		appliance_start(a, APPLIANCE_IMPORT_PROXY, (const char *const[]){ "import", "proxy", NULL });
}

/* --- correcting ---------------------------------------------------------------------------------------------------------- */

void appliance_forget_fix(struct appliance *a)
{
	for (size_t i = 0; i < APPLIANCE_ARGUMENTS_MAX; i++) {
		free(a->fix[i]);
		a->fix[i] = NULL;
	}
}

/* Keeps the arguments, and runs them dry. */
static void plan(struct appliance *a, const char *const *arguments)
{
	const char *dry[APPLIANCE_ARGUMENTS_MAX];
	size_t n = 0;

	appliance_forget_fix(a);
	for (; arguments[n] != NULL && n + 4 < APPLIANCE_ARGUMENTS_MAX; n++) {
		a->fix[n] = strdup(arguments[n]);
		dry[n] = a->fix[n];
	}
	dry[n++] = "--dry-run";
	dry[n] = NULL;
	appliance_start(a, APPLIANCE_DRY_RUN, dry);
}

static void write_it(void *data)
{
	struct appliance *a = data;
	const char *arguments[APPLIANCE_ARGUMENTS_MAX];
	size_t n = 0;

	for (; a->fix[n] != NULL && n + 5 < APPLIANCE_ARGUMENTS_MAX; n++)
		arguments[n] = a->fix[n];
	arguments[n++] = "--yes";
	arguments[n++] = "--expect";
	arguments[n++] = a->record;
	arguments[n] = NULL;
	appliance_start(a, APPLIANCE_WRITE, arguments);
}

/* Exactly what would change, field by field, also what the appliance forces. */
void appliance_confirm(struct appliance *a)
{
	const json_t *changes = json_object_get(a->answer, "changes"), *c;
	bool proxy = strcmp(text_of(a->answer, "what"), "proxy") == 0, password = json_is_true(json_object_get(a->answer, "password"));
	struct buffer question = BUFFER_INIT(16384);
	size_t i;

	snprintf(a->record, sizeof(a->record), "%s", text_of(a->answer, "record"));
	if (json_array_size(changes) == 0 && !password) {
		appliance_say(a, ROLE_OK, "%s", _("OK It is so on the appliance already."));
		return;
	}
	if (proxy)
		buffer_puts(&question, _("Change the proxy of the appliance?\n"));
	else
		buffer_printf(&question, _("Change \"%s\" on the appliance?\n"), text_of(a->answer, "name"));
	json_array_foreach (changes, i, c) {
		buffer_printf(&question, "%s: \"%s\" -> \"%s\"%s\n", text_of(c, "field"), text_of(c, "before"), text_of(c, "after"),
			      json_is_true(json_object_get(c, "asked")) ? "" : _("  (the appliance demands it)"));
	}
	if (password)
		buffer_puts(&question, _("password: set anew\n"));
	if (proxy)
		buffer_puts(&question, _("Profiler feed, agent and CRL downloads, SMS, social login, REST authentication, pxGrid Cloud and mobile "
					 "device management use the same proxy."));
	a->text[0] = '\0';
	dialog_ask(a->app, _("Correct the appliance"), buffer_text(&question), write_it, a);
	buffer_clear(&question);
}

enum offer { OFFER_IMPORT, OFFER_PROXY, OFFER_SERVICES, OFFER_ENABLE, OFFER_AS_HERE };

struct offers {
	struct appliance *a;
	enum offer offer[OFFERS_MAX];
	const char *text[OFFERS_MAX];
	size_t count;
};

static void add_offer(struct offers *o, enum offer offer, const char *text)
{
	o->offer[o->count] = offer;
	o->text[o->count++] = text;
}

static bool has_usage(const json_t *side, const char *usage)
{
	const json_t *list = json_object_get(side, "usages"), *name;
	size_t i;

	json_array_foreach (list, i, name) {
		if (strcmp(json_string_value(name), usage) == 0)
			return true;
	}
	return false;
}

static void list_offers(struct offers *o, const struct appliance_row *row, bool fixes_only)
{
	const json_t *here = json_object_get(row->json, "here"), *there = json_object_get(row->json, "there");

	if (!fixes_only && is_there(row))
		add_offer(o, OFFER_IMPORT, _("Import it: here as it is on the appliance"));
	if (row->proxy) {
		add_offer(o, OFFER_PROXY, _("Give the appliance the proxy that is set here"));
		return;
	}
	if (!json_is_object(there))
		return;
	if (!json_is_true(json_object_get(there, "enabled")) || !has_usage(there, "cisco-services"))
		add_offer(o, OFFER_SERVICES, _("On the appliance: enable it and trust it for Cisco services"));
	if (!json_is_true(json_object_get(there, "enabled")))
		add_offer(o, OFFER_ENABLE, _("On the appliance: enable it"));
	if (json_is_object(here))
		add_offer(o, OFFER_AS_HERE, _("On the appliance: state and usages as they are here"));
}

/* The usages that one side has and the other has not, "a,b"; "" for none. */
static void usages_of(char *dst, size_t size, const json_t *has, const json_t *has_not)
{
	const json_t *list = json_object_get(has, "usages"), *name;
	size_t used = 0, i;

	dst[0] = '\0';
	json_array_foreach (list, i, name) {
		if (!has_usage(has_not, json_string_value(name)) && used < size)
			used += (size_t)snprintf(dst + used, size - used, "%s%s", used > 0 ? "," : "", json_string_value(name));
	}
}

static void make_as_here(struct appliance *a, const struct appliance_row *row)
{
	const json_t *here = json_object_get(row->json, "here"), *there = json_object_get(row->json, "there");
	const char *arguments[APPLIANCE_ARGUMENTS_MAX] = { "fix", "certificate", text_of(row->json, "sha256") };
	char trust[128], untrust[128];
	size_t n = 3;

	arguments[n++] = json_is_true(json_object_get(here, "enabled")) ? "--enable" : "--disable";
	usages_of(trust, sizeof(trust), here, there);
	usages_of(untrust, sizeof(untrust), there, here);
	if (trust[0] != '\0') {
		arguments[n++] = "--trust";
		arguments[n++] = trust;
	}
	if (untrust[0] != '\0') {
		arguments[n++] = "--untrust";
		arguments[n++] = untrust;
	}
	plan(a, arguments);
}

static void carry_out(struct appliance *a, enum offer offer)
{
	const struct appliance_row *row = appliance_selected(a);
	const char *sha256 = row != NULL ? text_of(row->json, "sha256") : "";

	if (row == NULL)
		return;
	if (!app_permit(a->app, NEED_TRUST)) {
		appliance_say(a, ROLE_WARN, "?? %s", _("This console is read only."));
		return;
	}
	switch (offer) {
	case OFFER_IMPORT: appliance_import(a); break;
	case OFFER_PROXY: plan(a, (const char *const[]){ "fix", "proxy", NULL }); break;
	case OFFER_SERVICES:
		plan(a, (const char *const[]){ "fix", "certificate", sha256, "--enable", "--trust", "cisco-services", NULL });
		break;
	case OFFER_ENABLE: plan(a, (const char *const[]){ "fix", "certificate", sha256, "--enable", NULL }); break;
	case OFFER_AS_HERE: make_as_here(a, row); break;
	}
}

static struct offers last_offers(struct appliance *a, bool fixes_only)
{
	struct offers o = { .a = a };

	list_offers(&o, appliance_selected(a), fixes_only);
	return o;
}

static void chosen_any(void *data, size_t at)
{
	struct offers o = last_offers(data, false);

	if (at < o.count)
		carry_out(data, o.offer[at]);
}

static void chosen_fix(void *data, size_t at)
{
	struct offers o = last_offers(data, true);

	if (at < o.count)
		carry_out(data, o.offer[at]);
}

void appliance_offer(struct appliance *a, bool fixes_only)
{
	struct offers o = last_offers(a, fixes_only);

	if (o.count == 0)
		appliance_say(a, ROLE_WARN, "?? %s",
			      _("The appliance does not have it: import it there under Administration, System, Certificates, Trusted "
				"Certificates."));
	else
		dialog_choose(a->app, appliance_selected(a)->proxy ? _("Proxy") : text_of(appliance_selected(a)->json, "name"), o.text, o.count,
			      fixes_only ? chosen_fix : chosen_any, a);
}

/* --- the log ------------------------------------------------------------------------------------------------------------- */

void appliance_log(struct appliance *a)
{
	const char *const off[] = { "log-source", "--off", NULL };
	const char *const scan[] = { "log-source", "--user", form_value(&a->form, APPLIANCE_CLI_USER), "--port",
				     form_value(&a->form, APPLIANCE_CLI_PORT), NULL };

	if (log_source_is_set(a->app->settings))
		appliance_start(a, APPLIANCE_LOG_SET, off);
	else if (form_problem(&a->form) != NULL)
		appliance_say(a, ROLE_FAIL, "!! %s", form_problem(&a->form));
	else if (form_field_is_changed(&a->form, APPLIANCE_HOST) || form_value(&a->form, APPLIANCE_HOST)[0] == '\0')
		appliance_say(a, ROLE_FAIL, "!! %s", _("Test the appliance first."));
	else
		appliance_start(a, APPLIANCE_LOG_KEYS, scan);
}

static void key_chosen(void *data, size_t row)
{
	struct appliance *a = data;
	const json_t *key = json_array_get(json_object_get(a->answer, "host_keys"), row);
	char fingerprint[80];

	snprintf(fingerprint, sizeof(fingerprint), "%s", text_of(key, "fingerprint"));
	appliance_start(a, APPLIANCE_LOG_SET,
			(const char *const[]){ "log-source", "--user", form_value(&a->form, APPLIANCE_CLI_USER), "--port",
					       form_value(&a->form, APPLIANCE_CLI_PORT), "--fingerprint", fingerprint, NULL });
}

void appliance_choose_key(struct appliance *a)
{
	const json_t *keys = json_object_get(a->answer, "host_keys"), *key;
	const char *rows[LOG_SOURCE_KEYS_MAX];
	char text[LOG_SOURCE_KEYS_MAX][120];
	size_t i, n = 0;

	json_array_foreach (keys, i, key) {
		if (n >= LOG_SOURCE_KEYS_MAX)
			break;
		snprintf(text[n], sizeof(text[n]), "%s  %s", text_of(key, "fingerprint"), text_of(key, "type"));
		rows[n] = text[n];
		n++;
	}
	a->text[0] = '\0';
	if (n > 0)
		dialog_choose(a->app, _("Which SSH host key does the appliance's own console show?"), rows, n, key_chosen, a);
}
