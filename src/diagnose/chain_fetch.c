#include "diagnose/chain_fetch.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/way.h"
#include "net/probe_dns.h"

#define FETCH_MS 1500

/* --- from the facts of another check --------------------------------------------------------------------------------------- */

static X509 *certificate_of(const char *base64)
{
	size_t len = strlen(base64);
	unsigned char *der = malloc(len + 1);
	const unsigned char *p = der;
	X509 *certificate = NULL;
	int n = der != NULL ? EVP_DecodeBlock(der, (const unsigned char *)base64, (int)len) : -1;

	if (n > 0)
		certificate = d2i_X509(NULL, &p, n);
	free(der);
	return certificate;
}

STACK_OF(X509) *chain_from_facts(const json_t *array)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item) {
		X509 *certificate = json_is_string(item) ? certificate_of(json_string_value(item)) : NULL;

		if (certificate != NULL)
			sk_X509_push(chain, certificate);
	}
	return chain;
}

/* --- from the address in a certificate ---------------------------------------------------------------------------------------- */

/* "http://host[:port]/path" into its parts; anything else is left alone. */
static bool split(const char *url, char *host, size_t size, uint16_t *port, char *path, size_t path_size)
{
	CURLU *handle = curl_url();
	char *h = NULL, *p = NULL, *file = NULL;
	bool ok = handle != NULL && strncasecmp(url, "http://", 7) == 0 &&
		  curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_HOST, &h, 0) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_PORT, &p, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_PATH, &file, 0) == CURLUE_OK;

	if (ok) {
		snprintf(host, size, "%s", h);
		snprintf(path, path_size, "%s", file);
		*port = (uint16_t)strtoul(p, NULL, 10);
	}
	curl_free(h);
	curl_free(p);
	curl_free(file);
	curl_url_cleanup(handle);
	return ok;
}

static X509 *parse(const char *data, size_t len)
{
	const unsigned char *der = (const unsigned char *)data;
	X509 *certificate = d2i_X509(NULL, &der, (long)len);

	if (certificate == NULL) {
		BIO *in = BIO_new_mem_buf(data, (int)len);

		certificate = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
		BIO_free(in);
	}
	return certificate;
}

static X509 *get(const struct check_context *c, const struct probe_address *address, const char *host, const char *path)
{
	struct way_options o = { .address = *address, .scheme = WAY_DIRECT, .budget_ms = check_left_ms(c, FETCH_MS) };
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way w;
	X509 *certificate = NULL;

	if (e == NULL)
		return NULL;
	if (way_open(c, &o, &w) && probe_http_get(w.channel, host, probe_address_port(address), path, o.budget_ms, e) &&
	    e->outcome == PROBE_EXCHANGE_OK && e->head.status == 200)
		certificate = parse(e->body, e->body_len);
	way_clear(&w);
	free(e);
	return certificate;
}

/* A certificate can name any address: one of this network's own is not asked on behalf of a server outside it. */
static bool may_ask(const struct check_context *c, const struct probe_address *address)
{
	const char *text = json_string_value(json_object_get(check_facts(c, CHECK_TCP), "address"));
	enum probe_address_kind kind = probe_address_kind(address);
	struct probe_address target;

	if (kind == PROBE_ADDRESS_GLOBAL)
		return true;
	return kind == PROBE_ADDRESS_PRIVATE && text != NULL && probe_address_parse(text, 0, &target) &&
	       probe_address_kind(&target) != PROBE_ADDRESS_GLOBAL;
}

X509 *chain_fetch(const struct check_context *c, const char *url)
{
	struct probe_system_resolve resolved = { 0 };
	char host[256], path[1024];
	uint16_t port;

	if (!split(url, host, sizeof(host), &port, path, sizeof(path)) ||
	    !probe_system_resolve(host, port, AF_UNSPEC, check_left_ms(c, FETCH_MS), &resolved, NULL) ||
	    !resolved.finished || resolved.addresses.count == 0 || !may_ask(c, &resolved.addresses.items[0]))
		return NULL;
	probe_address_set_port(&resolved.addresses.items[0], port);
	return get(c, &resolved.addresses.items[0], host, path);
}
