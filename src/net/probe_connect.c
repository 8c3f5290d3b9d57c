/* CONNECT: asks, logs in when the answer is a 407 that we can meet, and leaves the channel as the tunnel. */
#include "net/probe_connect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "net/probe_auth.h"

#define REQUEST_MAX 8192
#define ROUNDS_MAX 3			/* ask, answer the challenge, answer again when the nonce was stale */
#define DRAIN_MAX (256 * 1024)

static bool has_control(const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	}
	return false;
}

static bool has_login(const struct probe_tunnel_request *r)
{
	return r->user != NULL && r->user[0] != '\0';
}

/* Nothing that could end a line or a word may get into the request. */
static bool request_is_sane(const struct probe_tunnel_request *r)
{
	return r->host[0] != '\0' && strlen(r->host) < 256 && !has_control(r->host) && strchr(r->host, ' ') == NULL &&
	       !has_control(r->user) && !has_control(r->password) && (r->user == NULL || strlen(r->user) < 256) &&
	       (r->password == NULL || strlen(r->password) < 256);
}

static bool build_request(struct buffer *out, const struct probe_tunnel_request *r, enum probe_auth method,
			  const struct probe_challenge *challenge)
{
	bool six = strchr(r->host, ':') != NULL;
	char uri[300];

	snprintf(uri, sizeof(uri), "%s%s%s:%u", six ? "[" : "", r->host, six ? "]" : "", r->port);
	buffer_printf(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: posture-console\r\n"
		      "Proxy-Connection: Keep-Alive\r\n", uri, uri);
	if (method != PROBE_AUTH_NONE) {
		buffer_puts(out, "Proxy-Authorization: ");
		if (!probe_auth_header(out, method, challenge, r->user, r->password != NULL ? r->password : "", uri, NULL))
			return false;
		buffer_puts(out, "\r\n");
	}
	buffer_puts(out, "\r\n");
	return !out->failed;
}

static enum probe_connect_outcome outcome_of(const struct probe_exchange *e)
{
	switch (e->outcome) {
	case PROBE_EXCHANGE_OK:
		return e->head.status / 100 == 2 ? PROBE_CONNECT_OPEN : PROBE_CONNECT_REFUSED;
	case PROBE_EXCHANGE_TIMEOUT: return PROBE_CONNECT_NO_ANSWER;
	case PROBE_EXCHANGE_CLOSED: return PROBE_CONNECT_CLOSED;
	case PROBE_EXCHANGE_RESET: return PROBE_CONNECT_RESET;
	case PROBE_EXCHANGE_NOT_HTTP: return PROBE_CONNECT_NOT_HTTP;
	case PROBE_EXCHANGE_BAD_HEAD: case PROBE_EXCHANGE_TOO_LARGE: return PROBE_CONNECT_BAD_ANSWER;
	case PROBE_EXCHANGE_BROKEN: break;
	}
	return PROBE_CONNECT_BROKEN;
}

/* Reads the rest of a refusal's body, so that the next request may follow. False: this connection is of no further use. */
static bool drain(struct probe_channel *ch, int64_t deadline_us, const struct probe_exchange *e)
{
	int64_t left = e->head.content_length - (int64_t)e->body_len;
	char chunk[8192];

	if (e->head.closes || e->head.chunked || e->head.content_length < 0 || left > DRAIN_MAX)
		return false;
	while (left > 0) {
		size_t want = (uint64_t)left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		ssize_t n = probe_channel_read(ch, chunk, want, deadline_us);

		if (n <= 0)
			return false;
		left -= n;
	}
	return true;
}

static int left_ms(int64_t deadline_us)
{
	int64_t left = (deadline_us - clock_monotonic_us()) / 1000;

	return left > 0 ? (int)left : 0;
}

/* One request and its answer. */
static void ask(struct probe_channel *ch, const struct probe_tunnel_request *r, enum probe_auth method, int64_t deadline_us,
		struct probe_connect *out)
{
	struct buffer request = BUFFER_INIT(REQUEST_MAX);

	if (!build_request(&request, r, method, &out->again)) {
		out->outcome = PROBE_CONNECT_BAD_REQUEST;
		goto done;
	}
	out->rounds++;
	if (method != PROBE_AUTH_NONE)
		out->used = method;
	probe_http_exchange(ch, request.data, request.len, left_ms(deadline_us), &out->exchange);
	out->sys_errno = out->exchange.sys_errno;
	out->outcome = outcome_of(&out->exchange);
	if (out->outcome == PROBE_CONNECT_REFUSED)
		probe_http_exchange_body(ch, left_ms(deadline_us), &out->exchange);
done:
	buffer_wipe(&request);
}

/* After a 407: is there a login worth sending now? */
static enum probe_auth next_login(const struct probe_tunnel_request *r, struct probe_connect *out)
{
	bool sent = out->used != PROBE_AUTH_NONE;

	probe_auth_challenge(out->exchange.head.proxy_authenticate, &out->again);
	out->offered = out->again.offered;
	if (!has_login(r) || (sent && !out->again.stale))
		return PROBE_AUTH_NONE;
	return probe_auth_choose(&out->again);
}

void probe_connect_http(struct probe_channel *ch, const struct probe_tunnel_request *request,
			const struct probe_challenge *again, int budget_ms, struct probe_connect *out)
{
	int64_t start_us = clock_monotonic_us(), deadline_us = start_us + (int64_t)budget_ms * 1000;
	enum probe_auth method = PROBE_AUTH_NONE;

	memset(out, 0, sizeof(*out));
	if (!request_is_sane(request)) {
		out->outcome = PROBE_CONNECT_BAD_REQUEST;
		return;
	}
	if (again != NULL && has_login(request)) {
		out->again = *again;
		out->offered = again->offered;
		method = probe_auth_choose(again);
	}
	while (out->rounds < ROUNDS_MAX) {
		ask(ch, request, method, deadline_us, out);
		if (out->outcome != PROBE_CONNECT_REFUSED || out->exchange.head.status != 407)
			break;
		method = next_login(request, out);
		if (method == PROBE_AUTH_NONE)
			break;
		if (!drain(ch, deadline_us, &out->exchange)) {
			out->outcome = PROBE_CONNECT_RECONNECT;
			break;
		}
	}
	out->duration_us = clock_monotonic_us() - start_us;
}
