/* posture-console diff: what changed between two generations. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "store/store.h"

struct comparison {
	const char *asked_a, *asked_b;
	struct store_generation *a, *b;
	struct store_diff_row *rows;
	size_t count;
};

static const char *row_status(const struct store_diff_row *row)
{
	if (row->version_a == NULL)
		return "added";
	if (row->version_b == NULL)
		return "removed";
	if (row->added != 0 || row->removed != 0 || row->changed != 0 || strcmp(row->version_a, row->version_b) != 0)
		return "changed";
	return "unchanged";
}

static void add_size(struct table *t, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		n /= 1024;
		unit++;
	}
	if (unit == 0)
		table_addf(t, "%" PRId64 " %s", bytes, units[0]);
	else
		table_addf(t, "%.1f %s", n, units[unit]);
}

/* Two components may bear the same title: then their ids tell them apart. */
static void add_name(struct table *t, const struct comparison *c, const struct store_diff_row *row)
{
	bool alone = true;

	for (size_t i = 0; i < c->count; i++)
		alone = alone && (&c->rows[i] == row || strcmp(c->rows[i].title, row->title) != 0);
	if (row->title[0] == '\0')
		table_add(t, row->component);
	else if (alone)
		table_add(t, row->title);
	else
		table_addf(t, "%s (%s)", row->title, row->component);
}

static void add_row(struct table *t, const struct comparison *c, const struct store_diff_row *row)
{
	add_name(t, c, row);
	table_add(t, row->version_a != NULL ? row->version_a : "-");
	table_add(t, row->version_b != NULL ? row->version_b : "-");
	if (strcmp(row_status(row), "unchanged") == 0) {
		table_add(t, _("unchanged"));
		table_add(t, "");
		table_add(t, "");
	} else {
		table_addf(t, "%'" PRId64, row->added);
		table_addf(t, "%'" PRId64, row->removed);
		table_addf(t, "%'" PRId64, row->changed);
	}
	add_size(t, row->bytes_a);
	add_size(t, row->bytes_b);
}

static void print_text(const struct comparison *c)
{
	static const char *const headings[] = {
		N_("COMPONENT"), N_("FROM"), N_("TO"), N_("ADDED"), N_("REMOVED"), N_("CHANGED"), N_("SIZE FROM"),
		N_("SIZE TO"),
	};
	struct table t = TABLE_INIT(sizeof(headings) / sizeof(headings[0]));

	printf(_("From generation %s (version "), c->a->id);
	cli_print_safe(c->a->version);
	printf(_(") to %s (version "), c->b->id);
	cli_print_safe(c->b->version);
	puts(")\n");
	for (size_t i = 0; i < t.columns; i++)
		table_add(&t, _(headings[i]));
	for (size_t i = 0; i < c->count; i++)
		add_row(&t, c, &c->rows[i]);
	table_print(&t);
	table_clear(&t);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? event_string(text) : json_null();
}

static json_t *json_of_generation(const struct store_generation *g)
{
	return g == NULL ? json_null() : json_pack("{s:s, s:o}", "generation", g->id, "version", event_string(g->version));
}

static void print_json(const struct comparison *c)
{
	json_t *components = json_array(), *document;

	for (size_t i = 0; i < c->count; i++) {
		const struct store_diff_row *row = &c->rows[i];

		json_array_append_new(components,
				      json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "id", row->component,
						"title", event_string(row->title), "status", row_status(row),
						"version_from", text_or_null(row->version_a), "version_to",
						text_or_null(row->version_b), "files_added", (json_int_t)row->added,
						"files_removed", (json_int_t)row->removed, "files_changed",
						(json_int_t)row->changed, "bytes_from", (json_int_t)row->bytes_a,
						"bytes_to", (json_int_t)row->bytes_b));
	}
	document = json_pack("{s:o, s:o, s:o}", "from", json_of_generation(c->a), "to", json_of_generation(c->b), "components",
			     components);
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

/* True when there is nothing to compare yet: said in words, no failure. */
static bool is_empty(const struct cli *cli, const struct store *s, struct comparison *c)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];

	store_current(s, current);
	store_previous(s, previous);
	if (c->asked_a != NULL || previous[0] != '\0')
		return false;
	if (cli->json) {
		(void)store_generation_load(s, NULL, &c->b, NULL);
		print_json(c);
	} else if (current[0] != '\0') {
		printf(_("Generation %s is the first one: there is nothing to compare it with.\n"), current);
	} else {
		puts(_("There was no update yet. \"posture-console update\" makes the first one."));
	}
	return true;
}

static bool load_named(const struct store *s, const char *asked, struct store_generation **out, struct error *err)
{
	char id[STORE_GENERATION_MAX];

	if (strcmp(asked, "previous") == 0)
		store_previous(s, id);
	else if (strcmp(asked, "current") == 0)
		store_current(s, id);
	else
		snprintf(id, sizeof(id), "%s", asked);
	return store_generation_load(s, id, out, err);
}

static int compare(const struct cli *cli, struct comparison *c)
{
	struct error err = ERROR_INIT;
	struct store *s = NULL;
	int code = EXIT_OK;

	if (!store_open(cli->state_dir, false, &s, &err)) {
		code = cli_fail(cli, &err);
	} else if (!is_empty(cli, s, c)) {
		const char *a = c->asked_a != NULL ? c->asked_a : "previous", *b = c->asked_b != NULL ? c->asked_b : "current";

		if (!store_diff(s, a, b, &c->rows, &c->count, &err) || !load_named(s, a, &c->a, &err) ||
		    !load_named(s, b, &c->b, &err))
			code = cli_fail(cli, &err);
		else if (cli->json)
			print_json(c);
		else
			print_text(c);
	}
	store_free(s);
	return code;
}

int cli_diff(struct cli *cli, int argc, char **argv)
{
	struct comparison c = { .rows = NULL };
	int option, code;

	while ((option = cli_getopt(cli, argc, argv, "", NULL)) != -1)
		return option == 'h' ? EXIT_OK : EXIT_USAGE;
	if (argc - optind > 2)
		return cli_usage(cli, _("diff takes two generations, not %d"), argc - optind);
	/* One generation is compared with the current one. */
	c.asked_a = optind < argc ? argv[optind] : NULL;
	c.asked_b = optind + 1 < argc ? argv[optind + 1] : NULL;
	code = compare(cli, &c);
	store_diff_free(c.rows, c.count);
	store_generation_free(c.a);
	store_generation_free(c.b);
	return code;
}
