/* After a hop: is the request fulfilled, does it go on elsewhere, is it worth another attempt, or what was the cause. */
#include "net/http_transfer.h"

#include <netdb.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "net/host_ascii.h"
#include "net/http_fields.h"

/* A second look-up is only worth it when the first one failed quickly: this one blocks. */
#define RESOLVE_QUICK_MS 1000
#define RESOLVE_TIMEOUT_MS 4500

/* --- the facts ----------------------------------------------------------------------------------------------- */

static long info_long(CURL *easy, CURLINFO info)
{
	long value = 0;

	curl_easy_getinfo(easy, info, &value);
	return value;
}

static int64_t info_time(CURL *easy, CURLINFO info)
{
	curl_off_t value = 0;

	curl_easy_getinfo(easy, info, &value);
	return value;
}

static enum http_phase phase_of(const struct http_transfer *t, CURLcode code)
{
	const struct http_hop *hop = &t->hop;
	bool connected = info_time(t->easy, CURLINFO_CONNECT_TIME_T) > 0 || transfer_was_connected(t);

	if (hop->verdict != HTTP_VERDICT_NONE || hop->status >= 200 || hop->got > 0)
		return HTTP_PHASE_BODY;
	if (hop->request_sent)
		return HTTP_PHASE_REQUEST;
	if (hop->tls != NULL)
		return HTTP_PHASE_TLS;
	if (code == CURLE_COULDNT_CONNECT)
		return HTTP_PHASE_CONNECT;
	if (hop->via_proxy && (connected || hop->proxy_tls != NULL || hop->connect.status > 0 || code == CURLE_PROXY ||
			       code == CURLE_RECV_ERROR))
		return HTTP_PHASE_PROXY;
	if (!hop->via_proxy && connected)
		return HTTP_PHASE_TLS;
	return hop->addresses[0] != '\0' ? HTTP_PHASE_CONNECT : HTTP_PHASE_RESOLVE;
}

/* libcurl only says that a name could not be resolved; the C library can say more. */
static enum http_resolve resolve_again(const char *host, int64_t took_ms)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char ascii[256];
	int code;

	if (took_ms >= RESOLVE_TIMEOUT_MS)
		return HTTP_RESOLVE_TIMEOUT;
	if (took_ms >= RESOLVE_QUICK_MS)
		return HTTP_RESOLVE_UNKNOWN;
	if (!host_ascii(host, ascii, sizeof(ascii)))
		return HTTP_RESOLVE_UNKNOWN;
	code = getaddrinfo(ascii, NULL, &hints, &list);
	if (code == 0)
		freeaddrinfo(list);
	switch (code) {
	case EAI_NONAME: return HTTP_RESOLVE_NO_NAME;
	case EAI_NODATA: case EAI_ADDRFAMILY: return HTTP_RESOLVE_NO_ADDRESS;
	case EAI_AGAIN: case EAI_FAIL: return HTTP_RESOLVE_FAILED;
	default: return HTTP_RESOLVE_UNKNOWN;
	}
}

static void gather(struct http_transfer *t, CURLcode code, struct http_facts *f)
{
	const struct http_hop *hop = &t->hop;
	const struct http_options *o = &t->client->options;
	int64_t now = clock_monotonic_ms();
	long proxy_code = info_long(t->easy, CURLINFO_PROXY_ERROR);

	*f = (struct http_facts){
		.code = code, .sys_errno = (int)info_long(t->easy, CURLINFO_OS_ERRNO), .curl_text = hop->error_text,
		.stop = hop->stop, .scheme = hop->scheme, .host = hop->host, .port = hop->port, .path = hop->path,
		.address = hop->addresses[0] != '\0' ? hop->addresses : t->response.primary_ip,
		.redirected_from = t->redirected_from,
		.proxy = hop->via_proxy ? o->proxy : NULL, .bypassed = hop->bypassed, .connect = hop->connect,
		.auth_offered = (unsigned long)info_long(t->easy, CURLINFO_PROXYAUTH_AVAIL),
		.auth_tried = hop->auth_tried, .proxy_code = (CURLproxycode)proxy_code, .phase = phase_of(t, code),
		.elapsed_ms = now - hop->start_ms, .idle_ms = now - hop->last_byte_ms, .got = hop->got,
		.expected = hop->status == 206 || hop->chunked ? -1 : hop->content_length,
		.max_bytes = t->request.max_bytes, .rate = hop->slow_rate, .rate_limit = o->low_speed_bytes,
		.rate_window_s = o->low_speed_s, .status = hop->status, .retry_after = hop->retry_after,
		.server = hop->server, .tls = hop->tls, .proxy_tls = hop->proxy_tls,
		.host_key_unknown = hop->host_key_unknown, .host_key_changed = hop->host_key_changed,
		.host_key = hop->host_key, .known_hosts = t->client->known_hosts,
	};
	/* They kept the connection open: the server shall see its end now, not after the wait for a retry. */
	transfer_close_sockets(t);
	if (f->expected < 0 && t->response.total >= 0)
		f->expected = t->response.total;
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		f->resolve = resolve_again(hop->host, f->elapsed_ms);
}

/* --- redirects ----------------------------------------------------------------------------------------------- */

static char *resolve_location(const char *base, const char *location)
{
	CURLU *url = curl_url();
	char *text = NULL, *copy = NULL;

	if (url != NULL && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) == CURLUE_OK &&
	    /* A fragment is the reader's business and would hide a loop. */
	    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
		copy = strdup(text);
	curl_free(text);
	curl_url_cleanup(url);
	return copy;
}

static bool check_target(struct http_transfer *t, const char *target, struct error *err)
{
	char shown[512], clean[512];
	struct error why = ERROR_INIT;

	text_url_without_login(shown, sizeof(shown), target);
	text_safe(clean, sizeof(clean), shown);
	if (strncasecmp(target, "http:", 5) == 0)
		return error_set(err, FINDING_HTTP_DOWNGRADE,
				 _("%s redirects to %s, which is not protected by TLS; only https is followed"), t->hop.host,
				 clean);
	if (strncasecmp(target, "https:", 6) != 0 || !transfer_check_url(target, true, &why))
		return error_set(err, FINDING_HTTP_REDIRECT_BLOCKED, _("%s redirects to %s, which is not followed"), t->hop.host,
				 clean);
	for (int i = 0; i < t->hops; i++)
		if (strcmp(t->visited[i], target) == 0)
			return error_set(err, FINDING_HTTP_REDIRECT_LOOP,
					 _("%s redirects in a circle: %s was asked before"), t->hop.host, clean);
	if (t->hops > HTTP_REDIRECTS_MAX)
		return error_set(err, FINDING_HTTP_REDIRECT_LOOP, _("more than %d redirects, the last one by %s to %s"),
				 HTTP_REDIRECTS_MAX, t->hop.host, clean);
	return true;
}

static enum http_next follow(struct http_transfer *t, struct error *err)
{
	char *target = t->hop.location[0] != '\0' ? resolve_location(t->visited[t->hops - 1], t->hop.location) : NULL;

	if (target == NULL) {
		error_set(err, FINDING_HTTP_PROTOCOL_ERROR, _("%s answered %ld without saying where to go"), t->hop.host,
			  t->hop.status);
		return HTTP_NEXT_FAILED;
	}
	if (!check_target(t, target, err)) {
		free(target);
		return HTTP_NEXT_FAILED;
	}
	t->visited[t->hops++] = target;
	t->response.redirects = t->hops - 1;
	free(t->redirected_from);
	t->redirected_from = strdup(t->hop.host);
	return HTTP_NEXT_HOP;
}

/* --- another attempt ----------------------------------------------------------------------------------------- */

/* Narrows the login methods to what the proxy offers: with Basic alone the next request need not be refused first.
 * True when another method is worth a try at once. */
static bool learn_proxy_auth(struct http_transfer *t)
{
	unsigned long offered = (unsigned long)info_long(t->easy, CURLINFO_PROXYAUTH_AVAIL);
	struct http_client *client = t->client;

	if (!t->hop.via_proxy || offered == 0 || client->options.proxy->user[0] == '\0')
		return false;
	if (offered == CURLAUTH_BASIC)
		client->proxy_auth = CURLAUTH_BASIC;
	if (t->hop.connect.status == 407 && (offered & t->hop.auth_tried) == 0 && (offered & CURLAUTH_NEGOTIATE) != 0 &&
	    t->hop.auth_tried != CURLAUTH_NEGOTIATE) {
		client->proxy_auth = CURLAUTH_NEGOTIATE;
		return true;
	}
	return false;
}

static bool try_next_key(struct http_transfer *t)
{
	size_t key = t->key, next;
	char *name = transfer_ssh_key(t, &key);

	free(name);
	next = key;
	name = name != NULL ? transfer_ssh_key(t, &next) : NULL;
	if (name == NULL)
		return false;
	free(name);
	t->key = key;
	return true;
}

static void prepare_retry(struct http_transfer *t)
{
	transfer_clear_route(t);
	t->hold = 0;
	if (t->hop.is_http && t->validator[0] != '\0' && t->request.held != NULL)
		t->hold = t->request.held(t->request.data);
	if (t->hold <= 0) {
		t->hold = 0;
		t->total_seen = -1;
	}
}

/* A broken middlebox or server may garble HTTP/2 and still do HTTP/1.1. */
static bool blames_http2(const struct http_facts *f)
{
	return f->code == CURLE_HTTP2 || f->code == CURLE_HTTP2_STREAM ||
	       (f->phase == HTTP_PHASE_REQUEST && f->code != CURLE_OPERATION_TIMEDOUT && f->tls != NULL && f->tls->http2);
}

static enum http_next retry_or_fail(struct http_transfer *t, const struct http_facts *f, long *wait_ms, struct error *err)
{
	const struct http_options *o = &t->client->options;
	time_t server_now = http_date(t->hop.date);
	int64_t asked = t->hop.retry_after[0] != '\0'
				? http_retry_after(t->hop.retry_after, server_now != -1 ? server_now : clock_now())
				: -1;
	bool last = t->response.attempts > o->retries;
	bool older = (f->code == CURLE_HTTP2 || f->code == CURLE_HTTP2_STREAM) && !t->http1;
	uint32_t random = 0;

	/* What was sent once may have been done, although its answer was lost. The older protocol is worth a try in any case. */
	if (t->request.method != NULL || !http_error_may_pass(f, err->code) || (last && !older))
		return HTTP_NEXT_FAILED;
	if (asked > (int64_t)o->retry_after_max_s * 1000) {
		size_t used = strlen(err->message);

		snprintf(err->message + used, sizeof(err->message) - used, _("; it asks to come back in %lld s"),
			 (long long)(asked / 1000));
		return HTTP_NEXT_FAILED;
	}
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)clock_monotonic_us();
	*wait_ms = last ? 1 : http_backoff_ms(o->backoff_ms, t->response.attempts, random);
	if (asked > *wait_ms)
		*wait_ms = (long)asked;
	if (blames_http2(f))
		t->http1 = true;
	prepare_retry(t);
	return HTTP_NEXT_WAIT;
}

static enum http_next restart(struct http_transfer *t)
{
	t->hold = 0;
	t->total_seen = -1;
	t->validator[0] = '\0';
	return HTTP_NEXT_HOP;
}

static bool is_complete(const struct http_transfer *t)
{
	return t->response.total < 0 || t->response.offset + t->hop.got == t->response.total;
}

static enum http_next end_good(struct http_transfer *t, CURLcode *code, struct error *err)
{
	if (t->hop.verdict == HTTP_VERDICT_REDIRECT)
		return follow(t, err);
	if (t->hop.verdict == HTTP_VERDICT_DONE)
		return HTTP_NEXT_DONE;
	if (t->hop.is_http && t->hop.verdict != HTTP_VERDICT_TAKE)
		return HTTP_NEXT_WAIT;
	if (t->hop.is_http && !is_complete(t)) {
		*code = CURLE_PARTIAL_FILE;
		return HTTP_NEXT_WAIT;
	}
	if (!transfer_begin_body(t)) {
		*err = t->failure;
		return HTTP_NEXT_FAILED;
	}
	return HTTP_NEXT_DONE;
}

enum http_next transfer_end_hop(struct http_transfer *t, CURLcode code, long *wait_ms, struct error *err)
{
	struct http_hop *hop = &t->hop;
	long version = info_long(t->easy, CURLINFO_HTTP_VERSION);
	struct http_facts facts;
	enum http_next next;
	bool other_method = learn_proxy_auth(t);

	t->response.http_version = version == CURL_HTTP_VERSION_2_0 ? 2.0 : version == CURL_HTTP_VERSION_1_1 ? 1.1 :
				   version == CURL_HTTP_VERSION_1_0 ? 1.0 : 0.0;
	t->response.tls = hop->tls;
	t->response.wanted_anchor[0] = '\0';
	if (hop->tls != NULL && hop->tls->errors > 0)
		snprintf(t->response.wanted_anchor, sizeof(t->response.wanted_anchor), "%s", hop->tls->top_issuer_key_id);
	if (t->stopped) {
		*err = t->failure;
		return HTTP_NEXT_FAILED;
	}
	if (other_method)
		return HTTP_NEXT_HOP;
	if (hop->verdict == HTTP_VERDICT_RESTART)
		return restart(t);
	if (hop->cut_short && code == CURLE_WRITE_ERROR)
		code = CURLE_OK;
	if (code == CURLE_OK && hop->stop == HTTP_STOP_NONE) {
		next = end_good(t, &code, err);
		if (next != HTTP_NEXT_WAIT)
			return next;
	}
	if (code == CURLE_LOGIN_DENIED && try_next_key(t))
		return HTTP_NEXT_HOP;
	gather(t, code, &facts);
	http_error_explain(&facts, err);
	return retry_or_fail(t, &facts, wait_ms, err);
}
