#include "trust/preview.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "trust/room.h"

#define PREVIEW_MAX_BYTES (TRUST_IMPORT_MAX_BYTES * 2)

struct trust_preview {
	struct trust_index index;	/* of the certificates that were read, as if they were a store */
	struct trust_preview_item *items;
	size_t count;
};

void trust_preview_free(struct trust_preview *preview)
{
	if (preview == NULL)
		return;
	trust_index_clear(&preview->index);
	free(preview->items);
	free(preview);
}

size_t trust_preview_count(const struct trust_preview *preview)
{
	return preview->count;
}

const struct trust_preview_item *trust_preview_at(const struct trust_preview *preview, size_t i)
{
	return i < preview->count ? &preview->items[i] : NULL;
}

/* Adds what was not there yet; the record keeps the certificate. */
static bool add(struct trust_preview *p, X509 *certificate, struct error *err)
{
	char name[TRUST_NAME_MAX + 1];
	unsigned char sha256[32];

	if (X509_digest(certificate, EVP_sha256(), sha256, NULL) != 1)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (trust_index_by_sha256(&p->index, sha256) != NULL)
		return true;
	if (p->index.count >= TRUST_IMPORT_MAX)
		return error_set(err, FINDING_IMPORT_TOO_MUCH, _("there are more than %d certificates to import"),
				 TRUST_IMPORT_MAX);
	trust_common_name(name, X509_get_subject_name(certificate));
	if (!trust_index_add(&p->index, certificate, name[0] != '\0' ? name : "?", "", true, 0, err))
		return false;
	X509_up_ref(certificate);
	p->index.records[p->index.count - 1].certificate = certificate;
	return true;
}

static bool read_source(struct trust_preview *p, const struct trust_source *source, struct error *err)
{
	STACK_OF(X509) *found;
	bool ok = true;

	if (!trust_read_apart(source->data, source->len, &found, err))
		return error_wrap(err, _("cannot import %.500s"), source->label != NULL ? source->label : _("the data"));
	for (int i = 0; ok && i < sk_X509_num(found); i++)
		ok = add(p, sk_X509_value(found, i), err);
	sk_X509_pop_free(found, X509_free);
	return ok;
}

static void judge(const struct trust_store *store, struct trust_record *r, struct trust_preview_item *item)
{
	item->entry = r->entry;
	item->known = trust_find_certificate(store, r->certificate);
	if (item->known != NULL) {
		item->state = TRUST_PREVIEW_KNOWN;
		error_set(&item->why, FINDING_IMPORT_DUPLICATE, item->known->enabled ? _("it is in the store already, as \"%s\"")
			  : _("it is in the store already, as \"%s\", disabled"), item->known->name);
	} else if (!trust_check(r->certificate, &item->needed, &item->why)) {
		item->state = TRUST_PREVIEW_REFUSED;
	} else if (item->needed != 0) {
		item->state = TRUST_PREVIEW_NEEDS_ALLOW;
		trust_reason(r->certificate, 0, &item->why);
	}
}

bool trust_preview_new(const struct trust_store *store, const struct trust_source *sources, size_t count,
		       struct trust_preview **out, struct error *err)
{
	struct trust_preview *p = calloc(1, sizeof(*p));
	bool ok = p != NULL && trust_index_new(&p->index, err);

	*out = NULL;
	if (p == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; ok && i < count; i++)
		ok = read_source(p, &sources[i], err);
	if (ok) {
		p->items = calloc(p->index.count > 0 ? p->index.count : 1, sizeof(*p->items));
		ok = p->items != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	for (size_t i = 0; ok && i < p->index.count; i++)
		judge(store, &p->index.records[i], &p->items[p->count++]);
	if (ok)
		*out = p;
	else
		trust_preview_free(p);
	return ok;
}

size_t trust_preview_fresh(const struct trust_preview *preview, unsigned int *needed)
{
	size_t fresh = 0;

	*needed = 0;
	for (size_t i = 0; i < preview->count; i++) {
		if (preview->items[i].state > TRUST_PREVIEW_NEEDS_ALLOW)
			continue;
		*needed |= preview->items[i].needed;
		fresh++;
	}
	return fresh;
}

bool trust_preview_import(struct trust_store *store, const struct trust_preview *preview,
			  const struct trust_import_options *options, size_t *added, unsigned char (*fingerprints)[32],
			  struct error *err)
{
	struct buffer pem = BUFFER_INIT(PREVIEW_MAX_BYTES);
	struct trust_source source = { 0 };
	bool ok = true;

	*added = 0;
	for (size_t i = 0; ok && i < preview->count; i++) {
		if (preview->items[i].state <= TRUST_PREVIEW_NEEDS_ALLOW)
			ok = trust_pem_append(preview->index.records[i].certificate, &pem, err);
	}
	source.data = buffer_text(&pem);
	source.len = pem.len;
	ok = ok && trust_import_sources(store, &source, 1, options, added, fingerprints, err);
	buffer_clear(&pem);
	return ok;
}

const char *trust_allow_text(unsigned int allow)
{
	switch (allow) {
	case TRUST_ALLOW_EXPIRED: return _("although it is out of date or not valid yet");
	case TRUST_ALLOW_SHA1: return _("although it is signed with SHA-1, MD5 or older");
	case TRUST_ALLOW_NOT_CA: return _("although it is not the certificate of a CA");
	default: return "";
	}
}
