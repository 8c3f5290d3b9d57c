/* trust.h - the trusted certificates: a store of named CA certificates, each enabled or disabled, each with usages.
 *
 * Feed servers and feed signers are verified ONLY against certificates that are enabled and trusted for
 * `cisco-services`. Dependency rules as on the appliance: client-auth needs infrastructure; admin-auth needs both.
 *
 *   STATE/trust/index.json      name, state and usages of every certificate, and what lists show of it
 *   STATE/trust/<sha256>.pem    the certificates, one a file
 *   STATE/trust.lock            held while the store is filled or changed
 *
 * Opening reads the index only; a certificate is parsed, and its file proven to be the one that the index means, when
 * it is asked for. Writers read the index again under the lock and apply their own change to it, so that two at once
 * lose nothing. A store is for one thread.
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

#define TRUST_NAME_MAX 128		/* bytes */
#define TRUST_DESCRIPTION_MAX 256
#define TRUST_CERTIFICATES_MAX 5000	/* in a store */
#define TRUST_IMPORT_MAX_BYTES (16u * 1024 * 1024)
#define TRUST_IMPORT_MAX 1000		/* certificates in one import */

/* What is worth a warning about a certificate that is in the store. */
enum trust_remark {
	TRUST_EXPIRED = 1 << 0,
	TRUST_NOT_YET_VALID = 1 << 1,
	TRUST_EXPIRES_SOON = 1 << 2,	/* within TRUST_SOON_S */
	TRUST_WEAK_SIGNATURE = 1 << 3,	/* SHA-1, MD5 */
	TRUST_WEAK_KEY = 1 << 4,
	TRUST_NOT_A_CA = 1 << 5,
	TRUST_REJECTS_SERVERS = 1 << 6,	/* its file carries OpenSSL trust settings that reject server authentication */
	TRUST_DOUBLE_USE = 1 << 7,	/* for infrastructure and for Cisco services: the vendor advises against it */
	TRUST_FILE_MISSING = 1 << 8
};

#define TRUST_SOON_S (30 * 24 * 3600)

/* What the index says of a certificate. All text is clean: it can be shown as it is. */
struct trust_entry {
	const char *name;		/* unique in the store */
	const char *description;	/* "" when there is none */
	bool enabled;
	unsigned int usages;		/* of enum trust_usage */
	const char *subject;		/* "C=US, O=IdenTrust, CN=IdenTrust Commercial Root CA 1" */
	const char *issuer;
	const char *common_name;	/* of the subject; its OU, O or "" where it has none */
	const char *serial;		/* "0A:01:42" */
	const char *signature_algorithm;/* "sha256WithRSAEncryption" */
	const char *key;		/* "RSA 4096", "EC P-256", "ED25519" */
	time_t not_before, not_after;
	bool ca;			/* basic constraints say CA */
	bool self_signed;
	unsigned int subject_hash;	/* X509_subject_name_hash() */
	unsigned int remarks;		/* of enum trust_remark, as of when it was read */
	unsigned char sha256[32];	/* of the DER */
};

/* What an import lets pass that it would refuse otherwise. */
enum trust_allow {
	TRUST_ALLOW_EXPIRED = 1 << 0,	/* out of date or not yet valid */
	TRUST_ALLOW_SHA1 = 1 << 1,
	TRUST_ALLOW_NOT_CA = 1 << 2	/* basic constraints CA false or absent */
};

struct trust_store;

/* Opens STATE/trust, filling it from the system's CA certificates when it is opened for the first time (from
 * POSTURE_CONSOLE_CA_BUNDLE, a file or a folder, where that is set). A system without any gives an empty store, filled
 * by a later start. `read_only` neither makes nor locks anything. Findings: trust-store-missing, trust-store-unreadable,
 * trust-store-invalid. */
bool trust_open(const char *state_dir, bool read_only, struct trust_store **out, struct error *err);
void trust_free(struct trust_store *store);

/* Looks whether another program has changed the store since it was read, and reads it again when it has; *changed says
 * so, and entries are then no longer good. Cheap when nothing changed: one stat(). On an error the store stays as it
 * was. */
bool trust_refresh(struct trust_store *store, bool *changed, struct error *err);
/* STATE/trust: what to watch for changes by others. */
const char *trust_folder(const struct trust_store *store);
/* How long a change waits for another program that is changing the store, before it fails. Without it 10 s. */
void trust_set_patience(struct trust_store *store, int milliseconds);

/* Sorted by name. An entry is good until the store is changed or freed. */
size_t trust_count(const struct trust_store *store);
const struct trust_entry *trust_at(const struct trust_store *store, size_t i);
/* By exact name, or by a SHA-256 fingerprint in hex (colons optional). NULL when there is none. */
const struct trust_entry *trust_find(const struct trust_store *store, const char *name);
const struct trust_entry *trust_find_sha256(const struct trust_store *store, const unsigned char sha256[32]);
/* The entry that is this very certificate, whatever its state; NULL when it is not in the store. */
const struct trust_entry *trust_find_certificate(const struct trust_store *store, X509 *certificate);
/* The entries, whatever their state, that can have issued `certificate` (subject and key identifier fit): the first at
 * or after *next, which moves on. Start with *next = 0; NULL at the end. */
const struct trust_entry *trust_issuer_of(const struct trust_store *store, X509 *certificate, size_t *next);

/* The certificate itself, parsed when first asked for; borrowed, lives until the store is changed or freed. NULL
 * (trust-store-invalid) when its file is missing or is not the certificate that the index means. */
X509 *trust_certificate(const struct trust_store *store, const struct trust_entry *entry, struct error *err);

#define TRUST_WORD_MAX (TRUST_NAME_MAX + 3)
/* The name as one word of a shell, for commands that a person may copy: in quotes, or the fingerprint where the name
 * itself could break out of them. */
const char *trust_word(char dst[TRUST_WORD_MAX], const struct trust_entry *entry);

/* The certificate as PEM or DER, without any trust settings that its file may carry. */
bool trust_export(const struct trust_store *store, const struct trust_entry *entry, bool der, struct buffer *out,
		  struct error *err);

/* What is wrong around the store without making it unusable, one a call: files that the index does not know (they are
 * trusted for nothing), files that are missing, nothing to verify a feed against. False when there is no i-th. */
bool trust_warning(const struct trust_store *store, size_t i, struct error *warning);
/* One remark (a single bit) in words: "it expired", "its signature uses SHA-1 or MD5". */
const char *trust_remark_text(unsigned int remark);

/* "cisco-services" -> TRUST_CISCO_SERVICES; 0 when unknown. And back (one usage), and its long name for people. */
unsigned int trust_usage_by_name(const char *name);
const char *trust_usage_name(unsigned int usage);
const char *trust_usage_title(unsigned int usage);
/* False with the rule that is broken in words. */
bool trust_usages_check(unsigned int usages, struct error *err);

/* The usages to add so that `usage` becomes possible: itself and those that it needs. */
unsigned int trust_usage_with_needs(unsigned int usage);
/* The usages to take away with `usage`: itself and those that need it. */
unsigned int trust_usage_with_dependants(unsigned int usage);
/* Could the entry be given that usage, together with what it needs? False with the reason why never (its key usage does
 * not allow it, its file is damaged). */
bool trust_usage_possible(const struct trust_store *store, const struct trust_entry *entry, unsigned int usage,
			  struct error *err);

/* The certificates that the bytes hold, unchecked: PEM with any text around, DER (one or several in a row), PKCS#7.
 * Refuses a private key. Own the stack: sk_X509_pop_free(*out, X509_free). */
bool trust_read(const void *data, size_t len, STACK_OF(X509) **out, struct error *err);
/* The same in a confined process: for bytes from outside, which is where all of them come from. */
bool trust_read_apart(const void *data, size_t len, STACK_OF(X509) **out, struct error *err);

/* What an import would refuse about a certificate, as enum trust_allow bits that would let it pass; false with the
 * reason when nothing would (weak key, unreadable parts). */
bool trust_check(X509 *certificate, unsigned int *needed, struct error *err);

struct trust_source {
	const char *label;		/* file's name, for messages; NULL: none */
	const void *data;
	size_t len;
};

struct trust_import_options {
	const char *name;		/* NULL: common-name#issuer#nnnnn; several certificates: " 2", " 3" is appended */
	const char *description;	/* NULL: none */
	unsigned int usages;		/* an import is enabled and has these usages only */
	unsigned int allow;		/* of enum trust_allow */
};

/* Imports every certificate of every source. All are checked before any is stored: one that is refused stores none.
 * `added` counts them, `fingerprints` (may be NULL; room for TRUST_IMPORT_MAX) names them. Each refusal has its own
 * message: not a certificate, a private key, not a CA, out of date, SHA-1, weak key, duplicate, name taken, usages. */
bool trust_import_sources(struct trust_store *store, const struct trust_source *sources, size_t count,
			  const struct trust_import_options *options, size_t *added, unsigned char (*fingerprints)[32],
			  struct error *err);

/* The same for one piece of data without a label and a description. */
bool trust_import(struct trust_store *store, const void *data, size_t len, const char *name, unsigned int usages,
		  unsigned int allow, size_t *added, struct error *err);

/* Changes are written at once, atomically. `name` as in trust_find(). */
bool trust_set_enabled(struct trust_store *store, const char *name, bool enabled, struct error *err);
bool trust_set_usages(struct trust_store *store, const char *name, unsigned int usages, struct error *err);
/* Adds and takes away usages, whatever others have changed in between. */
bool trust_change_usages(struct trust_store *store, const char *name, unsigned int add, unsigned int take_away,
			 struct error *err);
bool trust_set_description(struct trust_store *store, const char *name, const char *description, struct error *err);
bool trust_remove(struct trust_store *store, const char *name, struct error *err);

/* True when a certificate is enabled and has ALL of `usages`; otherwise trust-store-empty with what would help: which
 * one to enable or to trust, or that IdenTrust Commercial Root CA 1 is missing (FN72111). */
bool trust_have_anchor(const struct trust_store *store, unsigned int usages, struct error *err);

/* A new X509_STORE of the certificates that are enabled and have ALL of `usages`; free with X509_STORE_free().
 * An intermediate among them is an anchor as well (X509_V_FLAG_PARTIAL_CHAIN). `count` (may be NULL) says how many.
 * An empty store is not an error here (see trust_have_anchor()); a damaged file is (trust-store-invalid). */
X509_STORE *trust_x509_store(const struct trust_store *store, unsigned int usages, size_t *count, struct error *err);
/* The same certificates as PEM, for libcurl. An empty `out` trusts nothing: never let a default take its place. */
bool trust_pem(const struct trust_store *store, unsigned int usages, struct buffer *out, size_t *count,
	       struct error *err);

#endif
