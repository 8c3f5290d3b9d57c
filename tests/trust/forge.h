/* forge.h - certificates for tests, made on the spot, good or bad as asked, and a state folder to try them in. */
#ifndef PC_TESTS_TRUST_FORGE_H
#define PC_TESTS_TRUST_FORGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "trust/trust.h"

#define DAY (24 * 3600L)

struct forge {
	const char *name;		/* common name; NULL: none */
	size_t name_len;		/* 0: strlen */
	int name_type;			/* V_ASN1_...; 0: UTF8STRING, the bytes as they are */
	long from_s, until_s;		/* from now; both 0: a day ago to a year ahead */
	const char *constraints;	/* basic constraints; NULL: "critical,CA:TRUE"; "": none */
	const char *key_usage;		/* NULL or "": none */
	const char *digest;		/* NULL: SHA256; "": as the key wants */
	EVP_PKEY *key;			/* NULL: one P-256 key for all */
	X509 *issuer;			/* signed by the same key; NULL: by itself */
};

X509 *forge(const struct forge *f);
/* A plain CA of that name. */
X509 *forge_ca(const char *name);
EVP_PKEY *forge_key(const char *type, int bits);
void forge_fingerprint(X509 *certificate, unsigned char sha256[32]);

void put_pem(struct buffer *out, X509 *certificate);
void put_der(struct buffer *out, X509 *certificate);
void put_file(const char *path, const void *data, size_t len);
bool file_has(const char *path, const char *text);

/* A state folder, and a bundle of system CAs: `alpha`, `beta` and IdenTrust. A test's setup and teardown. */
struct place {
	char dir[64];		/* everything is in here */
	char state[96];		/* not made yet */
	char trust[128];
	char bundle[96];
};
int place_make(void **state);
int place_remove(void **state);

/* Opens the store; the test fails when it cannot. */
struct trust_store *open_store(const struct place *p);
/* Imports one certificate; the test fails when it is refused. */
void import_one(struct trust_store *store, X509 *certificate, const char *name, unsigned int usages);
/* The error must have that finding and say that. */
#define assert_error(err, finding, text) assert_error_at(err, finding, text, __FILE__, __LINE__)
void assert_error_at(const struct error *err, enum finding finding, const char *text, const char *file, int line);

#endif
