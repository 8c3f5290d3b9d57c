#include "base/finding.h"

#include <string.h>

#include "base/i18n.h"

static const struct finding_info findings[FINDING_COUNT] = {
	[FINDING_NONE] = { "", AREA_LOCAL, SEVERITY_INFO, ACTOR_YOU, FIX_NONE, EXIT_FAILED, "", "", "" },
#define FINDING(id, code, area, severity, actor, fix, exit_code, cause, apart, remedy) \
	[FINDING_##id] = { code, AREA_##area, SEVERITY_##severity, ACTOR_##actor, FIX_##fix, EXIT_##exit_code, \
			   cause, apart, remedy },
#include "base/findings.def"
#undef FINDING
};

const struct finding_info *finding_info(enum finding f)
{
	if ((int)f < 0 || f >= FINDING_COUNT)
		f = FINDING_NONE;
	return &findings[f];
}

enum finding finding_by_code(const char *code)
{
	for (int i = 1; i < FINDING_COUNT; i++) {
		if (strcmp(findings[i].code, code) == 0)
			return (enum finding)i;
	}
	return FINDING_NONE;
}

static bool has_word(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

bool finding_step_names_feed(const char *step, size_t len, bool setting_only)
{
	return has_word(step, len, "source.feed_url") || (!setting_only && has_word(step, len, "update feed address"));
}

const char *finding_area_name(enum finding_area area)
{
	static const char *const names[] = { "local", "dns", "time", "tcp", "proxy", "tls", "chain", "http", "bundle",
					     "node" };

	return (size_t)area < sizeof(names) / sizeof(names[0]) ? names[area] : "";
}

const char *finding_actor_name(enum finding_actor actor)
{
	switch (actor) {
	case ACTOR_YOU: return _("you");
	case ACTOR_NETWORK: return _("network team");
	case ACTOR_PROXY_ADMIN: return _("proxy administrator");
	case ACTOR_FEED: return _("feed provider");
	}
	return "";
}

int finding_exit_code(enum finding f)
{
	return (int)finding_info(f)->exit_code;
}
