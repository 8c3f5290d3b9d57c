/* Importing: what is taken, what is refused, and that a refusal stores nothing. */
#include "trust/forge.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SYSTEM 3	/* certificates of the bundle */

static size_t import_bytes(const struct place *p, const struct buffer *data, unsigned int allow, struct error *err)
{
	struct trust_store *store = open_store(p);
	size_t before = trust_count(store), added = 77;
	bool ok = trust_import(store, data->data, data->len, NULL, 0, allow, &added, err);

	assert_int_equal(added, ok ? trust_count(store) - before : 0);
	if (!ok)
		assert_int_equal(trust_count(store), before);
	trust_free(store);
	/* The next start sees the same. */
	store = open_store(p);
	assert_int_equal(trust_count(store), before + added);
	trust_free(store);
	return added;
}

static void pem_and_der_one_or_many_are_read(void **state)
{
	X509 *one = forge_ca("one"), *two = forge_ca("two"), *three = forge_ca("three"), *four = forge_ca("four");
	X509 *five = forge_ca("five"), *six = forge_ca("six");
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	put_pem(&data, one);
	assert_int_equal(import_bytes(*state, &data, 0, &err), 1);
	buffer_reset(&data);
	put_der(&data, two);
	put_der(&data, three);
	assert_int_equal(import_bytes(*state, &data, 0, &err), 2);
	/* As `openssl s_client -showcerts` and mail programs leave them: text around, CRLF, indented, a byte order mark. */
	buffer_reset(&data);
	buffer_puts(&data, "\xEF\xBB\xBF" "0 s:CN=four\r\n   i:CN=four\r\n");
	put_pem(&data, four);
	buffer_puts(&data, "and then\n");
	put_pem(&data, five);
	buffer_puts(&data, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\nthe end");
	assert_int_equal(import_bytes(*state, &data, 0, &err), 2);
	buffer_reset(&data);
	put_pem(&data, six);
	for (size_t i = 0; i < data.len; i++) {
		if (data.data[i] == '\n')
			data.data[i] = '\r';
	}
	assert_int_equal(import_bytes(*state, &data, 0, &err), 1);
	buffer_clear(&data);
	X509_free(one);
	X509_free(two);
	X509_free(three);
	X509_free(four);
	X509_free(five);
	X509_free(six);
}

static void indented_pem_is_read(void **state)
{
	X509 *x = forge_ca("indented");
	struct buffer pem = BUFFER_INIT(1 << 20), data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	put_pem(&pem, x);
	buffer_puts(&data, "ca: |\n    ");
	for (size_t i = 0; i < pem.len; i++) {
		buffer_putc(&data, pem.data[i]);
		if (pem.data[i] == '\n')
			buffer_puts(&data, "\t    ");
	}
	assert_int_equal(import_bytes(*state, &data, 0, &err), 1);
	buffer_clear(&pem);
	buffer_clear(&data);
	X509_free(x);
}

static void pkcs7_is_read(void **state)
{
	X509 *one = forge_ca("one"), *two = forge_ca("two");
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_DETACHED);
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	unsigned char *der = NULL;
	int len;

	assert_non_null(cms);
	assert_int_equal(CMS_add1_cert(cms, one), 1);
	assert_int_equal(CMS_add1_cert(cms, two), 1);
	len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	buffer_append(&data, der, (size_t)len);
	assert_int_equal(import_bytes(*state, &data, 0, &err), 2);
	buffer_clear(&data);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	X509_free(one);
	X509_free(two);
}

static void what_is_no_certificate_is_refused_by_what_it_is(void **state)
{
	static const struct { const char *data, *says; } rows[] = {
		{ "", "it is empty" },
		{ "hello\n", "neither PEM nor DER" },
		{ "<html><title>Login</title></html>", "neither PEM nor DER" },
		{ "MIIDdzCCAl+gAwIBAgIEbE==\n", "bare base64" },
		{ "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "a request for a certificate" },
		{ "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "block \"X509 CRL\"" },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 in it is damaged" },
		{ "-----BEGIN CERTIFICATE-----\nMIIDdzCC\n", "cut off" },
		{ "-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----BEGIN CERTIFICATE-----\n", "END line is missing" },
		{ "-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----END CERT-----\n", "do not fit" },
		{ "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF"
		  "\n\nMIIDdzCC\n-----END CERTIFICATE-----\n", "cannot be decoded" },
		{ "\xFF\xFE-\0-", "UTF-16" },
		{ "\x30\x82\x03\x77\x30\x82", "neither PEM nor DER" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer data = BUFFER_INIT(10000);
		struct error err = ERROR_INIT;

		buffer_puts(&data, rows[i].data);
		if (data.data == NULL)
			buffer_append(&data, "", 0);
		assert_int_equal(import_bytes(*state, &data, 0, &err), 0);
		assert_error(&err, FINDING_IMPORT_NOT_A_CERTIFICATE, rows[i].says);
		assert_int_equal(error_exit_code(&err), 65);
		buffer_clear(&data);
	}
}

static void a_damaged_certificate_among_good_ones_stores_none(void **state)
{
	X509 *one = forge_ca("one"), *two = forge_ca("two");
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	put_pem(&data, one);
	buffer_puts(&data, "-----BEGIN CERTIFICATE-----\nMIIB!!!!\n-----END CERTIFICATE-----\n");
	put_pem(&data, two);
	assert_int_equal(import_bytes(*state, &data, 0, &err), 0);
	assert_error(&err, FINDING_IMPORT_NOT_A_CERTIFICATE, "certificate 2 in it is damaged");
	buffer_reset(&data);
	put_der(&data, one);
	buffer_puts(&data, "junk");
	assert_int_equal(import_bytes(*state, &data, 0, &err), 0);
	assert_error(&err, FINDING_IMPORT_NOT_A_CERTIFICATE, "certificate 2 in it is damaged");
	buffer_clear(&data);
	X509_free(one);
	X509_free(two);
}

static void a_private_key_is_refused_in_any_form(void **state)
{
	EVP_PKEY *key = forge_key("EC", 256);
	X509 *x = forge(&(struct forge){ .name = "keyed", .key = key });
	PKCS12 *p12 = PKCS12_create("secret", "keyed", key, x, NULL, 0, 0, 0, 0, 0);
	BIO *forms[5];
	struct buffer pem = BUFFER_INIT(1 << 20);

	put_pem(&pem, x);
	for (size_t i = 0; i < 5; i++)
		forms[i] = BIO_new(BIO_s_mem());
	BIO_write(forms[0], pem.data, (int)pem.len);
	assert_true(PEM_write_bio_PrivateKey(forms[0], key, NULL, NULL, 0, NULL, NULL));
	assert_true(PEM_write_bio_PrivateKey(forms[1], key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6,
					     NULL, NULL));
	BIO_write(forms[1], pem.data, (int)pem.len);
	assert_true(i2d_PrivateKey_bio(forms[2], key));
	assert_true(i2d_PKCS8PrivateKey_bio(forms[3], key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL));
	assert_true(i2d_PKCS12_bio(forms[4], p12));
	for (size_t i = 0; i < 5; i++) {
		struct buffer data = BUFFER_INIT(1 << 20);
		struct error err = ERROR_INIT;
		char *bytes;
		long len = BIO_get_mem_data(forms[i], &bytes);

		buffer_append(&data, bytes, (size_t)len);
		assert_int_equal(import_bytes(*state, &data, 0, &err), 0);
		assert_error(&err, FINDING_IMPORT_PRIVATE_KEY, "private key");
		buffer_clear(&data);
		BIO_free(forms[i]);
	}
	buffer_clear(&pem);
	PKCS12_free(p12);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void each_rule_has_its_message_and_its_override(void **state)
{
	EVP_PKEY *rsa1024 = forge_key("RSA", 1024), *ed25519 = forge_key("ED25519", 0);
	EVP_PKEY *rsa2048 = forge_key("RSA", 2048);
	const struct {
		struct forge forge;
		enum finding finding;
		const char *says;
		unsigned int allow;	/* what lets it pass; 0: nothing */
	} rows[] = {
		{ { .constraints = "critical,CA:FALSE" }, FINDING_IMPORT_NOT_A_CA, "CA:FALSE", TRUST_ALLOW_NOT_CA },
		{ { .constraints = "" }, FINDING_IMPORT_NOT_A_CA, "no basic constraints", TRUST_ALLOW_NOT_CA },
		{ { .key_usage = "digitalSignature" }, FINDING_IMPORT_NOT_A_CA, "key usage does not allow",
		  TRUST_ALLOW_NOT_CA },
		{ { .from_s = -9 * DAY, .until_s = -DAY }, FINDING_IMPORT_OUT_OF_DATE, "it expired on", TRUST_ALLOW_EXPIRED },
		{ { .from_s = DAY, .until_s = 9 * DAY }, FINDING_IMPORT_OUT_OF_DATE, "not valid before", TRUST_ALLOW_EXPIRED },
		{ { .digest = "SHA1" }, FINDING_IMPORT_WEAK_SIGNATURE, "SHA1", TRUST_ALLOW_SHA1 },
		{ { .digest = "MD5", .key = rsa2048 }, FINDING_IMPORT_WEAK_SIGNATURE, "MD5", TRUST_ALLOW_SHA1 },
		{ { .key = rsa1024 }, FINDING_IMPORT_WEAK_KEY, "RSA 1024", 0 },
		{ { .key = ed25519, .digest = "" }, FINDING_NONE, "", 0 },
		{ { .key_usage = "keyCertSign,cRLSign" }, FINDING_NONE, "", 0 },
		{ { .digest = "SHA512" }, FINDING_NONE, "", 0 },
	};
	const unsigned int all = TRUST_ALLOW_EXPIRED | TRUST_ALLOW_SHA1 | TRUST_ALLOW_NOT_CA;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forge f = rows[i].forge;
		struct buffer data = BUFFER_INIT(1 << 20);
		struct error err = ERROR_INIT;
		X509 *x;

		f.name = "the culprit";
		x = forge(&f);
		put_pem(&data, x);
		if (rows[i].finding == FINDING_NONE) {
			assert_int_equal(import_bytes(*state, &data, 0, &err), 1);
		} else {
			/* Every other override leaves it refused. */
			assert_int_equal(import_bytes(*state, &data, all & ~rows[i].allow, &err), 0);
			assert_error(&err, rows[i].finding, rows[i].says);
			assert_error(&err, rows[i].finding, "the culprit");
			assert_int_equal(error_exit_code(&err), 65);
			assert_int_equal(import_bytes(*state, &data, rows[i].allow, &err), rows[i].allow != 0);
		}
		buffer_clear(&data);
		X509_free(x);
	}
	EVP_PKEY_free(rsa1024);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(ed25519);
}

static void all_overrides_that_are_needed_are_named_at_once(void **state)
{
	X509 *x = forge(&(struct forge){ .name = "old", .digest = "SHA1", .from_s = -9 * DAY, .until_s = -DAY });
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	put_pem(&data, x);
	import_bytes(*state, &data, 0, &err);
	assert_non_null(strstr(err.next, "--allow-expired --allow-sha1"));
	assert_int_equal(import_bytes(*state, &data, TRUST_ALLOW_EXPIRED | TRUST_ALLOW_SHA1, &err), 1);
	buffer_clear(&data);
	X509_free(x);
}

static void a_duplicate_is_refused_by_the_name_that_it_has(void **state)
{
	X509 *x = forge_ca("Corp CA"), *fresh = forge_ca("fresh");
	struct trust_store *store = open_store(*state);
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	import_one(store, x, "our own", 0);
	trust_free(store);
	put_pem(&data, fresh);
	put_pem(&data, x);
	assert_int_equal(import_bytes(*state, &data, 7, &err), 0);
	assert_error(&err, FINDING_IMPORT_DUPLICATE, "in the store already, as \"our own\"");
	assert_non_null(strstr(err.next, "None of them was imported"));
	buffer_clear(&data);
	X509_free(x);
	X509_free(fresh);
}

static void the_same_certificate_twice_in_a_file_is_one(void **state)
{
	X509 *x = forge_ca("Corp CA");
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;

	put_pem(&data, x);
	put_pem(&data, x);
	assert_int_equal(import_bytes(*state, &data, 0, &err), 1);
	buffer_clear(&data);
	X509_free(x);
}

static void a_name_is_given_or_made(void **state)
{
	X509 *x[6];
	struct trust_store *store = open_store(*state);
	struct buffer data = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	size_t added;

	for (size_t i = 0; i < 6; i++)
		x[i] = forge_ca("Corp CA");
	import_one(store, x[0], NULL, 0);
	assert_non_null(trust_find(store, "Corp CA#Corp CA#00001"));
	import_one(store, x[1], NULL, 0);
	assert_non_null(trust_find(store, "Corp CA#Corp CA#00002"));
	import_one(store, x[2], "mine", 0);
	put_pem(&data, x[3]);
	assert_false(trust_import(store, data.data, data.len, "mine", 0, 0, &added, &err));
	assert_error(&err, FINDING_IMPORT_NAME_TAKEN, "the name \"mine\" belongs to another");
	put_pem(&data, x[4]);
	put_pem(&data, x[5]);
	assert_true(trust_import(store, data.data, data.len, "ours", 0, 0, &added, &err));
	assert_int_equal(added, 3);
	assert_non_null(trust_find(store, "ours"));
	assert_non_null(trust_find(store, "ours 2"));
	assert_non_null(trust_find(store, "ours 3"));
	trust_free(store);
	buffer_clear(&data);
	for (size_t i = 0; i < 6; i++)
		X509_free(x[i]);
}

static void bad_names_and_descriptions_are_usage_errors(void **state)
{
	static const char *const names[] = {
		"", " x", "x ", "a\tb", "esc\x1b[31m", "bidi\xE2\x80\xAE", "cut\xE2\x80",
		"5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae",
		"5D:56:49:9B:E4:D2:E0:8B:CF:CA:D0:8A:3E:38:72:3D:50:50:3B:DE:70:69:48:E4:2F:55:60:30:19:E5:28:AE",
		"12345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890123456789",
	};
	X509 *x = forge_ca("x");
	struct trust_store *store = open_store(*state);
	struct buffer data = BUFFER_INIT(1 << 20);
	size_t added;

	put_pem(&data, x);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = ERROR_INIT;

		assert_false(trust_import(store, data.data, data.len, names[i], 0, 0, &added, &err));
		assert_int_equal(error_exit_code(&err), 2);
	}
	for (size_t i = 0; i < 2; i++) {
		struct trust_source source = { "x.pem", data.data, data.len };
		struct trust_import_options options = { .description = i == 0 ? "two\nlines" : "fine, it's \"ours\"" };
		struct error err = ERROR_INIT;

		assert_int_equal(trust_import_sources(store, &source, 1, &options, &added, NULL, &err), i == 1);
		assert_int_equal(error_exit_code(&err), i == 0 ? 2 : 1);
	}
	trust_free(store);
	buffer_clear(&data);
	X509_free(x);
}

static void several_files_are_one_import_and_the_bad_one_is_named(void **state)
{
	X509 *good = forge_ca("good"), *bad = forge(&(struct forge){ .name = "bad", .constraints = "CA:FALSE" });
	struct trust_store *store = open_store(*state);
	struct buffer a = BUFFER_INIT(1 << 20), b = BUFFER_INIT(1 << 20);
	struct trust_source sources[2];
	struct trust_import_options options = { 0 };
	unsigned char fingerprints[TRUST_IMPORT_MAX][32], expected[32];
	struct error err = ERROR_INIT;
	size_t added;

	put_pem(&a, good);
	put_der(&b, bad);
	sources[0] = (struct trust_source){ "good.pem", a.data, a.len };
	sources[1] = (struct trust_source){ "bad.der", b.data, b.len };
	assert_false(trust_import_sources(store, sources, 2, &options, &added, fingerprints, &err));
	assert_error(&err, FINDING_IMPORT_NOT_A_CA, "bad.der");
	assert_int_equal(trust_count(store), SYSTEM);
	assert_true(trust_import_sources(store, sources, 1, &options, &added, fingerprints, &err));
	forge_fingerprint(good, expected);
	assert_memory_equal(fingerprints[0], expected, 32);
	trust_free(store);
	buffer_clear(&a);
	buffer_clear(&b);
	X509_free(good);
	X509_free(bad);
}

static void an_import_is_enabled_and_has_only_the_usages_named(void **state)
{
	X509 *one = forge_ca("one"), *two = forge_ca("two");
	struct trust_store *store = open_store(*state);
	const struct trust_entry *e;

	import_one(store, one, "one", 0);
	import_one(store, two, "two", TRUST_CISCO_SERVICES | TRUST_INFRASTRUCTURE);
	e = trust_find(store, "one");
	assert_true(e->enabled);
	assert_int_equal(e->usages, 0);
	e = trust_find(store, "two");
	assert_true(e->enabled);
	assert_int_equal(e->usages, TRUST_CISCO_SERVICES | TRUST_INFRASTRUCTURE);
	assert_true(e->remarks & TRUST_DOUBLE_USE);
	trust_free(store);
	X509_free(one);
	X509_free(two);
}

static void a_thousand_certificates_are_bounded(void **state)
{
	struct trust_store *store = open_store(*state);
	struct buffer data = BUFFER_INIT(4 << 20);
	struct error err = ERROR_INIT;
	clock_t start;
	size_t added;

	for (int i = 0; i < TRUST_IMPORT_MAX; i++) {
		X509 *x = forge_ca("one of many");

		put_pem(&data, x);
		X509_free(x);
	}
	start = clock();	/* of the processor, which a busy machine does not make longer */
	assert_true(trust_import(store, data.data, data.len, NULL, 0, 0, &added, &err));
	assert_true((clock() - start) / CLOCKS_PER_SEC < 30);
	assert_int_equal(added, TRUST_IMPORT_MAX);
	assert_non_null(trust_find(store, "one of many#one of many#01000"));
	buffer_reset(&data);
	for (int i = 0; i < TRUST_IMPORT_MAX + 1; i++) {
		X509 *x = forge_ca("one too many");

		put_der(&data, x);
		X509_free(x);
	}
	assert_false(trust_import(store, data.data, data.len, NULL, 0, 0, &added, &err));
	assert_error(&err, FINDING_IMPORT_TOO_MUCH, "more than 1000 certificates");
	assert_int_equal(trust_count(store), SYSTEM + TRUST_IMPORT_MAX);
	trust_free(store);
	buffer_clear(&data);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		CASE(pem_and_der_one_or_many_are_read),
		CASE(indented_pem_is_read),
		CASE(pkcs7_is_read),
		CASE(what_is_no_certificate_is_refused_by_what_it_is),
		CASE(a_damaged_certificate_among_good_ones_stores_none),
		CASE(a_private_key_is_refused_in_any_form),
		CASE(each_rule_has_its_message_and_its_override),
		CASE(all_overrides_that_are_needed_are_named_at_once),
		CASE(a_duplicate_is_refused_by_the_name_that_it_has),
		CASE(the_same_certificate_twice_in_a_file_is_one),
		CASE(a_name_is_given_or_made),
		CASE(bad_names_and_descriptions_are_usage_errors),
		CASE(several_files_are_one_import_and_the_bad_one_is_named),
		CASE(an_import_is_enabled_and_has_only_the_usages_named),
		CASE(a_thousand_certificates_are_bounded),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
