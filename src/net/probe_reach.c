#include "net/probe_reach.h"

#include <netdb.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/http_error.h"
#include "net/probe_chain.h"
#include "net/probe_connect.h"
#include "net/probe_dns.h"
#include "net/probe_login.h"
#include "net/probe_tcp.h"
#include "net/probe_tls.h"

struct reach {
	const char *host;
	uint16_t port;
	const struct probe_reach_options *options;
	int64_t deadline_ms;
	struct probe_reach *how;
	struct probe_channel *channel;
	struct error *err;
};

static int left_ms(const struct reach *r)
{
	int64_t left = r->deadline_ms - clock_monotonic_ms();

	return left > 0 ? (int)left : 0;
}

static const struct proxy *proxy_of(const struct reach *r)
{
	return r->how->via_proxy ? r->options->proxy : NULL;
}

static bool resolve(struct reach *r, const char *host, uint16_t port, struct probe_address_list *out)
{
	struct probe_system_resolve answer;
	struct probe_address literal;

	memset(out, 0, sizeof(*out));
	if (probe_address_parse(host, port, &literal)) {
		probe_address_list_add(out, &literal);
		return true;
	}
	if (!probe_system_resolve(host, port, AF_UNSPEC, left_ms(r), &answer, r->err))
		return false;
	*out = answer.addresses;
	if (answer.finished && answer.gai_error == 0 && out->count > 0)
		return true;
	return error_set(r->err, r->how->via_proxy ? FINDING_PROXY_UNRESOLVABLE
			 : !answer.finished ? FINDING_DNS_TIMEOUT
			 : answer.gai_error == EAI_NONAME ? FINDING_DNS_NXDOMAIN : FINDING_DNS_SERVFAIL,
			 _("the name %s cannot be resolved: %s"), host,
			 answer.finished ? gai_strerror(answer.gai_error) : _("the name servers do not answer in time"));
}

/* The finding of a failed connect, to the server and to the proxy. */
struct tcp_finding {
	enum probe_tcp_outcome outcome;
	enum finding server, proxy;
};

static enum finding tcp_finding(enum probe_tcp_outcome outcome, bool via_proxy)
{
	static const struct tcp_finding rows[] = {
		{ PROBE_TCP_REFUSED, FINDING_TCP_REFUSED, FINDING_PROXY_REFUSED },
		{ PROBE_TCP_UNREACHABLE, FINDING_TCP_HOST_UNREACHABLE, FINDING_PROXY_UNREACHABLE },
		{ PROBE_TCP_NO_ROUTE, FINDING_NO_DEFAULT_ROUTE, FINDING_NO_DEFAULT_ROUTE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].outcome == outcome)
			return via_proxy ? rows[i].proxy : rows[i].server;
	}
	return via_proxy ? FINDING_PROXY_TIMEOUT : FINDING_TCP_TIMEOUT;
}

/* Connects to all the addresses at once and keeps the first that answers. */
static bool connect_any(struct reach *r, const struct probe_address_list *list)
{
	struct probe_tcp_options options = { .budget_ms = left_ms(r), .grace_ms = 1, .keep = true };
	struct probe_tcp_result results[PROBE_ADDRESSES_MAX];
	char text[PROBE_ADDRESS_TEXT_MAX];
	size_t best = 0;

	probe_tcp_connect(list->items, list->count, &options, results);
	for (size_t i = 0; i < list->count; i++) {
		if (results[i].outcome != PROBE_TCP_CONNECTED)
			continue;
		if (r->channel == NULL) {
			r->how->peer = results[i].target;
			r->channel = probe_channel_new(results[i].fd);
		} else {
			probe_channel_free(probe_channel_new(results[i].fd));
		}
		best = i;
	}
	if (r->channel != NULL)
		return true;
	return error_set(r->err, tcp_finding(results[best].outcome, r->how->via_proxy), _("cannot connect to %s: %s"),
			 probe_address_port_text(text, &results[best].target), strerror(results[best].sys_errno));
}

static bool tls_to_proxy(struct reach *r)
{
	const struct proxy *p = proxy_of(r);
	struct probe_tls_options options = { .host = p->host, .budget_ms = left_ms(r) };
	struct probe_chain_options rules = { .store = r->options->proxy_anchors, .host = p->host, .at = clock_now(),
					     .auth_level = -1 };
	struct probe_chain chain = { 0 };
	struct probe_tls tls;
	bool ok = false;

	probe_tls_handshake(r->channel, &options, &tls);
	if (tls.outcome != PROBE_TLS_OK) {
		error_set(r->err, tls.outcome == PROBE_TLS_NOT_TLS ? FINDING_PROXY_IS_PLAIN : FINDING_PROXY_DROPPED_CONNECT,
			  _("no TLS with the proxy %s: %s"), p->host, tls.reason);
		goto out;
	}
	probe_chain_judge(tls.sent, &rules, &chain);
	ok = chain.trusted;
	if (!ok)
		error_set(r->err, FINDING_PROXY_CERTIFICATE_BAD, _("the proxy %s is not trusted: %s"), p->host,
			  X509_verify_cert_error_string(chain.errors[0].error));
out:
	probe_chain_clear(&chain);
	probe_tls_clear(&tls);
	return ok;
}

static enum finding connect_finding(const struct probe_connect *c, bool login)
{
	unsigned int status = c->exchange.head.status;

	switch (c->outcome) {
	case PROBE_CONNECT_REFUSED: case PROBE_CONNECT_RECONNECT:
		if (status == 407 && (c->offered & probe_login_methods()) == 0)
			return FINDING_PROXY_AUTH_METHOD_UNSUPPORTED;
		if (status == 407)
			return login ? FINDING_PROXY_AUTH_REJECTED : FINDING_PROXY_AUTH_REQUIRED;
		if (status == 403)
			return FINDING_PROXY_DENIED_DESTINATION;
		return status / 100 == 5 ? FINDING_PROXY_UPSTREAM_ERROR : FINDING_PROXY_CONNECT_UNSUPPORTED;
	case PROBE_CONNECT_NOT_HTTP: case PROBE_CONNECT_BAD_ANSWER: return FINDING_PROXY_NOT_HTTP;
	case PROBE_CONNECT_NO_ANSWER: return FINDING_PROXY_TIMEOUT;
	default: return FINDING_PROXY_DROPPED_CONNECT;
	}
}

static bool through_http(struct reach *r, const struct probe_challenge *again, struct probe_connect *answer)
{
	const struct proxy *p = proxy_of(r);
	struct probe_tunnel_request request = { r->host, r->port, p->user, p->password };

	probe_connect_http(r->channel, &request, again, left_ms(r), answer);
	if (probe_login_wanted(p, answer)) {
		const struct probe_login_options login = { .proxy = p, .address = r->how->peer, .anchors = r->options->proxy_anchors,
							   .host = r->host, .port = r->port, .budget_ms = left_ms(r) };

		probe_channel_free(r->channel);
		r->channel = probe_login(&login, answer);
	}
	if (answer->outcome == PROBE_CONNECT_OPEN && r->channel != NULL)
		return true;
	if (answer->exchange.head.status == 0)
		return error_set(r->err, connect_finding(answer, p->user[0] != '\0'),
				 _("the proxy %s gives no HTTP answer when asked for a tunnel to %s:%u"), p->host, r->host, r->port);
	error_set(r->err, connect_finding(answer, p->user[0] != '\0'), _("the proxy %s refuses a tunnel to %s:%u: %u %s"), p->host,
		  r->host, r->port, answer->exchange.head.status, answer->exchange.head.reason);
	if (answer->used == PROBE_AUTH_NEGOTIATE && answer->exchange.head.status == 407)
		error_next(r->err, "%s", http_error_ticket());
	return false;
}

static bool through_socks(struct reach *r)
{
	const struct proxy *p = proxy_of(r);
	struct probe_tunnel_request request = { r->host, r->port, p->user, p->password };
	struct probe_socks answer;

	probe_connect_socks5(r->channel, &request, left_ms(r), &answer);
	if (answer.outcome == PROBE_SOCKS_OPEN)
		return true;
	if (answer.outcome == PROBE_SOCKS_NOT_SOCKS)
		return error_set(r->err, FINDING_PROXY_NOT_SOCKS, _("the proxy %s does not speak SOCKS5 but %s"), p->host,
				 probe_protocol_name(answer.protocol));
	return error_set(r->err, FINDING_PROXY_SOCKS_FAILED, _("the proxy %s refuses a tunnel to %s:%u: %s"), p->host, r->host,
			 r->port, answer.outcome == PROBE_SOCKS_FAILED ? _(probe_socks_reply_text(answer.reply))
			 : answer.outcome == PROBE_SOCKS_LOGIN_REJECTED || answer.outcome == PROBE_SOCKS_NO_METHOD
			 ? _("it does not accept the login") : _("it does not answer"));
}

/* A connected channel to the server or the proxy, with TLS to an https proxy upon it. */
static bool approach(struct reach *r)
{
	const struct proxy *p = proxy_of(r);
	struct probe_address_list list;

	probe_channel_free(r->channel);
	r->channel = NULL;
	return resolve(r, p != NULL ? p->host : r->host, p != NULL ? p->port : r->port, &list) && connect_any(r, &list) &&
	       (p == NULL || p->scheme != PROXY_HTTPS || tls_to_proxy(r));
}

static bool go(struct reach *r)
{
	const struct proxy *p = proxy_of(r);
	struct probe_connect answer;
	struct probe_challenge again;

	if (!approach(r))
		return false;
	if (p == NULL)
		return true;
	if (p->scheme == PROXY_SOCKS5)
		return through_socks(r);
	if (through_http(r, NULL, &answer))
		return true;
	if (answer.outcome != PROBE_CONNECT_RECONNECT)
		return false;
	again = answer.again;
	return approach(r) && through_http(r, &again, &answer);
}

bool probe_reach(const char *host, uint16_t port, const struct probe_reach_options *options, struct probe_channel **out,
		 struct probe_reach *how, struct error *err)
{
	struct reach r = { .host = host, .port = port, .options = options, .how = how, .err = err,
			   .deadline_ms = clock_monotonic_ms() + options->budget_ms };

	memset(how, 0, sizeof(*how));
	how->via_proxy = options->proxy != NULL && proxy_applies(options->proxy, host);
	*out = NULL;
	if (go(&r)) {
		*out = r.channel;
		return true;
	}
	probe_channel_free(r.channel);
	return false;
}
