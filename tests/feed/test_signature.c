/* The signature of a manifest: who may sign, with what, until when; and every way in which one is not good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/apart.h"
#include "feed/signature.h"

#define NOW ((time_t)1795161600)
#define DAY ((time_t)24 * 3600)
#define CONTENT "<posture-update version=\"1\"/>\n"

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

/* How a certificate is made; what is not said is right. */
struct making {
	const char *name;
	bool ca;
	const char *usage, *extended;	/* as in openssl.cnf; NULL: none */
	time_t from, until;		/* 0: a year around NOW */
	const EVP_MD *(*digest)(void);
	int rsa_bits;			/* 0: P-256 */
	const char *basic, *names, *other_name;	/* basic constraints, name constraints, alternative name; NULL: as usual, none */
};

static struct identity root, intermediate, signer, stranger;

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static struct identity make(const struct making *m, const struct identity *issuer)
{
	static long serial = 1;
	struct identity id = { .certificate = X509_new() };
	X509_NAME *name = X509_get_subject_name(id.certificate);
	X509 *from = issuer != NULL ? issuer->certificate : id.certificate;

	id.key = m->rsa_bits != 0 ? EVP_RSA_gen((unsigned int)m->rsa_bits) : EVP_EC_gen("P-256");
	assert_non_null(id.key);
	X509_set_version(id.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(id.certificate), serial++);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)m->name, -1, -1, 0);
	X509_set_issuer_name(id.certificate, X509_get_subject_name(from));
	ASN1_TIME_set(X509_getm_notBefore(id.certificate), m->from != 0 ? m->from : NOW - 100 * DAY);
	ASN1_TIME_set(X509_getm_notAfter(id.certificate), m->until != 0 ? m->until : NOW + 200 * DAY);
	X509_set_pubkey(id.certificate, id.key);
	add_extension(id.certificate, from, NID_basic_constraints,
		      m->basic != NULL ? m->basic : m->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (m->names != NULL)
		add_extension(id.certificate, from, NID_name_constraints, m->names);
	if (m->other_name != NULL)
		add_extension(id.certificate, from, NID_subject_alt_name, m->other_name);
	if (m->usage != NULL || m->ca)
		add_extension(id.certificate, from, NID_key_usage, m->usage != NULL ? m->usage : "keyCertSign,cRLSign");
	if (m->extended != NULL)
		add_extension(id.certificate, from, NID_ext_key_usage, m->extended);
	assert_true(X509_sign(id.certificate, issuer != NULL ? issuer->key : id.key,
			      m->digest != NULL ? m->digest() : EVP_sha256()) > 0);
	return id;
}

static void clear(struct identity *id)
{
	X509_free(id->certificate);
	EVP_PKEY_free(id->key);
	*id = (struct identity){ 0 };
}

static int make_identities(void **state)
{
	(void)state;
	root = make(&(struct making){ .name = "Test Root", .ca = true }, NULL);
	intermediate = make(&(struct making){ .name = "Test Intermediate", .ca = true }, &root);
	signer = make(&(struct making){ .name = "Test Signer\x1b[31m", .extended = "codeSigning" }, &intermediate);
	stranger = make(&(struct making){ .name = "Stranger", .ca = true }, NULL);
	return 0;
}

static int clear_identities(void **state)
{
	(void)state;
	clear(&root);
	clear(&intermediate);
	clear(&signer);
	clear(&stranger);
	return 0;
}

static X509_STORE *store_of(const struct identity *anchor)
{
	X509_STORE *store = X509_STORE_new();

	if (anchor != NULL)
		assert_int_equal(X509_STORE_add_cert(store, anchor->certificate), 1);
	return store;
}

/* Signs CONTENT; `second` (may be NULL) signs as well. DER, heap. */
static unsigned char *sign(const struct identity *by, const struct identity *with, const struct identity *second,
			   const EVP_MD *digest, unsigned int flags, int *len)
{
	BIO *content = BIO_new_mem_buf(CONTENT, -1);
	STACK_OF(X509) *others = sk_X509_new_null();
	unsigned char *der = NULL;
	CMS_ContentInfo *cms;

	flags |= CMS_BINARY;
	if (with != NULL)
		sk_X509_push(others, with->certificate);
	cms = CMS_sign(NULL, NULL, others, content, flags | CMS_PARTIAL);
	assert_non_null(cms);
	assert_non_null(CMS_add1_signer(cms, by->certificate, by->key, digest, flags));
	if (second != NULL)
		assert_non_null(CMS_add1_signer(cms, second->certificate, second->key, digest, flags));
	assert_int_equal(CMS_final(cms, content, NULL, flags), 1);
	*len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(*len > 0);
	CMS_ContentInfo_free(cms);
	sk_X509_free(others);
	BIO_free(content);
	return der;
}

static bool verify_der(const unsigned char *der, size_t len, const char *content, const struct identity *anchor, time_t now,
		       struct signature_info *info, struct error *err)
{
	X509_STORE *store = store_of(anchor);
	struct signature_info here = { "", "", "" }, apart = here;
	struct error other = ERROR_INIT;
	bool ok = signature_verify(content, strlen(content), der, len, store, now, &here, err);

	/* In a confined process it is judged in the same way, to the letter. */
	assert_int_equal(apart_signature(content, strlen(content), der, len, store, now, &apart, &other), ok);
	assert_int_equal(other.code, err->code);
	assert_string_equal(other.message, err->message);
	if (ok) {
		assert_string_equal(apart.signer, here.signer);
		assert_string_equal(apart.issuer, here.issuer);
		assert_string_equal(apart.anchor, here.anchor);
	} else {
		/* Nobody is named as the one who signed. */
		assert_string_equal(here.signer, "");
		assert_string_equal(here.issuer, "");
		assert_string_equal(here.anchor, "");
		assert_string_equal(apart.signer, "");
	}
	if (info != NULL)
		*info = here;
	X509_STORE_free(store);
	return ok;
}

/* Signs with one identity below the intermediate and verifies at `now` against the root. */
static enum finding verdict_on(const struct identity *by, const struct identity *with, const struct identity *anchor,
			       time_t now)
{
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(by, with, NULL, EVP_sha256(), CMS_DETACHED, &len);
	bool ok = verify_der(der, (size_t)len, CONTENT, anchor, now, NULL, &err);

	assert_int_equal(ok, err.code == FINDING_NONE && err.message[0] == '\0');
	OPENSSL_free(der);
	return err.code;
}

static void a_good_signature_names_its_signer_and_its_anchor(void **state)
{
	struct signature_info info;
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(&signer, &intermediate, NULL, EVP_sha256(), CMS_DETACHED, &len);

	(void)state;
	if (!verify_der(der, (size_t)len, CONTENT, &root, NOW, &info, &err))
		fail_msg("%s", err.message);
	assert_string_equal(info.issuer, "CN=Test Intermediate");
	assert_string_equal(info.anchor, "CN=Test Root");
	assert_non_null(strstr(info.signer, "CN=Test Signer"));
	assert_null(strchr(info.signer, '\x1b'));
	OPENSSL_free(der);
}

static void pem_is_accepted(void **state)
{
	static const char *const labels[] = { "CMS", "PKCS7" };
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(&signer, &intermediate, NULL, EVP_sha384(), CMS_DETACHED, &len);

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		BIO *pem = BIO_new(BIO_s_mem());
		char *text;
		long n;

		PEM_write_bio(pem, labels[i], "", der, len);
		n = BIO_get_mem_data(pem, &text);
		if (!verify_der((unsigned char *)text, (size_t)n, CONTENT, &root, NOW, NULL, &err))
			fail_msg("%s", err.message);
		BIO_free(pem);
	}
	OPENSSL_free(der);
}

static void any_change_makes_it_invalid(void **state)
{
	static const char *const contents[] = { "", "<posture-update version=\"2\"/>\n", CONTENT " " };
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(&signer, &intermediate, NULL, EVP_sha256(), CMS_DETACHED, &len);

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		assert_false(verify_der(der, (size_t)len, contents[i], &root, NOW, NULL, &err));
		assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	}
	/* The last bytes are those of the signature itself. */
	der[len - 5] ^= 1;
	assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	OPENSSL_free(der);
}

static void what_is_no_detached_signature_is_invalid(void **state)
{
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(&signer, &intermediate, NULL, EVP_sha256(), CMS_DETACHED, &len), *longer, *with_content;
	CMS_ContentInfo *data;
	BIO *content;

	(void)state;
	assert_false(verify_der((const unsigned char *)"", 0, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	assert_false(verify_der((const unsigned char *)"<html>", 6, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	for (int cut = 1; cut < len; cut += 37) {
		assert_false(verify_der(der, (size_t)(len - cut), CONTENT, &root, NOW, NULL, &err));
		assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	}
	longer = calloc(1, (size_t)len + 1);
	memcpy(longer, der, (size_t)len);
	assert_false(verify_der(longer, (size_t)len + 1, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	free(longer);
	OPENSSL_free(der);
	/* With the content inside, and with nothing signed at all. */
	with_content = sign(&signer, &intermediate, NULL, EVP_sha256(), 0, &len);
	assert_false(verify_der(with_content, (size_t)len, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	OPENSSL_free(with_content);
	content = BIO_new_mem_buf(CONTENT, -1);
	data = CMS_data_create(content, CMS_BINARY);
	der = NULL;
	len = i2d_CMS_ContentInfo(data, &der);
	assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	OPENSSL_free(der);
	CMS_ContentInfo_free(data);
	BIO_free(content);
}

static void the_signer_must_chain_to_an_anchor(void **state)
{
	struct identity self = make(&(struct making){ .name = "Self" }, NULL);

	(void)state;
	assert_int_equal(verdict_on(&signer, &intermediate, &root, NOW), FINDING_NONE);
	assert_int_equal(verdict_on(&signer, &intermediate, &intermediate, NOW), FINDING_NONE);
	assert_int_equal(verdict_on(&signer, &intermediate, &stranger, NOW), FINDING_FEED_SIGNER_UNTRUSTED);
	assert_int_equal(verdict_on(&signer, &intermediate, NULL, NOW), FINDING_FEED_SIGNER_UNTRUSTED);
	assert_int_equal(verdict_on(&signer, NULL, &root, NOW), FINDING_FEED_SIGNER_UNTRUSTED);
	assert_int_equal(verdict_on(&self, NULL, &root, NOW), FINDING_FEED_SIGNER_UNTRUSTED);
	clear(&self);
}

static void every_certificate_of_the_chain_must_be_valid_now(void **state)
{
	struct identity old_root = make(&(struct making){ .name = "Old", .ca = true, .until = NOW - DAY }, NULL);
	struct identity below = make(&(struct making){ .name = "Below" }, &old_root);

	(void)state;
	assert_int_equal(verdict_on(&signer, &intermediate, &root, NOW + 199 * DAY), FINDING_NONE);
	assert_int_equal(verdict_on(&signer, &intermediate, &root, NOW + 201 * DAY), FINDING_FEED_SIGNER_EXPIRED);
	assert_int_equal(verdict_on(&signer, &intermediate, &root, NOW - 101 * DAY), FINDING_CERT_NOT_YET_VALID);
	assert_int_equal(verdict_on(&below, NULL, &old_root, NOW), FINDING_FEED_SIGNER_EXPIRED);
	clear(&below);
	clear(&old_root);
}

static void only_a_certificate_for_signing_may_sign(void **state)
{
	static const struct { const char *usage, *extended; enum finding finding; } rows[] = {
		{ NULL, NULL, FINDING_NONE },
		{ "digitalSignature", "emailProtection", FINDING_NONE },
		{ "nonRepudiation", NULL, FINDING_NONE },
		{ NULL, "codeSigning", FINDING_NONE },
		{ NULL, "anyExtendedKeyUsage", FINDING_NONE },
		{ NULL, "serverAuth", FINDING_CERT_WRONG_USAGE },
		{ NULL, "serverAuth,clientAuth", FINDING_CERT_WRONG_USAGE },
		{ NULL, "serverAuth,codeSigning", FINDING_NONE },
		{ NULL, "timeStamping", FINDING_CERT_WRONG_USAGE },
		{ "keyEncipherment", NULL, FINDING_CERT_WRONG_USAGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct making m = { .name = "Usage", .usage = rows[i].usage, .extended = rows[i].extended };
		struct identity id = make(&m, &intermediate);

		assert_int_equal(verdict_on(&id, &intermediate, &root, NOW), rows[i].finding);
		clear(&id);
	}
}

static void weak_signatures_and_keys_are_refused(void **state)
{
	struct identity sha1 = make(&(struct making){ .name = "SHA-1", .digest = EVP_sha1 }, &intermediate);
	struct identity small = make(&(struct making){ .name = "Small", .rsa_bits = 1024 }, &intermediate);
	struct identity rsa = make(&(struct making){ .name = "RSA", .rsa_bits = 2048 }, &intermediate);
	static const EVP_MD *(*const weak[])(void) = { EVP_sha1, EVP_md5 };

	(void)state;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		struct error err = ERROR_INIT;
		int len;
		unsigned char *der = sign(&rsa, &intermediate, NULL, weak[i](), CMS_DETACHED, &len);

		assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
		assert_int_equal(err.code, FINDING_CERT_WEAK_SIGNATURE);
		OPENSSL_free(der);
	}
	assert_int_equal(verdict_on(&rsa, &intermediate, &root, NOW), FINDING_NONE);
	assert_int_equal(verdict_on(&sha1, &intermediate, &root, NOW), FINDING_CERT_WEAK_SIGNATURE);
	assert_int_equal(verdict_on(&small, &intermediate, &root, NOW), FINDING_CERT_WEAK_KEY);
	clear(&sha1);
	clear(&small);
	clear(&rsa);
}

static void an_issuer_that_is_no_ca_is_refused(void **state)
{
	struct identity leaf = make(&(struct making){ .name = "Leaf", .usage = "digitalSignature,keyCertSign" }, &intermediate);
	struct identity below = make(&(struct making){ .name = "Below" }, &leaf);
	struct error err = ERROR_INIT;
	X509_STORE *store = store_of(&intermediate);
	int len;
	unsigned char *der = sign(&below, &leaf, NULL, EVP_sha256(), CMS_DETACHED, &len);

	(void)state;
	assert_false(signature_verify(CONTENT, strlen(CONTENT), der, (size_t)len, store, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_CERT_ISSUER_NOT_CA);
	OPENSSL_free(der);
	X509_STORE_free(store);
	clear(&below);
	clear(&leaf);
}

static void every_signer_must_be_good(void **state)
{
	struct identity second = make(&(struct making){ .name = "Second" }, &intermediate);
	struct identity outsider = make(&(struct making){ .name = "Outsider" }, &stranger);
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign(&signer, &intermediate, &second, EVP_sha256(), CMS_DETACHED, &len);

	(void)state;
	if (!verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err))
		fail_msg("%s", err.message);
	OPENSSL_free(der);
	der = sign(&signer, &intermediate, &outsider, EVP_sha256(), CMS_DETACHED, &len);
	assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNER_UNTRUSTED);
	OPENSSL_free(der);
	clear(&second);
	clear(&outsider);
}

/* The signers of a message are sorted by what they look like: a longer issuer's comes later. So each is the first once. */
static void no_signer_hides_behind_another(void **state)
{
	struct identity short_root = make(&(struct making){ .name = "X", .ca = true }, NULL);
	struct identity long_root = make(&(struct making){ .name = "A stranger whose name is longer than any other", .ca = true }, NULL);
	struct identity outsiders[] = {
		make(&(struct making){ .name = "Outsider" }, &short_root), make(&(struct making){ .name = "Outsider" }, &long_root),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		int len;
		unsigned char *der = sign(&signer, &intermediate, &outsiders[i], EVP_sha256(), CMS_DETACHED, &len);

		assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
		assert_int_equal(err.code, FINDING_FEED_SIGNER_UNTRUSTED);
		OPENSSL_free(der);
		clear(&outsiders[i]);
	}
	clear(&short_root);
	clear(&long_root);
}

/* Signs CONTENT with `count` signers (the one with the number `weak` with a weak digest); `change` (may be NULL) is applied to each. */
static unsigned char *sign_many(const struct identity *by, int count, int weak, void (*change)(CMS_SignerInfo *), int *len)
{
	BIO *content = BIO_new_mem_buf(CONTENT, -1);
	STACK_OF(X509) *others = sk_X509_new_null();
	CMS_ContentInfo *cms;
	unsigned char *der = NULL;

	sk_X509_push(others, intermediate.certificate);
	cms = CMS_sign(NULL, NULL, others, content, CMS_BINARY | CMS_DETACHED | CMS_PARTIAL);
	for (int i = 0; i < count; i++)
		assert_non_null(CMS_add1_signer(cms, by[i].certificate, by[i].key, i == weak ? EVP_sha1() : EVP_sha256(),
						CMS_BINARY | CMS_DETACHED));
	assert_int_equal(count == 0 || CMS_final(cms, content, NULL, CMS_BINARY | CMS_DETACHED), 1);
	for (int i = 0; change != NULL && i < count; i++)
		change(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), i));
	*len = i2d_CMS_ContentInfo(cms, &der);
	CMS_ContentInfo_free(cms);
	sk_X509_free(others);
	BIO_free(content);
	return der;
}

static enum finding verdict_on_many(const struct identity *by, int count, int weak, void (*change)(CMS_SignerInfo *))
{
	struct error err = ERROR_INIT;
	int len;
	unsigned char *der = sign_many(by, count, weak, change, &len);

	(void)verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err);
	OPENSSL_free(der);
	return err.code;
}

static void one_weak_signature_among_good_ones_is_refused(void **state)
{
	enum { COUNT = 4 };
	struct identity late = make(&(struct making){ .name = "A name that is longer than any other one, and much", .ca = true }, &root);
	struct identity by[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		by[i] = make(&(struct making){ .name = "Signer" }, &intermediate);
	assert_int_equal(verdict_on_many(by, COUNT, -1, NULL), FINDING_NONE);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(verdict_on_many(by, COUNT, i, NULL), FINDING_CERT_WEAK_SIGNATURE);
	/* A weak digest is short, and comes first; not where its signer's issuer has a long name. */
	clear(&by[0]);
	by[0] = make(&(struct making){ .name = "Signer" }, &late);
	assert_int_equal(verdict_on_many(by, COUNT, 0, NULL), FINDING_CERT_WEAK_SIGNATURE);
	for (int i = 0; i < COUNT; i++)
		clear(&by[i]);
	clear(&late);
}

static void eight_may_sign_and_nine_or_none_may_not(void **state)
{
	enum { COUNT = 9 };
	struct identity by[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		by[i] = make(&(struct making){ .name = "Signer" }, &intermediate);
	assert_int_equal(verdict_on_many(by, 8, -1, NULL), FINDING_NONE);
	assert_int_equal(verdict_on_many(by, 9, -1, NULL), FINDING_FEED_SIGNATURE_INVALID);
	assert_int_equal(verdict_on_many(by, 0, -1, NULL), FINDING_FEED_SIGNATURE_INVALID);
	for (int i = 0; i < COUNT; i++)
		clear(&by[i]);
}

static void call_it_sha1(CMS_SignerInfo *signer_info)
{
	X509_ALGOR *algorithm;

	CMS_SignerInfo_get0_algs(signer_info, NULL, NULL, NULL, &algorithm);
	X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha1WithRSAEncryption), V_ASN1_NULL, NULL);
}

static void the_signature_s_own_digest_counts_too(void **state)
{
	struct identity rsa = make(&(struct making){ .name = "RSA", .rsa_bits = 2048 }, &intermediate);

	(void)state;
	assert_int_equal(verdict_on_many(&rsa, 1, -1, NULL), FINDING_NONE);
	assert_int_equal(verdict_on_many(&rsa, 1, -1, call_it_sha1), FINDING_CERT_WEAK_SIGNATURE);
	clear(&rsa);
}

static void a_ca_signs_certificates_and_no_manifests(void **state)
{
	(void)state;
	assert_int_equal(verdict_on(&intermediate, NULL, &root, NOW), FINDING_CERT_WRONG_USAGE);
	assert_int_equal(verdict_on(&root, NULL, &root, NOW), FINDING_CERT_WRONG_USAGE);
}

static void what_a_ca_may_not_issue_does_not_sign(void **state)
{
	static const struct { const char *basic, *names; enum finding finding; } rows[] = {
		{ NULL, NULL, FINDING_NONE },
		{ "critical,CA:TRUE,pathlen:0", NULL, FINDING_CERT_PATH_TOO_LONG },
		{ NULL, "critical,permitted;email:other.test", FINDING_CERT_NAME_CONSTRAINT },
		{ NULL, "critical,excluded;email:signer.test", FINDING_CERT_NAME_CONSTRAINT },
		{ NULL, "critical,permitted;email:signer.test", FINDING_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct making m = { .name = "Limited", .ca = true, .basic = rows[i].basic, .names = rows[i].names };
		struct identity top = make(&m, &root), below = make(&(struct making){ .name = "Below", .ca = true }, &top);
		struct identity by = make(&(struct making){ .name = "By", .other_name = "email:a@signer.test" }, &below);
		STACK_OF(X509) *others = sk_X509_new_null();
		BIO *content = BIO_new_mem_buf(CONTENT, -1);
		struct error err = ERROR_INIT;
		unsigned char *der = NULL;
		CMS_ContentInfo *cms;
		int len;

		sk_X509_push(others, top.certificate);
		sk_X509_push(others, below.certificate);
		cms = CMS_sign(by.certificate, by.key, others, content, CMS_BINARY | CMS_DETACHED);
		len = i2d_CMS_ContentInfo(cms, &der);
		(void)verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err);
		assert_string_equal(finding_info(err.code)->code, finding_info(rows[i].finding)->code);
		OPENSSL_free(der);
		CMS_ContentInfo_free(cms);
		BIO_free(content);
		sk_X509_free(others);
		clear(&by);
		clear(&below);
		clear(&top);
	}
}

static void what_is_no_signature_is_told_so(void **state)
{
	BIO *content = BIO_new_mem_buf(CONTENT, -1), *pem = BIO_new(BIO_s_mem());
	struct buffer padded = BUFFER_INIT(2 * SIGNATURE_MAX_BYTES);
	CMS_ContentInfo *data = CMS_data_create(content, CMS_BINARY);
	struct error err = ERROR_INIT;
	unsigned char *der = NULL;
	char *text;
	long n;
	int len = i2d_CMS_ContentInfo(data, &der);

	(void)state;
	assert_false(verify_der(der, (size_t)len, CONTENT, &root, NOW, NULL, &err));
	assert_non_null(strstr(err.message, "not CMS signed data"));
	OPENSSL_free(der);
	error_clear(&err);
	/* Good, and with more behind it than a signature may have. */
	der = sign(&signer, &intermediate, NULL, EVP_sha256(), CMS_DETACHED, &len);
	PEM_write_bio(pem, "CMS", "", der, len);
	n = BIO_get_mem_data(pem, &text);
	buffer_append(&padded, text, (size_t)n);
	while (padded.len <= SIGNATURE_MAX_BYTES) {
		if (padded.len == SIGNATURE_MAX_BYTES)
			assert_true(verify_der((unsigned char *)padded.data, padded.len, CONTENT, &root, NOW, NULL, &err));
		buffer_putc(&padded, '\n');
	}
	assert_false(verify_der((unsigned char *)padded.data, padded.len, CONTENT, &root, NOW, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_SIGNATURE_INVALID);
	OPENSSL_free(der);
	buffer_clear(&padded);
	CMS_ContentInfo_free(data);
	BIO_free(content);
	BIO_free(pem);
}

/* --- signing ---------------------------------------------------------------------------------------------------------- */

static char *write_pem(const char *dir, const char *name, const struct identity *key, const struct identity *const certs[],
		       const char *pass_phrase)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *path = file_join(dir, name), *text;
	long n;

	for (size_t i = 0; certs != NULL && certs[i] != NULL; i++)
		PEM_write_bio_X509(pem, certs[i]->certificate);
	if (key != NULL)
		PEM_write_bio_PKCS8PrivateKey(pem, key->key, pass_phrase != NULL ? EVP_aes_128_cbc() : NULL, pass_phrase,
					      pass_phrase != NULL ? (int)strlen(pass_phrase) : 0, NULL, NULL);
	n = BIO_get_mem_data(pem, &text);
	assert_true(file_write_atomic(AT_FDCWD, path, 0600, text, (size_t)n, NULL));
	BIO_free(pem);
	return path;
}

static void what_is_signed_here_is_verified_here(void **state)
{
	char dir[] = "/tmp/pc-signature-XXXXXX";
	struct buffer out = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	struct error err = ERROR_INIT;
	char *certificates, *key, *other, *encrypted;

	(void)state;
	assert_non_null(mkdtemp(dir));
	certificates = write_pem(dir, "cert.pem", NULL, (const struct identity *const[]){ &signer, &intermediate, NULL }, NULL);
	key = write_pem(dir, "key.pem", &signer, NULL, NULL);
	other = write_pem(dir, "other.pem", &root, NULL, NULL);
	encrypted = write_pem(dir, "encrypted.pem", &signer, NULL, "secret");
	if (!signature_make(CONTENT, strlen(CONTENT), certificates, key, &out, &err))
		fail_msg("%s", err.message);
	if (!verify_der((const unsigned char *)out.data, out.len, CONTENT, &root, NOW, NULL, &err))
		fail_msg("%s", err.message);
	buffer_reset(&out);
	assert_false(signature_make(CONTENT, strlen(CONTENT), certificates, other, &out, &err));
	assert_non_null(strstr(err.message, "belong"));
	assert_false(signature_make(CONTENT, strlen(CONTENT), certificates, encrypted, &out, &err));
	assert_non_null(strstr(err.message, "encrypted"));
	assert_false(signature_make(CONTENT, strlen(CONTENT), key, key, &out, &err));
	assert_false(signature_make(CONTENT, strlen(CONTENT), certificates, certificates, &out, &err));
	assert_false(signature_make(CONTENT, strlen(CONTENT), "/nonexistent", key, &out, &err));
	assert_int_equal(out.len, 0);
	assert_int_equal(ERR_peek_error(), 0);
	free(certificates);
	free(key);
	free(other);
	free(encrypted);
	buffer_clear(&out);
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_signature_names_its_signer_and_its_anchor),
		cmocka_unit_test(pem_is_accepted),
		cmocka_unit_test(any_change_makes_it_invalid),
		cmocka_unit_test(what_is_no_detached_signature_is_invalid),
		cmocka_unit_test(the_signer_must_chain_to_an_anchor),
		cmocka_unit_test(every_certificate_of_the_chain_must_be_valid_now),
		cmocka_unit_test(only_a_certificate_for_signing_may_sign),
		cmocka_unit_test(weak_signatures_and_keys_are_refused),
		cmocka_unit_test(an_issuer_that_is_no_ca_is_refused),
		cmocka_unit_test(every_signer_must_be_good),
		cmocka_unit_test(no_signer_hides_behind_another),
		cmocka_unit_test(one_weak_signature_among_good_ones_is_refused),
		cmocka_unit_test(eight_may_sign_and_nine_or_none_may_not),
		cmocka_unit_test(the_signature_s_own_digest_counts_too),
		cmocka_unit_test(a_ca_signs_certificates_and_no_manifests),
		cmocka_unit_test(what_a_ca_may_not_issue_does_not_sign),
		cmocka_unit_test(what_is_no_signature_is_told_so),
		cmocka_unit_test(what_is_signed_here_is_verified_here),
	};

	return cmocka_run_group_tests_name("signature", tests, make_identities, clear_identities);
}
