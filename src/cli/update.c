/* posture-console update: starts the job and shows it; the job goes on when this ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/update_text.h"
#include "job/job.h"
#include "net/ssh_host_key.h"
#include "store/store.h"
#include "update/state.h"
#include "update/update.h"

#define POLL_MS 200

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = interrupted + 1;
}

struct update_arguments {
	const char *url, *offline, *host_key;
	bool web, force, allow_downgrade, no_check, detach, if_due;
};

enum { OPT_WEB = 1, OPT_URL, OPT_OFFLINE, OPT_FORCE, OPT_DOWNGRADE, OPT_NO_CHECK, OPT_DETACH, OPT_IF_DUE, OPT_HOST_KEY };

/* False: *code is the exit code. */
static bool parse(struct cli *cli, int argc, char **argv, struct update_arguments *a, int *code)
{
	static const struct option options[] = {
		{ "web", no_argument, NULL, OPT_WEB },
		{ "url", required_argument, NULL, OPT_URL },
		{ "offline", required_argument, NULL, OPT_OFFLINE },
		{ "host-key", required_argument, NULL, OPT_HOST_KEY },
		{ "force", no_argument, NULL, OPT_FORCE },
		{ "allow-downgrade", no_argument, NULL, OPT_DOWNGRADE },
		{ "no-check", no_argument, NULL, OPT_NO_CHECK },
		{ "detach", no_argument, NULL, OPT_DETACH },
		{ "if-due", no_argument, NULL, OPT_IF_DUE },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': *code = EXIT_OK; return false;
		case '?': return false;
		case OPT_WEB: a->web = true; break;
		case OPT_URL: a->url = optarg; a->web = true; break;
		case OPT_OFFLINE: a->offline = optarg; break;
		case OPT_HOST_KEY: a->host_key = optarg; break;
		case OPT_FORCE: a->force = true; break;
		case OPT_DOWNGRADE: a->allow_downgrade = true; break;
		case OPT_NO_CHECK: a->no_check = true; break;
		case OPT_DETACH: a->detach = true; break;
		case OPT_IF_DUE: a->if_due = true; break;
		}
	}
	if (optind < argc)
		cli_usage(cli, _("there is no argument %s"), argv[optind]);
	else if (a->web && a->offline != NULL)
		cli_usage(cli, _("--web and --offline exclude each other"));
	else if (a->host_key != NULL && !ssh_host_key_is_fingerprint(a->host_key))
		cli_usage(cli, _("%s is not a host key's fingerprint (SHA256: and 43 digits)"), a->host_key);
	else
		return true;
	return false;
}

/* A login in a URL would stand in the process list, the shell's history and the logs. */
static bool check_url(const char *url, bool feed, struct error *err)
{
	const char *authority = strstr(url, "://");

	if (authority == NULL || (feed && strcspn(authority + 3, "/:?#") == 0)) {
		if (!feed)
			return true;
		error_usage(err, _("%s is not a feed's address"), url);
		return error_next(err, _("Give an https address, such as https://host/path/posture-update.xml."));
	}
	if (feed && strncmp(url, "https://", 8) != 0) {
		error_usage(err, _("a feed must be an https address"));
		return error_next(err, _("Give an https address, such as https://host/path/posture-update.xml."));
	}
	authority += 3;
	if (memchr(authority, '@', strcspn(authority, "/?#")) != NULL && strchr(authority, ':') != NULL &&
	    strchr(authority, ':') < strchr(authority, '@')) {
		error_usage(err, _("the address holds a password, which others could read in the process list"));
		return error_next(err, _("Leave it out; sftp and scp use your SSH key, or the setting source.login_file."));
	}
	return true;
}

/* A path, or an address that a bundle can be fetched from. */
static bool check_bundle(const char *from, struct error *err)
{
	static const char *const schemes[] = { "https://", "sftp://", "scp://", "ftp://" };
	const char *authority = strstr(from, "://");

	if (authority == NULL || memchr(from, '/', (size_t)(authority - from)) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(from, schemes[i], strlen(schemes[i])) == 0)
			return true;
	}
	error_usage(err, _("a bundle cannot be fetched from %s"), from);
	return error_next(err, _("Give a path, - for standard input, or an https, sftp, scp or ftp address."));
}

/* What is to be done: the command line before the settings. */
static bool make_options(const struct cli *cli, const struct update_arguments *a, const struct settings *settings,
			 struct update_options *out, struct error *err)
{
	*out = (struct update_options){ .state_dir = cli->state_dir, .settings = settings, .stdin_fd = -1,
					.host_key = a->host_key, .force = a->force, .allow_downgrade = a->allow_downgrade, .no_check = a->no_check };
	if (a->offline != NULL || (!a->web && strcmp(settings_string(settings, SETTING_SOURCE_MODE), "offline") == 0)) {
		out->source = UPDATE_OFFLINE;
		out->from = a->offline != NULL ? a->offline : settings_string(settings, SETTING_SOURCE_BUNDLE);
		if (out->from[0] == '\0') {
			error_usage(err, _("no bundle is named"));
			return error_next(err, _("Add --offline FILE_OR_URL, or set source.bundle."));
		}
		/* The job has no standard input of its own. */
		if (strcmp(out->from, "-") == 0 || strcmp(out->from, "/dev/stdin") == 0)
			out->stdin_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return check_url(out->from, false, err) && (a->offline == NULL || check_bundle(a->offline, err));
	}
	out->source = UPDATE_WEB;
	out->from = a->url != NULL ? a->url : settings_string(settings, SETTING_SOURCE_FEED_URL);
	return check_url(out->from, true, err);
}

/* --if-due: true when there is something to do now. The first look starts the clock of the first delay. */
static bool is_due(const struct cli *cli, const struct settings *settings, struct error *err)
{
	struct update_state state;
	time_t now = clock_now(), next;

	update_state_load(cli->state_dir, &state);
	if (state.first_seen == 0) {
		struct store *store = NULL;

		state.first_seen = now;
		if (!store_open(cli->state_dir, true, &store, err))
			return false;
		store_free(store);
		if (!update_state_save(cli->state_dir, &state, err))
			return false;
	}
	next = update_next_due(settings, &state, now);
	if (next != 0 && next <= now)
		return true;
	if (cli->json) {
		char when[CLOCK_TEXT_MAX];
		json_t *event = event_new("update.not-due", "{s:o}", "next",
					  next != 0 ? json_string(clock_rfc3339(when, next)) : json_null());

		event_write_line(STDOUT_FILENO, event);
		json_decref(event);
	} else if (!cli->quiet) {
		char when[WHEN_TEXT_MAX];

		if (next == 0)
			printf(_("Not due: the schedule is off (schedule.automatic).\n"));
		else
			printf(_("Not due: the next check is at %s.\n"), when_utc(when, next));
	}
	return false;
}

/* --- showing the job ----------------------------------------------------------------------------------------------- */

struct view {
	const struct cli *cli;
	struct update_text *text;
	bool finished;
	int exit_code;
};

static void show_event(void *data, const char *line, size_t len, const json_t *event)
{
	struct view *v = data;
	const char *kind = json_string_value(json_object_get(event, "event"));

	if (v->cli->json)
		(void)file_write_all(STDOUT_FILENO, line, len);
	else
		update_text_put(v->text, event);
	if (kind != NULL && strcmp(kind, "update.finished") == 0) {
		v->finished = true;
		v->exit_code = (int)json_integer_value(json_object_get(event, "exit_code"));
	}
}

static void catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The job ended without saying how: it was killed, or it crashed. */
static int job_vanished(const struct cli *cli, int status)
{
	struct error err = ERROR_INIT;

	if (WIFSIGNALED(status))
		error_set(&err, FINDING_NONE, _("the update's process was ended by signal %d"), WTERMSIG(status));
	else
		error_set(&err, FINDING_NONE, _("the update's process ended early (exit code %d)"), WEXITSTATUS(status));
	error_next(&err, _("What is installed is whole. Run the update again: it goes on where it stopped."));
	return cli_fail(cli, &err);
}

/* Follows the job to its end. The first Ctrl-C asks it to stop, the second leaves it alone. */
static int follow(const struct cli *cli, const struct job *job)
{
	struct view v = { .cli = cli };
	struct job_tail *tail = NULL;
	struct error err = ERROR_INIT;
	char wakes[256];
	int asked = 0, status = 0;
	bool reaped = false;

	if (!job_tail_open(cli->state_dir, job->id, false, &tail, &err))
		return cli_fail(cli, &err);
	if (!cli->json)
		v.text = update_text_new(cli);
	catch_interrupts();
	while (!v.finished) {
		struct pollfd wait = { .fd = job->wake_fd, .events = POLLIN };

		while (read(job->wake_fd, wakes, sizeof(wakes)) > 0)
			;
		reaped = reaped || waitpid(job->pid, &status, WNOHANG) == job->pid;
		job_tail_read(tail, show_event, &v);
		if (v.finished || reaped)
			break;
		if (interrupted > asked) {
			asked = interrupted;
			if (asked > 1)
				break;
			job_stop(job->pid, NULL);
		}
		/* Hung up: the job is ending. */
		if (poll(&wait, 1, POLL_MS) > 0 && (wait.revents & POLLIN) == 0)
			reaped = waitpid(job->pid, &status, 0) == job->pid;
	}
	if (v.finished && !reaped)
		waitpid(job->pid, &status, 0);
	update_text_free(v.text);
	job_tail_free(tail);
	if (v.finished)
		return asked > 0 && v.exit_code != EXIT_OK ? EXIT_INTERRUPTED : v.exit_code;
	return reaped ? job_vanished(cli, status) : EXIT_INTERRUPTED;
}

static int detach(const struct cli *cli, const struct job *job)
{
	if (cli->json) {
		json_t *event = event_new("job.started", "{s:s, s:i}", "job", job->id, "pid", (int)job->pid);

		event_write_line(STDOUT_FILENO, event);
		json_decref(event);
	} else if (!cli->quiet) {
		printf(_("The update runs as job %s (process %ld).\n"), job->id, (long)job->pid);
	}
	return EXIT_OK;
}

int cli_update(struct cli *cli, int argc, char **argv)
{
	struct update_arguments a = { 0 };
	struct update_options options;
	struct settings *settings;
	struct error err = ERROR_INIT;
	struct job job;
	int code;

	if (!parse(cli, argc, argv, &a, &code))
		return code;
	settings = cli_settings(cli, &code);
	if (settings == NULL)
		return code;
	if (!make_options(cli, &a, settings, &options, &err)) {
		code = cli_fail(cli, &err);
	} else if (a.if_due && !is_due(cli, settings, &err)) {
		code = err.message[0] != '\0' ? cli_fail(cli, &err) : EXIT_OK;
	} else {
		struct job_work work = { .run = update_run, .data = &options };

		if (!job_start(cli->state_dir, &work, &job, &err))
			code = cli_fail(cli, &err);
		else
			code = a.detach ? detach(cli, &job) : follow(cli, &job);
		file_close(&job.wake_fd);
	}
	file_close(&options.stdin_fd);
	settings_free(settings);
	return code;
}
