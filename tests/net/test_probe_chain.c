/* Chains made by the test, each with one thing wrong: every rule that fails is told, at its depth, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "net/probe_chain.h"
#include "net/probe_tls.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW 1800000000
#define DAY 86400

/* What one certificate is made of. */
struct recipe {
	const char *name;
	int from_day, to_day;		/* against NOW */
	const char *constraints, *usage, *extended, *san, *more_nid, *more;
	int rsa_bits;			/* 0: EC P-256 */
	const char *digest;		/* NULL: SHA-256 */
};

struct made {
	X509 *certificate;
	EVP_PKEY *key;
};

static void extend(X509 *c, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	if (value == NULL)
		return;
	X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	X509_add_ext(c, e, -1);
	X509_EXTENSION_free(e);
}

static struct made make(const struct recipe *r, const struct made *issuer)
{
	static long serial = 1;
	struct made m;
	X509 *c = X509_new(), *signer;

	m.certificate = c;
	m.key = r->rsa_bits != 0 ? EVP_RSA_gen((unsigned int)r->rsa_bits) : EVP_EC_gen("P-256");
	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
	ASN1_TIME_set(X509_getm_notBefore(c), NOW + (time_t)r->from_day * DAY);
	ASN1_TIME_set(X509_getm_notAfter(c), NOW + (time_t)r->to_day * DAY);
	X509_set_pubkey(c, m.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, (const unsigned char *)r->name, -1, -1, 0);
	signer = issuer != NULL ? issuer->certificate : c;
	X509_set_issuer_name(c, X509_get_subject_name(signer));
	extend(c, signer, NID_basic_constraints, r->constraints);
	extend(c, signer, NID_key_usage, r->usage);
	extend(c, signer, NID_ext_key_usage, r->extended);
	extend(c, signer, NID_subject_alt_name, r->san);
	if (r->more_nid != NULL)
		extend(c, signer, OBJ_sn2nid(r->more_nid), r->more);
	X509_sign(c, issuer != NULL ? issuer->key : m.key, r->digest != NULL ? EVP_get_digestbyname(r->digest) : EVP_sha256());
	return m;
}

static void drop(struct made *m)
{
	X509_free(m->certificate);
	EVP_PKEY_free(m->key);
}

#define CA "critical,CA:TRUE"
#define SAN "DNS:feed.test,DNS:*.cdn.test,IP:192.0.2.1"
#define ROOT { .name = "Root", .from_day = -900, .to_day = 900, .constraints = CA }
#define INTER { .name = "Inter", .from_day = -90, .to_day = 90, .constraints = CA }
#define LEAF { .name = "feed.test", .from_day = -9, .to_day = 9, .san = SAN }

struct row {
	const char *what;
	struct recipe root, inter, leaf;
	const char *sent;		/* of "lir": leaf, intermediate, root, in the order sent */
	bool anchored;
	int error, depth;		/* 0: trusted */
	enum probe_chain_end end;
	bool more;			/* further errors follow from that one */
};

static const struct row rows[] = {
	{ "good", ROOT, INTER, LEAF, "li", true, 0, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "good with root", ROOT, INTER, LEAF, "lir", true, 0, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "out of order", ROOT, INTER, LEAF, "lri", true, 0, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "leaf expired", ROOT, INTER, { .name = "x", .from_day = -9, .to_day = -1, .san = SAN }, "li", true,
	  X509_V_ERR_CERT_HAS_EXPIRED, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "intermediate expired", ROOT, { .name = "Inter", .from_day = -9, .to_day = -1, .constraints = CA }, LEAF, "li", true,
	  X509_V_ERR_CERT_HAS_EXPIRED, 1, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "root expired", { .name = "Root", .from_day = -9, .to_day = -1, .constraints = CA }, INTER, LEAF, "li", true,
	  X509_V_ERR_CERT_HAS_EXPIRED, 2, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "not yet valid", ROOT, INTER, { .name = "x", .from_day = 1, .to_day = 9, .san = SAN }, "li", true,
	  X509_V_ERR_CERT_NOT_YET_VALID, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "other name", ROOT, INTER, { .name = "feed.test", .from_day = -9, .to_day = 9, .san = "DNS:other.test" }, "li", true,
	  X509_V_ERR_HOSTNAME_MISMATCH, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "intermediate not sent", ROOT, INTER, LEAF, "l", true, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0,
	  PROBE_CHAIN_ISSUER_ABSENT, true },
	{ "root unknown", ROOT, INTER, LEAF, "li", false, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1,
	  PROBE_CHAIN_ISSUER_ABSENT, true },
	{ "root unknown, sent", ROOT, INTER, LEAF, "lir", false, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 2,
	  PROBE_CHAIN_UNKNOWN_ROOT, false },
	{ "self-signed", { .name = "feed.test", .from_day = -9, .to_day = 9, .san = SAN }, INTER, LEAF, "r", false,
	  X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0, PROBE_CHAIN_SELF_SIGNED_LEAF, false },
	{ "client only", ROOT, INTER,
	  { .name = "x", .from_day = -9, .to_day = 9, .san = SAN, .extended = "clientAuth" }, "li", true,
	  X509_V_ERR_INVALID_PURPOSE, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "issuer is no CA", ROOT, { .name = "Inter", .from_day = -9, .to_day = 9, .constraints = "critical,CA:FALSE" }, LEAF,
	  "li", true, X509_V_ERR_INVALID_CA, 1, PROBE_CHAIN_TRUSTED_ANCHOR, true },
	{ "path too long", { .name = "Root", .from_day = -9, .to_day = 99, .constraints = CA ",pathlen:0" }, INTER, LEAF, "li",
	  true, X509_V_ERR_PATH_LENGTH_EXCEEDED, 2, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "name not permitted", ROOT,
	  { .name = "Inter", .from_day = -9, .to_day = 9, .constraints = CA, .more_nid = "nameConstraints",
	    .more = "critical,permitted;DNS:corp.test" }, LEAF, "li", true, X509_V_ERR_PERMITTED_VIOLATION, 0,
	  PROBE_CHAIN_TRUSTED_ANCHOR, true },
	{ "weak key", ROOT, INTER, { .name = "x", .from_day = -9, .to_day = 9, .san = SAN, .rsa_bits = 1024 }, "li", true,
	  X509_V_ERR_EE_KEY_TOO_SMALL, 0, PROBE_CHAIN_TRUSTED_ANCHOR, false },
	{ "weak signature", ROOT, { .name = "Inter", .from_day = -9, .to_day = 9, .constraints = CA, .digest = "SHA1" }, LEAF,
	  "li", true, X509_V_ERR_CA_MD_TOO_WEAK, 1, PROBE_CHAIN_TRUSTED_ANCHOR, false },
};

static STACK_OF(X509) *send(const char *order, const struct made *root, const struct made *inter, const struct made *leaf)
{
	STACK_OF(X509) *sent = sk_X509_new_null();

	for (; *order != '\0'; order++)
		sk_X509_push(sent, *order == 'l' ? leaf->certificate : *order == 'i' ? inter->certificate : root->certificate);
	return sent;
}

static void check_row(const struct row *r)
{
	struct made root = make(&r->root, NULL), inter = make(&r->inter, &root), leaf = make(&r->leaf, &inter);
	STACK_OF(X509) *sent = send(r->sent, &root, &inter, &leaf);
	X509_STORE *store = X509_STORE_new();
	struct probe_chain_options options = { .store = store, .host = "feed.test", .at = NOW, .auth_level = 2 };
	struct probe_chain c;

	if (r->anchored)
		X509_STORE_add_cert(store, root.certificate);
	probe_chain_judge(sent, &options, &c);
	if (c.trusted != (r->error == 0) || c.end != r->end ||
	    (r->error != 0 && (c.errors[0].error != r->error || c.errors[0].depth != r->depth)) ||
	    (!r->more && c.error_count > 1))
		fail_msg("%s: trusted %d, end %d, %zu errors, first %d at %d, second %d", r->what, c.trusted, c.end,
			 c.error_count, c.errors[0].error, c.errors[0].depth, c.errors[1].error);
	probe_chain_clear(&c);
	X509_STORE_free(store);
	sk_X509_free(sent);
	drop(&root);
	drop(&inter);
	drop(&leaf);
}

static void each_fault_is_told_at_its_depth(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i]);
}

static void all_faults_are_told_not_only_the_first(void **state)
{
	static const struct recipe root_recipe = ROOT,
		inter_recipe = { .name = "Inter", .from_day = -9, .to_day = -2, .constraints = CA },
		leaf_recipe = { .name = "x", .from_day = -9, .to_day = -1, .san = "DNS:other.test", .extended = "clientAuth" };
	struct made root = make(&root_recipe, NULL), inter = make(&inter_recipe, &root), leaf = make(&leaf_recipe, &inter);
	STACK_OF(X509) *sent = send("lir", &root, &inter, &leaf);
	struct probe_chain_options options = { .host = "feed.test", .at = NOW, .auth_level = 2 };
	struct probe_chain c;

	(void)state;
	probe_chain_judge(sent, &options, &c);
	assert_false(c.trusted);
	assert_non_null(probe_chain_has(&c, X509_V_ERR_HOSTNAME_MISMATCH));
	assert_non_null(probe_chain_has(&c, X509_V_ERR_INVALID_PURPOSE));
	assert_non_null(probe_chain_has(&c, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN));
	assert_int_equal(probe_chain_has(&c, X509_V_ERR_CERT_HAS_EXPIRED)->depth, 1);
	assert_int_equal(c.valid_from, NOW - 9 * DAY);
	assert_int_equal(c.valid_to, NOW - 2 * DAY);
	assert_int_equal(c.sent_count, 3);
	assert_true(c.sent_in_order);
	assert_false(c.name_matches);
	probe_chain_clear(&c);
	/* At another time the dates are right. */
	options.at = NOW - 5 * DAY;
	probe_chain_judge(sent, &options, &c);
	assert_null(probe_chain_has(&c, X509_V_ERR_CERT_HAS_EXPIRED));
	probe_chain_clear(&c);
	sk_X509_free(sent);
	drop(&root);
	drop(&inter);
	drop(&leaf);
}

static void nothing_to_judge_is_not_trusted(void **state)
{
	struct probe_chain_options options = { .at = NOW, .auth_level = -1 };
	STACK_OF(X509) *none = sk_X509_new_null();
	struct probe_chain c;

	(void)state;
	probe_chain_judge(none, &options, &c);
	assert_false(c.trusted);
	assert_non_null(probe_chain_has(&c, X509_V_ERR_UNSPECIFIED));
	probe_chain_clear(&c);
	probe_chain_judge(NULL, &options, &c);
	assert_false(c.trusted);
	probe_chain_clear(&c);
	sk_X509_free(none);
}

static void a_certificate_is_put_into_words(void **state)
{
	static const struct recipe recipe = { .name = "feed.test", .from_day = -9, .to_day = 9, .san = SAN,
					      .more_nid = "authorityInfoAccess",
					      .more = "caIssuers;URI:http://ca.test/i.crt,OCSP;URI:http://ocsp.test/" },
				   staple = { .name = "x", .from_day = -9, .to_day = 9, .more_nid = "tlsfeature",
					      .more = "status_request" };
	struct made m = make(&recipe, NULL), s = make(&staple, NULL);
	struct probe_cert c;
	char text[100];

	(void)state;
	probe_cert_describe(m.certificate, &c);
	assert_string_equal(c.subject, "CN=feed.test");
	assert_string_equal(c.sans, "feed.test, *.cdn.test, 192.0.2.1");
	assert_string_equal(c.key, "EC prime256v1");
	assert_int_equal(c.not_after, NOW + 9 * DAY);
	assert_string_equal(c.aia_issuer, "http://ca.test/i.crt");
	assert_string_equal(c.ocsp_url, "http://ocsp.test/");
	assert_true(c.self_signed && c.server_auth && c.has_san && !c.is_ca && !c.must_staple);
	assert_int_equal(strlen(probe_cert_fingerprint_text(text, c.sha256)), 95);
	assert_true(probe_cert_matches(m.certificate, "FEED.test."));
	assert_true(probe_cert_matches(m.certificate, "a.cdn.test"));
	assert_true(probe_cert_matches(m.certificate, "192.0.2.1"));
	assert_false(probe_cert_matches(m.certificate, "a.b.cdn.test"));
	assert_false(probe_cert_matches(m.certificate, "192.0.2.2"));
	probe_cert_describe(s.certificate, &c);
	assert_true(c.must_staple && !c.has_san);
	drop(&m);
	drop(&s);
}

static void interceptors_are_known_by_their_ca(void **state)
{
	static const struct { const char *issuer, *product; } cas[] = {
		{ "CN=FortiGate CA,O=Fortinet,C=US", "Fortinet FortiGate" },
		{ "CN=Zscaler Intermediate Root CA (zscloud.net)", "Zscaler" },
		{ "CN=Corp Root CA,O=Example", NULL },
		{ "CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1,O=DigiCert Inc", NULL },
		{ "CN=HydrantID Server CA O1,O=IdenTrust", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cas); i++) {
		struct probe_cert c = { 0 };
		const char *product;

		snprintf(c.issuer, sizeof(c.issuer), "%s", cas[i].issuer);
		snprintf(c.subject, sizeof(c.subject), "CN=www.sophos.test");
		product = probe_cert_interceptor(&c);
		if (cas[i].product == NULL)
			assert_null(product);
		else
			assert_string_equal(product, cas[i].product);
	}
}

/* A staple of the root for the leaf. */
static size_t make_staple(const struct made *leaf, const struct made *root, const struct made *signer, int status,
			  int from_day, int to_day, unsigned char **der)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf->certificate, root->certificate);
	ASN1_TIME *from = ASN1_TIME_set(NULL, NOW + (time_t)from_day * DAY), *to = ASN1_TIME_set(NULL, NOW + (time_t)to_day * DAY);
	OCSP_RESPONSE *response;
	int len;

	OCSP_basic_add1_status(basic, id, status, 0, status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, to);
	OCSP_basic_sign(basic, signer->certificate, signer->key, EVP_sha256(), NULL, 0);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*der = NULL;
	len = i2d_OCSP_RESPONSE(response, der);
	OCSP_RESPONSE_free(response);
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return (size_t)len;
}

static void staples_are_believed_only_from_the_issuer(void **state)
{
	static const struct recipe root_recipe = ROOT, leaf_recipe = LEAF,
		responder_recipe = { .name = "ocsp", .from_day = -9, .to_day = 9, .extended = "OCSPSigning" },
		other_recipe = { .name = "other", .from_day = -9, .to_day = 9 };
	struct made root = make(&root_recipe, NULL), leaf = make(&leaf_recipe, &root),
		    responder = make(&responder_recipe, &root), other = make(&other_recipe, &root);
	const struct { const struct made *signer; int status, from, to; enum probe_ocsp result; } staples[] = {
		{ &root, V_OCSP_CERTSTATUS_GOOD, -1, 1, PROBE_OCSP_GOOD },
		{ &responder, V_OCSP_CERTSTATUS_GOOD, -1, 1, PROBE_OCSP_GOOD },
		{ &root, V_OCSP_CERTSTATUS_REVOKED, -1, 1, PROBE_OCSP_REVOKED },
		{ &root, V_OCSP_CERTSTATUS_UNKNOWN, -1, 1, PROBE_OCSP_UNKNOWN },
		{ &root, V_OCSP_CERTSTATUS_GOOD, -9, -1, PROBE_OCSP_OUT_OF_DATE },
		{ &other, V_OCSP_CERTSTATUS_REVOKED, -1, 1, PROBE_OCSP_INVALID },
		{ &leaf, V_OCSP_CERTSTATUS_GOOD, -1, 1, PROBE_OCSP_INVALID },
	};
	STACK_OF(X509) *chain = sk_X509_new_null();

	(void)state;
	sk_X509_push(chain, leaf.certificate);
	sk_X509_push(chain, root.certificate);
	for (size_t i = 0; i < COUNT(staples); i++) {
		unsigned char *der;
		size_t len = make_staple(&leaf, &root, staples[i].signer, staples[i].status, staples[i].from, staples[i].to, &der);
		enum probe_ocsp got = probe_ocsp_judge(der, len, chain, NULL, NOW);

		if (got != staples[i].result)
			fail_msg("staple %zu: %d", i, got);
		assert_int_equal(probe_ocsp_judge(der, len - 1, chain, NULL, NOW), PROBE_OCSP_INVALID);
		OPENSSL_free(der);
	}
	assert_int_equal(probe_ocsp_judge(NULL, 0, chain, NULL, NOW), PROBE_OCSP_NONE);
	sk_X509_free(chain);
	drop(&root);
	drop(&leaf);
	drop(&responder);
	drop(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_told_at_its_depth),
		cmocka_unit_test(all_faults_are_told_not_only_the_first),
		cmocka_unit_test(nothing_to_judge_is_not_trusted),
		cmocka_unit_test(a_certificate_is_put_into_words),
		cmocka_unit_test(interceptors_are_known_by_their_ca),
		cmocka_unit_test(staples_are_believed_only_from_the_issuer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
