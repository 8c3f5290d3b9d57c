/* posture-console certs: the trusted certificates. Which sub-command, and those that change one certificate. */
#include "cli/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"

#define SENTENCE_MAX 512

/* Replaced by the function of that name, where it is built in. */
__attribute__((weak)) int cli_certs_verify(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return cli_usage(cli, _("this build cannot \"%s\""), argv[0]);
}

/* --- shared by the sub-commands -------------------------------------------------------------------------------------- */

struct trust_store *certs_open(const struct cli *cli, int *exit_code)
{
	struct trust_store *store;
	struct error err = ERROR_INIT;

	if (!trust_open(cli->state_dir, false, &store, &err)) {
		*exit_code = cli_fail(cli, &err);
		return NULL;
	}
	return store;
}

const struct trust_entry *certs_find(const struct cli *cli, const struct trust_store *store, const char *name,
				     int *exit_code)
{
	const struct trust_entry *entry = trust_find(store, name);
	struct error err = ERROR_INIT;

	if (entry == NULL) {
		error_set(&err, FINDING_CERTIFICATE_NOT_FOUND, _("there is no certificate \"%s\" in the store"), name);
		*exit_code = cli_fail(cli, &err);
	}
	return entry;
}

bool certs_take_usages(const struct cli *cli, const char *text, unsigned int *usages)
{
	char word[64];

	do {
		size_t len = strcspn(text, ",");
		unsigned int usage = 0;

		if (len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
			usage = trust_usage_by_name(word);
		}
		if (usage == 0) {
			cli_usage(cli, _("\"%.*s\" is no usage; there are infrastructure, client-auth, admin-auth and "
					 "cisco-services"), (int)len, text);
			return false;
		}
		*usages |= usage;
		text += len;
	} while (*text++ == ',');
	return true;
}

char *certs_usages_text(char *dst, unsigned int usages)
{
	size_t used = 0;

	snprintf(dst, CERTS_USAGES_MAX, "%s", _("none"));
	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((usages & usage) != 0)
			used += (size_t)snprintf(dst + used, CERTS_USAGES_MAX - used, "%s%s", used > 0 ? ", " : "",
						 trust_usage_name(usage));
	}
	return dst;
}

json_t *certs_warning_json(const struct error *warning)
{
	char next[ERROR_TEXT_MAX];

	error_next_step(warning, next, sizeof(next));
	return json_pack("{s:s, s:o, s:o}", "finding", finding_info(warning->code)->code, "message",
			 event_string(warning->message), "next", event_string(next));
}

void certs_warn(const struct cli *cli, const struct error *warning)
{
	char next[ERROR_TEXT_MAX];
	struct cli loud = *cli;

	/* --quiet asks for problems only: this is one. */
	loud.quiet = false;
	error_next_step(warning, next, sizeof(next));
	cli_warn(&loud, _("warning: %s. %s [%s]"), warning->message, next, finding_info(warning->code)->code);
}

int certs_put_json(json_t *document)
{
	char *text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;

	json_decref(document);
	if (text == NULL) {
		fprintf(stderr, "posture-console: %s\n", _("out of memory"));
		return EXIT_IO;
	}
	puts(text);
	free(text);
	return EXIT_OK;
}

/* --- changing one certificate ---------------------------------------------------------------------------------------- */

static bool has_anchor(const struct trust_store *store)
{
	return trust_have_anchor(store, TRUST_CISCO_SERVICES, NULL);
}

/* After the change that took the last one away, no feed can be verified: that must not pass unseen. */
static bool lost_anchor(const struct trust_store *store, bool had_one, struct error *warning)
{
	struct error why = ERROR_INIT;

	if (!had_one || trust_have_anchor(store, TRUST_CISCO_SERVICES, &why))
		return false;
	error_set(warning, why.code, _("this was the last certificate that is enabled and trusted for Cisco services: no "
				       "update can be verified now"));
	error_next(warning, "%s", why.next);
	return true;
}

/* What was done: `text` for a person, `certificate` (taken) under `key` for a program. */
static int report(const struct cli *cli, const struct trust_store *store, json_t *certificate, const char *key,
		  bool had_anchor, const char *text)
{
	struct error warning = ERROR_INIT;
	bool lost = lost_anchor(store, had_anchor, &warning);

	if (cli->json) {
		json_t *warnings = json_array();

		if (lost)
			json_array_append_new(warnings, certs_warning_json(&warning));
		return certs_put_json(json_pack("{s:o, s:o}", key, certificate, "warnings", warnings));
	}
	json_decref(certificate);
	if (!cli->quiet) {
		cli_print_safe(text);
		putchar('\n');
	}
	fflush(stdout);
	if (lost)
		certs_warn(cli, &warning);
	return EXIT_OK;
}

/* The one name that a sub-command takes; NULL after an error was printed or help was (then *exit_code is EXIT_OK). */
static const char *one_name(struct cli *cli, int argc, char **argv, int *exit_code)
{
	int c = cli_getopt(cli, argc, argv, "", NULL);

	*exit_code = c == 'h' ? EXIT_OK : EXIT_USAGE;
	if (c != -1)
		return NULL;
	if (argc - optind != 1) {
		*exit_code = cli_usage(cli, _("\"%s\" takes the name of one certificate"), argv[0]);
		return NULL;
	}
	return argv[optind];
}

static int set_enabled(struct cli *cli, int argc, char **argv, bool enabled)
{
	struct trust_store *store = NULL;
	struct error err = ERROR_INIT;
	const struct trust_entry *entry;
	char text[SENTENCE_MAX];
	bool had_anchor;
	int code;
	const char *name = one_name(cli, argc, argv, &code);

	if (name == NULL || (store = certs_open(cli, &code)) == NULL)
		return code;
	had_anchor = has_anchor(store);
	if (!trust_set_enabled(store, name, enabled, &err)) {
		code = cli_fail(cli, &err);
	} else {
		entry = trust_find(store, name);
		snprintf(text, sizeof(text), enabled ? _("\"%s\" is enabled.") : _("\"%s\" is disabled."), entry->name);
		code = report(cli, store, certs_entry_json(entry), "certificate", had_anchor, text);
		if (enabled && entry->usages == 0 && !cli->json)
			cli_warn(cli, _("It is trusted for nothing yet: name what for with \"posture-console certs trust\"."));
	}
	trust_free(store);
	return code;
}

static int enable(struct cli *cli, int argc, char **argv)
{
	return set_enabled(cli, argc, argv, true);
}

static int disable(struct cli *cli, int argc, char **argv)
{
	return set_enabled(cli, argc, argv, false);
}

static int discard(struct cli *cli, int argc, char **argv)
{
	struct trust_store *store = NULL;
	struct error err = ERROR_INIT;
	const struct trust_entry *entry;
	char text[SENTENCE_MAX];
	json_t *was;
	bool had_anchor;
	int code;
	const char *name = one_name(cli, argc, argv, &code);

	if (name == NULL || (store = certs_open(cli, &code)) == NULL)
		return code;
	entry = certs_find(cli, store, name, &code);
	if (entry == NULL)
		goto out;
	snprintf(text, sizeof(text), _("\"%s\" is removed."), entry->name);
	was = certs_entry_json(entry);
	had_anchor = has_anchor(store);
	if (!trust_remove(store, name, &err)) {
		json_decref(was);
		code = cli_fail(cli, &err);
	} else {
		code = report(cli, store, was, "removed", had_anchor, text);
	}
out:
	trust_free(store);
	return code;
}

static int change_usages(struct cli *cli, int argc, char **argv, bool give)
{
	struct trust_store *store = NULL;
	struct error err = ERROR_INIT;
	const struct trust_entry *entry;
	char text[SENTENCE_MAX], usages_text[CERTS_USAGES_MAX];
	unsigned int usages = 0;
	bool had_anchor;
	int c = cli_getopt(cli, argc, argv, "", NULL), code = EXIT_OK;
	const char *name;

	if (c != -1)
		return c == 'h' ? EXIT_OK : EXIT_USAGE;
	if (argc - optind < 2)
		return cli_usage(cli, _("\"%s\" takes a name and at least one usage"), argv[0]);
	name = argv[optind];
	for (int i = optind + 1; i < argc; i++) {
		if (!certs_take_usages(cli, argv[i], &usages))
			return EXIT_USAGE;
	}
	store = certs_open(cli, &code);
	if (store == NULL)
		return code;
	had_anchor = has_anchor(store);
	if (!trust_change_usages(store, name, give ? usages : 0, give ? 0 : usages, &err)) {
		code = cli_fail(cli, &err);
	} else {
		entry = trust_find(store, name);
		snprintf(text, sizeof(text), _("\"%s\" is trusted for: %s."), entry->name,
			 certs_usages_text(usages_text, entry->usages));
		code = report(cli, store, certs_entry_json(entry), "certificate", had_anchor, text);
		if (give && !entry->enabled && !cli->json)
			cli_warn(cli, _("It is disabled, and counts for nothing until it is enabled."));
	}
	trust_free(store);
	return code;
}

static int trust(struct cli *cli, int argc, char **argv)
{
	return change_usages(cli, argc, argv, true);
}

static int untrust(struct cli *cli, int argc, char **argv)
{
	return change_usages(cli, argc, argv, false);
}

/* --- which sub-command ------------------------------------------------------------------------------------------------ */

static const struct verb {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} verbs[] = {
	{ "list", certs_list }, { "show", certs_show }, { "import", certs_import },
	{ "export", certs_export }, { "remove", discard }, { "enable", enable }, { "disable", disable },
	{ "trust", trust }, { "untrust", untrust }, { "verify", cli_certs_verify },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

/* Options may stand before the sub-command: it is moved to the front, and they follow it. */
int cli_certs(struct cli *cli, int argc, char **argv)
{
	const char *stranger = NULL;

	for (int i = 1; i < argc; i++) {
		const struct verb *verb = find_verb(argv[i]);

		if (verb != NULL) {
			char *name = argv[i];

			memmove(&argv[2], &argv[1], (size_t)(i - 1) * sizeof(*argv));
			argv[1] = name;
			return verb->run(cli, argc - 1, argv + 1);
		}
		if (stranger == NULL && argv[i][0] != '-')
			stranger = argv[i];
	}
	if (cli_getopt(cli, argc, argv, "", NULL) == 'h')
		return EXIT_OK;
	if (stranger != NULL)
		return cli_usage(cli, _("there is no \"certs %s\""), stranger);
	return cli_usage(cli, _("say what to do with the certificates, for example \"certs list\""));
}
