/* posture-console node login, log-source. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/log_source.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cli/certs.h"
#include "cli/node.h"

/* --- login ------------------------------------------------------------------------------------------------------- */

static bool set_if_named(struct settings *s, enum setting id, const char *text, struct error *err)
{
	return text == NULL || settings_set(s, id, text, err);
}

/* Where and who: kept at once. What belonged to another appliance or account goes. */
static bool set_address(struct cli *cli, struct settings *s, const struct node_wish *wish, struct error *err)
{
	char host[256], user[256];
	bool other_host, other_user;

	snprintf(host, sizeof(host), "%s", settings_string(s, SETTING_NODE_HOST));
	snprintf(user, sizeof(user), "%s", settings_string(s, SETTING_NODE_USER));
	if (!set_if_named(s, SETTING_NODE_HOST, wish->host, err) || !set_if_named(s, SETTING_NODE_PORT, wish->port, err) ||
	    !set_if_named(s, SETTING_NODE_USER, wish->user, err))
		return false;
	other_host = strcmp(host, settings_string(s, SETTING_NODE_HOST)) != 0;
	other_user = strcmp(user, settings_string(s, SETTING_NODE_USER)) != 0;
	if ((other_host || other_user) && !settings_secret_save(SETTINGS_PASSWORD_NODE, cli->state_dir, NULL, err))
		return false;
	if (other_host && !settings_set(s, SETTING_NODE_PIN, NULL, err))
		return false;
	return (wish->host == NULL && wish->port == NULL && wish->user == NULL) || settings_save(s, err);
}

static int forget(struct cli *cli, struct settings *s)
{
	static const enum setting all[] = { SETTING_NODE_HOST, SETTING_NODE_PORT,     SETTING_NODE_USER,
					    SETTING_NODE_PIN,  SETTING_NODE_CLI_USER, SETTING_NODE_CLI_PORT };
	char *known = file_join(cli->state_dir, "node_known_hosts");
	struct error err = ERROR_INIT;
	int code = EXIT_OK;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		settings_set(s, all[i], NULL, NULL);
	if (log_source_is_set(s))
		settings_set(s, SETTING_LOG_COMMAND, NULL, NULL);
	if (known != NULL)
		unlink(known);
	free(known);
	if (!settings_save(s, &err) || !settings_secret_save(SETTINGS_PASSWORD_NODE, cli->state_dir, NULL, &err))
		code = cli_fail(cli, &err);
	else if (!cli->json && !cli->quiet)
		printf(_("The appliance is forgotten: its address, its certificate, its login and its log.\n"));
	return code;
}

static int tell_login(const struct cli *cli, const struct node_run *run, const struct state_deployment *d, bool kept)
{
	const struct node_identity *id = node_seen(run->session.node);
	const char *pin = settings_string(run->settings, SETTING_NODE_PIN);
	char hex[NODE_FINGERPRINT_TEXT_MAX];

	node_fingerprint_text(hex, id->sha256);
	if (cli->json)
		return certs_put_json(json_pack("{s:o, s:I, s:o, s:s, s:b, s:b, s:o, s:o}", "host", event_string(node_host(run->session.node)),
						"port", (json_int_t)settings_int(run->settings, SETTING_NODE_PORT), "user",
						event_string(settings_string(run->settings, SETTING_NODE_USER)), "sha256", hex, "pinned",
						pin[0] != '\0' ? 1 : 0, "password_kept", kept ? 1 : 0, "primary",
						d->knows ? json_boolean(d->primary) : json_null(), "primary_name",
						event_string(d->primary_name)));
	if (cli->quiet)
		return EXIT_OK;
	printf(_("%s accepts the login. Its certificate is %s: SHA-256 %s\n"), node_host(run->session.node),
	       pin[0] != '\0' ? _("the pinned one") : _("trusted within ISE"), hex);
	printf("%s\n", kept ? _("The password is kept in the state folder, for its owner only.") : _("The password is not kept."));
	if (d->knows && !d->primary && d->primary_name[0] != '\0')
		cli_warn(cli, _("This node is not the primary PAN and takes no changes; the primary PAN is %s."), d->primary_name);
	return EXIT_OK;
}

int cli_node_login(struct cli *cli, const struct node_wish *wish)
{
	struct state_deployment deployment = { 0 };
	struct record_proxy proxy = { 0 };
	struct node_run run = { 0 };
	struct error err = ERROR_INIT;
	struct buffer saved = BUFFER_INIT(512);
	int code = EXIT_USAGE;
	bool keep = wish->save_password;

	if (wish->count > 0)
		return cli_usage(cli, _("\"login\" takes no \"%s\""), wish->arguments[0]);
	run.settings = cli_settings(cli, &code);
	if (run.settings == NULL)
		return code;
	if (wish->forget) {
		code = forget(cli, run.settings);
		goto out;
	}
	if (!set_address(cli, run.settings, wish, &err) || !set_if_named(run.settings, SETTING_NODE_PIN, wish->pin, &err)) {
		code = cli_fail(cli, &err);
		goto out;
	}
	if (!node_run_open(&run, cli, wish, &code))
		goto out;
	/* A read that every account for this needs: it proves the certificate, the login and that the API is there. */
	if (!state_read_proxy(run.session.node, &proxy, &err) || !state_read_deployment(run.session.node, &deployment, &err) ||
	    (wish->pin != NULL && !settings_save(run.settings, &err)) ||
	    (keep && !settings_secret_save(SETTINGS_PASSWORD_NODE, cli->state_dir, buffer_text(&run.password), &err)) ||
	    !settings_secret_load(SETTINGS_PASSWORD_NODE, cli->state_dir, &saved, &err)) {
		code = node_run_fail(&run, cli, &err);
		goto out;
	}
	code = tell_login(cli, &run, &deployment, saved.len > 0);
out:
	buffer_wipe(&saved);
	record_proxy_clear(&proxy);
	state_deployment_clear(&deployment);
	node_run_close(&run);
	return code;
}

/* --- log-source -------------------------------------------------------------------------------------------------- */

static int show_keys(const struct cli *cli, const struct log_source_keys *keys)
{
	json_t *list = json_array();

	for (size_t i = 0; i < keys->count; i++)
		json_array_append_new(list, json_pack("{s:o, s:s}", "type", event_string(keys->keys[i].type), "fingerprint",
						      keys->keys[i].fingerprint));
	if (cli->json)
		return certs_put_json(json_pack("{s:o, s:b}", "host_keys", list, "set", 0));
	json_decref(list);
	printf(_("The appliance shows these SSH host keys. Compare one with what its own console says (\"show crypto host_keys\"), then run\n"
		 "posture-console node log-source --fingerprint FINGERPRINT\n\n"));
	for (size_t i = 0; i < keys->count; i++) {
		printf("  %s  ", keys->keys[i].fingerprint);
		cli_print_safe(keys->keys[i].type);
		putchar('\n');
	}
	return EXIT_OK;
}

static int tell_source(const struct cli *cli, const struct settings *s)
{
	if (cli->json)
		return certs_put_json(json_pack("{s:b}", "set", log_source_is_set(s) ? 1 : 0));
	if (cli->quiet)
		return EXIT_OK;
	if (log_source_is_set(s))
		printf(_("The log is that of the appliance, over SSH as %s. It logs in with a key, never with a password: see ssh-keygen(1), and "
			 "\"crypto key import\" on the appliance.\nTry it: posture-console log --follow\n"),
		       settings_string(s, SETTING_NODE_CLI_USER));
	else
		printf(_("The log is the file %s again.\n"), settings_string(s, SETTING_LOG_FILE));
	return EXIT_OK;
}

int cli_node_log_source(struct cli *cli, const struct node_wish *wish)
{
	struct log_source_keys keys = { 0 };
	struct error err = ERROR_INIT;
	char folder[PATH_MAX];
	int code = EXIT_USAGE;
	struct settings *s;
	bool ok;

	if (wish->count > 0)
		return cli_usage(cli, _("\"log-source\" takes no \"%s\""), wish->arguments[0]);
	s = cli_settings(cli, &code);
	if (s == NULL)
		return code;
	if (wish->off) {
		ok = settings_set(s, SETTING_LOG_COMMAND, NULL, &err) && settings_save(s, &err);
		code = ok ? tell_source(cli, s) : cli_fail(cli, &err);
		goto out;
	}
	if (!set_if_named(s, SETTING_NODE_CLI_USER, wish->user, &err) || !set_if_named(s, SETTING_NODE_CLI_PORT, wish->port, &err) ||
	    !log_source_scan(s, &keys, &err)) {
		code = cli_fail(cli, &err);
		goto out;
	}
	if (wish->fingerprint == NULL) {
		code = show_keys(cli, &keys);
		goto out;
	}
	/* ssh runs from any folder: its files need whole paths. */
	ok = file_make_dirs(cli->state_dir, 0700, &err);
	if (ok && realpath(cli->state_dir, folder) == NULL)
		ok = error_errno(&err, FINDING_PATH_INVALID, _("cannot find the state folder %s"), cli->state_dir);
	ok = ok && log_source_trust(folder, &keys, wish->fingerprint, &err) && log_source_set(s, folder, wish->identity, &err) &&
	     settings_save(s, &err);
	code = ok ? tell_source(cli, s) : cli_fail(cli, &err);
out:
	log_source_keys_clear(&keys);
	settings_free(s);
	return code;
}
