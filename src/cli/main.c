/* posture-console: the command line's entry. With a sub-command it runs that; without one, on a terminal, the console. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/cli.h"
#include "../ui/ui.h"

#define WORD_MAX 24
#define NEAR_LETTERS 2

static char *xdg_path(const char *variable, const char *fallback, const char *rest)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	char *path = NULL;

	if (base != NULL && base[0] == '/') {
		if (asprintf(&path, "%s/posture-console%s", base, rest) < 0)
			return NULL;
	} else if (asprintf(&path, "%s/%s/posture-console%s", home != NULL ? home : "/", fallback, rest) < 0) {
		return NULL;
	}
	return path;
}

static char *default_config_path(void)
{
	if (geteuid() == 0)
		return strdup(SYSCONFDIR "/posture-console/console.conf");
	return xdg_path("XDG_CONFIG_HOME", ".config", "/console.conf");
}

static char *default_state_dir(void)
{
	if (geteuid() == 0)
		return strdup(LOCALSTATEDIR "/lib/posture-console");
	return xdg_path("XDG_STATE_HOME", ".local/state", "");
}

static char *own_path(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return strdup("posture-console");
	path[n] = '\0';
	return strdup(path);
}

static void print_global(const char *option, const char *help)
{
	printf("  %-17s %s\n", option, help);
}

static void print_help(void)
{
	size_t count;
	const struct cli_command *commands = cli_commands(&count);

	printf(_("Usage: posture-console [GLOBAL OPTION]... [COMMAND [OPTION]...]\n\n"
		 "Updates the posture content of a network-access appliance, and finds out why it fails.\n"
		 "Without a command, on a terminal: the full-screen console.\n\nCommands:\n"));
	for (size_t i = 0; i < count; i++)
		printf("  %-10s %s\n", commands[i].name, _(commands[i].summary));
	printf("\n%s\n", _("Global options:"));
#define GLOBAL(id, name, short_name, value, help) print_global("--" name " " value, _(help));
#include "cli/globals.def"
#undef GLOBAL
	printf("\n%s\n", _("Example: posture-console update --offline posture-offline.zip"));
}

static void print_version(void)
{
	printf("posture-console %s\n", PACKAGE_VERSION);
	printf(_("License GPLv3+: GNU GPL version 3 or later. There is NO WARRANTY, to the extent permitted by law.\n"));
}

/* Descriptors 0 to 2 are always open, so that no file is ever mistaken for one of them. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* Letters to add, drop, exchange with the next or replace until `a` is `b`; at most `WORD_MAX` of them are looked at. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			best = above[j] + 1 < best ? above[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best)
				best = two_above[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[n % 3][m];
}

/* Says which command was meant, where one is near. */
static int no_such_command(struct cli *cli, const char *word)
{
	size_t count, near = NEAR_LETTERS + 1;
	const struct cli_command *commands = cli_commands(&count);
	const char *meant = NULL;
	struct error err = ERROR_INIT;

	cli->command = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t letters = distance(word, commands[i].name);

		/* "x" is not a slip of the hand for "log". */
		if (letters < near && letters < strlen(word)) {
			near = letters;
			meant = commands[i].name;
		}
	}
	if (meant == NULL)
		return cli_usage(cli, _("there is no command %s"), word);
	error_usage(&err, _("there is no command %s"), word);
	error_next(&err, _("Did you mean \"posture-console %s\"? See \"posture-console --help\"."), meant);
	return cli_fail(cli, &err);
}

static void settle_locale(void)
{
	setlocale(LC_ALL, "");
	/* What is not read by a person there and then is read by a script, or somewhere else (base/when.h). */
	if (!isatty(STDOUT_FILENO))
		setlocale(LC_TIME, "C");
	/* All text here is UTF-8. */
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 && (localeconv()->thousands_sep[0] & 0x80) != 0)
		setlocale(LC_NUMERIC, "C");
}

static int run_console(const struct cli *cli, bool restricted, bool plain)
{
	const char *demo = getenv("POSTURE_CONSOLE_DEMO");
	const struct ui_options options = { .config_path = cli->config_path, .state_dir = cli->state_dir,
					    .program = cli->program, .color = cli->color, .restricted = restricted,
					    .plain = plain,
					    .demo = demo != NULL && demo[0] != '\0' ? _("DEMO") : NULL };

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cli_usage(cli, _("no command given, and the full-screen console needs a terminal"));
	return ui_run(&options);
}

/* Has all that was printed gone out? Whoever went away without reading it (head) has had enough. */
static bool output_is_out(struct error *err)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	bool flushed = fflush(stdout) == 0;
	int why = flushed ? 0 : errno;

	if ((flushed && !ferror(stdout)) || (poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0))
		return true;
	errno = why;
	if (why != 0)
		error_errno(err, FINDING_IO_ERROR, _("cannot write to standard output"));
	else
		error_set(err, FINDING_IO_ERROR, _("cannot write to standard output"));
	return error_next(err, _("Make room where the output goes, or send it elsewhere."));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "state-dir", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },	    { "quiet", no_argument, NULL, 'q' },
		{ "no-color", no_argument, NULL, 'n' },	    { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },	    { "restricted", no_argument, NULL, 'r' },
		{ "plain", no_argument, NULL, 'p' },	    { NULL, 0, NULL, 0 },
	};
	char *config = NULL, *state = NULL, *program = NULL;
	const char *no_color = getenv("NO_COLOR"), *env;
	const struct cli_command *command;
	struct error err = ERROR_INIT;
	struct cli cli = { 0 };
	bool restricted = false, plain = false;
	int c, code = EXIT_OK;

	open_standard_descriptors();
	settle_locale();
#if ENABLE_NLS
	bindtextdomain(PACKAGE, LOCALEDIR);
	textdomain(PACKAGE);
#endif
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a limit on the size of files is an error of the write, which has a name */
	cli.color = isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');
	config = default_config_path();
	state = default_state_dir();
	program = own_path();
	if (config == NULL || state == NULL || program == NULL) {
		fputs("posture-console: out of memory\n", stderr);
		code = EXIT_IO;
		goto out;
	}
	env = getenv("POSTURE_CONSOLE_CONFIG");
	cli.config_path = env != NULL && env[0] != '\0' ? env : config;
	env = getenv("POSTURE_CONSOLE_STATE_DIR");
	cli.state_dir = env != NULL && env[0] != '\0' ? env : state;
	cli.program = program;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c': cli.config_path = optarg; break;
		case 's': cli.state_dir = optarg; break;
		case 'j': cli.json = true; break;
		case 'q': cli.quiet = true; break;
		case 'n': cli.color = false; break;
		case 'r': restricted = true; break;
		case 'p': plain = true; break;
		case 'h': print_help(); goto out;
		case 'V': print_version(); goto out;
		case ':': code = cli_usage(&cli, _("the option %s needs a value"), argv[optind - 1]); goto out;
		default: code = cli_usage(&cli, _("there is no option %s"), argv[optind - 1]); goto out;
		}
	}
	if (optind >= argc) {
		code = run_console(&cli, restricted, plain);
		goto out;
	}
	cli.command = argv[optind];
	command = cli_command_find(cli.command);
	if (command == NULL) {
		code = no_such_command(&cli, argv[optind]);
		goto out;
	}
	argc -= optind;
	argv += optind;
	optind = 0;
	code = command->run(&cli, argc, argv);
out:
	if (code == EXIT_OK && !output_is_out(&err))
		code = cli_fail(&cli, &err);
	free(config);
	free(state);
	free(program);
	return code;
}
