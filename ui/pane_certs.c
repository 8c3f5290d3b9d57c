/* The Certificates pane: the list, and the card of the certificate that is selected. */
#include "pane_certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "certs_card.h"
#include "certs_chain.h"
#include "certs_import.h"
#include "certs_store.h"
#include "pane.h"
#include "settings/settings.h"

#define LIST_ROWS_MIN 3
#define LIST_PART 5		/* the list has at least two fifths of what is below the titles */
#define WARNING_ROWS_FROM 14	/* a warning may take as many lines as it needs */
#define ISSUER_FROM_COLS 110
#define ISSUER_COLS 34
#define COPY_MAX 16384

enum { ID_LIST = 2000 };

struct certs_pane {
	struct app *app;
	struct certs_store store;
	struct list list;
	int64_t seen;			/* the selection that the store's list knows of */
	int64_t carded;			/* the row whose card is shown: it follows the selection when the keys rest */
	char filter_before[TRUST_FILTER_MAX];
};

/* The console moves the selection, the store's list knows which certificate that is. */
static void take_selection(struct certs_pane *p)
{
	if (p->list.selected != p->seen)
		trust_list_choose(&p->store.list, p->list.selected < 0 ? 0 : (size_t)p->list.selected);
	p->list.count = (int64_t)p->store.list.count;
	p->list.selected = p->seen = (int64_t)p->store.list.chosen;
}

static const struct trust_entry *selected(struct certs_pane *p)
{
	take_selection(p);
	return trust_list_chosen(&p->store.list);
}

static void list_changed(void *data)
{
	struct certs_pane *p = data;

	p->list.count = (int64_t)p->store.list.count;
	p->list.selected = p->seen = (int64_t)p->store.list.chosen;
}

/* --- the list -------------------------------------------------------------------------------------------------------- */

/* A title may carry the mark of the order behind it. */
static int column_cols(const char *title, const char *longest, const char *other)
{
	int cols = (int)text_width(title) + 3;

	cols = (int)text_width(longest) + 2 > cols ? (int)text_width(longest) + 2 : cols;
	return (int)text_width(other) + 2 > cols ? (int)text_width(other) + 2 : cols;
}

static int state_cols(void)
{
	return column_cols(_("State"), _("enabled"), _("disabled"));
}

static int services_cols(void)
{
	return column_cols(_("Services"), _("yes"), _("no"));
}

static int expires_cols(void)
{
	int title = column_cols(_("Expires"), "", ""), dates = certs_expiry_cols();

	return title > dates ? title : dates;
}

static void put_row(void *data, struct page *page, int64_t row, bool is_selected)
{
	const struct certs_pane *p = data;
	const struct trust_entry *e = p->store.list.rows[row];
	bool services = (e->usages & TRUST_CISCO_SERVICES) != 0;
	enum theme_role role = e->enabled ? ROLE_NORMAL : ROLE_DIM;	/* the mark tells the selected one: a step costs few bytes */
	char expires[CERTS_EXPIRY_MAX];
	enum theme_role when = certs_expiry(expires, e);

	(void)is_selected;
	page_cell(page, role, state_cols(), e->enabled ? _("enabled") : _("disabled"));
	page_cell(page, role, services_cols(), services ? _("yes") : _("no"));
	page_cell(page, when == ROLE_NORMAL || !e->enabled ? role : when, expires_cols(), expires);
	if (page->cols < ISSUER_FROM_COLS) {
		page_put(page, role, e->name);
		return;
	}
	page_cell(page, role, page_cols_left(page) - ISSUER_COLS - 2, e->name);
	page_put(page, ROLE_NORMAL, "  ");
	page_cell(page, role, ISSUER_COLS, e->self_signed ? _("itself") : e->issuer);
}

static void put_title(const struct certs_pane *p, struct page *page, int cols, enum trust_order order)
{
	const struct trust_list *list = &p->store.list;
	char text[96];

	snprintf(text, sizeof(text), "%s%s", trust_order_title(order), list->order != order ? "" : list->backwards ? " ^" : " v");
	if (cols > 0)
		page_cell(page, ROLE_LABEL, cols, text);
	else
		page_put(page, ROLE_LABEL, text);
}

static void put_titles(const struct certs_pane *p, struct page *page)
{
	page_line(page);
	page_put(page, ROLE_LABEL, "  ");
	put_title(p, page, state_cols(), TRUST_BY_STATE);
	put_title(p, page, services_cols(), TRUST_BY_SERVICES);
	put_title(p, page, expires_cols(), TRUST_BY_EXPIRY);
	if (page->cols < ISSUER_FROM_COLS) {
		put_title(p, page, 0, TRUST_BY_NAME);
		return;
	}
	put_title(p, page, page_cols_left(page) - ISSUER_COLS, TRUST_BY_NAME);
	put_title(p, page, 0, TRUST_BY_ISSUER);
}

static void put_heading(const struct certs_pane *p, struct page *page)
{
	const struct trust_list *list = &p->store.list;
	size_t all = p->store.trust != NULL ? trust_count(p->store.trust) : 0;
	char title[TRUST_FILTER_MAX + 160];

	if (list->filter[0] == '\0')
		snprintf(title, sizeof(title), _("Trusted certificates\t%zu, %zu enabled"), all, list->enabled);
	else
		snprintf(title, sizeof(title), _("Trusted certificates\t%zu, %zu shown\tfilter: %s"), all, list->count, list->filter);
	page_rule(page, title);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static void put_problem(const struct error *problem, struct page *page)
{
	char next[ERROR_TEXT_MAX];

	if (problem->message[0] == '\0')
		return;
	page_line(page);
	page_put(page, ROLE_FAIL, "!! ");
	page_wrap_after(page, ROLE_NORMAL, 3, problem->message);
	error_next_step(problem, next, sizeof(next));
	if (next[0] == '\0')
		return;
	page_line(page);
	page_tab(page, 3);
	page_wrap_after(page, ROLE_NORMAL, 3, next);
}

/* The first thing that is wrong around the store; a key shows all. */
static void put_warning(const struct certs_pane *p, struct page *page)
{
	struct error first = ERROR_INIT, second = ERROR_INIT;
	char key[KEY_NAME_MAX];

	if (page->rows < 8 || !trust_warning(p->store.trust, 0, &first))
		return;
	page_line(page);
	page_put(page, ROLE_WARN, "?? ");
	if (trust_warning(p->store.trust, 1, &second))
		page_putf(page, ROLE_KEY, _("(%s: more) "), keymap_key_name(ACTION_CERT_WARNINGS, key, sizeof(key)));
	if (page->rows >= WARNING_ROWS_FROM)
		page_wrap_after(page, ROLE_NORMAL, 3, first.message);
	else
		page_put(page, ROLE_NORMAL, first.message);
}

static void put_nothing(const struct certs_pane *p, struct page *page)
{
	char key[KEY_NAME_MAX], text[512];

	page_line(page);
	if (p->store.list.filter[0] != '\0') {
		page_text(page, ROLE_NORMAL, _("No certificate passes the filter. Esc shows all."));
	} else {
		snprintf(text, sizeof(text), _("The store is empty: nothing can be verified. Press %s to import a certificate."),
			 keymap_key_name(ACTION_CERT_IMPORT, key, sizeof(key)));
		page_wrap(page, ROLE_NORMAL, text);
	}
}

static void prepare(void *pane, struct page *page)
{
	struct certs_pane *p = pane;
	const struct trust_entry *e;
	int card, rows, list;

	put_heading(p, page);
	put_problem(&p->store.problem, page);
	if (p->store.trust == NULL)
		return;
	put_warning(p, page);
	e = selected(p);
	if (e == NULL) {
		put_nothing(p, page);
		return;
	}
	if (page->resting || p->carded >= p->list.count)
		p->carded = p->list.selected;
	e = p->store.list.rows[p->carded];
	put_titles(p, page);
	/* The list gets what the card leaves, but never less than a few rows, and no more than it needs. */
	rows = page_left(page);
	list = rows * 2 / LIST_PART < LIST_ROWS_MIN ? LIST_ROWS_MIN : rows * 2 / LIST_PART;
	list = p->list.count < list ? (int)p->list.count : list;
	card = certs_card_rows(page, e);
	if (card > rows - 1 - list)
		card = rows - 1 - list;
	if (card < 1)
		card = -1;
	page_list(page, ID_LIST, &p->list, rows - 1 - card, put_row, p);
	if (card < 1)
		return;
	page_rule(page, e->name);
	certs_card_put(page, e, card, CERTS_CARD_BOXES);
}

/* --- the filter ------------------------------------------------------------------------------------------------------ */

static void set_filter(struct certs_pane *p, const char *filter)
{
	trust_list_set_filter(&p->store.list, filter);
	list_changed(p);
	app_dirty(p->app);
}

static void filter_typed(void *data, const char *text)
{
	set_filter(data, text);
}

static void filter_done(void *data, const char *text)
{
	struct certs_pane *p = data;

	set_filter(p, text != NULL ? text : p->filter_before);
}

static void ask_filter(struct certs_pane *p)
{
	static const struct prompt_ops ops = { .changed = filter_typed, .done = filter_done };

	snprintf(p->filter_before, sizeof(p->filter_before), "%s", p->store.list.filter);
	app_prompt(p->app, _("filter: "), p->store.list.filter, &ops, p);
}

/* --- what can be done ------------------------------------------------------------------------------------------------ */

static void show_details(struct certs_pane *p, const struct trust_entry *e)
{
	struct buffer text = BUFFER_INIT(COPY_MAX);

	certs_card_text(&text, p->store.trust, e);
	dialog_text(p->app, e->name, buffer_text(&text));
	buffer_clear(&text);
}

static void copy(struct certs_pane *p, const struct trust_entry *e)
{
	struct buffer text = BUFFER_INIT(COPY_MAX);

	certs_card_text(&text, p->store.trust, e);
	app_copy(p->app, _("certificate"), buffer_text(&text));
	buffer_clear(&text);
}

static void show_warnings(struct certs_pane *p)
{
	struct buffer text = BUFFER_INIT(65536);
	struct error warning = ERROR_INIT;
	char next[ERROR_TEXT_MAX];

	for (size_t i = 0; trust_warning(p->store.trust, i, &warning); i++) {
		buffer_printf(&text, "?? %s\n   %s\n   [%s]\n\n", warning.message, error_next_step(&warning, next, sizeof(next)),
			      finding_info(warning.code)->code);
	}
	dialog_text(p->app, _("Warnings about the store"), text.len > 0 ? buffer_text(&text) : _("None."));
	buffer_clear(&text);
}

static bool verify_host(void *data, const char *host, struct error *err)
{
	struct certs_pane *p = data;

	if (host[0] == '\0')
		return error_usage(err, _("name a host, such as www.example.com or 192.0.2.1:8443"));
	certs_chain_open(&p->store, host);
	return true;
}

static bool act_on_one(struct certs_pane *p, enum action action, const struct trust_entry *e)
{
	switch (action) {
	case ACTION_CHOOSE: show_details(p, e); break;
	case ACTION_CERT_ENABLE: certs_toggle_enabled(&p->store, e); break;
	case ACTION_CERT_SERVICES: certs_toggle_usage(&p->store, e, TRUST_CISCO_SERVICES); break;
	case ACTION_CERT_INFRASTRUCTURE: certs_toggle_usage(&p->store, e, TRUST_INFRASTRUCTURE); break;
	case ACTION_CERT_CLIENTS: certs_toggle_usage(&p->store, e, TRUST_CLIENT_AUTH); break;
	case ACTION_CERT_ADMINS: certs_toggle_usage(&p->store, e, TRUST_ADMIN_AUTH); break;
	case ACTION_CERT_EXPORT: certs_write_file(&p->store, e); break;
	case ACTION_CERT_DELETE: certs_remove(&p->store, e); break;
	case ACTION_CERT_DESCRIBE: certs_describe(&p->store, e); break;
	case ACTION_CERT_COPY: copy(p, e); break;
	default: return false;
	}
	return true;
}

static bool act(void *pane, enum action action, int focus)
{
	struct certs_pane *p = pane;
	const struct trust_entry *e = p->store.trust != NULL ? selected(p) : NULL;
	struct trust_list *list = &p->store.list;
	int box = focus - CERTS_CARD_USAGE;

	if (box >= 0 && box < CERTS_USAGES && e != NULL && (action == ACTION_CHOOSE || action == ACTION_CERT_ENABLE)) {
		if (app_permit(p->app, NEED_TRUST))
			certs_toggle_usage(&p->store, e, 1u << box);
		return true;
	}
	switch (action) {
	case ACTION_BACK:
		if (list->filter[0] == '\0')
			return false;
		set_filter(p, "");
		return true;
	case ACTION_CERT_FILTER: ask_filter(p); return true;
	case ACTION_CERT_SORT:
		trust_list_set_order(list, (enum trust_order)((list->order + 1) % TRUST_ORDER_COUNT), false);
		list_changed(p);
		return true;
	case ACTION_CERT_REVERSE:
		trust_list_set_order(list, list->order, !list->backwards);
		list_changed(p);
		return true;
	case ACTION_CERT_IMPORT: certs_import_ask(&p->store); return true;
	case ACTION_CERT_VERIFY: certs_chain_open(&p->store, NULL); return true;
	case ACTION_CERT_VERIFY_OTHER:
		dialog_input(p->app, _("Verify a server"), _("Host, host:port, address or URL"),
			     settings_string(p->app->settings, SETTING_SOURCE_FEED_URL), verify_host, p);
		return true;
	case ACTION_CERT_WARNINGS: show_warnings(p); return true;
	default: return e != NULL && act_on_one(p, action, e);
	}
}

static bool possible(void *pane, enum action action)
{
	const struct certs_pane *p = pane;

	switch (action) {
	case ACTION_CERT_VERIFY: case ACTION_CERT_VERIFY_OTHER: case ACTION_CERT_IMPORT: case ACTION_CERT_FILTER:
	case ACTION_CERT_SORT: case ACTION_CERT_REVERSE: case ACTION_CERT_WARNINGS:
		return p->store.trust != NULL;
	default:
		return p->store.list.count > 0;
	}
}

/* --- the pane -------------------------------------------------------------------------------------------------------- */

static void *create(struct app *app)
{
	struct certs_pane *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	certs_store_init(&p->store, app, list_changed, p);
	return p;
}

static void destroy(void *pane)
{
	struct certs_pane *p = pane;

	certs_store_clear(&p->store);
	free(p);
}

static void event(void *pane, enum pane_event what)
{
	struct certs_pane *p = pane;

	if (what == PANE_SHOWN)
		certs_store_ready(&p->store);
}

/* Only when it was opened already: the first screen does not wait for it. */
static void summary(void *pane, struct page *page)
{
	const struct certs_pane *p = pane;

	if (p->store.trust == NULL)
		return;
	page_rule(page, _("Trusted certificates"));
	page_line(page);
	page_putf(page, ROLE_NORMAL, _("%zu, %zu enabled"), trust_count(p->store.trust), p->store.list.enabled);
	page_line(page);
	page_putf(page, certs_store_anchors(&p->store) > 0 ? ROLE_NORMAL : ROLE_WARN, certs_store_anchors(&p->store) > 0 ?
		  _("%zu for Cisco services") : _("?? %zu for Cisco services"), certs_store_anchors(&p->store));
}

bool pane_certs_go(struct app *app, const char *name)
{
	struct certs_pane *p = app_pane(app, "certs");
	const struct trust_entry *e;

	if (p == NULL || !certs_store_ready(&p->store))
		return false;
	e = trust_find(p->store.trust, name);
	if (e == NULL)
		return false;
	if (!trust_list_choose_sha256(&p->store.list, e->sha256)) {
		set_filter(p, "");
		trust_list_choose_sha256(&p->store.list, e->sha256);
	}
	list_changed(p);
	return app_go(app, "certs", ID_LIST);
}

struct certs_store *pane_certs_store(struct app *app)
{
	struct certs_pane *p = app_pane(app, "certs");

	return p != NULL && certs_store_ready(&p->store) ? &p->store : NULL;
}

bool pane_certs_import(struct app *app)
{
	struct certs_store *store = pane_certs_store(app);

	if (store != NULL && app_permit(app, NEED_TRUST))
		certs_import_ask(store);
	return store != NULL;
}

const struct pane_ops pane_certs = {
	.name = "certs",
	.title = N_("Certificates"),
	.scope = SCOPE_CERTS,
	.wide = true,
	.create = create,
	.destroy = destroy,
	.prepare = prepare,
	.possible = possible,
	.action = act,
	.event = event,
	.summary = summary,
};
