#include "net/http_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/probe_chain.h"

static int context_index = -1;

struct http_tls *http_tls_new(void)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));

	if (tls != NULL) {
		tls->references = 1;
		tls->alert_received = tls->alert_sent = -1;
	}
	return tls;
}

void http_tls_unref(struct http_tls *tls)
{
	if (tls != NULL && --tls->references == 0)
		free(tls);
}

static void drop_reference(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	http_tls_unref(ptr);
}

static void make_index(void)
{
	context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, drop_reference);
}

static struct http_tls *tls_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);
}

static void key_id_text(char *dst, size_t size, const ASN1_OCTET_STRING *id)
{
	dst[0] = '\0';
	for (int i = 0; id != NULL && i < ASN1_STRING_length(id) && (size_t)i * 2 + 3 <= size; i++)
		snprintf(dst + i * 2, 3, "%02x", ASN1_STRING_get0_data(id)[i]);
}

/* Follows the issuers among what the server sent, from its own certificate up. */
static X509 *climb(X509 *leaf, STACK_OF(X509) *sent)
{
	X509 *top = leaf;

	for (int step = 0; step < sk_X509_num(sent); step++) {
		X509 *issuer = NULL;

		if (X509_check_issued(top, top) == X509_V_OK)
			break;
		for (int i = 0; i < sk_X509_num(sent) && issuer == NULL; i++) {
			X509 *candidate = sk_X509_value(sent, i);

			if (candidate != top && X509_check_issued(candidate, top) == X509_V_OK)
				issuer = candidate;
		}
		if (issuer == NULL)
			break;
		top = issuer;
	}
	return top;
}

static void record_chain(struct http_tls *tls, X509_STORE_CTX *store_ctx)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store_ctx);
	X509 *leaf = X509_STORE_CTX_get0_cert(store_ctx), *top = climb(leaf, sent);
	struct probe_cert cert;
	const char *product;

	tls->sent = sk_X509_num(sent) > 0 ? sk_X509_num(sent) : 1;
	probe_cert_describe(leaf, &cert);
	text_safe(tls->leaf_subject, sizeof(tls->leaf_subject), cert.subject);
	text_safe(tls->leaf_names, sizeof(tls->leaf_names), cert.sans);
	memcpy(tls->leaf_sha256, cert.sha256, sizeof(tls->leaf_sha256));
	tls->leaf_not_before = cert.not_before;
	tls->leaf_not_after = cert.not_after;
	probe_cert_describe(top, &cert);
	text_safe(tls->top_subject, sizeof(tls->top_subject), cert.subject);
	text_safe(tls->top_issuer, sizeof(tls->top_issuer), cert.issuer);
	key_id_text(tls->top_issuer_key_id, sizeof(tls->top_issuer_key_id), X509_get0_authority_key_id(top));
	product = probe_cert_interceptor(&cert);
	snprintf(tls->interceptor, sizeof(tls->interceptor), "%s", product != NULL ? product : "");
}

/* Lets the verification go on after an error, so that all of them are seen; verify() refuses in the end. */
static int record_error(int ok, X509_STORE_CTX *store_ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct http_tls *tls = tls_of(ssl);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store_ctx);
	struct http_tls_error *e;
	struct probe_cert cert;

	if (ok || tls->errors++ >= HTTP_TLS_ERRORS_MAX)
		return 1;
	e = &tls->error[tls->errors - 1];
	e->error = X509_STORE_CTX_get_error(store_ctx);
	e->depth = X509_STORE_CTX_get_error_depth(store_ctx);
	if (certificate == NULL)
		return 1;
	probe_cert_describe(certificate, &cert);
	text_safe(e->subject, sizeof(e->subject), cert.subject);
	text_safe(e->issuer, sizeof(e->issuer), cert.issuer);
	e->self_issued = cert.self_issued;
	e->not_before = cert.not_before;
	e->not_after = cert.not_after;
	return 1;
}

/* Whoever holds the key of that very certificate is the server that was meant, whatever name and dates it bears. */
static int verify_pin(X509_STORE_CTX *store_ctx, struct http_tls *tls)
{
	tls->pin_differs = memcmp(tls->pin, tls->leaf_sha256, sizeof(tls->pin)) != 0;
	X509_STORE_CTX_set_error(store_ctx, tls->pin_differs ? X509_V_ERR_APPLICATION_VERIFICATION : X509_V_OK);
	return !tls->pin_differs;
}

static int verify(X509_STORE_CTX *store_ctx, void *arg)
{
	struct http_tls *tls = arg;
	int result;

	tls->errors = 0;
	record_chain(tls, store_ctx);
	if (tls->pinned)
		return verify_pin(store_ctx, tls);
	X509_STORE_CTX_set_time(store_ctx, 0, clock_now());
	X509_STORE_CTX_set_verify_cb(store_ctx, record_error);
	result = X509_verify_cert(store_ctx);
	if (tls->errors > 0) {
		X509_STORE_CTX_set_error(store_ctx, tls->error[0].error);
		return 0;
	}
	return result > 0;
}

static void note_state(const SSL *ssl, int where, int value)
{
	struct http_tls *tls = tls_of(ssl);
	const unsigned char *protocol;
	unsigned int len;

	if ((where & SSL_CB_ALERT) != 0) {
		/* Only fatal alerts explain a failure; close_notify and its like are how connections end. */
		if (value >> 8 != SSL3_AL_FATAL)
			return;
		if ((where & SSL_CB_READ) != 0)
			tls->alert_received = value & 0xff;
		else
			tls->alert_sent = value & 0xff;
	} else if (where == SSL_CB_CONNECT_EXIT && value <= 0) {
		if (tls->reason == 0)
			tls->reason = ERR_peek_error();
	} else if (where == SSL_CB_HANDSHAKE_DONE) {
		tls->finished = true;
		snprintf(tls->version, sizeof(tls->version), "%s", SSL_get_version(ssl));
		SSL_get0_alpn_selected(ssl, &protocol, &len);
		tls->http2 = len == 2 && memcmp(protocol, "h2", 2) == 0;
	}
}

static void note_record(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct http_tls *tls = tls_of(ssl);

	(void)version, (void)arg;
	if (sent) {
		tls->hello_sent |= type == SSL3_RT_HANDSHAKE;
	} else if (type == SSL3_RT_HEADER && tls->first_len == 0) {
		tls->first_len = len < sizeof(tls->first) ? len : sizeof(tls->first);
		memcpy(tls->first, data, tls->first_len);
	}
}

bool http_tls_watch(SSL_CTX *ctx, struct http_tls *tls)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_index);
	if (context_index < 0 || SSL_CTX_set_ex_data(ctx, context_index, tls) != 1)
		return false;
	tls->references++;
	/* Nobody who matters renegotiates, and the record belongs to the first handshake. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_cert_verify_callback(ctx, verify, tls);
	SSL_CTX_set_info_callback(ctx, note_state);
	SSL_CTX_set_msg_callback(ctx, note_record);
	return true;
}

const struct http_tls_error *http_tls_first_error(const struct http_tls *tls)
{
	return tls != NULL && tls->errors > 0 ? &tls->error[0] : NULL;
}
