#include "diagnose/http_second.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "diagnose/portal.h"
#include "diagnose/way.h"

#define SECOND_MS 1500
#define SMALL_SEGMENT 536
#define PADDING 4000

static bool path_of(const char *url, char *path, size_t size)
{
	CURLU *handle = curl_url();
	char *file = NULL, *query = NULL;
	bool ok = handle != NULL && curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_PATH, &file, 0) == CURLUE_OK;

	if (ok) {
		curl_url_get(handle, CURLUPART_QUERY, &query, 0);
		snprintf(path, size, "%s%s%s", file, query != NULL ? "?" : "", query != NULL ? query : "");
	}
	curl_free(file);
	curl_free(query);
	curl_url_cleanup(handle);
	return ok;
}

static void show(struct check_result *r, const char *name, const char *value)
{
	if (value[0] != '\0')
		result_evidence(r, name, "%s", value);
}

static void describe(struct check_result *r, const struct probe_http_head *head)
{
	show(r, "Server", head->server);
	show(r, "Via", head->via);
	show(r, "Retry-After", head->retry_after);
	show(r, "Location", head->location);
	show(r, "X-Cache", head->cache);
	show(r, "Warning", head->warning);
	show(r, "Content-Encoding", head->content_encoding);
	show(r, "WWW-Authenticate", head->www_authenticate);
	if (head->age_s >= 0)
		result_evidence(r, "Age", "%lld s", (long long)head->age_s);
}

/* nginx completes the handshake and complains afterwards. */
static bool wants_client_certificate(const struct probe_exchange *e)
{
	char body[PROBE_BODY_MAX + 1];

	if (e->head.status != 400 && e->head.status != 403 && e->head.status != 495 && e->head.status != 496)
		return false;
	memcpy(body, e->body, e->body_len);
	body[e->body_len] = '\0';
	return e->head.status == 496 || strcasestr(body, "No required SSL certificate") != NULL ||
	       strcasestr(body, "client certificate") != NULL;
}

static bool from_a_cache(const struct probe_http_head *head)
{
	return head->age_s > 0 || strcasestr(head->cache, "HIT") != NULL || strcasestr(head->cache, "STALE") != NULL ||
	       strncmp(head->warning, "110", 3) == 0 || strncmp(head->warning, "111", 3) == 0;
}

/* What the answer says that the failure does not. */
static enum finding judge_answer(const struct check_context *c, const struct probe_exchange *e, enum finding failure)
{
	char page[600];

	if (wants_client_certificate(e))
		return FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED;
	switch (failure) {
	case FINDING_FEED_EXPIRED:
	case FINDING_FEED_OLDER_THAN_INSTALLED:
		return from_a_cache(&e->head) ? FINDING_PROXY_STALE_CONTENT : FINDING_NONE;
	case FINDING_HTTP_REDIRECT_BLOCKED:
	case FINDING_HTTP_DOWNGRADE: {
		static const char *const words[] = { "portal", "captive", "login", "hotspot" };

		/* A redirect of a portal leads to a login page, whatever its scheme. */
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strcasestr(e->head.location, words[i]) != NULL && portal_is(e, c->target.host, page, sizeof(page)) != PORTAL_NONE)
				return FINDING_HTTP_CAPTIVE_PORTAL;
		}
		return FINDING_NONE;
	}
	case FINDING_FEED_MALFORMED:
	case FINDING_FEED_NOT_A_MANIFEST:
		/* Nobody asked for it, so that nobody undid it. */
		return e->head.content_encoding[0] != '\0' && strcasecmp(e->head.content_encoding, "identity") != 0 ?
			       FINDING_HTTP_BAD_ENCODING : FINDING_NONE;
	default: return FINDING_NONE;
	}
}

/* Sent, and never acknowledged: not the server is mute, but the path is cut. */
static bool path_is_cut(struct check_result *r, const struct way *w)
{
	struct probe_tcp_facts facts;

	if (!probe_tcp_facts_read(probe_channel_fd(w->channel), &facts))
		return false;
	result_evidence(r, _("unacknowledged"), _("%u segments, %u sent again"), facts.unacknowledged, facts.retransmits);
	return facts.unacknowledged > 0 && facts.retransmits > 0;
}

/* A request of several segments, with a header that means nothing. */
static void ask_at_length(const struct check_context *c, const char *path, struct way *w, struct probe_exchange *e)
{
	struct buffer request = BUFFER_INIT(PADDING + 8192);

	buffer_printf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Padding: ", path, c->target.host);
	for (int i = 0; i < PADDING; i++)
		buffer_putc(&request, 'x');
	buffer_puts(&request, "\r\n\r\n");
	probe_http_exchange(w->channel, request.data, request.len, check_left_ms(c, SECOND_MS), e);
	buffer_clear(&request);
}

static bool connect_again(const struct check_context *c, int max_segment, struct way *w)
{
	struct probe_tls tls = { 0 };
	struct way_options o;
	bool ok = way_usual(c, check_left_ms(c, SECOND_MS), &o);

	o.max_segment = max_segment;
	ok = ok && way_handshake(c, &o, NULL, w, &tls) && tls.outcome == PROBE_TLS_OK;
	probe_tls_clear(&tls);
	return ok;
}

/* Do long requests get lost where short ones arrive, and do small segments cure it? */
static enum finding look_at_path(const struct check_context *c, struct check_result *r, const char *path,
				 struct probe_exchange *e)
{
	struct way w = { .tcp = { .fd = -1 } };
	enum finding found = FINDING_NONE;

	if (connect_again(c, 0, &w)) {
		ask_at_length(c, path, &w, e);
		if (e->outcome == PROBE_EXCHANGE_TIMEOUT && path_is_cut(r, &w))
			found = FINDING_TCP_FLOW_CUT;
	}
	way_clear(&w);
	/* The feed's own server does answer: it is the one that it sends to that does not. */
	if (e->outcome == PROBE_EXCHANGE_OK && e->head.status / 100 == 3) {
		describe(r, &e->head);
		return FINDING_HTTP_REDIRECT_BLOCKED;
	}
	if (found == FINDING_TCP_FLOW_CUT && connect_again(c, SMALL_SEGMENT, &w)) {
		ask_at_length(c, path, &w, e);
		if (e->outcome == PROBE_EXCHANGE_OK)
			found = FINDING_TCP_MTU_BLACK_HOLE;
	}
	way_clear(&w);
	return found;
}

static bool may_be_the_path(enum finding failure)
{
	return failure == FINDING_HTTP_NO_RESPONSE || failure == FINDING_HTTP_STALLED || failure == FINDING_HTTP_RESET;
}

enum finding http_second_opinion(const struct check_context *c, struct check_result *r, enum finding failure)
{
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way w = { .tcp = { .fd = -1 } };
	enum finding better = FINDING_NONE;
	char path[2048];

	if (e == NULL || !path_of(c->target.url, path, sizeof(path))) {
		free(e);
		return FINDING_NONE;
	}
	if (may_be_the_path(failure) && !c->via_proxy) {
		better = look_at_path(c, r, path, e);
	} else if (connect_again(c, 0, &w) &&
		   probe_http_get(w.channel, c->target.host, c->target.port, path, check_left_ms(c, SECOND_MS), e) &&
		   e->outcome == PROBE_EXCHANGE_OK) {
		describe(r, &e->head);
		better = judge_answer(c, e, failure);
	}
	way_clear(&w);
	free(e);
	return better;
}
