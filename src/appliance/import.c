#include "appliance/import.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

#define EXPORT_MAX (256u * 1024)

/* --- the proxy ------------------------------------------------------------------------------------------------- */

static bool set(struct settings *s, enum setting id, const char *text, struct error *err)
{
	return settings_set(s, id, text, err) || error_wrap(err, _("the proxy of the appliance cannot be taken over"));
}

bool import_proxy(const struct record_proxy *p, struct settings *settings, bool *new_login, struct error *err)
{
	const char *user = p->host[0] != '\0' && p->login ? p->user : "";
	char port[16];

	*new_login = strcmp(user, settings_string(settings, SETTING_PROXY_USER)) != 0;
	if (p->host[0] == '\0')
		return set(settings, SETTING_PROXY_ENABLED, "false", err);
	snprintf(port, sizeof(port), "%ld", p->port);
	return set(settings, SETTING_PROXY_HOST, p->host, err) && set(settings, SETTING_PROXY_PORT, port, err) &&
	       set(settings, SETTING_PROXY_USER, user, err) && set(settings, SETTING_PROXY_BYPASS, p->bypass, err) &&
	       set(settings, SETTING_PROXY_SCHEME, "http", err) && set(settings, SETTING_PROXY_ENABLED, "true", err);
}

/* --- a certificate --------------------------------------------------------------------------------------------- */

bool import_check_export(const struct record_certificate *c, const void *data, size_t len, struct error *err)
{
	STACK_OF(X509) *certificates = NULL;
	unsigned char sha256[32];
	unsigned int hash_len = 0;
	bool ok;

	if (!trust_read_apart(data, len, &certificates, err))
		return error_wrap(err, _("the export of the appliance"));
	ok = sk_X509_num(certificates) == 1 &&
	     X509_digest(sk_X509_value(certificates, 0), EVP_sha256(), sha256, &hash_len) == 1 && hash_len == 32 &&
	     (!c->has_sha256 || memcmp(sha256, c->sha256, 32) == 0);
	sk_X509_pop_free(certificates, X509_free);
	if (!ok)
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the export does not hold the certificate that the appliance's list names"));
	return true;
}

static const struct trust_entry *entry_of(const struct trust_store *store, const unsigned char sha256[32])
{
	for (size_t i = 0; i < trust_count(store); i++) {
		if (memcmp(trust_at(store, i)->sha256, sha256, 32) == 0)
			return trust_at(store, i);
	}
	return NULL;
}

/* State and usages as they are there. */
static bool align(struct trust_store *store, const unsigned char sha256[32], const struct record_certificate *c, bool *changed,
		  struct error *err)
{
	const struct trust_entry *e = entry_of(store, sha256);
	char hex[NODE_FINGERPRINT_TEXT_MAX];

	if (e == NULL)
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("the certificate is not in the store after its import"));
	node_fingerprint_text(hex, sha256);
	if (e->usages != c->usages) {
		*changed = true;
		if (!trust_set_usages(store, hex, c->usages, err))
			return false;
		e = entry_of(store, sha256);
	}
	if (e != NULL && e->enabled != c->enabled) {
		*changed = true;
		return trust_set_enabled(store, hex, c->enabled, err);
	}
	return true;
}

static bool add(struct trust_store *store, const struct record_certificate *c, const struct buffer *data,
		unsigned char sha256[32], struct error *err)
{
	unsigned char (*fingerprints)[32] = calloc(TRUST_IMPORT_MAX, sizeof(*fingerprints));
	struct trust_source source = { .label = NULL, .data = buffer_text(data), .len = data->len };
	struct trust_import_options options = { .name = c->name[0] != '\0' ? c->name : NULL, .usages = c->usages };
	size_t added = 0;
	bool ok;

	if (fingerprints == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	ok = trust_import_sources(store, &source, 1, &options, &added, fingerprints, err);
	/* A name that cannot be used here is no reason to do without the certificate. */
	if (!ok && options.name != NULL && (err->code == FINDING_NONE || err->code == FINDING_IMPORT_NAME_TAKEN)) {
		options.name = NULL;
		ok = trust_import_sources(store, &source, 1, &options, &added, fingerprints, err);
	}
	if (ok && added == 1)
		memcpy(sha256, fingerprints[0], 32);
	free(fingerprints);
	return ok && added == 1;
}

bool import_certificate(struct node *node, const struct record_certificate *c, struct trust_store *store,
			enum import_result *result, struct error *err)
{
	const struct trust_entry *here = c->has_sha256 ? entry_of(store, c->sha256) : NULL;
	struct buffer data = BUFFER_INIT(EXPORT_MAX);
	unsigned char sha256[32];
	struct error why = ERROR_INIT;
	char path[256], name[200];
	bool changed = false, ok = true;

	*result = IMPORT_SAME;
	text_safe(name, sizeof(name), c->name);
	if (c->strange[0] != '\0')
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("\"%s\" has a usage that is not known here: %s"), name, c->strange);
	if (here != NULL) {
		memcpy(sha256, here->sha256, 32);
	} else {
		snprintf(path, sizeof(path), RECORD_CERTIFICATES_PATH "/export/%s", c->id);
		ok = node_download(node, path, &data, &why) && import_check_export(c, buffer_text(&data), data.len, &why) &&
		     add(store, c, &data, sha256, &why);
		*result = IMPORT_ADDED;
	}
	ok = ok && align(store, sha256, c, &changed, &why);
	if (ok && here != NULL && changed)
		*result = IMPORT_CHANGED;
	buffer_clear(&data);
	if (ok)
		return true;
	error_wrap(&why, _("cannot import \"%s\""), name);
	if (err != NULL)
		*err = why;
	return false;
}
