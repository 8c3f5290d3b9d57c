/* What verification stands on: the certificates that are enabled and have the usages. */
#include "trust/room.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

static bool is_anchor(const struct trust_entry *e, unsigned int usages)
{
	return e->enabled && (e->usages & usages) == usages;
}

/* A certificate that was removed since the store was opened is no longer an anchor, rather than a damaged one. */
static bool was_taken_away(const struct trust_store *store, const struct trust_entry *entry)
{
	struct trust_index fresh;
	const struct trust_record *r;
	bool gone;

	if (!trust_index_load(&fresh, store->dir, store->path, NULL))
		return false;
	r = trust_index_by_sha256(&fresh, entry->sha256);
	gone = r == NULL;
	trust_index_clear(&fresh);
	return gone;
}

static bool each_anchor(const struct trust_store *store, unsigned int usages,
			bool (*put)(void *out, X509 *certificate, struct error *err), void *out, size_t *count,
			struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < store->index.count; i++) {
		struct trust_record *r = &store->index.records[i];
		X509 *certificate;

		if (!is_anchor(&r->entry, usages))
			continue;
		certificate = trust_record_certificate(store, r, err);
		if (certificate == NULL && was_taken_away(store, &r->entry))
			continue;
		if (certificate == NULL || !put(out, certificate, err))
			return false;
		n++;
	}
	if (count != NULL)
		*count = n;
	return true;
}

static bool put_in_store(void *out, X509 *certificate, struct error *err)
{
	return X509_STORE_add_cert(out, certificate) == 1 || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

X509_STORE *trust_x509_store(const struct trust_store *store, unsigned int usages, size_t *count, struct error *err)
{
	X509_STORE *out = X509_STORE_new();

	if (out == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return NULL;
	}
	X509_STORE_set_flags(out, X509_V_FLAG_PARTIAL_CHAIN);
	if (!each_anchor(store, usages, put_in_store, out, count, err)) {
		X509_STORE_free(out);
		return NULL;
	}
	return out;
}

static bool put_in_buffer(void *out, X509 *certificate, struct error *err)
{
	return trust_pem_append(certificate, out, err);
}

bool trust_pem(const struct trust_store *store, unsigned int usages, struct buffer *out, size_t *count,
	       struct error *err)
{
	return each_anchor(store, usages, put_in_buffer, out, count, err);
}

/* --- is there one? -------------------------------------------------------------------------------------------------- */

static bool lacks_usage(const struct trust_entry *identrust, struct error *err)
{
	char word[TRUST_WORD_MAX];

	trust_word(word, identrust);
	if (identrust->enabled)
		return error_next(err, _("Trust it again: \"posture-console certs trust %s cisco-services\"."), word);
	if ((identrust->usages & TRUST_CISCO_SERVICES) != 0)
		return error_next(err, _("Enable it: \"posture-console certs enable %s\"."), word);
	return error_next(err, _("Enable and trust it: \"posture-console certs enable %s\", \"posture-console certs trust "
				 "%s cisco-services\"."), word, word);
}

static bool explain_services(const struct trust_store *store, struct error *err)
{
	const struct trust_record *identrust = trust_index_by_sha256(&store->index, trust_identrust_sha256);
	char word[TRUST_WORD_MAX];

	for (size_t i = 0; i < store->index.count; i++) {
		const struct trust_entry *e = &store->index.records[i].entry;

		if ((e->usages & TRUST_CISCO_SERVICES) == 0)
			continue;
		error_set(err, FINDING_TRUST_STORE_EMPTY, _("\"%s\" is trusted for Cisco services, but disabled, and no other "
							    "certificate is both"), e->name);
		return error_next(err, _("Enable it: \"posture-console certs enable %s\"."), trust_word(word, e));
	}
	if (identrust == NULL) {
		error_set(err, FINDING_TRUST_STORE_EMPTY, _("no certificate is trusted for Cisco services, and IdenTrust "
			  "Commercial Root CA 1, in which the chains of the vendor's servers end, is not in the store: the "
			  "appliance's field notice FN72111 is about the same"));
		return error_next(err, _("Import it (or the CA of your mirror): \"posture-console certs import FILE --usage "
					 "cisco-services\"."));
	}
	error_set(err, FINDING_TRUST_STORE_EMPTY, _("no certificate is enabled and trusted for Cisco services; \"%s\" is %s"),
		  identrust->entry.name, identrust->entry.enabled ? _("not trusted for them") : _("disabled"));
	return lacks_usage(&identrust->entry, err);
}

bool trust_have_anchor(const struct trust_store *store, unsigned int usages, struct error *err)
{
	for (size_t i = 0; i < store->index.count; i++) {
		if (is_anchor(&store->index.records[i].entry, usages))
			return true;
	}
	if (store->index.count == 0) {
		error_set(err, FINDING_TRUST_STORE_EMPTY, _("there is no trusted certificate at all%s"),
			  store->dir < 0 ? _(": this system has no CA certificates to begin with") : "");
		return error_next(err, store->dir < 0 ? _("Install the package ca-certificates, or import the feed's CA: "
							  "\"posture-console certs import FILE --usage cisco-services\".")
						      : _("Import the feed's CA: \"posture-console certs import FILE --usage "
							  "cisco-services\"."));
	}
	if (usages == TRUST_CISCO_SERVICES)
		return explain_services(store, err);
	error_set(err, FINDING_TRUST_STORE_EMPTY, _("no certificate in the store is enabled and trusted for this"));
	return error_next(err, _("Look at what is there: \"posture-console certs list\"."));
}
