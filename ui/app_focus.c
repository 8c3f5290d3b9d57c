/* Panes, the focus, and what is possible. */
#include <string.h>

#include "app_private.h"
#include "base/i18n.h"

struct surface *app_surface(const struct app *a)
{
	return a->p->dialogs != NULL ? &a->p->dialogs->surface : &a->p->surface[a->p->pane];
}

struct page_item *surface_item(const struct surface *s)
{
	for (int i = 0; i < s->page.items; i++)
		if (s->page.item[i].id == s->focus)
			return &s->page.item[i];
	return NULL;
}

/* A text field in a dialog takes what is typed as soon as it has the focus. */
static void begin_editing(struct surface *s)
{
	struct page_item *item = surface_item(s);

	if (item != NULL && item->kind == ITEM_FIELD && item->form->direct && item->form->editing != (int)item->field)
		form_edit(item->form, item->field);
}

static void leave_form(struct surface *s)
{
	struct page_item *item = surface_item(s);

	if (item != NULL && item->kind == ITEM_FIELD)
		form_leave(item->form, true);
}

void surface_focus(struct surface *s, int id)
{
	if (s->focus == id)
		return;
	leave_form(s);
	s->focus = id;
	begin_editing(s);
}

void surface_move(struct surface *s, int by)
{
	int n = s->page.items, now = -1;

	for (int i = 0; i < n; i++)
		if (s->page.item[i].id == s->focus)
			now = i;
	if (n == 0)
		return;
	surface_focus(s, s->page.item[now < 0 ? 0 : (now + by + n) % n].id);
}

void surface_settle(struct surface *s)
{
	if (surface_item(s) == NULL && s->page.items > 0) {
		s->focus = s->page.item[0].id;
		begin_editing(s);
	}
}

void app_focus(struct app *a, int id)
{
	surface_focus(app_surface(a), id);
	app_dirty(a);
}

int app_focused(const struct app *a)
{
	struct page_item *item = surface_item(app_surface(a));

	return item != NULL ? item->id : -1;
}

void app_show_pane(struct app *a, int pane)
{
	struct app_private *p = a->p;

	if (pane < 0 || pane >= PANES_MAX || p->data[pane] == NULL || pane == p->pane)
		return;
	if (p->pane >= 0) {
		leave_form(&p->surface[p->pane]);
		if (panes[p->pane]->event != NULL)
			panes[p->pane]->event(p->data[p->pane], PANE_HIDDEN);
		app_notice_clear(a);
	}
	p->pane = pane;
	if (panes[pane]->event != NULL)
		panes[pane]->event(p->data[pane], PANE_SHOWN);
	app_dirty(a);
}

bool app_go(struct app *a, const char *pane, int focus)
{
	for (int i = 0; i < PANES_MAX; i++) {
		if (a->p->data[i] == NULL || strcmp(panes[i]->name, pane) != 0)
			continue;
		dialogs_clear(a);
		app_show_pane(a, i);
		app_prepare(a);
		if (focus >= 0)
			app_focus(a, focus);
		return true;
	}
	return false;
}

bool app_shows(const struct app *a, const char *pane)
{
	const struct pane_ops *shown = panes[a->p->pane];
	const struct form *form = shown->form != NULL ? shown->form(a->p->data[a->p->pane]) : NULL;

	return a->p->dialogs == NULL && !a->p->prompt.open && strcmp(shown->name, pane) == 0 && (form == NULL || form->editing < 0);
}

/* --- what is possible ------------------------------------------------------------------------------------------------- */

static bool global_possible(const struct app *a, enum action action)
{
	if (action >= ACTION_PANE_1 && action <= ACTION_PANE_5)
		return a->p->dialogs == NULL && a->p->data[action - ACTION_PANE_1] != NULL;
	switch (action) {
	case ACTION_HELP: case ACTION_REDRAW: case ACTION_SUSPEND: case ACTION_ALL_KEYS: return true;
	case ACTION_LOG_ZOOM: return a->p->dialogs == NULL && app_pane(a, "log") != NULL;
	default: return a->p->dialogs == NULL;
	}
}

static bool form_possible(const struct surface *s, enum action action)
{
	return action == ACTION_CHOOSE ? surface_item(s) != NULL : s->page.items > 1;
}

bool app_possible(struct app *a, enum action action)
{
	const struct app_private *p = a->p;
	const struct surface *s = app_surface(a);
	const struct page_item *item = surface_item(s);
	enum scope scope = action_info(action)->scope;

	if (action >= ACTION_COUNT)
		return false;
	switch (scope) {
	case SCOPE_GLOBAL: return global_possible(a, action);
	case SCOPE_FORM: return form_possible(s, action);
	case SCOPE_LIST: return item != NULL && (item->kind == ITEM_LIST || item->kind == ITEM_AREA);
	case SCOPE_DIALOG: return p->dialogs != NULL;
	case SCOPE_EDIT: return false;
	default: break;
	}
	if (p->dialogs != NULL)
		return p->dialogs->ops->scope == scope && (p->dialogs->ops->possible == NULL ||
							   p->dialogs->ops->possible(p->dialogs->data, action));
	return panes[p->pane]->scope == scope &&
	       (panes[p->pane]->possible == NULL || panes[p->pane]->possible(p->data[p->pane], action));
}

int app_scopes(const struct app *a, enum scope *scopes)
{
	const struct page_item *item = surface_item(app_surface(a));
	int n = 0;

	if (a->p->dialogs == NULL)
		scopes[n++] = panes[a->p->pane]->scope;
	else if (a->p->dialogs->ops->scope != SCOPE_DIALOG)
		scopes[n++] = a->p->dialogs->ops->scope;
	if (item != NULL && (item->kind == ITEM_LIST || item->kind == ITEM_AREA))
		scopes[n++] = SCOPE_LIST;
	scopes[n++] = SCOPE_FORM;
	if (a->p->dialogs != NULL)
		scopes[n++] = SCOPE_DIALOG;
	scopes[n++] = SCOPE_GLOBAL;
	return n;
}
