#include "check_verdict.h"

#include <stdio.h>
#include <string.h>

#include "appliance.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/wrap.h"
#include "check_fix.h"

/* At most `lines` lines of a text, broken at spaces; the last one says that there is more. Returns the lines used. */
static int put_text(struct page *page, enum theme_role role, const char *text, int indent, int lines)
{
	int used = 0;

	while (*text != '\0' && used < lines) {
		char line[1024];
		size_t n = strcspn(text, "\n");
		size_t fits = wrap_length(text, (size_t)(page->cols - indent), WRAP_CUT);
		size_t take = fits < n ? fits : n;
		bool more;

		if (take >= sizeof(line))
			take = sizeof(line) - 1;
		snprintf(line, sizeof(line), "%.*s", (int)take, text);
		text += take;
		text += strspn(text, " \n");
		more = *text != '\0' && used == lines - 1;
		page_line(page);
		if (indent > 0 && used > 0)
			page_tab(page, indent);
		page_put(page, role, line);
		if (more)
			page_put(page, ROLE_DIM, page->ascii ? " ..." : " …");
		used++;
	}
	return used;
}

static void put_path_part(void *data, bool broken, const char *text)
{
	page_put(data, broken ? ROLE_FAIL : ROLE_DIM, text);
}

static void put_path(const struct check_state *s, struct page *page)
{
	if (json_array_size(json_object_get(s->verdict, "path")) == 0)
		return;
	page_line(page);
	check_state_path(s, put_path_part, page);
}

/* The first column of who must act: "You: ", "Proxy administrator: ". */
static void put_steps(struct app *app, const struct check_state *s, struct page *page)
{
	const json_t *steps = json_object_get(s->verdict, "remedy");
	enum finding cause = finding_by_code(check_state_cause(s));
	const struct finding_info *info = finding_info(cause);
	char hint[APPLIANCE_HINT_MAX];
	bool hinted = appliance_hint(app, cause, hint);
	size_t i;
	json_t *step;

	json_array_foreach(steps, i, step) {
		char text[2100], who[128];

		snprintf(who, sizeof(who), "%s", finding_actor_name(info->actor));
		if (who[0] >= 'a' && who[0] <= 'z')
			who[0] = (char)(who[0] - 'a' + 'A');
		if (i == 0)
			snprintf(text, sizeof(text), "%s: %s", who, json_string_value(step));
		else
			snprintf(text, sizeof(text), "   %s", json_string_value(step));
		if (page_left(page) < 1)
			break;
		put_text(page, i == 0 ? ROLE_NORMAL : ROLE_DIM, text, 3, page_left(page) > 2 ? 2 : page_left(page));
		if (i == 0 && hinted && page_left(page) > 0)
			put_text(page, ROLE_NORMAL, hint, 3, page_left(page) > 2 ? 2 : page_left(page));
	}
}

static void put_also(const struct check_state *s, struct page *page)
{
	size_t i;
	json_t *code;

	json_array_foreach(json_object_get(s->verdict, "also"), i, code) {
		const char *name = json_string_value(code);
		char text[1024];

		if (page_left(page) < 1)
			break;
		snprintf(text, sizeof(text), "?? %s: %s", name, _(finding_info(finding_by_code(name))->cause));
		put_text(page, ROLE_WARN, text, 3, 1);
	}
}

static void put_changed(const struct check_state *s, struct page *page)
{
	size_t i;
	json_t *change;

	json_array_foreach(json_object_get(s->verdict, "changed"), i, change) {
		char text[2048];

		if (page_left(page) < 1)
			break;
		snprintf(text, sizeof(text), _("Changed since the last good update: %s was %s, is %s"),
			 json_string_value(json_object_get(change, "what")), json_string_value(json_object_get(change, "then")),
			 json_string_value(json_object_get(change, "now")));
		put_text(page, ROLE_WARN, text, 3, page_left(page) > 1 ? 2 : 1);
	}
}

static void put_cause(struct app *app, const struct check_state *s, struct page *page)
{
	char title[256];
	bool roomy = page_left(page) > 2 * CHECK_VERDICT_ROWS_MIN;

	snprintf(title, sizeof(title), _("Cause: %s"), check_state_cause(s));
	if (strcmp(check_state_text(s, "confidence"), "likely") == 0)
		snprintf(title + strlen(title), sizeof(title) - strlen(title), "\t%s", _("likely"));
	else if (check_state_text(s, "or")[0] != '\0')
		snprintf(title + strlen(title), sizeof(title) - strlen(title), _("\tor %s"), check_state_text(s, "or"));
	page_rule(page, title);
	if (roomy)
		put_path(s, page);
	put_text(page, ROLE_FAIL, check_state_text(s, "summary"), 0, roomy ? 3 : page_left(page) > 3 ? 2 : 1);
	if (check_fix_possible(s) && page_left(page) > 1) {
		char key[KEY_NAME_MAX];

		page_textf(page, ROLE_KEY, "%s  %s", keymap_key_name(ACTION_CHECK_FIX, key, sizeof(key)), check_fix_label(s));
	}
	put_steps(app, s, page);
	put_changed(s, page);
	put_also(s, page);
}

static void put_healthy(const struct check_state *s, struct page *page)
{
	bool warns = strcmp(check_state_status(s), "warn") == 0;
	char text[1024], key[KEY_NAME_MAX];

	page_rule(page, warns ? _("Usable, with warnings") : _("All is well"));
	snprintf(text, sizeof(text), "%s %s", warns ? "??" : "OK", check_state_text(s, "summary"));
	put_text(page, warns ? ROLE_WARN : ROLE_OK, text, 3, 2);
	put_also(s, page);
	if (page_left(page) > 0)
		page_textf(page, ROLE_KEY, _("%s  start the update"), keymap_key_name(ACTION_CHECK_UPDATE, key, sizeof(key)));
	if (page_left(page) > 0)
		put_path(s, page);
}

void check_verdict_put(struct app *app, const struct check_state *state, struct page *page)
{
	if (check_state_cause(state)[0] != '\0')
		put_cause(app, state, page);
	else
		put_healthy(state, page);
}
