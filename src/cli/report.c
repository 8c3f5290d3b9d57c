/* report: one tar.gz for a support case, without secrets. What goes in is in report_parts.c. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/report_archive.h"
#include "cli/report_parts.h"
#include "diagnose/diagnose.h"

#define NAME_MAX_BYTES 200

struct arguments {
	const char *output;
	bool no_check;
};

static bool parse(struct cli *cli, int argc, char **argv, struct arguments *a, int *code)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "no-check", no_argument, NULL, 'n' }, { NULL, 0, NULL, 0 },
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = cli_getopt(cli, argc, argv, "o:", options)) != -1) {
		switch (c) {
		case 'o': a->output = optarg; break;
		case 'n': a->no_check = true; break;
		case 'h': *code = EXIT_OK; return false;
		default: return false;
		}
	}
	if (optind == argc)
		return true;
	cli_usage(cli, _("unexpected argument \"%s\""), argv[optind]);
	return false;
}

/* posture-report-NODE-20261123T143107Z: also the folder in the archive. */
static void make_name(char *dst, size_t size)
{
	char node[64] = "node", stamp[32];
	time_t now = clock_now();
	struct tm utc;

	if (gethostname(node, sizeof(node)) == 0)
		node[sizeof(node) - 1] = '\0';
	for (char *p = node; *p != '\0'; p++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", *p) == NULL)
			*p = '_';
	}
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(dst, size, "posture-report-%s-%s", node, stamp);
}

static void keep_event(void *data, const json_t *event)
{
	json_array_append((json_t *)data, (json_t *)(uintptr_t)event);
}

static json_t *run_checks(const struct cli *cli, const struct settings *settings, const struct error *why)
{
	const struct diagnose_options options = { .settings = settings, .settings_error = why, .state_dir = cli->state_dir,
						  .cancel_fd = -1 };
	json_t *events = json_array();
	struct event_sink sink = { .put = keep_event, .data = events };

	if (!cli->json && !cli->quiet && isatty(STDERR_FILENO))
		fputs(_("Running the checks ...\n"), stderr);
	(void)diagnose_run(&options, &sink, NULL, NULL);
	return events;
}

static void add_readme(struct report_archive *a, const struct redactor *redactor)
{
	struct buffer out = BUFFER_INIT(REPORT_PART_MAX);
	char stamp[CLOCK_TEXT_MAX];

	buffer_printf(&out, _("A report of posture-console %s, made at %s.\n\n"), PACKAGE_VERSION,
		      clock_rfc3339(stamp, clock_now()));
	buffer_puts(&out, _("verdict.txt         the checks, the cause, what to do: read this first\n"
			    "check.jsonl         the same with all evidence, as events\n"
			    "settings.txt        every setting; of commands the program only\n"
			    "status, history     what is installed, and past updates\n"
			    "certificates        the trusted certificates: names, state, usages, dates\n"
			    "network.json        what the network looked like at the last good update\n"
			    "update-last*.jsonl  the events of the last update, and of the last one that failed\n"
			    "log-own.txt         this program's log: around the last failure, and its end\n"
			    "log.txt             the same of the log that the settings name\n"
			    "versions.txt        this program, its libraries, the system\n\n"));
	buffer_printf(&out, _("Passwords, tokens, logins in addresses, Authorization and Cookie headers and private keys were\n"
			      "taken out wherever they were found: %zu places, marked %s. Names, addresses and host names of\n"
			      "your network are still in it.\n"), redactor_count(redactor), REDACT_MARK);
	report_add_text(a, "README.txt", buffer_text(&out), out.len);
	buffer_clear(&out);
}

static void fill(struct report_archive *a, const struct cli *cli, const struct settings *settings, const struct error *why,
		 bool check)
{
	if (check) {
		json_t *events = run_checks(cli, settings, why);

		report_part_checks(a, events);
		json_decref(events);
	}
	report_part_settings(a, settings, why);
	report_part_command(a, cli, "status", "status", NULL);
	report_part_command(a, cli, "history", "history", NULL);
	report_part_command(a, cli, "certificates", "certs", "list");
	report_part_network(a, cli->state_dir);
	report_part_jobs(a, cli->state_dir);
	report_part_logs(a, settings, cli->state_dir);
	report_part_versions(a);
}

static bool write_out(const char *path, const struct buffer *bytes, struct error *err)
{
	if (strcmp(path, "-") == 0)
		return file_write_all(STDOUT_FILENO, bytes->data, bytes->len) ||
		       error_errno(err, FINDING_IO_ERROR, _("cannot write the report"));
	return file_write_out(path, 0600, bytes->data, bytes->len, err) ||
	       error_wrap(err, _("cannot write the report"));
}

static void tell(const struct cli *cli, const char *path, const struct report_archive *a, size_t bytes,
		 const struct redactor *redactor)
{
	if (strcmp(path, "-") == 0)
		return;
	if (cli->json) {
		json_t *event = event_new("report", "{s:o, s:I, s:I, s:O}", "file", event_string(path), "bytes", (json_int_t)bytes,
					  "removed", (json_int_t)redactor_count(redactor), "files", report_names(a));

		event_write_line(STDOUT_FILENO, event);
		json_decref(event);
	} else if (!cli->quiet) {
		cli_print_safe(path);
		printf(_(": %zu files, %.1f kB; %zu secrets removed\n"), json_array_size(report_names(a)), (double)bytes / 1000,
		       redactor_count(redactor));
	}
}

static int make(const struct cli *cli, const struct arguments *arguments)
{
	struct redactor *redactor = redactor_new();
	struct settings *settings = NULL;
	struct report_archive *a = NULL;
	const struct buffer *bytes;
	struct error err = ERROR_INIT, why = ERROR_INIT;
	char name[NAME_MAX_BYTES], file[NAME_MAX_BYTES + 8], *inside = NULL;
	const char *path = arguments->output;
	struct stat st;
	int code = EXIT_OK;

	if (!settings_load(cli->config_path, &settings, &why))
		settings = NULL;
	make_name(name, sizeof(name));
	snprintf(file, sizeof(file), "%s.tar.gz", name);
	if (path == NULL) {
		path = file;
	} else if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		inside = file_join(path, file);
		path = inside != NULL ? inside : file;
	}
	if (redactor != NULL && report_know_secrets(redactor, settings, cli->state_dir))
		a = report_archive_new(name, redactor);
	if (a == NULL) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		code = cli_fail(cli, &err);
	} else {
		fill(a, cli, settings, &why, !arguments->no_check);
		add_readme(a, redactor);
		if (!report_archive_finish(a, &bytes, &err) || !write_out(path, bytes, &err))
			code = cli_fail(cli, &err);
		else
			tell(cli, path, a, bytes->len, redactor);
	}
	report_archive_free(a);
	redactor_free(redactor);
	settings_free(settings);
	free(inside);
	return code;
}

int cli_report(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = { 0 };
	int code;

	return parse(cli, argc, argv, &arguments, &code) ? make(cli, &arguments) : code;
}
