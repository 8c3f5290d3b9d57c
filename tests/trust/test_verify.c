/* Usages and their rules, what verification stands on, and certificates that were made to deceive. */
#include "trust/forge.h"

#include <fcntl.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define ALL_THREE (TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH | TRUST_ADMIN_AUTH)

static void usages_have_names(void **state)
{
	(void)state;
	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		assert_int_equal(trust_usage_by_name(trust_usage_name(usage)), usage);
		assert_true(trust_usage_title(usage)[0] != '\0');
	}
	assert_int_equal(trust_usage_by_name("cisco-service"), 0);
	assert_int_equal(trust_usage_by_name(""), 0);
}

static void a_usage_needs_its_ground(void **state)
{
	static const struct { unsigned int usages; const char *says; } rows[] = {
		{ 0, NULL }, { TRUST_INFRASTRUCTURE, NULL }, { TRUST_CISCO_SERVICES, NULL },
		{ TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, NULL }, { ALL_THREE, NULL }, { ALL_THREE | TRUST_CISCO_SERVICES, NULL },
		{ TRUST_CLIENT_AUTH, "client-auth needs the usage infrastructure" },
		{ TRUST_ADMIN_AUTH, "admin-auth needs the usages infrastructure and client-auth" },
		{ TRUST_ADMIN_AUTH | TRUST_INFRASTRUCTURE, "admin-auth needs the usage client-auth" },
		{ TRUST_CLIENT_AUTH | TRUST_CISCO_SERVICES, "client-auth needs the usage infrastructure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(trust_usages_check(rows[i].usages, &err), rows[i].says == NULL);
		if (rows[i].says != NULL)
			assert_error(&err, FINDING_TRUST_USAGE_RULE, rows[i].says);
	}
}

static void a_usage_that_others_need_stays(void **state)
{
	struct trust_store *store = open_store(*state);
	struct error err = ERROR_INIT;

	assert_true(trust_change_usages(store, "alpha", ALL_THREE, 0, &err));
	assert_false(trust_change_usages(store, "alpha", 0, TRUST_INFRASTRUCTURE, &err));
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "infrastructure cannot be taken away");
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "client-auth, admin-auth");
	assert_false(trust_change_usages(store, "alpha", 0, TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, &err));
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "admin-auth");
	assert_int_equal(trust_find(store, "alpha")->usages, ALL_THREE);
	assert_true(trust_change_usages(store, "alpha", 0, ALL_THREE, &err));
	assert_int_equal(trust_find(store, "alpha")->usages, 0);
	assert_true(trust_change_usages(store, "alpha", 0, TRUST_ADMIN_AUTH, &err));
	trust_free(store);
}

static void client_auth_needs_certificate_signing(void **state)
{
	X509 *signs = forge(&(struct forge){ .name = "signs", .key_usage = "keyCertSign" });
	X509 *leaf = forge(&(struct forge){ .name = "leaf", .key_usage = "digitalSignature", .constraints = "CA:FALSE" });
	struct trust_store *store = open_store(*state);
	struct buffer pem = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	const unsigned int both = TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH;
	size_t added;

	import_one(store, signs, "signs", both);
	put_pem(&pem, leaf);
	assert_false(trust_import(store, pem.data, pem.len, "leaf", both, TRUST_ALLOW_NOT_CA, &added, &err));
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "does not allow to sign certificates");
	assert_true(trust_import(store, pem.data, pem.len, "leaf", TRUST_INFRASTRUCTURE, TRUST_ALLOW_NOT_CA, &added, &err));
	assert_false(trust_change_usages(store, "leaf", TRUST_CLIENT_AUTH, 0, &err));
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "does not allow to sign certificates");
	/* No key usage at all allows everything: alpha has none. */
	assert_true(trust_set_usages(store, "alpha", both, &err));
	trust_free(store);
	buffer_clear(&pem);
	X509_free(signs);
	X509_free(leaf);
}

/* X509_V_OK, or why not, for a server. */
static int verify(X509_STORE *anchors, X509 *leaf, X509 *intermediate)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	int why;

	if (intermediate != NULL)
		sk_X509_push(chain, intermediate);
	assert_int_equal(X509_STORE_CTX_init(ctx, anchors, leaf, chain), 1);
	X509_STORE_CTX_set_default(ctx, "ssl_server");
	X509_verify_cert(ctx);
	why = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(chain);
	return why;
}

static int verify_now(const struct trust_store *store, X509 *leaf, X509 *intermediate, size_t *count)
{
	struct error err = ERROR_INIT;
	X509_STORE *anchors = trust_x509_store(store, TRUST_CISCO_SERVICES, count, &err);
	int why;

	assert_non_null(anchors);
	why = verify(anchors, leaf, intermediate);
	X509_STORE_free(anchors);
	return why;
}

static void only_enabled_and_trusted_certificates_verify(void **state)
{
	X509 *root = forge_ca("root");
	X509 *intermediate = forge(&(struct forge){ .name = "intermediate", .issuer = root });
	X509 *leaf = forge(&(struct forge){ .name = "www.example", .issuer = intermediate, .constraints = "CA:FALSE" });
	struct trust_store *store = open_store(*state);
	struct error err = ERROR_INIT;
	size_t count, next = 0;

	assert_int_not_equal(verify_now(store, leaf, intermediate, &count), X509_V_OK);
	assert_int_equal(count, 1);
	import_one(store, root, "root", TRUST_INFRASTRUCTURE);
	assert_int_not_equal(verify_now(store, leaf, intermediate, &count), X509_V_OK);
	assert_true(trust_change_usages(store, "root", TRUST_CISCO_SERVICES, 0, &err));
	assert_int_equal(verify_now(store, leaf, intermediate, &count), X509_V_OK);
	assert_int_equal(count, 2);
	assert_true(trust_set_enabled(store, "root", false, &err));
	assert_int_not_equal(verify_now(store, leaf, intermediate, &count), X509_V_OK);
	assert_string_equal(trust_issuer_of(store, intermediate, &next)->name, "root");
	assert_null(trust_issuer_of(store, intermediate, &next));
	/* An enabled intermediate is an anchor of its own. */
	import_one(store, intermediate, "intermediate", TRUST_CISCO_SERVICES);
	assert_int_equal(verify_now(store, leaf, NULL, &count), X509_V_OK);
	assert_ptr_equal(trust_find_certificate(store, intermediate), trust_find(store, "intermediate"));
	assert_null(trust_find_certificate(store, leaf));
	trust_free(store);
	X509_free(root);
	X509_free(intermediate);
	X509_free(leaf);
}

static void put_trusted_pem(struct buffer *out, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_X509_AUX(bio, certificate), 1);
	len = BIO_get_mem_data(bio, &text);
	buffer_append(out, text, (size_t)len);
	BIO_free(bio);
}

static void trust_settings_of_a_file_are_kept_and_obeyed(void **state)
{
	X509 *rejected = forge_ca("rejected"), *mail = forge_ca("mail"), *server = forge_ca("server");
	X509 *of_rejected = forge(&(struct forge){ .name = "www", .issuer = rejected, .constraints = "CA:FALSE" });
	X509 *of_mail = forge(&(struct forge){ .name = "www", .issuer = mail, .constraints = "CA:FALSE" });
	X509 *of_server = forge(&(struct forge){ .name = "www", .issuer = server, .constraints = "CA:FALSE" });
	struct buffer data = BUFFER_INIT(1 << 20), out = BUFFER_INIT(1 << 20);
	struct trust_store *store = open_store(*state);
	struct error err = ERROR_INIT;
	size_t added;

	X509_add1_reject_object(rejected, OBJ_nid2obj(NID_server_auth));
	X509_add1_trust_object(mail, OBJ_nid2obj(NID_email_protect));
	X509_add1_trust_object(server, OBJ_nid2obj(NID_server_auth));
	put_trusted_pem(&data, rejected);
	put_trusted_pem(&data, mail);
	put_trusted_pem(&data, server);
	assert_true(trust_import(store, data.data, data.len, "aux", TRUST_CISCO_SERVICES, 0, &added, &err));
	assert_int_equal(added, 3);
	trust_free(store);
	store = open_store(*state);
	assert_true(trust_find(store, "aux")->remarks & TRUST_REJECTS_SERVERS);
	assert_true(trust_find(store, "aux 2")->remarks & TRUST_REJECTS_SERVERS);
	assert_false(trust_find(store, "aux 3")->remarks & TRUST_REJECTS_SERVERS);
	assert_int_equal(verify_now(store, of_rejected, NULL, NULL), X509_V_ERR_CERT_REJECTED);
	assert_int_equal(verify_now(store, of_mail, NULL, NULL), X509_V_ERR_CERT_REJECTED);
	assert_int_equal(verify_now(store, of_server, NULL, NULL), X509_V_OK);
	/* libcurl is told, too. */
	assert_true(trust_pem(store, TRUST_CISCO_SERVICES, &out, NULL, &err));
	assert_non_null(strstr(buffer_text(&out), "BEGIN TRUSTED CERTIFICATE"));
	assert_true(trust_warning(store, 0, &err));
	assert_error(&err, FINDING_TRUST_ROOT_REJECTED, "aux");
	trust_free(store);
	buffer_clear(&data);
	buffer_clear(&out);
	X509_free(rejected);
	X509_free(mail);
	X509_free(server);
	X509_free(of_rejected);
	X509_free(of_mail);
	X509_free(of_server);
}

static void without_an_anchor_it_is_said_what_would_help(void **state)
{
	static const char identrust[] = "IdenTrust Commercial Root CA 1";
	struct trust_store *store = open_store(*state);
	X509 *own = forge_ca("own 'quoted'; rm -rf /");
	struct error err = ERROR_INIT;

	assert_true(trust_set_enabled(store, identrust, false, &err));
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "trusted for Cisco services, but disabled");
	assert_non_null(strstr(err.next, "certs enable 'IdenTrust"));
	assert_true(trust_set_usages(store, identrust, 0, &err));
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_non_null(strstr(err.next, "certs enable"));
	assert_non_null(strstr(err.next, "certs trust"));
	assert_true(trust_set_enabled(store, identrust, true, &err));
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "not trusted for them");
	assert_true(trust_remove(store, identrust, &err));
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "FN72111");
	/* A command to copy never holds a name that could break out of its quotes. */
	import_one(store, own, NULL, TRUST_CISCO_SERVICES);
	assert_true(trust_set_enabled(store, "own 'quoted'; rm -rf /#own 'quoted'; rm -rf /#00001", false, &err));
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_null(strstr(err.next, "rm -rf"));
	trust_free(store);
	X509_free(own);
}

/* Everything that an entry shows is clean text. */
static void assert_clean(const struct trust_entry *e)
{
	const char *texts[] = { e->name, e->description, e->subject, e->issuer, e->common_name, e->serial, e->key,
				e->signature_algorithm };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buffer safe = BUFFER_INIT(100000);

		text_sanitise(&safe, texts[i], strlen(texts[i]));
		assert_string_equal(buffer_text(&safe), texts[i]);
		buffer_clear(&safe);
	}
}

static void hostile_names_are_shown_safely(void **state)
{
	static const struct { const char *name; size_t len; int type; const char *shown; } rows[] = {
		{ "www.cisco.com\0.evil.example", 27, 0, "www.cisco.com^@.evil.example" },
		{ "\x1b]0;owned\a\x1b[2J", 14, 0, "^[]0;owned^G^[[2J" },
		{ "CA\xE2\x80\xAE" "moc.ocsic", 14, 0, "CA<U+202E>moc.ocsic" },
		{ "bad \xFF\xC0\xAF", 7, V_ASN1_T61STRING, "bad \xC3\xBF\xC3\x80\xC2\xAF" },
		{ "line\r\nbreak", 11, 0, "line^M^Jbreak" },
		{ "latin \xE9", 7, V_ASN1_T61STRING, "latin \xC3\xA9" },
		{ "\x04\x1a\x04\x38", 4, V_ASN1_BMPSTRING, "\xD0\x9A\xD0\xB8" },
		{ "  spaced  ", 10, 0, "spaced" },
		{ "\xE2\x80\x8B", 3, 0, "<U+200B>" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509 *x = forge(&(struct forge){ .name = rows[i].name, .name_len = rows[i].len, .name_type = rows[i].type });
		struct trust_store *store = open_store(*state);
		const struct trust_entry *e;

		import_one(store, x, NULL, 0);
		e = trust_find_certificate(store, x);
		assert_string_equal(e->common_name, rows[i].shown);
		assert_clean(e);
		trust_free(store);
		/* The index takes back what it was given. */
		store = open_store(*state);
		assert_non_null(trust_find_certificate(store, x));
		trust_free(store);
		X509_free(x);
	}
}

static void endless_names_are_cut(void **state)
{
	size_t len = 200000;
	char *name = malloc(len);
	struct trust_store *store = open_store(*state);
	const struct trust_entry *e;
	X509 *x;

	memset(name, 0xC3, len);
	for (size_t i = 1; i < len; i += 2)
		name[i] = (char)0xA9;
	x = forge(&(struct forge){ .name = name, .name_len = len });
	import_one(store, x, NULL, 0);
	e = trust_find_certificate(store, x);
	assert_true(strlen(e->name) <= TRUST_NAME_MAX);
	assert_true(strlen(e->subject) < 600);
	assert_clean(e);
	trust_free(store);
	X509_free(x);
	free(name);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		CASE(usages_have_names),
		CASE(a_usage_needs_its_ground),
		CASE(a_usage_that_others_need_stays),
		CASE(client_auth_needs_certificate_signing),
		CASE(only_enabled_and_trusted_certificates_verify),
		CASE(trust_settings_of_a_file_are_kept_and_obeyed),
		CASE(without_an_anchor_it_is_said_what_would_help),
		CASE(hostile_names_are_shown_safely),
		CASE(endless_names_are_cut),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
