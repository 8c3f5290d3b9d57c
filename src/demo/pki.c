#include "demo/pki.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define DAY_S (24L * 3600)

struct pki {
	EVP_PKEY *root_key, *intermediate_key, *server_key;
	X509 *root, *intermediate;
	long serial;
};

/* One certificate to be made. */
struct plan {
	const char *name;
	const char *alternative;	/* a server's name; NULL: no server */
	bool ca;
	X509 *issuer;			/* NULL: self-signed */
	EVP_PKEY *key, *issuer_key;
	long from_s, until_s;		/* from now */
};

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension != NULL && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool fill(X509 *x, const struct plan *p, long serial)
{
	X509_NAME *name = X509_get_subject_name(x);
	X509 *issuer = p->issuer != NULL ? p->issuer : x;
	time_t now = clock_now();

	return X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), serial) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(x), now + p->from_s) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), now + p->until_s) != NULL &&
	       X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"posture-console demo", -1, -1,
					  0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)p->name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 && X509_set_pubkey(x, p->key) == 1 &&
	       add_extension(x, issuer, NID_basic_constraints, p->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(x, issuer, NID_key_usage, p->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	       add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
	       (p->alternative == NULL || (add_extension(x, issuer, NID_ext_key_usage, "serverAuth") &&
					   add_extension(x, issuer, NID_subject_alt_name, p->alternative)));
}

static X509 *make(struct pki *pki, const struct plan *p)
{
	X509 *x = X509_new();
	EVP_PKEY *signer = p->issuer != NULL ? p->issuer_key : p->key;

	if (x != NULL && fill(x, p, ++pki->serial) && X509_sign(x, signer, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

bool pki_make(struct pki **out, struct error *err)
{
	struct pki *pki = calloc(1, sizeof(*pki));

	*out = NULL;
	if (pki == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot make the certificates of the demo"));
	/* Two runs of the demo have no serial number in common. */
	pki->serial = (long)(clock_now() % 1000000000);
	pki->root_key = EVP_EC_gen("P-256");
	pki->intermediate_key = EVP_EC_gen("P-256");
	pki->server_key = EVP_EC_gen("P-256");
	if (pki->root_key != NULL && pki->intermediate_key != NULL && pki->server_key != NULL)
		pki->root = make(pki, &(struct plan){ .name = "Demo Root CA", .ca = true, .key = pki->root_key, .from_s = -400 * DAY_S,
						      .until_s = 3650 * DAY_S });
	if (pki->root != NULL)
		pki->intermediate = make(pki, &(struct plan){ .name = "Demo Server CA", .ca = true, .key = pki->intermediate_key,
							      .issuer = pki->root, .issuer_key = pki->root_key,
							      .from_s = -400 * DAY_S, .until_s = 1825 * DAY_S });
	if (pki->intermediate == NULL) {
		pki_free(pki);
		return error_set(err, FINDING_NONE, _("cannot make the certificates of the demo"));
	}
	*out = pki;
	return true;
}

void pki_free(struct pki *pki)
{
	if (pki == NULL)
		return;
	X509_free(pki->root);
	X509_free(pki->intermediate);
	EVP_PKEY_free(pki->root_key);
	EVP_PKEY_free(pki->intermediate_key);
	EVP_PKEY_free(pki->server_key);
	free(pki);
}

bool pki_root_pem(const struct pki *pki, struct buffer *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	bool ok = false;

	if (bio != NULL && PEM_write_bio_X509(bio, pki->root) == 1) {
		len = BIO_get_mem_data(bio, &text);
		ok = buffer_append(out, text, (size_t)len);
	}
	BIO_free(bio);
	return ok || error_set(err, FINDING_OUT_OF_MEMORY, _("cannot make the certificates of the demo"));
}

static bool write_file(const char *file, mode_t mode, BIO *bio, struct error *err)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	return file_write_quick(AT_FDCWD, file, mode, text, (size_t)len, err);
}

bool pki_signer_files(struct pki *pki, const char *certificate_file, const char *key_file, struct error *err)
{
	X509 *signer = make(pki, &(struct plan){ .name = "Demo Feed Signer", .key = pki->server_key, .issuer = pki->intermediate,
						 .issuer_key = pki->intermediate_key, .from_s = -30 * DAY_S,
						 .until_s = 365 * DAY_S });
	BIO *certificates = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
	bool ok = signer != NULL && certificates != NULL && key != NULL && PEM_write_bio_X509(certificates, signer) == 1 &&
		  PEM_write_bio_X509(certificates, pki->intermediate) == 1 &&
		  PEM_write_bio_PrivateKey(key, pki->server_key, NULL, NULL, 0, NULL, NULL) == 1;

	if (!ok)
		error_set(err, FINDING_NONE, _("cannot make the certificates of the demo"));
	else
		ok = write_file(certificate_file, 0644, certificates, err) && write_file(key_file, 0600, key, err);
	X509_free(signer);
	BIO_free(certificates);
	BIO_free(key);
	return ok;
}

static X509 *server_certificate(struct pki *pki, enum pki_fault fault)
{
	struct plan plan = { .name = "127.0.0.1", .alternative = "IP:127.0.0.1", .key = pki->server_key,
			     .issuer = pki->intermediate, .issuer_key = pki->intermediate_key, .from_s = -30 * DAY_S,
			     .until_s = 365 * DAY_S };

	if (fault == PKI_EXPIRED) {
		plan.from_s = -366 * DAY_S;
		plan.until_s = -DAY_S;
	} else if (fault == PKI_NOT_YET_VALID) {
		plan.from_s = 2 * DAY_S;
	} else if (fault == PKI_OTHER_NAME) {
		plan.name = "other.demo.example";
		plan.alternative = "DNS:other.demo.example";
	} else if (fault == PKI_SELF_SIGNED) {
		plan.issuer = NULL;
	}
	return make(pki, &plan);
}

bool pki_server(struct pki *pki, enum pki_fault fault, SSL_CTX **out, struct error *err)
{
	X509 *certificate = server_certificate(pki, fault);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	bool sends_all = fault != PKI_NO_INTERMEDIATE && fault != PKI_SELF_SIGNED;
	bool ok = certificate != NULL && context != NULL && SSL_CTX_use_certificate(context, certificate) == 1 &&
		  SSL_CTX_use_PrivateKey(context, pki->server_key) == 1 &&
		  (!sends_all || SSL_CTX_add1_chain_cert(context, pki->intermediate) == 1);

	/* Without this OpenSSL completes the chain from a store; there is none, and there shall be none. */
	if (ok)
		SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
	X509_free(certificate);
	if (!ok) {
		SSL_CTX_free(context);
		return error_set(err, FINDING_NONE, _("cannot make the certificates of the demo"));
	}
	*out = context;
	return true;
}
