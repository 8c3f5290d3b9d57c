#include "diagnose/proxy_judge.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/probe_login.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What proxies say of the reason, in words of their own: X-Squid-Error, and the tokens of Proxy-Status (RFC 9209). */
static const struct { const char *word; enum finding finding; } words[] = {
	{ "ERR_DNS_FAIL", FINDING_PROXY_CANNOT_RESOLVE },
	{ "ERR_CONNECT_FAIL 111", FINDING_PROXY_UPSTREAM_REFUSED },
	{ "ERR_CONNECT_FAIL 110", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "ERR_READ_TIMEOUT", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "ERR_ACCESS_DENIED", FINDING_PROXY_DENIED_DESTINATION },
	{ "Access Denied", FINDING_PROXY_DENIED_DESTINATION },	/* with a redirect of its own (deny_info) */
	{ "ERR_CACHE_ACCESS_DENIED", FINDING_PROXY_AUTH_REQUIRED },
	{ "ERR_UNSUP_REQ", FINDING_PROXY_CONNECT_UNSUPPORTED },
	{ "dns_timeout", FINDING_PROXY_CANNOT_RESOLVE },
	{ "dns_error", FINDING_PROXY_CANNOT_RESOLVE },
	{ "destination_not_found", FINDING_PROXY_CANNOT_RESOLVE },
	{ "connection_refused", FINDING_PROXY_UPSTREAM_REFUSED },
	{ "connection_timeout", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "connection_read_timeout", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "destination_ip_prohibited", FINDING_PROXY_DENIED_DESTINATION },
	{ "http_request_denied", FINDING_PROXY_DENIED_DESTINATION },
	{ "proxy_loop_detected", FINDING_PROXY_LOOP },
};

static const struct { unsigned int first, last; enum finding finding; } statuses[] = {
	{ 300, 399, FINDING_PROXY_CAPTIVE_PORTAL }, { 403, 403, FINDING_PROXY_DENIED_DESTINATION },
	{ 451, 451, FINDING_PROXY_DENIED_DESTINATION }, { 400, 402, FINDING_PROXY_CONNECT_UNSUPPORTED },
	{ 404, 406, FINDING_PROXY_CONNECT_UNSUPPORTED }, { 501, 501, FINDING_PROXY_CONNECT_UNSUPPORTED },
	{ 508, 508, FINDING_PROXY_LOOP }, { 511, 511, FINDING_PROXY_CAPTIVE_PORTAL },
	{ 504, 504, FINDING_PROXY_UPSTREAM_TIMEOUT }, { 408, 408, FINDING_PROXY_DROPPED_CONNECT },
	{ 400, 999, FINDING_PROXY_UPSTREAM_ERROR },
};

static enum finding judge_login(unsigned int offered, bool login)
{
	/* One that names no method at all leaves it open. */
	if (offered != 0 && (offered & probe_login_methods()) == 0)
		return FINDING_PROXY_AUTH_METHOD_UNSUPPORTED;
	return login ? FINDING_PROXY_AUTH_REJECTED : FINDING_PROXY_AUTH_REQUIRED;
}

/* Does the text hold the word, not as part of a longer one? "ERR_CONNECT_FAIL 11" is not 111. */
static bool holds(const char *text, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t n = strlen(word);

	for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
		if ((p == text || strchr(letters, p[-1]) == NULL) && (p[n] == '\0' || strchr(letters, p[n]) == NULL))
			return true;
	}
	return false;
}

/* The same proxy twice in Via: the request came round. */
static bool via_repeats(const char *via)
{
	char copy[256], *save, *entry, *seen[32];
	size_t n = 0;

	strncpy(copy, via, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	for (entry = strtok_r(copy, ",", &save); entry != NULL && n < COUNT(seen); entry = strtok_r(NULL, ",", &save)) {
		char *name = entry + strspn(entry, " ");

		name += strcspn(name, " ");		/* the protocol */
		name += strspn(name, " ");
		name[strcspn(name, " ")] = '\0';
		for (size_t i = 0; i < n; i++) {
			if (name[0] != '\0' && strcmp(seen[i], name) == 0)
				return true;
		}
		seen[n++] = name;
	}
	return false;
}

/* What the page says, where no header does: those of tinyproxy, Privoxy, Apache, and of the libraries
 * that people write proxies with (Go, Node, Python, Java). Any case. */
static const struct { const char *phrase; enum finding finding; } phrases[] = {
	{ "no such domain", FINDING_PROXY_CANNOT_RESOLVE },
	{ "dns lookup failure", FINDING_PROXY_CANNOT_RESOLVE },
	{ "dns resolution fail", FINDING_PROXY_CANNOT_RESOLVE },
	{ "dns error", FINDING_PROXY_CANNOT_RESOLVE },
	{ "name or service not known", FINDING_PROXY_CANNOT_RESOLVE },
	{ "temporary failure in name resolution", FINDING_PROXY_CANNOT_RESOLVE },
	{ "could not resolve", FINDING_PROXY_CANNOT_RESOLVE },
	{ "cannot resolve", FINDING_PROXY_CANNOT_RESOLVE },
	{ "unable to resolve", FINDING_PROXY_CANNOT_RESOLVE },
	{ "host not found", FINDING_PROXY_CANNOT_RESOLVE },
	{ "unknown host", FINDING_PROXY_CANNOT_RESOLVE },
	{ "unknownhost", FINDING_PROXY_CANNOT_RESOLVE },
	{ "no such host", FINDING_PROXY_CANNOT_RESOLVE },
	{ "enotfound", FINDING_PROXY_CANNOT_RESOLVE },
	{ "nodename nor servname", FINDING_PROXY_CANNOT_RESOLVE },
	{ "no address associated", FINDING_PROXY_CANNOT_RESOLVE },
	{ "econnrefused", FINDING_PROXY_UPSTREAM_REFUSED },
	{ "connection refused", FINDING_PROXY_UPSTREAM_REFUSED },
	{ "timed out", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "i/o timeout", FINDING_PROXY_UPSTREAM_TIMEOUT },
	{ "etimedout", FINDING_PROXY_UPSTREAM_TIMEOUT },
};

static bool holds_phrase(const char *text, size_t n, const char *phrase)
{
	size_t len = strlen(phrase);

	for (size_t i = 0; i + len <= n; i++) {
		if (strncasecmp(text + i, phrase, len) == 0)
			return true;
	}
	return false;
}

/* Only of answers that are about the way behind the proxy: a web server's "not found" page has its own words. */
enum finding proxy_judge_page(const struct probe_exchange *e)
{
	unsigned int status = e->head.status;

	if (status != 400 && status != 404 && (status < 500 || status == 501 || status == 511))
		return FINDING_NONE;
	for (size_t i = 0; i < COUNT(phrases); i++) {
		if (holds_phrase(e->head.reason, strlen(e->head.reason), phrases[i].phrase) ||
		    holds_phrase(e->body, e->body_len, phrases[i].phrase))
			return phrases[i].finding;
	}
	return FINDING_NONE;
}

enum finding proxy_judge_answer(const struct probe_http_head *head, unsigned int offered, bool login)
{
	/* Some say 401 to a login that they asked for with 407, and do not like. */
	if (head->status == 407 || (head->status == 401 && offered != 0))
		return judge_login(offered, login);
	if (via_repeats(head->via))
		return FINDING_PROXY_LOOP;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (holds(head->squid_error, words[i].word) || holds(head->proxy_status, words[i].word))
			return words[i].finding;
	}
	for (size_t i = 0; i < COUNT(statuses); i++) {
		if (head->status >= statuses[i].first && head->status <= statuses[i].last)
			return statuses[i].finding;
	}
	return FINDING_PROXY_DROPPED_CONNECT;
}

enum finding proxy_judge_protocol(enum probe_protocol protocol)
{
	switch (protocol) {
	case PROBE_PROTOCOL_TLS: return FINDING_PROXY_NEEDS_TLS;
	case PROBE_PROTOCOL_SOCKS5:
	case PROBE_PROTOCOL_SOCKS4: return FINDING_PROXY_IS_SOCKS;
	case PROBE_PROTOCOL_SSH:
	case PROBE_PROTOCOL_SMTP:
	case PROBE_PROTOCOL_FTP:
	case PROBE_PROTOCOL_POP_IMAP:
	case PROBE_PROTOCOL_TEXT:
	case PROBE_PROTOCOL_BINARY: return FINDING_PROXY_NOT_HTTP;
	case PROBE_PROTOCOL_NOTHING:
	case PROBE_PROTOCOL_HTTP:
	case PROBE_PROTOCOL_HTML: break;
	}
	return FINDING_NONE;
}
