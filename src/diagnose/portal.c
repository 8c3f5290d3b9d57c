#include "diagnose/portal.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/way.h"

#define PORTAL_MS 1200
#define HTTP_PORT 80

/* "https://portal.example/login" -> "portal.example"; "" for a path on the same host. */
static void host_of(const char *location, char *host, size_t size)
{
	CURLU *handle = curl_url();
	char *text = NULL;

	host[0] = '\0';
	if (handle != NULL && curl_url_set(handle, CURLUPART_URL, location, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_HOST, &text, 0) == CURLUE_OK)
		snprintf(host, size, "%s", text);
	curl_free(text);
	curl_url_cleanup(handle);
}

static bool same_domain(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	if (strcasecmp(a, b) == 0)
		return true;
	/* www.example.com and example.com send one to the other. */
	return (n > m && a[n - m - 1] == '.' && strcasecmp(a + n - m, b) == 0) ||
	       (m > n && b[m - n - 1] == '.' && strcasecmp(b + m - n, a) == 0);
}

static bool asks_for_login(const struct probe_exchange *e)
{
	static const char *const words[] = { "captive", "portal", "login", "log in", "sign in", "password", "hotspot" };
	char body[PROBE_BODY_MAX + 1];

	if (strncasecmp(e->head.content_type, "text/html", 9) != 0)
		return false;
	memcpy(body, e->body, e->body_len);
	body[e->body_len] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(body, words[i]) != NULL)
			return true;
	}
	return false;
}

bool portal_is(const struct probe_exchange *e, const char *host, char *page, size_t size)
{
	char target[256];

	if (e->outcome != PROBE_EXCHANGE_OK)
		return false;
	snprintf(page, size, "%u %s %s", e->head.status, e->head.reason, e->head.location);
	if (e->head.status == 511)
		return true;
	if (e->head.status / 100 == 3) {
		host_of(e->head.location, target, sizeof(target));
		return target[0] != '\0' && !same_domain(target, host);
	}
	return e->head.status == 200 && asks_for_login(e);
}

bool portal_find(const struct check_context *c, char *page, size_t size)
{
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way_options o;
	struct way w;
	bool found = false;

	if (e == NULL || !way_usual(c, check_left_ms(c, PORTAL_MS), &o)) {
		free(e);
		return false;
	}
	o.scheme = WAY_DIRECT;
	probe_address_set_port(&o.address, HTTP_PORT);
	if (way_open(c, &o, &w) && probe_http_get(w.channel, c->target.host, HTTP_PORT, "/", o.budget_ms, e))
		found = portal_is(e, c->target.host, page, size);
	way_clear(&w);
	free(e);
	return found;
}
