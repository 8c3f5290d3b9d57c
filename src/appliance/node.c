#include "appliance/node.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/answer.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/whole_json.h"
#include "net/http.h"
#include "net/http_fields.h"

#define WAITS_MAX 3			/* 429s in a row that are waited out */
#define WAIT_DEFAULT_S 2
#define WAIT_MAX_S 30
#define URL_MAX 1024
#define STOP_LOOK_MS 200

struct node {
	struct node_options options;
	struct http_client *http;
	char base[320];			/* "https://host:port" */
	struct node_identity identity;
	bool pin_differs;
};

/* Matches no certificate: without an anchor the handshake still has to show whom to pin. */
static const unsigned char no_pin[32];

char *node_fingerprint_text(char *dst, const unsigned char sha256[32])
{
	for (int i = 0; i < 32; i++)
		snprintf(dst + i * 3, 4, "%02X%s", sha256[i], i < 31 ? ":" : "");
	return dst;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

bool node_fingerprint_parse(const char *text, unsigned char sha256[32])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		int value = hex_value(*text);

		if (value < 0 && *text != ':' && *text != ' ')
			return false;
		if (value < 0)
			continue;
		if (n >= 64)
			return false;
		sha256[n / 2] = (unsigned char)(n % 2 == 0 ? value << 4 : sha256[n / 2] | value);
		n++;
	}
	return n == 64;
}

bool node_open(const struct node_options *options, struct node **out, struct error *err)
{
	struct http_options http = { .retries = 2, .connect_timeout_ms = 10000, .stop = options->stop };
	struct node *node = calloc(1, sizeof(*node));
	bool v6 = strchr(options->host, ':') != NULL;

	*out = NULL;
	if (node == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	node->options = *options;
	if (node->options.wait_max_s <= 0)
		node->options.wait_max_s = WAIT_MAX_S;
	snprintf(node->base, sizeof(node->base), v6 ? "https://[%s]:%u" : "https://%s:%u", options->host, options->port);
	http.anchors_pem = options->anchors_pem;
	http.anchors_len = options->pin == NULL ? options->anchors_len : 0;
	http.pin = options->pin != NULL ? options->pin : http.anchors_len == 0 ? no_pin : NULL;
	if (!http_client_new(&http, &node->http, err)) {
		free(node);
		return false;
	}
	*out = node;
	return true;
}

void node_close(struct node *node)
{
	if (node == NULL)
		return;
	http_client_free(node->http);
	free(node);
}

const char *node_host(const struct node *node)
{
	return node->options.host;
}

const struct node_identity *node_seen(const struct node *node)
{
	return &node->identity;
}

static void note_identity(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct node *node = data;
	struct node_identity *id = &node->identity;
	const struct http_tls *tls = response->tls;

	(void)ok, (void)err;
	if (tls == NULL || tls->sent == 0)
		return;
	id->seen = true;
	memcpy(id->sha256, tls->leaf_sha256, sizeof(id->sha256));
	snprintf(id->subject, sizeof(id->subject), "%s", tls->leaf_subject);
	snprintf(id->issuer, sizeof(id->issuer), "%s", tls->top_issuer);
	snprintf(id->names, sizeof(id->names), "%s", tls->leaf_names);
	id->not_before = tls->leaf_not_before;
	id->not_after = tls->leaf_not_after;
	node->pin_differs = tls->pin_differs;
}

/* A certificate that is not trusted: whose it is, and what to compare. */
static bool explain_identity(const struct node *node, struct error *err)
{
	const struct node_identity *id = &node->identity;
	char fingerprint[NODE_FINGERPRINT_TEXT_MAX];

	node_fingerprint_text(fingerprint, id->sha256);
	if (node->options.pin != NULL)
		return error_set(err, FINDING_NODE_CERTIFICATE_CHANGED,
				 _("%s shows another certificate than the pinned one: %s, SHA-256 %s"), node->options.host, id->subject,
				 fingerprint);
	error_set(err, FINDING_NODE_CERTIFICATE_UNKNOWN, _("%s shows a certificate that nothing here vouches for: %s, SHA-256 %s"),
		  node->options.host, id->subject, fingerprint);
	return error_next(err, _("Compare the fingerprint with the one under Administration, System, Certificates, System Certificates of the "
				 "appliance (used for Admin); then run: posture-console node login --pin %s"), fingerprint);
}

static bool is_about_certificate(enum finding code)
{
	return finding_info(code)->area == AREA_CHAIN && code != FINDING_CERT_EXPIRED && code != FINDING_CERT_NOT_YET_VALID;
}

/* What of the client's errors is meant for a feed. */
static bool explain_transfer(const struct node *node, struct error *err)
{
	if (node->pin_differs)
		return explain_identity(node, err);
	if (node->identity.seen && is_about_certificate(err->code)) {
		if (err->code == FINDING_CERT_NAME_MISMATCH)
			return error_next(err, _("Set node.host to one of these names: %s; or pin the certificate."),
					  node->identity.names);
		return explain_identity(node, err);
	}
	return false;
}

/* Waits, ending early when the program shall stop. */
static bool wait_out(const struct node *node, int64_t ms, struct error *err)
{
	int64_t end = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < end) {
		if (node->options.stop != NULL && *node->options.stop) {
			error_set(err, FINDING_NONE, _("interrupted"));
			if (err != NULL)
				err->exit_code = EXIT_INTERRUPTED;
			return false;
		}
		poll(NULL, 0, STOP_LOOK_MS);
	}
	return true;
}

static int64_t wait_asked(const struct node *node, const struct http_response *response)
{
	int64_t ms = response->retry_after[0] != '\0' ? http_retry_after(response->retry_after, clock_now()) : -1;

	if (ms < 0)
		ms = WAIT_DEFAULT_S * 1000;
	return ms > (int64_t)node->options.wait_max_s * 1000 ? -1 : ms;
}

/* One request to its final status; the answer is in `out`. */
static bool exchange(struct node *node, struct http_request *request, struct buffer *out, struct http_response *response,
		     struct error *err)
{
	request->user = node->options.user;
	request->password = node->options.password;
	request->any_status = true;
	request->done = note_identity;
	request->data = node;
	for (int waits = 0;; waits++) {
		struct error why = ERROR_INIT;
		int64_t ms;

		buffer_reset(out);
		if (!http_exchange(node->http, request, out, response, &why)) {
			explain_transfer(node, &why);
			if (err != NULL)
				*err = why;
			return false;
		}
		if (response->status != 429 || waits >= WAITS_MAX)
			return true;
		ms = wait_asked(node, response);
		if (ms < 0)
			return true;
		if (!wait_out(node, ms, err))
			return false;
	}
}

static struct answer answer_of(const struct node *node, const char *path, const struct http_response *response,
			       const struct buffer *body)
{
	return (struct answer){ .status = response->status, .content_type = response->content_type, .body = buffer_text(body),
				.len = body->len, .host = node->options.host, .user = node->options.user, .path = path,
				.secrets = { node->options.password } };
}

static bool get(struct node *node, const char *path, bool may_lack, json_t **reply, struct error *err)
{
	struct buffer body = BUFFER_INIT(NODE_ANSWER_MAX);
	struct http_response response;
	struct answer answer;
	char url[URL_MAX];
	struct http_request request = { .url = url, .accept = "application/json" };
	bool ok;

	*reply = NULL;
	snprintf(url, sizeof(url), "%s%s", node->base, path);
	ok = exchange(node, &request, &body, &response, err);
	if (ok) {
		answer = answer_of(node, path, &response, &body);
		ok = (may_lack && answer.status == 404 && !answer_is_page(&answer)) ||
		     (answer_check(&answer, err) && answer_json(&answer, reply, err));
	}
	buffer_wipe(&body);
	return ok;
}

bool node_get(struct node *node, const char *path, json_t **reply, struct error *err)
{
	return get(node, path, false, reply, err);
}

bool node_find(struct node *node, const char *path, json_t **reply, struct error *err)
{
	return get(node, path, true, reply, err);
}

bool node_download(struct node *node, const char *path, struct buffer *out, struct error *err)
{
	struct http_response response;
	struct answer answer;
	char url[URL_MAX];
	struct http_request request = { .url = url, .accept = "*/*" };

	snprintf(url, sizeof(url), "%s%s", node->base, path);
	if (!exchange(node, &request, out, &response, err))
		return false;
	answer = answer_of(node, path, &response, out);
	if (!answer_check(&answer, err))
		return false;
	if (answer_is_page(&answer))
		return error_set(err, FINDING_NODE_API_DISABLED, _("%s: a web page came in place of the API's answer (%s)"), node->options.host,
				 path);
	return true;
}

bool node_put(struct node *node, const char *path, const json_t *body, json_t **reply, struct error *err)
{
	struct buffer out = BUFFER_INIT(NODE_ANSWER_MAX);
	struct http_response response;
	struct answer answer;
	char url[URL_MAX], *text = whole_json_dump(body, JSON_COMPACT);
	struct http_request request = { .url = url, .method = "PUT", .send = text, .send_type = "application/json",
					.accept = "application/json", .origin = node->base };
	json_t *json = NULL;
	bool ok;

	if (text == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	snprintf(url, sizeof(url), "%s%s", node->base, path);
	request.send_len = strlen(text);
	ok = exchange(node, &request, &out, &response, err);
	if (ok) {
		answer = answer_of(node, path, &response, &out);
		answer.secrets[1] = json_string_value(json_object_get(body, "password"));
		ok = answer_check(&answer, err) && (answer.status == 204 || answer.len == 0 || answer_json(&answer, &json, err));
	}
	if (ok && reply != NULL)
		*reply = json_incref(json);
	json_decref(json);
	buffer_wipe(&out);
	/* The proxy's password may be in it. */
	explicit_bzero(text, strlen(text));
	free(text);
	return ok;
}
