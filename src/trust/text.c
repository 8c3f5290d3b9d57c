#include "trust/room.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A hostile certificate may hold megabytes of name: no more than this of it is looked at. */
#define RAW_MAX 4096
#define SERIAL_MAX_BYTES 64

/* Like ASN1_STRFLGS_RFC2253, but UTF-8 stays, and control bytes are left to text_sanitise(). */
#define LINE_FLAGS (ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN | \
		    ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN)

/* Cuts at a whole character, saying so where there is room for it. */
static void copy_cut(char *dst, size_t size, const char *text, size_t len)
{
	size_t keep = len;
	bool cut = len >= size;

	if (cut) {
		keep = size - 4;
		while (keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80)
			keep--;
	}
	memcpy(dst, text, keep);
	memcpy(dst + keep, "...", cut ? 4 : 0);
	if (!cut)
		dst[keep] = '\0';
}

void trust_clean_text(char *dst, size_t size, const void *bytes, size_t len)
{
	/* A byte's safe form is 8 at most ("<U+00AD>"). */
	struct buffer safe = BUFFER_INIT(RAW_MAX * 8);
	const char *text;
	size_t n;

	text_sanitise(&safe, bytes, len < RAW_MAX ? len : RAW_MAX);
	text = buffer_text(&safe);
	n = safe.len;
	while (n > 0 && text[n - 1] == ' ')
		n--;
	while (n > 0 && *text == ' ') {
		text++;
		n--;
	}
	copy_cut(dst, size, text, n);
	buffer_clear(&safe);
}

bool trust_text_is_clean(const char *text)
{
	struct buffer safe = BUFFER_INIT(RAW_MAX * 8);
	bool clean = strlen(text) <= RAW_MAX;

	if (clean) {
		text_sanitise(&safe, text, strlen(text));
		clean = !safe.failed && strcmp(buffer_text(&safe), text) == 0;
	}
	buffer_clear(&safe);
	return clean;
}

void trust_name_line(char dst[TRUST_TEXT_MAX], const X509_NAME *name)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	dst[0] = '\0';
	if (out == NULL)
		return;
	/* Text that claims to be UTF-8 and is not makes the first form fail; the second one is hex. */
	if (X509_NAME_print_ex(out, name, 0, LINE_FLAGS) < 0) {
		(void)BIO_reset(out);
		(void)X509_NAME_print_ex(out, name, 0, LINE_FLAGS | ASN1_STRFLGS_DUMP_ALL);
	}
	len = BIO_get_mem_data(out, &text);
	if (len > 0)
		trust_clean_text(dst, TRUST_TEXT_MAX, text, (size_t)len);
	BIO_free(out);
}

static bool last_of(char *dst, size_t size, const X509_NAME *name, int nid)
{
	const ASN1_STRING *value;
	unsigned char *utf8 = NULL;
	int at = -1, next, len;

	while ((next = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		at = next;
	if (at < 0)
		return false;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	len = ASN1_STRING_to_UTF8(&utf8, value);
	if (len >= 0)
		trust_clean_text(dst, size, utf8, (size_t)len);
	else
		trust_clean_text(dst, size, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	OPENSSL_free(utf8);
	return dst[0] != '\0';
}

void trust_common_name(char dst[TRUST_NAME_MAX + 1], const X509_NAME *name)
{
	static const int nids[] = { NID_commonName, NID_organizationalUnitName, NID_organizationName };

	dst[0] = '\0';
	for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
		if (last_of(dst, TRUST_NAME_MAX + 1, name, nids[i]))
			return;
	}
}

void trust_serial_text(char dst[TRUST_TEXT_MAX], const ASN1_INTEGER *serial)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);
	size_t used = 0;

	dst[0] = '\0';
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		dst[used++] = '-';
	for (int i = 0; i < len && i < SERIAL_MAX_BYTES; i++)
		used += (size_t)snprintf(dst + used, TRUST_TEXT_MAX - used, "%s%02X", i > 0 ? ":" : "", bytes[i]);
	if (len > SERIAL_MAX_BYTES)
		snprintf(dst + used, TRUST_TEXT_MAX - used, "...");
}

static void ec_text(char dst[64], EVP_PKEY *key)
{
	char group[64] = "";
	const char *nist;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1) {
		snprintf(dst, 64, "EC %d, explicit parameters", EVP_PKEY_get_bits(key));
		return;
	}
	nist = EC_curve_nid2nist(OBJ_txt2nid(group));
	snprintf(dst, 64, "EC %.40s", nist != NULL ? nist : group);
}

void trust_key_text(char dst[64], X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;

	if (type == NULL)
		snprintf(dst, 64, "unreadable");
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		ec_text(dst, key);
	else if (strncmp(type, "ED", 2) == 0)
		snprintf(dst, 64, "%.40s", type);
	else
		snprintf(dst, 64, "%.40s %d", type, EVP_PKEY_get_bits(key));
}

void trust_hex(char dst[65], const unsigned char sha256[32])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 32; i++) {
		dst[2 * i] = digits[sha256[i] >> 4];
		dst[2 * i + 1] = digits[sha256[i] & 15];
	}
	dst[64] = '\0';
}

const char *trust_word(char dst[TRUST_WORD_MAX], const struct trust_entry *entry)
{
	if (entry->name[0] == '-' || strchr(entry->name, '\'') != NULL)
		trust_hex(dst, entry->sha256);
	else
		snprintf(dst, TRUST_WORD_MAX, "'%s'", entry->name);
	return dst;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool trust_hex_parse(const char *text, unsigned char sha256[32])
{
	size_t n = 0;

	for (; n < 32; n++) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return false;
		sha256[n] = (unsigned char)(high << 4 | low);
		text += 2;
		if (*text == ':' && n < 31)
			text++;
	}
	return *text == '\0';
}

void trust_file_name(char dst[TRUST_FILE_NAME_MAX], const unsigned char sha256[32])
{
	char hex[65];

	trust_hex(hex, sha256);
	snprintf(dst, TRUST_FILE_NAME_MAX, "%s.pem", hex);
}
