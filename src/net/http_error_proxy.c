#include "net/http_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

/* --- reaching the proxy -------------------------------------------------------------------------------------- */

static bool explain_connect(const struct http_facts *f, const char *proxy, struct error *err)
{
	static const struct { int sys_errno; enum finding code; const char *why; } rows[] = {
		{ ECONNREFUSED, FINDING_PROXY_REFUSED, N_("connection refused") },
		{ ECONNRESET, FINDING_PROXY_REFUSED, N_("the connection was reset") },
		{ ETIMEDOUT, FINDING_PROXY_TIMEOUT, N_("no answer") },
		{ EHOSTUNREACH, FINDING_PROXY_UNREACHABLE, N_("no route to the host") },
		{ ENETUNREACH, FINDING_PROXY_UNREACHABLE, N_("the network is unreachable") },
		{ EACCES, FINDING_PROXY_UNREACHABLE, N_("a router or firewall says that this is prohibited") },
		{ EMFILE, FINDING_OUT_OF_DESCRIPTORS, N_("no free file descriptor") },
		{ 0, FINDING_PROXY_UNREACHABLE, N_("no connection") },
	};
	size_t i = 0;

	while (rows[i].sys_errno != f->sys_errno && rows[i].sys_errno != 0)
		i++;
	return error_set(err, rows[i].code, _("cannot connect to the proxy %s: %s"), proxy, _(rows[i].why));
}

/* --- its answer to CONNECT ----------------------------------------------------------------------------------- */

static void auth_names(char *dst, size_t size, unsigned long offered)
{
	static const struct { unsigned long bit; const char *name; } rows[] = {
		{ CURLAUTH_BASIC, "Basic" }, { CURLAUTH_DIGEST, "Digest" }, { CURLAUTH_NTLM, "NTLM" },
		{ CURLAUTH_NEGOTIATE, "Negotiate" }, { CURLAUTH_BEARER, "Bearer" },
	};
	size_t used = 0;

	snprintf(dst, size, "%s", _("none that is known"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && used < size; i++)
		if ((offered & rows[i].bit) != 0)
			used += (size_t)snprintf(dst + used, size - used, "%s%s", used > 0 ? ", " : "", rows[i].name);
}

const char *http_error_ticket(void)
{
	return _("Get a Kerberos ticket with \"kinit\" as the user that runs the update: Negotiate uses it, and not the password.");
}

static bool explain_auth(const struct http_facts *f, const char *proxy, struct error *err)
{
	char offered[80], user[256];

	auth_names(offered, sizeof(offered), f->auth_offered);
	if (f->proxy->user[0] == '\0')
		return error_set(err, FINDING_PROXY_AUTH_REQUIRED,
				 _("the proxy %s wants a login (407; it offers: %s) and none is set"), proxy, offered);
	if ((f->auth_offered & f->auth_tried) == 0)
		return error_set(err, FINDING_PROXY_AUTH_METHOD_UNSUPPORTED,
				 _("the proxy %s offers only login methods that cannot be used here: %s"), proxy, offered);
	text_safe(user, sizeof(user), f->proxy->user);
	if (f->proxy->password[0] == '\0' && f->auth_tried != CURLAUTH_NEGOTIATE)
		return error_set(err, FINDING_PROXY_AUTH_REJECTED,
				 _("the proxy %s wants a password for user %s (407; methods: %s) and none is stored"), proxy, user, offered);
	error_set(err, FINDING_PROXY_AUTH_REJECTED, _("the proxy %s rejected the login of user %s (407; methods: %s)"), proxy, user,
		  offered);
	if (f->auth_tried == CURLAUTH_NEGOTIATE)
		error_next(err, "%s", http_error_ticket());
	return false;
}

/* The token after error= in Proxy-Status (RFC 9209), and Squid's own error header. */
static const struct {
	const char *squid, *token;
	enum finding code;
	const char *why;
} upstream_rows[] = {
	{ "ERR_DNS_FAIL", "dns_error", FINDING_PROXY_CANNOT_RESOLVE, N_("it cannot resolve the name") },
	{ NULL, "dns_timeout", FINDING_PROXY_CANNOT_RESOLVE, N_("its name servers do not answer") },
	{ "ERR_CONNECT_FAIL 111", "connection_refused", FINDING_PROXY_UPSTREAM_REFUSED, N_("the server refused the connection") },
	{ "ERR_CONNECT_FAIL 110", "connection_timeout", FINDING_PROXY_UPSTREAM_TIMEOUT, N_("the server did not answer") },
	/* Squid 5 says this, with error number 0, of a name that it cannot resolve. */
	{ "ERR_CANNOT_FORWARD 0", NULL, FINDING_PROXY_CANNOT_RESOLVE, N_("it cannot resolve the name") },
	{ "ERR_ACCESS_DENIED", "http_request_denied", FINDING_PROXY_DENIED_DESTINATION, N_("its rules forbid it") },
	{ "ERR_CONNECT_FAIL", "destination_unavailable", FINDING_PROXY_UPSTREAM_ERROR, N_("it cannot reach the server") },
	{ NULL, "proxy_loop_detected", FINDING_PROXY_LOOP, N_("it asks itself in a circle") },
};

static bool explain_upstream(const struct http_facts *f, const char *proxy, struct error *err)
{
	const struct http_connect_answer *a = &f->connect;
	char where[HTTP_PLACE_MAX], squid_said[100], said[200];
	const char *token = strstr(a->proxy_status, "error=");

	http_place(where, f);
	if (a->squid_error[0] != '\0')
		snprintf(said, sizeof(said), "%ld, %s", a->status,
			 text_safe(squid_said, sizeof(squid_said), a->squid_error));
	else
		snprintf(said, sizeof(said), "%ld", a->status);
	for (size_t i = 0; i < sizeof(upstream_rows) / sizeof(upstream_rows[0]); i++) {
		const char *squid = upstream_rows[i].squid, *name = upstream_rows[i].token;

		if ((squid != NULL && strncmp(a->squid_error, squid, strlen(squid)) == 0) ||
		    (name != NULL && token != NULL && strncmp(token + 6, name, strlen(name)) == 0))
			return error_set(err, upstream_rows[i].code, _("the proxy %s cannot connect to %s: %s (%s)"), proxy,
					 where, _(upstream_rows[i].why), said);
	}
	if (a->status == 504)
		return error_set(err, FINDING_PROXY_UPSTREAM_TIMEOUT, _("the proxy %s had no answer from %s (%s)"), proxy, where,
				 said);
	return error_set(err, FINDING_PROXY_UPSTREAM_ERROR, _("the proxy %s cannot connect to %s (%s)"), proxy, where, said);
}

static bool explain_answer(const struct http_facts *f, const char *proxy, struct error *err)
{
	char where[HTTP_PLACE_MAX], location[256], squid_said[100];
	long status = f->connect.status;

	http_place(where, f);
	if (status == 407)
		return explain_auth(f, proxy, err);
	if (status == 403 || status == 451)
		return error_set(err, FINDING_PROXY_DENIED_DESTINATION,
				 _("the proxy %s forbids connections to %s (%ld%s%s): the host or the port %ld is not allowed"),
				 proxy, where, status, f->connect.squid_error[0] != '\0' ? ", " : "",
				 text_safe(squid_said, sizeof(squid_said), f->connect.squid_error), f->port);
	if ((status >= 300 && status < 400) || status == 511)
		return error_set(err, FINDING_PROXY_CAPTIVE_PORTAL,
				 _("the proxy %s sends us elsewhere in place of a connection (%ld to %s)"), proxy, status,
				 f->connect.location[0] != '\0' ? text_safe(location, sizeof(location), f->connect.location)
								: _("an unnamed place"));
	if (status == 508)
		return error_set(err, FINDING_PROXY_LOOP, _("the proxy %s asks itself in a circle (508)"), proxy);
	if (status == 501 || (status >= 400 && status < 500))
		return error_set(err, FINDING_PROXY_CONNECT_UNSUPPORTED,
				 _("%s answered %ld to CONNECT %s: it is a web server, or a proxy that makes no tunnels"), proxy,
				 status, where);
	return explain_upstream(f, proxy, err);
}

/* --- no answer, or one of another protocol ------------------------------------------------------------------- */

static const char *socks_reply(CURLproxycode code)
{
	switch (code) {
	case CURLPX_NO_AUTH: return N_("it accepts none of our login methods");
	case CURLPX_USER_REJECTED: case CURLPX_RECV_AUTH: return N_("it rejected the login");
	case CURLPX_REPLY_NOT_ALLOWED: return N_("its rules forbid the connection");
	case CURLPX_REPLY_HOST_UNREACHABLE: return N_("the server is unreachable from it, or it cannot resolve the name");
	case CURLPX_REPLY_NETWORK_UNREACHABLE: return N_("the server's network is unreachable from it");
	case CURLPX_REPLY_CONNECTION_REFUSED: return N_("the server refused the connection");
	case CURLPX_REPLY_TTL_EXPIRED: return N_("the time to live expired on the way");
	case CURLPX_REPLY_COMMAND_NOT_SUPPORTED: return N_("it does not do connections");
	case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED: return N_("it does not take names");
	case CURLPX_REPLY_GENERAL_SERVER_FAILURE: return N_("it failed, without saying why");
	case CURLPX_CLOSED: return N_("it closed the connection");
	default: return N_("it broke the SOCKS exchange off");
	}
}

static bool explain_socks(const struct http_facts *f, const char *proxy, struct error *err)
{
	char where[HTTP_PLACE_MAX];

	if (f->code == CURLE_OPERATION_TIMEDOUT || f->proxy_code == CURLPX_BAD_VERSION)
		return error_set(err, FINDING_PROXY_NOT_SOCKS, _("%s does not answer as a SOCKS 5 proxy does"), proxy);
	return error_set(err, FINDING_PROXY_SOCKS_FAILED, _("the SOCKS proxy %s cannot connect to %s: %s"), proxy,
			 http_place(where, f), _(socks_reply(f->proxy_code)));
}

static bool explain_proxy_tls(const struct http_facts *f, const char *proxy, struct error *err)
{
	const struct http_tls *tls = f->proxy_tls;
	bool silent = tls->errors == 0 && tls->alert_received < 0 && tls->first_len == 0;
	bool plain = tls->first_len > 0 && (tls->first[0] < 20 || tls->first[0] > 24);

	/* A plain proxy waits for the end of a header that never comes. */
	if (plain || (silent && f->code == CURLE_OPERATION_TIMEDOUT))
		return error_set(err, FINDING_PROXY_IS_PLAIN, _("the proxy %s does not speak TLS; use the scheme http"), proxy);
	if (f->code == CURLE_PEER_FAILED_VERIFICATION && tls->errors == 0)
		return error_set(err, FINDING_PROXY_CERTIFICATE_BAD, _("the certificate of the proxy %s is for another name: %s"),
				 proxy, tls->leaf_names[0] != '\0' ? tls->leaf_names : tls->leaf_subject);
	http_error_of_handshake(tls, f, proxy, err);
	if (tls->errors > 0 && err != NULL) {
		error_wrap(err, _("the proxy's certificate is refused"));
		err->code = FINDING_PROXY_CERTIFICATE_BAD;
	}
	return false;
}

static bool explain_no_answer(const struct http_facts *f, const char *proxy, struct error *err)
{
	char line[80];

	if (f->proxy->scheme == PROXY_SOCKS5)
		return explain_socks(f, proxy, err);
	if (f->proxy->scheme == PROXY_HTTPS && f->proxy_tls != NULL &&
	    (!f->proxy_tls->finished || f->code == CURLE_PEER_FAILED_VERIFICATION))
		return explain_proxy_tls(f, proxy, err);
	if (f->connect.first_line[0] != '\0')
		return error_set(err, FINDING_PROXY_NOT_HTTP, _("%s is not a proxy; it says \"%s\""), proxy,
				 text_safe(line, sizeof(line), f->connect.first_line));
	if (f->code == CURLE_OPERATION_TIMEDOUT)
		return error_set(err, FINDING_PROXY_DROPPED_CONNECT,
				 _("the proxy %s accepted the connection and then said nothing to CONNECT for %.1f s"), proxy,
				 (double)f->elapsed_ms / 1000);
	return error_set(err, FINDING_PROXY_DROPPED_CONNECT,
			 _("the proxy %s closed the connection without an answer to CONNECT"), proxy);
}

/* --- the tunnel stands, and TLS fails inside it -------------------------------------------------------------- */

static bool explain_tunnel(const struct http_facts *f, const char *proxy, struct error *err)
{
	const struct http_tls *tls = f->tls;
	char where[HTTP_PLACE_MAX];

	if (tls == NULL || tls->errors > 0 || tls->alert_received >= 0 || tls->finished)
		return false;
	http_place(where, f);
	if (tls->first_len > 0 && (memcmp(tls->first, "HTTP", 4) == 0 || tls->first[0] == '<')) {
		error_set(err, FINDING_PROXY_TUNNEL_HTML,
			  _("the proxy %s opened a tunnel to %s and then sent a page of its own in place of TLS"), proxy, where);
		return true;
	}
	if (tls->first_len > 0)
		return false;
	if (f->code == CURLE_OPERATION_TIMEDOUT)
		error_set(err, FINDING_PROXY_TUNNEL_SILENT,
			  _("the proxy %s opened a tunnel to %s, then nothing came through it for %.1f s"), proxy, where,
			  (double)f->elapsed_ms / 1000);
	else
		error_set(err, FINDING_PROXY_TUNNEL_RESET,
			  _("the proxy %s opened a tunnel to %s and then closed it during the TLS handshake"), proxy, where);
	return true;
}

bool http_error_of_proxy(const struct http_facts *f, struct error *err)
{
	char proxy[HTTP_PLACE_MAX];

	if (f->proxy == NULL)
		return false;
	http_proxy_place(proxy, f);
	if (f->code == CURLE_COULDNT_RESOLVE_PROXY || f->phase == HTTP_PHASE_RESOLVE)
		error_set(err, FINDING_PROXY_UNRESOLVABLE, _("cannot resolve the name of the proxy %s"), proxy);
	else if (f->phase == HTTP_PHASE_CONNECT && f->code == CURLE_OPERATION_TIMEDOUT)
		error_set(err, FINDING_PROXY_TIMEOUT, _("cannot connect to the proxy %s: no answer within %.1f s"), proxy,
			  (double)f->elapsed_ms / 1000);
	else if (f->phase == HTTP_PHASE_CONNECT)
		explain_connect(f, proxy, err);
	else if (f->connect.status >= 300)
		explain_answer(f, proxy, err);
	else if (f->phase == HTTP_PHASE_PROXY)
		explain_no_answer(f, proxy, err);
	else
		return f->phase == HTTP_PHASE_TLS && explain_tunnel(f, proxy, err);
	return true;
}
