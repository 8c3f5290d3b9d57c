/* posture-console certs list. */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cli/certs.h"

#define DATE_CHARS 10

struct filter {
	bool enabled;
	bool expired;
	unsigned int usages;
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

static int list_json(const struct trust_store *store, const struct filter *filter)
{
	json_t *list = json_array();

	for (size_t i = 0; i < trust_count(store); i++) {
		if (passes(trust_at(store, i), filter))
			json_array_append_new(list, certs_entry_json(trust_at(store, i)));
	}
	return certs_put_json(list);
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

static void put_row(const char *state, const char *services, const char *expires, const char *name)
{
	certs_put_column(state, 10);
	certs_put_column(services, 10);
	certs_put_column(expires, 20);
	cli_print_safe(name);
	putchar('\n');
}

static void put_entry(const struct trust_entry *e)
{
	char until[CLOCK_TEXT_MAX], expires[64];

	snprintf(expires, sizeof(expires), "%.*s %s", DATE_CHARS, clock_rfc3339(until, e->not_after), date_mark(e));
	put_row(e->enabled ? _("enabled") : _("disabled"), (e->usages & TRUST_CISCO_SERVICES) != 0 ? _("yes") : _("no"),
		expires, e->name);
}

/* The enabled ones first: they are few, and what matters. */
static int list_text(const struct cli *cli, const struct trust_store *store, const struct filter *filter)
{
	size_t shown = 0, enabled = 0;

	if (!cli->quiet)
		put_row(_("State"), _("Services"), _("Expires"), _("Name"));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < trust_count(store); i++) {
			const struct trust_entry *e = trust_at(store, i);

			if (e->enabled != (pass == 0))
				continue;
			enabled += pass == 0;
			if (!passes(e, filter))
				continue;
			put_entry(e);
			shown++;
		}
	}
	if (!cli->quiet)
		printf(_("\n%zu shown of %zu, %zu enabled\n"), shown, trust_count(store), enabled);
	return EXIT_OK;
}

int certs_list(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "enabled", no_argument, NULL, 'e' },
		{ "expired", no_argument, NULL, 'x' },
		{ "usage", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	struct trust_store *store;
	struct filter filter = { 0 };
	int c, code = EXIT_OK;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case 'e': filter.enabled = true; break;
		case 'x': filter.expired = true; break;
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
	code = cli->json ? list_json(store, &filter) : list_text(cli, store, &filter);
	put_warnings(cli, store);
	trust_free(store);
	return code;
}
