#include "net/probe_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CREDENTIALS_MAX 600
#define NONCE_COUNT "00000001"

struct method_name {
	enum probe_auth method;
	const char *name;
};

static const struct method_name methods[] = {
	{ PROBE_AUTH_BASIC, "Basic" },
	{ PROBE_AUTH_DIGEST, "Digest" },
	{ PROBE_AUTH_NTLM, "NTLM" },
	{ PROBE_AUTH_NEGOTIATE, "Negotiate" },
};

char *probe_auth_text(char *dst, size_t size, unsigned int set)
{
	size_t used = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((set & methods[i].method) == 0 || used + 1 >= size)
			continue;
		snprintf(dst + used, size - used, "%s%s", used > 0 ? ", " : "", methods[i].name);
		used = strlen(dst);
	}
	if ((set & PROBE_AUTH_OTHER) != 0 && used + 1 < size)
		snprintf(dst + used, size - used, "%sother", used > 0 ? ", " : "");
	return dst;
}

/* The value of a parameter such as realm="..." or algorithm=MD5 in one challenge; false when it is not there. */
static bool parameter(const char *challenge, const char *name, char *dst, size_t size)
{
	size_t n = strlen(name), used = 0;
	const char *p = challenge + strcspn(challenge, " \t");

	while (*p != '\0') {
		const char *start;
		bool match;

		p += strspn(p, " \t,");
		start = p;
		p += strcspn(p, "= \t,");
		match = (size_t)(p - start) == n && strncasecmp(start, name, n) == 0;
		p += strspn(p, " \t");
		if (*p != '=')
			continue;
		p += 1 + strspn(p + 1, " \t");
		if (*p == '"') {
			for (p++; *p != '\0' && *p != '"'; p++) {
				if (*p == '\\' && p[1] != '\0')
					p++;
				if (match && used + 1 < size)
					dst[used++] = *p;
			}
			p += *p == '"';
		} else {
			for (; *p != '\0' && *p != ',' && *p != ' '; p++) {
				if (match && used + 1 < size)
					dst[used++] = *p;
			}
		}
		if (match) {
			dst[used] = '\0';
			return true;
		}
	}
	return false;
}

/* The digest of a challenge, NULL when we cannot do it; `session` for the -sess forms. */
static const EVP_MD *algorithm_of(const char *challenge, bool *session)
{
	static const struct { const char *name; const EVP_MD *(*md)(void); bool session; } known[] = {
		{ "MD5", EVP_md5, false },	     { "MD5-sess", EVP_md5, true },
		{ "SHA-256", EVP_sha256, false },    { "SHA-256-sess", EVP_sha256, true },
	};
	char name[32] = "MD5";

	parameter(challenge, "algorithm", name, sizeof(name));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(name, known[i].name) == 0) {
			*session = known[i].session;
			return known[i].md();
		}
	}
	return NULL;
}

/* Where the next challenge begins: after a comma, a word that is followed by a blank or by nothing, and not by "=". */
static const char *next_challenge(const char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '"') {
			quoted = !quoted;
		} else if (*p == ',' && !quoted) {
			const char *word = p + 1 + strspn(p + 1, " \t,"), *end = word + strcspn(word, " \t,=\"");

			if (end > word && *(end + strspn(end, " \t")) != '=')
				return word;
		}
	}
	return p;
}

static void consider_digest(const char *one, struct probe_challenge *out)
{
	bool session, strong, have_strong;
	const EVP_MD *md = algorithm_of(one, &session);
	char qop[64] = "", stale[8] = "";

	/* auth-int would need the body's digest; plain "auth" or the old form without qop will do. */
	if (md == NULL || (parameter(one, "qop", qop, sizeof(qop)) && !probe_auth_offers(qop, "auth")))
		return;
	strong = md == EVP_sha256();
	have_strong = out->digest[0] != '\0' && algorithm_of(out->digest, &session) == EVP_sha256();
	if (out->digest[0] != '\0' && (have_strong || !strong))
		return;
	snprintf(out->digest, sizeof(out->digest), "%s", one);
	out->stale = parameter(one, "stale", stale, sizeof(stale)) && strcasecmp(stale, "true") == 0;
}

void probe_auth_challenge(const char *proxy_authenticate, struct probe_challenge *out)
{
	const char *at = proxy_authenticate + strspn(proxy_authenticate, " \t,");

	memset(out, 0, sizeof(*out));
	while (*at != '\0') {
		const char *end = next_challenge(at);
		char one[PROBE_HEAD_VALUE_MAX];
		unsigned int method = PROBE_AUTH_OTHER;

		snprintf(one, sizeof(one), "%.*s", (int)(end - at), at);
		for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
			if (probe_auth_offers(one, methods[i].name))
				method = methods[i].method;
		}
		out->offered |= method;
		if (method == PROBE_AUTH_DIGEST)
			consider_digest(one, out);
		at = end;
	}
}

enum probe_auth probe_auth_choose(const struct probe_challenge *challenge)
{
	if (challenge->digest[0] != '\0')
		return PROBE_AUTH_DIGEST;
	return (challenge->offered & PROBE_AUTH_BASIC) != 0 ? PROBE_AUTH_BASIC : PROBE_AUTH_NONE;
}

static bool basic_header(struct buffer *out, const char *user, const char *password)
{
	char plain[CREDENTIALS_MAX], encoded[CREDENTIALS_MAX * 2];
	int n = snprintf(plain, sizeof(plain), "%s:%s", user, password);
	bool ok = n > 0 && (size_t)n < sizeof(plain) && strchr(user, ':') == NULL;

	if (ok) {
		EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, n);
		ok = buffer_puts(out, "Basic ") && buffer_puts(out, encoded);
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	OPENSSL_cleanse(encoded, sizeof(encoded));
	return ok;
}

/* Hex digest of up to seven strings with ":" between them. */
static bool hash_joined(const EVP_MD *md, char *hex, const char *const *parts)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int len = 0;
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (size_t i = 0; ok && parts[i] != NULL; i++)
		ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
		     EVP_DigestUpdate(ctx, parts[i], strlen(parts[i])) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
	for (unsigned int i = 0; ok && i < len; i++)
		snprintf(hex + (size_t)i * 2, 3, "%02x", digest[i]);
	EVP_MD_CTX_free(ctx);
	OPENSSL_cleanse(digest, sizeof(digest));
	return ok;
}

#define HASH(md, hex, ...) hash_joined(md, hex, (const char *const[]){ __VA_ARGS__, NULL })

/* A value inside quotes: quotes and backslashes escaped. */
static void put_quoted(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buffer_putc(out, '\\');
		buffer_putc(out, *value);
	}
	buffer_putc(out, '"');
}

static bool digest_header(struct buffer *out, const char *challenge, const char *user, const char *password,
			  const char *uri, const char *cnonce)
{
	char realm[256] = "", nonce[PROBE_HEAD_VALUE_MAX] = "", opaque[PROBE_HEAD_VALUE_MAX] = "", qop[64] = "";
	char algorithm[32] = "", a1[EVP_MAX_MD_SIZE * 2 + 1], a2[sizeof(a1)], response[sizeof(a1)];
	bool session, has_qop = parameter(challenge, "qop", qop, sizeof(qop)), ok;
	const EVP_MD *md = algorithm_of(challenge, &session);

	parameter(challenge, "realm", realm, sizeof(realm));
	parameter(challenge, "nonce", nonce, sizeof(nonce));
	parameter(challenge, "opaque", opaque, sizeof(opaque));
	parameter(challenge, "algorithm", algorithm, sizeof(algorithm));
	ok = md != NULL && HASH(md, a1, user, realm, password) && (!session || HASH(md, a1, a1, nonce, cnonce)) &&
	     HASH(md, a2, "CONNECT", uri) &&
	     (has_qop ? HASH(md, response, a1, nonce, NONCE_COUNT, cnonce, "auth", a2) : HASH(md, response, a1, nonce, a2));
	OPENSSL_cleanse(a1, sizeof(a1));
	if (!ok)
		return false;
	buffer_puts(out, "Digest ");
	put_quoted(out, "username", user);
	put_quoted(out, ", realm", realm);
	put_quoted(out, ", nonce", nonce);
	put_quoted(out, ", uri", uri);
	put_quoted(out, ", response", response);
	if (algorithm[0] != '\0')
		buffer_printf(out, ", algorithm=%s", algorithm);
	if (opaque[0] != '\0')
		put_quoted(out, ", opaque", opaque);
	if (has_qop)
		buffer_printf(out, ", qop=auth, nc=" NONCE_COUNT ", cnonce=\"%s\"", cnonce);
	return !out->failed;
}

bool probe_auth_header(struct buffer *out, enum probe_auth method, const struct probe_challenge *challenge, const char *user,
		       const char *password, const char *uri, const char *cnonce)
{
	unsigned char bytes[8];
	char random[17];

	if (method == PROBE_AUTH_BASIC)
		return basic_header(out, user, password);
	if (method != PROBE_AUTH_DIGEST)
		return false;
	if (cnonce == NULL) {
		if (RAND_bytes(bytes, sizeof(bytes)) != 1)
			return false;
		for (size_t i = 0; i < sizeof(bytes); i++)
			snprintf(random + i * 2, 3, "%02x", bytes[i]);
		cnonce = random;
	}
	return digest_header(out, challenge->digest, user, password, uri, cnonce);
}
