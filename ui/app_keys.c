/* From keys to actions, and from actions to whoever does them. */
#include <string.h>

#include "app_private.h"
#include "appliance.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "key.h"
#include "term.h"

#define WHEEL_ROWS 3
#define PASTE_GAP_MS 1000		/* a paste comes without such a pause */

/* --- lists and fields ------------------------------------------------------------------------------------------------- */

static bool move_list(struct list *l, enum action action)
{
	int page = l->rows > 1 ? l->rows - 1 : 1;

	switch (action) {
	case ACTION_UP: list_move(l, -1); break;
	case ACTION_DOWN: list_move(l, 1); break;
	case ACTION_PAGE_UP: list_move(l, -page); break;
	case ACTION_PAGE_DOWN: list_move(l, page); break;
	case ACTION_HALF_UP: list_move(l, -(page + 1) / 2); break;
	case ACTION_HALF_DOWN: list_move(l, (page + 1) / 2); break;
	case ACTION_TOP: l->selected = 0; break;
	case ACTION_END: l->selected = l->count > 0 ? l->count - 1 : 0; break;
	default: return false;
	}
	return true;
}

/* Hands an action to the dialog on top, or to the pane. */
static bool hand_over(struct app *a, enum action action, int focus)
{
	struct app_private *p = a->p;

	if (p->dialogs != NULL)
		return p->dialogs->ops->action(p->dialogs->data, action, focus);
	return panes[p->pane]->action(p->data[p->pane], action, focus);
}

static void choose_field(struct app *a, struct page_item *item, int by)
{
	if (form_is_setting(item->form, item->field) && !app_permit(a, NEED_SETTINGS))
		return;
	app_notice_clear(a);
	form_choose(item->form, item->field, by);
}

static void perform(struct app *a, enum action action);

static void choose(struct app *a)
{
	struct page_item *item = surface_item(app_surface(a));

	if (item == NULL)
		return;
	if (item->kind == ITEM_FIELD)
		choose_field(a, item, 1);
	else if (item->kind == ITEM_BUTTON && item->id >= 0 && item->id < ACTION_COUNT)
		perform(a, (enum action)item->id);
	else
		hand_over(a, ACTION_CHOOSE, item->id);
}

/* Left and right turn a choice; elsewhere they go to the next item. */
static void sideways(struct app *a, int by)
{
	struct surface *s = app_surface(a);
	struct page_item *item = surface_item(s);

	if (item != NULL && item->kind == ITEM_FIELD &&
	    (item->form->field[item->field].spec->kind == FIELD_RADIO || item->form->field[item->field].spec->kind == FIELD_CHOICE))
		choose_field(a, item, by);
	else
		surface_move(s, by);
}

static void do_form(struct app *a, enum action action)
{
	switch (action) {
	case ACTION_NEXT: surface_move(app_surface(a), 1); break;
	case ACTION_PREVIOUS: surface_move(app_surface(a), -1); break;
	case ACTION_RIGHT: sideways(a, 1); break;
	case ACTION_LEFT: sideways(a, -1); break;
	default: choose(a);
	}
}

static void do_list(struct app *a, enum action action)
{
	struct page_item *item = surface_item(app_surface(a));

	if (item != NULL && item->kind == ITEM_LIST)
		move_list(item->list, action);
	else if (item != NULL)
		hand_over(a, action, item->id);
}

/* --- global actions ---------------------------------------------------------------------------------------------------- */

static void change_strip(struct app *a, int by)
{
	int now = a->p->strip_rows >= 0 ? a->p->strip_rows : app_strip_rows(a);

	a->p->strip_rows = now + by < 1 ? 1 : now + by > STRIP_LINES ? STRIP_LINES : now + by;
	a->p->strip_hidden = false;
}

static void zoom_log(struct app *a)
{
	int before = a->p->pane;

	if (strcmp(panes[before]->name, "log") == 0) {
		app_show_pane(a, a->p->before_zoom >= 0 ? a->p->before_zoom : 0);
		return;
	}
	if (app_go(a, "log", -1))
		a->p->before_zoom = before;
}

static void back(struct app *a)
{
	if (a->p->notice[0] != '\0')
		app_notice_clear(a);
	else
		hand_over(a, ACTION_BACK, app_focused(a));
}

static void do_global(struct app *a, enum action action)
{
	if (action >= ACTION_PANE_1 && action <= ACTION_PANE_5) {
		app_show_pane(a, (int)action - ACTION_PANE_1);
		return;
	}
	switch (action) {
	case ACTION_LOG_ZOOM: zoom_log(a); break;
	case ACTION_LOG_SMALLER: change_strip(a, -1); break;
	case ACTION_LOG_LARGER: change_strip(a, 1); break;
	case ACTION_LOG_HIDE: a->p->strip_hidden = !a->p->strip_hidden; break;
	case ACTION_COMMAND: app_command(a); break;
	case ACTION_APPLIANCE: appliance_open(a, NULL); break;
	case ACTION_REDRAW: term_repaint(); break;
	case ACTION_SUSPEND: a->p->suspend = true; break;
	case ACTION_BACK: back(a); break;
	case ACTION_HELP: app_help(a, false); break;
	case ACTION_ALL_KEYS: app_help(a, true); break;
	case ACTION_QUIT: app_quit(a); break;
	default: break;
	}
}

static void perform(struct app *a, enum action action)
{
	const struct action_info *info = action_info(action);

	app_dirty(a);
	if (!app_permit(a, info->need))
		return;
	switch (info->scope) {
	case SCOPE_FORM: do_form(a, action); break;
	case SCOPE_LIST: do_list(a, action); break;
	case SCOPE_GLOBAL: do_global(a, action); break;
	case SCOPE_DIALOG: dialog_close(a); break;
	default:
		if (a->p->dialogs == NULL)
			app_notice_clear(a);
		hand_over(a, action, app_focused(a));
	}
}

bool app_act(struct app *a, enum action action)
{
	enum scope scope = action_info(action)->scope;

	for (int i = 0; i < PANES_MAX; i++)
		if (a->p->data[i] != NULL && panes[i]->scope == scope)
			app_go(a, panes[i]->name, -1);
	app_prepare(a);
	if (!app_possible(a, action))
		return false;
	perform(a, action);
	return true;
}

/* --- while text is edited ---------------------------------------------------------------------------------------------- */

/* The item whose text takes what is typed; NULL: none. */
static struct page_item *edited(const struct app *a)
{
	struct page_item *item = surface_item(app_surface(a));

	return item != NULL && item->kind == ITEM_FIELD && item->form->editing == (int)item->field ? item : NULL;
}

/* Enter: a dialog may take it for its answer; otherwise it goes on to the next item where typing is direct. */
static void accept(struct app *a, struct page_item *item)
{
	bool direct = item->form->direct;

	if (a->p->dialogs != NULL && a->p->dialogs->ops->action(a->p->dialogs->data, ACTION_EDIT_ACCEPT, item->id))
		return;
	form_leave(item->form, true);
	if (direct)
		surface_move(app_surface(a), 1);
}

static void edit_key(struct app *a, struct page_item *item, int key)
{
	enum action action = keymap_action(SCOPE_EDIT, key);
	bool direct = item->form->direct;

	switch (action) {
	case ACTION_EDIT_ACCEPT: accept(a, item); break;
	case ACTION_EDIT_CANCEL:
		form_leave(item->form, false);
		if (direct && a->p->dialogs != NULL)
			dialog_close(a);
		break;
	case ACTION_EDIT_NEXT: surface_move(app_surface(a), 1); break;
	case ACTION_EDIT_PREVIOUS: surface_move(app_surface(a), -1); break;
	case ACTION_NONE: edit_insert(&item->form->edit, key); break;
	default: edit_action(&item->form->edit, action);
	}
	/* Where there is nothing to go to, the field is left all the same. */
	if ((action == ACTION_EDIT_NEXT || action == ACTION_EDIT_PREVIOUS) && !direct)
		form_leave(item->form, true);
}

/* --- the prompt -------------------------------------------------------------------------------------------------------- */

void app_prompt(struct app *a, const char *label, const char *text, const struct prompt_ops *ops, void *data)
{
	struct prompt *p = &a->p->prompt;

	*p = (struct prompt){ .open = true, .ops = *ops, .data = data };
	snprintf(p->label, sizeof(p->label), "%s", label);
	edit_start(&p->edit, text, false);
	app_dirty(a);
}

static void end_prompt(struct app *a, bool take)
{
	struct prompt *p = &a->p->prompt;
	char text[EDIT_MAX + 1];

	memcpy(text, p->edit.text, sizeof(text));
	p->open = false;
	if (p->ops.done != NULL)
		p->ops.done(p->data, take ? text : NULL);
}

static void complete_prompt(struct prompt *p)
{
	struct buffer out = BUFFER_INIT(EDIT_MAX), hint = BUFFER_INIT(sizeof(p->hint) - 1);

	p->ops.complete(p->data, p->edit.text, &out, &hint);
	if (out.len > 0)
		edit_start(&p->edit, buffer_text(&out), false);
	snprintf(p->hint, sizeof(p->hint), "%s", buffer_text(&hint));
	buffer_clear(&out);
	buffer_clear(&hint);
}

static void prompt_key(struct app *a, int key)
{
	struct prompt *p = &a->p->prompt;
	enum action action = keymap_action(SCOPE_EDIT, key);

	p->hint[0] = '\0';
	switch (action) {
	case ACTION_EDIT_ACCEPT: end_prompt(a, true); return;
	case ACTION_EDIT_CANCEL: end_prompt(a, false); return;
	case ACTION_EDIT_NEXT:
		if (p->ops.complete != NULL)
			complete_prompt(p);
		break;
	case ACTION_EDIT_PREVIOUS: return;
	case ACTION_EDIT_RUB_OUT:
		if (p->edit.len == 0) {		/* as in less and vi */
			end_prompt(a, false);
			return;
		}
		edit_action(&p->edit, action);
		break;
	case ACTION_NONE: edit_insert(&p->edit, key); break;
	default: edit_action(&p->edit, action);
	}
	if (p->ops.changed != NULL)
		p->ops.changed(p->data, p->edit.text);
}

/* --- keys ------------------------------------------------------------------------------------------------------------ */

/* What is pasted goes into a text or nowhere: it never acts. */
static void paste_key(struct app *a, int key)
{
	struct page_item *item;

	if (!key_is_text(key))
		return;
	if (a->p->prompt.open) {
		prompt_key(a, key);
		return;
	}
	item = edited(a);
	if (item != NULL)
		edit_insert(&item->form->edit, key);
}

static void start_paste(struct app *a)
{
	struct page_item *item;

	a->p->pasting = true;
	app_prepare(a);
	item = surface_item(app_surface(a));
	if (!a->p->prompt.open && item != NULL && item->kind == ITEM_FIELD && edited(a) == NULL &&
	    (!form_is_setting(item->form, item->field) || app_permit(a, NEED_SETTINGS)))
		form_edit(item->form, item->field);
}

static void plain_key(struct app *a, int key)
{
	enum scope scopes[SCOPE_COUNT];
	int n;

	if (key == KEYS_MOUSE) {
		int row, col, wheel;

		term_mouse(&row, &col, &wheel);
		app_mouse(a, row, col, wheel * WHEEL_ROWS);
		return;
	}
	n = app_scopes(a, scopes);
	for (int i = 0; i < n; i++) {
		enum action action = keymap_action(scopes[i], key);

		if (action != ACTION_NONE && app_possible(a, action)) {
			perform(a, action);
			return;
		}
	}
}

void app_key(struct app *a, int key)
{
	struct page_item *item;
	int64_t now = clock_monotonic_ms();

	a->p->typed = true;
	/* The end of a paste was lost on the way: what comes much later was typed. */
	if (a->p->pasting && now - a->p->pasted_ms > PASTE_GAP_MS)
		a->p->pasting = false;
	a->p->pasted_ms = now;
	if (key == KEYS_PASTE_START) {
		start_paste(a);
	} else if (key == KEYS_PASTE_END) {
		a->p->pasting = false;
	} else if (a->p->pasting) {
		paste_key(a, key);
	} else if (a->p->prompt.open) {
		prompt_key(a, key);
	} else {
		app_prepare(a);
		item = edited(a);
		if (item != NULL && key != KEYS_MOUSE)
			edit_key(a, item, key);
		else
			plain_key(a, key);
	}
	app_dirty(a);
}

/* --- the mouse --------------------------------------------------------------------------------------------------------- */

static bool hit_item(struct app *a, int line, int col)
{
	struct surface *s = app_surface(a);

	for (int i = 0; i < s->page.items; i++) {
		struct page_item *it = &s->page.item[i];

		if (line < it->line || line >= it->line + it->rows || col < it->col || col >= it->col + it->cols)
			continue;
		if (it->kind == ITEM_LIST) {
			int64_t row = it->list->top + (line - it->line);
			bool again = s->focus == it->id && it->list->selected == row;

			surface_focus(s, it->id);
			if (row < it->list->count)
				it->list->selected = row;
			if (again)
				choose(a);
			return true;
		}
		surface_focus(s, it->id);
		if (it->kind != ITEM_AREA)
			choose(a);
		return true;
	}
	return false;
}

void app_mouse(struct app *a, int row, int col, int wheel)
{
	struct surface *s = app_surface(a);
	int pane;

	if (wheel != 0) {
		for (int i = 0; i < (wheel < 0 ? -wheel : wheel); i++) {
			enum action move = wheel < 0 ? ACTION_UP : ACTION_DOWN;

			if (app_possible(a, move))
				perform(a, move);
		}
		return;
	}
	if (a->p->dialogs == NULL && row == a->p->layout.bar.row) {
		pane = app_bar_pane(a, col);
		if (pane >= 0)
			app_show_pane(a, pane);
		return;
	}
	hit_item(a, row - s->screen_row + s->top, col - s->screen_col);
}
