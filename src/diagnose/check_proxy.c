/* proxy: does it open a tunnel to the feed, and if not, what does it say?
 *
 * Where its answer leaves two readings, it is asked again with one thing changed: TLS, SOCKS, another port, an address in place of
 * the name, a name that cannot exist. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/proxy_judge.h"
#include "diagnose/way.h"
#include "net/http_error.h"
#include "net/probe_chain.h"
#include "net/probe_dns.h"
#include "trust/trust.h"

#define FIRST_MS 5000		/* a proxy waits for its own name servers first */
#define SECOND_MS 1500
#define LONG_US 2000000
#define HTTPS_PORT 443

struct proxy_check {
	const struct check_context *c;
	struct check_result *r;
	struct way_options options;
	struct way way;
	struct probe_tcp_result direct;	/* past the proxy, when `compared` */
	bool tried, compared;
};

static void fail(struct proxy_check *p, enum finding f, const char *why)
{
	result_add(p->r, f, WEIGHT_FAIL);
	result_summary(p->r, "%s:%u: %s", p->c->proxy.host, (unsigned int)p->c->proxy.port,
		       why[0] != '\0' ? why : _(finding_info(f)->cause));
}

/* --- evidence ------------------------------------------------------------------------------------------------------------- */

static void show(struct check_result *r, const char *name, const char *value)
{
	if (value[0] != '\0')
		result_evidence(r, name, "%s", value);
}

static void describe_answer(struct check_result *r, const struct probe_connect *answer)
{
	const struct probe_http_head *h = &answer->exchange.head;
	char methods[128];

	if (answer->exchange.outcome != PROBE_EXCHANGE_OK) {
		if (answer->exchange.first_len > 0)
			result_evidence(r, _("first bytes"), "%s: %.*s", probe_protocol_name(answer->exchange.protocol),
					(int)answer->exchange.first_len, (const char *)answer->exchange.first);
		return;
	}
	result_evidence(r, "CONNECT", "%u %s, %.1f ms", h->status, h->reason, (double)answer->duration_us / 1000);
	if (answer->offered != 0)
		show(r, "Proxy-Authenticate", probe_auth_text(methods, sizeof(methods), answer->offered));
	show(r, "X-Squid-Error", h->squid_error);
	show(r, "Proxy-Status", h->proxy_status);
	show(r, "Via", h->via);
	show(r, "Server", h->server);
	show(r, "Location", h->location);
}

/* --- second probes ---------------------------------------------------------------------------------------------------------- */

/* The other route, once: the difference is the diagnosis. */
static void compare(struct proxy_check *p)
{
	if (!p->tried)
		p->compared = way_compare_direct(p->c, p->r, check_left_ms(p->c, SECOND_MS), &p->direct);
	p->tried = true;
}

/* Asks for another destination, everything else alike. Returns the status, 0 when there was none. */
static unsigned int status_for(struct proxy_check *p, const char *host, uint16_t port, char *squid_error, size_t size)
{
	struct way_options o = p->options;
	struct way w;
	unsigned int status = 0;

	o.host = host;
	o.port = port;
	o.budget_ms = check_left_ms(p->c, SECOND_MS);
	if (way_open(p->c, &o, &w))
		status = 200;
	else if (w.tunnel_tried && w.connect.exchange.outcome == PROBE_EXCHANGE_OK)
		status = w.connect.exchange.head.status;
	if (squid_error != NULL)
		snprintf(squid_error, size, "%s", status != 0 && status != 200 ? w.connect.exchange.head.squid_error : "");
	way_clear(&w);
	result_evidence(p->r, _("asked for comparison"), "CONNECT %s:%u: %u", host, (unsigned int)port, status);
	return status;
}

/* 403: the destination, or only its port? */
static enum finding tell_denied(struct proxy_check *p)
{
	unsigned int status;

	if (p->options.port == HTTPS_PORT)
		return FINDING_PROXY_DENIED_DESTINATION;
	status = status_for(p, p->options.host, HTTPS_PORT, NULL, 0);
	return status != 0 && status != 403 ? FINDING_PROXY_DENIED_PORT : FINDING_PROXY_DENIED_DESTINATION;
}

/* The proxy cannot connect and does not say why. Does the server itself refuse this node as well? (The server, and not a device in
 * the middle: that may stand in this node's way only.) */
static enum finding tell_refused(struct proxy_check *p, const struct probe_address_list *known)
{
	unsigned int reset_ttl = 0, host_ttl = 0;

	compare(p);
	if (!p->compared || p->direct.outcome != PROBE_TCP_REFUSED || p->direct.icmp.seen ||
	    probe_tcp_reset_origin(&known->items[0], check_left_ms(p->c, SECOND_MS), &reset_ttl, &host_ttl) != PROBE_RESET_HOST)
		return FINDING_PROXY_UPSTREAM_ERROR;
	return FINDING_PROXY_UPSTREAM_REFUSED;
}

/* "No route to host" after seconds is a host that nobody has seen on the proxy's network, and no router's word. */
static bool waited_in_vain(const struct probe_connect *answer)
{
	return strcmp(answer->exchange.head.squid_error, "ERR_CONNECT_FAIL 113") == 0 && answer->duration_us > LONG_US;
}

/* A failure that names no reason: does the proxy not know the name? It does the same then for a name that cannot exist, and
 * something else for the address. */
static enum finding tell_upstream(struct proxy_check *p)
{
	const struct probe_http_head *h = &p->way.connect.exchange.head;
	const json_t *facts = check_facts(p->c, CHECK_DNS);
	struct probe_address literal;
	struct probe_address_list known = { 0 };
	char error[128], address[PROBE_ADDRESS_TEXT_MAX];
	unsigned int status;

	if (probe_address_parse(p->options.host, 0, &literal))
		return FINDING_PROXY_UPSTREAM_ERROR;
	result_addresses_read(json_object_get(facts, "feed_addresses"), p->options.port, &known);
	if (known.count > 0) {
		status = status_for(p, probe_address_text(address, &known.items[0]), p->options.port, NULL, 0);
		return status == 200 ? FINDING_PROXY_CANNOT_RESOLVE : tell_refused(p, &known);
	}
	if (strncmp(h->squid_error, "ERR_CANNOT_FORWARD", 18) != 0 && !json_is_true(json_object_get(facts, "feed_nxdomain")))
		return FINDING_PROXY_UPSTREAM_ERROR;
	status = status_for(p, "posture-console-check.invalid", p->options.port, error, sizeof(error));
	return status == h->status && strcmp(error, h->squid_error) == 0 ? FINDING_PROXY_CANNOT_RESOLVE :
									    FINDING_PROXY_UPSTREAM_ERROR;
}

/* For a question to the proxy itself, which asks nobody else: after a silence three of them share what is left, and leave some. */
static int near_ms(const struct proxy_check *p)
{
	return check_left_ms(p->c, 3 * SECOND_MS) / 3;
}

static bool speaks_tls(struct proxy_check *p)
{
	struct way_options o = { .address = p->options.address, .scheme = WAY_DIRECT, .budget_ms = near_ms(p) };
	struct probe_tls_options tls_options = { .host = p->c->proxy.host, .min_version = TLS1_VERSION };
	struct probe_tls tls;
	struct way w;
	bool yes;

	yes = way_handshake(p->c, &o, &tls_options, &w, &tls) &&
	      (tls.outcome == PROBE_TLS_OK || tls.outcome == PROBE_TLS_ALERT || tls.server_hello_seen);
	probe_tls_clear(&tls);
	way_clear(&w);
	return yes;
}

static bool speaks_socks(struct proxy_check *p)
{
	struct way_options o = p->options;
	struct way w;
	bool yes;

	o.scheme = WAY_SOCKS5;
	o.budget_ms = near_ms(p);
	yes = way_open(p->c, &o, &w);
	yes = yes || (w.tunnel_tried && (w.socks.outcome == PROBE_SOCKS_FAILED || w.socks.outcome == PROBE_SOCKS_NO_METHOD ||
					 w.socks.outcome == PROBE_SOCKS_LOGIN_REJECTED));
	way_clear(&w);
	return yes;
}

/* Any HTTP answer at all, to a request that needs nobody upstream. */
static bool speaks_http(struct proxy_check *p)
{
	struct way_options o = { .address = p->options.address, .scheme = WAY_DIRECT, .budget_ms = near_ms(p) };
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way w;
	bool yes = e != NULL && way_open(p->c, &o, &w);

	if (yes) {
		probe_http_get(w.channel, p->c->proxy.host, p->c->proxy.port, "/", o.budget_ms, e);
		yes = e->outcome == PROBE_EXCHANGE_OK || e->protocol == PROBE_PROTOCOL_HTTP;
	}
	if (e != NULL)
		way_clear(&w);
	free(e);
	return yes;
}

/* It waits: for the feed's server, or for its own name servers? With an address in place of the name it would be done at once; and a
 * name that cannot exist is refused at once by name servers that answer. */
static enum finding tell_waiting(struct proxy_check *p)
{
	struct probe_address_list known = { 0 };
	struct probe_address literal;
	char address[PROBE_ADDRESS_TEXT_MAX];
	bool resolving;

	if (probe_address_parse(p->options.host, 0, &literal))
		return FINDING_PROXY_UPSTREAM_TIMEOUT;
	result_addresses_read(json_object_get(check_facts(p->c, CHECK_DNS), "feed_addresses"), p->options.port, &known);
	if (known.count > 0)
		resolving = status_for(p, probe_address_text(address, &known.items[0]), p->options.port, NULL, 0) == 200;
	else
		resolving = status_for(p, "posture-console-check.invalid", p->options.port, NULL, 0) == 0;
	return resolving ? FINDING_PROXY_CANNOT_RESOLVE : FINDING_PROXY_UPSTREAM_TIMEOUT;
}

/* No HTTP answer: what does the port speak? */
static enum finding tell_silence(struct proxy_check *p)
{
	/* It answers others at once, and this not. */
	if (p->way.connect.outcome == PROBE_CONNECT_NO_ANSWER && p->way.connect.exchange.received == 0 && speaks_http(p))
		return tell_waiting(p);
	if (p->options.scheme == WAY_HTTP && speaks_tls(p))
		return FINDING_PROXY_NEEDS_TLS;
	if (speaks_socks(p))
		return FINDING_PROXY_IS_SOCKS;
	return FINDING_PROXY_DROPPED_CONNECT;
}

/* --- the answers ------------------------------------------------------------------------------------------------------------ */

/* A ticket needs no password. */
static bool has_login(const struct proxy_check *p)
{
	return p->c->proxy.password[0] != '\0' || p->way.connect.used == PROBE_AUTH_NEGOTIATE;
}

static void judge_answer(struct proxy_check *p)
{
	const struct probe_connect *answer = &p->way.connect;
	enum finding f = proxy_judge_answer(&answer->exchange.head, answer->offered, p->c->proxy.user[0] != '\0');
	char why[256];

	/* A proxy that does NTLM answers its first message with a challenge, whoever asks: this one offers it, and does not. */
	if (f == FINDING_PROXY_AUTH_REJECTED && (answer->offered & PROBE_AUTH_NTLM) != 0 &&
	    (answer->used == PROBE_AUTH_NTLM || answer->used == PROBE_AUTH_NEGOTIATE) && !answer->continued)
		f = FINDING_PROXY_AUTH_METHOD_UNSUPPORTED;
	if (f == FINDING_PROXY_UPSTREAM_ERROR || f == FINDING_PROXY_CONNECT_UNSUPPORTED) {
		enum finding page = proxy_judge_page(&answer->exchange);

		f = page != FINDING_NONE ? page : f;
	}
	if (f == FINDING_PROXY_DENIED_DESTINATION)
		f = tell_denied(p);
	else if (f == FINDING_PROXY_UPSTREAM_ERROR)
		f = waited_in_vain(answer) ? FINDING_PROXY_UPSTREAM_TIMEOUT : tell_upstream(p);
	else if (f == FINDING_PROXY_CONNECT_UNSUPPORTED && p->options.scheme == WAY_HTTP && speaks_tls(p))
		f = FINDING_PROXY_NEEDS_TLS;
	if (f == FINDING_PROXY_AUTH_REJECTED && answer->used == PROBE_AUTH_NEGOTIATE)
		result_fact(p->r, "next", json_string(http_error_ticket()));
	snprintf(why, sizeof(why), "%u %s: %s", answer->exchange.head.status, answer->exchange.head.reason,
		 f == FINDING_PROXY_AUTH_REJECTED && !has_login(p) ? _("No password is stored for the user.") : _(finding_info(f)->cause));
	fail(p, f, why);
}

static void judge_connect(struct proxy_check *p)
{
	enum finding f;

	describe_answer(p->r, &p->way.connect);
	switch (p->way.connect.outcome) {
	case PROBE_CONNECT_REFUSED:
	case PROBE_CONNECT_RECONNECT:
		judge_answer(p);
		return;
	case PROBE_CONNECT_BAD_REQUEST:
		fail(p, FINDING_PROXY_SETTING_INVALID, _("the user name or password holds characters that cannot be sent"));
		return;
	default: break;
	}
	f = proxy_judge_protocol(p->way.connect.exchange.protocol);
	if (f == FINDING_PROXY_NEEDS_TLS && p->options.scheme == WAY_HTTPS)
		f = FINDING_PROXY_NOT_HTTP;
	fail(p, f != FINDING_NONE ? f : tell_silence(p), "");
}

static void judge_socks(struct proxy_check *p)
{
	const struct probe_socks *s = &p->way.socks;
	char why[256];

	if (s->first_len > 0)
		result_evidence(p->r, _("first bytes"), "%s: %.*s", probe_protocol_name(s->protocol), (int)s->first_len,
				(const char *)s->first);
	switch (s->outcome) {
	case PROBE_SOCKS_NO_METHOD:
		fail(p, FINDING_PROXY_SOCKS_FAILED, p->c->proxy.user[0] == '\0' ? _("it wants a login, and none is set") :
		     _("it accepts none of our ways to log in"));
		return;
	case PROBE_SOCKS_LOGIN_REJECTED:
		fail(p, FINDING_PROXY_SOCKS_FAILED, _("it rejected the user name or the password"));
		return;
	case PROBE_SOCKS_FAILED:
		snprintf(why, sizeof(why), _("SOCKS reply %u, %s"), (unsigned int)s->reply,
			 _(probe_socks_reply_text(s->reply)));
		result_evidence(p->r, _("SOCKS reply"), "%u %s", (unsigned int)s->reply,
				_(probe_socks_reply_text(s->reply)));
		fail(p, FINDING_PROXY_SOCKS_FAILED, why);
		return;
	case PROBE_SOCKS_BAD_REQUEST:
		fail(p, FINDING_PROXY_SETTING_INVALID, _("the user name, password or host is too long for SOCKS"));
		return;
	default: break;
	}
	result_evidence(p->r, "HTTP", "%s", speaks_http(p) ? _("answered on the same port") : _("not answered either"));
	fail(p, FINDING_PROXY_NOT_SOCKS, "");
}

/* The https proxy's own certificate, against what is trusted for infrastructure. */
static void judge_certificate(struct proxy_check *p, const struct probe_tls *tls)
{
	struct trust_store *store = NULL;
	struct probe_chain_options o = { .host = p->c->proxy.host, .at = clock_now(), .auth_level = -1 };
	struct probe_chain chain;
	struct error err = ERROR_INIT;

	if (!trust_open(p->c->state_dir, true, &store, &err)) {
		result_error(p->r, &err, FINDING_TRUST_STORE_INVALID);
		return;
	}
	o.store = trust_x509_store(store, TRUST_INFRASTRUCTURE, NULL, NULL);
	probe_chain_judge(tls->sent, &o, &chain);
	for (size_t i = 0; i < chain.error_count; i++)
		result_evidence(p->r, _("proxy's certificate"), _("depth %d: %s (%s)"), chain.errors[i].depth,
				X509_verify_cert_error_string(chain.errors[i].error), chain.errors[i].subject);
	if (!chain.trusted || !chain.name_matches) {
		result_fact(p->r, "valid_from", json_integer((json_int_t)chain.valid_from));
		result_fact(p->r, "valid_to", json_integer((json_int_t)chain.valid_to));
		fail(p, FINDING_PROXY_CERTIFICATE_BAD, chain.error_count > 0 ?
		     X509_verify_cert_error_string(chain.errors[0].error) : _("its names do not match"));
	}
	probe_chain_clear(&chain);
	X509_STORE_free(o.store);
	trust_free(store);
}

static void judge_proxy_tls(struct proxy_check *p)
{
	const struct probe_tls *tls = &p->way.proxy_tls;

	result_evidence(p->r, _("TLS with the proxy"), "%s %s", tls->version, tls->reason);
	if (tls->outcome == PROBE_TLS_NOT_TLS || speaks_http(p))
		fail(p, FINDING_PROXY_IS_PLAIN, "");
	else if (speaks_socks(p))
		fail(p, FINDING_PROXY_IS_SOCKS, "");
	else
		fail(p, FINDING_PROXY_CERTIFICATE_BAD, tls->reason[0] != '\0' ? tls->reason :
		     _("the TLS handshake with the proxy fails"));
}

static void judge(struct proxy_check *p, bool open)
{
	if (p->way.proxy_tls.sent != NULL)
		judge_certificate(p, &p->way.proxy_tls);
	if (p->r->status == CHECK_FAIL)
		return;
	if (open) {
		if (p->options.scheme != WAY_SOCKS5)
			describe_answer(p->r, &p->way.connect);
		result_summary(p->r, _("%s:%u opens a tunnel to %s:%u"), p->c->proxy.host, (unsigned int)p->c->proxy.port,
			       p->options.host, (unsigned int)p->options.port);
		return;
	}
	switch (p->way.reached) {
	case WAY_TCP: fail(p, FINDING_PROXY_REFUSED, ""); break;
	case WAY_PROXY_TLS: judge_proxy_tls(p); break;
	case WAY_TUNNEL:
		if (p->options.scheme == WAY_SOCKS5)
			judge_socks(p);
		else
			judge_connect(p);
		break;
	case WAY_OPEN: break;
	}
}

/* --- a proxy that the bypass list excludes ------------------------------------------------------------------------------------ */

/* The direct way failed. Would the proxy have been the way? */
static void look_past_the_list(struct proxy_check *p)
{
	struct probe_system_resolve resolved = { 0 };
	struct probe_address address;
	const struct proxy *proxy = &p->c->proxy;
	bool known = probe_address_parse(proxy->host, proxy->port, &address);

	if (!known && probe_system_resolve(proxy->host, proxy->port, AF_UNSPEC, check_left_ms(p->c, SECOND_MS), &resolved,
					   NULL) &&
	    resolved.finished && resolved.addresses.count > 0) {
		address = resolved.addresses.items[0];
		probe_address_set_port(&address, proxy->port);
		known = true;
	}
	p->options = (struct way_options){ .address = address, .scheme = way_scheme_of(proxy), .host = p->c->target.host,
					   .port = p->c->target.port, .budget_ms = check_left_ms(p->c, 2 * SECOND_MS) };
	result_skip(p->r, true, "%s", _("the bypass list sends this host past the proxy"));
	if (known && way_open(p->c, &p->options, &p->way)) {
		result_add(p->r, FINDING_PROXY_BYPASSED, WEIGHT_FAIL);
		result_summary(p->r, _("%s is on the bypass list, and the direct way fails, but %s:%u opens a tunnel to it"),
			       p->c->target.host, proxy->host, (unsigned int)proxy->port);
	}
}

static bool direct_way_failed(const struct check_context *c)
{
	return c->results[CHECK_DNS].status == CHECK_FAIL || c->results[CHECK_TCP].status == CHECK_FAIL;
}

static bool nothing_to_do(const struct check_context *c, struct check_result *r)
{
	if (c->proxy_error.code != FINDING_NONE) {
		result_error(r, &c->proxy_error, FINDING_PROXY_SETTING_INVALID);
		return true;
	}
	if (!c->proxy.enabled) {
		result_skip(r, true, "%s", _("no proxy is set"));
		return true;
	}
	if (c->bypassed && !direct_way_failed(c)) {
		result_skip(r, true, "%s", _("the bypass list sends this host past the proxy"));
		return true;
	}
	if (c->via_proxy && direct_way_failed(c)) {
		result_skip(r, false, _("needs %s"), check_title(c->results[CHECK_DNS].status == CHECK_FAIL ? CHECK_DNS :
								 CHECK_TCP));
		return true;
	}
	return false;
}

void check_proxy_run(const struct check_context *c, struct check_result *r)
{
	struct proxy_check *p;
	bool open;

	if (nothing_to_do(c, r))
		return;
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_FAIL);
		return;
	}
	p->c = c;
	p->r = r;
	if (c->bypassed) {
		look_past_the_list(p);
	} else if (way_usual(c, check_left_ms(c, FIRST_MS), &p->options)) {
		open = way_open(c, &p->options, &p->way);
		judge(p, open);
		if (r->status == CHECK_FAIL)
			compare(p);
	} else {
		result_skip(r, false, _("needs %s"), check_title(CHECK_TCP));
	}
	way_clear(&p->way);
	free(p);
}
