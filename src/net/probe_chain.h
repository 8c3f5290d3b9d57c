/* probe_chain.h - judges a certificate chain: EVERY rule that fails, at which depth, and why; no network.
 *
 * OpenSSL's own verification runs with a callback that notes an error and goes on, at a time of the caller's choice. What it
 * does not tell (which of two issuers, missing or untrusted) is looked up in the certificates themselves.
 */
#ifndef PC_NET_PROBE_CHAIN_H
#define PC_NET_PROBE_CHAIN_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define PROBE_CHAIN_ERRORS_MAX 32
#define PROBE_CHAIN_CERTS_MAX 64	/* certificates of a chain that are looked at */
#define PROBE_CERT_NAME_MAX 256
#define PROBE_CERT_SANS_MAX 512

/* One certificate in words. All strings are raw: sanitise before showing. */
struct probe_cert {
	char subject[PROBE_CERT_NAME_MAX];	/* RFC 2253 form */
	char issuer[PROBE_CERT_NAME_MAX];
	char common_name[128];		/* of the subject; "" when none */
	char issuer_name[128];		/* the issuer's common name, or its organisation */
	char issuer_organisation[128];
	char serial[64];		/* hex */
	time_t not_before, not_after;
	bool times_valid;		/* the two dates could be read */
	unsigned char sha256[32];	/* fingerprint of the DER */
	char key[32];			/* "RSA 2048", "EC P-256" */
	int key_bits;			/* -1 unknown */
	int security_bits;		/* of the key; -1 unknown */
	char signature[48];		/* "ecdsa-with-SHA256" */
	int signature_bits;		/* security bits of the signature's digest; -1 unknown */
	bool is_ca;			/* basic constraints CA true */
	bool has_basic_constraints;
	int path_length;		/* -1 none */
	bool self_issued;		/* subject == issuer */
	bool self_signed;		/* and its own key verifies it */
	bool has_san;			/* has a DNS or IP name in the subject alternative name */
	char sans[PROBE_CERT_SANS_MAX];	/* "www.example.com, *.example.net, 192.0.2.1", cut with "..." when long */
	bool server_auth;		/* its extended key usage allows (or has none) TLS servers */
	bool must_staple;		/* TLS feature status_request (RFC 7633) */
	char aia_issuer[256];		/* first caIssuers URL; "" when none */
	char crl_url[256];		/* first CRL distribution point; "" when none */
	char ocsp_url[256];
};

struct probe_chain_error {
	int error;			/* X509_V_ERR_* */
	int depth;			/* 0: the server's certificate */
	bool on_sent;			/* that certificate was among those that the server sent */
	char subject[PROBE_CERT_NAME_MAX];
	char issuer[PROBE_CERT_NAME_MAX];
};

enum probe_chain_end {
	PROBE_CHAIN_TRUSTED_ANCHOR,	/* ends in an anchor of the store */
	PROBE_CHAIN_SELF_SIGNED_LEAF,	/* one certificate, signed by itself */
	PROBE_CHAIN_UNKNOWN_ROOT,	/* ends in a self-signed certificate that is not in the store */
	PROBE_CHAIN_ISSUER_ABSENT	/* ends in a certificate whose issuer was neither sent nor in the store */
};

struct probe_chain {
	bool trusted;			/* no error at all */
	struct probe_chain_error errors[PROBE_CHAIN_ERRORS_MAX];
	size_t error_count;
	bool more_errors;
	enum probe_chain_end end;
	STACK_OF(X509) *built;		/* the path that was found, leaf first, anchor last when there is one; owned */
	size_t sent_count;
	bool sent_in_order;		/* each one sent is followed by its issuer */
	size_t unused;			/* certificates sent that are no part of the path */
	bool name_matches;		/* the host, by SAN (or by common name when there is no SAN: see name_by_cn) */
	bool name_by_cn;
	int missing_at;			/* ISSUER_ABSENT: depth of the certificate that lacks its issuer; else -1 */
	char missing_issuer[PROBE_CERT_NAME_MAX];	/* its issuer's name */
	/* The stretch of time in which every certificate of the path is valid: the clock error that would explain it.
	 * valid_from > valid_to: there is no such time. */
	time_t valid_from, valid_to;
};

struct probe_chain_options {
	X509_STORE *store;		/* the anchors; NULL: none */
	const char *host;		/* name or address literal to match; NULL: any */
	time_t at;			/* the time to judge at */
	int auth_level;			/* OpenSSL security level for keys and signatures; -1: as TLS on this host uses it */
	bool check_crl;			/* with the CRLs of the store */
};

/* `sent`: as the server sent them, leaf first; at most PROBE_CHAIN_CERTS_MAX are looked at. Never fails: an empty chain or one
 * that cannot be judged has an error X509_V_ERR_UNSPECIFIED at depth 0. Clear the result. */
void probe_chain_judge(STACK_OF(X509) *sent, const struct probe_chain_options *options, struct probe_chain *out);
void probe_chain_clear(struct probe_chain *c);

/* Does any of the errors have that number? The first such one, or NULL. */
const struct probe_chain_error *probe_chain_has(const struct probe_chain *c, int error);

/* Describes one certificate. */
void probe_cert_describe(X509 *certificate, struct probe_cert *out);
/* Does the certificate match that host name or address literal? */
bool probe_cert_matches(X509 *certificate, const char *host);
/* Is `issuer` the issuer of `certificate`: names, key ids and signature? */
bool probe_cert_issued_by(X509 *certificate, X509 *issuer);
/* "AB:CD:..." of a SHA-256. `dst` has 96 bytes. Returns dst. */
char *probe_cert_fingerprint_text(char *dst, const unsigned char *sha256);

/* The product or maker whose interception CA that issuer gives away ("Fortinet", "Zscaler", "Palo Alto Networks", ...);
 * NULL when it gives none away. */
const char *probe_cert_interceptor(const struct probe_cert *certificate);

#endif
