#include "diagnose/target.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "net/host_ascii.h"
#include "net/probe_dns.h"

/* Where an address is none: what one looks like. */
static bool bad_url(struct error *err)
{
	return error_next(err, _("Give an https address, such as https://host/path/posture-update.xml."));
}

static bool bad_host(struct error *err)
{
	return error_next(err, _("Give a host, with or without a port: www.cisco.com, 192.0.2.10:8443, [2001:db8::10]:8443."));
}

/* From `name` as it was written. */
static bool take_host(struct check_target *out)
{
	struct probe_address address;

	if (probe_address_parse(out->name, 0, &address)) {
		memcpy(out->host, out->name, sizeof(out->host));
		return true;
	}
	return host_ascii(out->name, out->host, sizeof(out->host)) && probe_dns_name_valid(out->host);
}

static bool port_parse(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* One part of a parsed URL; "" when it has none. */
static char *part(CURLU *handle, CURLUPart what, unsigned int flags)
{
	char *text = NULL;

	if (curl_url_get(handle, what, &text, flags) != CURLUE_OK) {
		curl_free(text);
		return NULL;
	}
	return text;
}

static bool take_url(CURLU *handle, const char *url, struct check_target *out, struct error *err)
{
	char *host = part(handle, CURLUPART_HOST, 0), *port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *user = part(handle, CURLUPART_USER, 0);
	size_t len = host != NULL ? strlen(host) : 0;
	bool ok = false;

	if (user != NULL) {
		error_usage(err, _("the address of the feed holds a user name, which is not supported"));
		bad_url(err);
	} else if (len == 0 || port == NULL || !port_parse(port, &out->port)) {
		error_usage(err, _("%s names no host and port"), url);
		bad_url(err);
	} else {
		/* libcurl keeps the brackets of an IPv6 address. */
		if (host[0] == '[' && host[len - 1] == ']')
			snprintf(out->name, sizeof(out->name), "%.*s", (int)len - 2, host + 1);
		else
			snprintf(out->name, sizeof(out->name), "%s", host);
		ok = take_host(out) || error_usage(err, _("%s is no host name"), out->name) || bad_url(err);
	}
	curl_free(host);
	curl_free(port);
	curl_free(user);
	return ok;
}

bool target_from_url(const char *url, struct check_target *out, struct error *err)
{
	CURLU *handle = curl_url();
	bool ok;

	*out = (struct check_target){ 0 };
	if (handle == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (strncasecmp(url, "https://", 8) != 0)
		ok = error_usage(err, _("%s is no https:// address"), url) || bad_url(err);
	else if (curl_url_set(handle, CURLUPART_URL, url, 0) != CURLUE_OK || strlen(url) >= sizeof(out->url))
		ok = error_usage(err, _("%s is no valid address"), url) || bad_url(err);
	else
		ok = take_url(handle, url, out, err);
	if (ok)
		snprintf(out->url, sizeof(out->url), "%s", url);
	curl_url_cleanup(handle);
	return ok;
}

bool target_from_host(const char *text, struct check_target *out, struct error *err)
{
	struct probe_address literal;
	const char *colon = strrchr(text, ':'), *close = strchr(text, ']');
	size_t len = strlen(text), skip = 0;

	*out = (struct check_target){ .port = TARGET_PORT };
	if (probe_address_parse(text, 0, &literal)) {
		skip = text[0] == '[';
		len -= 2 * skip;
	} else if (colon != NULL && (text[0] != '[' || colon == close + 1)) {
		if (!port_parse(colon + 1, &out->port))
			return error_usage(err, _("\"%s\" is no port: 1 to 65535 is allowed"), colon + 1) || bad_host(err);
		skip = text[0] == '[';
		len = (size_t)(colon - text) - 2 * skip;
	}
	if (len == 0 || len >= sizeof(out->name))
		return error_usage(err, _("\"%s\" is no host name"), text) || bad_host(err);
	memcpy(out->name, text + skip, len);
	out->name[len] = '\0';
	if (!take_host(out))
		return error_usage(err, _("\"%s\" is no host name"), text) || bad_host(err);
	return true;
}
