/* check: runs the troubleshooting checks and names the cause. What a person reads is printed by check_text.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/when.h"
#include "cli/check_text.h"
#include "cli/cli.h"
#include "diagnose/diagnose.h"

#define TIMEOUT_MAX_S 120
#define WATCH_PAUSE_MS 5000

/* Written to by the handler: the run stops when it can be read. */
static int stop_pipe[2] = { -1, -1 };
static volatile sig_atomic_t stopped;

static void on_stop(int signal_number)
{
	int saved = errno;

	stopped = signal_number;
	(void)!write(stop_pipe[1], "", 1);
	errno = saved;
}

/* Without a pipe - out of descriptors, which the checks are to say - a signal ends the run a little later. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_stop };

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		stop_pipe[0] = stop_pipe[1] = -1;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static bool is_stopped(void)
{
	return stopped != 0;
}

/* "dns,tcp" */
static bool parse_only(struct cli *cli, const char *list, unsigned int *set)
{
	char *copy = strdup(list), *save, *word;
	bool ok = copy != NULL;

	for (word = ok ? strtok_r(copy, ", ", &save) : NULL; word != NULL && ok; word = strtok_r(NULL, ", ", &save)) {
		enum check_id id = check_by_name(word);

		if (id == CHECK_COUNT) {
			cli_usage(cli, _("there is no check \"%s\": local, dns, time, tcp, proxy, tls, chain, http and icmp are"),
				  word);
			ok = false;
		} else {
			*set |= 1u << id;
		}
	}
	free(copy);
	if (ok && *set == 0) {
		cli_usage(cli, _("--only needs at least one check"));
		ok = false;
	}
	return ok;
}

/* "2.5" and "2,5", in every locale: strtod() knows only the one or the other. */
static bool parse_seconds(const char *text, double *s)
{
	bool any = false, fraction = false;
	double unit = 1;

	for (*s = 0; *text != '\0'; text++) {
		bool digit = *text >= '0' && *text <= '9';

		if (!digit && (fraction || (*text != '.' && *text != ',')))
			return false;
		any = any || digit;
		if (!digit)
			fraction = true;
		else if (fraction)
			*s += (unit /= 10) * (*text - '0');
		else
			*s = *s * 10 + (*text - '0');
	}
	return any;
}

static bool parse_timeout(struct cli *cli, const char *text, int *ms)
{
	double s;

	if (!parse_seconds(text, &s) || !(s >= 0.5 && s <= TIMEOUT_MAX_S)) {
		cli_usage(cli, _("\"%s\" is no time in seconds: 0.5 to %d is allowed"), text, TIMEOUT_MAX_S);
		return false;
	}
	*ms = (int)(s * 1000);
	return true;
}

struct arguments {
	struct diagnose_options run;
	bool watch;
};

/* False when there is nothing to run; *code is the exit code then. */
static bool parse(struct cli *cli, int argc, char **argv, struct arguments *a, int *code)
{
	static const struct option options[] = {
		{ "only", required_argument, NULL, 'o' }, { "host", required_argument, NULL, 'H' },
		{ "url", required_argument, NULL, 'u' },  { "timeout", required_argument, NULL, 't' },
		{ "watch", no_argument, NULL, 'w' },	  { NULL, 0, NULL, 0 },
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'o':
			if (!parse_only(cli, optarg, &a->run.only))
				return false;
			break;
		case 't':
			if (!parse_timeout(cli, optarg, &a->run.budget_ms))
				return false;
			break;
		case 'H': a->run.host = optarg; break;
		case 'u': a->run.url = optarg; break;
		case 'w': a->watch = true; break;
		case 'h': *code = EXIT_OK; return false;
		default: return false;
		}
	}
	if (optind < argc)
		cli_usage(cli, _("unexpected argument \"%s\""), argv[optind]);
	else if (a->run.host != NULL && a->run.url != NULL)
		cli_usage(cli, _("--host and --url exclude each other"));
	else
		return true;
	return false;
}

static void put_json(void *data, const json_t *event)
{
	/* Nobody reads any more: stop. */
	if (!event_write_line(STDOUT_FILENO, event) && errno == EPIPE)
		on_stop(SIGPIPE);
	(void)data;
}

static int run_once(struct cli *cli, const struct arguments *a, struct diagnose_verdict *verdict)
{
	struct check_text text;
	struct event_sink sink = { .put = put_json };
	struct error err = ERROR_INIT;
	bool ran;

	if (!cli->json) {
		check_text_init(&text, cli->color, cli->quiet);
		sink = (struct event_sink){ .put = check_text_put, .data = &text };
	}
	ran = diagnose_run(&a->run, &sink, verdict, &err);
	if (!cli->json)
		check_text_clear(&text);
	return ran ? diagnose_exit_code(verdict) : cli_fail(cli, &err);
}

/* Sleeps between two runs; false when stopped. */
static bool pause_watch(void)
{
	struct pollfd fd = { .fd = stop_pipe[0], .events = POLLIN };

	return poll(&fd, 1, WATCH_PAUSE_MS) == 0 && stopped == 0;
}

static void say_healthy(const struct cli *cli)
{
	char stamp[WHEN_TEXT_MAX];

	if (cli->json)
		return;
	printf(_("%s healthy now\n"), when_utc(stamp, clock_now()));
	/* Who waited for this may look elsewhere. */
	if (isatty(STDOUT_FILENO))
		putchar('\a');
}

static int run(struct cli *cli, struct arguments *a)
{
	struct diagnose_verdict verdict;
	bool failed_before = false;
	int code;

	for (;;) {
		code = run_once(cli, a, &verdict);
		if (!a->watch || code != EXIT_FAILED)
			break;
		failed_before = true;
		diagnose_verdict_clear(&verdict);
		fflush(stdout);
		if (!pause_watch())
			return EXIT_INTERRUPTED;
	}
	if (failed_before && (code == EXIT_OK || code == EXIT_WARNINGS))
		say_healthy(cli);
	diagnose_verdict_clear(&verdict);
	return code;
}

int cli_check(struct cli *cli, int argc, char **argv)
{
	struct arguments a = { .run = { .cancel_fd = -1, .state_dir = NULL } };
	struct settings *settings = NULL;
	struct error settings_error = ERROR_INIT;
	int code;

	if (!parse(cli, argc, argv, &a, &code))
		return code;
	catch_signals();
	if (!settings_load(cli->config_path, &settings, &settings_error))
		settings = NULL;
	a.run.settings = settings;
	a.run.settings_error = &settings_error;
	a.run.state_dir = cli->state_dir;
	a.run.cancel_fd = stop_pipe[0];
	a.run.stop = is_stopped;
	code = run(cli, &a);
	settings_free(settings);
	file_close(&stop_pipe[0]);
	file_close(&stop_pipe[1]);
	return code;
}
