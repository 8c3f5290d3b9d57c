#include "form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

#define FIELD_COLS_MIN 12

static const char *choices(const struct form_field *field)
{
	const struct field_spec *s = field->spec;

	if (s->choices != NULL)
		return s->choices;
	return s->setting >= 0 && setting_info((enum setting)s->setting)->choices != NULL ?
	       setting_info((enum setting)s->setting)->choices : "";
}

static void replace(char **value, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return;
	if (*value != NULL)
		explicit_bzero(*value, strlen(*value));
	free(*value);
	*value = copy;
}

void form_init(struct form *f, const struct field_spec *specs, size_t n)
{
	*f = (struct form){ .count = n < FORM_FIELDS_MAX ? n : FORM_FIELDS_MAX, .editing = -1 };
	for (size_t i = 0; i < f->count; i++) {
		f->field[i].spec = &specs[i];
		replace(&f->field[i].value, specs[i].kind == FIELD_CHECK ? "false" : "");
		replace(&f->field[i].saved, specs[i].kind == FIELD_CHECK ? "false" : "");
	}
}

void form_clear(struct form *f)
{
	for (size_t i = 0; i < f->count; i++) {
		replace(&f->field[i].value, "");
		replace(&f->field[i].saved, "");
		free(f->field[i].value);
		free(f->field[i].saved);
	}
	edit_clear(&f->edit);
	f->count = 0;
	f->editing = -1;
}

const char *form_value(const struct form *f, size_t field)
{
	return field < f->count && f->field[field].value != NULL ? f->field[field].value : "";
}

bool form_is_on(const struct form *f, size_t field)
{
	return strcmp(form_value(f, field), "true") == 0;
}

bool form_is_setting(const struct form *f, size_t field)
{
	return field < f->count && f->field[field].spec->setting >= 0;
}

bool form_field_is_changed(const struct form *f, size_t field)
{
	const struct form_field *at = &f->field[field];

	if ((int)field == f->editing && strcmp(f->edit.text, at->value) != 0)
		return true;
	return strcmp(at->value, at->saved) != 0;
}

bool form_is_changed(const struct form *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (form_field_is_changed(f, i))
			return true;
	return false;
}

void form_load(struct form *f, const struct settings *s)
{
	for (size_t i = 0; i < f->count; i++) {
		struct buffer text = BUFFER_INIT(65536);
		bool kept = form_field_is_changed(f, i);

		if (!form_is_setting(f, i))
			continue;
		settings_text(s, (enum setting)f->field[i].spec->setting, &text);
		replace(&f->field[i].saved, buffer_text(&text));
		if (!kept)
			replace(&f->field[i].value, buffer_text(&text));
		buffer_clear(&text);
	}
}

void form_kept(struct form *f)
{
	for (size_t i = 0; i < f->count; i++)
		replace(&f->field[i].saved, f->field[i].value);
}

void form_undo(struct form *f)
{
	form_leave(f, false);
	for (size_t i = 0; i < f->count; i++) {
		replace(&f->field[i].value, f->field[i].saved);
		f->field[i].reason[0] = '\0';
	}
}

const char *form_problem(const struct form *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->field[i].reason[0] != '\0')
			return f->field[i].reason;
	return NULL;
}

static bool check(struct form *f, size_t field)
{
	struct form_field *at = &f->field[field];
	struct error err = ERROR_INIT;
	bool ok = true;

	if (form_is_setting(f, field) && strcmp(at->value, at->saved) != 0)
		ok = setting_check((enum setting)at->spec->setting, at->value, &err);
	if (ok && f->check != NULL)
		ok = f->check(f->data, field, at->value, &err);
	at->reason[0] = '\0';
	if (!ok)
		text_safe(at->reason, sizeof(at->reason), err.message[0] != '\0' ? err.message : _("not allowed here"));
	return ok;
}

bool form_set(struct form *f, size_t field, const char *text)
{
	bool ok;

	replace(&f->field[field].value, text);
	ok = check(f, field);
	if (f->changed != NULL)
		f->changed(f->data, field);
	return ok;
}

bool form_save(struct form *f, struct settings *s, struct error *err)
{
	const char *problem;

	form_leave(f, true);
	problem = form_problem(f);
	if (problem != NULL)
		return error_set(err, FINDING_CONFIG_INVALID, "%s", problem);
	for (size_t i = 0; i < f->count; i++)
		if (form_is_setting(f, i) && form_field_is_changed(f, i) &&
		    !settings_set(s, (enum setting)f->field[i].spec->setting, f->field[i].value, err))
			return false;
	if (!settings_save(s, err))
		return false;
	for (size_t i = 0; i < f->count; i++)
		if (form_is_setting(f, i))
			replace(&f->field[i].saved, f->field[i].value);
	return true;
}

/* --- changing -------------------------------------------------------------------------------------------------------- */

void form_edit(struct form *f, size_t field)
{
	const struct field_spec *s = f->field[field].spec;

	if (s->kind != FIELD_TEXT && s->kind != FIELD_PASSWORD)
		return;
	form_leave(f, true);
	edit_start(&f->edit, f->field[field].value, s->kind == FIELD_PASSWORD);
	f->editing = (int)field;
}

void form_leave(struct form *f, bool take)
{
	size_t field = (size_t)f->editing;

	if (f->editing < 0)
		return;
	f->editing = -1;
	if (take && strcmp(f->edit.text, f->field[field].value) != 0)
		form_set(f, field, f->edit.text);
	edit_clear(&f->edit);
}

/* The choice that stands `by` places behind the present one, around the end. */
static void next_choice(struct form *f, size_t field, int by)
{
	const char *all = choices(&f->field[field]), *list[16];
	size_t lens[16];
	int n = 0, now = 0;
	char text[128];

	for (const char *at = all; *at != '\0' && n < 16;) {
		size_t len = strcspn(at, "|");

		if (strlen(f->field[field].value) == len && memcmp(f->field[field].value, at, len) == 0)
			now = n;
		list[n] = at;
		lens[n++] = len;
		at += len + (at[len] == '|');
	}
	if (n == 0)
		return;
	now = (now + by + n) % n;
	snprintf(text, sizeof(text), "%.*s", (int)lens[now], list[now]);
	form_set(f, field, text);
}

void form_choose(struct form *f, size_t field, int by)
{
	if (field >= f->count)
		return;
	switch (f->field[field].spec->kind) {
	case FIELD_TEXT: case FIELD_PASSWORD: form_edit(f, field); break;
	case FIELD_CHECK: form_set(f, field, form_is_on(f, field) ? "false" : "true"); break;
	case FIELD_RADIO: case FIELD_CHOICE: next_choice(f, field, by); break;
	}
}

/* --- showing --------------------------------------------------------------------------------------------------------- */

static void item(struct page *p, struct form *f, size_t field, int cols, int cursor)
{
	struct page_item *it = page_item(p, FORM_ID + (int)field, ITEM_FIELD, cols);

	if (it == NULL)
		return;
	it->form = f;
	it->field = field;
	it->cursor = cursor;
}

static void put_edited(struct page *p, struct form *f, size_t field, int cols)
{
	struct buffer shown = BUFFER_INIT(EDIT_MAX * 4);
	int cursor = 0;

	edit_show(&f->edit, cols - 1, p->ascii, &shown, &cursor);
	item(p, f, field, cols, cursor);
	page_cell(p, ROLE_FIELD, cols, buffer_text(&shown));
	buffer_clear(&shown);
}

static void put_password(struct page *p, struct form *f, size_t field, int cols)
{
	const struct form_field *at = &f->field[field];
	bool there = at->is_set || at->value[0] != '\0';
	const char *shown = !there ? "-" : p->ascii ? "********" :
			    "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2";

	item(p, f, field, cols < 8 ? cols : 8, -1);
	page_cell(p, ROLE_FIELD, cols < 8 ? cols : 8, shown);
	if (at->value[0] != '\0')
		page_put(p, ROLE_DIM, _("  (new, hidden)"));
	else if (at->is_set)
		page_put(p, ROLE_DIM, _("  (set, hidden)"));
}

/* The i-th of "a|b|c". */
static void part(const char *list, size_t i, char *dst, size_t size)
{
	while (i-- > 0 && *list != '\0') {
		list += strcspn(list, "|");
		list += *list == '|';
	}
	snprintf(dst, size, "%.*s", (int)strcspn(list, "|"), list);
}

static void put_radio(struct page *p, struct form *f, size_t field)
{
	const struct form_field *at = &f->field[field];
	const char *all = choices(at), *names = at->spec->names != NULL ? _(at->spec->names) : all;
	struct buffer text = BUFFER_INIT(1024);
	char choice[64], name[64];
	int cursor = 1;

	for (size_t i = 0; part(all, i, choice, sizeof(choice)), choice[0] != '\0'; i++) {
		bool on = strcmp(choice, at->value) == 0;

		if (on)
			cursor = (int)text_width(buffer_text(&text)) + (i > 0 ? 5 : 1);
		part(names, i, name, sizeof(name));
		buffer_printf(&text, "%s(%s) %s", i > 0 ? "    " : "", !on ? " " : p->ascii ? "*" : "\xe2\x80\xa2", name);
	}
	item(p, f, field, (int)text_width(buffer_text(&text)), cursor);
	page_put(p, ROLE_FIELD, buffer_text(&text));
	buffer_clear(&text);
}

static void put_choice(struct page *p, struct form *f, size_t field)
{
	const struct form_field *at = &f->field[field];
	const char *all = choices(at), *names = at->spec->names != NULL ? _(at->spec->names) : all;
	char choice[64], name[64] = "", text[80];

	for (size_t i = 0; part(all, i, choice, sizeof(choice)), choice[0] != '\0'; i++)
		if (strcmp(choice, at->value) == 0)
			part(names, i, name, sizeof(name));
	snprintf(text, sizeof(text), "< %s >", name[0] != '\0' ? name : at->value);
	item(p, f, field, (int)text_width(text), -1);
	page_put(p, ROLE_FIELD, text);
}

static void put_text(struct page *p, struct form *f, size_t field, int cols)
{
	char url[4096], safe[4096];
	const char *value = f->field[field].value;
	int width;

	if (strstr(value, "://") != NULL)
		value = text_url_without_login(url, sizeof(url), value);
	if (value[0] == '\0')
		value = "-";
	width = (int)text_width(text_safe(safe, sizeof(safe), value));
	item(p, f, field, width < cols ? width : cols, -1);
	page_cell(p, ROLE_FIELD, width < cols ? width : cols, value);
}

void form_put_value(struct page *p, struct form *f, size_t field, int cols)
{
	int left = page_cols_left(p), start = p->col;
	bool whole = cols <= 0;

	if (whole || cols > left)
		cols = left;
	if (f->editing == (int)field) {
		put_edited(p, f, field, cols);
		return;
	}
	switch (f->field[field].spec->kind) {
	case FIELD_TEXT: put_text(p, f, field, cols); break;
	case FIELD_PASSWORD: put_password(p, f, field, cols); break;
	case FIELD_CHECK:
		item(p, f, field, 3, 1);
		page_put(p, ROLE_FIELD, form_is_on(f, field) ? "[x]" : "[ ]");
		break;
	case FIELD_RADIO: put_radio(p, f, field); break;
	case FIELD_CHOICE: put_choice(p, f, field); break;
	}
	if (!whole)
		page_tab(p, start + cols > p->col ? start + cols : p->col);
}

void form_put_reason(struct page *p, const struct form *f, size_t field, int label_cols)
{
	char text[300];

	if (f->field[field].reason[0] == '\0')
		return;
	snprintf(text, sizeof(text), "!! %s", f->field[field].reason);
	if ((int)text_width(text) + 2 <= page_cols_left(p)) {
		page_put(p, ROLE_FAIL, "  ");
		page_put(p, ROLE_FAIL, text);
		return;
	}
	page_line(p);
	page_tab(p, label_cols);
	page_wrap_after(p, ROLE_FAIL, label_cols, text);
}

static const char *label_of(const struct form *f, size_t field)
{
	const struct field_spec *s = f->field[field].spec;
	const char *label = s->label != NULL ? s->label : s->setting >= 0 ? setting_info((enum setting)s->setting)->label : "";

	return label[0] != '\0' ? _(label) : "";
}

int form_label_cols(const struct form *f, int least)
{
	int most = least;

	for (size_t i = 0; i < f->count; i++) {
		int cols = (int)text_width(label_of(f, i)) + 3;

		if (cols > most)
			most = cols;
	}
	return most;
}

void form_put(struct page *p, struct form *f, size_t field, int label_cols)
{

	page_line(p);
	page_cell(p, ROLE_LABEL, label_cols - 2, label_of(f, field));
	if (form_field_is_changed(f, field))
		page_put(p, ROLE_WARN, "*");
	page_tab(p, label_cols);
	form_put_value(p, f, field, 0);
	form_put_reason(p, f, field, label_cols);
}
