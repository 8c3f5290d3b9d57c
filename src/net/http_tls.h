/* http_tls.h - watches the TLS handshakes that libcurl makes, and keeps what libcurl itself does not tell.
 *
 * libcurl reports one verify result without its depth, and alerts only inside a sentence. Hooks in its SSL_CTX record
 * EVERY verify error with depth, subject and issuer, what chain the server sent, the alerts of both directions and the
 * first bytes of a peer that does not speak TLS. They also make the verification use the program's own clock.
 */
#ifndef PC_NET_HTTP_TLS_H
#define PC_NET_HTTP_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define HTTP_TLS_ERRORS_MAX 8
#define HTTP_TLS_NAME_MAX 256
#define HTTP_TLS_KEY_ID_MAX 64

struct http_tls_error {
	int error;			/* X509_V_ERR_... */
	int depth;			/* 0: the server's own certificate */
	char subject[HTTP_TLS_NAME_MAX];
	char issuer[HTTP_TLS_NAME_MAX];
	bool self_issued;
	time_t not_before, not_after;	/* 0 when unknown */
};

/* Names are as the peer sent them: sanitised, but not to be believed. */
struct http_tls {
	size_t errors;			/* all of them; the first HTTP_TLS_ERRORS_MAX are kept */
	struct http_tls_error error[HTTP_TLS_ERRORS_MAX];
	int sent;			/* certificates that the server sent; 0: it never came so far */
	unsigned char leaf_sha256[32];	/* fingerprint of its own certificate, once `sent` is set */
	time_t leaf_not_before, leaf_not_after;	/* 0 when unknown */
	char leaf_subject[HTTP_TLS_NAME_MAX];
	char leaf_names[512];		/* its subject alternative names, comma separated */
	char top_subject[HTTP_TLS_NAME_MAX];	/* the highest certificate of the chain as built from what was sent */
	char top_issuer[HTTP_TLS_NAME_MAX];	/* who should vouch for it: look this up in the store */
	char top_issuer_key_id[HTTP_TLS_KEY_ID_MAX];	/* its authority key identifier, lower-case hex; "" when none */
	char interceptor[64];		/* product that this issuer gives away; "" when none */
	int alert_received;		/* description of the fatal alert, -1: none */
	int alert_sent;
	unsigned long reason;		/* OpenSSL's first error of a failed handshake (ERR_get_error), 0: none */
	unsigned char first[5];		/* first bytes that the peer sent */
	size_t first_len;
	bool hello_sent;
	bool finished;
	bool http2;			/* agreed on by ALPN, once finished */
	char version[16];		/* "TLSv1.3", once finished */
	bool pinned;			/* only the certificate with this fingerprint will do, and it will do alone */
	unsigned char pin[32];
	bool pin_differs;		/* it was another one */
	unsigned int references;
};

/* A fresh record with one reference; NULL when out of memory. */
struct http_tls *http_tls_new(void);
void http_tls_unref(struct http_tls *tls);

/* Installs the hooks; the context takes a reference of its own. False when out of memory. */
bool http_tls_watch(SSL_CTX *ctx, struct http_tls *tls);

/* The error that explains a failed verification best: the first that OpenSSL met. NULL when there was none. */
const struct http_tls_error *http_tls_first_error(const struct http_tls *tls);

#endif
