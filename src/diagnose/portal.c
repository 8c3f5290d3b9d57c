#include "diagnose/portal.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/way.h"

#define PORTAL_MS 1200
#define PHANTOM_MS 700
#define HTTP_PORT 80

/* --- an answer in hand --------------------------------------------------------------------------------------------------- */

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

/* The last two labels, or three where the second is as short as in "co.uk". */
static const char *site_of(const char *host)
{
	const char *end = host + strlen(host), *dots[3] = { NULL, NULL, NULL };
	size_t n = 0;

	for (const char *p = end; p > host && n < 3; p--) {
		if (p[-1] == '.')
			dots[n++] = p - 1;
	}
	if (n < 2)
		return host;
	if (n == 3 && dots[0] - dots[1] <= 4 && strlen(dots[0]) <= 3)
		return dots[2] + 1;
	return n == 2 && dots[0] - dots[1] <= 4 && strlen(dots[0]) <= 3 ? host : dots[1] + 1;
}

/* www.example.com sends to example.com or to login.example.com: the same house. */
static bool same_site(const char *a, const char *b)
{
	struct probe_address literal;

	if (strcasecmp(a, b) == 0)
		return true;
	return !probe_address_parse(a, 0, &literal) && strcasecmp(site_of(a), site_of(b)) == 0;
}

static bool holds_any(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcasestr(text, *words) != NULL)
			return true;
	}
	return false;
}

static enum portal judge_redirect(const char *location, const char *host)
{
	static const char *const words[] = { "captive", "portal", "hotspot", "guest", "wifi", "wi-fi", "wlan", "login", "logon",
					     "signin", "sign-in", NULL };
	struct probe_address literal;
	char target[256];

	host_of(location, target, sizeof(target));
	if (target[0] == '\0' || same_site(target, host))
		return PORTAL_NONE;
	return probe_address_parse(target, 0, &literal) || holds_any(location, words) ? PORTAL_SURE : PORTAL_LIKELY;
}

static bool asks_for_login(const struct probe_exchange *e)
{
	static const char *const words[] = { "captive", "portal", "login", "log in", "sign in", "password", "hotspot", NULL };
	char body[PROBE_BODY_MAX + 1];

	if (strncasecmp(e->head.content_type, "text/html", 9) != 0)
		return false;
	memcpy(body, e->body, e->body_len);
	body[e->body_len] = '\0';
	return holds_any(body, words);
}

enum portal portal_is(const struct probe_exchange *e, const char *host, char *page, size_t size)
{
	if (e->outcome != PROBE_EXCHANGE_OK)
		return PORTAL_NONE;
	snprintf(page, size, "%u %s %s", e->head.status, e->head.reason, e->head.location);
	if (e->head.status == 511)
		return PORTAL_SURE;
	if (e->head.status / 100 == 3)
		return judge_redirect(e->head.location, host);
	return e->head.status == 200 && asks_for_login(e) ? PORTAL_LIKELY : PORTAL_NONE;
}

/* --- asking -------------------------------------------------------------------------------------------------------------- */

static bool same_24(const struct probe_address *a, const struct probe_address *b)
{
	return probe_address_family(a) == AF_INET && probe_address_family(b) == AF_INET &&
	       (ntohl(a->v4.sin_addr.s_addr) & 0xFFFFFF00u) == (ntohl(b->v4.sin_addr.s_addr) & 0xFFFFFF00u);
}

bool portal_phantom(const struct probe_address *target, const struct probe_address *own, uint16_t port,
		    struct probe_address *out)
{
	static const char *const phantoms[] = { "203.0.113.177", "198.51.100.177", "192.0.2.177" };

	for (size_t i = 0; i < sizeof(phantoms) / sizeof(phantoms[0]); i++) {
		if (probe_address_parse(phantoms[i], port, out) && !same_24(out, target) && !same_24(out, own))
			return true;
	}
	return false;
}

static enum portal ask(const struct check_context *c, const struct probe_address *address, int budget_ms, char *page, size_t size)
{
	struct way_options o = { .scheme = WAY_DIRECT, .address = *address, .budget_ms = check_left_ms(c, budget_ms) };
	struct probe_exchange *e = calloc(1, sizeof(*e));
	enum portal found = PORTAL_NONE;
	struct way w;

	if (e == NULL)
		return PORTAL_NONE;
	probe_address_set_port(&o.address, HTTP_PORT);
	if (way_open(c, &o, &w) && probe_http_get(w.channel, c->target.host, HTTP_PORT, "/", o.budget_ms, e))
		found = portal_is(e, c->target.host, page, size);
	way_clear(&w);
	free(e);
	return found;
}

enum portal portal_find(const struct check_context *c, const struct probe_address *target, char *page, size_t size)
{
	enum portal found = ask(c, target, PORTAL_MS, page, size);
	struct probe_address phantom, own = { 0 };
	char other[600];

	if (found == PORTAL_LIKELY && portal_phantom(target, &own, HTTP_PORT, &phantom) &&
	    ask(c, &phantom, PHANTOM_MS, other, sizeof(other)) != PORTAL_NONE)
		found = PORTAL_SURE;
	return found;
}
