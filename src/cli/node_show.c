/* posture-console node show, diff. */
#include <stdio.h>
#include <string.h>

#include "appliance/difference.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/certs.h"
#include "cli/node.h"
#include "cli/table.h"

/* `diff` ends with it where something differs, as `check` does with warnings only. */
#define EXIT_DIFFERS EXIT_WARNINGS

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *usages_json(unsigned int usages)
{
	json_t *list = json_array();

	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((usages & usage) != 0)
			json_array_append_new(list, json_string(trust_usage_name(usage)));
	}
	return list;
}

static json_t *identity_json(const struct node_run *run, const struct state_deployment *d)
{
	const struct node_identity *id = node_seen(run->session.node);
	char hex[NODE_FINGERPRINT_TEXT_MAX];

	return json_pack("{s:o, s:I, s:s, s:o, s:o, s:o}", "host", event_string(node_host(run->session.node)), "port",
			 (json_int_t)settings_int(run->settings, SETTING_NODE_PORT), "sha256", node_fingerprint_text(hex, id->sha256),
			 "subject", event_string(id->subject), "primary", d->knows ? json_boolean(d->primary) : json_null(),
			 "primary_name", event_string(d->primary_name));
}

static json_t *proxy_json(const struct record_proxy *p)
{
	return json_pack("{s:o, s:I, s:b, s:o, s:o}", "host", event_string(p->host), "port", (json_int_t)p->port, "login", p->login ? 1 : 0,
			 "user", event_string(p->user), "bypass", event_string(p->bypass));
}

static json_t *there_json(const struct record_certificate *c)
{
	char hex[NODE_FINGERPRINT_TEXT_MAX] = "";

	if (c->has_sha256)
		node_fingerprint_text(hex, c->sha256);
	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:s, s:o, s:o, s:b}", "id", event_string(c->id), "name", event_string(c->name), "enabled",
			 c->enabled ? 1 : 0, "usages", usages_json(c->usages), "unknown_usage", event_string(c->strange), "sha256", hex,
			 "subject", event_string(c->subject), "expires", event_string(c->expires), "internal", c->internal ? 1 : 0);
}

static json_t *row_json(const struct difference_certificate *row)
{
	static const char *const sides[] = { "same", "differs", "here", "there" };
	char hex[NODE_FINGERPRINT_TEXT_MAX] = "";

	if (row->here != NULL)
		node_fingerprint_text(hex, row->here->sha256);
	else if (row->there->has_sha256)
		node_fingerprint_text(hex, row->there->sha256);
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "name", event_string(row->there != NULL ? row->there->name : row->here->name), "sha256",
			 hex, "side", sides[row->side], "here",
			 row->here == NULL ? json_null()
					   : json_pack("{s:o, s:b, s:o}", "name", event_string(row->here->name), "enabled",
						       row->here->enabled ? 1 : 0, "usages", usages_json(row->here->usages)),
			 "there", row->there == NULL ? json_null() : there_json(row->there));
}

static int show_json(const struct node_run *run, const struct state *s, bool proxy, bool certificates)
{
	json_t *document = json_pack("{s:o}", "node", identity_json(run, &s->deployment)), *list = json_array();

	for (size_t i = 0; i < s->certificates.count; i++)
		json_array_append_new(list, there_json(&s->certificates.items[i]));
	if (proxy)
		json_object_set_new(document, "proxy", proxy_json(&s->proxy));
	if (certificates)
		json_object_set(document, "certificates", list);
	json_decref(list);
	return certs_put_json(document);
}

static int diff_json(const struct node_run *run, const struct state *s, const struct difference *d, bool proxy, bool certificates,
		     bool same)
{
	json_t *document = json_pack("{s:o, s:b}", "node", identity_json(run, &s->deployment), "same", same ? 1 : 0), *list = json_array();

	for (size_t i = 0; proxy && i < DIFFERENCE_SETTINGS; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:b}", "key", d->proxy[i].key, "label", d->proxy[i].label, "here",
						      event_string(d->proxy[i].here), "there", event_string(d->proxy[i].there), "same",
						      d->proxy[i].same ? 1 : 0));
	if (proxy)
		json_object_set(document, "proxy", list);
	json_decref(list);
	list = json_array();
	for (size_t i = 0; certificates && i < d->count; i++)
		json_array_append_new(list, row_json(&d->certificates[i]));
	if (certificates)
		json_object_set(document, "certificates", list);
	json_decref(list);
	return certs_put_json(document);
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static void put_node(const struct node_run *run, const struct state_deployment *d)
{
	char hex[NODE_FINGERPRINT_TEXT_MAX];

	printf(_("Appliance  "));
	cli_print_safe(node_host(run->session.node));
	if (d->knows)
		printf("  (%s)", d->primary ? _("takes changes") : _("takes no changes"));
	if (d->knows && !d->primary && d->primary_name[0] != '\0')
		printf(_("; the primary PAN is %s"), d->primary_name);
	printf(_("\nSHA-256    %s\n"), node_fingerprint_text(hex, node_seen(run->session.node)->sha256));
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void show_proxy(const struct record_proxy *p)
{
	struct table t = TABLE_INIT(2);

	table_add(&t, _("Proxy"));
	table_add(&t, "");
	table_add(&t, _("Host"));
	table_add(&t, or_dash(p->host));
	table_add(&t, _("Port"));
	table_addf(&t, "%ld", p->port);
	table_add(&t, _("User"));
	table_add(&t, p->login ? or_dash(p->user) : _("no login"));
	table_add(&t, _("Bypass for"));
	table_add(&t, or_dash(p->bypass));
	putchar('\n');
	table_print(&t);
	table_clear(&t);
}

static void add_usages(struct table *t, unsigned int usages, const char *strange)
{
	char text[CERTS_USAGES_MAX];

	certs_usages_text(text, usages);
	if (strange[0] == '\0')
		table_add(t, text);
	else
		table_addf(t, "%s, %s?", text, strange);
}

static void show_certificates(const struct record_certificates *list)
{
	struct table t = TABLE_INIT(4);

	table_add(&t, _("State"));
	table_add(&t, _("Expires"));
	table_add(&t, _("Name"));
	table_add(&t, _("Trusted for"));
	for (size_t i = 0; i < list->count; i++) {
		const struct record_certificate *c = &list->items[i];
		char expires[RECORD_DATE_MAX];

		table_add(&t, c->enabled ? _("enabled") : _("disabled"));
		table_add(&t, record_date(c->expires, expires));
		table_add(&t, c->name);
		add_usages(&t, c->usages, c->strange);
	}
	putchar('\n');
	table_print(&t);
	table_clear(&t);
}

static void diff_proxy(const struct difference *d)
{
	struct table t = TABLE_INIT(4);

	table_add(&t, "");
	table_add(&t, _("Proxy"));
	table_add(&t, _("here"));
	table_add(&t, _("appliance"));
	for (size_t i = 0; i < DIFFERENCE_SETTINGS; i++) {
		table_add(&t, d->proxy[i].same ? "" : "!!");
		table_add(&t, d->proxy[i].label);
		table_add(&t, or_dash(d->proxy[i].here));
		table_add(&t, or_dash(d->proxy[i].there));
	}
	putchar('\n');
	table_print(&t);
	table_clear(&t);
}

static const char *side_text(const struct difference_certificate *row, bool here)
{
	bool present = here ? row->here != NULL : row->there != NULL;

	if (!present)
		return "-";
	return (here ? row->here->enabled : row->there->enabled) ? _("enabled") : _("disabled");
}

static void diff_certificates(const struct cli *cli, const struct difference *d)
{
	struct table t = TABLE_INIT(6);

	table_add(&t, "");
	table_add(&t, _("Certificate"));
	table_add(&t, _("here"));
	table_add(&t, _("Trusted for"));
	table_add(&t, _("appliance"));
	table_add(&t, _("Trusted for"));
	for (size_t i = 0; i < d->count; i++) {
		const struct difference_certificate *row = &d->certificates[i];

		if (row->side == DIFFERENCE_NONE)
			continue;
		table_add(&t, row->side == DIFFERENCE_VALUES ? "!!" : row->side == DIFFERENCE_THERE ? "->" : "<-");
		table_add(&t, row->there != NULL ? row->there->name : row->here->name);
		table_add(&t, side_text(row, true));
		add_usages(&t, row->here != NULL ? row->here->usages : 0, "");
		table_add(&t, side_text(row, false));
		add_usages(&t, row->there != NULL ? row->there->usages : 0, row->there != NULL ? row->there->strange : "");
	}
	if (d->differing > 0) {
		putchar('\n');
		table_print(&t);
	}
	if (!cli->quiet)
		printf(_("\n%zu of %zu certificates differ (!! differs, -> only on the appliance, <- only here)\n"), d->differing, d->count);
	table_clear(&t);
}

/* --- the verbs --------------------------------------------------------------------------------------------------- */

int cli_node_show(struct cli *cli, const struct node_wish *wish)
{
	struct node_run run = { 0 };
	struct state s = { 0 };
	struct error err = ERROR_INIT;
	bool proxy, certificates;
	int code = EXIT_USAGE;

	if (!node_parts(cli, wish, &proxy, &certificates) || !node_run_open(&run, cli, wish, &code))
		goto out;
	if (!state_read(run.session.node, &s, &err)) {
		code = node_run_fail(&run, cli, &err);
		goto out;
	}
	code = EXIT_OK;
	if (cli->json) {
		code = show_json(&run, &s, proxy, certificates);
		goto out;
	}
	if (!cli->quiet)
		put_node(&run, &s.deployment);
	if (proxy)
		show_proxy(&s.proxy);
	if (certificates)
		show_certificates(&s.certificates);
out:
	state_clear(&s);
	node_run_close(&run);
	return code;
}

int cli_node_diff(struct cli *cli, const struct node_wish *wish)
{
	struct node_run run = { 0 };
	struct difference d = { 0 };
	struct state s = { 0 };
	struct error err = ERROR_INIT;
	bool proxy, certificates, same;
	int code = EXIT_USAGE;

	if (!node_parts(cli, wish, &proxy, &certificates) || !node_run_open(&run, cli, wish, &code))
		goto out;
	if (!state_read(run.session.node, &s, &err) ||
	    !difference_make(run.settings, run.store, &s.proxy, &s.certificates, &d, &err)) {
		code = node_run_fail(&run, cli, &err);
		goto out;
	}
	same = (!proxy || d.proxy_same) && (!certificates || d.differing == 0);
	code = same ? EXIT_OK : EXIT_DIFFERS;
	if (cli->json) {
		int failed = diff_json(&run, &s, &d, proxy, certificates, same);

		code = failed != EXIT_OK ? failed : code;
		goto out;
	}
	if (!cli->quiet)
		put_node(&run, &s.deployment);
	if (proxy)
		diff_proxy(&d);
	if (certificates)
		diff_certificates(cli, &d);
out:
	difference_clear(&d);
	state_clear(&s);
	node_run_close(&run);
	return code;
}
