/* config: every setting, listed, read and set. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/event.h"
#include "base/i18n.h"
#include "cli/cli.h"

#define TEXT_MAX (256u * 1024)
#define KEY_COLUMNS 28

static char *text_of(const struct settings *s, enum setting id)
{
	struct buffer text = BUFFER_INIT(TEXT_MAX);

	settings_text(s, id, &text);
	return buffer_steal(&text);
}

static json_t *json_of_value(const struct settings *s, enum setting id)
{
	json_t *value;
	char *text;

	switch (setting_info(id)->type) {
	case SETTING_TYPE_BOOL:
		return json_boolean(settings_bool(s, id));
	case SETTING_TYPE_INT:
		return json_integer(settings_int(s, id));
	case SETTING_TYPE_LIST:
		value = json_array();
		for (size_t i = 0; i < settings_list_size(s, id); i++)
			json_array_append_new(value, event_string(settings_list_item(s, id, i)));
		return value;
	default:
		text = text_of(s, id);
		value = text != NULL ? event_string(text) : NULL;
		free(text);
		return value;
	}
}

static const char *type_name(enum setting_type type)
{
	static const char *const names[] = {
		[SETTING_TYPE_BOOL] = "bool", [SETTING_TYPE_INT] = "int",	  [SETTING_TYPE_STRING] = "string",
		[SETTING_TYPE_ENUM] = "enum", [SETTING_TYPE_DURATION] = "duration", [SETTING_TYPE_LIST] = "list",
	};

	return names[type];
}

/* Leaves the default in `s`, which is not saved afterwards. */
static json_t *json_of_setting(struct settings *s, enum setting id)
{
	const struct setting_info *info = setting_info(id);
	struct buffer allowed = BUFFER_INIT(TEXT_MAX);
	json_t *value = json_of_value(s, id), *row;
	bool set = settings_is_set(s, id);

	setting_allowed(id, &allowed);
	settings_set(s, id, NULL, NULL);
	row = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s}", "key", info->key, "value", value, "default",
			json_of_value(s, id), "type", type_name(info->type), "allowed", buffer_text(&allowed), "label",
			_(info->label), "help", _(info->help), "source", set ? "file" : "default");
	buffer_clear(&allowed);
	return row;
}

static int print_json(json_t *document)
{
	int failed = document == NULL || json_dumpf(document, stdout, JSON_INDENT(2)) != 0;

	putchar('\n');
	json_decref(document);
	return failed ? EXIT_IO : EXIT_OK;
}

/* "FILE:LINE: KEY" of a key that the program does not know. */
static void warn_unknown(const struct cli *cli, const char *place_and_key)
{
	const char *colon = strrchr(place_and_key, ':');
	enum setting nearest = setting_nearest(colon != NULL ? colon + 2 : place_and_key);

	if (nearest != SETTING_COUNT)
		cli_warn(cli, _("%s is not a setting: it is kept and has no effect. Did you mean %s?"), place_and_key,
			 setting_info(nearest)->key);
	else
		cli_warn(cli, _("%s is not a setting: it is kept and has no effect."), place_and_key);
}

static void print_row(const struct settings *s, enum setting id)
{
	char *text = text_of(s, id);

	printf("%c %-*s ", settings_is_set(s, id) ? '*' : ' ', KEY_COLUMNS, setting_info(id)->key);
	cli_print_safe(text != NULL ? text : "");
	putchar('\n');
	free(text);
}

static int list(struct cli *cli, struct settings *s, int argc, char **argv)
{
	(void)argv;
	if (argc > 0)
		return cli_usage(cli, _("\"list\" takes no key; see \"get\""));
	for (size_t i = 0; settings_unknown(s, i) != NULL; i++)
		warn_unknown(cli, settings_unknown(s, i));
	if (cli->json) {
		json_t *rows = json_array();

		for (int i = 0; i < SETTING_COUNT; i++)
			json_array_append_new(rows, json_of_setting(s, (enum setting)i));
		return print_json(rows);
	}
	if (!cli->quiet) {
		printf(_("Settings (*: set in the file; the others have their default) of "));
		cli_print_safe(settings_path(s));
		printf("\n\n");
	}
	for (int i = 0; i < SETTING_COUNT; i++)
		print_row(s, (enum setting)i);
	return EXIT_OK;
}

static int unknown_key(const struct cli *cli, const char *key)
{
	enum setting nearest = setting_nearest(key);
	struct error err = ERROR_INIT;

	error_usage(&err, _("there is no setting \"%s\""), key);
	if (strcmp(key, "proxy.password") == 0)
		error_next(&err, _("The proxy's password is kept apart: set it with \"posture-console proxy set --user USER\"."));
	else if (nearest != SETTING_COUNT)
		error_next(&err, _("Did you mean \"%s\"?"), setting_info(nearest)->key);
	else
		error_next(&err, _("See \"posture-console config list\"."));
	return cli_fail(cli, &err);
}

static int get(struct cli *cli, struct settings *s, int argc, char **argv)
{
	enum setting id;
	char *text;

	if (argc != 1)
		return cli_usage(cli, _("\"get\" takes one key"));
	id = setting_by_key(argv[0]);
	if (id == SETTING_COUNT)
		return unknown_key(cli, argv[0]);
	if (cli->json)
		return print_json(json_of_setting(s, id));
	text = text_of(s, id);
	cli_print_safe(text != NULL ? text : "");
	putchar('\n');
	free(text);
	return EXIT_OK;
}

static int save(struct cli *cli, struct settings *s, enum setting id)
{
	struct error err = ERROR_INIT;

	if (!settings_save(s, &err))
		return cli_fail(cli, &err);
	if (cli->json)
		return print_json(json_of_setting(s, id));
	if (!cli->quiet)
		print_row(s, id);
	return EXIT_OK;
}

static int set(struct cli *cli, struct settings *s, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	enum setting id;
	bool ok;

	if (argc < 2)
		return cli_usage(cli, _("\"set\" takes a key and a value, or --default"));
	id = setting_by_key(argv[0]);
	if (id == SETTING_COUNT)
		return unknown_key(cli, argv[0]);
	if (argc > 2 && setting_info(id)->type != SETTING_TYPE_LIST)
		return cli_usage(cli, _("%s takes one value; put quotes around one with blanks"), argv[0]);
	if (argc > 2)
		ok = settings_set_list(s, id, (const char *const *)argv + 1, (size_t)argc - 1, &err);
	else
		ok = settings_set(s, id, argv[1], &err);
	return ok ? save(cli, s, id) : cli_fail(cli, &err);
}

static int reset(struct cli *cli, struct settings *s, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	enum setting id;

	if (argc != 1)
		return cli_usage(cli, _("\"set --default\" takes one key and no value"));
	id = setting_by_key(argv[0]);
	if (id == SETTING_COUNT)
		return unknown_key(cli, argv[0]);
	return settings_set(s, id, NULL, &err) ? save(cli, s, id) : cli_fail(cli, &err);
}

static int run(struct cli *cli, int (*verb)(struct cli *, struct settings *, int, char **), int argc, char **argv)
{
	int code = EXIT_OK;
	struct settings *s = cli_settings(cli, &code);

	if (s == NULL)
		return code;
	code = verb(cli, s, argc, argv);
	settings_free(s);
	return code;
}

/* Where the value of "set KEY VALUE..." begins when KEY holds an argument vector: what stands there belongs to the
 * vector, even "--quiet". 0: nowhere. */
static int argument_vector_start(int argc, char **argv)
{
	bool after_set = false;

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "--state-dir") == 0) {
			i++;
		} else if (strcmp(argv[i], "--") == 0) {
			return 0;
		} else if (argv[i][0] != '-' && !after_set) {
			if (strcmp(argv[i], "set") != 0)
				return 0;
			after_set = true;
		} else if (argv[i][0] != '-') {
			enum setting id = setting_by_key(argv[i]);
			bool vector = id != SETTING_COUNT && setting_info(id)->form == FORM_ARGUMENTS;

			return vector && argv[i + 1][0] != '-' ? i + 1 : 0;
		}
	}
	return 0;
}

static int parse(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "default", no_argument, NULL, 'd' }, { NULL, 0, NULL, 0 } };
	static const struct {
		const char *name;
		int (*run)(struct cli *cli, struct settings *s, int argc, char **argv);
	} verbs[] = { { "list", list }, { "get", get }, { "set", set } };
	bool to_default = false;
	int c;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'd': to_default = true; break;
		case 'h': return EXIT_OK;
		default: return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		return cli_usage(cli, _("say what to do: list, get or set"));
	if (to_default && strcmp(argv[0], "set") != 0)
		return cli_usage(cli, _("--default belongs to \"set\""));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[0], verbs[i].name) == 0)
			return run(cli, to_default ? reset : verbs[i].run, argc - 1, argv + 1);
	}
	return cli_usage(cli, _("\"%s\" is none of list, get and set"), argv[0]);
}

int cli_config(struct cli *cli, int argc, char **argv)
{
	static char end_of_options[] = "--";
	int start = argument_vector_start(argc, argv), code;
	char **all;

	if (start == 0)
		return parse(cli, argc, argv);
	all = calloc((size_t)argc + 2, sizeof(*all));
	if (all == NULL)
		return EXIT_IO;
	memcpy(all, argv, (size_t)start * sizeof(*all));
	all[start] = end_of_options;
	memcpy(all + start + 1, argv + start, (size_t)(argc - start) * sizeof(*all));
	code = parse(cli, argc + 1, all);
	free(all);
	return code;
}
