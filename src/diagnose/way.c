#include "diagnose/way.h"

#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/probe_chain.h"
#include "net/probe_login.h"
#include "trust/trust.h"

enum way_scheme way_scheme_of(const struct proxy *p)
{
	switch (p->scheme) {
	case PROXY_HTTPS: return WAY_HTTPS;
	case PROXY_SOCKS5: return WAY_SOCKS5;
	case PROXY_HTTP: break;
	}
	return WAY_HTTP;
}

bool way_usual(const struct check_context *c, int budget_ms, struct way_options *out)
{
	const char *text = json_string_value(json_object_get(check_facts(c, CHECK_TCP), "address"));

	*out = (struct way_options){ .scheme = c->via_proxy ? way_scheme_of(&c->proxy) : WAY_DIRECT,
				     .host = c->target.host, .port = c->target.port, .budget_ms = budget_ms };
	return text != NULL && probe_address_parse(text, check_peer_port(c), &out->address);
}

struct probe_tls_options way_tls_options(const struct check_context *c, int budget_ms)
{
	return (struct probe_tls_options){ .host = c->target.host, .budget_ms = budget_ms };
}

static int left_ms(int64_t end_us)
{
	int64_t left = (end_us - clock_monotonic_us()) / 1000;

	return left > 0 ? (int)left : 0;
}

static bool connect_tcp(const struct way_options *o, struct way *w)
{
	struct probe_tcp_options options = { .budget_ms = o->budget_ms, .max_segment = o->max_segment, .keep = true };

	w->reached = WAY_TCP;
	probe_tcp_connect(&o->address, 1, &options, &w->tcp);
	if (w->tcp.outcome != PROBE_TCP_CONNECTED)
		return false;
	w->channel = probe_channel_new(w->tcp.fd);
	w->tcp.fd = -1;
	return w->channel != NULL;
}

static bool handshake_with_proxy(const struct check_context *c, struct way *w, int64_t end_us)
{
	struct probe_tls_options options = { .host = c->proxy.host, .budget_ms = left_ms(end_us) };

	w->reached = WAY_PROXY_TLS;
	probe_tls_handshake(w->channel, &options, &w->proxy_tls);
	return w->proxy_tls.outcome == PROBE_TLS_OK;
}

static void hang_up(struct way *w)
{
	probe_channel_free(w->channel);
	w->channel = NULL;
}

/* The certificates that an https proxy must chain to; NULL: none can be had. */
static X509_STORE *proxy_anchors(const struct check_context *c)
{
	struct trust_store *trust = NULL;
	X509_STORE *anchors = NULL;

	if (trust_open(c->state_dir, true, &trust, NULL))
		anchors = trust_x509_store(trust, TRUST_INFRASTRUCTURE, NULL, NULL);
	trust_free(trust);
	return anchors;
}

/* May the proxy be told the login? check_proxy.c says what is wrong with its certificate. */
static bool proxy_is_trusted(const struct check_context *c, const struct probe_tls *tls)
{
	struct probe_chain_options o = { .store = proxy_anchors(c), .host = c->proxy.host, .at = clock_now(), .auth_level = -1 };
	struct probe_chain chain = { 0 };
	bool trusted = false;

	if (o.store != NULL && tls->sent != NULL) {
		probe_chain_judge(tls->sent, &o, &chain);
		trusted = chain.trusted && chain.name_matches;
	}
	probe_chain_clear(&chain);
	X509_STORE_free(o.store);
	return trusted;
}

/* NTLM and Negotiate, as an update uses them. */
static bool log_in(const struct check_context *c, const struct way_options *o, struct way *w, int64_t end_us)
{
	struct probe_login_options login = { .proxy = &c->proxy, .address = o->address, .host = o->host, .port = o->port,
					     .max_segment = o->max_segment, .budget_ms = left_ms(end_us) };

	if (o->scheme == WAY_HTTPS)
		login.anchors = proxy_anchors(c);
	hang_up(w);
	w->channel = probe_login(&login, &w->connect);
	X509_STORE_free(login.anchors);
	return w->channel != NULL;
}

static bool ask_for_tunnel(const struct check_context *c, const struct way_options *o,
			   const struct probe_challenge *again, struct way *w, int64_t end_us)
{
	bool anonymous = o->anonymous || (o->scheme == WAY_HTTPS && !proxy_is_trusted(c, &w->proxy_tls));
	const struct probe_tunnel_request request = {
		.host = o->host, .port = o->port, .user = anonymous ? NULL : c->proxy.user,
		.password = anonymous ? NULL : c->proxy.password,
	};

	w->reached = WAY_TUNNEL;
	w->tunnel_tried = true;
	if (o->scheme == WAY_SOCKS5) {
		probe_connect_socks5(w->channel, &request, left_ms(end_us), &w->socks);
		return w->socks.outcome == PROBE_SOCKS_OPEN;
	}
	probe_connect_http(w->channel, &request, again, left_ms(end_us), &w->connect);
	if (!anonymous && probe_login_wanted(&c->proxy, &w->connect))
		return log_in(c, o, w, end_us);
	return w->connect.outcome == PROBE_CONNECT_OPEN;
}

static bool try_once(const struct check_context *c, const struct way_options *o, const struct probe_challenge *again,
		     struct way *w, int64_t end_us)
{
	if (!connect_tcp(o, w))
		return false;
	if (o->scheme == WAY_HTTPS && !handshake_with_proxy(c, w, end_us))
		return false;
	if (o->scheme != WAY_DIRECT && !ask_for_tunnel(c, o, again, w, end_us))
		return false;
	w->reached = WAY_OPEN;
	return true;
}

bool way_open(const struct check_context *c, const struct way_options *o, struct way *w)
{
	int64_t end_us = clock_monotonic_us() + (int64_t)o->budget_ms * 1000;
	bool open;

	*w = (struct way){ .tcp = { .fd = -1 } };
	open = try_once(c, o, NULL, w, end_us);
	if (!open && w->tunnel_tried && o->scheme != WAY_SOCKS5 && w->connect.outcome == PROBE_CONNECT_RECONNECT) {
		struct probe_challenge challenge = w->connect.again;

		way_clear(w);
		open = try_once(c, o, &challenge, w, end_us);
	}
	if (!open && w->channel != NULL)
		hang_up(w);
	return open;
}

void way_clear(struct way *w)
{
	if (w->channel != NULL)
		hang_up(w);
	probe_tls_clear(&w->proxy_tls);
	*w = (struct way){ .tcp = { .fd = -1 } };
}

bool way_compare_direct(const struct check_context *c, struct check_result *r, int budget_ms, struct probe_tcp_result *direct)
{
	struct probe_tcp_options options = { .budget_ms = budget_ms };
	struct probe_address_list known = { 0 };
	struct probe_address literal;
	char name[PROBE_ADDRESS_TEXT_MAX];

	if (probe_address_parse(c->target.host, c->target.port, &literal))
		probe_address_list_add(&known, &literal);
	else
		result_addresses_read(json_object_get(check_facts(c, CHECK_DNS), "feed_addresses"), c->target.port, &known);
	if (known.count == 0 || budget_ms < 1)
		return false;
	probe_tcp_connect(known.items, 1, &options, direct);
	result_evidence(r, _("direct, past the proxy"), "%s: %s, %.1f ms", probe_address_port_text(name, &known.items[0]),
			direct->outcome == PROBE_TCP_CONNECTED ? _("connected") :
			direct->outcome == PROBE_TCP_REFUSED ? _("refused") :
			direct->outcome == PROBE_TCP_TIMEOUT ? _("no answer") : _("not reached"),
			(double)direct->duration_us / 1000);
	return true;
}

bool way_handshake(const struct check_context *c, const struct way_options *o,
		   const struct probe_tls_options *tls_options, struct way *w, struct probe_tls *tls)
{
	int64_t end_us = clock_monotonic_us() + (int64_t)o->budget_ms * 1000;
	struct probe_tls_options usual = way_tls_options(c, 0);

	*tls = (struct probe_tls){ .outcome = PROBE_TLS_LOCAL_ERROR, .alert_received = -1, .alert_sent = -1 };
	if (!way_open(c, o, w))
		return false;
	if (tls_options != NULL)
		usual = *tls_options;
	usual.budget_ms = left_ms(end_us);
	probe_tls_handshake(w->channel, &usual, tls);
	return true;
}
