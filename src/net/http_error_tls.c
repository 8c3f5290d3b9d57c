#include "net/http_error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "net/probe_tls.h"

/* --- certificates -------------------------------------------------------------------------------------------- */

static const struct {
	int error;
	enum finding code;
} verify_rows[] = {
	{ X509_V_ERR_CERT_NOT_YET_VALID, FINDING_CERT_NOT_YET_VALID },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, FINDING_CERT_SELF_SIGNED },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_CERT_UNTRUSTED, FINDING_TRUST_ROOT_REJECTED },
	{ X509_V_ERR_CERT_REJECTED, FINDING_TRUST_ROOT_REJECTED },
	{ X509_V_ERR_INVALID_PURPOSE, FINDING_CERT_WRONG_USAGE },
	{ X509_V_ERR_INVALID_CA, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_PERMITTED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_EXCLUDED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_SUBTREE_MINMAX, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_CERT_REVOKED, FINDING_CERT_REVOKED },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, FINDING_CRL_UNAVAILABLE },
	{ X509_V_ERR_CRL_HAS_EXPIRED, FINDING_CRL_EXPIRED },
	{ X509_V_ERR_CA_MD_TOO_WEAK, FINDING_CERT_WEAK_SIGNATURE },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_HOSTNAME_MISMATCH, FINDING_CERT_NAME_MISMATCH },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, FINDING_CERT_NAME_MISMATCH },
};

/* A chain that ends nowhere, with an issuer whose name gives an inspecting firewall or proxy away. */
static bool is_intercepted(const struct http_tls *tls, enum finding code)
{
	return tls->interceptor[0] != '\0' &&
	       (code == FINDING_CERT_UNTRUSTED_ROOT || code == FINDING_CERT_MISSING_INTERMEDIATE);
}

enum finding http_finding_of_verify(const struct http_tls *tls, const struct http_tls_error *e)
{
	switch (e->error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		if (e->depth == 0)
			return FINDING_CERT_EXPIRED;
		return e->self_issued ? FINDING_CERT_ROOT_EXPIRED : FINDING_CERT_INTERMEDIATE_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		/* A server that sends its own certificate only has forgotten the rest. */
		return tls->sent <= 1 ? FINDING_CERT_MISSING_INTERMEDIATE : FINDING_CERT_UNTRUSTED_ROOT;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(verify_rows) / sizeof(verify_rows[0]); i++)
		if (verify_rows[i].error == e->error)
			return verify_rows[i].code;
	return FINDING_CERT_UNTRUSTED_ROOT;
}

static bool explain_dates(const struct http_tls_error *e, enum finding code, const char *who, struct error *err)
{
	char date[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];

	clock_rfc3339(now, clock_now());
	if (code == FINDING_CERT_NOT_YET_VALID)
		return error_set(err, code,
				 _("the certificate of %s is not valid before %s (depth %d: %s); the clock here says %s"), who,
				 clock_rfc3339(date, e->not_before), e->depth, e->subject, now);
	return error_set(err, code, _("a certificate of %s expired on %s (depth %d: %s); the clock here says %s"), who,
			 clock_rfc3339(date, e->not_after), e->depth, e->subject, now);
}

static bool explain_verify(const struct http_tls *tls, const struct http_facts *f, const char *who, struct error *err)
{
	const struct http_tls_error *e = http_tls_first_error(tls);
	enum finding code = http_finding_of_verify(tls, e);

	if (is_intercepted(tls, code))
		return error_set(err, f->proxy != NULL ? FINDING_PROXY_INTERCEPTS_TLS : FINDING_TLS_INTERCEPTED,
				 _("what answers for %s is not it but %s, which opens TLS on the way; its CA is not trusted here: %s"),
				 who, tls->interceptor, tls->top_issuer);
	switch (code) {
	case FINDING_CERT_EXPIRED:
	case FINDING_CERT_INTERMEDIATE_EXPIRED:
	case FINDING_CERT_ROOT_EXPIRED:
	case FINDING_CERT_NOT_YET_VALID:
		return explain_dates(e, code, who, err);
	case FINDING_CERT_MISSING_INTERMEDIATE:
		return error_set(err, code,
				 _("%s sent its own certificate only (%s); the one of its issuer is missing: %s"), who,
				 tls->leaf_subject, tls->top_issuer);
	case FINDING_CERT_UNTRUSTED_ROOT:
		return error_set(err, code, _("the certificate of %s leads to an issuer that is not trusted here: %s (%s)"),
				 who, tls->top_issuer, X509_verify_cert_error_string(e->error));
	case FINDING_CERT_SELF_SIGNED:
		return error_set(err, code, _("%s shows a self-signed certificate: %s"), who, e->subject);
	default:
		return error_set(err, code, _("the certificate of %s is refused at depth %d (%s): %s"), who, e->depth,
				 e->subject, X509_verify_cert_error_string(e->error));
	}
}

static bool explain_name(const struct http_tls *tls, const char *host, const char *who, struct error *err)
{
	char clean[256];

	return error_set(err, FINDING_CERT_NAME_MISMATCH, _("the certificate of %s is not for %s but for: %s"), who,
			 text_safe(clean, sizeof(clean), host),
			 tls->leaf_names[0] != '\0' ? tls->leaf_names : tls->leaf_subject);
}

/* --- alerts -------------------------------------------------------------------------------------------------- */

enum finding http_finding_of_alert(int description)
{
	switch (description) {
	case SSL_AD_HANDSHAKE_FAILURE:
	case SSL_AD_INSUFFICIENT_SECURITY:
		return FINDING_TLS_NO_COMMON_CIPHER;
	case SSL_AD_PROTOCOL_VERSION:
		return FINDING_TLS_VERSION_TOO_OLD;
	case SSL_AD_UNRECOGNIZED_NAME:
		return FINDING_TLS_SNI_UNKNOWN;
	case SSL_AD_CERTIFICATE_REQUIRED:
		return FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED;
	default:
		return FINDING_TLS_ALERT;
	}
}

static bool explain_alert(int description, const char *who, struct error *err)
{
	enum finding code = http_finding_of_alert(description);
	const char *name = probe_tls_alert_name(description);

	switch (code) {
	case FINDING_TLS_NO_COMMON_CIPHER:
		return error_set(err, code, _("%s refused the TLS handshake (alert %d, %s): no common cipher, curve or signature"),
				 who, description, name);
	case FINDING_TLS_VERSION_TOO_OLD:
		return error_set(err, code, _("%s speaks no TLS version of 1.2 or newer (alert %d, %s)"), who, description,
				 name);
	case FINDING_TLS_SNI_UNKNOWN:
		return error_set(err, code, _("%s does not know this host name (alert %d, %s)"), who, description, name);
	case FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED:
		return error_set(err, code, _("%s wants a client certificate (alert %d, %s)"), who, description, name);
	default:
		return error_set(err, code, _("%s broke the TLS handshake off with alert %d, %s"), who, description, name);
	}
}

/* --- a peer that does not speak TLS, or not ours ------------------------------------------------------------- */

static bool is_tls_record(const struct http_tls *tls)
{
	/* change_cipher_spec .. heartbeat, version 3.x (RFC 8446, 5.1) */
	return tls->first_len >= 2 && tls->first[0] >= 20 && tls->first[0] <= 24 && tls->first[1] == 3;
}

static bool explain_plain(const struct http_tls *tls, const char *who, struct error *err)
{
	char raw[sizeof(tls->first) + 1] = "", shown[64];

	memcpy(raw, tls->first, tls->first_len);
	if (strncmp(raw, "HTTP/", 5) == 0 || raw[0] == '<')
		return error_set(err, FINDING_TLS_PLAIN_HTTP, _("%s answered with plain HTTP where TLS was expected"), who);
	if (strncmp(raw, "SSH-", 4) == 0)
		return error_set(err, FINDING_TLS_OTHER_PROTOCOL, _("%s speaks ssh, not TLS"), who);
	return error_set(err, FINDING_TLS_OTHER_PROTOCOL, _("%s does not speak TLS; it began with \"%s\""), who,
			 text_safe(shown, sizeof(shown), raw));
}

static bool explain_reason(unsigned long reason, const char *who, struct error *err)
{
	static const struct { int reason; enum finding code; const char *why; } rows[] = {
		{ SSL_R_UNSUPPORTED_PROTOCOL, FINDING_TLS_VERSION_TOO_OLD, N_("it chose a TLS version older than 1.2") },
		{ SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED, FINDING_TLS_VERSION_TOO_OLD,
		  N_("it wants a signature of the time before TLS 1.2") },
		{ SSL_R_DH_KEY_TOO_SMALL, FINDING_TLS_WEAK_DH, N_("its Diffie-Hellman key is too small") },
		{ SSL_R_NO_CIPHERS_AVAILABLE, FINDING_TLS_LOCAL_POLICY, N_("the local OpenSSL policy allows no cipher") },
		{ SSL_R_NO_PROTOCOLS_AVAILABLE, FINDING_TLS_LOCAL_POLICY,
		  N_("the local OpenSSL policy allows no TLS version") },
		{ SSL_R_UNEXPECTED_EOF_WHILE_READING, FINDING_TLS_CLOSED, N_("it closed the connection in the middle") },
	};

	if (reason == 0 || ERR_GET_LIB(reason) != ERR_LIB_SSL)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].reason == ERR_GET_REASON(reason)) {
			error_set(err, rows[i].code, _("no TLS with %s: %s"), who, _(rows[i].why));
			return true;
		}
	}
	return false;
}

static bool explain_silence(const struct http_tls *tls, const struct http_facts *f, const char *who, struct error *err)
{
	const char *text;

	if (f->code == CURLE_OPERATION_TIMEDOUT)
		return error_set(err, FINDING_TLS_SILENT,
				 _("%s accepted the connection, but the TLS handshake did not end within %.1f s"), who,
				 (double)f->elapsed_ms / 1000);
	if (f->sys_errno == ECONNRESET || f->sys_errno == EPIPE)
		return error_set(err, FINDING_TLS_RESET, _("the connection was reset during the TLS handshake with %s"), who);
	text = tls->reason != 0 ? ERR_reason_error_string(tls->reason) : NULL;
	if (text != NULL)
		return error_set(err, FINDING_TLS_ALERT, _("the TLS handshake with %s failed: %s"), who, text);
	return error_set(err, FINDING_TLS_CLOSED, _("%s closed the connection during the TLS handshake"), who);
}

bool http_error_of_handshake(const struct http_tls *tls, const struct http_facts *f, const char *who, struct error *err)
{
	if (tls->errors > 0)
		explain_verify(tls, f, who, err);
	else if (tls->alert_received >= 0)
		explain_alert(tls->alert_received, who, err);
	else if (tls->first_len > 0 && !is_tls_record(tls))
		explain_plain(tls, who, err);
	else if (!explain_reason(tls->reason, who, err))
		explain_silence(tls, f, who, err);
	return true;
}

bool http_error_of_tls(const struct http_facts *f, struct error *err)
{
	char who[HTTP_PLACE_MAX];

	http_place(who, f);
	if (f->code == CURLE_SSL_CACERT_BADFILE) {
		error_set(err, FINDING_TRUST_STORE_INVALID, _("the trusted certificates cannot be used for %s"), who);
		return true;
	}
	if (f->tls == NULL)
		return false;
	/* TLS 1.3: the server's refusal of our missing certificate comes after the handshake. With TLS 1.2 a second handshake fails,
	 * which servers begin when they see for which path they want one. */
	if (f->tls->finished && f->phase >= HTTP_PHASE_REQUEST && f->tls->alert_received >= 0) {
		explain_alert(f->tls->alert_received == SSL_AD_HANDSHAKE_FAILURE ? SSL_AD_CERTIFICATE_REQUIRED :
			      f->tls->alert_received, who, err);
		return true;
	}
	if (f->phase != HTTP_PHASE_TLS)
		return false;
	if (f->code == CURLE_PEER_FAILED_VERIFICATION && f->tls->errors == 0) {
		explain_name(f->tls, f->host, who, err);
		return true;
	}
	return http_error_of_handshake(f->tls, f, who, err);
}
