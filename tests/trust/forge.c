#include "trust/forge.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

EVP_PKEY *forge_key(const char *type, int bits)
{
	EVP_PKEY *key = strcmp(type, "EC") == 0 ? EVP_EC_gen("P-256") :
			strcmp(type, "RSA") == 0 ? EVP_RSA_gen((unsigned int)bits) : EVP_PKEY_Q_keygen(NULL, NULL, type);

	assert_non_null(key);
	return key;
}

static EVP_PKEY *common_key(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = forge_key("EC", 256);
	return key;
}

static void add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (value == NULL || *value == '\0')
		return;
	extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void set_name(X509 *x, const struct forge *f)
{
	X509_NAME *name = X509_get_subject_name(x);
	size_t len = f->name_len != 0 || f->name == NULL ? f->name_len : strlen(f->name);
	int type = f->name_type != 0 ? f->name_type : V_ASN1_UTF8STRING;

	if (f->name != NULL)
		assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const unsigned char *)f->name,
							    (int)len, -1, 0), 1);
	X509_set_issuer_name(x, f->issuer != NULL ? X509_get_subject_name(f->issuer) : name);
}

X509 *forge(const struct forge *f)
{
	static long serial = 1000;
	X509 *x = X509_new();
	EVP_PKEY *key = f->key != NULL ? f->key : common_key();
	time_t now = clock_now();
	bool plain = f->from_s == 0 && f->until_s == 0;
	const EVP_MD *digest = f->digest == NULL ? EVP_sha256() : *f->digest != '\0' ? EVP_get_digestbyname(f->digest) : NULL;

	assert_non_null(x);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	ASN1_TIME_set(X509_getm_notBefore(x), now + (plain ? -DAY : f->from_s));
	ASN1_TIME_set(X509_getm_notAfter(x), now + (plain ? 365 * DAY : f->until_s));
	set_name(x, f);
	X509_set_pubkey(x, key);
	add_extension(x, NID_basic_constraints, f->constraints != NULL ? f->constraints : "critical,CA:TRUE");
	add_extension(x, NID_key_usage, f->key_usage);
	assert_true(X509_sign(x, f->issuer != NULL ? common_key() : key, digest) > 0);
	return x;
}

X509 *forge_ca(const char *name)
{
	return forge(&(struct forge){ .name = name });
}

void forge_fingerprint(X509 *certificate, unsigned char sha256[32])
{
	assert_int_equal(X509_digest(certificate, EVP_sha256(), sha256, NULL), 1);
}

void put_pem(struct buffer *out, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
	len = BIO_get_mem_data(bio, &text);
	assert_true(buffer_append(out, text, (size_t)len));
	BIO_free(bio);
}

void put_der(struct buffer *out, X509 *certificate)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(certificate, &bytes);

	assert_true(len > 0);
	assert_true(buffer_append(out, bytes, (size_t)len));
	OPENSSL_free(bytes);
}

void put_file(const char *path, const void *data, size_t len)
{
	struct error err = ERROR_INIT;

	if (!file_write_atomic(AT_FDCWD, path, 0644, data, len, &err))
		fail_msg("%s", err.message);
}

bool file_has(const char *path, const char *text)
{
	struct buffer data = BUFFER_INIT(1 << 24);
	struct error err = ERROR_INIT;
	bool has = file_read(AT_FDCWD, path, &data, &err) && strstr(buffer_text(&data), text) != NULL;

	buffer_clear(&data);
	return has;
}

int place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct buffer bundle = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	char identrust[512];

	X509 *alpha = forge_ca("alpha"), *beta = forge_ca("beta");

	snprintf(p->dir, sizeof(p->dir), "/tmp/pc-trust-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
	snprintf(p->trust, sizeof(p->trust), "%s/trust", p->state);
	snprintf(p->bundle, sizeof(p->bundle), "%s/bundle.crt", p->dir);
	snprintf(identrust, sizeof(identrust), "%s/tests/trust/identrust.pem", getenv("top_srcdir"));
	put_pem(&bundle, alpha);
	assert_true(file_read(AT_FDCWD, identrust, &bundle, &err));
	put_pem(&bundle, beta);
	put_file(p->bundle, bundle.data, bundle.len);
	setenv("POSTURE_CONSOLE_CA_BUNDLE", p->bundle, 1);
	buffer_clear(&bundle);
	X509_free(alpha);
	X509_free(beta);
	*state = p;
	return 0;
}

int place_remove(void **state)
{
	struct place *p = *state;

	file_remove_tree(AT_FDCWD, p->dir, NULL);
	free(p);
	return 0;
}

struct trust_store *open_store(const struct place *p)
{
	struct error err = ERROR_INIT;
	struct trust_store *store;

	if (!trust_open(p->state, false, &store, &err))
		fail_msg("%s", err.message);
	return store;
}

void import_one(struct trust_store *store, X509 *certificate, const char *name, unsigned int usages)
{
	struct buffer pem = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	size_t added;

	put_pem(&pem, certificate);
	if (!trust_import(store, pem.data, pem.len, name, usages, 0, &added, &err))
		fail_msg("%s", err.message);
	assert_int_equal(added, 1);
	buffer_clear(&pem);
}

void assert_error_at(const struct error *err, enum finding finding, const char *text, const char *file, int line)
{
	if (err->code != finding || strstr(err->message, text) == NULL) {
		print_error("[%s] %s\nwanted [%s] %s\n", finding_info(err->code)->code, err->message,
			    finding_info(finding)->code, text);
		_fail(file, line);
	}
	/* Whatever fails tells what to do next. */
	if (err->exit_code != EXIT_USAGE && err->next[0] == '\0' && finding_info(err->code)->remedy[0] == '\0')
		_fail(file, line);
}
