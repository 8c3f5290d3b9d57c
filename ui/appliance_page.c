/* What the appliance's window shows. */
#include <stdio.h>
#include <string.h>

#include "appliance/log_source.h"
#include "appliance_private.h"
#include "base/i18n.h"
#include "base/text.h"

#define LABEL_COLS 14
#define SIDE_COLS 18
#define SIDE_COLS_MIN 12
#define SECOND_COL 46
#define VALUE_COLS_MIN 14
#define PORT_COLS 6
#define NAME_COLS_MIN 30

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL && text[0] != '\0' ? text : "-";
}

/* --- the form ------------------------------------------------------------------------------------------------------------ */

static const char *field_label(const struct form *f, size_t field)
{
	const struct field_spec *spec = f->field[field].spec;

	return spec->label != NULL ? _(spec->label) : _(setting_info((enum setting)spec->setting)->label);
}

/* Two fields in a line, where there is room for them in this language. */
static bool in_pairs(const struct page *p, const struct form *f, int cols)
{
	int second = (int)text_widest(0, field_label(f, APPLIANCE_PORT), field_label(f, APPLIANCE_KEEP), field_label(f, APPLIANCE_CLI_PORT));

	return cols + VALUE_COLS_MIN <= SECOND_COL && SECOND_COL + second + 2 + PORT_COLS <= p->cols;
}

/* Of the fields that begin a line, and of what stands below them. */
static int label_cols(const struct page *p, const struct form *f)
{
	int cols = (int)text_widest(LABEL_COLS - 2, field_label(f, APPLIANCE_HOST), field_label(f, APPLIANCE_USER),
				    field_label(f, APPLIANCE_PASSWORD), field_label(f, APPLIANCE_CLI_USER), _("Certificate"), _("here"),
				    _("appliance")) + 2;

	return in_pairs(p, f, cols) ? cols : form_label_cols(f, cols);
}

static void put_pair(struct page *p, struct form *f, size_t first, size_t second)
{
	int cols = label_cols(p, f), second_cols = (int)text_width(field_label(f, second)) + 2;

	if (!in_pairs(p, f, cols)) {
		form_put(p, f, first, cols);
		form_put(p, f, second, cols);
		return;
	}
	page_line(p);
	page_cell(p, ROLE_LABEL, cols, field_label(f, first));
	form_put_value(p, f, first, SECOND_COL - cols - 2);
	page_tab(p, SECOND_COL);
	page_cell(p, ROLE_LABEL, second_cols, field_label(f, second));
	form_put_value(p, f, second, 0);
	form_put_reason(p, f, first, cols);
	form_put_reason(p, f, second, cols);
}

static void put_certificate(const struct appliance *a, struct page *p)
{
	const char *pin = settings_string(a->app->settings, SETTING_NODE_PIN);
	char text[200];

	if (pin[0] == '\0')
		snprintf(text, sizeof(text), "%s", _("must be trusted within ISE (Certificates)"));
	else
		snprintf(text, sizeof(text), _("pinned: %.23s..."), pin);
	page_row(p, ROLE_NORMAL, label_cols(p, &a->form), _("Certificate"), text);
}

/* --- the differences ------------------------------------------------------------------------------------------------------- */

/* As wide as their texts, as long as the names keep their room. */
static int side_cols(const struct page *p)
{
	int cols = (int)text_widest(SIDE_COLS, _("enabled, services"), _("enabled"), _("disabled, services"), _("disabled"), _("here"),
				    _("appliance"));
	int most = (p->cols - NAME_COLS_MIN) / 2;

	return cols < most ? cols : most > SIDE_COLS_MIN ? most : SIDE_COLS_MIN;
}

static bool has_services(const json_t *side)
{
	const json_t *list = json_object_get(side, "usages"), *name;
	size_t i;

	json_array_foreach (list, i, name) {
		if (strcmp(json_string_value(name), "cisco-services") == 0)
			return true;
	}
	return false;
}

static void side_text(char *dst, size_t size, const struct appliance_row *row, const char *which)
{
	const json_t *side = json_object_get(row->json, which);

	if (row->proxy)
		snprintf(dst, size, "%s", text_of(row->json, which));
	else if (!json_is_object(side))
		snprintf(dst, size, "-");
	else
		snprintf(dst, size, "%s", json_is_true(json_object_get(side, "enabled"))
						  ? has_services(side) ? _("enabled, services") : _("enabled")
						  : has_services(side) ? _("disabled, services") : _("disabled"));
}

static const char *mark_of(const struct appliance_row *row)
{
	const char *side = row->proxy ? "differs" : text_of(row->json, "side");

	return strcmp(side, "there") == 0 ? "->" : strcmp(side, "here") == 0 ? "<-" : strcmp(side, "same") == 0 ? "OK" : "!!";
}

static void put_row(void *data, struct page *p, int64_t at, bool selected)
{
	const struct appliance *a = data;
	const struct appliance_row *row = &a->rows[at];
	int side = side_cols(p);
	char name[300], here[600], there[600];

	if (row->proxy)
		snprintf(name, sizeof(name), "%s: %s", _("Proxy"), _(text_of(row->json, "label")));
	else
		snprintf(name, sizeof(name), "%s", text_of(row->json, "name"));
	side_text(here, sizeof(here), row, "here");
	side_text(there, sizeof(there), row, "there");
	page_put(p, ROLE_WARN, row->marked ? "* " : "  ");
	page_cell(p, ROLE_WARN, 3, mark_of(row));
	page_cell(p, selected ? ROLE_TITLE : ROLE_NORMAL, page_cols_left(p) - 2 * side - 2, name);
	page_put(p, ROLE_NORMAL, " ");
	page_cell(p, ROLE_NORMAL, side, here);
	page_put(p, ROLE_NORMAL, " ");
	page_cell(p, ROLE_NORMAL, side, there);
}

static void usages_text(char *dst, size_t size, const json_t *side)
{
	const json_t *list = json_object_get(side, "usages"), *name;
	size_t used, i;

	if (!json_is_object(side)) {
		snprintf(dst, size, "-");
		return;
	}
	used = (size_t)snprintf(dst, size, "%s", json_is_true(json_object_get(side, "enabled")) ? _("enabled") : _("disabled"));
	json_array_foreach (list, i, name) {
		if (used < size)
			used += (size_t)snprintf(dst + used, size - used, ", %s", json_string_value(name));
	}
}

/* The selected row in full. */
static void put_selected(const struct appliance *a, struct page *p)
{
	const struct appliance_row *row = appliance_selected(a);
	char here[600], there[600];

	if (row == NULL)
		return;
	if (row->proxy) {
		side_text(here, sizeof(here), row, "here");
		side_text(there, sizeof(there), row, "there");
	} else {
		usages_text(here, sizeof(here), json_object_get(row->json, "here"));
		usages_text(there, sizeof(there), json_object_get(row->json, "there"));
	}
	page_rule(p, row->proxy ? _(text_of(row->json, "label")) : text_of(row->json, "name"));
	page_row(p, ROLE_NORMAL, label_cols(p, &a->form), _("here"), here);
	page_row(p, ROLE_NORMAL, label_cols(p, &a->form), _("appliance"), there);
}

static void put_differences(struct appliance *a, struct page *p)
{
	int side, rows;

	if (a->document == NULL)
		return;
	page_rule(p, _("What differs"));
	if (a->list.count == 0)
		return;
	page_line(p);
	side = side_cols(p);
	page_cell(p, ROLE_LABEL, p->cols - 2 * side - 2, "");
	page_put(p, ROLE_LABEL, " ");
	page_cell(p, ROLE_LABEL, side, _("here"));
	page_put(p, ROLE_LABEL, " ");
	page_cell(p, ROLE_LABEL, side, _("appliance"));
	rows = page_left(p) - 4;
	page_list(p, APPLIANCE_LIST, &a->list, rows < 3 ? 3 : rows, put_row, a);
	put_selected(a, p);
}

/* The form, or one line for it once it has done its work. */
static void put_head(struct appliance *a, struct page *p)
{
	const char *pin = settings_string(a->app->settings, SETTING_NODE_PIN);
	const char *log = log_source_is_set(a->app->settings) ? _("Log: back to the file") : _("Log over SSH");
	const struct page_button whole[] = { { ACTION_NODE_CONNECT, _("Test and compare") }, { ACTION_NODE_LOG, log } };
	const struct page_button folded[] = { { ACTION_NODE_CONNECT, _("Compare again") }, { APPLIANCE_OTHER, _("Another login") },
					      { ACTION_NODE_LOG, log } };

	if (a->compact) {
		page_line(p);
		page_putf(p, ROLE_TITLE, "%s:%s", form_value(&a->form, APPLIANCE_HOST), form_value(&a->form, APPLIANCE_PORT));
		page_putf(p, ROLE_NORMAL, _("  as %s"), form_value(&a->form, APPLIANCE_USER));
		page_right(p, ROLE_DIM, pin[0] != '\0' ? _("certificate pinned") : _("certificate trusted within ISE"));
		page_buttons(p, folded, sizeof(folded) / sizeof(folded[0]));
		return;
	}
	put_pair(p, &a->form, APPLIANCE_HOST, APPLIANCE_PORT);
	put_pair(p, &a->form, APPLIANCE_USER, APPLIANCE_KEEP);
	form_put(p, &a->form, APPLIANCE_PASSWORD, label_cols(p, &a->form));
	put_pair(p, &a->form, APPLIANCE_CLI_USER, APPLIANCE_CLI_PORT);
	put_certificate(a, p);
	page_buttons(p, whole, sizeof(whole) / sizeof(whole[0]));
}

void appliance_prepare(void *data, struct page *p)
{
	struct appliance *a = data;

	put_head(a, p);
	if (a->text[0] != '\0')
		page_wrap(p, a->role, a->text);
	else if (a->document == NULL)
		page_wrap(p, ROLE_DIM, _("Reads the proxy and the trusted certificates of the appliance over its API, shows what differs from "
					 "here, and changes nothing until it is told to."));
	if (a->compact)
		put_differences(a, p);
}
