/* http: the feed itself, fetched by the same client and judged by the same rules as in an update. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/http_second.h"
#include "diagnose/misled.h"
#include "feed/apart.h"
#include "net/http.h"
#include "store/store.h"
#include "trust/trust.h"

#define ANCHORS_MAX (8u * 1024 * 1024)
#define STEP_MS 200
#define LOW_SPEED_S 4
#define FROZEN_MS 2000
#define SECOND_RESERVE_MS 1800	/* left over for the second probes */
#define OTHERS_MAX 2
#define FUTURE_SLACK_S (24 * 3600)	/* as an update has it */

struct http_check {
	const struct check_context *c;
	struct check_result *r;
	struct trust_store *trust;
	struct buffer anchors, proxy_anchors, xml, p7s;
	struct manifest *manifest;
	struct http_client *client;
	struct curl_slist *resolved;	/* the peer's address: names were the business of another check */
};

/* --- one fetch, within the check's time --------------------------------------------------------------------------------------- */

struct fetch {
	struct buffer *out;
	struct http_response response;
	struct error error;
	int64_t last_byte_ms, ended_ms;
	bool ended, ok;
};

static bool take_bytes(void *data, const void *bytes, size_t len, struct error *err)
{
	struct fetch *f = data;

	f->last_byte_ms = clock_monotonic_ms();
	if (!buffer_append(f->out, bytes, len))
		return error_set(err, FINDING_HTTP_TOO_LARGE, _("more than %zu bytes came"), f->out->max);
	return true;
}

static bool take_start(void *data, const struct http_response *response, struct error *err)
{
	struct fetch *f = data;

	(void)err;
	f->response = *response;
	f->last_byte_ms = clock_monotonic_ms();
	buffer_reset(f->out);
	return true;
}

static void take_end(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct fetch *f = data;

	f->ended_ms = clock_monotonic_ms();
	f->ended = true;
	f->ok = ok;
	if (response != NULL)
		f->response = *response;
	if (ok || err == NULL)
		return;
	f->error = *err;
	/* A trickle is slow; a stream that stopped is not, however low its average has become. */
	if (err->code == FINDING_HTTP_TOO_SLOW && f->ended_ms - f->last_byte_ms > FROZEN_MS)
		f->error.code = FINDING_HTTP_STALLED;
}

static bool open_client(struct http_check *h, const struct proxy *proxy, struct curl_slist *resolved,
			struct http_client **out, struct error *err)
{
	const struct http_options options = {
		.proxy = proxy, .anchors_pem = buffer_text(&h->anchors), .anchors_len = h->anchors.len,
		.proxy_anchors_pem = buffer_text(&h->proxy_anchors), .proxy_anchors_len = h->proxy_anchors.len,
		.low_speed_s = LOW_SPEED_S, .retries = 0, .resolved = resolved,
	};

	return http_client_new(&options, out, err);
}

static void fetch_url(struct http_check *h, struct http_client *client, const char *url, struct buffer *out, struct fetch *f)
{
	struct http_request request = { .url = url, .max_bytes = (int64_t)out->max, .begin = take_start, .body = take_bytes,
					.done = take_end, .data = f };
	int64_t end_ms = clock_monotonic_ms() + check_left_ms(h->c, 60 * 1000) - SECOND_RESERVE_MS;

	*f = (struct fetch){ .out = out };
	if (!http_add(client, &request, &f->error)) {
		f->ended = true;
		return;
	}
	while (!f->ended && clock_monotonic_ms() < end_ms && http_step(client, NULL, 0, STEP_MS, &f->error))
		;
}

/* --- before ------------------------------------------------------------------------------------------------------------------ */

static bool open_trust(struct http_check *h, struct error *err)
{
	if (!trust_open(h->c->state_dir, true, &h->trust, err) ||
	    !trust_pem(h->trust, TRUST_CISCO_SERVICES, &h->anchors, NULL, err))
		return false;
	return !h->c->via_proxy || h->c->proxy.scheme != PROXY_HTTPS ||
	       trust_pem(h->trust, TRUST_INFRASTRUCTURE, &h->proxy_anchors, NULL, err);
}

/* --- what came ----------------------------------------------------------------------------------------------------------------- */

static void fail(struct http_check *h, const struct error *err)
{
	result_error(h->r, err, FINDING_HTTP_PROTOCOL_ERROR);
}

static bool signature_url(const char *manifest_url, char *dst, size_t size)
{
	size_t path = strcspn(manifest_url, "?#");

	return (size_t)snprintf(dst, size, "%.*s.p7s%s", (int)path, manifest_url, manifest_url + path) < size;
}

static bool verify_signature(struct http_check *h, struct error *err)
{
	X509_STORE *anchors = trust_x509_store(h->trust, TRUST_CISCO_SERVICES, NULL, err);
	struct signature_info info;
	bool ok;

	if (anchors == NULL)
		return false;
	ok = apart_signature(h->xml.data, h->xml.len, h->p7s.data, h->p7s.len, anchors, clock_now(), &info, err);
	X509_STORE_free(anchors);
	if (ok)
		result_evidence(h->r, _("signature"), _("good, by %s, trusted through %s"), info.signer, info.anchor);
	return ok;
}

static bool check_signature(struct http_check *h, const char *manifest_url, struct error *err)
{
	const char *policy = settings_string(h->c->settings, SETTING_SOURCE_SIGNATURE);
	static struct fetch f;	/* its request ends with the client */
	char url[2100];

	if (strcmp(policy, "off") == 0 || !signature_url(manifest_url, url, sizeof(url)))
		return true;
	fetch_url(h, h->client, url, &h->p7s, &f);
	if (f.ok)
		return verify_signature(h, err);
	if (f.response.status != 404 && f.response.status != 410) {
		*err = f.error;
		return f.ended ? error_wrap(err, _("cannot fetch the feed's signature")) : true;
	}
	result_evidence(h->r, _("signature"), "%s", _("none"));
	if (strcmp(policy, "required") != 0)
		return true;
	return error_set(err, FINDING_FEED_SIGNATURE_MISSING,
			 _("the manifest has no signature, and the setting source.signature requires one"));
}

static bool check_age(struct http_check *h, struct error *err)
{
	struct store *store = NULL;
	struct store_generation *current = NULL;
	bool ok = true;

	if (store_open(h->c->state_dir, false, &store, NULL) && store_generation_load(store, NULL, &current, NULL) &&
	    current != NULL && manifest_version_compare(h->manifest->version, current->version) < 0)
		ok = error_set(err, FINDING_FEED_OLDER_THAN_INSTALLED,
			       _("the feed has version %s, which is older than the installed version %s"),
			       h->manifest->version, current->version);
	store_generation_free(current);
	store_free(store);
	return ok;
}

/* Room for everything, before the download begins. */
static bool check_room(struct http_check *h, struct error *err)
{
	const json_t *free_bytes = json_object_get(check_facts(h->c, CHECK_LOCAL), "free_bytes");
	int64_t needed = 0;

	for (size_t i = 0; i < h->manifest->count; i++)
		needed += h->manifest->components[i].size > 0 ? h->manifest->components[i].size : 0;
	result_evidence(h->r, _("components"), _("%zu, %.1f MB in all"), h->manifest->count, (double)needed / 1e6);
	if (free_bytes == NULL || needed <= json_integer_value(free_bytes))
		return true;
	return error_set(err, FINDING_DISK_FULL, _("the feed needs %.1f MB, and %s has %.1f MB free"), (double)needed / 1e6,
			 h->c->state_dir, (double)json_integer_value(free_bytes) / 1e6);
}

static bool check_dates(struct http_check *h, struct error *err)
{
	const struct manifest *m = h->manifest;
	char published[CLOCK_TEXT_MAX];

	result_evidence(h->r, _("manifest"), _("version %s, published %s"), m->version,
			m->published != 0 ? clock_rfc3339(published, m->published) : "-");
	result_fact(h->r, "valid_from", json_integer((json_int_t)m->published - FUTURE_SLACK_S));
	result_fact(h->r, "valid_to", m->expires != 0 ? json_integer((json_int_t)m->expires) : json_real(1e18));
	return manifest_check_time(m, clock_now(), FUTURE_SLACK_S, err);
}

static bool judge_content(struct http_check *h, const struct http_response *response, struct error *err)
{
	if (!apart_manifest(h->xml.data, h->xml.len, &h->manifest, err)) {
		result_evidence(h->r, _("begins with"), "%.*s", h->xml.len < 80 ? (int)h->xml.len : 80,
				buffer_text(&h->xml));
		return false;
	}
	return check_signature(h, response->url[0] != '\0' ? response->url : h->c->target.url, err) && check_dates(h, err) &&
	       check_age(h, err) && check_room(h, err);
}

/* --- the same another way: the difference is the diagnosis ----------------------------------------------------------------------- */

/* A good manifest by another way: NULL when there is none. Own the result. */
static struct manifest *manifest_by(struct http_check *h, const struct proxy *proxy, struct curl_slist *resolved, const char *label)
{
	static struct fetch f;	/* its request ends with its client */
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct http_client *client = NULL;
	struct manifest *m = NULL;

	if (open_client(h, proxy, resolved, &client, NULL)) {
		fetch_url(h, client, h->c->target.url, &xml, &f);
		if (f.ok)
			apart_manifest(buffer_text(&xml), xml.len, &m, NULL);
	}
	result_evidence(h->r, label, "%s", m != NULL ? _("a good manifest") : _("no good manifest either"));
	http_client_free(client);
	buffer_clear(&xml);
	return m;
}

/* Without the proxy the manifest is fine: the proxy's filter changed it. Or it is newer: then the proxy's cache is old. */
static enum finding compare_past_the_proxy(struct http_check *h, enum finding failure)
{
	struct manifest *m = manifest_by(h, NULL, NULL, _("past the proxy"));
	bool old = failure == FINDING_FEED_EXPIRED || failure == FINDING_FEED_OLDER_THAN_INSTALLED;
	enum finding f = FINDING_NONE;

	if (m != NULL && !old)
		f = FINDING_PROXY_REWRITES_CONTENT;
	else if (m != NULL && h->manifest != NULL && manifest_version_compare(m->version, h->manifest->version) > 0)
		f = FINDING_PROXY_STALE_CONTENT;
	manifest_free(m);
	return f;
}

/* "HOST:PORT:ADDRESS" of the peer, as libcurl wants it. */
static struct curl_slist *resolved_as(const struct check_context *c, const char *address)
{
	char line[400];
	bool six = strchr(address, ':') != NULL;

	snprintf(line, sizeof(line), "%s:%u:%s%s%s", check_peer_host(c), (unsigned int)check_peer_port(c), six ? "[" : "", address,
		 six ? "]" : "");
	return curl_slist_append(NULL, line);
}

/* At another address that the name has the feed is fine: this one is old, or wrong. */
static enum finding compare_addresses(struct http_check *h)
{
	struct probe_address_list others;
	enum finding f = FINDING_NONE;

	misled_candidates(h->c, false, &others);
	for (size_t i = 0; i < others.count && i < OTHERS_MAX && f == FINDING_NONE; i++) {
		char text[PROBE_ADDRESS_TEXT_MAX];
		struct curl_slist *resolved = resolved_as(h->c, probe_address_text(text, &others.items[i]));
		struct manifest *m = manifest_by(h, NULL, resolved, text);

		if (m != NULL)
			f = misled_by(h->c, false);
		manifest_free(m);
		curl_slist_free_all(resolved);
	}
	return f;
}

static bool about_content(enum finding f)
{
	return f == FINDING_FEED_NOT_A_MANIFEST || f == FINDING_FEED_MALFORMED || f == FINDING_FEED_SIGNATURE_INVALID ||
	       f == FINDING_FEED_EXPIRED || f == FINDING_FEED_OLDER_THAN_INSTALLED;
}

/* What a server answers that has the feed no longer, or never had it. */
static bool about_the_server(enum finding f)
{
	static const enum finding answers[] = {
		FINDING_HTTP_NOT_FOUND, FINDING_HTTP_GONE, FINDING_HTTP_FORBIDDEN, FINDING_HTTP_UNAUTHORIZED,
		FINDING_HTTP_SERVER_ERROR, FINDING_HTTP_PROTOCOL_ERROR, FINDING_HTTP_REDIRECT_LOOP,
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i] == f)
			return true;
	}
	return about_content(f);
}

static void judge_failure(struct http_check *h, struct error *err)
{
	enum finding better = http_second_opinion(h->c, h->r, err->code);

	if (better == FINDING_NONE && h->c->via_proxy && about_content(err->code))
		better = compare_past_the_proxy(h, err->code);
	else if (better == FINDING_NONE && !h->c->via_proxy && about_the_server(err->code))
		better = compare_addresses(h);
	if (better != FINDING_NONE)
		err->code = better;
	fail(h, err);
}

static void judge(struct http_check *h, struct fetch *f)
{
	struct error err = f->error;

	result_evidence(h->r, _("answer"), "%ld, %s, %zu bytes, %s", f->response.status, f->response.content_type, h->xml.len,
			f->response.url);
	if (f->response.redirects > 0)
		result_evidence(h->r, _("redirects"), "%d", f->response.redirects);
	if (f->ended && f->ok && judge_content(h, &f->response, &err)) {
		result_summary(h->r, _("version %s, %zu components"), h->manifest->version, h->manifest->count);
	} else if (!f->ended && h->xml.len > 0) {
		/* It comes, only not within the time of a check: nothing is wrong with that. */
		result_summary(h->r, _("the feed answers; %zu bytes came in the time of the check"), h->xml.len);
	} else {
		if (!f->ended)
			error_set(&err, FINDING_HTTP_NO_RESPONSE, _("%s does not answer the request"), h->c->target.host);
		judge_failure(h, &err);
	}
}

static struct curl_slist *known_address(const struct check_context *c)
{
	const char *text = json_string_value(json_object_get(check_facts(c, CHECK_TCP), "address"));
	struct probe_address address;

	if (text == NULL || !probe_address_parse(text, 0, &address) || probe_address_parse(check_peer_host(c), 0, &address))
		return NULL;
	return resolved_as(c, text);
}

static void run(struct http_check *h)
{
	static struct fetch f;	/* its request ends with the client */
	struct error err = ERROR_INIT;

	h->resolved = known_address(h->c);
	if (!open_trust(h, &err) || !open_client(h, &h->c->proxy, h->resolved, &h->client, &err)) {
		result_error(h->r, &err, FINDING_TRUST_STORE_INVALID);
		return;
	}
	fetch_url(h, h->client, h->c->target.url, &h->xml, &f);
	judge(h, &f);
}

void check_http_run(const struct check_context *c, struct check_result *r)
{
	struct http_check h = {
		.c = c, .r = r, .anchors = BUFFER_INIT(ANCHORS_MAX), .proxy_anchors = BUFFER_INIT(ANCHORS_MAX),
		.xml = BUFFER_INIT(MANIFEST_MAX_BYTES), .p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES),
	};

	if (c->target.url[0] == '\0') {
		result_skip(r, true, "%s", _("a host alone has no feed to fetch"));
		return;
	}
	run(&h);
	http_client_free(h.client);
	curl_slist_free_all(h.resolved);
	manifest_free(h.manifest);
	buffer_clear(&h.anchors);
	buffer_clear(&h.proxy_anchors);
	buffer_clear(&h.xml);
	buffer_clear(&h.p7s);
	trust_free(h.trust);
}
