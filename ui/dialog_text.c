/* The text viewer: lines that fit the screen, with search and copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/wrap.h"
#include "term.h"

#define TEXT_MAX (4u << 20)
#define LINES_MAX 100000
#define ID_TEXT 2000
#define BOX_COLS 100

struct text_line {
	size_t at, len;			/* in `safe` */
	int indent;			/* columns, of what goes on from the line above */
};

struct viewer {
	struct app *app;
	char title[128];
	char *text;			/* as it was given, for copying */
	struct buffer safe;		/* sanitised, with its newlines */
	struct text_line *lines;	/* as they fit into `cols` */
	size_t count;
	int cols, rows;
	int64_t top;
	char search[256];
	int64_t found;			/* line that matches, -1: none */
	bool bare;
};

static bool add_line(struct viewer *v, size_t at, size_t len, int indent)
{
	if (v->count % 256 == 0) {
		struct text_line *more = realloc(v->lines, (v->count + 256) * sizeof(*more));

		if (more == NULL || v->count >= LINES_MAX)
			return false;
		v->lines = more;
	}
	v->lines[v->count++] = (struct text_line){ at, len, indent };
	return true;
}

/* Where a line goes on when it is broken: below its second column ("  b    Choose a bundle"), or where it begins. */
static int hanging(const char *line, int cols)
{
	size_t begin = strspn(line, " "), gap = begin;
	char *prefix;
	int width;

	while (line[gap] != '\0' && strncmp(line + gap, "  ", 2) != 0)
		gap++;
	gap += strspn(line + gap, " ");
	prefix = line[gap] != '\0' ? strndup(line, gap) : NULL;
	width = prefix != NULL ? (int)text_width(prefix) : cols;
	free(prefix);
	if (width > cols * 2 / 5)
		width = (int)begin;
	return width <= cols * 2 / 5 ? width : 0;
}

/* Breaks the text into lines of at most `cols` columns. */
static void break_lines(struct viewer *v, int cols)
{
	const char *text = buffer_text(&v->safe);

	if (cols == v->cols)
		return;
	v->cols = cols;
	v->count = 0;
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, "\n"), done = 0;
		int indent = 0;
		char *line = strndup(at, len);

		do {
			size_t n = line != NULL ? wrap_length(line + done, (size_t)(cols - indent), WRAP_CUT) : 0;

			if (!add_line(v, (size_t)(at - text) + done, n, indent))
				n = 0;
			done += n;
			if (n == 0)
				break;
			done += strspn(line + done, " ");
			/* What is selected with the mouse is taken as it stands. */
			indent = v->bare ? 0 : hanging(line, cols);
		} while (done < len);
		free(line);
		at += len + (at[len] == '\n');
	}
}

static enum theme_role line_role(const char *text, size_t n)
{
	if (n >= 3 && memcmp(text, "!! ", 3) == 0)
		return ROLE_FAIL;
	if (n >= 3 && memcmp(text, "?? ", 3) == 0)
		return ROLE_WARN;
	if (n >= 3 && memcmp(text, "OK ", 3) == 0)
		return ROLE_OK;
	return ROLE_NORMAL;
}

/* Puts a line, what was searched for in its own role. */
static void put_line(const struct viewer *v, struct page *p, const struct text_line *line)
{
	const char *text = buffer_text(&v->safe) + line->at;
	enum theme_role role = line_role(text, line->len);
	char *copy = strndup(text, line->len), *at = copy;
	size_t n = strlen(v->search);

	page_line(p);
	page_tab(p, line->indent);
	while (at != NULL && *at != '\0') {
		char *hit = n > 0 ? strcasestr(at, v->search) : NULL;

		page_put_n(p, role, at, hit != NULL ? (size_t)(hit - at) : strlen(at));
		if (hit == NULL)
			break;
		page_put_n(p, ROLE_MATCH, hit, n);
		at = hit + n;
	}
	free(copy);
}

static void clamp_top(struct viewer *v)
{
	int64_t most = (int64_t)v->count - v->rows;

	v->top = v->top > most ? most : v->top;
	v->top = v->top < 0 ? 0 : v->top;
}

static void prepare(void *data, struct page *p)
{
	struct viewer *v = data;

	break_lines(v, p->cols);
	v->rows = (int)v->count < p->rows ? (int)v->count : p->rows;
	clamp_top(v);
	page_area(p, ID_TEXT, v->rows);
	for (int i = 0; i < v->rows; i++)
		put_line(v, p, &v->lines[v->top + i]);
}

/* The next line (or the one before) that matches, from line `from` on. */
static void find(struct viewer *v, int64_t from, int by)
{
	v->found = -1;
	for (int64_t i = 0; v->search[0] != '\0' && i < (int64_t)v->count; i++) {
		int64_t at = (from + by * i) % (int64_t)v->count;
		const struct text_line *line;
		char *copy;

		at = at < 0 ? at + (int64_t)v->count : at;
		line = &v->lines[at];
		copy = strndup(buffer_text(&v->safe) + line->at, line->len);
		if (copy != NULL && strcasestr(copy, v->search) != NULL)
			v->found = at;
		free(copy);
		if (v->found >= 0)
			break;
	}
	if (v->found >= 0 && (v->found < v->top || v->found >= v->top + v->rows))
		v->top = v->found;
}

static void search_changed(void *data, const char *text)
{
	struct viewer *v = data;

	snprintf(v->search, sizeof(v->search), "%s", text);
	find(v, v->top, 1);
}

static void search_done(void *data, const char *text)
{
	struct viewer *v = data;

	if (text == NULL)
		v->search[0] = '\0';
}

static bool action(void *data, enum action what, int focus)
{
	static const struct prompt_ops search = { .changed = search_changed, .done = search_done };
	struct viewer *v = data;
	int page = v->rows > 1 ? v->rows - 1 : 1;

	(void)focus;
	switch (what) {
	case ACTION_UP: v->top--; break;
	case ACTION_DOWN: v->top++; break;
	case ACTION_PAGE_UP: v->top -= page; break;
	case ACTION_PAGE_DOWN: case ACTION_VIEW_PAGE: v->top += page; break;
	case ACTION_HALF_UP: v->top -= (page + 1) / 2; break;
	case ACTION_HALF_DOWN: v->top += (page + 1) / 2; break;
	case ACTION_TOP: v->top = 0; break;
	case ACTION_END: v->top = (int64_t)v->count; break;
	case ACTION_VIEW_SEARCH: app_prompt(v->app, "/", v->search, &search, v); break;
	case ACTION_VIEW_NEXT: find(v, v->found >= 0 ? v->found + 1 : v->top, 1); break;
	case ACTION_VIEW_PREVIOUS: find(v, v->found >= 0 ? v->found - 1 : v->top, -1); break;
	case ACTION_VIEW_COPY: app_copy(v->app, v->title, v->text); return true;
	case ACTION_CHOOSE: dialog_close(v->app); return true;
	default: return false;
	}
	clamp_top(v);
	return true;
}

static void destroy(void *data)
{
	struct viewer *v = data;

	if (v->app->p->prompt.open && v->app->p->prompt.data == v)
		v->app->p->prompt.open = false;
	if (v->bare)
		term_mouse_on(true);
	free(v->text);
	free(v->lines);
	buffer_clear(&v->safe);
	free(v);
}

static void open_viewer(struct app *a, const struct dialog_ops *ops, const char *title, const char *text)
{
	struct viewer *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return;
	*v = (struct viewer){ .app = a, .text = strdup(text), .safe = BUFFER_INIT(TEXT_MAX), .found = -1, .bare = ops->bare };
	snprintf(v->title, sizeof(v->title), "%s", title);
	if (v->text == NULL) {
		free(v);
		return;
	}
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		text_sanitise(&v->safe, at, len);
		buffer_putc(&v->safe, '\n');
		at += len + (at[len] == '\n');
	}
	if (v->bare)
		term_mouse_on(false);
	dialog_open(a, title, ops, v);
}

void dialog_text(struct app *a, const char *title, const char *text)
{
	static const struct dialog_ops ops = { .scope = SCOPE_VIEW, .cols = BOX_COLS, .prepare = prepare, .action = action,
					       .destroy = destroy };

	open_viewer(a, &ops, title, text);
}

void dialog_select(struct app *a, const char *text)
{
	static const struct dialog_ops ops = { .scope = SCOPE_VIEW, .bare = true, .prepare = prepare, .action = action,
					       .destroy = destroy };

	open_viewer(a, &ops, _("Select with the mouse"), text);
}
