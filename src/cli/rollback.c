/* posture-console rollback: another generation becomes current. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/cli.h"
#include "job/log.h"
#include "store/store.h"

struct outcome {
	char id[STORE_GENERATION_MAX];		/* current now */
	char replaced[STORE_GENERATION_MAX];	/* was current; the same when nothing was done */
	char *version;
	char healed[STORE_WHAT_MAX];
};

/* The state folder is made by an update, never by asking to go back. */
static bool open_existing(const char *state_dir, struct store **out, struct error *err)
{
	if (!store_open(state_dir, false, out, err))
		return false;
	if (store_fd(*out) < 0) {
		error_set(err, FINDING_GENERATION_NOT_FOUND,
			  _("there is no generation to go back to: no update was made in %s yet"), state_dir);
		err->exit_code = EXIT_FAILED;
		return error_next(err, _("Run \"posture-console update\", or name the folder with --state-dir."));
	}
	store_free(*out);
	return store_open(state_dir, true, out, err);
}

static bool go_back(struct store *s, const char *asked, struct outcome *o, struct error *err)
{
	struct store_generation *g;

	if (!store_lock(s, "rollback", err) || !store_recover(s, o->healed, err))
		return false;
	store_current(s, o->replaced);
	if (!store_rollback(s, asked, o->id, err) || !store_generation_load(s, o->id, &g, err))
		return false;
	o->version = strdup(g->version);
	store_generation_free(g);
	return o->version != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static void write_log(const char *state_dir, const struct outcome *o)
{
	struct log *log;

	/* A log that cannot be written to is no reason to stop. */
	if (!log_open(state_dir, 0, 0, &log, NULL))
		return;
	log_write(log, LOG_LEVEL_INFO, "Rollback", "rollback", "Generation %s (version %s) is current in place of %s", o->id,
		  o->version, o->replaced);
	log_close(log);
}

static void put_event(void *data, const json_t *event)
{
	(void)data;
	(void)event_write_line(STDOUT_FILENO, event);
}

static void print_json(const struct outcome *o, bool changed)
{
	const struct event_sink sink = { .put = put_event };

	event_emit(&sink, event_new("rollback.finished", "{s:s, s:s, s:o, s:s}", "status",
				    changed ? "updated" : "up-to-date", "generation", o->id, "version",
				    event_string(o->version), "previous", changed ? o->replaced : ""));
}

static void print_text(const struct outcome *o, bool changed)
{
	char version[256];

	text_safe(version, sizeof(version), o->version);
	if (!changed)
		printf(_("Generation %s (version %s) is current already: nothing to do.\n"), o->id, version);
	else
		printf(_("Generation %s (version %s) is current now; %s is the previous one.\n"
			 "To take that back: posture-console rollback\n"), o->id, version, o->replaced);
}

static int roll_back(const struct cli *cli, const char *asked)
{
	struct outcome o = { .version = NULL };
	struct error err = ERROR_INIT;
	struct store *s = NULL;
	int code = EXIT_OK;

	if (open_existing(cli->state_dir, &s, &err) && go_back(s, asked, &o, &err)) {
		bool changed = strcmp(o.id, o.replaced) != 0;

		if (changed)
			write_log(cli->state_dir, &o);
		if (o.healed[0] != '\0')
			cli_warn(cli, _("an interrupted update was put right: %s"), o.healed);
		if (store_warning(s) != NULL)
			cli_warn(cli, _("the rollback is done, but not all of what belongs to it: %s"), store_warning(s)->message);
		if (cli->json)
			print_json(&o, changed);
		else if (!cli->quiet)
			print_text(&o, changed);
	} else {
		code = cli_fail(cli, &err);
	}
	free(o.version);
	store_free(s);
	return code;
}

int cli_rollback(struct cli *cli, int argc, char **argv)
{
	int c;

	while ((c = cli_getopt(cli, argc, argv, "", NULL)) != -1)
		return c == 'h' ? EXIT_OK : EXIT_USAGE;
	if (argc - optind > 1)
		return cli_usage(cli, _("rollback takes one generation, not %d"), argc - optind);
	return roll_back(cli, optind < argc ? argv[optind] : NULL);
}
