/* pki.h - certificates for the demo: a CA of its own and server certificates with chosen faults, made anew each time. */
#ifndef PC_DEMO_PKI_H
#define PC_DEMO_PKI_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* What the server shows. */
enum pki_fault {
	PKI_GOOD,
	PKI_EXPIRED,
	PKI_NOT_YET_VALID,
	PKI_OTHER_NAME,			/* made out to another host */
	PKI_NO_INTERMEDIATE,		/* the server does not send it */
	PKI_SELF_SIGNED,
	PKI_FAULTS
};

struct pki;

/* Makes the keys and the CA. Own: pki_free(). */
bool pki_make(struct pki **out, struct error *err);
void pki_free(struct pki *pki);

/* The root as PEM, for the certificate store; appended. */
bool pki_root_pem(const struct pki *pki, struct buffer *out, struct error *err);

/* Writes the certificate (with its issuer) and the key of somebody who signs feeds, as PEM files. */
bool pki_signer_files(struct pki *pki, const char *certificate_file, const char *key_file, struct error *err);

/* A TLS server's context for 127.0.0.1 whose certificate has that fault. Own: SSL_CTX_free(). */
bool pki_server(struct pki *pki, enum pki_fault fault, SSL_CTX **out, struct error *err);

#endif
