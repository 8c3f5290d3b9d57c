/* posture-console mirror: a verified copy of the feed for other nodes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/update_text.h"
#include "job/job.h"
#include "update/mirror.h"

struct output {
	const struct cli *cli;
	struct update_text *text;
};

static void put(void *data, const json_t *event)
{
	const char *phase = json_string_value(json_object_get(event, "phase"));
	struct output *out = data;

	if (out->cli->json)
		(void)event_write_line(STDOUT_FILENO, event);
	/* Of an update that phase is the bundle's; what a mirror fetches are components, each with its own line. */
	else if (phase == NULL || strcmp(phase, "download") != 0)
		update_text_put(out->text, event);
}

static void tell_finished(const struct cli *cli, const struct event_sink *sink, const char *dir,
			  const struct mirror_result *r)
{
	if (cli->json) {
		event_emit(sink, event_new("mirror.finished", "{s:s, s:s, s:o, s:I, s:I, s:I}", "status",
					   r->fetched > 0 ? "updated" : "up-to-date", "version", r->version, "dir",
					   event_string(dir), "fetched", (json_int_t)r->fetched, "kept", (json_int_t)r->kept,
					   "bytes_received", (json_int_t)r->bytes_received));
	} else if (!cli->quiet) {
		cli_print_safe(dir);
		printf(P_(" holds version %s: %zu component fetched, %zu unchanged, and %s\n",
			  " holds version %s: %zu components fetched, %zu unchanged, and %s\n", r->fetched), r->version, r->fetched,
		       r->kept, MIRROR_BUNDLE_NAME);
	}
}

enum { OPT_TO = 1, OPT_URL, OPT_DOWNGRADE };

int cli_mirror(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, OPT_TO },
		{ "url", required_argument, NULL, OPT_URL },
		{ "allow-downgrade", no_argument, NULL, OPT_DOWNGRADE },
		{ NULL, 0, NULL, 0 },
	};
	struct mirror_options m = { 0 };
	struct mirror_result result;
	struct settings *settings;
	struct error err = ERROR_INIT;
	struct output out = { .cli = cli };
	struct event_sink sink = { .put = put, .data = &out };
	int c, code = EXIT_OK;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case OPT_TO: m.dir = optarg; break;
		case OPT_URL: m.url = optarg; break;
		case OPT_DOWNGRADE: m.allow_downgrade = true; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return cli_usage(cli, _("there is no argument %s"), argv[optind]);
	if (m.dir == NULL)
		return cli_usage(cli, _("the folder is missing: --to DIR"));
	settings = cli_settings(cli, &code);
	if (settings == NULL)
		return code;
	m.state_dir = cli->state_dir;
	m.settings = settings;
	if (m.url == NULL)
		m.url = settings_string(settings, SETTING_SOURCE_FEED_URL);
	if (strncmp(m.url, "https://", 8) != 0) {
		settings_free(settings);
		return cli_usage(cli, _("a feed must be an https address"));
	}
	job_catch_stop();
	out.text = cli->json ? NULL : update_text_new(cli);
	if (mirror_run(&m, &sink, &result, &err))
		tell_finished(cli, &sink, m.dir, &result);
	else
		code = cli_fail(cli, &err);
	update_text_free(out.text);
	settings_free(settings);
	return code;
}
