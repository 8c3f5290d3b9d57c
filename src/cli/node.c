/* posture-console node: the appliance's proxy and certificates over its API. Which verb, and what all of them need. */
#include "cli/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/i18n.h"
#include "cli/certs.h"

#define PASSWORD_MAX 512

/* --- shared by the verbs ----------------------------------------------------------------------------------------- */

static bool take_password(const struct cli *cli, const struct node_run *run, const struct node_wish *wish,
			  struct buffer *password, struct error *err)
{
	char prompt[700];

	if (wish->password_file == NULL) {
		if (!settings_secret_load(SETTINGS_PASSWORD_NODE, cli->state_dir, password, err))
			return false;
		if (password->len > 0)
			return true;
	}
	if (wish->password_file == NULL && !isatty(STDIN_FILENO)) {
		error_usage(err, _("the password of %s on the appliance is not kept here, and there is no terminal to ask for it on"),
			    settings_string(run->settings, SETTING_NODE_USER));
		return error_next(err, _("Give it with --password-file FILE (/dev/stdin works), or keep it: posture-console node login "
					 "--save-password."));
	}
	snprintf(prompt, sizeof(prompt), _("Password of %s on %s: "), settings_string(run->settings, SETTING_NODE_USER),
		 settings_string(run->settings, SETTING_NODE_HOST));
	if (!cli_read_secret(prompt, wish->password_file, password, err))
		return false;
	if (password->len > 0)
		return true;
	error_usage(err, _("the password is empty"));
	return error_next(err, _("Nothing was sent to the appliance."));
}

bool node_run_open(struct node_run *run, struct cli *cli, const struct node_wish *wish, int *exit_code)
{
	struct error err = ERROR_INIT;

	if (run->settings == NULL)
		run->settings = cli_settings(cli, exit_code);
	if (run->settings == NULL)
		return false;
	run->password = (struct buffer)BUFFER_INIT(PASSWORD_MAX);
	if (settings_string(run->settings, SETTING_NODE_HOST)[0] == '\0' ||
	    settings_string(run->settings, SETTING_NODE_USER)[0] == '\0') {
		/* Says which of them is missing, before a password is asked for. */
		session_open(&run->session, run->settings, NULL, "", NULL, &err);
		*exit_code = cli_fail(cli, &err);
		return false;
	}
	run->store = certs_open(cli, exit_code);
	if (run->store == NULL)
		return false;
	if (take_password(cli, run, wish, &run->password, &err) &&
	    session_open(&run->session, run->settings, run->store, buffer_text(&run->password), NULL, &err))
		return true;
	*exit_code = cli_fail(cli, &err);
	return false;
}

void node_run_close(struct node_run *run)
{
	session_close(&run->session);
	buffer_wipe(&run->password);
	trust_free(run->store);
	settings_free(run->settings);
}

static void put_identity(const struct node_identity *id)
{
	char hex[NODE_FINGERPRINT_TEXT_MAX];
	json_t *event = event_new("node.certificate", "{s:s, s:o, s:o, s:o, s:I, s:I}", "sha256", node_fingerprint_text(hex, id->sha256),
				  "subject", event_string(id->subject), "issuer", event_string(id->issuer), "names",
				  event_string(id->names), "not_before", (json_int_t)id->not_before, "not_after",
				  (json_int_t)id->not_after);

	fflush(stdout);
	if (event != NULL)
		event_write_line(STDOUT_FILENO, event);
	json_decref(event);
}

int node_run_fail(const struct node_run *run, const struct cli *cli, const struct error *err)
{
	const struct node_identity *id = run->session.node != NULL ? node_seen(run->session.node) : NULL;

	if (cli->json && id != NULL && id->seen &&
	    (err->code == FINDING_NODE_CERTIFICATE_UNKNOWN || err->code == FINDING_NODE_CERTIFICATE_CHANGED))
		put_identity(id);
	return cli_fail(cli, err);
}

bool node_parts(const struct cli *cli, const struct node_wish *wish, bool *proxy, bool *certificates)
{
	*proxy = *certificates = wish->count == 0;
	for (int i = 0; i < wish->count; i++) {
		if (strcmp(wish->arguments[i], "proxy") == 0)
			*proxy = true;
		else if (strcmp(wish->arguments[i], "certificates") == 0)
			*certificates = true;
		else
			return cli_usage(cli, _("\"%s\" is neither proxy nor certificates"), wish->arguments[i]) == EXIT_OK;
	}
	return true;
}

/* --- which verb -------------------------------------------------------------------------------------------------- */

enum option_id {
	OPT_HOST = 0x1000, OPT_PORT, OPT_USER, OPT_PIN, OPT_PASSWORD_FILE, OPT_PASSWORD, OPT_PROXY_PASSWORD_FILE, OPT_FINGERPRINT,
	OPT_IDENTITY, OPT_TRUST, OPT_UNTRUST, OPT_DESCRIPTION, OPT_EXPECT, OPT_SAVE_PASSWORD, OPT_FORGET, OPT_ENABLE, OPT_DISABLE,
	OPT_ALL, OPT_DRY_RUN, OPT_YES, OPT_OFF
};

/* The verbs that know an option. */
enum { FOR_SHOW = 1, FOR_DIFF = 2, FOR_IMPORT = 4, FOR_FIX = 8, FOR_LOGIN = 16, FOR_LOG = 32, FOR_ALL_BUT_LOG = 31 };

static const struct option options[] = {
	{ "host", required_argument, NULL, OPT_HOST },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "user", required_argument, NULL, OPT_USER },
	{ "pin", required_argument, NULL, OPT_PIN },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "password", optional_argument, NULL, OPT_PASSWORD },
	{ "proxy-password-file", required_argument, NULL, OPT_PROXY_PASSWORD_FILE },
	{ "fingerprint", required_argument, NULL, OPT_FINGERPRINT },
	{ "identity", required_argument, NULL, OPT_IDENTITY },
	{ "trust", required_argument, NULL, OPT_TRUST },
	{ "untrust", required_argument, NULL, OPT_UNTRUST },
	{ "description", required_argument, NULL, OPT_DESCRIPTION },
	{ "expect", required_argument, NULL, OPT_EXPECT },
	{ "save-password", no_argument, NULL, OPT_SAVE_PASSWORD },
	{ "forget", no_argument, NULL, OPT_FORGET },
	{ "enable", no_argument, NULL, OPT_ENABLE },
	{ "disable", no_argument, NULL, OPT_DISABLE },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "yes", no_argument, NULL, OPT_YES },
	{ "off", no_argument, NULL, OPT_OFF },
	{ NULL, 0, NULL, 0 },
};

static int allowed_for(int option)
{
	switch (option) {
	case OPT_PASSWORD_FILE: return FOR_ALL_BUT_LOG;
	case OPT_HOST: case OPT_PIN: case OPT_SAVE_PASSWORD: case OPT_FORGET: return FOR_LOGIN;
	case OPT_PORT: case OPT_USER: return FOR_LOGIN | FOR_LOG;
	case OPT_FINGERPRINT: case OPT_IDENTITY: case OPT_OFF: return FOR_LOG;
	case OPT_ALL: return FOR_IMPORT;
	default: return FOR_FIX;
	}
}

static void take_option(struct node_wish *wish, int option)
{
	switch (option) {
	case OPT_HOST: wish->host = optarg; break;
	case OPT_PORT: wish->port = optarg; break;
	case OPT_USER: wish->user = optarg; break;
	case OPT_PIN: wish->pin = optarg; break;
	case OPT_PASSWORD_FILE: wish->password_file = optarg; break;
	case OPT_PROXY_PASSWORD_FILE: wish->proxy_password_file = optarg; break;
	case OPT_FINGERPRINT: wish->fingerprint = optarg; break;
	case OPT_IDENTITY: wish->identity = optarg; break;
	case OPT_TRUST: wish->trust = optarg; break;
	case OPT_UNTRUST: wish->untrust = optarg; break;
	case OPT_DESCRIPTION: wish->description = optarg; break;
	case OPT_EXPECT: wish->expect = optarg; break;
	case OPT_SAVE_PASSWORD: wish->save_password = true; break;
	case OPT_FORGET: wish->forget = true; break;
	case OPT_ENABLE: wish->enable = true; break;
	case OPT_DISABLE: wish->disable = true; break;
	case OPT_ALL: wish->all = true; break;
	case OPT_DRY_RUN: wish->dry_run = true; break;
	case OPT_YES: wish->yes = true; break;
	case OPT_OFF: wish->off = true; break;
	default: break;
	}
}

int cli_node(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct cli *cli, const struct node_wish *wish);
		int bit;
	} verbs[] = {
		{ "show", cli_node_show, FOR_SHOW },	     { "diff", cli_node_diff, FOR_DIFF },
		{ "import", cli_node_import, FOR_IMPORT },   { "fix", cli_node_fix, FOR_FIX },
		{ "login", cli_node_login, FOR_LOGIN },	     { "log-source", cli_node_log_source, FOR_LOG },
	};
	struct node_wish wish = { 0 };
	int c, may = FOR_ALL_BUT_LOG | FOR_LOG;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		if (c == 'h')
			return EXIT_OK;
		if (c == '?')
			return EXIT_USAGE;
		/* Known, so that it is not taken for --password-file and its value shown as the name of a file. */
		if (c == OPT_PASSWORD)
			return cli_usage(cli, _("a password among the arguments is seen by everyone; use --password-file"));
		may &= allowed_for(c);
		take_option(&wish, c);
	}
	if (optind >= argc)
		return cli_usage(cli, _("say what to do: show, diff, import, fix, login or log-source"));
	wish.arguments = argv + optind + 1;
	wish.count = argc - optind - 1;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[optind], verbs[i].name) != 0)
			continue;
		if ((may & verbs[i].bit) == 0)
			return cli_usage(cli, _("\"%s\" does not take these options"), verbs[i].name);
		return verbs[i].run(cli, &wish);
	}
	return cli_usage(cli, _("\"%s\" is none of show, diff, import, fix, login and log-source"), argv[optind]);
}
