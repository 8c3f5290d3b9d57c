/* proxy: show, set, clear, test. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "cli/proxy.h"
#include "settings/login.h"

#define PASSWORD_MAX 512

/* What the command line asks for; NULL: not named. */
struct wish {
	const char *scheme, *host, *port, *user, *bypass;
	const char *password_file;
	const char *enabled;		/* "true" or "false" */
	const char *url, *timeout;
};

/* Checks and sets all of it, in memory. */
static bool apply(const struct wish *wish, struct settings *s, struct error *err)
{
	/* Naming a host means to use it. */
	bool host = wish->host != NULL && wish->host[0] != '\0';
	const char *implied = wish->host == NULL ? NULL : host ? "true" : "false";
	const struct { enum setting id; const char *text; } rows[] = {
		{ SETTING_PROXY_SCHEME, wish->scheme }, { SETTING_PROXY_HOST, wish->host },
		{ SETTING_PROXY_PORT, wish->port },	{ SETTING_PROXY_USER, wish->user },
		{ SETTING_PROXY_BYPASS, wish->bypass },
		{ SETTING_PROXY_ENABLED, wish->enabled != NULL ? wish->enabled : implied },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].text != NULL && !settings_set(s, rows[i].id, rows[i].text, err))
			return false;
	}
	if (settings_bool(s, SETTING_PROXY_ENABLED) && settings_string(s, SETTING_PROXY_HOST)[0] == '\0') {
		error_set(err, FINDING_PROXY_SETTING_INVALID, _("the proxy cannot be enabled: it has no host"));
		return error_next(err, _("Name it with --host."));
	}
	return true;
}

static bool read_password(const struct wish *wish, const char *user, struct buffer *password, struct error *err)
{
	char prompt[400];

	snprintf(prompt, sizeof(prompt), _("Password of %s at the proxy: "), user);
	if (!cli_read_secret(prompt, wish->password_file, password, err))
		return false;
	if (password->len > 0)
		return true;
	error_usage(err, _("the password is empty"));
	return error_next(err, _("Nothing was changed. A proxy without a login has no user: --user \"\"."));
}

/* Decides about the password; `s` holds the new settings, `old_user` is who it belonged to. */
static bool plan_login(const struct wish *wish, const struct settings *s, const char *old_user, enum login *login,
		       struct buffer *password, struct error *err)
{
	const char *user = settings_string(s, SETTING_PROXY_USER);

	if (wish->password_file != NULL && user[0] == '\0') {
		error_usage(err, _("a password needs a user"));
		return error_next(err, _("Name the user with --user."));
	}
	if (wish->password_file != NULL || (wish->user != NULL && user[0] != '\0' && isatty(STDIN_FILENO))) {
		*login = LOGIN_REPLACE;
		return read_password(wish, user, password, err);
	}
	*login = login_after(s, old_user);
	return true;
}

static void remark(const struct cli *cli, const struct settings *s, enum login login)
{
	const char *user = settings_string(s, SETTING_PROXY_USER);

	if (login == LOGIN_REMOVE && user[0] != '\0')
		cli_warn(cli, _("No password is set for %s: set it with \"posture-console proxy set --password-file FILE\"."), user);
	cli_warn(cli, _("This sets the proxy of posture-console only. On the appliance the proxy is shared: a change there (under "
			"Administration, System, Settings, Proxy) also affects the profiler feed, agent downloads, CRL "
			"downloads, SMS, social login, REST authentication, pxGrid Cloud and mobile device management."));
}

static int set(struct cli *cli, struct settings *s, const struct wish *wish)
{
	struct buffer password = BUFFER_INIT(PASSWORD_MAX);
	struct error err = ERROR_INIT;
	char old_user[256];
	enum login login;
	bool ok;

	if (wish->scheme == NULL && wish->host == NULL && wish->port == NULL && wish->user == NULL && wish->bypass == NULL &&
	    wish->password_file == NULL && wish->enabled == NULL)
		return cli_usage(cli, _("say what to set"));
	snprintf(old_user, sizeof(old_user), "%s", settings_string(s, SETTING_PROXY_USER));
	ok = apply(wish, s, &err) && plan_login(wish, s, old_user, &login, &password, &err) &&
	     login_save(s, cli->state_dir, login, buffer_text(&password), &err);
	buffer_wipe(&password);
	if (!ok)
		return cli_fail(cli, &err);
	remark(cli, s, login);
	return cli->quiet && !cli->json ? EXIT_OK : cli_proxy_show(cli, s);
}

static int clear(struct cli *cli, struct settings *s, const struct wish *wish)
{
	static const enum setting all[] = { SETTING_PROXY_ENABLED, SETTING_PROXY_SCHEME, SETTING_PROXY_HOST,
					    SETTING_PROXY_PORT,	   SETTING_PROXY_USER,	 SETTING_PROXY_BYPASS };
	struct error err = ERROR_INIT;

	(void)wish;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		settings_set(s, all[i], NULL, NULL);
	if (!login_save(s, cli->state_dir, LOGIN_REMOVE, NULL, &err))
		return cli_fail(cli, &err);
	return cli->quiet && !cli->json ? EXIT_OK : cli_proxy_show(cli, s);
}

static int show(struct cli *cli, struct settings *s, const struct wish *wish)
{
	(void)wish;
	return cli_proxy_show(cli, s);
}

/* The proxy of the settings, but for what is named: a proxy can be tried before it is set. */
static int test(struct cli *cli, struct settings *s, const struct wish *wish)
{
	struct buffer password = BUFFER_INIT(PASSWORD_MAX);
	struct error err = ERROR_INIT;
	char old_user[256];
	enum login login = LOGIN_KEEP;
	const char *typed;
	int code;

	snprintf(old_user, sizeof(old_user), "%s", settings_string(s, SETTING_PROXY_USER));
	if (!apply(wish, s, &err) || !plan_login(wish, s, old_user, &login, &password, &err)) {
		code = cli_fail(cli, &err);
	} else {
		typed = login == LOGIN_REPLACE ? buffer_text(&password) : login == LOGIN_REMOVE ? "" : NULL;
		code = cli_proxy_test(cli, s, typed, wish->url, wish->timeout);
	}
	buffer_wipe(&password);
	return code;
}

/* The options that each verb knows. */
enum { FOR_SET = 1, FOR_TEST = 2, FOR_BOTH = 4 };

static bool take_option(struct wish *wish, int c, int *used)
{
	switch (c) {
	case 's': wish->scheme = optarg; break;
	case 'H': wish->host = optarg; break;
	case 'p': wish->port = optarg; break;
	case 'u': wish->user = optarg; break;
	case 'f': wish->password_file = optarg; break;
	case 'b': wish->bypass = optarg; break;
	case 'e': wish->enabled = "true"; break;
	case 'd': wish->enabled = "false"; break;
	case 'U': wish->url = optarg; break;
	case 't': wish->timeout = optarg; break;
	default: return false;
	}
	*used |= c == 'U' || c == 't' ? FOR_TEST : c == 'e' || c == 'd' ? FOR_SET : FOR_BOTH;
	return true;
}

static int run(struct cli *cli, int (*verb)(struct cli *, struct settings *, const struct wish *), const struct wish *wish)
{
	int code = EXIT_OK;
	struct settings *s = cli_settings(cli, &code);

	if (s == NULL)
		return code;
	code = verb(cli, s, wish);
	settings_free(s);
	return code;
}

int cli_proxy(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "scheme", required_argument, NULL, 's' },	   { "host", required_argument, NULL, 'H' },
		{ "port", required_argument, NULL, 'p' },	   { "user", required_argument, NULL, 'u' },
		{ "password-file", required_argument, NULL, 'f' }, { "bypass", required_argument, NULL, 'b' },
		{ "password", optional_argument, NULL, 'P' },
		{ "enable", no_argument, NULL, 'e' },		   { "disable", no_argument, NULL, 'd' },
		{ "url", required_argument, NULL, 'U' },	   { "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct {
		const char *name;
		int (*run)(struct cli *cli, struct settings *s, const struct wish *wish);
		int takes;
	} verbs[] = { { "show", show, 0 }, { "set", set, FOR_SET | FOR_BOTH },
		    { "test", test, FOR_TEST | FOR_BOTH }, { "clear", clear, 0 } };
	struct wish wish = { 0 };
	int c, used = 0;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		if (c == 'h')
			return EXIT_OK;
		/* Known, so that it is not taken for --password-file and its value shown as the name of a file. */
		if (c == 'P')
			return cli_usage(cli, _("a password among the arguments is seen by everyone; use --password-file"));
		if (!take_option(&wish, c, &used))
			return EXIT_USAGE;
	}
	if (argc - optind != 1)
		return cli_usage(cli, _("say what to do: show, set, test or clear"));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[optind], verbs[i].name) != 0)
			continue;
		if ((used & ~verbs[i].takes) != 0)
			return cli_usage(cli, _("\"%s\" does not take these options"), verbs[i].name);
		return run(cli, verbs[i].run, &wish);
	}
	return cli_usage(cli, _("\"%s\" is none of show, set, test and clear"), argv[optind]);
}
