#include "net/probe_chain.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/x509_name.h"
#include "net/probe_address.h"

/* What TLS on this host asks of keys and signatures, openssl.cnf considered. */
static int tls_security_level(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int level = ctx != NULL ? SSL_CTX_get_security_level(ctx) : 1;

	SSL_CTX_free(ctx);
	return level;
}

/* The verification's callback: notes every error and lets it go on. */
static int note_error(int ok, X509_STORE_CTX *ctx)
{
	struct probe_chain *out = X509_STORE_CTX_get_app_data(ctx);
	X509 *certificate = X509_STORE_CTX_get_current_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
	struct probe_chain_error *e;

	if (ok)
		return 1;
	for (size_t i = 0; i < out->error_count; i++) {
		if (out->errors[i].error == error && out->errors[i].depth == depth)
			return 1;
	}
	if (out->error_count == PROBE_CHAIN_ERRORS_MAX) {
		out->more_errors = true;
		return 1;
	}
	e = &out->errors[out->error_count++];
	e->error = error;
	e->depth = depth;
	if (certificate != NULL) {
		x509_name_text(e->subject, sizeof(e->subject), X509_get_subject_name(certificate));
		x509_name_text(e->issuer, sizeof(e->issuer), X509_get_issuer_name(certificate));
	}
	return 1;
}

static void add_unspecified(struct probe_chain *out)
{
	if (out->error_count == 0)
		out->errors[out->error_count++] = (struct probe_chain_error){ .error = X509_V_ERR_UNSPECIFIED };
}

static STACK_OF(X509) *first_of(STACK_OF(X509) *sent)
{
	STACK_OF(X509) *few = sk_X509_new_null();

	for (int i = 0; few != NULL && i < sk_X509_num(sent) && i < PROBE_CHAIN_CERTS_MAX; i++)
		sk_X509_push(few, sk_X509_value(sent, i));
	return few;
}

static void copy_host(char *dst, size_t size, const char *host)
{
	size_t len;

	snprintf(dst, size, "%s", host);
	len = strlen(dst);
	if (len > 1 && dst[len - 1] == '.')
		dst[len - 1] = '\0';
}

static bool set_host(X509_VERIFY_PARAM *param, const char *host)
{
	struct probe_address literal;
	char text[256];

	if (probe_address_parse(host, 0, &literal)) {
		bool six = probe_address_family(&literal) == AF_INET6;

		return X509_VERIFY_PARAM_set1_ip(param, six ? literal.v6.sin6_addr.s6_addr
							    : (const unsigned char *)&literal.v4.sin_addr,
						 six ? 16 : 4) == 1;
	}
	copy_host(text, sizeof(text), host);
	return X509_VERIFY_PARAM_set1_host(param, text, 0) == 1;
}

static bool prepare(X509_STORE_CTX *ctx, const struct probe_chain_options *o, struct probe_chain *out)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	if (X509_STORE_CTX_set_default(ctx, "ssl_server") != 1)
		return false;
	X509_STORE_CTX_set_app_data(ctx, out);
	X509_STORE_CTX_set_verify_cb(ctx, note_error);
	X509_VERIFY_PARAM_set_time(param, o->at);
	X509_VERIFY_PARAM_set_auth_level(param, o->auth_level >= 0 ? o->auth_level : tls_security_level());
	/* As libcurl does: an intermediate certificate in the store is an anchor, too. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	if (o->check_crl)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return o->host == NULL || set_host(param, o->host);
}

static bool contains(STACK_OF(X509) *list, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		if (X509_cmp(sk_X509_value(list, i), certificate) == 0)
			return true;
	}
	return false;
}

static void look_at_sent(STACK_OF(X509) *sent, struct probe_chain *out)
{
	out->sent_in_order = true;
	for (int i = 0; i < sk_X509_num(sent); i++) {
		X509 *certificate = sk_X509_value(sent, i);

		if (!contains(out->built, certificate))
			out->unused++;
		if (i + 1 < sk_X509_num(sent) && !probe_cert_issued_by(certificate, sk_X509_value(sent, i + 1)))
			out->sent_in_order = false;
	}
}

static void look_at_end(int untrusted, struct probe_chain *out)
{
	int count = sk_X509_num(out->built);
	X509 *last = sk_X509_value(out->built, count - 1);

	out->missing_at = -1;
	if (untrusted < count) {
		out->end = PROBE_CHAIN_TRUSTED_ANCHOR;
	} else if (X509_self_signed(last, 0) == 1) {
		out->end = count == 1 ? PROBE_CHAIN_SELF_SIGNED_LEAF : PROBE_CHAIN_UNKNOWN_ROOT;
	} else {
		out->end = PROBE_CHAIN_ISSUER_ABSENT;
		out->missing_at = count - 1;
		x509_name_text(out->missing_issuer, sizeof(out->missing_issuer), X509_get_issuer_name(last));
	}
}

static void look_at_times(struct probe_chain *out)
{
	for (int i = 0; i < sk_X509_num(out->built); i++) {
		struct probe_cert c;

		probe_cert_describe(sk_X509_value(out->built, i), &c);
		if (!c.times_valid)
			continue;
		if (i == 0 || c.not_before > out->valid_from)
			out->valid_from = c.not_before;
		if (i == 0 || c.not_after < out->valid_to)
			out->valid_to = c.not_after;
	}
}

static void look_at_name(X509 *leaf, const char *host, struct probe_chain *out)
{
	struct probe_cert c;

	out->name_matches = host == NULL || probe_cert_matches(leaf, host);
	probe_cert_describe(leaf, &c);
	out->name_by_cn = host != NULL && out->name_matches && !c.has_san;
}

void probe_chain_judge(STACK_OF(X509) *sent, const struct probe_chain_options *options, struct probe_chain *out)
{
	STACK_OF(X509) *few = first_of(sent);
	X509_STORE *empty = options->store == NULL ? X509_STORE_new() : NULL;
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int untrusted, verdict;

	memset(out, 0, sizeof(*out));
	out->missing_at = -1;
	out->sent_count = (size_t)(sk_X509_num(sent) > 0 ? sk_X509_num(sent) : 0);
	if (few == NULL || ctx == NULL || sk_X509_num(few) == 0 ||
	    X509_STORE_CTX_init(ctx, options->store != NULL ? options->store : empty, sk_X509_value(few, 0), few) != 1 ||
	    !prepare(ctx, options, out)) {
		add_unspecified(out);
		goto done;
	}
	verdict = X509_verify_cert(ctx);
	untrusted = X509_STORE_CTX_get_num_untrusted(ctx);
	out->built = X509_STORE_CTX_get1_chain(ctx);
	if (out->built == NULL || sk_X509_num(out->built) == 0 || verdict < 0) {
		add_unspecified(out);
		goto done;
	}
	for (size_t i = 0; i < out->error_count; i++)
		out->errors[i].on_sent = out->errors[i].depth < untrusted;
	look_at_end(untrusted, out);
	look_at_sent(few, out);
	look_at_times(out);
	look_at_name(sk_X509_value(few, 0), options->host, out);
	out->trusted = out->error_count == 0 && verdict == 1;
	if (!out->trusted)
		add_unspecified(out);
done:
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(empty);
	sk_X509_free(few);
	ERR_clear_error();
}

void probe_chain_clear(struct probe_chain *c)
{
	sk_X509_pop_free(c->built, X509_free);
	c->built = NULL;
}

const struct probe_chain_error *probe_chain_has(const struct probe_chain *c, int error)
{
	for (size_t i = 0; i < c->error_count; i++) {
		if (c->errors[i].error == error)
			return &c->errors[i];
	}
	return NULL;
}

bool probe_cert_issued_by(X509 *certificate, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool issued = X509_check_issued(issuer, certificate) == X509_V_OK && key != NULL && X509_verify(certificate, key) == 1;

	ERR_clear_error();
	return issued;
}

bool probe_cert_matches(X509 *certificate, const char *host)
{
	struct probe_address literal;
	char text[256];

	if (probe_address_parse(host, 0, &literal)) {
		bool six = probe_address_family(&literal) == AF_INET6;

		return X509_check_ip(certificate, six ? literal.v6.sin6_addr.s6_addr
						      : (const unsigned char *)&literal.v4.sin_addr,
				     six ? 16 : 4, 0) == 1;
	}
	copy_host(text, sizeof(text), host);
	return X509_check_host(certificate, text, 0, 0, NULL) == 1;
}
