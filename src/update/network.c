/* The network of an update: which way, trusting whom. */
#include <curl/curl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "job/job.h"
#include "trust/trust.h"
#include "update/run.h"

#define ANCHORS_MAX_BYTES (8u * 1024 * 1024)

static bool load_anchors(struct update *u, struct error *err)
{
	struct trust_store *trust = NULL;
	bool ok;

	u->anchors = (struct buffer)BUFFER_INIT(ANCHORS_MAX_BYTES);
	u->proxy_anchors = (struct buffer)BUFFER_INIT(ANCHORS_MAX_BYTES);
	if (!trust_open(u->options->state_dir, false, &trust, err))
		return false;
	ok = trust_pem(trust, TRUST_CISCO_SERVICES, &u->anchors, NULL, err);
	/* An https proxy is part of the site: certificates for authentication within ISE vouch for it. */
	if (ok && u->proxy.enabled && u->proxy.scheme == PROXY_HTTPS)
		ok = trust_pem(trust, TRUST_INFRASTRUCTURE, &u->proxy_anchors, NULL, err);
	trust_free(trust);
	return ok;
}

static const char *string_or_null(const struct settings *s, enum setting id)
{
	const char *text = settings_string(s, id);

	return text[0] != '\0' ? text : NULL;
}

bool update_network_open(struct update *u, struct error *err)
{
	const struct settings *s = u->options->settings;
	struct http_options options = { 0 };

	if (u->http != NULL)
		return true;
	if (!proxy_from_settings(&u->proxy, s, u->options->state_dir, err) || !load_anchors(u, err))
		return false;
	options.proxy = &u->proxy;
	options.stop = job_stop_flag();
	options.anchors_pem = buffer_text(&u->anchors);
	options.anchors_len = u->anchors.len;
	options.proxy_anchors_pem = buffer_text(&u->proxy_anchors);
	options.proxy_anchors_len = u->proxy_anchors.len;
	options.known_hosts = string_or_null(s, SETTING_SOURCE_KNOWN_HOSTS);
	options.ssh_key = string_or_null(s, SETTING_SOURCE_SSH_KEY);
	options.login_file = string_or_null(s, SETTING_SOURCE_LOGIN_FILE);
	options.host_key = u->options->host_key;
	options.retries = (int)settings_int(s, SETTING_DOWNLOAD_RETRIES);
	options.low_speed_bytes = (long)settings_int(s, SETTING_DOWNLOAD_LOW_SPEED_BYTES);
	options.low_speed_s = (long)settings_int(s, SETTING_DOWNLOAD_LOW_SPEED_S);
	return http_client_new(&options, &u->http, err);
}

void update_network_close(struct update *u)
{
	http_client_free(u->http);
	u->http = NULL;
	proxy_clear(&u->proxy);
	buffer_clear(&u->anchors);
	buffer_clear(&u->proxy_anchors);
}

void update_count(struct update *u, const struct http_response *response)
{
	if (response == NULL)
		return;
	u->bytes_received += response->bytes_received;
	u->requests += response->requests;
	if (response->wanted_anchor[0] != '\0')
		snprintf(u->wanted_anchor, sizeof(u->wanted_anchor), "%s", response->wanted_anchor);
}

static void blame_entry(const struct trust_entry *entry, struct error *err)
{
	if (!entry->enabled) {
		error_set(err, FINDING_TRUST_ROOT_DISABLED,
			  _("the feed's certificate ends in %s, which is in the trusted certificates but disabled"),
			  entry->name);
		error_next(err, _("Enable it: posture-console certs enable \"%s\"."), entry->name);
	} else if ((entry->usages & TRUST_CISCO_SERVICES) == 0) {
		error_set(err, FINDING_TRUST_ROOT_NOT_FOR_SERVICES,
			  _("the feed's certificate ends in %s, which is not trusted for Cisco services"), entry->name);
		error_next(err, _("Trust it for them: posture-console certs trust \"%s\" cisco-services."), entry->name);
	}
}

/* Is it the certificate with that key identifier? (RFC 5280, 4.2.1.2) */
static bool has_key(const struct trust_store *trust, const struct trust_entry *entry, const char *key_id)
{
	X509 *certificate = trust_certificate(trust, entry, NULL);
	const ASN1_OCTET_STRING *key = certificate != NULL ? X509_get0_subject_key_id(certificate) : NULL;
	char text[64] = "";

	for (int i = 0; key != NULL && i < ASN1_STRING_length(key) && 2 * i + 2 < (int)sizeof(text); i++)
		snprintf(text + 2 * i, 3, "%02x", ASN1_STRING_get0_data(key)[i]);
	return text[0] != '\0' && strcmp(text, key_id) == 0;
}

void update_name_anchor(struct update *u, struct error *err)
{
	struct trust_store *trust = NULL;

	if ((err->code != FINDING_CERT_UNTRUSTED_ROOT && err->code != FINDING_CERT_MISSING_INTERMEDIATE) ||
	    u->wanted_anchor[0] == '\0' || !trust_open(u->options->state_dir, true, &trust, NULL))
		return;
	for (size_t i = 0; i < trust_count(trust); i++) {
		const struct trust_entry *entry = trust_at(trust, i);

		if (has_key(trust, entry, u->wanted_anchor)) {
			blame_entry(entry, err);
			break;
		}
	}
	trust_free(trust);
}

bool update_url_join(const char *base, const char *href, char *dst, size_t size, struct error *err)
{
	CURLU *url = curl_url();
	char *text = NULL;
	bool ok = url != NULL && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
		  curl_url_set(url, CURLUPART_URL, href, CURLU_URLENCODE) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK &&
		  (size_t)snprintf(dst, size, "%s", text) < size;

	curl_free(text);
	curl_url_cleanup(url);
	return ok || error_set(err, FINDING_FEED_MALFORMED, _("cannot make an address of %s and %s"), base, href);
}
