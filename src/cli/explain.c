/* explain: what a finding means, how it is told from its neighbours, what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/paragraph.h"
#include "diagnose/catalogue.h"

#define QUERY_MAX 1000

static void print_json(json_t *document)
{
	if (document == NULL)
		return;
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

static void print_paragraph(const char *heading, const char *text)
{
	printf("\n%s\n", heading);
	paragraph_print("  ", text, strlen(text));
}

static void print_finding(enum finding f)
{
	const struct finding_info *info = finding_info(f);
	const char *rest = _(info->remedy), *step, *old = catalogue_old_message(f);
	size_t len;

	printf("%s  (%s, %s)\n\n", info->code, finding_area_name(info->area), catalogue_severity_text(info->severity));
	paragraph_print("  ", _(info->cause), strlen(_(info->cause)));
	print_paragraph(_("How it is told apart"), _(info->apart));
	print_paragraph(_("Who acts"), finding_actor_name(info->actor));
	printf("\n%s\n", _("What to do"));
	for (int n = 1; catalogue_next_step(&rest, &step, &len); n++) {
		char lead[16];

		snprintf(lead, sizeof(lead), "  %d. ", n);
		paragraph_print(lead, step, len);
	}
	if (old != NULL) {
		struct buffer text = BUFFER_INIT(QUERY_MAX);

		buffer_printf(&text, "\"%s\"", old);
		print_paragraph(_("What the appliance itself says in this case, as in many others"), buffer_text(&text));
		buffer_clear(&text);
	}
}

static void print_rows(const enum finding *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding_info *info = finding_info(found[i]);
		char lead[64];

		snprintf(lead, sizeof(lead), "%-32s ", info->code);
		paragraph_print(lead, _(info->cause), strlen(_(info->cause)));
	}
}

static int print_found(const struct cli *cli, const enum finding *found, size_t count)
{
	if (cli->json) {
		json_t *rows = json_array();

		for (size_t i = 0; i < count; i++)
			json_array_append_new(rows, catalogue_json(found[i]));
		print_json(rows);
	} else {
		print_rows(found, count);
	}
	return EXIT_OK;
}

static int print_one(const struct cli *cli, enum finding f)
{
	if (cli->json)
		print_json(catalogue_json(f));
	else
		print_finding(f);
	return EXIT_OK;
}

static int unknown(const struct cli *cli, const char *query)
{
	enum finding nearest = catalogue_nearest(query);
	struct error err = ERROR_INIT;

	error_usage(&err, _("there is no finding \"%s\""), query);
	if (nearest != FINDING_NONE)
		error_next(&err, _("Did you mean \"%s\"?"), finding_info(nearest)->code);
	else
		error_next(&err, _("See \"posture-console explain --list\"."));
	return cli_fail(cli, &err);
}

static int explain(const struct cli *cli, const char *query)
{
	enum finding found[FINDING_COUNT], exact = finding_by_code(query);
	size_t count = 0;

	if (exact != FINDING_NONE)
		return print_one(cli, exact);
	for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
		if (catalogue_matches((enum finding)i, query))
			found[count++] = (enum finding)i;
	}
	if (count == 0)
		return unknown(cli, query);
	if (count == 1)
		return print_one(cli, found[0]);
	print_found(cli, found, count);
	if (!cli->json && !cli->quiet)
		printf("\n%s\n", _("\"posture-console check\" says which of them is the cause here."));
	return EXIT_OK;
}

static int list(const struct cli *cli)
{
	enum finding all[FINDING_COUNT];

	for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++)
		all[i - 1] = (enum finding)i;
	return print_found(cli, all, FINDING_COUNT - 1);
}

int cli_explain(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "list", no_argument, NULL, 'l' }, { NULL, 0, NULL, 0 } };
	struct buffer query = BUFFER_INIT(QUERY_MAX);
	bool all = false;
	int c, code;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'l': all = true; break;
		case 'h': return EXIT_OK;
		default: return EXIT_USAGE;
		}
	}
	if (all && optind < argc)
		return cli_usage(cli, _("--list takes no finding"));
	if (all)
		return list(cli);
	if (optind >= argc)
		return cli_usage(cli, _("name a finding, or use --list"));
	/* Several words are one piece of text: no quoting needed to search for a message. */
	for (int i = optind; i < argc; i++)
		buffer_printf(&query, "%s%s", i > optind ? " " : "", argv[i]);
	if (query.failed || query.len == 0)
		code = cli_usage(cli, _("name a finding, or use --list"));
	else
		code = explain(cli, buffer_text(&query));
	buffer_clear(&query);
	return code;
}
