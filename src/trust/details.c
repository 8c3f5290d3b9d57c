#include "trust/details.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>

static const struct {
	uint32_t bit;
	const char *name;
} key_usages[TRUST_KEY_USAGES_MAX] = {
	{ KU_DIGITAL_SIGNATURE, "digitalSignature" }, { KU_NON_REPUDIATION, "nonRepudiation" },
	{ KU_KEY_ENCIPHERMENT, "keyEncipherment" }, { KU_DATA_ENCIPHERMENT, "dataEncipherment" },
	{ KU_KEY_AGREEMENT, "keyAgreement" }, { KU_KEY_CERT_SIGN, "keyCertSign" }, { KU_CRL_SIGN, "cRLSign" },
	{ KU_ENCIPHER_ONLY, "encipherOnly" }, { KU_DECIPHER_ONLY, "decipherOnly" },
};

char *trust_hex_colons(char *dst, size_t size, const unsigned char *bytes, size_t len)
{
	size_t used = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < len && used + 4 < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s%02X", i > 0 ? ":" : "", bytes[i]);
	return dst;
}

static void take_key_usages(X509 *certificate, struct trust_details *d)
{
	uint32_t bits = X509_get_key_usage(certificate);

	d->has_key_usage = bits != UINT32_MAX;
	for (size_t i = 0; d->has_key_usage && i < TRUST_KEY_USAGES_MAX; i++) {
		if ((bits & key_usages[i].bit) != 0)
			d->key_usages[d->key_usage_count++] = key_usages[i].name;
	}
}

static void take_extended_usages(X509 *certificate, struct trust_details *d)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);

	d->has_extended_usage = usages != NULL;
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && i < TRUST_EXTENDED_USAGES_MAX; i++) {
		const ASN1_OBJECT *object = sk_ASN1_OBJECT_value(usages, i);
		char *dst = d->extended_usages[d->extended_usage_count++];
		int nid = OBJ_obj2nid(object);

		if (nid != NID_undef)
			snprintf(dst, TRUST_EXTENDED_USAGE_BYTES, "%s", OBJ_nid2sn(nid));
		else
			OBJ_obj2txt(dst, TRUST_EXTENDED_USAGE_BYTES, object, 1);
	}
	EXTENDED_KEY_USAGE_free(usages);
}

static void take_key_id(char dst[TRUST_KEY_ID_MAX], const ASN1_OCTET_STRING *id)
{
	if (id != NULL)
		trust_hex_colons(dst, TRUST_KEY_ID_MAX, ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
}

void trust_details_of(X509 *certificate, struct trust_details *out)
{
	*out = (struct trust_details){ 0 };
	out->version = (int)X509_get_version(certificate) + 1;
	out->path_length = X509_get_pathlen(certificate);
	out->has_basic_constraints = (X509_get_extension_flags(certificate) & EXFLAG_BCONS) != 0;
	take_key_usages(certificate, out);
	take_extended_usages(certificate, out);
	take_key_id(out->subject_key_id, X509_get0_subject_key_id(certificate));
	take_key_id(out->authority_key_id, X509_get0_authority_key_id(certificate));
	X509_digest(certificate, EVP_sha1(), out->sha1, NULL);
}
