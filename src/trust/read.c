/* Bytes to certificates: PEM with any text around, DER, several in a row, PKCS#7. Nothing is judged here but a private
 * key, which has no business in a store of certificates. */
#include "trust/room.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/pem.h>	/* before cms.h, which declares its PEM readers only then */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/i18n.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define LABEL_MAX 64
#define KEY_MAX_BYTES (256 * 1024)	/* more DER than this is no key: not worth trying */

struct reader {
	STACK_OF(X509) *out;
	bool tolerant;		/* leave out what cannot be read */
	int limit;
	char other[LABEL_MAX];	/* a PEM block that was seen and is no certificate */
	struct error *err;
};

struct line {
	const char *text;	/* without the white space around it */
	size_t len;
};

/* --- adding --------------------------------------------------------------------------------------------------------- */

/* Takes the certificate in any case. */
static bool add(struct reader *r, X509 *certificate)
{
	if (sk_X509_num(r->out) >= r->limit) {
		X509_free(certificate);
		if (r->tolerant)
			return true;
		return error_set(r->err, FINDING_IMPORT_TOO_MUCH, _("there are more than %d certificates"), r->limit);
	}
	if (sk_X509_push(r->out, certificate) <= 0) {
		X509_free(certificate);
		return error_set(r->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	return true;
}

/* Takes the message in any case. */
static bool add_cms(struct reader *r, CMS_ContentInfo *cms)
{
	STACK_OF(X509) *certificates = cms != NULL ? CMS_get1_certs(cms) : NULL;
	bool ok = true;

	for (int i = 0; ok && i < sk_X509_num(certificates); i++) {
		X509 *certificate = sk_X509_value(certificates, i);

		X509_up_ref(certificate);
		ok = add(r, certificate);
	}
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	return ok;
}

static bool refuse_key(struct reader *r, const char *what)
{
	error_set(r->err, FINDING_IMPORT_PRIVATE_KEY, _("it holds a private key (%s); nothing was imported"), what);
	return error_next(r->err, _("Take the certificate alone: \"openssl x509 -in FILE -out ca.pem\", and keep the "
				    "key where it belongs."));
}

static bool damaged(struct reader *r, const char *why)
{
	if (r->tolerant)
		return true;
	return error_set(r->err, FINDING_IMPORT_NOT_A_CERTIFICATE, _("certificate %d in it is damaged: %s"),
			 sk_X509_num(r->out) + 1, why);
}

/* --- PEM ------------------------------------------------------------------------------------------------------------ */

static bool next_line(const char **at, const char *end, struct line *line)
{
	const char *start = *at, *stop = start;

	if (start >= end)
		return false;
	while (stop < end && *stop != '\n' && *stop != '\r')
		stop++;
	*at = stop < end ? stop + 1 : end;
	while (start < stop && isspace((unsigned char)*start))
		start++;
	while (stop > start && isspace((unsigned char)stop[-1]))
		stop--;
	line->text = start;
	line->len = (size_t)(stop - start);
	return true;
}

/* The label of "-----BEGIN label-----" or "-----END label-----". */
static bool label_of(const struct line *line, const char *mark, char label[LABEL_MAX])
{
	size_t mark_len = strlen(mark), len;

	if (line->len < mark_len + 5 || memcmp(line->text, mark, mark_len) != 0 ||
	    memcmp(line->text + line->len - 5, "-----", 5) != 0)
		return false;
	len = line->len - mark_len - 5;
	if (len >= LABEL_MAX)
		return false;
	memcpy(label, line->text + mark_len, len);
	label[len] = '\0';
	return true;
}

static bool find_private_key(struct reader *r, const char *data, const char *end)
{
	char label[LABEL_MAX];
	struct line line;

	while (next_line(&data, end, &line)) {
		if (label_of(&line, BEGIN, label) && strstr(label, "PRIVATE KEY") != NULL)
			return !refuse_key(r, label);
	}
	return false;
}

int trust_no_password(char *buf, int size, int writing, void *data)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

static bool block_done(struct reader *r, const char *label, const struct buffer *block)
{
	bool is_certificate = strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0 ||
			      strcmp(label, "TRUSTED CERTIFICATE") == 0;
	bool is_cms = strcmp(label, "PKCS7") == 0 || strcmp(label, "CMS") == 0, ok = true;
	BIO *in;

	if (!is_certificate && !is_cms) {
		memcpy(r->other, label, LABEL_MAX);
		return true;
	}
	in = BIO_new_mem_buf(block->data, (int)block->len);
	if (in == NULL)
		return error_set(r->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (is_certificate) {
		X509 *certificate = PEM_read_bio_X509_AUX(in, NULL, trust_no_password, NULL);

		ok = certificate != NULL ? add(r, certificate) : damaged(r, _("its PEM block cannot be decoded"));
	} else {
		CMS_ContentInfo *cms = PEM_read_bio_CMS(in, NULL, trust_no_password, NULL);

		ok = cms != NULL ? add_cms(r, cms) : damaged(r, _("its PKCS#7 block cannot be decoded"));
	}
	BIO_free(in);
	return ok;
}

static bool read_pem(struct reader *r, const char *data, size_t len)
{
	struct buffer block = BUFFER_INIT(TRUST_IMPORT_MAX_BYTES + 1);
	const char *at = data, *end = data + len;
	char open[LABEL_MAX] = "", label[LABEL_MAX];
	bool inside = false, ok = true;
	struct line line;

	while (ok && next_line(&at, end, &line)) {
		if (label_of(&line, BEGIN, label)) {
			if (inside)
				ok = damaged(r, _("its END line is missing"));
			inside = true;
			memcpy(open, label, sizeof(open));
			buffer_reset(&block);
		}
		if (!inside)
			continue;
		buffer_append(&block, line.text, line.len);
		buffer_putc(&block, '\n');
		if (!label_of(&line, END, label))
			continue;
		inside = false;
		if (block.failed)
			ok = error_set(r->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		else if (strcmp(open, label) != 0)
			ok = damaged(r, _("its BEGIN and END lines do not fit"));
		else
			ok = block_done(r, open, &block);
	}
	if (ok && inside)
		ok = damaged(r, _("its END line is missing: the file is cut off"));
	buffer_clear(&block);
	return ok;
}

/* --- DER ------------------------------------------------------------------------------------------------------------ */

static bool is_key(const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	EVP_PKEY *key = len <= KEY_MAX_BYTES ? d2i_AutoPrivateKey(NULL, &p, (long)len) : NULL;
	X509_SIG *encrypted;

	EVP_PKEY_free(key);
	if (key != NULL)
		return true;
	p = data;
	encrypted = d2i_X509_SIG(NULL, &p, (long)len);
	X509_SIG_free(encrypted);
	return encrypted != NULL;
}

static bool is_pkcs12(const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)len);

	PKCS12_free(p12);
	return p12 != NULL;
}

static bool is_request(const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)len);

	X509_REQ_free(request);
	return request != NULL;
}

/* DER that does not begin with a certificate: what is it? */
static bool read_other_der(struct reader *r, const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);

	if (cms != NULL)
		return add_cms(r, cms);
	if (is_key(data, len))
		return refuse_key(r, "DER");
	if (is_pkcs12(data, len)) {
		refuse_key(r, "PKCS#12");
		return error_next(r->err, _("Take the certificates alone: \"openssl pkcs12 -in FILE -cacerts -nokeys "
					    "-out ca.pem\"."));
	}
	if (is_request(data, len))
		memcpy(r->other, "CERTIFICATE REQUEST", sizeof("CERTIFICATE REQUEST"));
	return true;
}

static bool read_der(struct reader *r, const unsigned char *data, size_t len)
{
	const unsigned char *p = data, *end = data + len;

	while (p < end) {
		const unsigned char *start = p;
		X509 *certificate;

		while (sk_X509_num(r->out) > 0 && p < end && isspace(*p))
			p++;
		if (p == end)
			break;
		certificate = d2i_X509(NULL, &p, end - p);
		if (certificate == NULL && start == data)
			return read_other_der(r, data, len);
		if (certificate == NULL)
			return damaged(r, _("what follows the certificates before it is none"));
		if (!add(r, certificate))
			return false;
	}
	return true;
}

/* --- what it is ----------------------------------------------------------------------------------------------------- */

static bool none_found(const struct reader *r, const char *data, size_t len)
{
	enum finding code = FINDING_IMPORT_NOT_A_CERTIFICATE;

	if (len == 0)
		return error_set(r->err, code, _("it is empty"));
	if (strstr(r->other, "REQUEST") != NULL) {
		error_set(r->err, code, _("it holds a request for a certificate, not a certificate"));
		return error_next(r->err, _("Have the request signed, or import the certificate of the authority."));
	}
	if (r->other[0] != '\0')
		return error_set(r->err, code, _("it holds no certificate (but a block \"%s\")"), r->other);
	if (len >= 2 && (memcmp(data, "\xFF\xFE", 2) == 0 || memcmp(data, "\xFE\xFF", 2) == 0))
		return error_set(r->err, code, _("it is UTF-16 text; save it as plain text (ASCII or UTF-8)"));
	if (len >= 4 && memcmp(data, "MII", 3) == 0)
		return error_set(r->err, code, _("it is bare base64 text: the line \"-----BEGIN CERTIFICATE-----\" before "
						 "and the END line after it are missing"));
	return error_set(r->err, code, _("it holds no certificate: neither PEM nor DER nor PKCS#7"));
}

/* A SEQUENCE with a long length: no text begins so. */
static bool looks_like_der(const char *data, size_t len)
{
	return len >= 2 && data[0] == 0x30 && ((unsigned char)data[1] & 0x80) != 0;
}

static bool read_all(struct reader *r, const void *data, size_t len)
{
	const char *text = data;
	bool ok;

	if (len > TRUST_IMPORT_MAX_BYTES)
		return error_set(r->err, FINDING_IMPORT_TOO_MUCH, _("it is larger than %u bytes"), TRUST_IMPORT_MAX_BYTES);
	/* An encoder from elsewhere may have put a byte order mark in front. */
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!r->tolerant && find_private_key(r, text, text + len))
		return false;
	if (memmem(text, len, BEGIN, strlen(BEGIN)) != NULL && !looks_like_der(text, len))
		ok = read_pem(r, text, len);
	else
		ok = read_der(r, (const unsigned char *)text, len);
	ERR_clear_error();
	if (ok && sk_X509_num(r->out) == 0)
		ok = none_found(r, text, len);
	return ok;
}

bool trust_read(const void *data, size_t len, STACK_OF(X509) **out, struct error *err)
{
	struct reader r = { .out = sk_X509_new_null(), .limit = TRUST_IMPORT_MAX, .err = err };

	*out = NULL;
	if (r.out == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!read_all(&r, data, len)) {
		sk_X509_pop_free(r.out, X509_free);
		return false;
	}
	*out = r.out;
	return true;
}

bool trust_read_tolerant(const void *data, size_t len, STACK_OF(X509) *out, struct error *err)
{
	struct reader r = { .out = out, .tolerant = true, .limit = TRUST_CERTIFICATES_MAX, .err = err };

	return read_all(&r, data, len);
}
