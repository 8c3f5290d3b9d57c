#include "net/http_error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

static char *place(char *dst, const char *host, long port, const char *address)
{
	bool v6 = strchr(host, ':') != NULL;
	char clean[256];

	text_safe(clean, sizeof(clean), host);
	snprintf(dst, HTTP_PLACE_MAX, "%s%s%s:%ld", v6 ? "[" : "", clean, v6 ? "]" : "", port);
	if (address != NULL && address[0] != '\0' && strcmp(address, host) != 0) {
		size_t used = strlen(dst);

		snprintf(dst + used, HTTP_PLACE_MAX - used, " (%s)", address);
	}
	return dst;
}

char *http_place(char *dst, const struct http_facts *f)
{
	/* Through a proxy the addresses are the proxy's. */
	return place(dst, f->host, f->port, f->proxy == NULL ? f->address : NULL);
}

char *http_proxy_place(char *dst, const struct http_facts *f)
{
	return place(dst, f->proxy->host, f->proxy->port, f->address);
}

/* --- names and connections ----------------------------------------------------------------------------------- */

static bool explain_resolve(const struct http_facts *f, struct error *err)
{
	static const struct { enum http_resolve resolve; enum finding code; const char *why; } rows[] = {
		{ HTTP_RESOLVE_NO_NAME, FINDING_DNS_NXDOMAIN, N_("the name servers say that it does not exist") },
		{ HTTP_RESOLVE_NO_ADDRESS, FINDING_DNS_NO_ADDRESS, N_("the name exists, but it has no address") },
		{ HTTP_RESOLVE_TIMEOUT, FINDING_DNS_TIMEOUT, N_("the name servers did not answer in time") },
		{ HTTP_RESOLVE_FAILED, FINDING_DNS_SERVFAIL, N_("the name servers could not answer") },
		{ HTTP_RESOLVE_UNKNOWN, FINDING_DNS_SERVFAIL, N_("the look-up failed") },
	};
	char host[256];
	size_t i = 0;

	while (rows[i].resolve != f->resolve && rows[i].resolve != HTTP_RESOLVE_UNKNOWN)
		i++;
	return error_set(err, rows[i].code, _("cannot resolve %s: %s"), text_safe(host, sizeof(host), f->host),
			 _(rows[i].why));
}

static bool explain_connect(const struct http_facts *f, struct error *err)
{
	static const struct { int sys_errno; enum finding code; const char *why; } rows[] = {
		{ ECONNREFUSED, FINDING_TCP_REFUSED, N_("connection refused: nothing listens there, or a firewall rejects it") },
		{ ECONNRESET, FINDING_TCP_REJECTED_RESET, N_("the connection was reset") },
		{ ETIMEDOUT, FINDING_TCP_TIMEOUT, N_("no answer to the connection") },
		{ EHOSTUNREACH, FINDING_TCP_HOST_UNREACHABLE, N_("no route to the host") },
		{ ENETUNREACH, FINDING_TCP_NET_UNREACHABLE, N_("the network is unreachable") },
		{ EACCES, FINDING_TCP_ADMIN_PROHIBITED, N_("a router or firewall says that this is prohibited") },
		{ EPERM, FINDING_LOCAL_FIREWALL_REJECT, N_("this machine's own firewall forbids it") },
		{ ENOPROTOOPT, FINDING_TCP_PROTOCOL_UNREACHABLE, N_("the host says that it has no TCP there") },
		{ EADDRNOTAVAIL, FINDING_NO_ADDRESS, N_("this machine has no address to connect from") },
		{ ENETDOWN, FINDING_LINK_DOWN, N_("the network interface is down") },
		{ EMFILE, FINDING_OUT_OF_DESCRIPTORS, N_("no free file descriptor") },
		{ ENFILE, FINDING_OUT_OF_DESCRIPTORS, N_("no free file descriptor") },
		{ 0, FINDING_TCP_TIMEOUT, N_("no connection") },
	};
	char where[HTTP_PLACE_MAX];
	size_t i = 0;

	while (rows[i].sys_errno != f->sys_errno && rows[i].sys_errno != 0)
		i++;
	error_set(err, rows[i].code, _("cannot connect to %s: %s"), http_place(where, f), _(rows[i].why));
	if (err != NULL)
		err->sys_errno = f->sys_errno;
	return false;
}

/* --- what came, or did not ----------------------------------------------------------------------------------- */

static bool explain_timeout(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX], host[256];
	double seconds = (double)f->elapsed_ms / 1000;

	http_place(where, f);
	switch (f->phase) {
	case HTTP_PHASE_RESOLVE:
		return error_set(err, FINDING_DNS_TIMEOUT, _("cannot resolve %s: no answer within %.1f s"),
				 text_safe(host, sizeof(host), f->host), seconds);
	case HTTP_PHASE_CONNECT:
	case HTTP_PHASE_PROXY:
		return error_set(err, FINDING_TCP_TIMEOUT, _("cannot connect to %s: no answer within %.1f s"), where,
				 seconds);
	case HTTP_PHASE_TLS:
		return error_set(err, FINDING_TLS_SILENT,
				 _("%s accepted the connection and then said nothing for %.1f s"), where, seconds);
	case HTTP_PHASE_REQUEST:
		return error_set(err, FINDING_HTTP_NO_RESPONSE, _("%s did not answer the request within %.1f s"), where,
				 seconds);
	case HTTP_PHASE_BODY:
		break;
	}
	return error_set(err, FINDING_HTTP_STALLED, _("%s stopped sending after %" PRId64 " bytes"), where, f->got);
}

static bool explain_slow(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	http_place(where, f);
	if (f->phase < HTTP_PHASE_BODY)
		return error_set(err, FINDING_HTTP_NO_RESPONSE, _("%s did not answer the request within %ld s"), where,
				 f->rate_window_s);
	if (f->rate == 0)
		return error_set(err, FINDING_HTTP_STALLED,
				 _("%s stopped sending after %" PRId64 " bytes and sent nothing for %ld s"), where,
				 f->got, f->rate_window_s);
	return error_set(err, FINDING_HTTP_TOO_SLOW,
			 _("%s sent only %" PRId64 " bytes a second over %ld s; at least %ld are needed"), where, f->rate,
			 f->rate_window_s, f->rate_limit);
}

static bool explain_too_large(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	http_place(where, f);
	if (f->expected > f->max_bytes)
		return error_set(err, FINDING_HTTP_TOO_LARGE,
				 _("%s announces %" PRId64 " bytes; at most %" PRId64 " are allowed here"), where,
				 f->expected, f->max_bytes);
	return error_set(err, FINDING_HTTP_TOO_LARGE, _("%s sent more than the %" PRId64 " bytes allowed here"), where,
			 f->max_bytes);
}

static bool explain_truncated(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	http_place(where, f);
	if (f->expected >= 0)
		return error_set(err, FINDING_HTTP_TRUNCATED,
				 _("%s closed the connection after %" PRId64 " of %" PRId64 " bytes"), where, f->got,
				 f->expected);
	return error_set(err, FINDING_HTTP_TRUNCATED, _("%s closed the connection in the middle, after %" PRId64 " bytes"),
			 where, f->got);
}

static bool explain_cut(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	http_place(where, f);
	if (strstr(f->curl_text, "chunked-encoding") != NULL)
		return error_set(err, FINDING_HTTP_BAD_HEADER,
				 _("%s sent an answer whose chunks are malformed, after %" PRId64 " bytes"), where, f->got);
	if (f->phase == HTTP_PHASE_BODY)
		return error_set(err, FINDING_HTTP_RESET, _("the connection to %s broke after %" PRId64 " bytes"), where,
				 f->got);
	return error_set(err, FINDING_HTTP_RESET, _("the connection to %s broke before an answer came"), where);
}

static bool explain_status(const struct http_facts *f, struct error *err)
{
	static const struct { long status; enum finding code; const char *why; } rows[] = {
		{ 401, FINDING_HTTP_UNAUTHORIZED, N_("it wants a login") },
		{ 403, FINDING_HTTP_FORBIDDEN, N_("it refuses access") },
		{ 404, FINDING_HTTP_NOT_FOUND, N_("there is no such file") },
		{ 408, FINDING_HTTP_NO_RESPONSE, N_("it gave up waiting for the request") },
		{ 410, FINDING_HTTP_GONE, N_("the file was there once and is gone for good") },
		{ 421, FINDING_HTTP_PROTOCOL_ERROR, N_("it does not serve this host name") },
		{ 429, FINDING_HTTP_RATE_LIMITED, N_("it received too many requests from here") },
		{ 451, FINDING_HTTP_FORBIDDEN, N_("it may not give the file here for legal reasons") },
		{ 511, FINDING_HTTP_CAPTIVE_PORTAL, N_("the network wants a login first") },
	};
	char where[HTTP_PLACE_MAX], path[256], server[80];

	http_place(where, f);
	text_safe(path, sizeof(path), f->path);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == f->status)
			return error_set(err, rows[i].code, _("%s answered %ld for %s: %s"), where, f->status, path,
					 _(rows[i].why));
	if (f->status >= 500)
		return error_set(err, FINDING_HTTP_SERVER_ERROR, _("%s answered %ld for %s: the server%s%s has an error of its own"),
				 where, f->status, path, f->server[0] != '\0' ? " " : "",
				 text_safe(server, sizeof(server), f->server));
	return error_set(err, FINDING_HTTP_PROTOCOL_ERROR, _("%s answered %ld for %s, which makes no sense here"), where,
			 f->status, path);
}

/* --- ssh and ftp --------------------------------------------------------------------------------------------- */

static bool explain_host_key(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX], host[256];
	const char *fingerprint = strchr(f->host_key, ' ');

	text_safe(host, sizeof(host), f->host);
	if (f->host_key_changed) {
		error_set(err, FINDING_SSH_HOST_KEY_CHANGED,
			  _("%s shows another ssh host key (%s) than the one in %s: the server was set up anew, or somebody stands in between"),
			  http_place(where, f), f->host_key, f->known_hosts);
		return error_next(err,
				  _("Ask the server's administrator for its key's fingerprint; if the key did change, take the old one out (ssh-keygen -f %s -R '[%s]:%ld') and try again."),
				  f->known_hosts, host, f->port);
	}
	error_set(err, FINDING_SSH_HOST_KEY_UNKNOWN, _("the ssh host key of %s is not in %s; it shows %s"),
		  http_place(where, f), f->known_hosts, f->host_key);
	return error_next(err,
			  _("Ask the server's administrator whether that is its key; if so, add --host-key %s once, which keeps it."),
			  fingerprint != NULL ? fingerprint + 1 : "SHA256:...");
}

static bool explain_login(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	error_set(err, FINDING_LOGIN_REFUSED, _("%s refused the %s login"), http_place(where, f), f->scheme);
	if (strcmp(f->scheme, "ftp") == 0)
		return error_next(err,
				  _("Put \"machine %s login USER password ...\" into a file, mode 0600, and name it in the setting source.login_file."),
				  f->host);
	return error_next(err,
			  _("Name the user in the address (%s://USER@%s/...) and a key that the server knows in the setting source.ssh_key, or a file with the login, mode 0600, in source.login_file."),
			  f->scheme, f->host);
}

/* --- the dispatch -------------------------------------------------------------------------------------------- */

static bool explain_bad_header(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	return error_set(err, FINDING_HTTP_BAD_HEADER, _("%s sent an answer whose header is malformed or too large"),
			 http_place(where, f));
}

static bool explain_other(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX], text[256];

	http_place(where, f);
	/* libcurl takes what is no HTTP at all for HTTP/0.9, and refuses that. */
	if (f->code == CURLE_UNSUPPORTED_PROTOCOL && f->phase == HTTP_PHASE_REQUEST)
		return explain_bad_header(f, err);
	text_safe(text, sizeof(text), f->curl_text[0] != '\0' ? f->curl_text : curl_easy_strerror(f->code));
	return error_set(err, FINDING_HTTP_PROTOCOL_ERROR, _("the exchange with %s failed: %s"), where, text);
}

static bool explain_empty(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	return error_set(err, FINDING_HTTP_EMPTY_REPLY, _("%s closed the connection without any answer"),
			 http_place(where, f));
}

static bool explain_encoding(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	return error_set(err, FINDING_HTTP_BAD_ENCODING, _("%s sent an answer with an encoding that cannot be undone"),
			 http_place(where, f));
}

static bool explain_memory(const struct http_facts *f, struct error *err)
{
	/* libcurl says "out of memory" for a header line above its limit. */
	if (f->phase >= HTTP_PHASE_REQUEST)
		return explain_bad_header(f, err);
	return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool explain_missing(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX], path[256];

	return error_set(err, FINDING_BUNDLE_NOT_FOUND, _("%s has no file %s"), http_place(where, f),
			 text_safe(path, sizeof(path), f->path));
}

static bool explain_denied(const struct http_facts *f, struct error *err)
{
	char where[HTTP_PLACE_MAX], path[256];

	return error_set(err, FINDING_HTTP_FORBIDDEN, _("%s refuses access to %s"), http_place(where, f),
			 text_safe(path, sizeof(path), f->path));
}

static const struct {
	CURLcode code;
	bool (*explain)(const struct http_facts *f, struct error *err);
} by_code[] = {
	{ CURLE_OK, explain_status },
	{ CURLE_COULDNT_RESOLVE_HOST, explain_resolve },
	{ CURLE_COULDNT_CONNECT, explain_connect },
	{ CURLE_OPERATION_TIMEDOUT, explain_timeout },
	{ CURLE_FTP_ACCEPT_TIMEOUT, explain_timeout },
	{ CURLE_GOT_NOTHING, explain_empty },
	{ CURLE_PARTIAL_FILE, explain_truncated },
	{ CURLE_RECV_ERROR, explain_cut },
	{ CURLE_SEND_ERROR, explain_cut },
	{ CURLE_WEIRD_SERVER_REPLY, explain_bad_header },
	{ CURLE_BAD_CONTENT_ENCODING, explain_encoding },
	{ CURLE_OUT_OF_MEMORY, explain_memory },
	{ CURLE_FILESIZE_EXCEEDED, explain_too_large },
	{ CURLE_REMOTE_FILE_NOT_FOUND, explain_missing },
	{ CURLE_FTP_COULDNT_RETR_FILE, explain_missing },
	{ CURLE_REMOTE_ACCESS_DENIED, explain_denied },
	{ CURLE_LOGIN_DENIED, explain_login },
};

static bool explain_code(const struct http_facts *f, struct error *err)
{
	if (f->host_key_unknown || f->host_key_changed)
		return explain_host_key(f, err);
	for (size_t i = 0; i < sizeof(by_code) / sizeof(by_code[0]); i++)
		if (by_code[i].code == f->code)
			return by_code[i].explain(f, err);
	return explain_other(f, err);
}

/* After a redirect it is the second host that cannot be reached, and the first one that sent us there. */
static void blame_second_host(const struct http_facts *f, struct error *err)
{
	enum finding_area area;
	char from[256];
	size_t used;

	if (err == NULL || f->redirected_from == NULL)
		return;
	area = finding_info(err->code)->area;
	if (area == AREA_DNS || area == AREA_TCP || area == AREA_LOCAL)
		err->code = FINDING_HTTP_REDIRECT_BLOCKED;
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, _(" (redirected there by %s)"),
		 text_safe(from, sizeof(from), f->redirected_from));
}

static void mention_bypass(const struct http_facts *f, struct error *err)
{
	size_t used;

	if (err == NULL || !f->bypassed || f->phase >= HTTP_PHASE_TLS)
		return;
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used,
		 _(" (asked directly: the proxy's bypass list names this host)"));
}

bool http_error_explain(const struct http_facts *f, struct error *err)
{
	switch (f->stop) {
	case HTTP_STOP_SLOW:
		explain_slow(f, err);
		break;
	case HTTP_STOP_TOO_LARGE:
		explain_too_large(f, err);
		break;
	case HTTP_STOP_HEADERS:
		explain_bad_header(f, err);
		break;
	case HTTP_STOP_NONE:
		if (f->code == CURLE_OK || (!http_error_of_proxy(f, err) && !http_error_of_tls(f, err)))
			explain_code(f, err);
		break;
	}
	blame_second_host(f, err);
	mention_bypass(f, err);
	return false;
}

bool http_error_may_pass(const struct http_facts *f, enum finding code)
{
	static const enum finding passing[] = {
		FINDING_DNS_TIMEOUT, FINDING_DNS_SERVFAIL, FINDING_TCP_TIMEOUT, FINDING_TCP_REJECTED_RESET,
		FINDING_PROXY_TIMEOUT, FINDING_PROXY_UPSTREAM_TIMEOUT, FINDING_PROXY_UPSTREAM_ERROR,
		FINDING_PROXY_DROPPED_CONNECT, FINDING_PROXY_TUNNEL_RESET, FINDING_PROXY_TUNNEL_SILENT,
		FINDING_TLS_RESET, FINDING_TLS_CLOSED, FINDING_TLS_SILENT, FINDING_HTTP_EMPTY_REPLY,
		FINDING_HTTP_TRUNCATED, FINDING_HTTP_STALLED, FINDING_HTTP_TOO_SLOW, FINDING_HTTP_NO_RESPONSE,
		FINDING_HTTP_RESET, FINDING_HTTP_RATE_LIMITED,
	};

	if (f->code == CURLE_OK && f->status >= 500)
		return f->status != 501 && f->status != 505 && f->status != 511;
	if (f->code == CURLE_HTTP2 || f->code == CURLE_HTTP2_STREAM || f->code == CURLE_AGAIN)
		return true;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (passing[i] == code)
			return true;
	/* The second host of a redirect: by what lies behind. */
	return code == FINDING_HTTP_REDIRECT_BLOCKED && f->code == CURLE_OPERATION_TIMEDOUT;
}
