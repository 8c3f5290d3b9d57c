#include "bundle_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "answer.h"
#include "aside.h"
#include "base/clock.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "check_job.h"
#include "feed/manifest.h"

#define LABEL_COLS 12
#define VERSION_COLS 18
#define SIZE_COLS 10
#define NARROW_VERSION_COLS 14		/* at 80 columns a title must not be cut before it says for which system */
#define NARROW_SIZE_COLS 8
#define NARROW_MARK_COLS 12
#define WIDE_COLS 100			/* from here on the installed version stands there as well */
#define FOOT_ROWS 2			/* the rule and the buttons */
#define ID_COMPONENTS 2000
#define ID_APPLY 2001
#define ID_USE 2002
#define ID_BACK 2003

struct bundle_view {
	struct app *app;
	char *path;
	bool is_url;
	bool is_there;				/* `st` is the file's */
	struct stat st;
	const struct bundle_view_ops *ops;
	void *data;
	struct answer *listing, *verifying;	/* NULL: over */
	json_t *list, *verified;		/* documents of `bundle list` and `bundle verify`; NULL: none */
	char problem[ERROR_TEXT_MAX];		/* why it cannot be looked into */
	struct list components;
};

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* What is known of the bundle by now. */
static const json_t *document(const struct bundle_view *v)
{
	return v->verified != NULL && json_object_get(v->verified, "version") != NULL ? v->verified : v->list;
}

static bool has_manifest(const struct bundle_view *v)
{
	const json_t *d = document(v);

	return d != NULL && json_is_true(json_object_get(d, "has_manifest"));
}

/* Against what is installed: -1 older, 0 the same, 1 newer; 2 where that cannot be said. */
static int compare_installed(const struct bundle_view *v)
{
	const struct store_generation *g = v->app->watch.current;
	int order;

	if (g == NULL || !has_manifest(v))
		return 2;
	order = manifest_version_compare(member(document(v), "version"), g->version);
	return (order > 0) - (order < 0);
}

static bool failed(const struct bundle_view *v)
{
	return v->problem[0] != '\0' || strcmp(member(v->verified, "status"), "fail") == 0;
}

/* --- the page --------------------------------------------------------------------------------------------------------- */

static int label_cols(void)
{
	return (int)text_widest(LABEL_COLS - 2, _("Address"), _("File"), _("Version"), _("Published"), _("Contents"), _("Signed by")) + 2;
}

static int mark_cols(bool wide)
{
	size_t cols = text_widest(NARROW_MARK_COLS, _("new"), _("as installed"), _("older"), _("newer"));
	size_t than = text_widest(0, _("older"), _("newer")) + text_width(_(" than %s")) + VERSION_COLS;

	return (int)(wide && than > cols ? than : cols);
}

static void put_file(const struct bundle_view *v, struct page *page)
{
	char text[WHEN_TEXT_MAX + 64], size[32], date[WHEN_TEXT_MAX];

	page_wrap_after(page, ROLE_NORMAL, label_cols(), v->path);
	if (!v->is_there)
		return;
	snprintf(text, sizeof(text), "%s, %s", page_size(size, sizeof(size), v->st.st_size), when_here_minute(date, v->st.st_mtime));
	page_row(page, ROLE_DIM, label_cols(), "", text);
}

static void put_version(const struct bundle_view *v, struct page *page)
{
	int order = compare_installed(v);

	page_line(page);
	page_cell(page, ROLE_LABEL, label_cols(), _("Version"));
	page_put(page, ROLE_TITLE, has_manifest(v) ? member(document(v), "version") : _("no manifest"));
	page_put(page, ROLE_NORMAL, "   ");
	if (order == 0)
		page_put(page, ROLE_NORMAL, _("the installed version"));
	else if (order == -1)
		page_putf(page, ROLE_WARN, _("older than the installed %s"), v->app->watch.current->version);
	else if (order == 1)
		page_putf(page, ROLE_OK, _("newer than the installed %s"), v->app->watch.current->version);
	else if (has_manifest(v))
		page_put(page, ROLE_DIM, _("nothing is installed yet"));
}

static void put_dates(const struct bundle_view *v, struct page *page)
{
	char published[WHEN_TEXT_MAX], expires[WHEN_TEXT_MAX], text[2 * WHEN_TEXT_MAX + 64];
	time_t from, until;

	if (!clock_parse_rfc3339(member(document(v), "published"), &from))
		return;
	if (clock_parse_rfc3339(member(document(v), "expires"), &until))
		snprintf(text, sizeof(text), _("%s, valid until %s"), when_day(published, from), when_day(expires, until));
	else
		when_day(text, from);
	page_row(page, ROLE_NORMAL, label_cols(), _("Published"), text);
}

static bool has_notice(const json_t *verified, enum finding finding)
{
	size_t i;
	json_t *notice;

	json_array_foreach(json_object_get(verified, "also"), i, notice) {
		const char *code = json_string_value(notice);

		if (code != NULL && finding_by_code(code) == finding)
			return true;
	}
	return false;
}

/* What to do about what is wrong with it. */
static void put_next(const struct bundle_view *v, struct page *page)
{
	const char *remedy = check_job_steps_for(finding_by_code(member(v->verified, "cause")))->remedy;
	char text[600];

	if (remedy == NULL || remedy[0] == '\0')
		return;
	remedy = _(remedy);
	snprintf(text, sizeof(text), _("Next: %.*s"), (int)strcspn(remedy, "\n"), remedy);
	page_line(page);
	page_tab(page, label_cols());
	page_wrap_after(page, ROLE_NORMAL, label_cols(), text);
}

/* Who made it, and whether all of it is as the manifest says. */
static void put_verdict(const struct bundle_view *v, struct page *page)
{
	const char *signer = member(v->verified, "signer");
	long long files = 0, bytes = 0;
	char text[256], size[32];
	size_t i, n = 0;
	json_t *row;

	if (v->verified == NULL) {
		page_row(page, ROLE_DIM, label_cols(), _("Contents"), _("being verified..."));
		return;
	}
	if (signer[0] != '\0')
		page_row(page, ROLE_OK, label_cols(), _("Signed by"), signer);
	else if (has_notice(v->verified, FINDING_FEED_SIGNATURE_MISSING))
		page_row(page, ROLE_WARN, label_cols(), _("Signed by"), _("?? nobody: nothing proves who made it"));
	json_array_foreach(json_object_get(v->verified, "components"), i, row) {
		files += json_integer_value(json_object_get(row, "files"));
		bytes += json_integer_value(json_object_get(row, "bytes"));
		n++;
	}
	if (failed(v)) {
		snprintf(text, sizeof(text), "!! %s: ", member(v->verified, "cause"));
		page_line(page);
		page_cell(page, ROLE_LABEL, label_cols(), _("Contents"));
		page_put(page, ROLE_FAIL, text);
		page_wrap_after(page, ROLE_FAIL, label_cols(), member(v->verified, "message"));
		put_next(v, page);
		return;
	}
	snprintf(text, sizeof(text), P_("OK %zu component as the manifest says, %'lld files, %s unpacked",
					"OK %zu components as the manifest says, %'lld files, %s unpacked", n),
		 n, files, page_size(size, sizeof(size), bytes));
	page_row(page, ROLE_OK, label_cols(), _("Contents"), text);
}

/* "newer", "as installed". */
static void put_mark(const struct bundle_view *v, struct page *page, const json_t *c)
{
	const struct store_generation *g = v->app->watch.current;
	const struct store_component *installed = g != NULL ? store_generation_component(g, member(c, "id")) : NULL;
	int order = installed != NULL ? manifest_version_compare(member(c, "version"), installed->version) : 0;

	if (g == NULL)
		return;
	if (installed == NULL || order == 0)
		page_put(page, ROLE_DIM, installed == NULL ? _("new") : _("as installed"));
	else
		page_put(page, order < 0 ? ROLE_WARN : ROLE_OK, order < 0 ? _("older") : _("newer"));
	if (order != 0 && page->cols >= WIDE_COLS)
		page_putf(page, ROLE_DIM, _(" than %s"), installed->version);
}

/* Its title; where another has the same one, its id tells them apart. */
static void put_title(const struct bundle_view *v, struct page *page, const json_t *c, int cols)
{
	size_t i, same = 0;
	char text[512];
	json_t *other;

	json_array_foreach(json_object_get(document(v), "components"), i, other)
		same += strcmp(member(other, "title"), member(c, "title")) == 0;
	snprintf(text, sizeof(text), same > 1 ? "%s (%s)" : "%s", member(c, "title"), member(c, "id"));
	page_cell(page, ROLE_NORMAL, cols, text);
}

static void put_component(void *data, struct page *page, int64_t row, bool selected)
{
	const struct bundle_view *v = data;
	const json_t *c = json_array_get(json_object_get(document(v), "components"), (size_t)row);
	bool wide = page->cols >= WIDE_COLS;
	int version_cols = wide ? VERSION_COLS : NARROW_VERSION_COLS, size_cols = wide ? SIZE_COLS : NARROW_SIZE_COLS;
	int title_cols = page_cols_left(page) - version_cols - size_cols - 3 - mark_cols(wide);
	char size[32], text[64];

	(void)selected;
	snprintf(text, sizeof(text), "%*s", size_cols - 1, page_size(size, sizeof(size), json_integer_value(json_object_get(c, "size"))));
	put_title(v, page, c, title_cols > 12 ? title_cols : 12);
	page_put(page, ROLE_NORMAL, " ");
	page_cell(page, ROLE_NORMAL, version_cols, member(c, "version"));
	page_cell(page, ROLE_NORMAL, size_cols + 2, text);
	put_mark(v, page, c);
}

static void put_buttons(const struct bundle_view *v, struct page *page)
{
	struct page_button buttons[3];
	size_t n = 0;

	if (!failed(v))
		buttons[n++] = (struct page_button){ ID_APPLY, compare_installed(v) < 0 ? _("Go back to it") : _("Update from it") };
	if (app_allowed(v->app, NEED_SETTINGS) && !failed(v))
		buttons[n++] = (struct page_button){ ID_USE, _("Make it the source") };
	buttons[n++] = (struct page_button){ ID_BACK, _("Back") };
	page_buttons(page, buttons, n);
}

static void put_contents(struct bundle_view *v, struct page *page)
{
	int rows;

	put_version(v, page);
	put_dates(v, page);
	put_verdict(v, page);
	v->components.count = (int64_t)json_array_size(json_object_get(document(v), "components"));
	page_rule(page, _("Components"));
	rows = page_left(page) - FOOT_ROWS;
	if (rows > v->components.count)
		rows = (int)v->components.count;
	page_list(page, ID_COMPONENTS, &v->components, rows > 0 ? rows : 1, put_component, v);
}

static void prepare(void *data, struct page *page)
{
	struct bundle_view *v = data;

	page_line(page);
	page_cell(page, ROLE_LABEL, label_cols(), v->is_url ? _("Address") : _("File"));
	put_file(v, page);
	if (v->is_url)
		page_wrap(page, ROLE_NORMAL, _("It is fetched and verified by the update itself, before anything of it is used."));
	else if (v->problem[0] != '\0')
		page_wrap(page, ROLE_FAIL, v->problem);
	else if (document(v) == NULL)
		page_text(page, ROLE_DIM, _("Looking into it..."));
	else
		put_contents(v, page);
	page_rule(page, "");
	put_buttons(v, page);
}

/* --- looking into it --------------------------------------------------------------------------------------------------- */

/* The last line that the command wrote to standard error says why. */
static void keep_problem(struct bundle_view *v, const char *errors)
{
	snprintf(v->problem, sizeof(v->problem), "!! %.*s", (int)strcspn(errors, "\n"), errors);
}

/* An error comes as an object of its own. */
static bool is_document(const json_t *d)
{
	return json_is_object(d) && json_object_get(d, "event") == NULL;
}

static void keep_answer(struct bundle_view *v, json_t **document, const json_t *d, const char *errors)
{
	if (is_document(d))
		*document = json_deep_copy(d);
	else
		keep_problem(v, errors);
	app_dirty(v->app);
}

static void listed(void *data, const json_t *d, const char *errors)
{
	struct bundle_view *v = data;

	v->listing = NULL;
	keep_answer(v, &v->list, d, errors);
}

static void verified(void *data, const json_t *d, const char *errors)
{
	struct bundle_view *v = data;

	v->verifying = NULL;
	keep_answer(v, &v->verified, d, errors);
}

/* --- the answer ------------------------------------------------------------------------------------------------------------ */

static void close_all(struct app *a)
{
	while (dialog_is_open(a))
		dialog_close(a);
}

static void apply(struct bundle_view *v, bool older)
{
	const struct bundle_view_ops *ops = v->ops;
	void *data = v->data;
	struct app *a = v->app;
	char *path = strdup(v->path);

	if (path == NULL)
		return;
	close_all(a);
	ops->apply(data, path, older);
	free(path);
}

static void apply_older(void *data)
{
	apply(data, true);
}

static void use(struct bundle_view *v)
{
	const struct bundle_view_ops *ops = v->ops;
	void *data = v->data;
	struct app *a = v->app;
	char *path = strdup(v->path);

	if (path == NULL)
		return;
	close_all(a);
	ops->use(data, path);
	free(path);
}

static bool act(void *data, enum action action, int focus)
{
	struct bundle_view *v = data;

	if (action != ACTION_CHOOSE)
		return false;
	if (focus == ID_BACK) {
		dialog_close(v->app);
	} else if (focus == ID_USE) {
		use(v);
	} else if (focus == ID_APPLY && compare_installed(v) < 0) {
		dialog_ask(v->app, _("Go back to an older version"),
			   _("This bundle is older than what is installed. Install it all the same?\nThe present content is kept and can be returned to."),
			   apply_older, v);
	} else if (focus == ID_APPLY) {
		apply(v, false);
	} else {
		return false;
	}
	return true;
}

static void destroy(void *data)
{
	struct bundle_view *v = data;

	answer_forget(v->listing);
	answer_forget(v->verifying);
	json_decref(v->list);
	json_decref(v->verified);
	free(v->path);
	free(v);
}

/* Enter updates: that is what one came for. */
static void show(struct app *a, const struct dialog_ops *dialog, struct bundle_view *v)
{
	if (dialog_open(a, _("What the bundle holds"), dialog, v) != NULL)
		app_focus(a, ID_APPLY);
}

void bundle_view_open(struct app *a, const char *path, const struct bundle_view_ops *ops, void *data)
{
	static const struct dialog_ops dialog = { .scope = SCOPE_DIALOG, .prepare = prepare, .action = act, .destroy = destroy };
	const char *const list[] = { "--json", "bundle", "list", path, NULL };
	const char *const verify[] = { "--json", "bundle", "verify", path, NULL };
	struct bundle_view *v = calloc(1, sizeof(*v));
	struct error err = ERROR_INIT;

	if (v == NULL)
		return;
	v->app = a;
	v->path = strdup(path);
	v->ops = ops;
	v->data = data;
	v->is_url = path[0] != '/';
	v->is_there = v->path != NULL && !v->is_url && aside_stat(v->path, &v->st);
	if (v->path != NULL && !v->is_url) {
		v->listing = answer_start(a, list, listed, v, &err);
		v->verifying = answer_start(a, verify, verified, v, &err);
		if (v->listing == NULL || v->verifying == NULL)
			snprintf(v->problem, sizeof(v->problem), "!! %.*s", (int)sizeof(v->problem) - 4, err.message);
	}
	if (v->path == NULL)
		destroy(v);
	else
		show(a, &dialog, v);
}
