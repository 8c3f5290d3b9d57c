/* proxy show: the proxy's settings, without the password. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/proxy.h"
#include "cli/table.h"
#include "settings/login.h"

#define LIST_MAX (256u * 1024)

static int print_json(const struct settings *s, bool password)
{
	json_t *bypass = json_array(), *all;

	for (size_t i = 0; i < settings_list_size(s, SETTING_PROXY_BYPASS); i++)
		json_array_append_new(bypass, event_string(settings_list_item(s, SETTING_PROXY_BYPASS, i)));
	all = json_pack("{s:b, s:s, s:o, s:I, s:o, s:b, s:o}", "enabled", settings_bool(s, SETTING_PROXY_ENABLED), "scheme",
			settings_string(s, SETTING_PROXY_SCHEME), "host", event_string(settings_string(s, SETTING_PROXY_HOST)),
			"port", (json_int_t)settings_int(s, SETTING_PROXY_PORT), "user",
			event_string(settings_string(s, SETTING_PROXY_USER)), "password_set", password, "bypass", bypass);
	if (all == NULL)
		return EXIT_IO;
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return EXIT_OK;
}

static void add_row(struct table *t, const char *label, const char *value)
{
	table_add(t, label);
	table_add(t, value[0] != '\0' ? value : "-");
}

static void print_text(const struct settings *s, const char *password)
{
	struct buffer bypass = BUFFER_INIT(LIST_MAX);
	struct table t = TABLE_INIT(2);
	char port[8];

	snprintf(port, sizeof(port), "%d", (int)settings_int(s, SETTING_PROXY_PORT));
	settings_text(s, SETTING_PROXY_BYPASS, &bypass);
	add_row(&t, _("Use a proxy"), settings_bool(s, SETTING_PROXY_ENABLED) ? _("yes") : _("no"));
	add_row(&t, _("Scheme"), settings_string(s, SETTING_PROXY_SCHEME));
	add_row(&t, _("Host"), settings_string(s, SETTING_PROXY_HOST));
	add_row(&t, _("Port"), port);
	add_row(&t, _("User"), settings_string(s, SETTING_PROXY_USER));
	add_row(&t, _("Password"), password);
	add_row(&t, _("Bypass for"), buffer_text(&bypass));
	table_print(&t);
	table_clear(&t);
	buffer_clear(&bypass);
}

int cli_proxy_show(const struct cli *cli, const struct settings *s)
{
	struct error err = ERROR_INIT;
	bool set = false, known = login_password_is_set(cli->state_dir, &set, &err);

	if (cli->json && known)
		return print_json(s, set);
	if (!cli->json)
		print_text(s, !known ? _("cannot be read") : set ? _("set") : _("not set"));
	return known ? EXIT_OK : cli_fail(cli, &err);
}
