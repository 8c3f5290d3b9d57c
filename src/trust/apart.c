/* A file of certificates, taken apart in a process that can do nothing else: its PEM, PKCS#7 and what else it turns out to be.
 * Plain certificates come back. */
#include "trust/trust.h"

#include "base/confine_run.h"
#include "base/i18n.h"
#include "base/wire.h"

struct reading {
	const void *data;
	size_t len;
};

static bool read_file(void *data, struct buffer *out, struct error *err)
{
	const struct reading *file = data;
	STACK_OF(X509) *found;

	if (!trust_read(file->data, file->len, &found, err))
		return false;
	wire_put_number(out, sk_X509_num(found));
	for (int i = 0; i < sk_X509_num(found); i++) {
		unsigned char *der = NULL;
		int len = i2d_X509_AUX(sk_X509_value(found, i), &der);

		if (len <= 0)
			return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		wire_put_number(out, len);
		wire_put_bytes(out, der, (size_t)len);
		OPENSSL_free(der);
	}
	return true;
}

static bool take_certificate(struct wire *w, STACK_OF(X509) *out)
{
	int64_t len = wire_number(w);
	const unsigned char *at = (const unsigned char *)w->at, *end;
	X509 *certificate;

	if (w->bad || len <= 0 || (uint64_t)len > w->left)
		return false;
	end = at + len;
	certificate = d2i_X509_AUX(NULL, &at, (long)len);
	if (certificate == NULL || at != end || sk_X509_push(out, certificate) <= 0) {
		X509_free(certificate);
		return false;
	}
	w->at += len;
	w->left -= (size_t)len;
	return true;
}

static bool take_certificates(struct wire *w, STACK_OF(X509) *out)
{
	int64_t count = wire_number(w);

	for (int64_t i = 0; i < count && count <= TRUST_IMPORT_MAX; i++) {
		if (!take_certificate(w, out))
			return false;
	}
	return !w->bad && count > 0 && sk_X509_num(out) == count && w->left == 0;
}

bool trust_read_apart(const void *data, size_t len, STACK_OF(X509) **out, struct error *err)
{
	struct reading file = { data, len };
	const struct confine_work work = { .work = read_file, .data = &file, .fd = -1, .what = _("the file"),
					   .damaged = FINDING_IMPORT_NOT_A_CERTIFICATE };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	STACK_OF(X509) *found = sk_X509_new_null();
	struct wire w;
	bool ok;

	*out = NULL;
	if (found == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	/* Reads its settings here: the process cannot. */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	ok = confine_run(&work, &answer, err);
	w = (struct wire){ .at = buffer_text(&answer), .left = answer.len };
	if (ok && !take_certificates(&w, found))
		ok = confine_odd_answer(&work, err);
	buffer_clear(&answer);
	if (ok)
		*out = found;
	else
		sk_X509_pop_free(found, X509_free);
	return ok;
}
