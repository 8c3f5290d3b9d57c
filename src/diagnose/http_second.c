#include "diagnose/http_second.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "diagnose/portal.h"
#include "diagnose/way.h"

#define SECOND_MS 1700

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
	return head->age_s > 0 || strcasestr(head->cache, "HIT") != NULL;
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
			if (strcasestr(e->head.location, words[i]) != NULL && portal_is(e, c->target.host, page, sizeof(page)))
				return FINDING_HTTP_CAPTIVE_PORTAL;
		}
		return FINDING_NONE;
	}
	default: return FINDING_NONE;
	}
}

/* Sent, and never acknowledged: not the server is mute, but the path is cut. */
static bool path_is_cut(struct check_result *r, const struct way *w)
{
	struct probe_tcp_facts facts;

	if (w->channel == NULL || !probe_tcp_facts_read(probe_channel_fd(w->channel), &facts))
		return false;
	result_evidence(r, _("unacknowledged"), _("%u segments, %u sent again"), facts.unacknowledged, facts.retransmits);
	return facts.unacknowledged > 0 && facts.retransmits > 0;
}

enum finding http_second_opinion(const struct check_context *c, struct check_result *r, enum finding failure)
{
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct probe_tls tls = { 0 };
	struct way_options o;
	struct way w = { .tcp = { .fd = -1 } };
	enum finding better = FINDING_NONE;
	char path[2048];

	if (e != NULL && path_of(c->target.url, path, sizeof(path)) && way_usual(c, check_left_ms(c, SECOND_MS), &o) &&
	    way_handshake(c, &o, NULL, &w, &tls) && tls.outcome == PROBE_TLS_OK &&
	    probe_http_get(w.channel, c->target.host, c->target.port, path, check_left_ms(c, SECOND_MS), e)) {
		if (e->outcome == PROBE_EXCHANGE_OK) {
			describe(r, &e->head);
			better = judge_answer(c, e, failure);
		} else if (e->outcome == PROBE_EXCHANGE_TIMEOUT && !c->via_proxy && path_is_cut(r, &w)) {
			better = FINDING_TCP_FLOW_CUT;
		}
	}
	probe_tls_clear(&tls);
	way_clear(&w);
	free(e);
	return better;
}
