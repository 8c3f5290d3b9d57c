/* probe_tls.h - one TLS handshake, with everything that was said: versions, alerts, first bytes, the chain as sent.
 *
 * The handshake never fails because of the certificate: the chain is judged afterwards by probe_chain.h, as often and at as
 * many times as a check likes. Nothing is sent after it unless the caller goes on with the channel.
 */
#ifndef PC_NET_PROBE_TLS_H
#define PC_NET_PROBE_TLS_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "net/probe_channel.h"
#include "net/probe_http_head.h"

#define PROBE_TLS_BYTES_MAX (4 * 1024 * 1024)	/* a handshake that is larger is stopped */

struct probe_tls_options {
	const char *host;		/* SNI; NULL or an address literal: none is sent */
	int min_version, max_version;	/* TLS1_VERSION .. TLS1_3_VERSION; 0: TLS 1.2, the newest */
	const char *ciphers;		/* TLS 1.2 cipher list, e.g. "ALL:@SECLEVEL=0" to find out what would do; NULL: default */
	bool small_hello;		/* the smallest ClientHello: no key share beyond one curve, no tickets, no status request */
	bool ignore_system_config;	/* as if there were no openssl.cnf (to tell a local policy); the session then ends with
					 * the handshake */
	int budget_ms;
};

enum probe_tls_outcome {
	PROBE_TLS_OK,
	PROBE_TLS_ALERT,		/* the server sent a fatal alert: alert_received */
	PROBE_TLS_REJECTED,		/* this side gave up: reason (a version, a weak key, a bad message); alert_sent */
	PROBE_TLS_RESET,
	PROBE_TLS_CLOSED,		/* FIN without an alert */
	PROBE_TLS_SILENT,		/* the ClientHello went out, and not one byte came */
	PROBE_TLS_STALLED,		/* some of the handshake came, then nothing more */
	PROBE_TLS_NOT_TLS,		/* something else answered: protocol, first */
	PROBE_TLS_TOO_LARGE,
	PROBE_TLS_LOCAL_ERROR		/* the library could not start: reason */
};

enum probe_ocsp {
	PROBE_OCSP_NONE,		/* no response stapled */
	PROBE_OCSP_GOOD,
	PROBE_OCSP_REVOKED,
	PROBE_OCSP_UNKNOWN,
	PROBE_OCSP_OUT_OF_DATE,
	PROBE_OCSP_INVALID		/* does not parse, other certificate, or bad signature */
};

struct probe_tls {
	enum probe_tls_outcome outcome;
	int sys_errno;
	int alert_received, alert_sent;	/* RFC 8446 6; -1 none */
	unsigned long library_error;	/* ERR_get_error() of the first error */
	int library_reason;		/* its ERR_GET_REASON: SSL_R_* */
	char reason[160];		/* its text, raw */
	char version[16];		/* "TLSv1.3"; "" when none was agreed */
	int version_number;		/* TLS1_2_VERSION ...; of the ServerHello, also when the handshake failed later; 0 unknown */
	char cipher[64];
	char group[32];			/* key exchange: "x25519", "DH 1024"; "" unknown */
	bool resumed;
	bool client_certificate_requested;
	bool server_hello_seen;
	bool certificate_seen;
	STACK_OF(X509) *sent;		/* the chain as sent, leaf first; NULL when none; owned */
	bool chain_cut;			/* more than PROBE_CHAIN_CERTS_MAX were sent; the rest is not kept */
	bool ocsp_stapled;
	unsigned char *ocsp;		/* the raw staple; owned */
	size_t ocsp_len;
	uint8_t first[PROBE_FIRST_BYTES_MAX];	/* the first bytes that came */
	size_t first_len;
	enum probe_protocol protocol;
	uint64_t bytes_sent, bytes_received;
	int64_t duration_us;
	int64_t first_byte_us;		/* -1 when none came */
};

/* Handshake over the channel, which carries the session afterwards when the outcome is OK. Never fails: out says how it went.
 * Clear the result. */
void probe_tls_handshake(struct probe_channel *ch, const struct probe_tls_options *options, struct probe_tls *out);
void probe_tls_clear(struct probe_tls *t);

/* After a handshake that was OK: some servers (TLS 1.3) refuse a missing client certificate only now. Waits up to budget_ms
 * for an alert; -1 when none comes. Bytes that come are kept for the next read. */
int probe_tls_late_alert(struct probe_channel *ch, int budget_ms);

/* Judges the staple for the leaf at a time; the issuer comes from `chain` (leaf first). */
enum probe_ocsp probe_ocsp_judge(const unsigned char *der, size_t len, STACK_OF(X509) *chain, X509_STORE *store, time_t at);

const char *probe_tls_alert_name(int alert);	/* "handshake_failure"; "" when unknown */

#endif
