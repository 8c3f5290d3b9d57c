/* posture-console node import, fix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/change.h"
#include "appliance/import.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/certs.h"
#include "cli/node.h"

#define PASSWORD_MAX 512

/* --- import ------------------------------------------------------------------------------------------------------ */

struct import_run {
	struct cli *cli;
	struct node_run *run;
	json_t *imported, *refused;
	int exit_code;
};

static void refused(struct import_run *r, const char *name, const struct error *err)
{
	json_t *row = certs_warning_json(err);
	struct cli text = *r->cli;

	json_object_set_new(row, "name", event_string(name));
	json_array_append_new(r->refused, row);
	text.json = false;
	r->exit_code = r->cli->json ? error_exit_code(err) : cli_fail(&text, err);
}

static bool import_one(struct import_run *r, const struct record_certificate *c)
{
	static const char *const words[] = { "same", "added", "changed" };
	const char *const texts[] = { _("is here already"), _("imported"), _("brought into line") };
	struct error err = ERROR_INIT;
	enum import_result result;

	if (!import_certificate(r->run->session.node, c, r->run->store, &result, &err)) {
		refused(r, c->name, &err);
		return false;
	}
	json_array_append_new(r->imported, json_pack("{s:o, s:s}", "name", event_string(c->name), "result", words[result]));
	if (!r->cli->json && !r->cli->quiet) {
		cli_print_safe(c->name);
		printf(": %s\n", texts[result]);
	}
	return true;
}

static int import_certificates(struct import_run *r, const struct node_wish *wish)
{
	struct record_certificates list = { 0 };
	struct error err = ERROR_INIT;

	if (!state_read_certificates(r->run->session.node, &list, &err)) {
		r->exit_code = node_run_fail(r->run, r->cli, &err);
		goto out;
	}
	/* The appliance's own CA is the appliance's affair, and is not exported. */
	for (size_t i = 0; wish->all && i < list.count; i++) {
		if (!list.items[i].internal)
			import_one(r, &list.items[i]);
	}
	for (int i = 1; i < wish->count; i++) {
		const struct record_certificate *c = record_certificates_find(&list, wish->arguments[i], &err);

		if (c == NULL)
			refused(r, wish->arguments[i], &err);
		else
			import_one(r, c);
	}
	if (r->cli->json) {
		int failed = certs_put_json(json_pack("{s:O, s:O}", "imported", r->imported, "refused", r->refused));

		r->exit_code = failed != EXIT_OK ? failed : r->exit_code;
	}
out:
	record_certificates_clear(&list);
	return r->exit_code;
}

static int import_proxy_settings(struct import_run *r)
{
	struct settings *s = r->run->settings;
	struct record_proxy proxy = { 0 };
	struct error err = ERROR_INIT;
	const char *user;
	bool new_login = false;
	int code = EXIT_OK;

	if (!state_read_proxy(r->run->session.node, &proxy, &err) || !import_proxy(&proxy, s, &new_login, &err) ||
	    !settings_save(s, &err) || (new_login && !settings_password_save(r->cli->state_dir, NULL, &err))) {
		code = node_run_fail(r->run, r->cli, &err);
		goto out;
	}
	user = settings_string(s, SETTING_PROXY_USER);
	if (user[0] != '\0' && new_login)
		cli_warn(r->cli, _("The appliance does not tell the password of %s: set it with \"posture-console proxy set --password-file "
				   "FILE\"."), user);
	if (r->cli->json)
		code = certs_put_json(json_pack("{s:{s:b, s:o, s:I, s:o, s:o}, s:b}", "proxy", "enabled",
						settings_bool(s, SETTING_PROXY_ENABLED) ? 1 : 0, "host",
						event_string(settings_string(s, SETTING_PROXY_HOST)), "port",
						(json_int_t)settings_int(s, SETTING_PROXY_PORT), "user", event_string(user), "bypass",
						event_string(proxy.bypass), "password_needed", user[0] != '\0' && new_login ? 1 : 0));
	else if (!r->cli->quiet)
		printf(_("The proxy of the appliance is taken over; see it with \"posture-console proxy show\".\n"));
out:
	record_proxy_clear(&proxy);
	return code;
}

int cli_node_import(struct cli *cli, const struct node_wish *wish)
{
	const char *what = wish->count > 0 ? wish->arguments[0] : "";
	bool proxy = strcmp(what, "proxy") == 0;
	struct node_run run = { 0 };
	struct import_run r = { .cli = cli, .run = &run, .exit_code = EXIT_OK };
	int code = EXIT_FAILED;

	if (!proxy && strcmp(what, "certificates") != 0)
		return cli_usage(cli, _("say what to import: proxy, or certificates with names or --all"));
	if (proxy && (wish->count > 1 || wish->all))
		return cli_usage(cli, _("\"import proxy\" takes nothing more"));
	if (!proxy && (wish->count > 1) == wish->all)
		return cli_usage(cli, _("name the certificates to import, or say --all"));
	r.imported = json_array();
	r.refused = json_array();
	if (node_run_open(&run, cli, wish, &code))
		code = proxy ? import_proxy_settings(&r) : import_certificates(&r, wish);
	json_decref(r.imported);
	json_decref(r.refused);
	node_run_close(&run);
	return code;
}

/* --- fix: what it would change ----------------------------------------------------------------------------------- */

static void put_change(const struct cli *cli, const struct change *change)
{
	if (cli->quiet)
		return;
	if (change->kind == CHANGE_PROXY)
		printf(_("Proxy of the appliance:\n"));
	else
		printf(_("\"%s\" on the appliance:\n"), change->what);
	for (size_t i = 0; i < change->count; i++) {
		const struct change_field *f = &change->fields[i];

		printf("  %-34s \"%s\" -> \"%s\"%s\n", f->name, f->before, f->after, f->asked ? "" : _("  (the appliance demands it)"));
	}
	if (change->password)
		printf(_("  %-34s set anew (the appliance does not tell the old one)\n"), "password");
	if (change->count == 0 && !change->password)
		printf(_("  nothing: it is so already\n"));
	if (change->kind == CHANGE_PROXY && (change->count > 0 || change->password))
		printf(_("The same proxy is used by the profiler feed, agent downloads, CRL downloads, SMS, social login, REST "
			 "authentication, pxGrid Cloud and mobile device management.\n"));
}

static json_t *change_json(const struct change *change, bool applied)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < change->count; i++) {
		const struct change_field *f = &change->fields[i];

		json_array_append_new(fields, json_pack("{s:s, s:o, s:o, s:b}", "field", f->name, "before", event_string(f->before), "after",
							event_string(f->after), "asked", f->asked ? 1 : 0));
	}
	return json_pack("{s:s, s:o, s:o, s:b, s:s, s:b}", "what", change->kind == CHANGE_PROXY ? "proxy" : "certificate", "name",
			 event_string(change->what), "changes", fields, "password", change->password ? 1 : 0, "record", change->digest,
			 "applied", applied ? 1 : 0);
}

/* "yes", and the word of the language. */
static bool is_yes(char *answer)
{
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "yes") == 0 || strcmp(answer, _("yes")) == 0;
}

static bool ask(struct error *err)
{
	char answer[64] = "";

	if (!isatty(STDIN_FILENO)) {
		error_usage(err, _("a change on the appliance needs a confirmation, and there is no terminal to ask for it on"));
		return error_next(err, _("Look at what would change with --dry-run, then add --yes."));
	}
	fflush(stdout);
	fprintf(stderr, "%s", _("Write this to the appliance? Type \"yes\": "));
	if (fgets(answer, sizeof(answer), stdin) != NULL && is_yes(answer))
		return true;
	error_set(err, FINDING_NONE, _("not confirmed; nothing was changed"));
	return error_next(err, _("Answer \"yes\" to write it."));
}

static int carry_out(struct cli *cli, struct node_run *run, const struct node_wish *wish, const struct change *change)
{
	struct error err = ERROR_INIT;
	bool needed = change->count > 0 || change->password;

	if (wish->expect != NULL && strcmp(wish->expect, change->digest) != 0) {
		error_set(&err, FINDING_NODE_CHANGED_MEANWHILE, _("the record on the appliance is not the one that was shown; nothing was written"));
		return cli_fail(cli, &err);
	}
	if (!cli->json)
		put_change(cli, change);
	if (needed && !wish->dry_run) {
		if ((!wish->yes && !ask(&err)) || !change_apply(run->session.node, change, &err))
			return node_run_fail(run, cli, &err);
	}
	if (cli->json)
		return certs_put_json(change_json(change, needed && !wish->dry_run));
	if (needed && !wish->dry_run && !cli->quiet)
		printf(_("Written, and read back as it was meant.\n"));
	return EXIT_OK;
}

/* --- fix: what it shall be --------------------------------------------------------------------------------------- */

static int fix_certificate(struct cli *cli, struct node_run *run, const struct node_wish *wish)
{
	bool enabled = wish->enable;
	struct change_wish meant = { .enabled = wish->enable || wish->disable ? &enabled : NULL, .description = wish->description };
	struct record_certificates list = { 0 };
	struct record_certificate now = { 0 };
	const struct record_certificate *listed;
	struct change change = { 0 };
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	char path[256];
	int code = EXIT_USAGE;

	if ((wish->trust != NULL && !certs_take_usages(cli, wish->trust, &meant.trust)) ||
	    (wish->untrust != NULL && !certs_take_usages(cli, wish->untrust, &meant.untrust)))
		return EXIT_USAGE;
	listed = state_read_certificates(run->session.node, &list, &err)
			 ? record_certificates_find(&list, wish->arguments[1], &err)
			 : NULL;
	if (listed == NULL)
		goto failed;
	/* The list may tell less than the record itself. */
	snprintf(path, sizeof(path), RECORD_CERTIFICATES_PATH "/%s", listed->id);
	if (!node_get(run->session.node, path, &reply, &err) || record_response(reply, &err) == NULL ||
	    !record_certificate_read(record_response(reply, &err), &now, &err) || !change_plan_certificate(&now, &meant, &change, &err))
		goto failed;
	code = carry_out(cli, run, wish, &change);
	goto out;
failed:
	code = node_run_fail(run, cli, &err);
out:
	json_decref(reply);
	change_clear(&change);
	record_certificate_clear(&now);
	record_certificates_clear(&list);
	return code;
}

/* The proxy that this program uses is what the appliance shall use. */
static bool local_proxy(const struct cli *cli, const struct node_run *run, const struct node_wish *wish, struct change_proxy *out,
			char *bypass, size_t size, struct buffer *password, struct error *err)
{
	const struct settings *s = run->settings;
	size_t used = 0;

	*out = (struct change_proxy){ .host = "", .user = "", .bypass = bypass };
	bypass[0] = '\0';
	if (!settings_bool(s, SETTING_PROXY_ENABLED))
		return true;
	if (strcmp(settings_string(s, SETTING_PROXY_SCHEME), "http") != 0) {
		error_set(err, FINDING_PROXY_SETTING_INVALID, _("the proxy here is a %s proxy; the appliance only knows http"),
			  settings_string(s, SETTING_PROXY_SCHEME));
		return error_next(err, _("Set the proxy that the appliance shall use in its web page."));
	}
	for (size_t i = 0; i < settings_list_size(s, SETTING_PROXY_BYPASS) && used < size; i++)
		used += (size_t)snprintf(bypass + used, size - used, "%s%s", i > 0 ? "," : "", settings_list_item(s, SETTING_PROXY_BYPASS, i));
	out->host = settings_string(s, SETTING_PROXY_HOST);
	out->port = (long)settings_int(s, SETTING_PROXY_PORT);
	out->user = settings_string(s, SETTING_PROXY_USER);
	if (wish->proxy_password_file != NULL) {
		if (!cli_read_secret("", wish->proxy_password_file, password, err))
			return false;
	} else if (!settings_password_load(cli->state_dir, password, err)) {
		return false;
	}
	out->password = buffer_text(password);
	return true;
}

static int fix_proxy(struct cli *cli, struct node_run *run, const struct node_wish *wish)
{
	struct buffer password = BUFFER_INIT(PASSWORD_MAX);
	struct record_proxy now = { 0 };
	struct change_proxy meant;
	struct change change = { 0 };
	struct error err = ERROR_INIT;
	char bypass[4096];
	int code;

	if (state_read_proxy(run->session.node, &now, &err) &&
	    local_proxy(cli, run, wish, &meant, bypass, sizeof(bypass), &password, &err) && change_plan_proxy(&now, &meant, &change, &err))
		code = carry_out(cli, run, wish, &change);
	else
		code = node_run_fail(run, cli, &err);
	change_clear(&change);
	record_proxy_clear(&now);
	buffer_wipe(&password);
	return code;
}

int cli_node_fix(struct cli *cli, const struct node_wish *wish)
{
	const char *what = wish->count > 0 ? wish->arguments[0] : "";
	bool proxy = strcmp(what, "proxy") == 0;
	bool about_certificate = wish->enable || wish->disable || wish->trust != NULL || wish->untrust != NULL || wish->description != NULL;
	struct node_run run = { 0 };
	int code = EXIT_FAILED;

	if (!proxy && strcmp(what, "certificate") != 0)
		return cli_usage(cli, _("say what to fix: proxy, or certificate NAME"));
	if (wish->count != (proxy ? 1 : 2))
		return cli_usage(cli, proxy ? _("\"fix proxy\" takes nothing more") : _("\"fix certificate\" takes one name"));
	if (proxy && about_certificate)
		return cli_usage(cli, _("these options belong to \"fix certificate\""));
	if (!proxy && !about_certificate)
		return cli_usage(cli, _("say what to change: --enable, --disable, --trust, --untrust or --description"));
	if (wish->enable && wish->disable)
		return cli_usage(cli, _("--enable and --disable exclude each other"));
	if (wish->dry_run && wish->yes)
		return cli_usage(cli, _("--dry-run and --yes exclude each other"));
	if (node_run_open(&run, cli, wish, &code))
		code = proxy ? fix_proxy(cli, &run, wish) : fix_certificate(cli, &run, wish);
	node_run_close(&run);
	return code;
}
