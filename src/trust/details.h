/* details.h - what only the certificate itself tells, beyond its entry in the index: extensions, and older fingerprints. */
#ifndef PC_TRUST_DETAILS_H
#define PC_TRUST_DETAILS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define TRUST_KEY_USAGES_MAX 9
#define TRUST_EXTENDED_USAGES_MAX 32
#define TRUST_EXTENDED_USAGE_BYTES 80
#define TRUST_KEY_ID_MAX 256

struct trust_details {
	int version;			/* 3 */
	long path_length;		/* -1: no limit */
	bool has_basic_constraints;
	bool has_key_usage;		/* without it, every use is allowed */
	const char *key_usages[TRUST_KEY_USAGES_MAX];	/* "keyCertSign" */
	size_t key_usage_count;
	bool has_extended_usage;
	char extended_usages[TRUST_EXTENDED_USAGES_MAX][TRUST_EXTENDED_USAGE_BYTES];	/* "serverAuth", or dotted numbers */
	size_t extended_usage_count;
	char subject_key_id[TRUST_KEY_ID_MAX];		/* "AB:CD"; "" when there is none */
	char authority_key_id[TRUST_KEY_ID_MAX];
	unsigned char sha1[20];
};

/* Never fails: what cannot be read is as if it were not there. All text is clean. */
void trust_details_of(X509 *certificate, struct trust_details *out);

/* "5D:56:49", cut at a whole byte to what fits. Returns dst. */
char *trust_hex_colons(char *dst, size_t size, const unsigned char *bytes, size_t len);

#endif
