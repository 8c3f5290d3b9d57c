#include "net/probe_login.h"

#include <stdio.h>

#include "net/proxy_tunnel.h"

unsigned int probe_login_methods(void)
{
	unsigned long curl = proxy_tunnel_methods();

	return PROBE_AUTH_BASIC | PROBE_AUTH_DIGEST | ((curl & CURLAUTH_NTLM) != 0 ? PROBE_AUTH_NTLM : 0u) |
	       ((curl & CURLAUTH_NEGOTIATE) != 0 ? PROBE_AUTH_NEGOTIATE : 0u);
}

bool probe_login_wanted(const struct proxy *proxy, const struct probe_connect *answer)
{
	return (answer->outcome == PROBE_CONNECT_REFUSED || answer->outcome == PROBE_CONNECT_RECONNECT) &&
	       answer->exchange.head.status == 407 && proxy->user[0] != '\0' &&
	       (answer->offered & (PROBE_AUTH_BASIC | PROBE_AUTH_DIGEST)) == 0 && (answer->offered & probe_login_methods()) != 0;
}

static void take_answer(const struct proxy_tunnel *t, struct probe_connect *out)
{
	struct probe_http_head *h = &out->exchange.head;

	out->used = t->auth_tried == CURLAUTH_NEGOTIATE ? PROBE_AUTH_NEGOTIATE : PROBE_AUTH_NTLM;
	out->outcome = t->code == CURLE_OK ? PROBE_CONNECT_OPEN : PROBE_CONNECT_REFUSED;
	out->continued = t->continued;
	out->duration_us = t->took_us;
	/* Rejected, or no answer any more: what the proxy said before stands. */
	if (t->answer.status == 0 || t->answer.status == 407)
		return;
	*h = (struct probe_http_head){ .status = (unsigned int)t->answer.status, .content_length = -1, .date_s = -1, .age_s = -1 };
	snprintf(h->squid_error, sizeof(h->squid_error), "%s", t->answer.squid_error);
	snprintf(h->proxy_status, sizeof(h->proxy_status), "%s", t->answer.proxy_status);
	snprintf(h->location, sizeof(h->location), "%s", t->answer.location);
	snprintf(h->via, sizeof(h->via), "%s", t->answer.via);
	out->exchange.body_len = 0;
}

struct probe_channel *probe_login(const struct probe_login_options *o, struct probe_connect *answer)
{
	struct probe_channel *channel = NULL;
	char address[PROBE_ADDRESS_TEXT_MAX];
	struct proxy_tunnel t = { .proxy = o->proxy, .scheme = o->proxy->scheme, .login = true, .verify = true, .anchors = o->anchors,
				  .host = o->host, .port = o->port, .address = probe_address_text(address, &o->address),
				  .max_segment = o->max_segment, .budget_ms = o->budget_ms };

	if (proxy_tunnel_open(&t)) {
		take_answer(&t, answer);
		if (t.code == CURLE_OK)
			channel = proxy_tunnel_channel(&t);
	}
	proxy_tunnel_clear(&t);
	return channel;
}
