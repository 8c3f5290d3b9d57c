#include "dialog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "base/i18n.h"
#include "base/text.h"

#define BOX_COLS 76
#define DEPTH_MAX 12

static int depth(const struct app *a)
{
	int n = 0;

	for (const struct dialog *d = a->p->dialogs; d != NULL; d = d->below)
		n++;
	return n;
}

struct dialog *dialog_open(struct app *a, const char *title, const struct dialog_ops *ops, void *data)
{
	struct dialog *d = data != NULL && depth(a) < DEPTH_MAX ? calloc(1, sizeof(*d)) : NULL;

	if (d == NULL) {
		if (data != NULL && ops->destroy != NULL)
			ops->destroy(data);
		return NULL;
	}
	d->ops = ops;
	d->data = data;
	text_safe(d->title, sizeof(d->title), title);
	page_init(&d->surface.page);
	d->surface.focus = -1;
	d->below = a->p->dialogs;
	a->p->dialogs = d;
	app_dirty(a);
	return d;
}

void dialog_close(struct app *a)
{
	struct dialog *d = a->p->dialogs;

	if (d == NULL)
		return;
	a->p->dialogs = d->below;	/* first: what destroy() calls may open the next one */
	page_clear(&d->surface.page);
	if (d->ops->destroy != NULL)
		d->ops->destroy(d->data);
	free(d);
	app_dirty(a);
}

bool dialog_is_open(const struct app *a)
{
	return a->p->dialogs != NULL;
}

void dialogs_clear(struct app *a)
{
	for (int i = 0; a->p->dialogs != NULL && i < 64; i++)
		dialog_close(a);
}

/* --- a question ------------------------------------------------------------------------------------------------------------ */

struct ask {
	struct app *app;
	char *question;
	void (*yes)(void *data);
	void *data;
};

static void ask_prepare(void *data, struct page *p)
{
	struct ask *ask = data;
	struct page_button buttons[] = { { ACTION_NO, _("No") }, { ACTION_YES, _("Yes") } };

	page_wrap(p, ROLE_NORMAL, ask->question);
	page_line(p);
	page_buttons(p, buttons, 2);
}

static bool ask_action(void *data, enum action action, int focus)
{
	struct ask *ask = data;
	void (*yes)(void *yes_data) = ask->yes;
	void *yes_data = ask->data;
	struct app *a = ask->app;

	(void)focus;
	if (action != ACTION_YES && action != ACTION_NO)
		return false;
	dialog_close(a);		/* first: the answer may open the next one */
	if (action == ACTION_YES)
		yes(yes_data);
	return true;
}

static void ask_destroy(void *data)
{
	struct ask *ask = data;

	free(ask->question);
	free(ask);
}

void dialog_ask(struct app *a, const char *title, const char *question, void (*yes)(void *data), void *data)
{
	static const struct dialog_ops ops = { .scope = SCOPE_ASK, .cols = BOX_COLS, .prepare = ask_prepare,
					       .action = ask_action, .destroy = ask_destroy };
	struct ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL)
		return;
	*ask = (struct ask){ a, strdup(question), yes, data };
	if (ask->question == NULL) {
		free(ask);
		return;
	}
	dialog_open(a, title, &ops, ask);
}

/* --- one line to fill in --------------------------------------------------------------------------------------------------- */

struct input {
	struct app *app;
	struct form form;
	struct field_spec spec;
	char *label;
	bool (*enter)(void *data, const char *input, struct error *err);
	void *data;
	char reason[ERROR_TEXT_MAX];
};

static void input_prepare(void *data, struct page *p)
{
	struct input *in = data;

	page_wrap(p, ROLE_NORMAL, in->label);
	page_line(p);
	form_put_value(p, &in->form, 0, 0);
	page_line(p);
	if (in->reason[0] != '\0') {
		page_tab(p, 0);
		page_wrap_after(p, ROLE_FAIL, 0, in->reason);
	}
}

static bool input_action(void *data, enum action action, int focus)
{
	struct input *in = data;
	struct error err = ERROR_INIT;
	char text[EDIT_MAX + 1];
	struct app *a = in->app;

	(void)focus;
	if (action != ACTION_EDIT_ACCEPT)
		return false;
	memcpy(text, in->form.edit.text, sizeof(text));
	if (in->enter(in->data, text, &err)) {
		/* What enter() opened stays; this one goes. */
		for (struct dialog **at = &a->p->dialogs; *at != NULL; at = &(*at)->below) {
			if ((*at)->data == in) {
				struct dialog *d = *at;

				*at = d->below;
				d->below = a->p->dialogs;
				a->p->dialogs = d;
				dialog_close(a);
				break;
			}
		}
	} else {
		text_safe(in->reason, sizeof(in->reason), err.message);
	}
	explicit_bzero(text, sizeof(text));
	return true;
}

static void input_destroy(void *data)
{
	struct input *in = data;

	form_clear(&in->form);
	free(in->label);
	free(in);
}

static void open_input(struct app *a, enum field_kind kind, const char *title, const char *label, const char *value,
		       bool (*enter)(void *data, const char *input, struct error *err), void *data)
{
	static const struct dialog_ops ops = { .scope = SCOPE_DIALOG, .cols = BOX_COLS, .prepare = input_prepare,
					       .action = input_action, .destroy = input_destroy };
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return;
	in->app = a;
	in->label = strdup(label);
	in->spec = (struct field_spec){ kind, FIELD_NO_SETTING, NULL, NULL, NULL };
	in->enter = enter;
	in->data = data;
	form_init(&in->form, &in->spec, 1);
	in->form.direct = true;
	form_set(&in->form, 0, value);
	if (in->label == NULL)
		input_destroy(in);
	else
		dialog_open(a, title, &ops, in);
}

void dialog_input(struct app *a, const char *title, const char *label, const char *value,
		  bool (*enter)(void *data, const char *input, struct error *err), void *data)
{
	open_input(a, FIELD_TEXT, title, label, value, enter, data);
}

void dialog_password(struct app *a, const char *title, const char *label,
		     bool (*enter)(void *data, const char *input, struct error *err), void *data)
{
	open_input(a, FIELD_PASSWORD, title, label, "", enter, data);
}

/* --- one of several -------------------------------------------------------------------------------------------------------- */

#define ID_ROWS 2000
#define CHOICE_OTHER_COLS 6		/* the frame, and the mark of the selected row */

struct choice {
	struct app *app;
	struct dialog_ops ops;		/* as wide as the rows want it */
	struct list list;
	char **rows;
	void (*chosen)(void *data, size_t row);
	void *data;
};

static void put_choice(void *data, struct page *p, int64_t row, bool selected)
{
	const struct choice *c = data;

	page_put(p, selected ? ROLE_TITLE : ROLE_NORMAL, c->rows[row]);
}

static void choice_prepare(void *data, struct page *p)
{
	struct choice *c = data;
	int rows = c->list.count < p->rows ? (int)c->list.count : p->rows;

	page_list(p, ID_ROWS, &c->list, rows, put_choice, c);
}

static bool choice_action(void *data, enum action action, int focus)
{
	struct choice *c = data;
	void (*chosen)(void *chosen_data, size_t row) = c->chosen;
	void *chosen_data = c->data;
	size_t row = (size_t)c->list.selected;

	if (action != ACTION_CHOOSE || focus != ID_ROWS || c->list.count == 0)
		return false;
	dialog_close(c->app);
	chosen(chosen_data, row);
	return true;
}

static void choice_destroy(void *data)
{
	struct choice *c = data;

	for (int64_t i = 0; c->rows != NULL && i < c->list.count; i++)
		free(c->rows[i]);
	free(c->rows);
	free(c);
}

void dialog_choose(struct app *a, const char *title, const char *const *rows, size_t n,
		   void (*chosen)(void *data, size_t row), void *data)
{
	struct choice *c = calloc(1, sizeof(*c));
	size_t widest = BOX_COLS - CHOICE_OTHER_COLS;

	if (c == NULL)
		return;
	*c = (struct choice){ .app = a, .rows = calloc(n + 1, sizeof(char *)), .chosen = chosen, .data = data };
	for (size_t i = 0; c->rows != NULL && i < n && (c->rows[i] = strdup(rows[i])) != NULL; i++) {
		c->list.count = (int64_t)i + 1;
		widest = text_widest(widest, rows[i]);
	}
	c->ops = (struct dialog_ops){ .scope = SCOPE_DIALOG, .cols = (int)widest + CHOICE_OTHER_COLS, .prepare = choice_prepare,
				      .action = choice_action, .destroy = choice_destroy };
	dialog_open(a, title, &c->ops, c);
}

/* --- a form ---------------------------------------------------------------------------------------------------------------- */

#define ID_ACCEPT 2000
#define ID_CANCEL 2001
#define FORM_LABEL_MIN 10

struct form_dialog {
	struct app *app;
	struct form *form;
	char button[64];
	bool (*accept)(void *data, struct error *err);
	void (*closed)(void *data);
	void *data;
	char reason[ERROR_TEXT_MAX];
};

static void form_dialog_prepare(void *data, struct page *p)
{
	struct form_dialog *d = data;
	struct page_button buttons[] = { { ID_ACCEPT, d->button }, { ID_CANCEL, _("Cancel") } };
	int label = form_label_cols(d->form, FORM_LABEL_MIN + 3) + 1;

	for (size_t i = 0; i < d->form->count; i++)
		form_put(p, d->form, i, label);
	page_line(p);
	if (d->reason[0] != '\0')
		page_wrap(p, ROLE_FAIL, d->reason);
	page_buttons(p, buttons, 2);
}

static bool form_dialog_action(void *data, enum action action, int focus)
{
	struct form_dialog *d = data;
	struct error err = ERROR_INIT;
	struct app *a = d->app;
	const char *problem;

	if (action != ACTION_CHOOSE || (focus != ID_ACCEPT && focus != ID_CANCEL))
		return false;
	if (focus == ID_CANCEL) {
		dialog_close(a);
		return true;
	}
	form_leave(d->form, true);
	problem = form_problem(d->form);
	if (problem != NULL)
		return true;		/* it stands beside its field */
	if (d->accept(d->data, &err))
		dialog_close(a);
	else
		text_safe(d->reason, sizeof(d->reason), err.message);
	return true;
}

static void form_dialog_destroy(void *data)
{
	struct form_dialog *d = data;

	form_leave(d->form, false);
	if (d->closed != NULL)
		d->closed(d->data);
	free(d);
}

void dialog_form(struct app *a, const char *title, struct form *form, const char *button,
		 bool (*accept)(void *data, struct error *err), void (*closed)(void *data), void *data)
{
	static const struct dialog_ops ops = { .scope = SCOPE_DIALOG, .cols = BOX_COLS, .prepare = form_dialog_prepare,
					       .action = form_dialog_action, .destroy = form_dialog_destroy };
	struct form_dialog *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return;
	*d = (struct form_dialog){ .app = a, .form = form, .accept = accept, .closed = closed, .data = data };
	snprintf(d->button, sizeof(d->button), "%s", button);
	form->direct = true;
	dialog_open(a, title, &ops, d);
}
