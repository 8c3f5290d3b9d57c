/* The handshake runs between two memory BIOs; this file carries the bytes, so that it sees each one of them, knows exactly how
 * the peer ended the conversation, and can run over any channel, also one that is TLS itself. */
#include "net/probe_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/probe_address.h"
#include "net/probe_chain.h"

#define RECORD_MAX (17 * 1024)
#define GREETING_WAIT_US 150000		/* for the rest of a greeting that is not TLS */
/* What Debian builds OpenSSL with, and OpenSSL itself since 3.2: 112 bits. */
#define LIBRARY_SECURITY_LEVEL 2

/* What the library's callbacks see during one handshake. */
static void on_message(int write_p, int version, int content_type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	struct probe_tls *out = arg;
	const uint8_t *p = buf;

	(void)version;
	(void)ssl;
	if (content_type == SSL3_RT_ALERT && len == 2) {
		if (write_p)
			out->alert_sent = p[1];
		else
			out->alert_received = p[1];
	}
	if (write_p || content_type != SSL3_RT_HANDSHAKE || len < 6)
		return;
	if (p[0] == SSL3_MT_SERVER_HELLO) {
		out->server_hello_seen = true;
		out->version_number = p[4] << 8 | p[5];
	} else if (p[0] == SSL3_MT_CERTIFICATE) {
		out->certificate_seen = true;
	}
}

static int on_client_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	struct probe_tls *out = SSL_get_app_data(ssl);

	(void)certificate;
	(void)key;
	if (out != NULL)
		out->client_certificate_requested = true;
	return 0;
}

/* The chain is judged elsewhere, with everything that is wrong with it. */
static int accept_any_chain(X509_STORE_CTX *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	return 1;
}

/* Puts back what openssl.cnf may have changed. A library context of its own leaves out its providers (FIPS). */
static void forget_system_config(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, LIBRARY_SECURITY_LEVEL);
	SSL_CTX_set_cipher_list(ctx, OSSL_default_cipher_list());
	SSL_CTX_set_ciphersuites(ctx, OSSL_default_ciphersuites());
	SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521");
	SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:"
				       "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512");
	SSL_CTX_clear_options(ctx, SSL_OP_NO_TLSv1_3 | SSL_OP_NO_TLSv1_2);
}

static bool configure(SSL_CTX *ctx, const struct probe_tls_options *o)
{
	int min = o->min_version != 0 ? o->min_version : TLS1_2_VERSION;

	if (o->ignore_system_config)
		forget_system_config(ctx);
	/* A stricter minimum of the system is kept: it is what the update meets, too. */
	if ((o->min_version != 0 || o->ignore_system_config || SSL_CTX_get_min_proto_version(ctx) < min) &&
	    SSL_CTX_set_min_proto_version(ctx, min) != 1)
		return false;
	if ((o->max_version != 0 || o->ignore_system_config) && SSL_CTX_set_max_proto_version(ctx, o->max_version) != 1)
		return false;
	if (o->ciphers != NULL && SSL_CTX_set_cipher_list(ctx, o->ciphers) != 1)
		return false;
	if (o->small_hello) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set1_groups_list(ctx, "X25519:P-256");
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_cert_cb(ctx, on_client_certificate);
	SSL_CTX_set_cert_verify_callback(ctx, accept_any_chain, NULL);
	return true;
}

/* Gives the session, NULL when the library cannot do what was asked for. */
static SSL *make_session(SSL_CTX *ctx, const struct probe_tls_options *o, struct probe_tls *out)
{
	BIO *in = BIO_new(BIO_s_mem()), *outgoing = BIO_new(BIO_s_mem());
	struct probe_address literal;
	SSL *ssl = NULL;

	if (in != NULL && outgoing != NULL)
		ssl = SSL_new(ctx);
	if (ssl == NULL) {
		BIO_free(in);
		BIO_free(outgoing);
		return NULL;
	}
	BIO_set_mem_eof_return(in, -1);
	BIO_set_mem_eof_return(outgoing, -1);
	SSL_set_bio(ssl, in, outgoing);
	SSL_set_connect_state(ssl);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, out);
	SSL_set_app_data(ssl, out);
	if (!o->small_hello)
		SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
	if (o->host != NULL && !probe_address_parse(o->host, 0, &literal)) {
		char name[256];
		size_t len = strlen(o->host);

		snprintf(name, sizeof(name), "%s", o->host);
		if (len > 0 && len < sizeof(name) && name[len - 1] == '.')
			name[len - 1] = '\0';
		SSL_set_tlsext_host_name(ssl, name);
	}
	return ssl;
}

static void note_library_error(struct probe_tls *out)
{
	unsigned long error = ERR_get_error();
	const char *text = ERR_reason_error_string(error);

	out->library_error = error;
	out->library_reason = ERR_GET_REASON(error);
	snprintf(out->reason, sizeof(out->reason), "%s", text != NULL ? text : "");
	ERR_clear_error();
}

static bool flush(struct probe_channel *ch, SSL *ssl, int64_t deadline_us, struct probe_tls *out)
{
	char record[RECORD_MAX];
	int n;

	while ((n = BIO_read(SSL_get_wbio(ssl), record, sizeof(record))) > 0) {
		if (!probe_channel_write(ch, record, (size_t)n, deadline_us))
			return false;
		out->bytes_sent += (uint64_t)n;
	}
	return true;
}

static enum probe_tls_outcome outcome_of_end(ssize_t n, int error, const struct probe_tls *out)
{
	if (n == 0)
		return PROBE_TLS_CLOSED;
	switch (error) {
	case ETIMEDOUT: return out->bytes_received == 0 ? PROBE_TLS_SILENT : PROBE_TLS_STALLED;
	case EPROTO: return PROBE_TLS_CLOSED;		/* the TLS layer below broke */
	case ENOMEM: case EMFILE: return PROBE_TLS_LOCAL_ERROR;
	default: return PROBE_TLS_RESET;
	}
}

/* Reads once and gives it to the library. True to go on. */
static bool feed(struct probe_channel *ch, SSL *ssl, int64_t start_us, int64_t deadline_us, struct probe_tls *out)
{
	uint8_t record[RECORD_MAX];
	size_t room = sizeof(out->first) - out->first_len;
	ssize_t n = probe_channel_read(ch, record, sizeof(record), deadline_us);

	if (n <= 0) {
		out->sys_errno = n < 0 ? errno : 0;
		out->outcome = outcome_of_end(n, errno, out);
		return false;
	}
	if (out->bytes_received == 0)
		out->first_byte_us = clock_monotonic_us() - start_us;
	memcpy(out->first + out->first_len, record, (size_t)n < room ? (size_t)n : room);
	out->first_len += (size_t)n < room ? (size_t)n : room;
	out->bytes_received += (uint64_t)n;
	if (out->bytes_received > PROBE_TLS_BYTES_MAX) {
		out->outcome = PROBE_TLS_TOO_LARGE;
		return false;
	}
	if (BIO_write(SSL_get_rbio(ssl), record, (int)n) == n)
		return true;
	out->outcome = PROBE_TLS_LOCAL_ERROR;
	return false;
}

static void shake(struct probe_channel *ch, SSL *ssl, int64_t start_us, int64_t deadline_us, struct probe_tls *out)
{
	for (;;) {
		int result, state;

		ERR_clear_error();
		result = SSL_do_handshake(ssl);
		state = SSL_get_error(ssl, result);
		if (state == SSL_ERROR_SSL)
			note_library_error(out);
		if (!flush(ch, ssl, deadline_us, out) && state != SSL_ERROR_SSL) {
			out->sys_errno = errno;
			out->outcome = outcome_of_end(-1, errno, out);
			return;
		}
		if (result == 1) {
			out->outcome = PROBE_TLS_OK;
			return;
		}
		if (state != SSL_ERROR_WANT_READ) {
			out->outcome = out->alert_received > 0 ? PROBE_TLS_ALERT : PROBE_TLS_REJECTED;
			if (out->alert_received == SSL3_AD_CLOSE_NOTIFY)
				out->outcome = PROBE_TLS_CLOSED;
			return;
		}
		if (!feed(ch, ssl, start_us, deadline_us, out))
			return;
	}
}

/* A peer that does not speak TLS is no TLS failure. Take the rest of its greeting as evidence. */
static void consider_other_protocol(struct probe_channel *ch, struct probe_tls *out)
{
	int64_t until_us = clock_monotonic_us() + GREETING_WAIT_US;

	out->protocol = probe_protocol_guess(out->first, out->first_len);
	if (out->outcome == PROBE_TLS_OK || out->first_len == 0 || out->server_hello_seen ||
	    out->protocol == PROBE_PROTOCOL_TLS || out->outcome == PROBE_TLS_LOCAL_ERROR)
		return;
	while (out->outcome == PROBE_TLS_REJECTED && out->first_len < sizeof(out->first)) {
		ssize_t n = probe_channel_read(ch, out->first + out->first_len, sizeof(out->first) - out->first_len,
					       until_us);

		if (n <= 0)
			break;
		out->first_len += (size_t)n;
		out->bytes_received += (uint64_t)n;
	}
	out->protocol = probe_protocol_guess(out->first, out->first_len);
	out->outcome = PROBE_TLS_NOT_TLS;
}

/* The same certificate, free of the library context of this handshake, which may not live as long. */
static X509 *detached(X509 *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	const unsigned char *p = der;
	X509 *copy = len > 0 ? d2i_X509(NULL, &p, len) : NULL;

	OPENSSL_free(der);
	return copy;
}

static void take_chain(SSL *ssl, struct probe_tls *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	if (chain == NULL || sk_X509_num(chain) == 0 || (out->sent = sk_X509_new_null()) == NULL)
		return;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *certificate;

		if (i == PROBE_CHAIN_CERTS_MAX) {
			out->chain_cut = true;
			return;
		}
		certificate = detached(sk_X509_value(chain, i));
		if (certificate != NULL && sk_X509_push(out->sent, certificate) <= 0)
			X509_free(certificate);
	}
}

static void take_staple(SSL *ssl, struct probe_tls *out)
{
	unsigned char *der = NULL;
	long len = SSL_get_tlsext_status_ocsp_resp(ssl, &der);

	if (len <= 0 || der == NULL)
		return;
	out->ocsp_stapled = true;
	out->ocsp = malloc((size_t)len);
	if (out->ocsp == NULL)
		return;
	memcpy(out->ocsp, der, (size_t)len);
	out->ocsp_len = (size_t)len;
}

static void take_group(SSL *ssl, struct probe_tls *out)
{
	EVP_PKEY *key = NULL;
	char name[24] = "";

	if (SSL_get_peer_tmp_key(ssl, &key) != 1)
		return;
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1 || name[0] == '\0')
		snprintf(name, sizeof(name), "%s", EVP_PKEY_get0_type_name(key));
	if (EVP_PKEY_is_a(key, "DH") || EVP_PKEY_is_a(key, "DHX"))
		snprintf(out->group, sizeof(out->group), "DH %d", EVP_PKEY_get_bits(key));
	else
		snprintf(out->group, sizeof(out->group), "%s", name);
	EVP_PKEY_free(key);
}

static void take_facts(SSL *ssl, struct probe_tls *out)
{
	if (out->outcome == PROBE_TLS_OK) {
		const char *cipher = SSL_get_cipher_name(ssl);

		out->version_number = SSL_version(ssl);
		snprintf(out->version, sizeof(out->version), "%s", SSL_get_version(ssl));
		snprintf(out->cipher, sizeof(out->cipher), "%s", cipher != NULL ? cipher : "");
		out->resumed = SSL_session_reused(ssl) == 1;
		take_group(ssl, out);
		take_staple(ssl, out);
	}
	take_chain(ssl, out);
	/* The session lives on in the channel; `out` may not. */
	SSL_set_msg_callback(ssl, NULL);
	SSL_set_app_data(ssl, NULL);
}

void probe_tls_handshake(struct probe_channel *ch, const struct probe_tls_options *options, struct probe_tls *out)
{
	int64_t start_us = clock_monotonic_us(), deadline_us = start_us + (int64_t)options->budget_ms * 1000;
	OSSL_LIB_CTX *library = options->ignore_system_config ? OSSL_LIB_CTX_new() : NULL;
	SSL_CTX *ctx = SSL_CTX_new_ex(library, NULL, TLS_client_method());
	SSL *ssl = NULL;

	memset(out, 0, sizeof(*out));
	out->outcome = PROBE_TLS_LOCAL_ERROR;
	out->alert_received = out->alert_sent = -1;
	out->first_byte_us = -1;
	if (ctx != NULL && configure(ctx, options))
		ssl = make_session(ctx, options, out);
	if (ssl == NULL) {
		note_library_error(out);
		goto done;
	}
	shake(ch, ssl, start_us, deadline_us, out);
	consider_other_protocol(ch, out);
	take_facts(ssl, out);
	if (out->outcome == PROBE_TLS_OK && library == NULL && probe_channel_push_tls(ch, ssl))
		ssl = NULL;
done:
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	OSSL_LIB_CTX_free(library);
	out->duration_us = clock_monotonic_us() - start_us;
}

void probe_tls_clear(struct probe_tls *t)
{
	sk_X509_pop_free(t->sent, X509_free);
	t->sent = NULL;
	free(t->ocsp);
	t->ocsp = NULL;
	t->ocsp_len = 0;
}

int probe_tls_late_alert(struct probe_channel *ch, int budget_ms)
{
	int64_t deadline_us = clock_monotonic_us() + (int64_t)budget_ms * 1000;
	SSL *ssl = probe_channel_tls(ch);
	struct probe_tls seen = { .alert_received = -1, .alert_sent = -1 };
	char data[1024];
	ssize_t n;

	if (ssl == NULL)
		return -1;
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, &seen);
	n = probe_channel_read(ch, data, sizeof(data), deadline_us);
	if (n > 0)
		probe_channel_unread(ch, data, (size_t)n);
	SSL_set_msg_callback(ssl, NULL);
	return seen.alert_received > 0 ? seen.alert_received : -1;
}

const char *probe_tls_alert_name(int alert)
{
	static const char *const names[] = {
		[0] = "close_notify", [10] = "unexpected_message", [20] = "bad_record_mac", [21] = "decryption_failed",
		[22] = "record_overflow", [30] = "decompression_failure", [40] = "handshake_failure",
		[41] = "no_certificate", [42] = "bad_certificate", [43] = "unsupported_certificate",
		[44] = "certificate_revoked", [45] = "certificate_expired", [46] = "certificate_unknown",
		[47] = "illegal_parameter", [48] = "unknown_ca", [49] = "access_denied", [50] = "decode_error",
		[51] = "decrypt_error", [60] = "export_restriction", [70] = "protocol_version",
		[71] = "insufficient_security", [80] = "internal_error", [86] = "inappropriate_fallback",
		[90] = "user_canceled", [100] = "no_renegotiation", [109] = "missing_extension",
		[110] = "unsupported_extension", [111] = "certificate_unobtainable", [112] = "unrecognized_name",
		[113] = "bad_certificate_status_response", [114] = "bad_certificate_hash_value",
		[115] = "unknown_psk_identity", [116] = "certificate_required", [120] = "no_application_protocol",
	};

	if (alert < 0 || (size_t)alert >= sizeof(names) / sizeof(names[0]) || names[alert] == NULL)
		return "";
	return names[alert];
}
