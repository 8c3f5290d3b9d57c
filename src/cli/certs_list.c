/* posture-console certs list. */
#include <stdio.h>

#include "base/i18n.h"
#include "base/when.h"
#include "cli/certs.h"
#include "cli/table.h"
#include "trust/list.h"

struct filter {
	bool enabled;
	bool expired;
	unsigned int usages;
	const char *text;		/* as the console's filter */
	enum trust_order order;
	bool reverse;
};

static bool passes(const struct trust_entry *e, const struct filter *filter)
{
	return (!filter->enabled || e->enabled) && (!filter->expired || (e->remarks & TRUST_EXPIRED) != 0) &&
	       (e->usages & filter->usages) == filter->usages;
}

static void put_warnings(const struct cli *cli, const struct trust_store *store)
{
	struct error warning = ERROR_INIT;

	fflush(stdout);
	for (size_t i = 0; trust_warning(store, i, &warning); i++)
		certs_warn(cli, &warning);
}

static int list_json(const struct trust_list *list, const struct filter *filter)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (passes(list->rows[i], filter))
			json_array_append_new(all, certs_entry_json(list->rows[i]));
	}
	return certs_put_json(all);
}

static const char *date_mark(const struct trust_entry *e)
{
	if ((e->remarks & TRUST_EXPIRED) != 0)
		return _("expired");
	if ((e->remarks & TRUST_EXPIRES_SOON) != 0)
		return _("soon");
	if ((e->remarks & TRUST_NOT_YET_VALID) != 0)
		return _("not yet");
	return "";
}

static void add_entry(struct table *t, const struct trust_entry *e)
{
	char until[WHEN_TEXT_MAX];
	const char *mark = date_mark(e);

	table_add(t, e->enabled ? _("enabled") : _("disabled"));
	table_add(t, (e->usages & TRUST_CISCO_SERVICES) != 0 ? _("yes") : _("no"));
	table_addf(t, "%s%s%s", when_day(until, e->not_after), mark[0] != '\0' ? " " : "", mark);
	table_add(t, e->name);
}

static int list_text(const struct cli *cli, const struct trust_list *list, const struct filter *filter)
{
	static const char *const headings[] = { N_("State"), N_("Services"), N_("Expires"), N_("Name") };
	struct table t = TABLE_INIT(sizeof(headings) / sizeof(headings[0]));
	size_t shown = 0;

	for (size_t i = 0; i < t.columns && !cli->quiet; i++)
		table_add(&t, _(headings[i]));
	for (size_t i = 0; i < list->count; i++) {
		if (!passes(list->rows[i], filter))
			continue;
		add_entry(&t, list->rows[i]);
		shown++;
	}
	table_print(&t);
	table_clear(&t);
	if (!cli->quiet)
		printf(_("\n%zu shown of %zu, %zu enabled\n"), shown, trust_count(list->store), list->enabled);
	return EXIT_OK;
}

static int list_with(const struct cli *cli, const struct trust_store *store, const struct filter *filter)
{
	struct error err = ERROR_INIT;
	struct trust_list list;
	int code;

	trust_list_init(&list);
	snprintf(list.filter, sizeof(list.filter), "%s", filter->text);
	list.order = filter->order;
	list.backwards = filter->reverse;
	if (!trust_list_update(&list, store)) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		code = cli_fail(cli, &err);
	} else {
		code = cli->json ? list_json(&list, filter) : list_text(cli, &list, filter);
	}
	trust_list_clear(&list);
	return code;
}

int certs_list(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "enabled", no_argument, NULL, 'e' },
		{ "expired", no_argument, NULL, 'x' },
		{ "usage", required_argument, NULL, 'u' },
		{ "filter", required_argument, NULL, 'f' },
		{ "sort", required_argument, NULL, 's' },
		{ "reverse", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	struct trust_store *store;
	struct filter filter = { .text = "", .order = TRUST_BY_STATE };
	int c, code = EXIT_OK;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case 'e': filter.enabled = true; break;
		case 'x': filter.expired = true; break;
		case 'f': filter.text = optarg; break;
		case 'r': filter.reverse = true; break;
		case 's':
			filter.order = trust_order_by_name(optarg);
			if (filter.order == TRUST_ORDER_COUNT)
				return cli_usage(cli, _("\"%s\" is none of state, name, expiry, services and issuer"), optarg);
			break;
		case 'u':
			if (!certs_take_usages(cli, optarg, &filter.usages))
				return EXIT_USAGE;
			break;
		default: return EXIT_USAGE;
		}
	}
	if (optind != argc)
		return cli_usage(cli, _("\"list\" takes no \"%s\""), argv[optind]);
	store = certs_open(cli, &code);
	if (store == NULL)
		return code;
	code = list_with(cli, store, &filter);
	put_warnings(cli, store);
	trust_free(store);
	return code;
}
