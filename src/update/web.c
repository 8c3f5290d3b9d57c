/* The manifest of a feed: one small conditional request when nothing has changed. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "job/job.h"
#include "update/by_hash.h"
#include "update/run.h"

/* May the server answer "not modified"? Only where its answer would mean that all is done. */
static bool may_ask_conditionally(const struct update *u)
{
	const char *policy = settings_string(u->options->settings, SETTING_SOURCE_SIGNATURE);

	if (u->options->force || u->current == NULL || strcmp(u->state.url, u->options->from) != 0 ||
	    strcmp(u->state.generation, u->current->id) != 0)
		return false;
	return strcmp(policy, "required") != 0 || u->current->signer[0] != '\0';
}

/* The signature stands beside the manifest: the path with its ending, whatever query the URL has. */
static bool signature_url(const char *manifest_url, char *dst, size_t size, struct error *err)
{
	CURLU *url = curl_url();
	char *path = NULL, *text = NULL;
	char signature_path[2048];
	bool ok = url != NULL && curl_url_set(url, CURLUPART_URL, manifest_url, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		  (size_t)snprintf(signature_path, sizeof(signature_path), "%s.p7s", path) < sizeof(signature_path) &&
		  curl_url_set(url, CURLUPART_PATH, signature_path, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK &&
		  (size_t)snprintf(dst, size, "%s", text) < size;

	curl_free(path);
	curl_free(text);
	curl_url_cleanup(url);
	return ok || error_set(err, FINDING_FEED_MALFORMED, _("cannot make the signature's address of %s"), manifest_url);
}

/* No signature there is a matter for the policy, any other failure is one. */
static bool fetch_signature(struct update *u, struct error *err)
{
	struct http_response response = { 0 };
	char url[2048];
	bool ok;

	buffer_reset(&u->p7s);
	if (strcmp(settings_string(u->options->settings, SETTING_SOURCE_SIGNATURE), "off") == 0)
		return true;
	if (!signature_url(u->base_url, url, sizeof(url), err))
		return false;
	ok = http_get(u->http, url, NULL, NULL, &u->p7s, &response, err);
	update_count(u, &response);
	if (!ok && !job_stop_requested() && (response.status == 404 || response.status == 410)) {
		buffer_reset(&u->p7s);
		error_clear(err);
		return true;
	}
	if (!ok && !update_stopped(err))
		error_wrap(err, _("cannot fetch the feed's signature"));
	return ok;
}

bool update_web_signature_by_hash(struct update *u)
{
	struct buffer p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	struct http_response response = { 0 };
	char name[BY_HASH_NAME_MAX], url[2048];
	bool ok;

	by_hash_signature_name(name, u->xml.data, u->xml.len);
	ok = update_url_join(u->base_url, name, url, sizeof(url), NULL) &&
	     http_get(u->http, url, NULL, NULL, &p7s, &response, NULL) && p7s.len > 0;
	update_count(u, &response);
	if (ok) {
		buffer_clear(&u->p7s);
		u->p7s = p7s;
	} else {
		buffer_clear(&p7s);
	}
	return ok;
}

bool update_web_manifest(struct update *u, bool *unchanged, struct error *err)
{
	struct http_response response = { 0 };
	bool conditional = may_ask_conditionally(u);
	const char *etag = conditional && u->state.etag[0] != '\0' ? u->state.etag : NULL;
	const char *modified = conditional && u->state.last_modified[0] != '\0' ? u->state.last_modified : NULL;
	bool ok;

	*unchanged = false;
	buffer_reset(&u->xml);
	if (!update_network_open(u, err))
		return false;
	ok = http_get(u->http, u->options->from, etag, modified, &u->xml, &response, err);
	update_count(u, &response);
	if (!ok) {
		if (!update_stopped(err))
			error_wrap(err, _("cannot fetch the feed's manifest"));
		return false;
	}
	if (response.status == 304) {
		*unchanged = true;
		return true;
	}
	snprintf(u->base_url, sizeof(u->base_url), "%s", response.url[0] != '\0' ? response.url : u->options->from);
	snprintf(u->etag, sizeof(u->etag), "%s", response.etag);
	snprintf(u->last_modified, sizeof(u->last_modified), "%s", response.last_modified);
	return fetch_signature(u, err);
}
