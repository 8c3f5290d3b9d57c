/* Giving a certificate away: PEM or DER. */
#include <openssl/pem.h>

#include "base/i18n.h"
#include "trust/trust.h"

static bool encode(X509 *certificate, bool der, struct buffer *out, struct error *err)
{
	unsigned char *bytes = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	bool ok = false;

	if (der) {
		int n = i2d_X509(certificate, &bytes);

		ok = n > 0 && buffer_append(out, bytes, (size_t)n);
	} else if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1) {
		len = BIO_get_mem_data(bio, &text);
		ok = len > 0 && buffer_append(out, text, (size_t)len);
	}
	BIO_free(bio);
	OPENSSL_free(bytes);
	return ok || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

bool trust_export(const struct trust_store *store, const struct trust_entry *entry, bool der, struct buffer *out,
		  struct error *err)
{
	X509 *certificate = trust_certificate(store, entry, err);

	return certificate != NULL && encode(certificate, der, out, err);
}
