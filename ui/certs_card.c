#include "certs_card.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "trust/details.h"
#include "trust/validity.h"

#define BAR_CELLS 24
#define BAR_CELLS_MIN 8
#define LABEL_COLS_MIN 13
#define MARK_COLS 3
#define SAMPLE_DAY 1795651199		/* 2026-11-25: two digits for month and day */
#define FINGERPRINT_BYTES 32
#define HEX_TEXT_MAX 100
#define TEXT_MAX 640

enum theme_role certs_expiry(char dst[CERTS_EXPIRY_MAX], const struct trust_entry *e)
{
	bool over = (e->remarks & (TRUST_EXPIRED | TRUST_NOT_YET_VALID)) != 0, soon = (e->remarks & TRUST_EXPIRES_SOON) != 0;
	char when[WHEN_TEXT_MAX];

	snprintf(dst, CERTS_EXPIRY_MAX, "%s%s", when_day(when, e->not_after), over ? " !!" : soon ? " ??" : "");
	return over ? ROLE_FAIL : soon ? ROLE_WARN : ROLE_NORMAL;
}

int certs_expiry_cols(void)
{
	char sample[WHEN_TEXT_MAX];

	return (int)text_width(when_day(sample, SAMPLE_DAY)) + 5;
}

int certs_card_label_cols(void)
{
	return (int)text_widest(LABEL_COLS_MIN - 1, _("Subject"), _("Issuer"), _("Serial"), "SHA-256", _("Valid"), _("Key"), _("Description"),
				_("Warning"), _("Trusted for"), _("Name"), _("Trust it for"), _("Import it")) + 1;
}

/* --- the lines of the card ------------------------------------------------------------------------------------------- */

static void put_subject(struct page *p, const struct trust_entry *e)
{
	page_row(p, ROLE_NORMAL, certs_card_label_cols(), _("Subject"), e->subject);
}

static void put_issuer(struct page *p, const struct trust_entry *e)
{
	page_row(p, ROLE_NORMAL, certs_card_label_cols(), _("Issuer"), e->self_signed ? _("itself (a root)") : e->issuer);
}

static void put_serial(struct page *p, const struct trust_entry *e)
{
	page_row(p, ROLE_NORMAL, certs_card_label_cols(), _("Serial"), e->serial);
}

/* A fingerprint is to be compared, so it is never cut: as many lines as it needs. */
static int fingerprint_rows(const struct page *p)
{
	int rows = 1;

	while (rows < 8 && p->cols < certs_card_label_cols() + FINGERPRINT_BYTES / rows * 3 - 1)
		rows *= 2;
	return rows;
}

static void put_fingerprint(struct page *p, const struct trust_entry *e)
{
	int rows = fingerprint_rows(p);
	size_t bytes = FINGERPRINT_BYTES / (size_t)rows;
	char hex[HEX_TEXT_MAX];

	for (int i = 0; i < rows; i++)
		page_row(p, ROLE_NORMAL, certs_card_label_cols(), i == 0 ? "SHA-256" : "",
			 trust_hex_colons(hex, sizeof(hex), e->sha256 + (size_t)i * bytes, bytes));
}

static void put_valid(struct page *p, const struct trust_entry *e)
{
	char from[WHEN_TEXT_MAX], until[WHEN_TEXT_MAX], bar[BAR_CELLS + 4], words[TRUST_VALIDITY_TEXT_MAX], text[TEXT_MAX];
	time_t now = clock_now();
	int cells;

	trust_validity_text(words, e->not_before, e->not_after, now);
	snprintf(text, sizeof(text), "%s .. %s   ", when_day(from, e->not_before), when_day(until, e->not_after));
	page_line(p);
	page_cell(p, ROLE_LABEL, certs_card_label_cols(), _("Valid"));
	page_put(p, ROLE_NORMAL, text);
	cells = page_cols_left(p) - (int)text_width(words) - 6;
	cells = cells > BAR_CELLS ? BAR_CELLS : cells;
	if (cells >= BAR_CELLS_MIN) {
		page_put(p, ROLE_BAR, trust_validity_bar(bar, cells, e->not_before, e->not_after, now));
		page_put(p, ROLE_NORMAL, "  ");
	}
	page_put(p, (e->remarks & (TRUST_EXPIRED | TRUST_NOT_YET_VALID)) != 0 ? ROLE_FAIL :
		 (e->remarks & TRUST_EXPIRES_SOON) != 0 ? ROLE_WARN : ROLE_DIM, words);
}

static void put_key(struct page *p, const struct trust_entry *e)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s, %s, %s", e->key, e->signature_algorithm, e->ca ? "CA" : _("no CA"));
	page_row(p, ROLE_NORMAL, certs_card_label_cols(), _("Key"), text);
}

static void put_description(struct page *p, const struct trust_entry *e)
{
	page_row(p, ROLE_NORMAL, certs_card_label_cols(), _("Description"), e->description);
}

static void put_warnings(struct page *p, const struct trust_entry *e)
{
	bool first = true;

	for (unsigned int remark = 1; remark <= TRUST_FILE_MISSING; remark <<= 1) {
		if ((e->remarks & remark) == 0)
			continue;
		page_line(p);
		page_cell(p, ROLE_LABEL, certs_card_label_cols(), first ? _("Warning") : "");
		page_put(p, ROLE_WARN, "?? ");
		page_wrap_after(p, ROLE_NORMAL, certs_card_label_cols() + MARK_COLS, trust_remark_text(remark));
		first = false;
	}
}

static int warning_rows(const struct page *p, const struct trust_entry *e)
{
	int rows = 0;

	for (unsigned int remark = 1; remark <= TRUST_FILE_MISSING; remark <<= 1) {
		if ((e->remarks & remark) != 0)
			rows += page_wrap_lines(trust_remark_text(remark), p->cols - certs_card_label_cols() - MARK_COLS);
	}
	return rows;
}

const char *certs_usage_word(unsigned int usage)
{
	switch (usage) {
	case TRUST_CISCO_SERVICES: return _("Cisco services");
	case TRUST_INFRASTRUCTURE: return _("within ISE");
	case TRUST_CLIENT_AUTH: return _("client auth");
	default: return _("admin");
	}
}

static const int box_order[CERTS_USAGES] = { 3, 0, 1, 2 };

static int box_cols(unsigned int usage)
{
	return 4 + (int)text_width(certs_usage_word(usage));
}

static int usage_rows(const struct page *p)
{
	int cols = certs_card_label_cols(), rows = 1;

	for (int i = 0; i < CERTS_USAGES; i++) {
		int width = box_cols(1u << box_order[i]);

		if (cols > certs_card_label_cols() && cols + width > p->cols) {
			cols = certs_card_label_cols();
			rows++;
		}
		cols += width + 2;
	}
	return rows;
}

static void put_usages(struct page *p, const struct trust_entry *e, bool boxes)
{
	int cols = certs_card_label_cols();

	page_line(p);
	page_cell(p, ROLE_LABEL, certs_card_label_cols(), _("Trusted for"));
	for (int i = 0; i < CERTS_USAGES; i++) {
		unsigned int usage = 1u << box_order[i];
		int width = box_cols(usage);
		bool on = (e->usages & usage) != 0;

		if (cols > certs_card_label_cols() && cols + width > p->cols) {
			page_line(p);
			page_tab(p, certs_card_label_cols());
			cols = certs_card_label_cols();
		} else if (cols > certs_card_label_cols()) {
			page_put(p, ROLE_NORMAL, "  ");
		}
		if (boxes) {
			struct page_item *item = page_item(p, CERTS_CARD_USAGE + box_order[i], ITEM_BUTTON, 3);

			if (item != NULL)
				item->cursor = 1;
		}
		page_put(p, boxes ? ROLE_FIELD : ROLE_NORMAL, on ? "[x]" : "[ ]");
		page_putf(p, on ? ROLE_NORMAL : ROLE_DIM, " %s", certs_usage_word(usage));
		cols += width + 2;
	}
}

/* --- which of them fit ----------------------------------------------------------------------------------------------- */

enum line { LINE_SUBJECT, LINE_ISSUER, LINE_SERIAL, LINE_FINGERPRINT, LINE_VALID, LINE_KEY, LINE_DESCRIPTION, LINE_WARNINGS,
	    LINE_USAGES, LINE_COUNT };

/* The order in which they get their room. */
static const enum line priority[LINE_COUNT] = { LINE_USAGES, LINE_VALID, LINE_WARNINGS, LINE_SUBJECT, LINE_FINGERPRINT, LINE_ISSUER,
						LINE_SERIAL, LINE_DESCRIPTION, LINE_KEY };

static int rows_of(const struct page *p, const struct trust_entry *e, enum line line)
{
	switch (line) {
	case LINE_FINGERPRINT: return fingerprint_rows(p);
	case LINE_DESCRIPTION: return e->description[0] != '\0' ? 1 : 0;
	case LINE_WARNINGS: return warning_rows(p, e);
	case LINE_USAGES: return usage_rows(p);
	default: return 1;
	}
}

int certs_card_rows(const struct page *p, const struct trust_entry *entry)
{
	int rows = 0;

	for (int line = 0; line < LINE_COUNT; line++)
		rows += rows_of(p, entry, (enum line)line);
	return rows;
}

static void put_line_of(struct page *p, const struct trust_entry *e, enum line line, enum certs_card how)
{
	switch (line) {
	case LINE_SUBJECT: put_subject(p, e); break;
	case LINE_ISSUER: put_issuer(p, e); break;
	case LINE_SERIAL: put_serial(p, e); break;
	case LINE_FINGERPRINT: put_fingerprint(p, e); break;
	case LINE_VALID: put_valid(p, e); break;
	case LINE_KEY: put_key(p, e); break;
	case LINE_DESCRIPTION: put_description(p, e); break;
	case LINE_WARNINGS: put_warnings(p, e); break;
	default: put_usages(p, e, how == CERTS_CARD_BOXES); break;
	}
}

void certs_card_put(struct page *p, const struct trust_entry *entry, int rows, enum certs_card how)
{
	bool shown[LINE_COUNT] = { false };

	for (int i = 0; i < LINE_COUNT; i++) {
		int need = rows_of(p, entry, priority[i]);

		if (need == 0 || need > rows || (priority[i] == LINE_USAGES && how == CERTS_CARD_BARE))
			continue;
		shown[priority[i]] = true;
		rows -= need;
	}
	for (int line = 0; line < LINE_COUNT; line++) {
		if (shown[line])
			put_line_of(p, entry, (enum line)line, how);
	}
}

/* --- everything ------------------------------------------------------------------------------------------------------ */

static size_t text_label_cols(void)
{
	return text_widest((size_t)certs_card_label_cols() - 1, _("State"), _("Valid from"), _("Valid until"), _("Signature"),
			   _("Path length"), _("Key usage"), _("Extended"), _("Key id"), _("Issuer's id")) + 1;
}

static void text_row(struct buffer *out, const char *label, const char *value)
{
	text_fit(out, label, text_label_cols(), true, true);
	buffer_printf(out, "%s\n", value);
}

static void text_hex(struct buffer *out, const char *label, const unsigned char *bytes, size_t len)
{
	char hex[HEX_TEXT_MAX];

	for (size_t at = 0; at < len; at += 16)
		text_row(out, at == 0 ? label : "", trust_hex_colons(hex, sizeof(hex), bytes + at, len - at < 16 ? len - at : 16));
}

static void text_validity(struct buffer *out, const struct trust_entry *e)
{
	char from[WHEN_TEXT_MAX], until[WHEN_TEXT_MAX], words[TRUST_VALIDITY_TEXT_MAX], bar[BAR_CELLS + 4], text[TEXT_MAX];
	time_t now = clock_now();

	text_row(out, _("Valid from"), when_utc(from, e->not_before));
	snprintf(text, sizeof(text), "%s   %s", when_utc(until, e->not_after),
		 trust_validity_text(words, e->not_before, e->not_after, now));
	text_row(out, _("Valid until"), text);
	text_row(out, "", trust_validity_bar(bar, BAR_CELLS, e->not_before, e->not_after, now));
}

static void text_usages(struct buffer *out, const struct trust_store *store, const struct trust_entry *e)
{
	bool first = true;

	for (int i = 0; i < CERTS_USAGES; i++) {
		unsigned int usage = 1u << box_order[i];
		struct error err = ERROR_INIT;
		char text[TEXT_MAX];

		snprintf(text, sizeof(text), "[%c] %s", (e->usages & usage) != 0 ? 'x' : ' ', trust_usage_title(usage));
		text_row(out, first ? _("Trusted for") : "", text);
		first = false;
		if ((e->usages & usage) == 0 && !trust_usage_possible(store, e, usage, &err)) {
			snprintf(text, sizeof(text), _("    not possible: %.500s"), err.message);
			text_row(out, "", text);
		}
	}
}

static void text_list(struct buffer *out, const char *label, bool has, const char *none, const char *const *names, size_t n)
{
	struct buffer list = BUFFER_INIT(4096);

	for (size_t i = 0; i < n; i++)
		buffer_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	text_row(out, label, !has ? none : list.len > 0 ? buffer_text(&list) : "-");
	buffer_clear(&list);
}

static void text_details(struct buffer *out, X509 *certificate)
{
	const char *extended[TRUST_EXTENDED_USAGES_MAX];
	struct trust_details d;
	char text[64];

	trust_details_of(certificate, &d);
	for (size_t i = 0; i < d.extended_usage_count; i++)
		extended[i] = d.extended_usages[i];
	snprintf(text, sizeof(text), "%ld", d.path_length);
	text_row(out, _("Path length"), d.path_length >= 0 ? text : _("no limit"));
	text_list(out, _("Key usage"), d.has_key_usage, _("no restriction"), d.key_usages, d.key_usage_count);
	text_list(out, _("Extended"), d.has_extended_usage, _("no restriction"), extended, d.extended_usage_count);
	text_row(out, _("Key id"), d.subject_key_id[0] != '\0' ? d.subject_key_id : "-");
	text_row(out, _("Issuer's id"), d.authority_key_id[0] != '\0' ? d.authority_key_id : "-");
	text_hex(out, "SHA-1", d.sha1, sizeof(d.sha1));
}

static void text_warnings(struct buffer *out, const struct trust_entry *e)
{
	const char *label = _("Warning");

	for (unsigned int remark = 1; remark <= TRUST_FILE_MISSING; remark <<= 1) {
		if ((e->remarks & remark) == 0)
			continue;
		text_row(out, label, trust_remark_text(remark));
		label = "";
	}
}

void certs_card_text(struct buffer *out, const struct trust_store *store, const struct trust_entry *entry)
{
	struct error err = ERROR_INIT;
	X509 *certificate = trust_certificate(store, entry, &err);

	text_row(out, _("Name"), entry->name);
	if (entry->description[0] != '\0')
		text_row(out, _("Description"), entry->description);
	text_row(out, _("State"), entry->enabled ? _("enabled") : _("disabled"));
	text_usages(out, store, entry);
	text_warnings(out, entry);
	text_row(out, _("Subject"), entry->subject);
	text_row(out, _("Issuer"), entry->self_signed ? _("itself (a root)") : entry->issuer);
	text_row(out, _("Serial"), entry->serial);
	text_hex(out, "SHA-256", entry->sha256, sizeof(entry->sha256));
	text_validity(out, entry);
	text_row(out, _("Key"), entry->key);
	text_row(out, _("Signature"), entry->signature_algorithm);
	text_row(out, "CA", entry->ca ? _("yes") : _("no"));
	if (certificate != NULL)
		text_details(out, certificate);
	else
		buffer_printf(out, "\n%s\n", err.message);
}
