#include "update_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/i18n.h"
#include "base/text.h"

#define ID_LIST 2000
#define LABEL_COLS 8
#define TITLE_COLS_MIN 20
#define DETAIL_ROWS 3

struct changes {
	struct app *app;
	struct answer *answer;		/* NULL: it is here, or failed */
	json_t *document;		/* NULL: not yet */
	struct list list;
	int title_cols, from_cols, to_cols, count_cols;	/* of the widest one, and a space */
	char problem[ERROR_TEXT_MAX];
};

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const json_t *component(const struct changes *c, int64_t row)
{
	return json_array_get(json_object_get(c->document, "components"), (size_t)row);
}

static const char *version_to(const json_t *it)
{
	if (strcmp(member(it, "status"), "unchanged") == 0)
		return _("unchanged");
	return member(it, "version_to")[0] != '\0' ? member(it, "version_to") : _("gone");
}

static int wider(int cols, const char *text)
{
	char safe[1024];
	int own = (int)text_width(text_safe(safe, sizeof(safe), text)) + 1;

	return own > cols ? own : cols;
}

/* "+3 -1 ~2": files that are new, gone, changed. */
static const char *count_text(const json_t *it, char *dst, size_t size)
{
	snprintf(dst, size, "+%lld -%lld ~%lld", number(it, "files_added"), number(it, "files_removed"), number(it, "files_changed"));
	return dst;
}

static const char *version_from(const json_t *it)
{
	return member(it, "version_from")[0] != '\0' ? member(it, "version_from") : "-";
}

static void measure(struct changes *c)
{
	char count[64];

	c->title_cols = c->from_cols = c->to_cols = c->count_cols = 0;
	for (int64_t row = 0; row < c->list.count; row++) {
		const json_t *it = component(c, row);

		c->title_cols = wider(c->title_cols, member(it, "title"));
		c->from_cols = wider(c->from_cols, version_from(it));
		c->to_cols = wider(c->to_cols, version_to(it));
		c->count_cols = wider(c->count_cols, count_text(it, count, sizeof(count)));
	}
}

/* A version that is cut says nothing; the title of the selected one stands below. */
static void put_component(void *data, struct page *page, int64_t row, bool selected)
{
	const struct changes *c = data;
	const json_t *it = component(c, row);
	bool same = strcmp(member(it, "status"), "unchanged") == 0;
	enum theme_role role = same ? ROLE_DIM : ROLE_NORMAL;
	int title = page_cols_left(page) - c->from_cols - c->to_cols - c->count_cols + 1;
	char count[64];

	(void)selected;
	title = title < TITLE_COLS_MIN ? TITLE_COLS_MIN : title < c->title_cols ? title : c->title_cols;
	page_cell(page, role, title - 1, member(it, "title"));
	page_put(page, role, " ");
	page_cell(page, role, c->from_cols, version_from(it));
	page_cell(page, role, c->to_cols, version_to(it));
	if (!same)
		page_put(page, role, count_text(it, count, sizeof(count)));
}

static void put_detail(const struct changes *c, struct page *page)
{
	const json_t *it = component(c, c->list.selected);
	char from[32], to[32];

	page_rule(page, member(it, "title"));
	page_line(page);
	page_putf(page, ROLE_NORMAL, _("Files: %'lld new, %'lld gone, %'lld changed."), number(it, "files_added"),
		  number(it, "files_removed"), number(it, "files_changed"));
	page_line(page);
	page_putf(page, ROLE_NORMAL, _("Size: %s before, %s now."), page_size(from, sizeof(from), number(it, "bytes_from")),
		  page_size(to, sizeof(to), number(it, "bytes_to")));
}

static void put_generation(const struct changes *c, struct page *page, const char *name, const char *label)
{
	const json_t *g = json_object_get(c->document, name);

	page_line(page);
	page_cell(page, ROLE_LABEL, (int)text_widest(LABEL_COLS - 2, _("From"), _("To")) + 2, label);
	page_putf(page, ROLE_NORMAL, _("%s, version %s"), member(g, "generation"), member(g, "version"));
}

static void prepare(void *data, struct page *page)
{
	struct changes *c = data;

	if (c->problem[0] != '\0') {
		page_wrap(page, ROLE_FAIL, c->problem);
		return;
	}
	if (c->document == NULL) {
		page_text(page, ROLE_DIM, _("Comparing..."));
		return;
	}
	c->list.count = (int64_t)json_array_size(json_object_get(c->document, "components"));
	if (c->list.count == 0) {
		page_text(page, ROLE_NORMAL, _("There is no earlier content to compare with."));
		return;
	}
	measure(c);
	put_generation(c, page, "from", _("From"));
	put_generation(c, page, "to", _("To"));
	page_rule(page, _("Components\tfiles: + new, - gone, ~ changed"));
	page_list(page, ID_LIST, &c->list, page_left(page) - DETAIL_ROWS, put_component, c);
	put_detail(c, page);
}

static bool act(void *data, enum action action, int focus)
{
	(void)data;
	(void)focus;
	return action == ACTION_CHOOSE;
}

static void compared(void *data, const json_t *document, const char *errors)
{
	struct changes *c = data;

	c->answer = NULL;
	if (json_object_get(document, "components") != NULL)
		c->document = json_deep_copy(document);
	else
		snprintf(c->problem, sizeof(c->problem), "!! %.*s", (int)strcspn(errors, "\n"), errors);
	app_dirty(c->app);
}

static void destroy(void *data)
{
	struct changes *c = data;

	answer_forget(c->answer);
	json_decref(c->document);
	free(c);
}

void update_changes_open(struct app *a, const char *from, const char *to)
{
	static const struct dialog_ops ops = { .scope = SCOPE_DIALOG, .prepare = prepare, .action = act, .destroy = destroy };
	const char *const arguments[] = { "--json", "diff", from, to, NULL };
	struct changes *c = calloc(1, sizeof(*c));
	struct error err = ERROR_INIT;

	if (c == NULL)
		return;
	c->app = a;
	c->answer = answer_start(a, arguments, compared, c, &err);
	if (c->answer == NULL)
		snprintf(c->problem, sizeof(c->problem), "!! %.*s", (int)sizeof(c->problem) - 4, err.message);
	dialog_open(a, _("What changed"), &ops, c);
}
