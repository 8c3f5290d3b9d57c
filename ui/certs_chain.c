#include "certs_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "certs_import.h"
#include "chain_tree.h"
#include "pane.h"
#include "pane_certs.h"
#include "pane_proxy.h"

#define DEADLINE_MS 40000
#define TEXT_MAX 65536
#define EXPLAIN_ROWS_MAX 9
#define ROWS_MIN 4
#define BAR_CELLS 16

enum { ID_TREE = 2000, ID_AGAIN, ID_PROXY };

struct chain {
	struct certs_store *c;
	char *host;			/* NULL: the feed's */
	struct run *run;		/* NULL: it has ended */
	struct chain_tree tree;		/* document NULL: nothing came */
	struct list list;
	struct error problem;		/* why nothing came */
};

/* --- fetching -------------------------------------------------------------------------------------------------------- */

static void take_problem(struct chain *ch, const json_t *event)
{
	const char *code = json_string_value(json_object_get(event, "finding")), *next = json_string_value(json_object_get(event, "next"));
	const char *message = json_string_value(json_object_get(event, "message"));

	error_set(&ch->problem, code != NULL ? finding_by_code(code) : FINDING_NONE, "%s", message != NULL ? message : "?");
	if (next != NULL)
		error_next(&ch->problem, "%s", next);
}

static void line(void *data, const char *text, size_t len, const json_t *event)
{
	struct chain *ch = data;

	(void)text;
	(void)len;
	if (event == NULL)
		return;
	if (json_is_array(json_object_get(event, "chain"))) {
		chain_tree_clear(&ch->tree);
		/* The event is borrowed; the tree keeps its own reference. */
		chain_tree_take(&ch->tree, json_deep_copy(event));
	} else if (json_is_string(json_object_get(event, "message"))) {
		take_problem(ch, event);
	}
}

static void ended(void *data, int code, const char *errors)
{
	struct chain *ch = data;

	(void)code;
	ch->run = NULL;
	if (ch->tree.document == NULL && ch->problem.message[0] == '\0')
		error_set(&ch->problem, FINDING_NONE, "%s", errors[0] != '\0' ? errors : _("the command ended without an answer"));
	/* The first line that fails is what one came for. */
	ch->list.selected = 0;
	for (size_t i = 0; i < ch->tree.count; i++) {
		if (ch->tree.rows[i].kind == CHAIN_FAILURE) {
			ch->list.selected = (int64_t)i;
			break;
		}
	}
	app_dirty(ch->c->app);
}

static void fetch(struct chain *ch)
{
	const char *arguments[] = { "certs", "verify", "--json", "--", ch->host, NULL };
	const struct run_options options = { .deadline_ms = DEADLINE_MS, .line = line, .end = ended, .data = ch };

	run_forget(ch->run);
	error_clear(&ch->problem);
	chain_tree_clear(&ch->tree);
	ch->list = (struct list){ 0 };
	ch->run = app_start(ch->c->app, arguments, &options, &ch->problem);
	app_dirty(ch->c->app);
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static void put_date(struct page *p, const struct chain_row *row)
{
	const char *until = json_string_value(json_object_get(row->certificate, "not_after"));
	const char *now = json_string_value(json_object_get(row->certificate, "now"));
	bool valid = now == NULL || strcmp(now, "valid") == 0;
	char text[80];

	snprintf(text, sizeof(text), "%s %.10s", valid ? _("until") : _("not valid, until"), until != NULL ? until : "?");
	if (page_cols_left(p) > (int)text_width(text) + 2)
		page_right(p, valid ? ROLE_DIM : ROLE_FAIL, text);
}

static void put_row(void *data, struct page *p, int64_t at, bool selected)
{
	const struct chain *ch = data;
	const struct chain_row *row = &ch->tree.rows[at];
	enum theme_role role = selected ? ROLE_TITLE : ROLE_NORMAL;

	page_putf(p, ROLE_DIM, "%*s", row->depth * 2, "");
	switch (row->kind) {
	case CHAIN_CERTIFICATE:
		page_put(p, ROLE_DIM, row->depth == 0 ? "" : p->ascii ? "`- " : "\xe2\x94\x94\xe2\x94\x80 ");
		page_put(p, row->fails ? ROLE_FAIL : ROLE_OK, row->fails ? "!!  " : "OK  ");
		break;
	case CHAIN_FAILURE:
		page_put(p, ROLE_FAIL, row->depth == 0 ? "    !! " : "       !! ");
		break;
	case CHAIN_END:
		page_put(p, ROLE_DIM, p->ascii ? "`- " : "\xe2\x94\x94\xe2\x94\x80 ");
		page_put(p, row->fails ? ROLE_FAIL : ROLE_OK, row->fails ? "!!  " : "OK  ");
		break;
	case CHAIN_UNUSED:
		page_put(p, ROLE_DIM, _("--  not used: "));
		break;
	}
	page_put(p, row->kind == CHAIN_FAILURE ? ROLE_FAIL : role, row->text);
	if (row->kind == CHAIN_CERTIFICATE)
		put_date(p, row);
}

/* Bytes of a line that stand in its first columns. */
static size_t bytes_of(const char *text, int cols)
{
	size_t n = 0;

	while (text[n] != '\0') {
		char head[256];
		uint32_t cp;
		size_t len = text_utf8_decode(text + n, strlen(text + n), &cp);

		snprintf(head, sizeof(head), "%.*s", (int)n, text);
		if ((int)text_width(head) >= cols)
			break;
		n += len > 0 ? len : 1;
	}
	return n;
}

/* Later lines of a step hang behind its dash, those of a field behind its label. */
static void put_lines(struct page *p, const char *text, int rows, bool fields)
{
	while (*text != '\0' && rows > 0) {
		size_t len = strcspn(text, "\n"), head;
		int before = p->count, indent;
		char part[1200];

		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		indent = strncmp(part, "- ", 2) == 0 ? 2 : fields ? chain_label_cols() : 0;
		head = bytes_of(part, indent);
		page_line(p);
		page_put_n(p, fields ? ROLE_LABEL : ROLE_NORMAL, part, head);
		page_tab(p, indent);
		page_wrap_after(p, ROLE_NORMAL, indent, part + head);
		rows -= p->count - before;
		text += len + (text[len] == '\n');
	}
}

static void put_selected(const struct chain *ch, struct page *p, int rows)
{
	const struct chain_row *row = &ch->tree.rows[ch->list.selected];
	struct buffer text = BUFFER_INIT(TEXT_MAX);
	char title[400];

	snprintf(title, sizeof(title), "%s", row->text);
	page_rule(p, title);
	if (row->repair != CHAIN_REPAIR_NONE) {
		page_line(p);
		page_put(p, ROLE_KEY, _("Enter"));
		page_putf(p, ROLE_NORMAL, ": %s", chain_repair_text(&ch->tree, row->repair));
		rows--;
	}
	chain_tree_explain(&ch->tree, (size_t)ch->list.selected, &text);
	put_lines(p, buffer_text(&text), rows, row->kind == CHAIN_CERTIFICATE || row->kind == CHAIN_UNUSED);
	buffer_clear(&text);
}

static bool is_about_proxy(const struct chain *ch)
{
	enum finding_fix fix = finding_info(ch->problem.code)->fix;

	return fix == FIX_PROXY_SETTINGS || fix == FIX_PROXY_LOGIN;
}

static void put_failed(const struct chain *ch, struct page *p)
{
	const struct page_button buttons[] = { { ID_AGAIN, _("Again") }, { ID_PROXY, _("Go to Proxy") } };
	char next[ERROR_TEXT_MAX];

	page_line(p);
	page_put(p, ROLE_FAIL, "!! ");
	page_wrap_after(p, ROLE_NORMAL, 3, ch->problem.message);
	error_next_step(&ch->problem, next, sizeof(next));
	if (next[0] != '\0') {
		page_line(p);
		page_tab(p, 3);
		page_wrap_after(p, ROLE_NORMAL, 3, next);
	}
	if (ch->problem.code != FINDING_NONE) {
		page_line(p);
		page_tab(p, 3);
		page_putf(p, ROLE_DIM, "[%s]", finding_info(ch->problem.code)->code);
	}
	page_line(p);
	page_buttons(p, buttons, is_about_proxy(ch) ? 2 : 1);
}

static void prepare(void *data, struct page *p)
{
	struct chain *ch = data;
	int rows, below;

	if (ch->run != NULL) {
		page_text(p, ROLE_DIM, _("fetching the certificates ..."));
		return;
	}
	if (ch->tree.document == NULL) {
		put_failed(ch, p);
		return;
	}
	page_line(p);
	page_put(p, ch->tree.trusted ? ROLE_OK : ROLE_FAIL, ch->tree.trusted ? "OK  " : "!!  ");
	page_wrap_after(p, ROLE_NORMAL, 4, ch->tree.headline);
	ch->list.count = (int64_t)ch->tree.count;
	rows = page_left(p);
	below = rows - ROWS_MIN > EXPLAIN_ROWS_MAX + 2 ? EXPLAIN_ROWS_MAX + 2 : rows - ROWS_MIN;
	if (below < 3)
		below = 0;
	page_list(p, ID_TREE, &ch->list, rows - below < (int)ch->tree.count ? rows - below : (int)ch->tree.count, put_row, ch);
	if (below > 0)
		put_selected(ch, p, page_left(p) - 1);
}

/* --- mending --------------------------------------------------------------------------------------------------------- */

static void fixed(void *data, bool changed)
{
	struct chain *ch = data;

	if (changed)
		fetch(ch);
}

static const char *text_of_end(const struct chain *ch)
{
	const char *end = json_string_value(json_object_get(ch->tree.document, "end"));

	return end != NULL ? end : "";
}

static void mend(struct chain *ch, enum chain_repair repair)
{
	struct app *app = ch->c->app;
	const struct certs_import_wish wish = {
		.label = _("the server's chain"), .data = ch->tree.pem, .len = ch->tree.pem != NULL ? strlen(ch->tree.pem) : 0,
		.why = strcmp(text_of_end(ch), "unknown-root") == 0 ?
		       _("The server sent this root. Anybody can send one: compare its SHA-256 with what the CA's owner publishes, "
			 "by another way, before you trust it.") :
		       _("The server sent this intermediate CA, not its root. Anybody can send one: compare its SHA-256 with what "
			 "its owner publishes before you trust it. The root, from its owner, would last longer."),
		.usages = TRUST_CISCO_SERVICES, .fixed = fixed, .fixed_data = ch,
	};
	struct error err = ERROR_INIT;

	if (!app_permit(app, NEED_TRUST))
		return;
	if (repair == CHAIN_REPAIR_ANCHOR && !certs_fix_anchor(ch->c, ch->tree.anchor, fixed, ch))
		app_notice(app, ROLE_FAIL, _("!! \"%s\" is no longer in the store."), ch->tree.anchor);
	else if (repair == CHAIN_REPAIR_IMPORT && !certs_import_open(ch->c, &wish, &err))
		app_notice_error(app, &err);
	else if (repair == CHAIN_REPAIR_FILE)
		certs_import_ask(ch->c);
}

static void go_to_proxy(struct chain *ch)
{
	bool login = finding_info(ch->problem.code)->fix == FIX_PROXY_LOGIN;
	struct app *app = ch->c->app;

	dialog_close(app);
	pane_proxy_go(app, login ? "password" : "proxy.host");
}

static bool act(void *data, enum action action, int focus)
{
	struct chain *ch = data;
	struct buffer text = BUFFER_INIT(TEXT_MAX);
	const struct chain_row *row = ch->list.selected < (int64_t)ch->tree.count ? &ch->tree.rows[ch->list.selected] : NULL;

	if (action == ACTION_CHAIN_AGAIN || (action == ACTION_CHOOSE && focus == ID_AGAIN)) {
		fetch(ch);
	} else if (action == ACTION_CHOOSE && focus == ID_PROXY) {
		go_to_proxy(ch);
	} else if (action == ACTION_CHAIN_COPY && ch->tree.document != NULL) {
		chain_tree_text(&ch->tree, &text);
		app_copy(ch->c->app, _("certificate chain"), buffer_text(&text));
	} else if (action == ACTION_CHOOSE && focus == ID_TREE && row != NULL && ch->tree.document != NULL) {
		if (row->repair != CHAIN_REPAIR_NONE) {
			mend(ch, row->repair);
		} else {
			chain_tree_explain(&ch->tree, (size_t)ch->list.selected, &text);
			dialog_text(ch->c->app, row->text, buffer_text(&text));
		}
	} else {
		return false;
	}
	buffer_clear(&text);
	return true;
}

static bool possible(void *data, enum action action)
{
	const struct chain *ch = data;

	return action != ACTION_CHAIN_COPY || ch->tree.document != NULL;
}

static void destroy(void *data)
{
	struct chain *ch = data;

	run_forget(ch->run);
	chain_tree_clear(&ch->tree);
	free(ch->host);
	free(ch);
}

void certs_chain_open(struct certs_store *c, const char *host)
{
	static const struct dialog_ops ops = { .scope = SCOPE_CHAIN, .prepare = prepare, .possible = possible, .action = act,
					       .destroy = destroy };
	struct chain *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		return;
	ch->c = c;
	ch->host = host != NULL ? strdup(host) : NULL;
	if (dialog_open(c->app, _("The server's certificates"), &ops, ch) != NULL)
		fetch(ch);
}
