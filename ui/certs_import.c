#include "certs_import.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "certs_card.h"
#include "pane.h"
#include "trust/preview.h"

#define LIST_ROWS_MIN 3
#define LIST_PART 3		/* the list has a third of what is above the questions */
#define REASON_ROWS 2
#define PROBLEM_ROWS 3
#define PEM_LINE 64
#define BOX_COLS 3

enum { AT_NAME, AT_SERVICES, AT_INFRASTRUCTURE, AT_CLIENTS, AT_ADMINS, AT_EXPIRED, AT_SHA1, AT_NOT_CA, AT_COUNT };
enum { ID_LIST = 2000, ID_IMPORT, ID_CANCEL };

static const struct field_spec specs[AT_COUNT] = {
	[AT_NAME] = { .kind = FIELD_TEXT, .setting = FIELD_NO_SETTING, .label = N_("Name") },
	[AT_SERVICES] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING, .label = N_("Cisco services") },
	[AT_INFRASTRUCTURE] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING, .label = N_("within ISE") },
	[AT_CLIENTS] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING, .label = N_("client auth") },
	[AT_ADMINS] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING, .label = N_("admin") },
	[AT_EXPIRED] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING },
	[AT_SHA1] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING },
	[AT_NOT_CA] = { .kind = FIELD_CHECK, .setting = FIELD_NO_SETTING },
};

static const unsigned int usage_of[AT_COUNT] = {
	[AT_SERVICES] = TRUST_CISCO_SERVICES, [AT_INFRASTRUCTURE] = TRUST_INFRASTRUCTURE, [AT_CLIENTS] = TRUST_CLIENT_AUTH,
	[AT_ADMINS] = TRUST_ADMIN_AUTH,
};
static const unsigned int allow_of[AT_COUNT] = {
	[AT_EXPIRED] = TRUST_ALLOW_EXPIRED, [AT_SHA1] = TRUST_ALLOW_SHA1, [AT_NOT_CA] = TRUST_ALLOW_NOT_CA,
};

struct import {
	struct certs_store *c;
	struct trust_preview *preview;
	size_t fresh;			/* of them would be stored */
	unsigned int needed;		/* overrides */
	struct form form;
	struct list list;
	char *why;
	struct error problem;		/* why it was not imported; empty message: not tried, or nothing is wrong */
	certs_fixed *fixed;
	void *fixed_data;
};

/* --- what is ticked -------------------------------------------------------------------------------------------------- */

static unsigned int ticked(const struct import *im, const unsigned int bits[AT_COUNT])
{
	unsigned int all = 0;

	for (size_t i = 0; i < AT_COUNT; i++) {
		if (bits[i] != 0 && form_is_on(&im->form, i))
			all |= bits[i];
	}
	return all;
}

/* A usage brings those that it needs, and takes those along that need it. */
static void field_changed(void *data, size_t field)
{
	struct import *im = data;
	unsigned int usage = usage_of[field], all = ticked(im, usage_of);

	if (usage != 0) {
		all = form_is_on(&im->form, field) ? all | trust_usage_with_needs(usage) : all & ~trust_usage_with_dependants(usage);
		for (size_t i = 0; i < AT_COUNT; i++) {
			bool on = (all & usage_of[i]) != 0;

			/* Each call comes back here once, and finds nothing more to do. */
			if (usage_of[i] != 0 && on != form_is_on(&im->form, i))
				form_set(&im->form, i, on ? "true" : "false");
		}
	}
	app_dirty(im->c->app);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static void put_row(void *data, struct page *p, int64_t row, bool selected)
{
	static const struct { const char *mark; enum theme_role role; } marks[] = {
		[TRUST_PREVIEW_FINE] = { "OK  ", ROLE_OK }, [TRUST_PREVIEW_NEEDS_ALLOW] = { "??  ", ROLE_WARN },
		[TRUST_PREVIEW_KNOWN] = { "--  ", ROLE_DIM }, [TRUST_PREVIEW_REFUSED] = { "!!  ", ROLE_FAIL },
	};
	const struct import *im = data;
	const struct trust_preview_item *item = trust_preview_at(im->preview, (size_t)row);
	char expires[CERTS_EXPIRY_MAX];
	enum theme_role role;

	(void)selected;
	page_put(p, marks[item->state].role, marks[item->state].mark);
	role = certs_expiry(expires, &item->entry);
	page_cell(p, role, certs_expiry_cols(), expires);
	page_put(p, ROLE_NORMAL, item->entry.name);
}

static void put_reason(const struct trust_preview_item *item, struct page *p)
{
	static const char *const words[] = {
		[TRUST_PREVIEW_NEEDS_ALLOW] = N_("Only on purpose"), [TRUST_PREVIEW_KNOWN] = N_("Left out"),
		[TRUST_PREVIEW_REFUSED] = N_("Refused"),
	};

	if (item->state == TRUST_PREVIEW_FINE)
		return;
	page_line(p);
	page_put(p, item->state == TRUST_PREVIEW_REFUSED ? ROLE_FAIL : ROLE_WARN, _(words[item->state]));
	page_put(p, ROLE_NORMAL, ": ");
	page_wrap_after(p, ROLE_NORMAL, certs_card_label_cols(), item->why.message);
}

/* "Trust it for  [x] Cisco services  [ ] within ISE ...", in as many lines as it takes. */
static void put_boxes(struct import *im, struct page *p)
{
	bool first = true;

	for (size_t i = AT_SERVICES; i <= AT_ADMINS; i++) {
		const char *label = _(specs[i].label);

		if (first || page_cols_left(p) < (int)text_width(label) + 6) {
			page_line(p);
			page_cell(p, ROLE_LABEL, certs_card_label_cols(), first ? _("Trust it for") : "");
		} else {
			page_put(p, ROLE_NORMAL, "  ");
		}
		first = false;
		form_put_value(p, &im->form, i, 3);
		page_putf(p, ROLE_NORMAL, " %s", label);
	}
	for (size_t i = AT_EXPIRED; i <= AT_NOT_CA; i++) {
		if ((allow_of[i] & im->needed) == 0)
			continue;
		page_line(p);
		page_cell(p, ROLE_LABEL, certs_card_label_cols(), _("Import it"));
		form_put_value(p, &im->form, i, BOX_COLS);
		page_wrap_after(p, ROLE_WARN, certs_card_label_cols() + BOX_COLS + 1, trust_allow_text(allow_of[i]));
	}
}

static void put_problem(const struct import *im, struct page *p)
{
	char next[ERROR_TEXT_MAX];

	if (im->problem.message[0] == '\0')
		return;
	page_line(p);
	page_put(p, ROLE_FAIL, "!! ");
	page_wrap_after(p, ROLE_FAIL, 3, im->problem.message);
	if (error_next_step(&im->problem, next, sizeof(next))[0] != '\0') {
		page_line(p);
		page_tab(p, 3);
		page_wrap_after(p, ROLE_NORMAL, 3, next);
	}
}

static void put_buttons(struct import *im, struct page *p)
{
	char label[80];
	struct page_button buttons[2];

	snprintf(label, sizeof(label), im->fresh == 1 ? _("Import it") : _("Import %zu"), im->fresh);
	buttons[0] = (struct page_button){ ID_CANCEL, _("Cancel") };
	buttons[1] = (struct page_button){ ID_IMPORT, label };
	page_buttons(p, buttons, im->fresh > 0 ? 2 : 1);
}

/* Lines below the card: what is asked, and the buttons. */
static int rows_below(const struct import *im, const struct page *p)
{
	int rows = 1 + (im->fresh > 0) + (im->fresh == 1) + (im->problem.message[0] != '\0' ? PROBLEM_ROWS : 0);

	for (size_t i = AT_EXPIRED; i <= AT_NOT_CA; i++) {
		if ((allow_of[i] & im->needed) != 0)
			rows += page_wrap_lines(trust_allow_text(allow_of[i]), p->cols - certs_card_label_cols() - BOX_COLS - 1);
	}
	return im->fresh == 0 ? 1 : rows;
}

static void prepare(void *data, struct page *p)
{
	struct import *im = data;
	const struct trust_preview_item *item = trust_preview_at(im->preview, (size_t)im->list.selected);
	int64_t count = (int64_t)trust_preview_count(im->preview);
	int room, list;

	if (im->why != NULL)
		page_wrap(p, ROLE_NORMAL, im->why);
	room = page_left(p) - rows_below(im, p) - 1 - (item->state != TRUST_PREVIEW_FINE ? REASON_ROWS : 0);
	if (count > 1) {
		list = room / LIST_PART < LIST_ROWS_MIN ? LIST_ROWS_MIN : room / LIST_PART;
		list = count < list ? (int)count : list;
		im->list.count = count;
		page_list(p, ID_LIST, &im->list, list, put_row, im);
		room -= list;
	}
	page_line(p);
	page_put(p, ROLE_TITLE, item->entry.name);
	put_reason(item, p);
	certs_card_put(p, &item->entry, room, CERTS_CARD_BARE);
	if (im->fresh > 0) {
		if (im->fresh == 1)
			form_put(p, &im->form, AT_NAME, certs_card_label_cols());
		put_boxes(im, p);
		put_problem(im, p);
	}
	put_buttons(im, p);
}

/* --- doing it -------------------------------------------------------------------------------------------------------- */

static void finish(struct import *im, size_t added)
{
	struct certs_store *c = im->c;
	certs_fixed *fixed = im->fixed;
	void *fixed_data = im->fixed_data;
	unsigned int usages = ticked(im, usage_of);

	certs_store_tell(c);
	app_notice(c->app, usages != 0 ? ROLE_OK : ROLE_WARN,
		   usages != 0 ? P_("OK %zu certificate imported and enabled.", "OK %zu certificates imported and enabled.", added)
			       : P_("?? %zu certificate imported, and trusted for nothing yet.",
				    "?? %zu certificates imported, and trusted for nothing yet.", added), added);
	dialog_close(c->app);
	if (fixed != NULL)
		fixed(fixed_data, true);
}

/* Before what is in the form is read. */
static const char *name_of(struct import *im)
{
	form_leave(&im->form, true);
	return im->fresh == 1 && form_value(&im->form, AT_NAME)[0] != '\0' ? form_value(&im->form, AT_NAME) : NULL;
}

static void import(struct import *im)
{
	const struct trust_import_options options = {
		.name = name_of(im),
		.usages = ticked(im, usage_of),
		.allow = ticked(im, allow_of),
	};
	unsigned char (*fingerprints)[32] = calloc(TRUST_IMPORT_MAX, sizeof(*fingerprints));
	size_t added = 0;

	error_clear(&im->problem);
	if (fingerprints == NULL || !app_permit(im->c->app, NEED_TRUST))
		goto out;
	if ((im->needed & ~options.allow) != 0) {
		for (size_t i = AT_NOT_CA; i >= AT_EXPIRED; i--) {
			if ((allow_of[i] & im->needed & ~options.allow) != 0)
				app_focus(im->c->app, FORM_ID + (int)i);
		}
		error_set(&im->problem, FINDING_NONE, "%s", im->fresh == 1 ? _("it cannot be imported as it is") : _("not all of them can be imported as they are"));
		error_next(&im->problem, "%s", im->fresh == 1 ? _("Tick what shall be let pass, or leave it.") :
			   _("Tick what shall be let pass, or import the others from a file of their own."));
		goto out;
	}
	if (!trust_preview_import(im->c->trust, im->preview, &options, &added, fingerprints, &im->problem))
		goto out;
	trust_list_prefer(&im->c->list, fingerprints[0]);
	finish(im, added);
out:
	free(fingerprints);
}

static bool act(void *data, enum action action, int focus)
{
	struct import *im = data;

	if (action != ACTION_CHOOSE)
		return false;
	if (focus == ID_IMPORT)
		import(im);
	else if (focus == ID_CANCEL)
		dialog_close(im->c->app);
	else
		return false;
	return true;
}

static void destroy(void *data)
{
	struct import *im = data;

	trust_preview_free(im->preview);
	form_clear(&im->form);
	free(im->why);
	free(im);
}

static const struct dialog_ops ops = {
	.scope = SCOPE_DIALOG, .cols = 100, .prepare = prepare, .action = act, .destroy = destroy,
};

static void suggest_name(struct import *im)
{
	for (size_t i = 0; i < trust_preview_count(im->preview); i++) {
		const struct trust_preview_item *item = trust_preview_at(im->preview, i);

		if (item->state <= TRUST_PREVIEW_NEEDS_ALLOW && trust_find(im->c->trust, item->entry.common_name) == NULL)
			form_set(&im->form, AT_NAME, item->entry.common_name);
	}
}

bool certs_import_open(struct certs_store *c, const struct certs_import_wish *wish, struct error *err)
{
	const struct trust_source source = { wish->label, wish->data, wish->len };
	struct import *im = calloc(1, sizeof(*im));

	if (im == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!certs_store_ready(c) || !trust_preview_new(c->trust, &source, 1, &im->preview, err)) {
		if (err != NULL && err->message[0] == '\0')
			*err = c->problem;
		free(im);
		return false;
	}
	im->c = c;
	im->fresh = trust_preview_fresh(im->preview, &im->needed);
	im->why = wish->why != NULL ? strdup(wish->why) : NULL;
	im->fixed = wish->fixed;
	im->fixed_data = wish->fixed_data;
	form_init(&im->form, specs, AT_COUNT);
	for (size_t i = 0; i < AT_COUNT; i++) {
		if ((usage_of[i] & wish->usages) != 0)
			form_set(&im->form, i, "true");
	}
	/* Its own name is easier to read than the one that would be made of it. */
	if (im->fresh == 1)
		suggest_name(im);
	form_kept(&im->form);
	im->form.changed = field_changed;
	im->form.data = im;
	dialog_open(c->app, _("Import certificates"), &ops, im);
	return true;
}

/* --- the file, or the text ------------------------------------------------------------------------------------------- */

/* Base64 in lines as PEM wants it. */
static void put_body(struct buffer *out, const char *text, size_t len)
{
	int column = 0;

	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\r\n", text[i]) != NULL)
			continue;
		buffer_putc(out, text[i]);
		if (++column == PEM_LINE) {
			buffer_putc(out, '\n');
			column = 0;
		}
	}
	if (column > 0)
		buffer_putc(out, '\n');
}

void certs_pem_mend(const char *text, struct buffer *out)
{
	const char *begin;

	while ((begin = strstr(text, "-----BEGIN ")) != NULL) {
		const char *body = strstr(begin + 11, "-----"), *end = body != NULL ? strstr(body + 5, "-----END ") : NULL;
		const char *rest = end != NULL ? strstr(end + 9, "-----") : NULL;

		if (rest == NULL)
			break;
		body += 5;
		rest += 5;
		buffer_append(out, begin, (size_t)(body - begin));
		buffer_putc(out, '\n');
		put_body(out, body, (size_t)(end - body));
		buffer_append(out, end, (size_t)(rest - end));
		buffer_putc(out, '\n');
		text = rest;
	}
	/* The rest is no PEM, or was cut: the reader says so. */
	buffer_puts(out, text);
}

static bool import_data(struct certs_store *c, const char *label, const struct buffer *data, struct error *err)
{
	const struct certs_import_wish wish = { .label = label, .data = buffer_text(data), .len = data->len };

	return certs_import_open(c, &wish, err);
}

static bool read_file(const void *path, struct buffer *out, struct error *err)
{
	return file_read(AT_FDCWD, path, out, err);
}

static bool take_input(void *data, const char *input, struct error *err)
{
	struct certs_store *c = data;
	struct buffer text = BUFFER_INIT(TRUST_IMPORT_MAX_BYTES);
	bool pasted = strstr(input, "-----BEGIN ") != NULL, ok;

	if (input[0] == '\0')
		return error_usage(err, _("name a file, or paste a certificate as PEM text"));
	if (pasted)
		certs_pem_mend(input, &text);
	ok = (pasted || aside_do(read_file, input, input, &text, err)) && import_data(c, pasted ? _("the pasted text") : input, &text, err);
	/* A private key may have come along. */
	buffer_wipe(&text);
	return ok;
}

void certs_import_ask(struct certs_store *c)
{
	dialog_input(c->app, _("Import certificates"), _("File (PEM, DER, PKCS#7), or paste PEM text"), "", take_input, c);
}
