/* Makes what is drawn next: the layout, and the pages of the pane, its side column, the log strip and the dialogs. No curses but
 * for the size of the screen. */
#include <string.h>

#include "app_private.h"
#include "base/wrap.h"
#include "strip.h"
#include "term.h"

#define NOTICE_LINES 4
#define BODY_ALL 10000		/* rows that a pane likes to have before it said how many */

/* Has that pane something for the side column of the one that is shown? */
static bool gives_summary(const struct app *a, int i)
{
	return a->p->data[i] != NULL && i != a->p->pane && panes[i]->summary != NULL && !panes[a->p->pane]->wide;
}

static bool has_side(const struct app *a)
{
	for (int i = 0; i < PANES_MAX; i++) {
		if (gives_summary(a, i))
			return true;
	}
	return false;
}

/* The checks first: they change. */
static void prepare_side(struct app *a)
{
	for (int i = PANES_MAX - 1; i >= 0; i--) {
		if (gives_summary(a, i))
			panes[i]->summary(a->p->data[i], &a->p->side.page);
	}
}

static struct layout make_layout(const struct app *a, int body)
{
	return layout_make(term_rows(), term_cols(), body,
			   a->p->strip_hidden || panes[a->p->pane]->whole ? 0 : a->p->strip_rows,
			   has_side(a));
}

int app_strip_rows(const struct app *a)
{
	return a->p->layout.strip.rows;
}

int app_notice_lines(const struct app *a, int cols)
{
	const char *at = a->p->notice;
	int n = 0;

	while (*at != '\0' && n < NOTICE_LINES) {
		size_t len = wrap_length(at, (size_t)cols, WRAP_CUT);

		if (len == 0)
			break;
		at += len;
		at += strspn(at, " ");
		n++;
	}
	return n;
}

static void prepare_pane(struct app *a)
{
	struct app_private *p = a->p;
	struct surface *s = &p->surface[p->pane];
	struct layout l = make_layout(a, BODY_ALL);
	int notice = app_notice_lines(a, l.body.cols - 4);

	if (panes[p->pane]->whole)
		page_start(&s->page, l.body.rows - notice, l.body.cols, term_ascii());
	else
		page_start(&s->page, l.body.rows - 1 - notice, l.body.cols - 4, term_ascii());
	s->page.resting = p->rest_timer == 0;
	panes[p->pane]->prepare(p->data[p->pane], &s->page);
	surface_settle(s);
	p->layout = make_layout(a, s->page.count + 1 + notice);
	page_start(&p->side.page, p->layout.side.rows - 1, p->layout.side.cols - 4, term_ascii());
	if (p->layout.side.cols > 0)
		prepare_side(a);
	page_start(&p->strip_page, p->layout.strip.rows, p->layout.strip.cols, term_ascii());
	strip_prepare(a, &p->strip_page);
}

static void prepare_dialog(const struct app *a, struct dialog *d)
{
	int most = term_rows() - 1;	/* the last line has the keys */
	int rows = d->ops->rows > 0 && d->ops->rows < most ? d->ops->rows : most;
	int cols = d->ops->cols > 0 && d->ops->cols < term_cols() ? d->ops->cols : term_cols();

	page_start(&d->surface.page, d->ops->bare ? most : rows - 2, d->ops->bare ? term_cols() : cols - 4, term_ascii());
	d->surface.page.resting = a->p->rest_timer == 0;
	d->ops->prepare(d->data, &d->surface.page);
	surface_settle(&d->surface);
}

void app_prepare(struct app *a)
{
	if (!a->p->stale)
		return;
	a->p->stale = false;
	prepare_pane(a);
	for (struct dialog *d = a->p->dialogs; d != NULL; d = d->below)
		prepare_dialog(a, d);
}
