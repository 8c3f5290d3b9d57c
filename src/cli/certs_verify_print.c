/* The two faces of `certs verify`: a tree for people, one document for programs. */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "cli/certs_verify.h"
#include "cli/paragraph.h"
#include "trust/validity.h"

#define FINGERPRINT_MAX 100
#define BAR_CELLS 16
#define LABEL_COLS_MIN 12
#define LINE_MAX_BYTES 2048

/* --- JSON --------------------------------------------------------------------------------------------------------------- */

static const char *end_name(enum probe_chain_end end)
{
	static const char *const names[] = {
		[PROBE_CHAIN_TRUSTED_ANCHOR] = "trusted-anchor", [PROBE_CHAIN_SELF_SIGNED_LEAF] = "self-signed",
		[PROBE_CHAIN_UNKNOWN_ROOT] = "unknown-root", [PROBE_CHAIN_ISSUER_ABSENT] = "issuer-absent",
	};

	return names[end];
}

static bool was_sent(const struct verification *v, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(v->tls.sent); i++) {
		if (X509_cmp(sk_X509_value(v->tls.sent, i), certificate) == 0)
			return true;
	}
	return false;
}

static json_t *sha256_json(X509 *certificate)
{
	char text[FINGERPRINT_MAX];
	struct probe_cert c;

	probe_cert_describe(certificate, &c);
	return json_string(probe_cert_fingerprint_text(text, c.sha256));
}

/* What to do about it: which certificate, and how. */
static json_t *repair_json(const struct verification *v)
{
	static const char *const names[] = { [REPAIR_ENABLE] = "enable", [REPAIR_TRUST] = "trust",
					     [REPAIR_ENABLE_TRUST] = "enable-and-trust", [REPAIR_IMPORT] = "import",
					     [REPAIR_IMPORT_FILE] = "import-file" };
	json_t *repair;

	if (v->repair == REPAIR_NONE)
		return json_null();
	repair = json_pack("{s:s}", "kind", names[v->repair]);
	if (v->repair == REPAIR_IMPORT)
		json_object_set_new(repair, "sha256", sha256_json(v->candidate));
	else if (v->repair == REPAIR_IMPORT_FILE && v->chain.end == PROBE_CHAIN_ISSUER_ABSENT)
		json_object_set_new(repair, "issuer", event_string(v->chain.missing_issuer));
	else if (v->repair != REPAIR_IMPORT_FILE && v->anchor != NULL)
		json_object_set_new(repair, "name", json_string(v->anchor->name));
	return repair;
}

static json_t *pem_json(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	json_t *pem = NULL;

	if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1) {
		long len = BIO_get_mem_data(bio, &text);

		pem = json_stringn(text, (size_t)len);
	}
	BIO_free(bio);
	return pem != NULL ? pem : json_null();
}

static json_t *error_json(const struct verification *v, const struct probe_chain_error *e)
{
	enum finding f = verify_finding_of(v, e);

	return json_pack("{s:i, s:s, s:s?, s:b}", "error", e->error, "rule", X509_verify_cert_error_string(e->error), "finding",
			 f != FINDING_NONE ? finding_info(f)->code : NULL, "repairable",
			 v->repair != REPAIR_NONE && verify_is_about_anchor(f));
}

static json_t *certificate_json(const struct verification *v, size_t at)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], fingerprint[FINGERPRINT_MAX];
	json_t *errors = json_array(), *object;
	struct probe_cert c;
	const char *now;

	probe_cert_describe(v->shown[at], &c);
	for (size_t i = 0; at < v->path_count && i < v->chain.error_count; i++) {
		if (v->chain.errors[i].depth == (int)at)
			json_array_append_new(errors, error_json(v, &v->chain.errors[i]));
	}
	now = v->at < c.not_before ? "not-yet-valid" : v->at > c.not_after ? "expired" : "valid";
	object = json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:s, s:o, s:o}", "depth",
			   at < v->path_count ? json_integer((json_int_t)at) : json_null(), "sent", was_sent(v, v->shown[at]),
			   "common_name", event_string(c.common_name), "serial", event_string(c.serial), "subject",
			   event_string(c.subject), "issuer", event_string(c.issuer), "not_before",
			   clock_rfc3339(from, c.not_before), "not_after", clock_rfc3339(until, c.not_after), "now", now, "key",
			   c.key, "signature", c.signature, "names", event_string(c.sans), "ca", c.is_ca, "self_signed",
			   c.self_signed, "sha256", probe_cert_fingerprint_text(fingerprint, c.sha256), "errors", errors, "pem",
			   pem_json(v->shown[at]));
	return object;
}

int verify_print_json(const struct verification *v)
{
	json_t *chain = json_array(), *unused = json_array(), *findings = json_array(), *all;
	char address[PROBE_ADDRESS_TEXT_MAX], at[CLOCK_TEXT_MAX];
	const struct probe_chain *c = &v->chain;

	for (size_t i = 0; i < v->shown_count; i++)
		json_array_append_new(i < v->path_count ? chain : unused, certificate_json(v, i));
	for (size_t i = 0; i < v->finding_count; i++)
		json_array_append_new(findings, json_string(finding_info(v->findings[i])->code));
	all = json_pack("{s:s, s:i, s:s, s:b, s:s, s:s, s:s, s:b, s:s, s:b, s:o, s:o, s:o, s:o, s:o?, s:s?, s:o, s:o}", "host", v->target.host, "port",
			v->target.port, "address", probe_address_text(address, &v->reach.peer), "via_proxy", v->reach.via_proxy,
			"version", v->tls.version, "cipher", v->tls.cipher, "at", clock_rfc3339(at, v->at), "trusted", c->trusted,
			"end", end_name(c->end), "name_matches", c->name_matches, "sent",
			json_integer((json_int_t)c->sent_count), "chain", chain, "unused", unused, "findings", findings,
			"anchor", v->anchor != NULL ? certs_entry_json(v->anchor) : NULL, "fix",
			v->fix[0] != '\0' ? v->fix : NULL, "repair", repair_json(v), "missing_issuer",
			c->end == PROBE_CHAIN_ISSUER_ABSENT ? event_string(c->missing_issuer) : json_null());
	return certs_put_json(all);
}

/* --- text --------------------------------------------------------------------------------------------------------------- */

static void put_line(size_t depth, const char *label, const char *value)
{
	struct buffer line = BUFFER_INIT(LINE_MAX_BYTES), safe = BUFFER_INIT(LINE_MAX_BYTES);

	text_fit(&line, label, text_widest(LABEL_COLS_MIN, _("valid"), _("from"), _("FAILS"), _("subject"), _("issuer"), _("names"),
					   _("SHA-256"), _("MISSING"), _("UNUSED")), true, true);
	text_sanitise(&safe, value, strlen(value));
	printf("%*s%s %s\n", (int)(depth * 3 + 4), "", buffer_text(&line), buffer_text(&safe));
	buffer_clear(&line);
	buffer_clear(&safe);
}

/* "2026-01-01 to 2027-01-01 [====|----]": the mark is now. */
static void put_validity(size_t depth, const struct probe_cert *c, time_t at)
{
	char from[WHEN_TEXT_MAX], until[WHEN_TEXT_MAX], text[512], bar[BAR_CELLS + 4], words[TRUST_VALIDITY_TEXT_MAX];

	if (!c->times_valid) {
		put_line(depth, _("valid"), _("its dates cannot be read"));
		return;
	}
	snprintf(text, sizeof(text), _("%s to %s  %s  %s"), when_day(from, c->not_before),
		 when_day(until, c->not_after), trust_validity_bar(bar, BAR_CELLS, c->not_before, c->not_after, at),
		 trust_validity_text(words, c->not_before, c->not_after, at));
	put_line(depth, _("valid"), text);
}

static void put_place(const struct verification *v, size_t at, size_t depth)
{
	bool anchor = v->chain.end == PROBE_CHAIN_TRUSTED_ANCHOR && at + 1 == v->path_count;
	char text[512];

	if (anchor && v->anchor != NULL)
		snprintf(text, sizeof(text), _("in the store as \"%s\", trusted for Cisco services"), v->anchor->name);
	else
		snprintf(text, sizeof(text), "%s", at >= v->path_count ? _("sent by the server, no part of the path")
			 : was_sent(v, v->shown[at]) ? _("sent by the server") : _("in the store"));
	put_line(depth, _("from"), text);
}

static void put_errors(const struct verification *v, size_t at)
{
	char text[512];

	for (size_t i = 0; i < v->chain.error_count; i++) {
		const struct probe_chain_error *e = &v->chain.errors[i];
		enum finding f = verify_finding_of(v, e);

		if (e->depth != (int)at)
			continue;
		snprintf(text, sizeof(text), f != FINDING_NONE ? _("%s [%s]") : "%s%s", X509_verify_cert_error_string(e->error),
			 finding_info(f)->code);
		put_line(at, _("FAILS"), text);
	}
}

static void put_certificate(const struct verification *v, size_t at)
{
	size_t depth = at < v->path_count ? at : 0;
	char fingerprint[FINGERPRINT_MAX];
	struct probe_cert c;

	probe_cert_describe(v->shown[at], &c);
	printf("%*s%s ", (int)(depth * 3), "", depth == 0 ? "*" : "+-");
	cli_print_safe(c.common_name[0] != '\0' ? c.common_name : c.subject);
	putchar('\n');
	put_line(depth, _("subject"), c.subject);
	put_line(depth, _("issuer"), c.issuer);
	put_validity(depth, &c, v->at);
	if (at == 0)
		put_line(depth, _("names"), c.sans[0] != '\0' ? c.sans : _("none"));
	put_line(depth, _("SHA-256"), probe_cert_fingerprint_text(fingerprint, c.sha256));
	put_place(v, at, depth);
	if (at < v->path_count)
		put_errors(v, at);
}

static void put_missing(const struct verification *v)
{
	size_t depth = v->path_count;

	if (v->chain.end != PROBE_CHAIN_ISSUER_ABSENT)
		return;
	printf("%*s+- ", (int)(depth * 3), "");
	cli_print_safe(v->chain.missing_issuer);
	putchar('\n');
	if (v->anchor == NULL)
		put_line(depth, _("MISSING"), _("the server did not send it, and it is not in the store"));
	else
		put_line(depth, _("UNUSED"), !v->anchor->enabled ? _("in the store, but disabled")
							      : _("in the store, but not trusted for Cisco services"));
}

/* What to do next: the command, else the catalogue's steps for the first finding. */
static void put_next(const struct verification *v)
{
	enum finding f = v->finding_count > 0 ? v->findings[0] : FINDING_NONE;
	const char *steps = _(finding_info(f)->remedy);

	if (f == FINDING_NONE)
		return;
	printf("\n");
	paragraph_print("", _(finding_info(f)->cause), strlen(_(finding_info(f)->cause)));
	if (v->repair != REPAIR_NONE && v->repair < REPAIR_IMPORT && verify_is_about_anchor(f)) {
		printf("  ");
		cli_print_safe(v->fix);
		putchar('\n');
		return;
	}
	while (*steps != '\0') {
		size_t len = strcspn(steps, "\n");

		paragraph_print("  - ", steps, len);
		steps += len + (steps[len] == '\n');
	}
}

void verify_print_text(const struct cli *cli, const struct verification *v)
{
	char address[PROBE_ADDRESS_TEXT_MAX];

	if (cli->quiet && v->chain.trusted)
		return;
	printf(v->chain.trusted ? _("%s:%u (%s%s) is trusted. %s\n\n") : _("%s:%u (%s%s) is NOT trusted. %s\n\n"), v->target.host,
	       v->target.port, v->reach.via_proxy ? _("through the proxy ") : "", probe_address_text(address, &v->reach.peer),
	       v->tls.version);
	for (size_t i = 0; i < v->path_count; i++)
		put_certificate(v, i);
	put_missing(v);
	for (size_t i = v->path_count; i < v->shown_count; i++)
		put_certificate(v, i);
	put_next(v);
}
