/* Puts one certificate into words. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/x509_name.h"
#include "net/probe_address.h"
#include "net/probe_chain.h"

/* One part of a name, as UTF-8. "" when it is not there. */
static void name_part(const X509_NAME *name, int nid, char *dst, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *utf8 = NULL;
	int n;

	dst[0] = '\0';
	if (at < 0)
		return;
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n > 0)
		snprintf(dst, size, "%.*s", n, (const char *)utf8);
	OPENSSL_free(utf8);
}

static bool time_of(const ASN1_TIME *t, time_t *out)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

static void describe_key(X509 *certificate, struct probe_cert *out)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char group[32] = "";

	out->key_bits = out->security_bits = -1;
	if (key == NULL)
		return;
	out->key_bits = EVP_PKEY_get_bits(key);
	out->security_bits = EVP_PKEY_get_security_bits(key);
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		snprintf(out->key, sizeof(out->key), "EC %.24s", group);
	else if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		snprintf(out->key, sizeof(out->key), "%.24s", EVP_PKEY_get0_type_name(key));
	else
		snprintf(out->key, sizeof(out->key), "%.16s %d", EVP_PKEY_get0_type_name(key), out->key_bits);
}

static void describe_signature(X509 *certificate, struct probe_cert *out)
{
	const char *name = OBJ_nid2ln(X509_get_signature_nid(certificate));

	out->signature_bits = -1;
	snprintf(out->signature, sizeof(out->signature), "%s", name != NULL ? name : "");
	X509_get_signature_info(certificate, NULL, NULL, &out->signature_bits, NULL);
}

/* Appends one item to a list in text; false when it is full. */
static bool add_item(char *dst, size_t size, const char *item)
{
	size_t used = strlen(dst), len = strlen(item);

	if (used + len + 6 >= size) {
		snprintf(dst + used, size - used, "%s...", used > 0 ? ", " : "");
		return false;
	}
	snprintf(dst + used, size - used, "%s%s", used > 0 ? ", " : "", item);
	return true;
}

static bool san_text(const GENERAL_NAME *name, char *dst, size_t size)
{
	struct probe_address address;
	const ASN1_STRING *s;

	if (name->type == GEN_DNS) {
		s = name->d.dNSName;
		snprintf(dst, size, "%.*s", ASN1_STRING_length(s), (const char *)ASN1_STRING_get0_data(s));
		return true;
	}
	if (name->type != GEN_IPADD)
		return false;
	s = name->d.iPAddress;
	if (ASN1_STRING_length(s) != 4 && ASN1_STRING_length(s) != 16)
		return false;
	probe_address_from_bytes(ASN1_STRING_length(s) == 16 ? AF_INET6 : AF_INET, ASN1_STRING_get0_data(s), 0, &address);
	probe_address_text(dst, &address);
	return true;
}

static void describe_sans(X509 *certificate, struct probe_cert *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		char text[256];

		if (!san_text(sk_GENERAL_NAME_value(names, i), text, sizeof(text)))
			continue;
		out->has_san = true;
		if (!add_item(out->sans, sizeof(out->sans), text))
			break;
	}
	GENERAL_NAMES_free(names);
}

static void uri_text(const GENERAL_NAME *name, char *dst, size_t size)
{
	if (dst[0] != '\0' || name == NULL || name->type != GEN_URI)
		return;
	snprintf(dst, size, "%.*s", ASN1_STRING_length(name->d.uniformResourceIdentifier),
		 (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier));
}

static void describe_urls(X509 *certificate, struct probe_cert *out)
{
	AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
	STACK_OF(DIST_POINT) *points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
		const ACCESS_DESCRIPTION *a = sk_ACCESS_DESCRIPTION_value(aia, i);

		if (OBJ_obj2nid(a->method) == NID_ad_ca_issuers)
			uri_text(a->location, out->aia_issuer, sizeof(out->aia_issuer));
		else if (OBJ_obj2nid(a->method) == NID_ad_OCSP)
			uri_text(a->location, out->ocsp_url, sizeof(out->ocsp_url));
	}
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;

		if (name != NULL && name->type == 0 && sk_GENERAL_NAME_num(name->name.fullname) > 0)
			uri_text(sk_GENERAL_NAME_value(name->name.fullname, 0), out->crl_url, sizeof(out->crl_url));
	}
	AUTHORITY_INFO_ACCESS_free(aia);
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
}

static bool asks_for_staple(X509 *certificate)
{
	TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		found = found || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == 5;
	sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
	return found;
}

static void describe_rights(X509 *certificate, struct probe_cert *out)
{
	uint32_t flags = X509_get_extension_flags(certificate);

	out->has_basic_constraints = (flags & EXFLAG_BCONS) != 0;
	out->is_ca = (flags & EXFLAG_CA) != 0;
	out->path_length = (int)X509_get_pathlen(certificate);
	out->self_issued = (flags & EXFLAG_SI) != 0;
	out->self_signed = X509_self_signed(certificate, 1) == 1;
	out->server_auth = (flags & EXFLAG_XKUSAGE) == 0 ||
			   (X509_get_extended_key_usage(certificate) & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
	out->must_staple = asks_for_staple(certificate);
}

static void describe_serial(X509 *certificate, struct probe_cert *out)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);

	for (int i = 0; i < ASN1_STRING_length(serial) && (size_t)i * 2 + 3 <= sizeof(out->serial); i++)
		snprintf(out->serial + i * 2, 3, "%02X", bytes[i]);
}

void probe_cert_describe(X509 *certificate, struct probe_cert *out)
{
	const X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_get_issuer_name(certificate);
	unsigned int len = 0;

	memset(out, 0, sizeof(*out));
	x509_name_text(out->subject, sizeof(out->subject), subject);
	x509_name_text(out->issuer, sizeof(out->issuer), issuer);
	name_part(subject, NID_commonName, out->common_name, sizeof(out->common_name));
	name_part(issuer, NID_commonName, out->issuer_name, sizeof(out->issuer_name));
	name_part(issuer, NID_organizationName, out->issuer_organisation, sizeof(out->issuer_organisation));
	if (out->issuer_name[0] == '\0')
		memcpy(out->issuer_name, out->issuer_organisation, sizeof(out->issuer_name));
	describe_serial(certificate, out);
	out->times_valid = time_of(X509_get0_notBefore(certificate), &out->not_before) &&
			   time_of(X509_get0_notAfter(certificate), &out->not_after);
	X509_digest(certificate, EVP_sha256(), out->sha256, &len);
	describe_key(certificate, out);
	describe_signature(certificate, out);
	describe_rights(certificate, out);
	describe_sans(certificate, out);
	describe_urls(certificate, out);
	ERR_clear_error();
}

char *probe_cert_fingerprint_text(char *dst, const unsigned char *sha256)
{
	for (int i = 0; i < 32; i++)
		snprintf(dst + i * 3, 4, "%02X%s", sha256[i], i < 31 ? ":" : "");
	return dst;
}

struct interceptor {
	const char *trace, *product;
};

/* Words in an issuer's name that only an interceptor's CA has. Makers that also run a public CA are matched by the product. */
static const struct interceptor interceptors[] = {
	{ "fortinet", "Fortinet FortiGate" },
	{ "fortigate", "Fortinet FortiGate" },
	{ "zscaler", "Zscaler" },
	{ "palo alto", "Palo Alto Networks" },
	{ "paloalto", "Palo Alto Networks" },
	{ "prisma access", "Palo Alto Networks" },
	{ "blue coat", "Symantec ProxySG (Blue Coat)" },
	{ "bluecoat", "Symantec ProxySG (Blue Coat)" },
	{ "proxysg", "Symantec ProxySG (Blue Coat)" },
	{ "netskope", "Netskope" },
	{ "goskope", "Netskope" },
	{ "sophos", "Sophos" },
	{ "check point", "Check Point" },
	{ "checkpoint", "Check Point" },
	{ "umbrella", "Cisco Umbrella" },
	{ "ironport", "Cisco Secure Web Appliance" },
	{ "secure web appliance", "Cisco Secure Web Appliance" },
	{ "firepower", "Cisco Secure Firewall" },
	{ "mcafee", "Skyhigh (McAfee) Web Gateway" },
	{ "skyhigh", "Skyhigh (McAfee) Web Gateway" },
	{ "forcepoint", "Forcepoint" },
	{ "websense", "Forcepoint (Websense)" },
	{ "barracuda", "Barracuda" },
	{ "watchguard", "WatchGuard" },
	{ "sonicwall", "SonicWall" },
	{ "untangle", "Untangle" },
	{ "smoothwall", "Smoothwall" },
	{ "stormshield", "Stormshield" },
	{ "sangfor", "Sangfor" },
	{ "hillstone", "Hillstone" },
	{ "juniper", "Juniper SRX" },
	{ "iboss", "iboss" },
	{ "menlo security", "Menlo Security" },
	{ "gateway ca - cloudflare", "Cloudflare Gateway" },
	{ "cloudflare for teams", "Cloudflare Gateway" },
	{ "lightspeed systems", "Lightspeed" },
	{ "securly", "Securly" },
	{ "contentkeeper", "ContentKeeper" },
	{ "trend micro", "Trend Micro" },
	{ "kaspersky", "Kaspersky" },
	{ "eset ssl filter", "ESET" },
	{ "bitdefender", "Bitdefender" },
	{ "avast", "Avast" },
	{ "gigamon", "Gigamon" },
	{ "ssl orchestrator", "F5 SSL Orchestrator" },
	{ "a10 networks", "A10 Networks" },
	{ "opnsense", "OPNsense" },
	{ "pfsense", "pfSense" },
	{ "mitmproxy", "mitmproxy" },
	{ "portswigger", "Burp Suite" },
	{ "charles proxy", "Charles Proxy" },
	{ "fiddler", "Fiddler" },
};

const char *probe_cert_interceptor(const struct probe_cert *certificate)
{
	for (size_t i = 0; i < sizeof(interceptors) / sizeof(interceptors[0]); i++) {
		if (strcasestr(certificate->issuer, interceptors[i].trace) != NULL)
			return interceptors[i].product;
	}
	return NULL;
}
