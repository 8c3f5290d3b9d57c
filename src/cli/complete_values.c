/* What the values of the synopses can be, from the tables and from this node's state. Nothing here reports an error: where
 * nothing can be read, there are no candidates. */
#include <stdio.h>
#include <string.h>

#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/complete.h"
#include "demo/situation.h"
#include "diagnose/diagnose.h"
#include "store/store.h"
#include "trust/trust.h"

#define CANDIDATE_MAX 512

void complete_add(const struct complete *c, const char *candidate, const char *text)
{
	size_t len = strlen(c->word);

	if (candidate[0] == '\0' || strncmp(candidate, c->word, len) != 0)
		return;
	text_sanitise(c->out, candidate, strlen(candidate));
	if (text != NULL && text[0] != '\0') {
		buffer_putc(c->out, '\t');
		text_sanitise(c->out, text, strcspn(text, "\n"));
	}
	buffer_putc(c->out, '\n');
}

/* A candidate for the last item of a list: what stands before it stays. */
static void add_item(const struct complete *c, const char *item, const char *text)
{
	const char *comma = strrchr(c->word, ',');
	char whole[CANDIDATE_MAX];

	snprintf(whole, sizeof(whole), "%.*s%s", comma != NULL ? (int)(comma - c->word) + 1 : 0, c->word, item);
	complete_add(c, whole, text);
}

static void add_findings(const struct complete *c)
{
	for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++)
		complete_add(c, finding_info((enum finding)i)->code, _(finding_info((enum finding)i)->cause));
}

static void add_certificates(const struct complete *c)
{
	struct trust_store *store = NULL;

	if (!trust_open(c->cli->state_dir, true, &store, NULL))
		return;
	for (size_t i = 0; i < trust_count(store); i++) {
		const struct trust_entry *entry = trust_at(store, i);

		complete_add(c, entry->name, entry->enabled ? _("enabled") : _("disabled"));
	}
	trust_free(store);
}

static void add_usages(const struct complete *c)
{
	for (unsigned int bit = TRUST_INFRASTRUCTURE; bit <= TRUST_CISCO_SERVICES; bit <<= 1)
		add_item(c, trust_usage_name(bit), trust_usage_title(bit));
}

static void add_generations(const struct complete *c)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];
	struct store *store = NULL;
	char **ids = NULL;
	size_t count = 0;

	if (!store_open(c->cli->state_dir, false, &store, NULL))
		return;
	if (store_generation_ids(store, &ids, &count, NULL)) {
		store_current(store, current);
		store_previous(store, previous);
		for (size_t i = count; i > 0; i--) {
			const char *id = ids[i - 1];

			complete_add(c, id, strcmp(id, current) == 0 ? _("current") :
				     strcmp(id, previous) == 0 ? _("previous") : _("kept"));
		}
		store_ids_free(ids, count);
	}
	store_free(store);
}

static void add_settings(const struct complete *c)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *info = setting_info((enum setting)i);

		complete_add(c, info->key, _(info->label));
	}
}

static void add_choices(const struct complete *c, enum setting id)
{
	const struct setting_info *info = id != SETTING_COUNT ? setting_info(id) : NULL;
	char choice[CANDIDATE_MAX];

	if (info == NULL)
		return;
	if (info->type == SETTING_TYPE_BOOL) {
		complete_add(c, "true", NULL);
		complete_add(c, "false", NULL);
	} else if (info->form == FORM_PATH || info->form == FORM_BUNDLE) {
		buffer_puts(c->out, ":files\n");
	}
	for (const char *s = info->choices; s != NULL && *s != '\0';) {
		size_t len = strcspn(s, "|");

		snprintf(choice, sizeof(choice), "%.*s", (int)len, s);
		complete_add(c, choice, NULL);
		s += len + (s[len] == '|');
	}
}

static void add_checks(const struct complete *c)
{
	for (int i = 0; i < CHECK_COUNT; i++)
		add_item(c, check_id_name((enum check_id)i), check_title((enum check_id)i));
}

static void add_situations(const struct complete *c)
{
	const struct situation *situation;

	for (size_t i = 0; (situation = situation_at(i)) != NULL; i++)
		complete_add(c, situation->code, _(situation->title));
}

static void add_levels(const struct complete *c)
{
	static const char *const levels[] = { "trace", "debug", "info", "warn", "error", "fatal" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		complete_add(c, levels[i], NULL);
}

static bool is(const char *name, const char *list)
{
	size_t len = strlen(name);

	for (const char *s = list; *s != '\0'; s += strcspn(s, " "), s += strspn(s, " ")) {
		if (strcspn(s, " ") == len && strncmp(s, name, len) == 0)
			return true;
	}
	return false;
}

/* --name is a name that is given, NAME elsewhere one that exists. */
static bool is_existing_certificate(const struct complete *c, const char *name)
{
	return strcmp(name, "NAME") == 0 && strcmp(c->command, "certs") == 0 && c->option == NULL;
}

void complete_value(const struct complete *c, const char *name)
{
	bool of_feed = c->command != NULL && strcmp(c->command, "feed") == 0;

	if (is(name, "FILE FILE_OR_URL F CERT") || (of_feed && is(name, "KEY")))
		buffer_puts(c->out, ":files\n");
	else if (is(name, "DIR"))
		buffer_puts(c->out, ":folders\n");
	else if (c->command == NULL)
		return;
	else if (is(name, "FINDING"))
		add_findings(c);
	else if (is_existing_certificate(c, name))
		add_certificates(c);
	else if (is(name, "USAGE"))
		add_usages(c);
	else if (is(name, "GENERATION A B"))
		add_generations(c);
	else if (is(name, "KEY"))
		add_settings(c);
	else if (is(name, "VALUE"))
		add_choices(c, setting_by_key(c->previous));
	else if (is(name, "SITUATION"))
		add_situations(c);
	else if (is(name, "ID"))
		add_checks(c);
	else if (is(name, "L") && strcmp(c->command, "log") == 0)
		add_levels(c);
	else if (is(name, "S") && strcmp(c->command, "proxy") == 0 && strcmp(c->verb, "set") == 0)
		add_choices(c, SETTING_PROXY_SCHEME);
}
