#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/redact.h"

#include <openssl/evp.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_MAX 64
#define KNOWN_BYTES 4096
#define LINE_MAX_BYTES (256u * 1024)
#define MATCH_LIMIT 2000000

/* A word that names a secret. */
#define NAME "(?:passw(?:or)?d|passwd|pwd|pass-?phrase|passcode|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|" \
	     "credential|session[_-]?id)"
#define VALUE "(?:\"(?:[^\"\\\\]|\\\\.)*\"?|'[^']*'?|[^\\s&;,<>\"']+)"

/* The nets, in their order. All ignore case unless they say otherwise. None begins with a repetition without an end: it would be
 * tried from every byte of a long word to its end, and a line of 32 kB without a blank took a minute. */
static const struct net {
	const char *pattern, *replacement;
} nets[] = {
	/* A header's value runs to the end of the line. */
	{ "\\b((?:proxy-)?authorization|authentication-info|(?:set-)?cookie2?|x-[a-z0-9-]{0,40}?(?:key|token|auth|secret)[a-z0-9-]*+)"
	  "([\"']?\\s*[:=]\\s*)\\S.*$", "$1$2" REDACT_MARK },
	/* scheme://user:password@host, also with a password that should have been encoded. */
	{ "([a-z][a-z0-9+.-]{0,30}://)[^\\s/?#\"'<>]*@", "$1" REDACT_MARK "@" },
	{ "([a-z][a-z0-9+.-]{0,30}://)[^\\s/:@\"'<>]+:[^\\s\"'<>]*@", "$1" REDACT_MARK "@" },
	/* A login scheme with its token; "Basic authentication" is prose. */
	{ "\\b(basic|bearer|negotiate|ntlm)\\s+(?!realm=)(?-i:(?=\\S*[a-z][A-Z]|\\S*[0-9=+/_]))[a-z0-9+/=._~-]{6,}", "$1 " REDACT_MARK },
	/* <password>...</password> */
	{ "(<[a-z0-9_.:-]*" NAME "[a-z0-9_.:-]*(?:\\s[^<>]*)?>)[^<]+", "$1" REDACT_MARK },
	/* --password VALUE */
	{ "((?:^|\\s)--?[a-z0-9-]*" NAME "[a-z0-9-]*\\s+)" VALUE, "$1" REDACT_MARK },
	/* curl -u user:password */
	{ "((?:^|\\s)-u\\s*)[^\\s:]+:\\S+", "$1" REDACT_MARK },
	/* password: the rest of the line; a pass phrase has spaces. */
	{ "((?:passw(?:or)?d|passwd|pwd|pass-?phrase)[a-z0-9_.-]*+[\"']?\\s*:\\s+)(?!\")\\S.*$", "$1" REDACT_MARK },
	/* name=value, name: value, "name": "value", name => value */
	{ "(" NAME "[a-z0-9_.-]*+[\"']?\\s*(?:=>|[:=])\\s*)" VALUE, "$1" REDACT_MARK },
	/* Tokens that are known by their look. */
	{ "\\beyJ[a-z0-9_-]{8,}\\.[a-z0-9_-]{8,}\\.[a-z0-9_-]*", REDACT_MARK },
	{ "\\b(?:gh[pousr]_\\w{20,}|glpat-[a-z0-9_-]{16,}|xox[abprs]-[a-z0-9-]{10,}|(?-i:AKIA[0-9A-Z]{16}))", REDACT_MARK },
};
#define NETS (sizeof(nets) / sizeof(nets[0]))
#define NET_HEADER 0

struct redactor {
	struct {
		char *text;
		size_t n;
	} known[KNOWN_MAX];
	size_t known_count;
	pcre2_code *codes[NETS];
	pcre2_code *name;		/* of a JSON key */
	pcre2_match_context *limits;
	size_t count;
	bool in_key;			/* between BEGIN and END of a private key */
	bool after_header;		/* the next line may be the rest of a folded header */
};

static pcre2_code *compile(const char *pattern)
{
	int error;
	PCRE2_SIZE where;

	return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_CASELESS | PCRE2_DOTALL, &error, &where, NULL);
}

struct redactor *redactor_new(void)
{
	struct redactor *r = calloc(1, sizeof(*r));
	bool ok = true;

	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < NETS; i++) {
		r->codes[i] = compile(nets[i].pattern);
		ok = ok && r->codes[i] != NULL;
	}
	r->name = compile(NAME "|^(?:proxy-)?authorization$|^(?:set-)?cookie$");
	r->limits = pcre2_match_context_create(NULL);
	if (!ok || r->name == NULL || r->limits == NULL) {
		redactor_free(r);
		return NULL;
	}
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	return r;
}

void redactor_free(struct redactor *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->known_count; i++) {
		explicit_bzero(r->known[i].text, r->known[i].n);
		free(r->known[i].text);
	}
	for (size_t i = 0; i < NETS; i++)
		pcre2_code_free(r->codes[i]);
	pcre2_code_free(r->name);
	pcre2_match_context_free(r->limits);
	free(r);
}

size_t redactor_count(const struct redactor *r)
{
	return r->count;
}

/* --- what is known ------------------------------------------------------------------------------------------------------- */

static bool know(struct redactor *r, const char *text, size_t n)
{
	if (n < REDACT_LEAST)
		return true;
	for (size_t i = 0; i < r->known_count; i++) {
		if (r->known[i].n == n && memcmp(r->known[i].text, text, n) == 0)
			return true;
	}
	if (r->known_count == KNOWN_MAX)
		return false;
	r->known[r->known_count].text = malloc(n + 1);
	if (r->known[r->known_count].text == NULL)
		return false;
	memcpy(r->known[r->known_count].text, text, n);
	r->known[r->known_count++].n = n;
	return true;
}

/* As it stands in a URL: every byte that may be encoded is, in upper and in lower case; or only those that must be. */
static bool know_encoded(struct redactor *r, const char *secret)
{
	static const char *const kept[] = { "-._~", "-._~!$&'()*+,;=:@/" };
	bool ok = true;

	for (size_t k = 0; k < 2; k++) {
		for (size_t f = 0; f < 2; f++) {
			struct buffer b = BUFFER_INIT(KNOWN_BYTES);

			for (const char *p = secret; *p != '\0'; p++) {
				bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
					     strchr(kept[k], *p) != NULL;

				if (plain)
					buffer_putc(&b, *p);
				else
					buffer_printf(&b, f == 0 ? "%%%02X" : "%%%02x", (unsigned int)(unsigned char)*p);
			}
			ok = ok && !b.failed && know(r, buffer_text(&b), b.len);
			buffer_wipe(&b);
		}
	}
	return ok;
}

/* As it stands in JSON, and in XML or HTML. */
static bool know_escaped(struct redactor *r, const char *secret)
{
	static const char *const xml[][2] = { { "&", "&amp;" }, { "<", "&lt;" }, { ">", "&gt;" }, { "\"", "&quot;" },
					      { "'", "&apos;" } };
	json_t *string = json_string(secret);
	char *json = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	struct buffer b = BUFFER_INIT(KNOWN_BYTES);
	bool ok = true;

	if (json != NULL && strlen(json) > 2)
		ok = know(r, json + 1, strlen(json) - 2);
	for (const char *p = secret; *p != '\0'; p++) {
		size_t i = 0;

		while (i < sizeof(xml) / sizeof(xml[0]) && xml[i][0][0] != *p)
			i++;
		if (i < sizeof(xml) / sizeof(xml[0]))
			buffer_puts(&b, xml[i][1]);
		else
			buffer_putc(&b, *p);
	}
	ok = ok && !b.failed && know(r, buffer_text(&b), b.len);
	buffer_wipe(&b);
	json_decref(string);
	if (json != NULL)
		explicit_bzero(json, strlen(json));
	free(json);
	return ok;
}

/* The Basic login: base64 of user:password (RFC 7617). */
static bool know_login(struct redactor *r, const char *user, const char *secret)
{
	struct buffer plain = BUFFER_INIT(KNOWN_BYTES / 2);
	unsigned char coded[KNOWN_BYTES];
	bool ok = true;
	int n;

	buffer_printf(&plain, "%s:%s", user, secret);
	if (!plain.failed) {
		n = EVP_EncodeBlock(coded, (const unsigned char *)buffer_text(&plain), (int)plain.len);
		/* The padding is often left out. */
		while (n > 0 && coded[n - 1] == '=')
			n--;
		ok = know(r, (const char *)coded, (size_t)n);
	}
	explicit_bzero(coded, sizeof(coded));
	buffer_wipe(&plain);
	return ok && !plain.failed;
}

bool redactor_add(struct redactor *r, const char *user, const char *secret)
{
	if (strlen(secret) < REDACT_LEAST)
		return user == NULL || secret[0] == '\0' || know_login(r, user, secret);
	return know(r, secret, strlen(secret)) && know_encoded(r, secret) && know_escaped(r, secret) &&
	       know_login(r, user != NULL ? user : "", secret);
}

/* --- a line ---------------------------------------------------------------------------------------------------------------- */

static bool remove_known(struct redactor *r, struct buffer *line)
{
	for (size_t i = 0; i < r->known_count; i++) {
		struct buffer out = BUFFER_INIT(2 * LINE_MAX_BYTES);
		const char *p = buffer_text(line), *end = p + line->len, *hit;

		if (memmem(p, line->len, r->known[i].text, r->known[i].n) == NULL)
			continue;
		while ((hit = memmem(p, (size_t)(end - p), r->known[i].text, r->known[i].n)) != NULL) {
			buffer_append(&out, p, (size_t)(hit - p));
			buffer_puts(&out, REDACT_MARK);
			p = hit + r->known[i].n;
			r->count++;
		}
		buffer_append(&out, p, (size_t)(end - p));
		if (out.failed) {
			buffer_wipe(&out);
			return false;
		}
		buffer_wipe(line);
		*line = out;
	}
	return true;
}

/* Casts one net over the line. False when that could not be done. */
static bool cast(struct redactor *r, size_t net, struct buffer *line, bool *caught)
{
	PCRE2_SIZE n = line->len * 2 + 4096;
	char *out;
	int rc;

	*caught = false;
	out = malloc(n);
	if (out == NULL)
		return false;
	rc = pcre2_substitute(r->codes[net], (PCRE2_SPTR)buffer_text(line), line->len, 0, PCRE2_SUBSTITUTE_GLOBAL, NULL, r->limits,
			      (PCRE2_SPTR)nets[net].replacement, PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)out, &n);
	if (rc > 0) {
		struct buffer changed = BUFFER_INIT(line->max);

		*caught = true;
		buffer_append(&changed, out, n);
		if (changed.failed)
			rc = -1;
		/* What was removed before is caught again, and is no news. */
		if (changed.len != line->len || memcmp(changed.data, line->data, line->len) != 0)
			r->count += (size_t)rc;
		buffer_wipe(line);
		*line = changed;
	}
	free(out);
	return rc >= 0;
}

static bool has(const struct buffer *line, const char *text)
{
	return memmem(buffer_text(line), line->len, text, strlen(text)) != NULL;
}

/* A private key, on one line or on many. */
static bool in_private_key(struct redactor *r, const struct buffer *line)
{
	bool begins = has(line, "PRIVATE KEY-----") && has(line, "-----BEGIN");

	if (!r->in_key && !begins)
		return false;
	r->in_key = !has(line, "-----END");
	r->count += begins;
	return true;
}

static bool is_folded(const struct redactor *r, const struct buffer *line)
{
	return r->after_header && line->len > 1 && (line->data[0] == ' ' || line->data[0] == '\t');
}

static void clean_line(struct redactor *r, struct buffer *line)
{
	bool ok = line->len < LINE_MAX_BYTES && !line->failed, caught, header = false;

	if (ok && (in_private_key(r, line) || is_folded(r, line))) {
		buffer_wipe(line);
		buffer_puts(line, REDACT_MARK);
		return;
	}
	ok = ok && remove_known(r, line);
	for (size_t i = 0; i < NETS && ok; i++) {
		ok = cast(r, i, line, &caught);
		header = header || (i == NET_HEADER && caught);
	}
	r->after_header = header;
	if (!ok) {
		buffer_wipe(line);
		buffer_puts(line, REDACT_MARK);
		r->count++;
	}
}

bool redact_text(struct redactor *r, const char *text, size_t n, struct buffer *out)
{
	const char *p = text, *end = text + n;

	r->in_key = false;
	r->after_header = false;
	while (p < end && !out->failed) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((stop != NULL ? stop : end) - p);
		struct buffer line = BUFFER_INIT(2 * LINE_MAX_BYTES);

		buffer_append(&line, p, len);
		clean_line(r, &line);
		buffer_append(out, buffer_text(&line), line.len);
		if (stop != NULL)
			buffer_putc(out, '\n');
		if (line.failed)
			out->failed = true;
		buffer_wipe(&line);
		p += len + (stop != NULL);
	}
	return !out->failed;
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------ */

static json_t *redact_string(struct redactor *r, const json_t *value)
{
	struct buffer out = BUFFER_INIT(4 * LINE_MAX_BYTES);
	json_t *string = NULL;

	if (redact_text(r, json_string_value(value), json_string_length(value), &out))
		string = json_stringn(buffer_text(&out), out.len);
	if (string == NULL)
		string = json_string(REDACT_MARK);
	buffer_wipe(&out);
	return string;
}

static bool names_secret(const struct redactor *r, const char *key)
{
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	int rc = match != NULL ? pcre2_match(r->name, (PCRE2_SPTR)key, strlen(key), 0, 0, match, NULL) : 0;

	pcre2_match_data_free(match);
	return rc != PCRE2_ERROR_NOMATCH;
}

static bool is_secret_text(const struct redactor *r, const char *key, const json_t *item)
{
	return (json_is_string(item) || json_is_array(item)) && names_secret(r, key);
}

json_t *redact_json(struct redactor *r, const json_t *value)
{
	json_t *copy, *item;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return redact_string(r, value);
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach(value, i, item)
			json_array_append_new(copy, redact_json(r, item));
		return copy;
	}
	if (json_is_object(value)) {
		copy = json_object();
		json_object_foreach((json_t *)(uintptr_t)value, key, item) {
			bool secret = is_secret_text(r, key, item);

			r->count += secret;
			json_object_set_new(copy, key, secret ? json_string(REDACT_MARK) : redact_json(r, item));
		}
		return copy;
	}
	return json_deep_copy(value);
}
