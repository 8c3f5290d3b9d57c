/* The detached signature of a manifest.
 *
 * What is asked of it, and why:
 * - It signs exactly these bytes, and is detached: content of its own would be a second manifest.
 * - EVERY signer verifies (1 to SIGNERS_MAX of them), as with "openssl cms -verify": a signature that is good in part is
 *   not good.
 * - SHA-256 or better in the signature and in the chain; RSA of 2048 bits or better (OpenSSL's security level 2).
 * - The chain ends in one of `anchors`, all of it valid at `now`. The time that a signer states itself counts for nothing.
 * - The signer may sign: a key usage, if stated, allows signatures; an extended one, if stated, is for e-mail protection,
 *   code signing or anything. So the key of a web server never signs an update, whoever certified it.
 */
#include "feed/signature.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "base/x509_name.h"

#define SIGNERS_MAX 8
#define SECURITY_LEVEL 2
#define NAME_MAX_BYTES 256

static const char *openssl_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : _("unknown reason");
}

static void name_text(const X509_NAME *name, char out[NAME_MAX_BYTES])
{
	char raw[2 * NAME_MAX_BYTES];

	text_safe(out, NAME_MAX_BYTES, x509_name_text(raw, sizeof(raw), name));
}

static CMS_ContentInfo *parse_der(const unsigned char *der, long len)
{
	const unsigned char *p = der;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, len);

	if (cms != NULL && p != der + len) {
		CMS_ContentInfo_free(cms);
		return NULL;
	}
	return cms;
}

static CMS_ContentInfo *parse_pem(const void *text, size_t len)
{
	static const char *const names[] = { PEM_STRING_CMS, PEM_STRING_PKCS7, PEM_STRING_PKCS7_SIGNED };
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	CMS_ContentInfo *cms = NULL;
	long der_len = 0;

	if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &der_len) == 1) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && cms == NULL; i++) {
			if (strcmp(name, names[i]) == 0)
				cms = parse_der(der, der_len);
		}
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return cms;
}

static CMS_ContentInfo *parse(const void *data, size_t len, struct error *err)
{
	CMS_ContentInfo *cms = NULL;
	ASN1_OCTET_STRING **content;

	if (len == 0 || len > SIGNATURE_MAX_BYTES) {
		error_set(err, FINDING_FEED_SIGNATURE_INVALID, _("the signature has %zu bytes; 1 to %u are allowed"), len,
			  SIGNATURE_MAX_BYTES);
		return NULL;
	}
	cms = parse_der(data, (long)len);
	if (cms == NULL)
		cms = parse_pem(data, len);
	ERR_clear_error();
	if (cms == NULL || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		error_set(err, FINDING_FEED_SIGNATURE_INVALID, _("the signature is not CMS signed data (DER or PEM)"));
		goto bad;
	}
	content = CMS_get0_content(cms);
	if (content == NULL || *content != NULL) {
		error_set(err, FINDING_FEED_SIGNATURE_INVALID,
			  _("the signature is not detached: it holds content of its own"));
		goto bad;
	}
	return cms;
bad:
	CMS_ContentInfo_free(cms);
	return NULL;
}

static bool is_weak(int digest)
{
	static const int weak[] = { NID_md2, NID_md4, NID_md5, NID_md5_sha1, NID_sha, NID_sha1, NID_mdc2, NID_ripemd160 };

	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		if (digest == weak[i])
			return true;
	}
	return false;
}

static bool check_digests(CMS_SignerInfo *signer, struct error *err)
{
	X509_ALGOR *digest_algorithm, *signature_algorithm;
	int digest, of_signature = NID_undef;

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest_algorithm, &signature_algorithm);
	digest = OBJ_obj2nid(digest_algorithm->algorithm);
	OBJ_find_sigid_algs(OBJ_obj2nid(signature_algorithm->algorithm), &of_signature, NULL);
	if (is_weak(digest) || is_weak(of_signature))
		return error_set(err, FINDING_CERT_WEAK_SIGNATURE,
				 _("the manifest is signed with %s, which can be forged; SHA-256 or better is needed"),
				 OBJ_nid2ln(is_weak(digest) ? digest : of_signature));
	return true;
}

static bool check_content(CMS_ContentInfo *cms, const void *content, size_t len, struct error *err)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	int count = signers != NULL ? sk_CMS_SignerInfo_num(signers) : 0;
	BIO *bio;
	bool ok;

	if (count < 1 || count > SIGNERS_MAX)
		return error_set(err, FINDING_FEED_SIGNATURE_INVALID, _("the signature has %d signers; 1 to %d are allowed"),
				 count, SIGNERS_MAX);
	for (int i = 0; i < count; i++) {
		if (!check_digests(sk_CMS_SignerInfo_value(signers, i), err))
			return false;
	}
	bio = BIO_new_mem_buf(content, (int)len);
	if (bio == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	ok = CMS_verify(cms, NULL, NULL, bio, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
	BIO_free(bio);
	if (!ok)
		return error_set(err, FINDING_FEED_SIGNATURE_INVALID, _("the signature does not fit the manifest: %s"),
				 openssl_reason());
	return true;
}

static bool check_usage(X509 *certificate, const char *name, struct error *err)
{
	uint32_t extended = X509_get_extended_key_usage(certificate);

	if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return error_set(err, FINDING_CERT_WRONG_USAGE, _("the certificate of %s may not be used to sign"), name);
	if (extended != UINT32_MAX && (extended & (XKU_SMIME | XKU_CODE_SIGN | XKU_ANYEKU)) == 0)
		return error_set(err, FINDING_CERT_WRONG_USAGE,
				 _("the certificate of %s is for neither e-mail protection nor code signing"), name);
	return true;
}

static enum finding finding_of_chain(int reason)
{
	static const struct { int reason; enum finding finding; } rows[] = {
		{ X509_V_ERR_CERT_HAS_EXPIRED, FINDING_FEED_SIGNER_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, FINDING_CERT_NOT_YET_VALID },
		{ X509_V_ERR_EE_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
		{ X509_V_ERR_CA_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY },
		{ X509_V_ERR_CA_MD_TOO_WEAK, FINDING_CERT_WEAK_SIGNATURE },
		{ X509_V_ERR_CERT_REVOKED, FINDING_CERT_REVOKED },
		{ X509_V_ERR_INVALID_CA, FINDING_CERT_ISSUER_NOT_CA },
		{ X509_V_ERR_PATH_LENGTH_EXCEEDED, FINDING_CERT_PATH_TOO_LONG },
		{ X509_V_ERR_PERMITTED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
		{ X509_V_ERR_EXCLUDED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT },
		{ X509_V_ERR_OUT_OF_MEM, FINDING_OUT_OF_MEMORY },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].reason == reason)
			return rows[i].finding;
	}
	return FINDING_FEED_SIGNER_UNTRUSTED;
}

static bool chain_failed(X509_STORE_CTX *chain, const char *signer, struct error *err)
{
	X509 *at = X509_STORE_CTX_get_current_cert(chain);
	int reason = X509_STORE_CTX_get_error(chain);
	char name[NAME_MAX_BYTES] = "";

	if (at != NULL)
		name_text(X509_get_subject_name(at), name);
	return error_set(err, finding_of_chain(reason), _("the manifest's signer %s is not trusted: %s (at %s)"), signer,
			 X509_verify_cert_error_string(reason), name);
}

static bool check_chain(X509 *certificate, STACK_OF(X509) *others, X509_STORE *anchors, time_t now,
			struct signature_info *info, struct error *err)
{
	X509_STORE_CTX *chain = X509_STORE_CTX_new();
	char signer[NAME_MAX_BYTES];
	STACK_OF(X509) *found;
	X509_VERIFY_PARAM *param;
	bool ok = false;

	if (chain == NULL || X509_STORE_CTX_init(chain, anchors, certificate, others) != 1) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	name_text(X509_get_subject_name(certificate), signer);
	param = X509_STORE_CTX_get0_param(chain);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_time(param, now);
	/* What the operator trusts is an end of the chain, a root or not. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(chain) != 1) {
		chain_failed(chain, signer, err);
		goto out;
	}
	if (!check_usage(certificate, signer, err))
		goto out;
	if (info != NULL) {
		found = X509_STORE_CTX_get0_chain(chain);
		memcpy(info->signer, signer, sizeof(signer));
		name_text(X509_get_issuer_name(certificate), info->issuer);
		name_text(X509_get_subject_name(sk_X509_value(found, sk_X509_num(found) - 1)), info->anchor);
	}
	ok = true;
out:
	X509_STORE_CTX_free(chain);
	ERR_clear_error();
	return ok;
}

static bool check_signers(CMS_ContentInfo *cms, X509_STORE *anchors, time_t now, struct signature_info *info,
			  struct error *err)
{
	STACK_OF(X509) *signers = CMS_get0_signers(cms), *others = CMS_get1_certs(cms);
	struct signature_info first = { "", "", "" };
	bool ok = signers != NULL && sk_X509_num(signers) > 0;

	if (!ok)
		error_set(err, FINDING_FEED_SIGNATURE_INVALID, _("the signature has no signer"));
	for (int i = 0; ok && i < sk_X509_num(signers); i++)
		ok = check_chain(sk_X509_value(signers, i), others, anchors, now, i == 0 ? &first : NULL, err);
	/* Nobody has signed what one of the signers is refused for. */
	if (ok && info != NULL)
		*info = first;
	sk_X509_free(signers);
	sk_X509_pop_free(others, X509_free);
	return ok;
}

bool signature_verify(const void *content, size_t len, const void *cms_data, size_t cms_len, X509_STORE *anchors,
		      time_t now, struct signature_info *info, struct error *err)
{
	CMS_ContentInfo *cms = parse(cms_data, cms_len, err);
	bool ok;

	if (cms == NULL)
		return false;
	ok = len <= INT_MAX ? check_content(cms, content, len, err) && check_signers(cms, anchors, now, info, err) :
			      error_set(err, FINDING_FEED_MALFORMED, _("the manifest is too large"));
	CMS_ContentInfo_free(cms);
	return ok;
}
