/* posture-console demo: a place to try the program out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/paragraph.h"
#include "demo/situation.h"

#define ARGUMENTS_MAX 64
#define ANSWER_MAX 80
#define SAMPLE "sample/posture-offline.zip"

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	stopped = number;
}

/* The signals that would end the program before the folder is removed. */
static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

static void handle_signals(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaction(ending[i], &action, NULL);
}

/* The sample beside a program that was only built, or the installed one. Heap. */
static char *sample_bundle(const struct cli *cli)
{
	const char *slash = strrchr(cli->program, '/');
	char *path = NULL;

	if (slash != NULL && asprintf(&path, "%.*s/%s", (int)(slash - cli->program), cli->program, SAMPLE) >= 0 &&
	    access(path, R_OK) == 0)
		return path;
	free(path);
	return strdup(PKGDATADIR "/" SAMPLE);
}

/* --- one command in the demo --------------------------------------------------------------------------------------------- */

static void become(const struct cli *cli, const struct place *place, const char *code, char *const *argv)
{
	handle_signals(SIG_DFL);
	setenv("POSTURE_CONSOLE_CONFIG", place_config(place), 1);
	setenv("POSTURE_CONSOLE_STATE_DIR", place_state(place), 1);
	setenv("POSTURE_CONSOLE_DEMO", code, 1);
	execv(cli->program, argv);
	_exit(EXIT_FAILED);
}

/* Runs this program with these arguments (NULL-terminated, without its name). Its exit code. */
static int run_in(const struct cli *cli, const struct place *place, const char *code, const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 1] = { (char *)(uintptr_t)"posture-console" };
	size_t n = 1;
	int status = 0;
	pid_t pid;

	for (; arguments[n - 1] != NULL && n < ARGUMENTS_MAX; n++)
		argv[n] = (char *)(uintptr_t)arguments[n - 1];
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(cli, place, code, argv);
	if (pid < 0)
		return EXIT_FAILED;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		/* Ctrl-C reaches the command by itself; a request to end has to be passed on. */
		if (stopped == SIGTERM || stopped == SIGHUP)
			kill(pid, SIGTERM);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERRUPTED;
}

#define RUN(cli, place, code, ...) run_in(cli, place, code, (const char *const[]){ __VA_ARGS__, NULL })

static void print_banner(const struct cli *cli, const struct place *place)
{
	if (cli->quiet)
		return;
	fprintf(stderr, _("DEMO: all of it is made up.\nIt is in %s and on 127.0.0.1 only, and is removed at the end.\n"),
		place_dir(place));
}

/* A place with the sample installed. */
static struct place *make_place(const struct cli *cli, int *code)
{
	struct error err = ERROR_INIT;
	struct place *place = NULL;
	char *bundle = sample_bundle(cli);

	if (bundle == NULL || !place_make(bundle, &place, &err)) {
		*code = cli_fail(cli, &err);
		free(bundle);
		return NULL;
	}
	free(bundle);
	print_banner(cli, place);
	if (!place_set_up(place, situation_at(0), &err)) {
		*code = cli_fail(cli, &err);
	} else {
		*code = RUN(cli, place, situation_at(0)->code, "--quiet", "update", "--offline", place_bundle(place));
	}
	if (*code == EXIT_OK)
		return place;
	place_free(place);
	return NULL;
}

/* --- the list and the menu ----------------------------------------------------------------------------------------------- */

static int print_list(const struct cli *cli)
{
	const struct situation *s;
	json_t *rows = json_array();

	for (size_t i = 0; (s = situation_at(i)) != NULL; i++) {
		if (cli->json)
			json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "code", s->code, "title", _(s->title), "hint",
							      _(s->hint)));
		else
			printf("%2zu  %-28s %s\n", i + 1, s->code, _(s->title));
	}
	if (cli->json) {
		json_dumpf(rows, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(rows);
	return EXIT_OK;
}

/* For people to choose from: on a screen of 80x24 with the question below it. */
static void print_choices(void)
{
	const struct situation *s;

	putchar('\n');
	for (size_t i = 0; (s = situation_at(i)) != NULL; i++)
		printf("%2zu  %s\n", i + 1, _(s->title));
}

/* Reads an answer; false at the end of input and when a signal came. */
static bool ask(const char *question, char answer[ANSWER_MAX])
{
	fputs(question, stdout);
	fflush(stdout);
	if (stopped != 0 || fgets(answer, ANSWER_MAX, stdin) == NULL)
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return true;
}

static const struct situation *chosen(const char *answer)
{
	char *end;
	unsigned long number = strtoul(answer, &end, 10);

	if (answer[0] != '\0' && *end == '\0' && number > 0)
		return situation_at(number - 1);
	return situation_find(answer);
}

static int show(const struct cli *cli, struct place *place, const struct situation *situation)
{
	struct error err = ERROR_INIT;
	char answer[ANSWER_MAX];

	if (!place_set_up(place, situation, &err))
		return cli_fail(cli, &err);
	printf("\n%s\n", _(situation->title));
	paragraph_print("    ", _(situation->hint), strlen(_(situation->hint)));
	if (!ask(_("Enter opens the console there; q in the console comes back here. "), answer))
		return EXIT_OK;
	return run_in(cli, place, situation->code, (const char *const[]){ NULL });
}

static int menu(const struct cli *cli, struct place *place)
{
	char answer[ANSWER_MAX];

	for (;;) {
		const struct situation *situation;

		print_choices();
		if (!ask(_("DEMO: nothing of this is real. Which one? A number, or q to leave: "), answer) || strcmp(answer, "q") == 0)
			return EXIT_OK;
		situation = chosen(answer);
		if (situation != NULL)
			show(cli, place, situation);
		else
			printf(_("There is no situation \"%s\".\n"), answer);
		if (stopped == SIGTERM || stopped == SIGHUP)
			return EXIT_INTERRUPTED;
		stopped = 0;
	}
}

/* --- the tour ------------------------------------------------------------------------------------------------------------ */

static void heading(const char *text)
{
	printf("\n== %s\n\n", text);
}

static bool expect(int got, int want)
{
	return got == want && stopped == 0;
}

/* An update, a broken login, its cause, the repair, and the update again. */
static int tour(const struct cli *cli, struct place *place)
{
	const struct situation *broken = situation_find("proxy-auth-rejected");
	struct error err = ERROR_INIT;
	bool ok;

	heading(_("An update from the demo's feed, over TLS. What arrives, and how fast:"));
	ok = expect(RUN(cli, place, "healthy", "update", "--web", "--no-check"), EXIT_OK);
	if (ok) {
		heading(_("What it changed:"));
		ok = expect(RUN(cli, place, "healthy", "diff"), EXIT_OK);
	}
	if (ok && !place_set_up(place, broken, &err))
		return cli_fail(cli, &err);
	if (ok) {
		heading(_("Now there is a proxy, and its password is wrong. What do the checks say?"));
		ok = expect(RUN(cli, place, broken->code, "check"), EXIT_FAILED);
	}
	if (ok) {
		heading(_("The right password is entered, and the checks run again:"));
		ok = settings_password_save(place_state(place), SERVER_PASSWORD, &err) || cli_fail(cli, &err) == EXIT_OK;
		ok = ok && expect(RUN(cli, place, broken->code, "check"), EXIT_OK);
	}
	if (ok) {
		heading(_("And the update, through the proxy:"));
		ok = expect(RUN(cli, place, broken->code, "update", "--no-check"), EXIT_OK);
	}
	if (ok)
		printf("\n%s\n", _("\"posture-console demo\" on a terminal shows the same, and more, in the full-screen console."));
	return ok ? EXIT_OK : EXIT_FAILED;
}

/* --- the command --------------------------------------------------------------------------------------------------------- */

static int run_one(const struct cli *cli, struct place *place, const struct situation *situation, char *const *arguments,
		   bool terminal)
{
	struct error err = ERROR_INIT;

	if (!place_set_up(place, situation, &err))
		return cli_fail(cli, &err);
	if (arguments[0] == NULL && !terminal)
		return RUN(cli, place, situation->code, cli->json ? "--json" : "--no-color", "check");
	return run_in(cli, place, situation->code, (const char *const *)arguments);
}

static int unknown(const struct cli *cli, const char *name)
{
	struct error err = ERROR_INIT;

	error_usage(&err, _("there is no situation \"%s\""), name);
	error_next(&err, "%s", _("See \"posture-console demo --list\"."));
	return cli_fail(cli, &err);
}

int cli_demo(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "list", no_argument, NULL, 'l' }, { "tour", no_argument, NULL, 't' },
						 { NULL, 0, NULL, 0 } };
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), list = false, wants_tour = false;
	const struct situation *situation = NULL;
	struct place *place;
	int c, code;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case '?': return EXIT_USAGE;
		case 'l': list = true; break;
		case 't': wants_tour = true; break;
		}
	}
	if ((list || wants_tour) && (optind < argc || list == wants_tour))
		return cli_usage(cli, _("--list, --tour and a situation exclude each other"));
	if (list)
		return print_list(cli);
	if (optind < argc && (situation = situation_find(argv[optind])) == NULL)
		return unknown(cli, argv[optind]);
	handle_signals(on_stop);
	place = make_place(cli, &code);
	if (place == NULL)
		return code;
	if (situation != NULL)
		code = run_one(cli, place, situation, argv + optind + 1, terminal);
	else if (wants_tour || !terminal)
		code = tour(cli, place);
	else
		code = menu(cli, place);
	place_free(place);
	return stopped == SIGTERM || stopped == SIGHUP ? EXIT_INTERRUPTED : code;
}
