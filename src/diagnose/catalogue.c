#include "diagnose/catalogue.h"

#include <string.h>

#include "base/i18n.h"

#define CODE_MAX 64
/* A code is suggested when at most a third of what was typed must change. */
#define NEAREST_PART 3

static const char old_message[] =
	"Remote Address is not accessible. Please make sure update feed URL, proxy address and proxy port are properly "
	"configured";

const char *catalogue_old_message(enum finding f)
{
	const struct finding_info *info = finding_info(f);

	/* A full disk is reported otherwise, and nothing is fetched for an offline bundle. */
	if (info->area == AREA_BUNDLE || info->area == AREA_NODE || (info->area == AREA_LOCAL && info->exit_code != EXIT_UNAVAILABLE))
		return NULL;
	return info->code[0] != '\0' ? old_message : NULL;
}

bool catalogue_matches(enum finding f, const char *text)
{
	const struct finding_info *info = finding_info(f);
	const char *old = catalogue_old_message(f);
	const char *const texts[] = { info->cause, info->apart, info->remedy };

	if (strcasestr(info->code, text) != NULL || (old != NULL && strcasestr(old, text) != NULL))
		return true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcasestr(texts[i], text) != NULL || strcasestr(_(texts[i]), text) != NULL)
			return true;
	}
	return false;
}

/* Levenshtein distance, on one row. */
static size_t distance(const char *a, const char *b)
{
	size_t row[CODE_MAX + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

enum finding catalogue_nearest(const char *code)
{
	size_t len = strlen(code), best = len / NEAREST_PART + 1;
	enum finding nearest = FINDING_NONE;

	if (len > CODE_MAX)
		return FINDING_NONE;
	for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
		const struct finding_info *info = finding_info((enum finding)i);
		size_t d = distance(code, info->code);

		if (d < best) {
			best = d;
			nearest = (enum finding)i;
		}
	}
	return nearest;
}

const char *catalogue_severity_text(enum finding_severity severity)
{
	switch (severity) {
	case SEVERITY_INFO: return _("information");
	case SEVERITY_WARN: return _("warning");
	case SEVERITY_FAIL: return _("failure");
	}
	return "";
}

const char *catalogue_severity_name(enum finding_severity severity)
{
	static const char *const names[] = { "info", "warn", "fail" };

	return (size_t)severity < sizeof(names) / sizeof(names[0]) ? names[severity] : "";
}

const char *catalogue_actor_name(enum finding_actor actor)
{
	static const char *const names[] = { "you", "network", "proxy-admin", "feed" };

	return (size_t)actor < sizeof(names) / sizeof(names[0]) ? names[actor] : "";
}

const char *catalogue_fix_name(enum finding_fix fix)
{
	static const char *const names[] = {
		[FIX_NONE] = "", [FIX_PROXY_SETTINGS] = "proxy-settings", [FIX_PROXY_LOGIN] = "proxy-login",
		[FIX_ENABLE_ANCHOR] = "enable-anchor", [FIX_TRUST_ANCHOR] = "trust-anchor",
		[FIX_IMPORT_CA] = "import-ca", [FIX_CERTIFICATES] = "certificates", [FIX_FEED_URL] = "feed-url",
		[FIX_TIME_SETTINGS] = "time-settings", [FIX_SETTINGS] = "settings", [FIX_OFFLINE] = "offline",
	};

	return (size_t)fix < sizeof(names) / sizeof(names[0]) ? names[fix] : "";
}

bool catalogue_next_step(const char **rest, const char **step, size_t *len)
{
	if (**rest == '\0')
		return false;
	*step = *rest;
	*len = strcspn(*rest, "\n");
	*rest += *len + ((*rest)[*len] == '\n');
	return true;
}

json_t *catalogue_json(enum finding f)
{
	const struct finding_info *info = finding_info(f);
	const char *rest = info->remedy[0] != '\0' ? _(info->remedy) : "", *step, *old = catalogue_old_message(f);
	json_t *remedy = json_array(), *row;
	size_t len;

	while (catalogue_next_step(&rest, &step, &len))
		json_array_append_new(remedy, json_stringn(step, len));
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "code", info->code,
			"check", finding_area_name(info->area), "severity", catalogue_severity_name(info->severity),
			"actor", catalogue_actor_name(info->actor), "fix", catalogue_fix_name(info->fix),
			"exit_code", (int)info->exit_code, "cause", _(info->cause), "apart", _(info->apart),
			"remedy", remedy);
	if (row != NULL && old != NULL)
		json_object_set_new(row, "reported_as", json_string(old));
	return row;
}
