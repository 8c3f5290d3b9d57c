/* What an import asks of a certificate: one row a rule. */
#include "trust/room.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"

/* What OpenSSL as Debian sets it up asks of a CA key: RSA 2048, EC 224. A weaker anchor would fail in the handshake. */
#define KEY_SECURITY_BITS 112
#define REASON_MAX 256

bool trust_is_ca(X509 *certificate)
{
	return X509_check_ca(certificate) == 1;
}

static int signature_digest(X509 *certificate)
{
	int digest, key, bits;
	uint32_t flags;

	return X509_get_signature_info(certificate, &digest, &key, &bits, &flags) == 1 ? digest : NID_undef;
}

bool trust_signature_is_weak(X509 *certificate)
{
	static const int weak[] = { NID_sha1, NID_md5, NID_md5_sha1, NID_md4, NID_md2, NID_mdc2, NID_sha,
				    NID_ripemd160 };
	int digest = signature_digest(certificate);

	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		if (digest == weak[i])
			return true;
	}
	return false;
}

/* A curve given by its parameters instead of its name can be made to fit anybody's public key (CVE-2020-0601). */
static bool has_own_curve(const EVP_PKEY *key)
{
	char group[64];

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1;
}

bool trust_key_is_weak(X509 *certificate)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);

	return key == NULL || EVP_PKEY_get_security_bits(key) < KEY_SECURITY_BITS || has_own_curve(key);
}

bool trust_has_aux(X509 *certificate)
{
	return X509_get0_trust_objects(certificate) != NULL || X509_get0_reject_objects(certificate) != NULL;
}

static bool names_object(const STACK_OF(ASN1_OBJECT) *objects, int nid)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(objects); i++) {
		int each = OBJ_obj2nid(sk_ASN1_OBJECT_value(objects, i));

		if (each == nid || each == NID_anyExtendedKeyUsage)
			return true;
	}
	return false;
}

bool trust_rejects_servers(X509 *certificate)
{
	const STACK_OF(ASN1_OBJECT) *trusted = X509_get0_trust_objects(certificate);

	if (names_object(X509_get0_reject_objects(certificate), NID_server_auth))
		return true;
	/* A list that names other uses only excludes this one. */
	return sk_ASN1_OBJECT_num(trusted) > 0 && !names_object(trusted, NID_server_auth);
}

static bool time_of(const ASN1_TIME *when, time_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(when, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

bool trust_validity(const X509 *certificate, time_t *not_before, time_t *not_after)
{
	return time_of(X509_get0_notBefore(certificate), not_before) &&
	       time_of(X509_get0_notAfter(certificate), not_after);
}

/* --- the rules: each says whether the certificate breaks it, and the reason --------------------------------------- */

static bool validity_is_unreadable(X509 *certificate, char *why)
{
	time_t from, until;

	snprintf(why, REASON_MAX, "%s", _("its validity cannot be read"));
	return !trust_validity(certificate, &from, &until);
}

static bool extensions_are_broken(X509 *certificate, char *why)
{
	snprintf(why, REASON_MAX, "%s", _("its extensions contradict each other or cannot be read"));
	return (X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0;
}

static bool key_is_unfit(X509 *certificate, char *why)
{
	char key[64];

	trust_key_text(key, certificate);
	snprintf(why, REASON_MAX, _("its key (%s) is too weak or of a kind that cannot be used"), key);
	return trust_key_is_weak(certificate);
}

static bool is_no_ca(X509 *certificate, char *why)
{
	const char *reason = _("it has no basic constraints that say CA");

	if ((X509_get_extension_flags(certificate) & EXFLAG_CA) != 0)
		reason = _("its key usage does not allow to sign certificates");
	else if ((X509_get_extension_flags(certificate) & EXFLAG_BCONS) != 0)
		reason = _("its basic constraints say CA:FALSE");
	snprintf(why, REASON_MAX, _("it is not the certificate of a CA: %s"), reason);
	return !trust_is_ca(certificate);
}

static bool is_out_of_date(X509 *certificate, char *why)
{
	time_t from = 0, until = 0, now = clock_now();
	char when[CLOCK_TEXT_MAX];

	if (!trust_validity(certificate, &from, &until))
		return false;
	if (now > until)
		snprintf(why, REASON_MAX, _("it expired on %.10s"), clock_rfc3339(when, until));
	else
		snprintf(why, REASON_MAX, _("it is not valid before %s"), clock_rfc3339(when, from));
	return now > until || now < from;
}

static bool has_weak_signature(X509 *certificate, char *why)
{
	snprintf(why, REASON_MAX, _("it is signed with %s, which is no longer safe"),
		 OBJ_nid2sn(signature_digest(certificate)));
	return trust_signature_is_weak(certificate);
}

static const struct {
	bool (*broken)(X509 *certificate, char *why);
	enum finding finding;
	unsigned int allow;	/* 0: nothing lets it pass */
	const char *option;
} rules[] = {
	{ validity_is_unreadable, FINDING_IMPORT_NOT_A_CERTIFICATE, 0, "" },
	{ extensions_are_broken, FINDING_IMPORT_NOT_A_CERTIFICATE, 0, "" },
	{ key_is_unfit, FINDING_IMPORT_WEAK_KEY, 0, "" },
	{ is_no_ca, FINDING_IMPORT_NOT_A_CA, TRUST_ALLOW_NOT_CA, "--allow-not-ca" },
	{ is_out_of_date, FINDING_IMPORT_OUT_OF_DATE, TRUST_ALLOW_EXPIRED, "--allow-expired" },
	{ has_weak_signature, FINDING_IMPORT_WEAK_SIGNATURE, TRUST_ALLOW_SHA1, "--allow-sha1" },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

bool trust_check(X509 *certificate, unsigned int *needed, struct error *err)
{
	char why[REASON_MAX];

	*needed = 0;
	for (size_t i = 0; i < RULES; i++) {
		if (!rules[i].broken(certificate, why))
			continue;
		if (rules[i].allow == 0)
			return error_set(err, rules[i].finding, "%s", why);
		*needed |= rules[i].allow;
	}
	return true;
}

/* All the options that would let it pass, so that one learns of them at once. */
static void name_options(struct error *err, unsigned int needed)
{
	char options[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < RULES; i++) {
		if ((needed & rules[i].allow) != 0)
			used += (size_t)snprintf(options + used, sizeof(options) - used, "%s%s", used > 0 ? " " : "",
						 rules[i].option);
	}
	error_next(err, _("If it must be this one, import it with %s."), options);
}

/* The first rule that it breaks and `allow` does not lift. */
void trust_reason(X509 *certificate, unsigned int allow, struct error *err)
{
	char why[REASON_MAX];

	for (size_t i = 0; i < RULES; i++) {
		if ((rules[i].allow & ~allow) != 0 && rules[i].broken(certificate, why)) {
			error_set(err, rules[i].finding, "%s", why);
			return;
		}
	}
}

bool trust_admit(X509 *certificate, const char *label, unsigned int allow, struct error *err)
{
	unsigned int needed;

	if (!trust_check(certificate, &needed, err))
		return error_wrap(err, "%s", label);
	if ((needed & ~allow) == 0)
		return true;
	trust_reason(certificate, allow, err);
	error_wrap(err, "%s", label);
	name_options(err, needed);
	return false;
}

bool trust_check_usages(X509 *certificate, unsigned int usages, struct error *err)
{
	if (!trust_usages_check(usages, err))
		return false;
	if ((usages & TRUST_CLIENT_AUTH) != 0 && (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0) {
		error_set(err, FINDING_TRUST_USAGE_RULE, _("the key usage of the certificate does not allow to sign "
							   "certificates, which the usage client-auth needs"));
		return error_next(err, _("Use the certificate of the CA that issues the clients' certificates."));
	}
	return true;
}
