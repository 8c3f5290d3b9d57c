/* trust.h - the trusted certificates: a store of named CA certificates, each enabled or disabled, each with usages.
 *
 * Feed servers and feed signers are verified ONLY against certificates that are enabled and trusted for
 * `cisco-services`. Dependency rules as on the appliance: client-auth needs infrastructure; admin-auth needs both.
 */
#ifndef PC_TRUST_TRUST_H
#define PC_TRUST_TRUST_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

enum trust_usage {
	TRUST_INFRASTRUCTURE = 1 << 0,	/* trust for authentication within ISE */
	TRUST_CLIENT_AUTH = 1 << 1,	/* client authentication and Syslog; needs infrastructure */
	TRUST_ADMIN_AUTH = 1 << 2,	/* certificate based admin authentication; needs both */
	TRUST_CISCO_SERVICES = 1 << 3	/* authentication of Cisco services */
};

#define TRUST_NAME_MAX 128

struct trust_entry {
	const char *name;		/* unique in the store; clean text */
	const char *description;
	bool enabled;
	unsigned int usages;		/* of enum trust_usage */
	X509 *certificate;
	unsigned char sha256[32];	/* of the DER */
};

/* What an import lets pass that it would refuse otherwise. */
enum trust_allow {
	TRUST_ALLOW_EXPIRED = 1 << 0,	/* out of date or not yet valid */
	TRUST_ALLOW_SHA1 = 1 << 1,
	TRUST_ALLOW_NOT_CA = 1 << 2	/* basic constraints CA false or absent */
};

struct trust_store;

/* Opens STATE/trust, filling it from the system's CA certificates when it is opened for the first time.
 * `read_only` neither makes nor locks anything. */
bool trust_open(const char *state_dir, bool read_only, struct trust_store **out, struct error *err);
void trust_free(struct trust_store *store);

size_t trust_count(const struct trust_store *store);
const struct trust_entry *trust_at(const struct trust_store *store, size_t i);
/* By exact name, or by a SHA-256 fingerprint in hex (colons optional). NULL when there is none. */
const struct trust_entry *trust_find(const struct trust_store *store, const char *name);

/* "cisco-services" -> TRUST_CISCO_SERVICES; 0 when unknown. And back (one usage). */
unsigned int trust_usage_by_name(const char *name);
const char *trust_usage_name(unsigned int usage);
/* False with the rule that is broken in words. */
bool trust_usages_check(unsigned int usages, struct error *err);

/* Imports every certificate of `data` (PEM or DER, one or many). All are checked before any is stored: one that is
 * refused stores none. `name` NULL: common-name#issuer#nnnnn; with several certificates " 2", " 3" is appended.
 * `added` counts them. Each refusal has its own message: not a certificate, not a CA, out of date, SHA-1, duplicate. */
bool trust_import(struct trust_store *store, const void *data, size_t len, const char *name, unsigned int usages,
		  unsigned int allow, size_t *added, struct error *err);

/* Changes are written at once, atomically. */
bool trust_set_enabled(struct trust_store *store, const char *name, bool enabled, struct error *err);
bool trust_set_usages(struct trust_store *store, const char *name, unsigned int usages, struct error *err);
bool trust_remove(struct trust_store *store, const char *name, struct error *err);

/* A new X509_STORE of the certificates that are enabled and have ALL of `usages`; free with X509_STORE_free().
 * `count` (may be NULL) says how many. An empty store is not an error here. */
X509_STORE *trust_x509_store(const struct trust_store *store, unsigned int usages, size_t *count, struct error *err);
/* The same certificates as PEM, for libcurl. */
bool trust_pem(const struct trust_store *store, unsigned int usages, struct buffer *out, size_t *count,
	       struct error *err);

#endif
