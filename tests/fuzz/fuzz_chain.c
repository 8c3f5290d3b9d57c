/* Certificates in a row, as a server may send them, judged against the last of them as the only anchor. */
#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_chain.h"
#include "net/probe_tls.h"

#define FEW 8			/* public-key operations are slow */

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void judge(STACK_OF(X509) *sent, X509_STORE *store)
{
	struct probe_chain_options options = { .store = store, .host = "feed.test", .at = 1800000000, .auth_level = 1 };
	struct probe_chain chain;
	struct probe_cert words;

	probe_chain_judge(sent, &options, &chain);
	must(chain.trusted == (chain.error_count == 0));
	must(chain.error_count <= PROBE_CHAIN_ERRORS_MAX);
	must(!chain.trusted || chain.end == PROBE_CHAIN_TRUSTED_ANCHOR);
	for (int i = 0; i < sk_X509_num(sent); i++) {
		probe_cert_describe(sk_X509_value(sent, i), &words);
		must(strlen(words.sans) < sizeof(words.sans) && strlen(words.subject) < sizeof(words.subject));
		probe_cert_interceptor(&words);
	}
	probe_chain_clear(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509) *sent = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	const uint8_t *at = data;
	X509 *certificate;

	while (sk_X509_num(sent) < FEW && at < data + size &&
	       (certificate = d2i_X509(NULL, &at, (long)(data + size - at))) != NULL)
		sk_X509_push(sent, certificate);
	/* What is left is taken for a stapled OCSP response. */
	probe_ocsp_judge(at, (size_t)(data + size - at), sent, store, 1800000000);
	if (sk_X509_num(sent) > 0) {
		X509_STORE_add_cert(store, sk_X509_value(sent, sk_X509_num(sent) - 1));
		judge(sent, store);
	}
	X509_STORE_free(store);
	sk_X509_pop_free(sent, X509_free);
	ERR_clear_error();
	return 0;
}
