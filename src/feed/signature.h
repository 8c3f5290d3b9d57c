/* signature.h - the detached CMS signature of a manifest. */
#ifndef PC_FEED_SIGNATURE_H
#define PC_FEED_SIGNATURE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define SIGNATURE_MAX_BYTES (256u * 1024)

struct signature_info {
	char signer[256];		/* the signer's subject, clean text */
	char issuer[256];
	char anchor[256];		/* the trusted certificate that it ends in */
};

/* Verifies a detached CMS signature (DER, PEM accepted; RFC 5652) over `content`. The signer must chain to `anchors`
 * at the time `now`. Each failure has its finding: feed-signature-invalid (not CMS, or the digest differs),
 * feed-signer-untrusted, feed-signer-expired, cert-weak-signature, ... Of several signers each must be good; `info` (may be NULL)
 * names the first of them, and is left alone when any is refused. */
bool signature_verify(const void *content, size_t len, const void *cms, size_t cms_len, X509_STORE *anchors, time_t now,
		      struct signature_info *info, struct error *err);

/* Signs (DER). Certificate and key are PEM files; further certificates in the certificate file go along. */
bool signature_make(const void *content, size_t len, const char *cert_file, const char *key_file, struct buffer *out,
		    struct error *err);

#endif
