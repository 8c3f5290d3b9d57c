#include "update_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "store/store.h"
#include "update_changes.h"

#define ID_LIST 2000
#define TIME_COLS 18
#define WHAT_COLS 17
#define STATUS_COLS 12
#define VERSION_COLS 16
#define LABEL_COLS 12
#define DETAIL_ROWS 6
#define FOOT_ROWS 2		/* the rule and the buttons */

struct history {
	struct app *app;
	json_t *lines;			/* oldest first */
	char **ids;			/* of what is kept */
	size_t id_count;
	char current[STORE_GENERATION_MAX];
	struct list list;
	char problem[ERROR_TEXT_MAX];
	void (*roll_back)(void *data, const char *generation);
	void *data;
	char wanted[STORE_GENERATION_MAX];	/* to go back to, while it is asked */
};

static const char *member(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

/* The newest stands first. */
static const json_t *line_at(const struct history *h, int64_t row)
{
	size_t n = json_array_size(h->lines);

	return row >= 0 && (size_t)row < n ? json_array_get(h->lines, n - 1 - (size_t)row) : NULL;
}

static bool is_kept(const struct history *h, const char *generation)
{
	for (size_t i = 0; i < h->id_count; i++)
		if (strcmp(h->ids[i], generation) == 0)
			return true;
	return false;
}

static const char *what_text(const json_t *line)
{
	if (strcmp(member(line, "action"), "rollback") == 0)
		return _("rollback");
	return strcmp(member(line, "source"), "web") == 0 ? _("update, web") : _("update, offline");
}

static const char *status_text(const json_t *line, enum theme_role *role)
{
	const char *status = member(line, "status");

	*role = ROLE_NORMAL;
	if (strcmp(status, "failed") == 0 && member(line, "cause")[0] == '\0') {
		*role = ROLE_WARN;
		return _("?? stopped");
	}
	if (strcmp(status, "failed") == 0) {
		*role = ROLE_FAIL;
		return _("!! failed");
	}
	if (strcmp(status, "up-to-date") == 0)
		return _("up to date");
	return strcmp(member(line, "action"), "rollback") == 0 ? _("done") : _("updated");
}

static const char *local_time(char dst[WHEN_TEXT_MAX], const char *stamp)
{
	time_t t;

	if (clock_parse_rfc3339(stamp, &t))
		return when_here_minute(dst, t);
	snprintf(dst, WHEN_TEXT_MAX, "%.16s", stamp);
	return dst;
}

/* --- columns, as wide as the language needs them ---------------------------------------------------------------------- */

static int time_cols(void)
{
	char sample[WHEN_TEXT_MAX];

	return (int)text_widest(TIME_COLS - 2, when_here_minute(sample, clock_now())) + 2;
}

static int what_cols(void)
{
	return (int)text_widest(WHAT_COLS - 2, _("rollback"), _("update, web"), _("update, offline")) + 2;
}

static int status_cols(void)
{
	return (int)text_widest(STATUS_COLS - 2, _("?? stopped"), _("!! failed"), _("up to date"), _("done"), _("updated")) + 2;
}

static int label_cols(void)
{
	return (int)text_widest(LABEL_COLS - 2, _("Generation"), _("From"), _("Signed by"), _("Cost"), _("Why")) + 2;
}

/* --- the page --------------------------------------------------------------------------------------------------------- */

static void put_line(void *data, struct page *page, int64_t row, bool selected)
{
	const struct history *h = data;
	const json_t *line = line_at(h, row);
	const char *generation = member(line, "generation"), *status;
	enum theme_role role;
	char stamp[WHEN_TEXT_MAX];

	(void)selected;
	status = status_text(line, &role);
	page_cell(page, ROLE_NORMAL, time_cols(), local_time(stamp, member(line, "time")));
	page_cell(page, ROLE_NORMAL, what_cols(), what_text(line));
	page_cell(page, role, status_cols(), status);
	if (role != ROLE_NORMAL) {
		page_put(page, role, member(line, "cause"));
		return;
	}
	page_cell(page, ROLE_NORMAL, VERSION_COLS, member(line, "version"));
	page_put(page, ROLE_DIM, strcmp(generation, h->current) == 0 ? _("current")
				 : is_kept(h, generation)	      ? _("kept")
								      : "");
}

static void put_cost(const json_t *line, struct page *page)
{
	const json_t *changed = json_object_get(line, "components_changed");
	char text[256], size[32], spent[64];

	text[0] = '\0';
	if (changed != NULL)
		snprintf(text, sizeof(text), _("%lld components new, %lld unchanged, %s received"), json_integer_value(changed),
			 json_integer_value(json_object_get(line, "components_kept")),
			 page_size(size, sizeof(size), json_integer_value(json_object_get(line, "bytes_downloaded"))));
	else if (json_object_get(line, "duration_ms") != NULL)
		snprintf(text, sizeof(text), _("%s received in %s"),
			 page_size(size, sizeof(size), json_integer_value(json_object_get(line, "bytes_downloaded"))),
			 page_duration(spent, sizeof(spent), json_integer_value(json_object_get(line, "duration_ms"))));
	if (text[0] != '\0')
		page_row(page, ROLE_NORMAL, label_cols(), _("Cost"), text);
}

static void put_detail(const struct history *h, struct page *page)
{
	const json_t *line = line_at(h, h->list.selected);
	const char *signer = member(line, "signer");

	page_rule(page, _("Details"));
	if (member(line, "generation")[0] != '\0')
		page_row(page, ROLE_NORMAL, label_cols(), _("Generation"), member(line, "generation"));
	if (member(line, "from")[0] != '\0')
		page_row(page, ROLE_NORMAL, label_cols(), _("From"), member(line, "from"));
	if (json_object_get(line, "signer") != NULL)
		page_row(page, ROLE_NORMAL, label_cols(), _("Signed by"), signer[0] != '\0' ? signer : _("not signed"));
	put_cost(line, page);
	if (member(line, "message")[0] != '\0') {
		page_line(page);
		page_cell(page, ROLE_LABEL, label_cols(), _("Why"));
		page_wrap_after(page, ROLE_FAIL, label_cols(), member(line, "message"));
	}
}

static bool can_return(const struct history *h)
{
	const char *generation = member(line_at(h, h->list.selected), "generation");

	return !watch_running(&h->app->watch) && generation[0] != '\0' && strcmp(generation, h->current) != 0 &&
	       is_kept(h, generation);
}

/* The generation before: what the line replaced. */
static bool can_compare(const struct history *h)
{
	const json_t *line = line_at(h, h->list.selected);

	return is_kept(h, member(line, "generation")) && is_kept(h, member(line, "previous"));
}

static void prepare(void *data, struct page *page)
{
	struct history *h = data;
	struct page_button buttons[3];
	size_t n = 0;

	if (h->problem[0] != '\0' || h->list.count == 0) {
		page_wrap(page, h->problem[0] != '\0' ? ROLE_FAIL : ROLE_NORMAL,
			  h->problem[0] != '\0' ? h->problem : _("There was no update yet."));
		return;
	}
	page_list(page, ID_LIST, &h->list, page_left(page) - DETAIL_ROWS - FOOT_ROWS, put_line, h);
	put_detail(h, page);
	page_rule(page, "");
	if (can_compare(h))
		buttons[n++] = (struct page_button){ ACTION_HISTORY_CHANGES, _("What it changed") };
	if (can_return(h))
		buttons[n++] = (struct page_button){ ACTION_HISTORY_RETURN, _("Roll back to it") };
	buttons[n++] = (struct page_button){ ACTION_CLOSE, _("Back") };
	page_buttons(page, buttons, n);
}

/* --- what can be done ------------------------------------------------------------------------------------------------- */

static void go_back(void *data)
{
	struct history *h = data;
	void (*roll_back)(void *data, const char *generation) = h->roll_back;
	void *owner = h->data;
	char wanted[STORE_GENERATION_MAX];

	snprintf(wanted, sizeof(wanted), "%s", h->wanted);
	dialog_close(h->app);
	roll_back(owner, wanted);
}

static void ask_return(struct history *h)
{
	const json_t *line = line_at(h, h->list.selected);
	char question[512];

	snprintf(h->wanted, sizeof(h->wanted), "%s", member(line, "generation"));
	snprintf(question, sizeof(question),
		 _("Make generation %s (version %s) current again?\nThe present one is kept and can be returned to."), h->wanted,
		 member(line, "version"));
	dialog_ask(h->app, _("Roll back"), question, go_back, h);
}

static bool possible(void *data, enum action action)
{
	const struct history *h = data;

	switch (action) {
	case ACTION_HISTORY_CHANGES: return can_compare(h);
	case ACTION_HISTORY_RETURN: return can_return(h);
	default: return true;
	}
}

static bool act(void *data, enum action action, int focus)
{
	struct history *h = data;
	const json_t *line = line_at(h, h->list.selected);

	if (action == ACTION_HISTORY_CHANGES || (action == ACTION_CHOOSE && focus == ID_LIST)) {
		if (can_compare(h))
			update_changes_open(h->app, member(line, "previous"), member(line, "generation"));
	} else if (action == ACTION_HISTORY_RETURN) {
		ask_return(h);
	} else {
		return false;
	}
	return true;
}

static void destroy(void *data)
{
	struct history *h = data;

	json_decref(h->lines);
	store_ids_free(h->ids, h->id_count);
	free(h);
}

static void load(struct history *h)
{
	struct store *store = NULL;
	struct error err = ERROR_INIT;

	if (!store_open(h->app->options->state_dir, false, &store, &err) || !store_history_load(store, &h->lines, &err) ||
	    !store_generation_ids(store, &h->ids, &h->id_count, &err))
		snprintf(h->problem, sizeof(h->problem), "!! %.*s", (int)sizeof(h->problem) - 4, err.message);
	else
		store_current(store, h->current);
	h->list.count = (int64_t)json_array_size(h->lines);
	store_free(store);
}

void update_history_open(struct app *a, void (*roll_back)(void *data, const char *generation), void *data)
{
	static const struct dialog_ops ops = { .scope = SCOPE_HISTORY, .prepare = prepare, .possible = possible, .action = act,
					       .destroy = destroy };
	struct history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return;
	h->app = a;
	h->roll_back = roll_back;
	h->data = data;
	load(h);
	dialog_open(a, _("History"), &ops, h);
}
