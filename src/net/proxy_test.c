#include "net/proxy_test.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "net/http_error.h"
#include "net/proxy_tunnel.h"

#define LOOK_BUDGET_MS 2000		/* for each further question after a failure */
#define HTTPS_PORT 443

static void fill(const struct proxy_tunnel *a, struct proxy_test *out)
{
	static const struct { long bit; const char *name; } methods[] = {
		{ CURLAUTH_BASIC, "Basic" }, { CURLAUTH_DIGEST, "Digest" }, { CURLAUTH_NTLM, "NTLM" },
		{ CURLAUTH_NEGOTIATE, "Negotiate" }, { CURLAUTH_BEARER, "Bearer" },
	};
	long offered = proxy_tunnel_info(a, CURLINFO_PROXYAUTH_AVAIL);
	curl_off_t resolved = 0;

	curl_easy_getinfo(a->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	snprintf(out->address, sizeof(out->address), "%s", a->tried);
	out->resolve_us = a->tried[0] != '\0' ? resolved : -1;
	out->connect_us = a->connected ? a->connect_us : -1;
	out->tunnel_us = a->code == CURLE_OK ? a->start_us + a->took_us - a->connected_us : -1;
	out->status = a->answer.status;
	out->methods[0] = '\0';
	for (size_t i = 0, used = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((offered & methods[i].bit) != 0)
			used += (size_t)snprintf(out->methods + used, sizeof(out->methods) - used, "%s%s", used > 0 ? ", " : "",
						 methods[i].name);
	}
	out->login_sent = a->proxy->user[0] != '\0' && (offered != 0 || a->scheme == PROXY_SOCKS5);
}

static enum http_phase phase_of(const struct proxy_test *t)
{
	if (t->resolve_us < 0)
		return HTTP_PHASE_RESOLVE;
	return t->connect_us < 0 ? HTTP_PHASE_CONNECT : HTTP_PHASE_PROXY;
}

static bool explain(const struct proxy_tunnel *a, const struct proxy_test *t, struct error *err)
{
	struct http_facts facts = {
		.code = a->code, .sys_errno = a->connected ? (int)proxy_tunnel_info(a, CURLINFO_OS_ERRNO) : a->connect_errno,
		.curl_text = a->error_text,
		.scheme = "https", .host = a->host, .port = a->port, .path = "/", .address = t->address, .proxy = a->proxy,
		.connect = a->answer, .auth_offered = (unsigned long)proxy_tunnel_info(a, CURLINFO_PROXYAUTH_AVAIL),
		.auth_tried = a->auth_tried,
		.proxy_code = (CURLproxycode)proxy_tunnel_info(a, CURLINFO_PROXY_ERROR), .phase = phase_of(t),
		.elapsed_ms = a->took_us / 1000, .expected = -1, .retry_after = "", .server = "", .proxy_tls = a->tls,
	};

	return http_error_explain(&facts, err);
}

/* Does what answers there speak the scheme, whatever it says? */
static bool speaks(const struct proxy_tunnel *a)
{
	long code = proxy_tunnel_info(a, CURLINFO_PROXY_ERROR);

	switch (a->scheme) {
	case PROXY_HTTP: return a->answer.status > 0;
	case PROXY_HTTPS: return a->tls != NULL && a->tls->finished;
	case PROXY_SOCKS5: break;
	}
	return a->code == CURLE_OK || code == CURLPX_NO_AUTH || code == CURLPX_USER_REJECTED ||
	       (code >= CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED && code <= CURLPX_REPLY_UNASSIGNED);
}

/* Another protocol at the proxy's port. No login is sent to what may be anything. */
static void look_for_other_scheme(const struct proxy_tunnel *failed, struct error *err)
{
	static const struct {
		enum proxy_scheme set, is;
		enum finding code;
		const char *text;
	} rows[] = {
		{ PROXY_HTTP, PROXY_HTTPS, FINDING_PROXY_NEEDS_TLS, N_("it speaks TLS, and the scheme is set to http") },
		{ PROXY_HTTP, PROXY_SOCKS5, FINDING_PROXY_IS_SOCKS, N_("it speaks SOCKS, and the scheme is set to http") },
		{ PROXY_HTTPS, PROXY_HTTP, FINDING_PROXY_IS_PLAIN, N_("it speaks plain HTTP, and the scheme is set to https") },
		{ PROXY_SOCKS5, PROXY_HTTP, FINDING_PROXY_NOT_SOCKS, N_("it speaks HTTP, and the scheme is set to socks5") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proxy_tunnel a = { .proxy = failed->proxy, .scheme = rows[i].is, .host = failed->host, .port = failed->port,
				     .budget_ms = LOOK_BUDGET_MS };
		bool found;

		if (rows[i].set != failed->scheme)
			continue;
		found = proxy_tunnel_open(&a) && speaks(&a);
		proxy_tunnel_clear(&a);
		if (!found)
			continue;
		error_set(err, rows[i].code, _("the proxy %s, port %u, cannot be used: %s"), failed->proxy->host,
			  (unsigned int)failed->proxy->port, _(rows[i].text));
		return;
	}
}

/* Is it the port that the proxy forbids, and not the host? */
static void look_at_https_port(const struct proxy_tunnel *failed, struct error *err)
{
	struct proxy_tunnel a = { .proxy = failed->proxy, .scheme = failed->scheme, .login = failed->login,
			     .verify = failed->verify, .host = failed->host, .port = HTTPS_PORT,
			     .anchors_pem = failed->anchors_pem, .anchors_len = failed->anchors_len,
			     .budget_ms = LOOK_BUDGET_MS };
	long status;

	if (failed->port == HTTPS_PORT)
		return;
	status = proxy_tunnel_open(&a) ? a.answer.status : 0;
	proxy_tunnel_clear(&a);
	if (status > 0 && status != failed->answer.status)
		error_set(err, FINDING_PROXY_DENIED_PORT,
			  _("the proxy %s, port %u, forbids tunnels to port %u (%ld); to port %d of %s it answers %ld"),
			  failed->proxy->host, (unsigned int)failed->proxy->port, (unsigned int)failed->port,
			  failed->answer.status, HTTPS_PORT, failed->host, status);
}

static void look_again(const struct proxy_tunnel *failed, const struct proxy_test *t, struct error *err)
{
	switch (err->code) {
	case FINDING_PROXY_DENIED_DESTINATION:
		look_at_https_port(failed, err);
		break;
	case FINDING_PROXY_DROPPED_CONNECT:
	case FINDING_PROXY_NOT_HTTP:
	case FINDING_PROXY_NOT_SOCKS:
		look_for_other_scheme(failed, err);
		break;
	default:
		/* A handshake with no TLS behind it fails in many ways. */
		if (failed->scheme == PROXY_HTTPS && t->connect_us >= 0 && failed->tls != NULL && failed->tls->sent == 0)
			look_for_other_scheme(failed, err);
		break;
	}
}

bool proxy_test_run(const struct proxy *p, const char *host, uint16_t port, const char *anchors_pem, size_t anchors_len,
		    int budget_ms, struct proxy_test *out, struct error *err)
{
	struct proxy_tunnel a = { .proxy = p, .scheme = p->scheme, .login = true, .verify = true, .host = host, .port = port,
			     .anchors_pem = anchors_pem, .anchors_len = anchors_len, .budget_ms = budget_ms };
	struct error why = ERROR_INIT;
	bool ok = false;

	*out = (struct proxy_test){ .resolve_us = -1, .connect_us = -1, .tunnel_us = -1 };
	if (!proxy_tunnel_open(&a)) {
		error_set(&why, FINDING_OUT_OF_MEMORY, _("out of memory"));
	} else {
		fill(&a, out);
		ok = a.code == CURLE_OK;
	}
	if (!ok && why.code == FINDING_NONE) {
		explain(&a, out, &why);
		look_again(&a, out, &why);
	}
	if (!ok && err != NULL)
		*err = why;
	proxy_tunnel_clear(&a);
	return ok;
}
