/* Judges a stapled OCSP response. (RFC 6960) */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "net/probe_chain.h"
#include "net/probe_tls.h"

#define CLOCK_TOLERANCE_S 300

/* The issuer of the leaf: from the chain, else from the store. New reference, or NULL. */
static X509 *find_issuer(X509 *leaf, STACK_OF(X509) *chain, X509_STORE *store)
{
	X509_STORE_CTX *ctx = NULL;
	X509 *issuer = NULL;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *candidate = sk_X509_value(chain, i);

		if (probe_cert_issued_by(leaf, candidate) && X509_up_ref(candidate) == 1)
			return candidate;
	}
	if (store == NULL || (ctx = X509_STORE_CTX_new()) == NULL)
		return NULL;
	if (X509_STORE_CTX_init(ctx, store, leaf, chain) != 1 || X509_STORE_CTX_get1_issuer(&issuer, ctx, leaf) != 1)
		issuer = NULL;
	X509_STORE_CTX_free(ctx);
	return issuer;
}

/* The signer is the issuer itself, or has from the issuer the right to sign such responses. */
static bool signer_is_entitled(OCSP_BASICRESP *basic, STACK_OF(X509) *chain, X509 *issuer)
{
	X509 *signer = NULL;

	if (OCSP_resp_get0_signer(basic, &signer, chain) != 1)
		return OCSP_basic_verify(basic, chain, NULL, OCSP_NOVERIFY) == 1;
	if (OCSP_basic_verify(basic, chain, NULL, OCSP_NOVERIFY) != 1)
		return false;
	return X509_cmp(signer, issuer) == 0 ||
	       (probe_cert_issued_by(signer, issuer) && (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) != 0 &&
		(X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) != 0);
}

static bool in_time(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *to, time_t at)
{
	if (from != NULL && ASN1_TIME_cmp_time_t(from, at + CLOCK_TOLERANCE_S) > 0)
		return false;
	return to == NULL || ASN1_TIME_cmp_time_t(to, at - CLOCK_TOLERANCE_S) >= 0;
}

static enum probe_ocsp judge(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer, STACK_OF(X509) *chain, time_t at)
{
	ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
	const EVP_MD *digests[] = { EVP_sha1(), EVP_sha256() };
	int status = -1, reason;
	bool found = false;

	for (size_t i = 0; !found && i < sizeof(digests) / sizeof(digests[0]); i++) {
		OCSP_CERTID *id = OCSP_cert_to_id(digests[i], leaf, issuer);

		found = id != NULL && OCSP_resp_find_status(basic, id, &status, &reason, NULL, &from, &to) == 1;
		OCSP_CERTID_free(id);
	}
	if (!found || !signer_is_entitled(basic, chain, issuer))
		return PROBE_OCSP_INVALID;
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return PROBE_OCSP_REVOKED;
	if (!in_time(from, to, at))
		return PROBE_OCSP_OUT_OF_DATE;
	return status == V_OCSP_CERTSTATUS_GOOD ? PROBE_OCSP_GOOD : PROBE_OCSP_UNKNOWN;
}

enum probe_ocsp probe_ocsp_judge(const unsigned char *der, size_t len, STACK_OF(X509) *chain, X509_STORE *store, time_t at)
{
	OCSP_RESPONSE *response = NULL;
	OCSP_BASICRESP *basic = NULL;
	enum probe_ocsp result = PROBE_OCSP_INVALID;
	X509 *leaf = sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL, *issuer = NULL;

	if (der == NULL || len == 0)
		return PROBE_OCSP_NONE;
	response = d2i_OCSP_RESPONSE(NULL, &der, (long)len);
	if (response != NULL && leaf != NULL &&
	    OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		basic = OCSP_response_get1_basic(response);
		issuer = find_issuer(leaf, chain, store);
		if (basic != NULL && issuer != NULL)
			result = judge(basic, leaf, issuer, chain, at);
	}
	X509_free(issuer);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	return result;
}
