/* Signs a manifest. */
#include "feed/signature.h"

#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/i18n.h"

#define PEM_MAX_BYTES (1024u * 1024)

struct signer {
	X509 *certificate;
	STACK_OF(X509) *others;
	EVP_PKEY *key;
};

static bool failed(struct error *err, enum finding code, const char *what, const char *file)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	error_set(err, code, "%s %s: %s", what, file, why != NULL ? why : _("unknown reason"));
	ERR_clear_error();
	return false;
}

/* Nobody is asked for a pass phrase: this runs unattended. */
static int no_pass_phrase(char *buf, int size, int writing, void *data)
{
	(void)buf, (void)size, (void)writing;
	*(bool *)data = true;
	return -1;
}

static bool load_certificates(struct signer *s, const char *file, struct error *err)
{
	struct buffer pem = BUFFER_INIT(PEM_MAX_BYTES);
	X509 *next;
	BIO *bio = NULL;
	bool ok = false;

	s->others = sk_X509_new_null();
	if (!file_read(AT_FDCWD, file, &pem, err))
		goto out;
	bio = BIO_new_mem_buf(buffer_text(&pem), (int)pem.len);
	if (bio == NULL || s->others == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	s->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (s->certificate == NULL) {
		failed(err, FINDING_PATH_INVALID, _("cannot read a PEM certificate from"), file);
		goto out;
	}
	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(s->others, next) == 0) {
			X509_free(next);
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
			goto out;
		}
	}
	ERR_clear_error();
	ok = true;
out:
	BIO_free(bio);
	buffer_clear(&pem);
	return ok;
}

static bool load_key(struct signer *s, const char *file, struct error *err)
{
	struct buffer pem = BUFFER_INIT(PEM_MAX_BYTES);
	bool encrypted = false, ok = false;
	BIO *bio;

	if (!file_read(AT_FDCWD, file, &pem, err))
		goto out;
	bio = BIO_new_mem_buf(buffer_text(&pem), (int)pem.len);
	if (bio != NULL)
		s->key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, &encrypted);
	BIO_free(bio);
	if (s->key == NULL && encrypted) {
		error_set(err, FINDING_PATH_INVALID, _("the private key %s is encrypted"), file);
		error_next(err, _("Decrypt it first: openssl pkey -in %s -out FILE"), file);
	} else if (s->key == NULL) {
		failed(err, FINDING_PATH_INVALID, _("cannot read a PEM private key from"), file);
	} else if (X509_check_private_key(s->certificate, s->key) != 1) {
		failed(err, FINDING_PATH_INVALID, _("the certificate does not belong to the private key"), file);
	} else {
		ok = true;
	}
out:
	ERR_clear_error();
	buffer_wipe(&pem);
	return ok;
}

static bool sign(const struct signer *s, const void *content, size_t len, const char *cert_file, struct buffer *out,
		 struct error *err)
{
	BIO *bio = BIO_new_mem_buf(content, (int)len);
	CMS_ContentInfo *cms = NULL;
	unsigned char *der = NULL;
	int der_len;
	bool ok = false;

	if (bio != NULL)
		cms = CMS_sign(s->certificate, s->key, s->others, bio, CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP);
	der_len = cms != NULL ? i2d_CMS_ContentInfo(cms, &der) : -1;
	if (der_len <= 0)
		failed(err, FINDING_NONE, _("cannot sign with"), cert_file);
	else if (!buffer_append(out, der, (size_t)der_len))
		error_set(err, FINDING_NONE, _("the signature is larger than %zu bytes"), out->max);
	else
		ok = true;
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
	return ok;
}

bool signature_make(const void *content, size_t len, const char *cert_file, const char *key_file, struct buffer *out,
		    struct error *err)
{
	struct signer s = { 0 };
	bool ok = load_certificates(&s, cert_file, err) && load_key(&s, key_file, err) &&
		  sign(&s, content, len, cert_file, out, err);

	X509_free(s.certificate);
	sk_X509_pop_free(s.others, X509_free);
	EVP_PKEY_free(s.key);
	return ok;
}
