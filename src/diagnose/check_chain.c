/* chain: the certificates that the feed's server sent, against the certificates that are enabled and trusted for Cisco services. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/chain.h"
#include "diagnose/chain_fetch.h"
#include "diagnose/checks.h"
#include "diagnose/way.h"

#define DATE_MS 1500
#define SHOWN_MAX 10
#define LIBRARY_SECURITY_LEVEL 2	/* Debian's, and OpenSSL's own since 3.2 */

/* What OpenSSL calls it, and what it is. In the order in which a person should hear of them; the anchor has its own file. */
static const struct rule {
	int error;
	enum finding finding;
} rules[] = {
	{ X509_V_ERR_CERT_REVOKED, FINDING_CERT_REVOKED },
	{ X509_V_ERR_CERT_REJECTED, FINDING_TRUST_ROOT_REJECTED },
	{ X509_V_ERR_CERT_UNTRUSTED, FINDING_TRUST_ROOT_REJECTED },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_INVALID_CA, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_INVALID_NON_CA, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_PERMITTED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_EXCLUDED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_SUBTREE_MINMAX, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_INVALID_PURPOSE, FINDING_CERT_WRONG_USAGE },
	{ X509_V_ERR_CA_MD_TOO_WEAK, FINDING_CERT_WEAK_SIGNATURE },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, FINDING_CRL_UNAVAILABLE },
	{ X509_V_ERR_CRL_HAS_EXPIRED, FINDING_CRL_EXPIRED },
	{ X509_V_ERR_CERT_HAS_EXPIRED, FINDING_CERT_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, FINDING_CERT_NOT_YET_VALID },
	{ X509_V_ERR_HOSTNAME_MISMATCH, FINDING_CERT_NAME_MISMATCH },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, FINDING_CERT_NAME_MISMATCH },
};

struct check_finding *chain_fail(struct chain_check *k, enum finding f, const char *seen)
{
	bool first = k->r->status != CHECK_FAIL;
	struct check_finding *row = result_add(k->r, f, WEIGHT_FAIL);

	if (first)
		result_summary(k->r, "%s%s%s%s", _(finding_info(f)->cause), seen[0] != '\0' ? " (" : "", seen,
			       seen[0] != '\0' ? ")" : "");
	return row;
}

void chain_judge_with(const struct chain_check *k, STACK_OF(X509) *sent, X509_STORE *store, struct probe_chain *out)
{
	const struct probe_chain_options o = { .store = store, .host = k->host, .at = clock_now(), .auth_level = -1 };

	probe_chain_judge(sent, &o, out);
}

/* --- taking over what the handshake left --------------------------------------------------------------------------------- */

static bool open_trust(struct chain_check *k)
{
	struct error err = ERROR_INIT;

	/* A first run fills the store; a user who may only read can still check. */
	if (!trust_open(k->c->state_dir, false, &k->trust, &err) && !trust_open(k->c->state_dir, true, &k->trust, &err)) {
		result_error(k->r, &err, FINDING_TRUST_STORE_INVALID);
		return false;
	}
	k->services = trust_x509_store(k->trust, TRUST_CISCO_SERVICES, &k->services_count, &err);
	if (k->services == NULL) {
		result_error(k->r, &err, FINDING_TRUST_STORE_INVALID);
		return false;
	}
	result_evidence(k->r, _("trusted certificates"), _("%zu, of these %zu enabled and trusted for Cisco services"),
			trust_count(k->trust), k->services_count);
	return true;
}

/* --- evidence ------------------------------------------------------------------------------------------------------------- */

static void describe_certificate(struct check_result *r, int depth, X509 *certificate)
{
	struct probe_cert cert;
	char name[32], from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], fingerprint[96];

	probe_cert_describe(certificate, &cert);
	snprintf(name, sizeof(name), _("certificate %d"), depth);
	result_evidence(r, name, _("%s; issuer %s; valid %s to %s; %s"), cert.subject, cert.issuer,
			clock_rfc3339(from, cert.not_before), clock_rfc3339(to, cert.not_after), cert.key);
	result_evidence(r, "SHA-256", "%s", probe_cert_fingerprint_text(fingerprint, cert.sha256));
}

static void describe(struct chain_check *k)
{
	for (int i = 0; i < sk_X509_num(k->sent) && i < SHOWN_MAX; i++)
		describe_certificate(k->r, i, sk_X509_value(k->sent, i));
	result_evidence(k->r, _("names"), "%s", k->leaf.has_san ? k->leaf.sans : k->leaf.common_name);
	for (size_t i = 0; i < k->judged.error_count; i++) {
		const struct probe_chain_error *e = &k->judged.errors[i];

		result_evidence(k->r, _("rule that fails"), _("depth %d: %s (%s)"), e->depth,
				X509_verify_cert_error_string(e->error), e->subject);
	}
	result_fact(k->r, "issuer", event_string(k->leaf.issuer));
	result_fact(k->r, "valid_from", json_integer((json_int_t)k->judged.valid_from));
	result_fact(k->r, "valid_to", json_integer((json_int_t)k->judged.valid_to));
}

/* Intermediates of a good chain are remembered: a server that forgets one later is told so. */
static void keep_intermediates(struct chain_check *k)
{
	json_t *kept = json_array(), *chain = json_object_get(check_facts(k->c, CHECK_TLS), "chain");

	for (size_t i = 1; i < json_array_size(chain) && i < 4; i++)
		json_array_append(kept, json_array_get(chain, i));
	result_fact(k->r, "intermediates", kept);
}

/* --- dates ----------------------------------------------------------------------------------------------------------------- */

/* The server's own Date: somebody else's clock, though nobody vouches for it. */
static void ask_for_date(struct chain_check *k)
{
	struct way_options o;
	struct probe_tls tls = { 0 };
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way w;

	if (e == NULL || !way_usual(k->c, check_left_ms(k->c, DATE_MS), &o)) {
		free(e);
		return;
	}
	if (way_handshake(k->c, &o, NULL, &w, &tls) && tls.outcome == PROBE_TLS_OK &&
	    probe_http_get(w.channel, k->host, k->c->target.port, "/", o.budget_ms, e) &&
	    e->outcome == PROBE_EXCHANGE_OK && e->head.date_s > 0) {
		double offset = (double)e->head.date_s * 1000 - (double)clock_now_ms();

		result_fact(k->r, "date_offset_ms", json_real(offset));
		result_evidence(k->r, _("server's Date"), _("%s: %.0f s from this clock"), e->head.date, offset / 1000);
	}
	probe_tls_clear(&tls);
	way_clear(&w);
	free(e);
}

static enum finding at_depth(enum finding f, const struct chain_check *k, const struct probe_chain_error *e)
{
	int last = sk_X509_num(k->judged.built) - 1;

	if (f != FINDING_CERT_EXPIRED || e->depth == 0)
		return f;
	return e->depth == last && X509_self_signed(sk_X509_value(k->judged.built, last), 0) == 1 ?
		       FINDING_CERT_ROOT_EXPIRED : FINDING_CERT_INTERMEDIATE_EXPIRED;
}

/* --- the judgement --------------------------------------------------------------------------------------------------------- */

static void apply_rule(struct chain_check *k, const struct rule *rule, const struct probe_chain_error *e)
{
	enum finding f = at_depth(rule->finding, k, e);
	char seen[PROBE_CERT_SANS_MAX + 64], when[CLOCK_TEXT_MAX];

	if (f == FINDING_CERT_NAME_MISMATCH)
		snprintf(seen, sizeof(seen), _("it names %s"), k->leaf.has_san ? k->leaf.sans : k->leaf.common_name);
	else if (rule->finding == FINDING_CERT_EXPIRED)
		snprintf(seen, sizeof(seen), _("%s, on %s"), e->subject, clock_rfc3339(when, k->judged.valid_to));
	else if (rule->finding == FINDING_CERT_NOT_YET_VALID)
		snprintf(seen, sizeof(seen), _("%s, before %s"), e->subject, clock_rfc3339(when, k->judged.valid_from));
	else
		snprintf(seen, sizeof(seen), _("depth %d: %s"), e->depth, e->subject);
	chain_fail(k, f, seen);
}

static bool is_weak(const struct probe_chain *judged)
{
	return probe_chain_has(judged, X509_V_ERR_CA_MD_TOO_WEAK) != NULL ||
	       probe_chain_has(judged, X509_V_ERR_CA_KEY_TOO_SMALL) != NULL ||
	       probe_chain_has(judged, X509_V_ERR_EE_KEY_TOO_SMALL) != NULL;
}

/* Good enough for everybody but this node, whose openssl.cnf asks for more. */
static bool weak_here_only(struct chain_check *k)
{
	const struct probe_chain_options o = { .store = k->services, .host = k->host, .at = clock_now(),
					       .auth_level = LIBRARY_SECURITY_LEVEL };
	struct probe_chain judged;
	bool only;

	if (!is_weak(&k->judged))
		return false;
	probe_chain_judge(k->sent, &o, &judged);
	only = !is_weak(&judged);
	probe_chain_clear(&judged);
	return only;
}

static bool apply_rules(struct chain_check *k)
{
	bool dates = false;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct probe_chain_error *e = probe_chain_has(&k->judged, rules[i].error);

		/* An issuer that is no CA fails the purpose as well. */
		if (e == NULL || (rules[i].error == X509_V_ERR_INVALID_PURPOSE &&
				  result_has(k->r, FINDING_CERT_ISSUER_NOT_CA) != NULL))
			continue;
		apply_rule(k, &rules[i], e);
		dates = dates || rules[i].error == X509_V_ERR_CERT_HAS_EXPIRED ||
			rules[i].error == X509_V_ERR_CERT_NOT_YET_VALID;
	}
	return dates;
}

static bool lacks_anchor(const struct probe_chain *judged)
{
	static const int errors[] = {
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
		X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_CERT_SIGNATURE_FAILURE,
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (probe_chain_has(judged, errors[i]) != NULL)
			return true;
	}
	return false;
}

/* A CA's own certificate among what was sent, for whoever wants to import it: the console shows its fingerprint first. */
static void keep_sent_ca(struct chain_check *k)
{
	for (int i = sk_X509_num(k->sent) - 1; i >= 0; i--) {
		X509 *certificate = sk_X509_value(k->sent, i);
		struct probe_cert cert;
		char fingerprint[3 * 32];
		BIO *bio;
		char *pem;
		long n;

		if (X509_check_ca(certificate) <= 0 || (X509_get_extension_flags(certificate) & EXFLAG_SS) == 0)
			continue;
		probe_cert_describe(certificate, &cert);
		bio = BIO_new(BIO_s_mem());
		if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1 && (n = BIO_get_mem_data(bio, &pem)) > 0)
			result_fact(k->r, "ca", json_pack("{s:o, s:o, s:s, s:s#}", "subject", event_string(cert.subject), "name",
							  event_string(cert.common_name), "sha256",
							  probe_cert_fingerprint_text(fingerprint, cert.sha256), "pem", pem, (int)n));
		BIO_free(bio);
		return;
	}
}

static void judge_failure(struct chain_check *k)
{
	bool no_anchor = lacks_anchor(&k->judged), wrong_name = !k->judged.name_matches, dates;

	keep_sent_ca(k);
	/* Is it the right server at all? Then what is wrong with the certificate of the wrong one does not matter. */
	if ((no_anchor || wrong_name) && chain_doubt_server(k))
		return;
	if (no_anchor)
		chain_judge_anchor(k);
	else if (weak_here_only(k))
		chain_fail(k, FINDING_TLS_LOCAL_POLICY, X509_verify_cert_error_string(k->judged.errors[0].error));
	dates = k->r->status != CHECK_FAIL || no_anchor ? apply_rules(k) : false;
	if (dates)
		ask_for_date(k);
	if (k->r->status != CHECK_FAIL && wrong_name)
		chain_fail(k, FINDING_CERT_NAME_MISMATCH, k->leaf.sans);
	if (k->r->status != CHECK_FAIL)
		chain_fail(k, FINDING_CERT_UNTRUSTED_ROOT, k->judged.error_count > 0 ?
			   X509_verify_cert_error_string(k->judged.errors[0].error) : "");
}

/* The stapled answer of the CA, when there is one. */
static void judge_revocation(struct chain_check *k)
{
	const char *text = json_string_value(json_object_get(check_facts(k->c, CHECK_TLS), "staple"));
	size_t len = text != NULL ? strlen(text) : 0;
	unsigned char *der = malloc(len + 1);
	int n = der != NULL && len > 0 ? EVP_DecodeBlock(der, (const unsigned char *)text, (int)len) : -1;
	enum probe_ocsp staple = PROBE_OCSP_NONE;

	/* Base64 pads with up to two bytes that are not there. */
	for (size_t i = len; n > 0 && i > 0 && text[i - 1] == '='; i--)
		n--;
	if (n > 0)
		staple = probe_ocsp_judge(der, (size_t)n, k->judged.built, k->services, clock_now());
	free(der);
	if (staple == PROBE_OCSP_REVOKED) {
		chain_fail(k, FINDING_CERT_REVOKED, _("the stapled OCSP answer says so"));
	} else if (staple != PROBE_OCSP_GOOD) {
		result_evidence(k->r, _("revocation"), "%s", _("not checked: neither a list nor a stapled answer is at hand"));
		result_add(k->r, FINDING_REVOCATION_NOT_CHECKED, WEIGHT_INFO);
		if (k->leaf.must_staple)
			result_add(k->r, FINDING_OCSP_MISSING, WEIGHT_INFO);
	}
}

static void succeed(struct chain_check *k)
{
	result_summary(k->r, _("%s, issued by %s, ends in %s"), k->leaf.common_name, k->leaf.issuer_name,
		       k->top.common_name);
	keep_intermediates(k);
	judge_revocation(k);
	if (k->judged.name_by_cn)
		result_add(k->r, FINDING_CERT_NO_SAN, WEIGHT_WARN);
}

static void judge(struct chain_check *k)
{
	int count;

	chain_judge_with(k, k->sent, k->services, &k->judged);
	count = sk_X509_num(k->judged.built);
	probe_cert_describe(sk_X509_value(k->sent, 0), &k->leaf);
	probe_cert_describe(count > 0 ? sk_X509_value(k->judged.built, count - 1) : sk_X509_value(k->sent, 0), &k->top);
	describe(k);
	if (json_is_true(json_object_get(check_facts(k->c, CHECK_TLS), "chain_cut")) && !k->judged.trusted)
		chain_fail(k, FINDING_CERT_PATH_TOO_LONG, _("more certificates than any sound chain has"));
	else if (k->judged.trusted && k->judged.name_matches)
		succeed(k);
	else
		judge_failure(k);
}

void check_chain_run(const struct check_context *c, struct check_result *r)
{
	struct chain_check *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_FAIL);
		return;
	}
	k->c = c;
	k->r = r;
	k->host = c->target.host;
	k->sent = chain_from_facts(json_object_get(check_facts(c, CHECK_TLS), "chain"));
	if (k->sent == NULL || sk_X509_num(k->sent) == 0)
		chain_fail(k, FINDING_CERT_UNTRUSTED_ROOT, _("the server sent no certificate that can be read"));
	else if (open_trust(k))
		judge(k);
	ERR_clear_error();
	probe_chain_clear(&k->judged);
	X509_STORE_free(k->services);
	sk_X509_pop_free(k->sent, X509_free);
	trust_free(k->trust);
	free(k);
}
