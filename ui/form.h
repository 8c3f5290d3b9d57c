/* form.h - fields that are bound to settings (or to nothing but the form): shown on a page, edited in place, checked as they
 * are left, marked while unsaved, saved and undone together. No curses.
 *
 *	static const struct field_spec specs[] = {
 *		{ FIELD_CHECK, SETTING_PROXY_ENABLED },
 *		{ FIELD_TEXT, SETTING_PROXY_HOST },
 *		{ FIELD_PASSWORD, FIELD_NO_SETTING, .label = N_("Password") },
 *	};
 *	form_init(&f, specs, 3);  form_load(&f, settings);	create
 *	form_put(page, &f, FIELD_HOST, 14);			prepare: "Host  *       proxy.corp.example"
 *	form_save(&f, app->settings, &err)			the action save
 *
 * The console handles the keys of a field that has the focus (app_keys.c), asks before unsaved changes are lost (a pane
 * gives its form in pane_ops.form), and refuses to change settings in restricted mode.
 */
#ifndef PC_UI_FORM_H
#define PC_UI_FORM_H

#include <stdbool.h>

#include "base/error.h"
#include "edit.h"
#include "page.h"
#include "settings/settings.h"

#define FORM_FIELDS_MAX 40
#define FORM_ID 1000			/* the page item of field i is FORM_ID + i */
#define FIELD_NO_SETTING (-1)

enum field_kind {
	FIELD_TEXT,			/* also numbers, durations, lists: whatever the setting takes */
	FIELD_PASSWORD,			/* never shown; a value of "" means: left as it is */
	FIELD_CHECK,			/* "true" or "false" */
	FIELD_RADIO,			/* one of `choices`, all shown */
	FIELD_CHOICE			/* one of `choices`, the chosen one shown */
};

struct field_spec {
	enum field_kind kind;
	int setting;			/* enum setting, or FIELD_NO_SETTING */
	const char *label;		/* (N_); NULL: the setting's */
	const char *choices;		/* "web|offline"; NULL: the setting's */
	const char *names;		/* of the choices, "Web|Offline" (N_); NULL: the choices themselves */
};

struct form_field {
	const struct field_spec *spec;
	char *value, *saved;		/* never NULL once loaded */
	bool is_set;			/* PASSWORD: there is one already; the owner keeps it right */
	char reason[256];		/* why the value is refused; "" when it is fine */
};

struct form {
	struct form_field field[FORM_FIELDS_MAX];
	size_t count;
	int editing;			/* the text field that is being edited; -1: none */
	struct edit edit;
	bool direct;			/* a text field is edited as soon as it has the focus (for dialogs) */
	/* Besides the setting's own check. May be NULL. */
	bool (*check)(void *data, size_t field, const char *text, struct error *err);
	/* After a field was changed by the operator. A form that saves at once does it here. May be NULL. */
	void (*changed)(void *data, size_t field);
	void *data;
};

void form_init(struct form *f, const struct field_spec *specs, size_t n);
void form_clear(struct form *f);	/* wipes passwords */
/* Takes the values of the settings; a field with unsaved changes keeps them. */
void form_load(struct form *f, const struct settings *s);
/* Puts the changed fields into the settings and saves these. False when a field is refused or it cannot be written. */
bool form_save(struct form *f, struct settings *s, struct error *err);
/* Takes the values as saved, without writing anything (for a form without settings). */
void form_kept(struct form *f);
void form_undo(struct form *f);
bool form_is_changed(const struct form *f);
bool form_field_is_changed(const struct form *f, size_t field);
/* Is a field refused? The reason of the first one, NULL when all are fine. */
const char *form_problem(const struct form *f);

const char *form_value(const struct form *f, size_t field);
bool form_is_on(const struct form *f, size_t field);	/* CHECK */
/* Sets a value as the operator would: checked, unsaved. False when it is refused (it stays, with its reason). */
bool form_set(struct form *f, size_t field, const char *text);

/* Columns that the widest label takes in this language, with those for the mark; at least `least`. */
int form_label_cols(const struct form *f, int least);
/* "Label   * value", the reason behind or below it. label_cols includes two columns for the mark. */
void form_put(struct page *p, struct form *f, size_t field, int label_cols);
/* The value only, in `cols` columns (0: what is left) of the line that stands; and the reason, for where it suits. */
void form_put_value(struct page *p, struct form *f, size_t field, int cols);
void form_put_reason(struct page *p, const struct form *f, size_t field, int label_cols);

/* --- called by the console -------------------------------------------------------------------------------------------- */

/* Enter or Space on a field: turns it, takes the next choice, or begins to edit it. */
void form_choose(struct form *f, size_t field, int by);
void form_edit(struct form *f, size_t field);
/* Ends editing: takes the text, or leaves the field as it was. */
void form_leave(struct form *f, bool take);
/* Does the field belong to a setting? */
bool form_is_setting(const struct form *f, size_t field);

#endif
