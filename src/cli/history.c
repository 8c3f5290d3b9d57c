/* posture-console history: past updates and rollbacks, oldest first, and what is kept of them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "store/store.h"

struct shelf {
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];
	char **ids;
	size_t count;
};

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text != NULL ? text : "";
}

/* Whether one can go back to the generation that the line tells of. */
static const char *kept(const struct shelf *shelf, const char *generation)
{
	if (generation[0] == '\0')
		return "";
	if (strcmp(generation, shelf->current) == 0)
		return "current";
	if (strcmp(generation, shelf->previous) == 0)
		return "previous";
	for (size_t i = 0; i < shelf->count; i++) {
		if (strcmp(shelf->ids[i], generation) == 0)
			return "kept";
	}
	return "removed";
}

static const char *kept_text(const char *state)
{
	static const struct { const char *state, *text; } texts[] = {
		{ "current", N_("current") }, { "previous", N_("previous") }, { "kept", N_("kept") },
		{ "removed", N_("removed") },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].state, state) == 0)
			return _(texts[i].text);
	}
	return "";
}

static const char *action_text(const json_t *line)
{
	const char *action = text_of(line, "action"), *source = text_of(line, "source");

	if (strcmp(action, "rollback") == 0)
		return _("rollback");
	if (strcmp(source, "web") == 0)
		return _("update, web");
	if (strcmp(source, "offline") == 0)
		return _("update, offline");
	return strcmp(action, "update") == 0 ? _("update") : action;
}

static const char *status_text(const json_t *line)
{
	const char *status = text_of(line, "status");

	if (strcmp(status, "updated") == 0)
		return strcmp(text_of(line, "action"), "rollback") == 0 ? _("done") : _("updated");
	if (strcmp(status, "up-to-date") == 0)
		return _("up to date");
	return strcmp(status, "failed") == 0 ? _("failed") : status;
}

static const char *when(const json_t *line, char text[WHEN_TEXT_MAX])
{
	time_t t;

	return clock_parse_rfc3339(text_of(line, "time"), &t) ? when_utc(text, t) : text_of(line, "time");
}

static void add_duration(struct table *t, const json_t *line)
{
	const json_t *value = json_object_get(line, "duration_ms");
	double s = json_number_value(value) / 1000;

	if (!json_is_number(value) || s < 0 || s > INT_MAX)
		table_add(t, "");
	else if (s < 60)
		table_addf(t, _("%.1f s"), s);
	else
		table_addf(t, _("%d min %d s"), (int)s / 60, (int)s % 60);
}

static void print_text(const json_t *lines, const struct shelf *shelf)
{
	static const char *const headings[] = {
		N_("TIME"), N_("WHAT"), N_("STATUS"), N_("VERSION"), N_("GENERATION"), N_("KEPT"), N_("DURATION"), N_("CAUSE"),
	};
	struct table t = TABLE_INIT(sizeof(headings) / sizeof(headings[0]));

	if (json_array_size(lines) == 0) {
		puts(_("There was no update yet. \"posture-console update\" makes the first one."));
		return;
	}
	for (size_t i = 0; i < t.columns; i++)
		table_add(&t, _(headings[i]));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		char stamp[WHEN_TEXT_MAX];

		table_add(&t, when(line, stamp));
		table_add(&t, action_text(line));
		table_add(&t, status_text(line));
		table_add(&t, text_of(line, "version"));
		table_add(&t, text_of(line, "generation"));
		table_add(&t, kept_text(kept(shelf, text_of(line, "generation"))));
		add_duration(&t, line);
		table_add(&t, text_of(line, "cause"));
	}
	table_print(&t);
	table_clear(&t);
}

/* What stands in the file may come from outside, or may have been put there. */
static void sanitise(json_t *line)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(line, next, key, value) {
		if (json_is_string(value))
			json_object_set_new(line, key, event_string(json_string_value(value)));
	}
}

static void print_json(json_t *lines, const struct shelf *shelf)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		json_t *line = json_array_get(lines, i);
		const char *state = kept(shelf, text_of(line, "generation"));

		sanitise(line);
		if (state[0] != '\0')
			json_object_set_new(line, "kept", json_string(state));
	}
	json_dumpf(lines, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void keep_newest(json_t *lines, size_t limit)
{
	json_t *newest;
	size_t count = json_array_size(lines);

	if (limit == 0 || count <= limit)
		return;
	newest = json_array();
	for (size_t i = count - limit; i < count; i++)
		json_array_append(newest, json_array_get(lines, i));
	json_array_clear(lines);
	json_array_extend(lines, newest);
	json_decref(newest);
}

static bool parse_limit(const char *text, size_t *limit)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	*limit = n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && n > 0;
}

static int print_history(const struct cli *cli, size_t limit)
{
	struct error err = ERROR_INIT;
	struct shelf shelf = { .ids = NULL };
	struct store *s = NULL;
	json_t *lines = NULL;
	int code = EXIT_OK;

	if (store_open(cli->state_dir, false, &s, &err) && store_history_load(s, &lines, &err) &&
	    store_generation_ids(s, &shelf.ids, &shelf.count, &err)) {
		store_current(s, shelf.current);
		store_previous(s, shelf.previous);
		keep_newest(lines, limit);
		if (cli->json)
			print_json(lines, &shelf);
		else
			print_text(lines, &shelf);
	} else {
		code = cli_fail(cli, &err);
	}
	store_ids_free(shelf.ids, shelf.count);
	json_decref(lines);
	store_free(s);
	return code;
}

int cli_history(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "limit", required_argument, NULL, 'n' }, { NULL, 0, NULL, 0 } };
	size_t limit = 0;
	int c;

	while ((c = cli_getopt(cli, argc, argv, "n:", options)) != -1) {
		if (c == 'h')
			return EXIT_OK;
		if (c != 'n')
			return EXIT_USAGE;
		if (!parse_limit(optarg, &limit))
			return cli_usage(cli, _("--limit takes a number from 1 up, not %s"), optarg);
	}
	if (optind < argc)
		return cli_usage(cli, _("history takes no argument: %s"), argv[optind]);
	return print_history(cli, limit);
}
