#include "chain_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "trust/validity.h"

#define BAR_CELLS 16
#define LABEL_COLS_MIN 12
#define ROWS_MAX 1024

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static struct chain_row *add(struct chain_tree *t, enum chain_row_kind kind, int depth)
{
	struct chain_row *row;

	if (t->count >= ROWS_MAX)
		return NULL;
	row = &t->rows[t->count++];
	*row = (struct chain_row){ .kind = kind, .depth = depth };
	return row;
}

/* "CN=name,O=..." is told by its common name where there is one. */
static const char *name_of(const json_t *certificate)
{
	const char *name = text_of(certificate, "common_name");

	return name[0] != '\0' ? name : text_of(certificate, "subject");
}

static void add_failure(struct chain_tree *t, int depth, const json_t *certificate, const json_t *error)
{
	const char *code = text_of(error, "finding");
	struct chain_row *row = add(t, CHAIN_FAILURE, depth);

	if (row == NULL)
		return;
	row->fails = true;
	row->certificate = certificate;
	row->finding = finding_by_code(code);
	if (json_is_true(json_object_get(error, "repairable")))
		row->repair = t->repair;
	if (code[0] != '\0')
		snprintf(row->text, sizeof(row->text), "%s [%s]", text_of(error, "rule"), code);
	else
		snprintf(row->text, sizeof(row->text), "%s", text_of(error, "rule"));
}

static void add_certificate(struct chain_tree *t, enum chain_row_kind kind, int depth, const json_t *certificate)
{
	const json_t *errors = json_object_get(certificate, "errors");
	struct chain_row *row = add(t, kind, depth);

	if (row == NULL)
		return;
	row->certificate = certificate;
	row->fails = json_array_size(errors) > 0;
	snprintf(row->text, sizeof(row->text), "%s", name_of(certificate));
	for (size_t i = 0; kind == CHAIN_CERTIFICATE && i < json_array_size(errors); i++)
		add_failure(t, depth, certificate, json_array_get(errors, i));
}

/* Where the path ends: in an anchor, in one that may not be used, or nowhere. */
static void add_end(struct chain_tree *t, int depth)
{
	const json_t *anchor = json_object_get(t->document, "anchor"), *missing = json_object_get(t->document, "missing_issuer");
	struct chain_row *row = add(t, CHAIN_END, depth);

	if (row == NULL)
		return;
	row->fails = strcmp(text_of(t->document, "end"), "trusted-anchor") != 0;
	row->repair = t->repair;
	if (!row->fails)
		snprintf(row->text, sizeof(row->text), _("in the store as \"%s\", trusted for Cisco services"), text_of(anchor, "name"));
	else if (json_is_object(anchor) && !json_is_true(json_object_get(anchor, "enabled")))
		snprintf(row->text, sizeof(row->text), _("in the store as \"%s\", but disabled"), text_of(anchor, "name"));
	else if (json_is_object(anchor))
		snprintf(row->text, sizeof(row->text), _("in the store as \"%s\", but not trusted for Cisco services"),
			 text_of(anchor, "name"));
	else if (json_is_string(missing))
		snprintf(row->text, sizeof(row->text), _("missing: %.250s: not sent, and not in the store"), json_string_value(missing));
	else
		snprintf(row->text, sizeof(row->text), "%s", _("its top is not in the store"));
}

static enum chain_repair repair_of(struct chain_tree *t)
{
	const json_t *repair = json_object_get(t->document, "repair"), *chain = json_object_get(t->document, "chain");
	const char *kind = text_of(repair, "kind"), *sha256 = text_of(repair, "sha256");

	if (strcmp(kind, "import-file") == 0)
		return CHAIN_REPAIR_FILE;
	if (strcmp(kind, "import") == 0) {
		for (size_t i = 0; i < json_array_size(chain); i++) {
			if (strcmp(text_of(json_array_get(chain, i), "sha256"), sha256) == 0)
				t->pem = text_of(json_array_get(chain, i), "pem");
		}
		return t->pem != NULL && t->pem[0] != '\0' ? CHAIN_REPAIR_IMPORT : CHAIN_REPAIR_FILE;
	}
	if (kind[0] == '\0')
		return CHAIN_REPAIR_NONE;
	snprintf(t->anchor, sizeof(t->anchor), "%s", text_of(repair, "name"));
	return CHAIN_REPAIR_ANCHOR;
}

static void make_headline(struct chain_tree *t)
{
	const json_t *d = t->document;

	snprintf(t->headline, sizeof(t->headline), t->trusted ? _("%.250s:%d (%s%s) is trusted. %s") : _("%.250s:%d (%s%s) is NOT trusted. %s"),
		 text_of(d, "host"), (int)json_integer_value(json_object_get(d, "port")),
		 json_is_true(json_object_get(d, "via_proxy")) ? _("through the proxy ") : "", text_of(d, "address"), text_of(d, "version"));
}

bool chain_tree_take(struct chain_tree *tree, json_t *document)
{
	const json_t *chain = json_object_get(document, "chain"), *unused = json_object_get(document, "unused");
	int depth = 0;

	*tree = (struct chain_tree){ 0 };
	if (!json_is_array(chain)) {
		json_decref(document);
		return false;
	}
	tree->rows = calloc(ROWS_MAX, sizeof(*tree->rows));
	if (tree->rows == NULL) {
		json_decref(document);
		return false;
	}
	tree->document = document;
	tree->trusted = json_is_true(json_object_get(document, "trusted"));
	tree->repair = repair_of(tree);
	make_headline(tree);
	for (size_t i = 0; i < json_array_size(chain); i++, depth++)
		add_certificate(tree, CHAIN_CERTIFICATE, depth, json_array_get(chain, i));
	add_end(tree, depth);
	for (size_t i = 0; i < json_array_size(unused); i++)
		add_certificate(tree, CHAIN_UNUSED, 0, json_array_get(unused, i));
	return true;
}

void chain_tree_clear(struct chain_tree *tree)
{
	json_decref(tree->document);
	free(tree->rows);
	*tree = (struct chain_tree){ 0 };
}

const char *chain_repair_text(const struct chain_tree *tree, enum chain_repair repair)
{
	const char *kind = text_of(json_object_get(tree->document, "repair"), "kind");

	switch (repair) {
	case CHAIN_REPAIR_ANCHOR:
		return strcmp(kind, "trust") == 0 ? _("trust it for Cisco services") : strcmp(kind, "enable") == 0 ? _("enable it") :
		       _("enable it, and trust it for Cisco services");
	case CHAIN_REPAIR_IMPORT: return _("look at the CA certificate that was sent, and import it");
	case CHAIN_REPAIR_FILE: return _("import the missing CA certificate from a file");
	default: return "";
	}
}

/* --- in words -------------------------------------------------------------------------------------------------------- */

int chain_label_cols(void)
{
	return (int)text_widest(LABEL_COLS_MIN - 2, _("Subject"), _("Issuer"), _("Valid"), _("Names"), "SHA-256", _("Key"), _("From"),
				_("Asked for")) + 2;
}

static void put(struct buffer *out, const char *label, const char *value)
{
	text_fit(out, label, (size_t)chain_label_cols(), true, true);
	buffer_printf(out, "%s\n", value);
}

static void put_validity(struct buffer *out, const json_t *c, time_t at)
{
	char text[512], bar[BAR_CELLS + 4], words[TRUST_VALIDITY_TEXT_MAX], first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX];
	time_t from, until;

	if (!clock_parse_rfc3339(text_of(c, "not_before"), &from) || !clock_parse_rfc3339(text_of(c, "not_after"), &until))
		return;
	snprintf(text, sizeof(text), "%s .. %s  %s  %s", when_day(first, from), when_day(last, until),
		 trust_validity_bar(bar, BAR_CELLS, from, until, at), trust_validity_text(words, from, until, at));
	put(out, _("Valid"), text);
}

/* In two lines: it is to be compared. */
static void put_fingerprint(struct buffer *out, const char *sha256)
{
	char half[64];

	snprintf(half, sizeof(half), "%.47s", sha256);
	put(out, "SHA-256", half);
	if (strlen(sha256) > 48)
		put(out, "", sha256 + 48);
}

static void explain_certificate(const struct chain_tree *t, const struct chain_row *row, struct buffer *out)
{
	const json_t *c = row->certificate;
	time_t at = clock_now();
	char key[160];

	clock_parse_rfc3339(text_of(t->document, "at"), &at);
	put(out, _("Subject"), text_of(c, "subject"));
	put(out, _("Issuer"), json_is_true(json_object_get(c, "self_signed")) ? _("itself (a root)") : text_of(c, "issuer"));
	put_validity(out, c, at);
	if (row->depth == 0 && row->kind == CHAIN_CERTIFICATE)
		put(out, _("Names"), text_of(c, "names")[0] != '\0' ? text_of(c, "names") : "-");
	put_fingerprint(out, text_of(c, "sha256"));
	snprintf(key, sizeof(key), "%.40s, %.60s, %s", text_of(c, "key"), text_of(c, "signature"),
		 json_is_true(json_object_get(c, "ca")) ? "CA" : _("no CA"));
	put(out, _("Key"), key);
	put(out, _("From"), row->kind == CHAIN_UNUSED ? _("the server; no part of the path") :
	    json_is_true(json_object_get(c, "sent")) ? _("the server") : _("the store"));
}

static void explain_finding(enum finding finding, struct buffer *out)
{
	const struct finding_info *info = finding_info(finding);
	const char *steps;

	if (finding == FINDING_NONE)
		return;
	buffer_printf(out, "%s\n", _(info->cause));
	steps = _(info->remedy);
	while (*steps != '\0') {
		size_t len = strcspn(steps, "\n");

		buffer_printf(out, "- %.*s\n", (int)len, steps);
		steps += len + (steps[len] == '\n');
	}
}

/* What the rule looked at. */
static void put_fact(const struct chain_tree *t, const struct chain_row *r, struct buffer *out)
{
	const char *names = text_of(r->certificate, "names");
	time_t at = clock_now();

	clock_parse_rfc3339(text_of(t->document, "at"), &at);
	switch (r->finding) {
	case FINDING_CERT_NAME_MISMATCH:
		put(out, _("Asked for"), text_of(t->document, "host"));
		put(out, _("Names"), names[0] != '\0' ? names : "-");
		break;
	case FINDING_CERT_EXPIRED: case FINDING_CERT_INTERMEDIATE_EXPIRED: case FINDING_CERT_ROOT_EXPIRED:
	case FINDING_CERT_NOT_YET_VALID:
		put_validity(out, r->certificate, at);
		break;
	case FINDING_CERT_UNTRUSTED_ROOT: case FINDING_CERT_MISSING_INTERMEDIATE:
		put(out, _("Issuer"), text_of(r->certificate, "issuer"));
		break;
	default: break;
	}
}

/* The most telling one of all. */
static enum finding first_finding(const struct chain_tree *tree)
{
	const char *code = json_string_value(json_array_get(json_object_get(tree->document, "findings"), 0));

	return code != NULL ? finding_by_code(code) : FINDING_NONE;
}

void chain_tree_explain(const struct chain_tree *tree, size_t row, struct buffer *out)
{
	const struct chain_row *r = row < tree->count ? &tree->rows[row] : NULL;

	if (r == NULL)
		return;
	if (r->kind == CHAIN_FAILURE) {
		put_fact(tree, r, out);
		explain_finding(r->finding, out);
	} else if (r->certificate != NULL) {
		explain_certificate(tree, r, out);
	} else {
		buffer_printf(out, "%s\n", r->text);
		if (r->fails)
			explain_finding(first_finding(tree), out);
	}
}

void chain_tree_text(const struct chain_tree *tree, struct buffer *out)
{
	buffer_printf(out, "%s\n\n", tree->headline);
	for (size_t i = 0; i < tree->count; i++) {
		const struct chain_row *r = &tree->rows[i];

		buffer_printf(out, "%*s%s %s\n", r->depth * 2, "", r->kind == CHAIN_FAILURE ? "!!" : r->fails ? "!!" : "OK", r->text);
		if (r->kind == CHAIN_CERTIFICATE || r->kind == CHAIN_UNUSED) {
			explain_certificate(tree, r, out);
			buffer_putc(out, '\n');
		}
	}
}
