/* Opening the store and looking into it. */
#include "trust/room.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"

/* A writer adds files before the index names them and removes them after it does not. */
#define LOOKS 3

const unsigned char trust_identrust_sha256[32] = {
	0x5D, 0x56, 0x49, 0x9B, 0xE4, 0xD2, 0xE0, 0x8B, 0xCF, 0xCA, 0xD0, 0x8A, 0x3E, 0x38, 0x72, 0x3D,
	0x50, 0x50, 0x3B, 0xDE, 0x70, 0x69, 0x48, 0xE4, 0x2F, 0x55, 0x60, 0x30, 0x19, 0xE5, 0x28, 0xAE,
};

bool trust_load(struct trust_store *store, struct error *err)
{
	bool complete = false;

	for (int i = 0; i < LOOKS && !complete; i++) {
		struct trust_index fresh;

		if (!trust_index_load(&fresh, store->dir, store->path, err))
			return false;
		trust_index_clear(&store->index);
		store->index = fresh;
		if (!trust_folder_scan(store, &complete, err))
			return false;
	}
	return true;
}

/* The folder as it is, or filled now. */
static bool open_folder(struct trust_store *store, struct error *err)
{
	if (!trust_folder_open(store->path, &store->dir, err))
		return false;
	if (store->dir >= 0)
		return true;
	if (store->read_only) {
		error_set(err, FINDING_TRUST_STORE_MISSING, _("there is no store of trusted certificates in %s"),
			  store->state_dir);
		return error_next(err, _("Make it as the user that owns the folder: \"posture-console certs list\"."));
	}
	if (!trust_fill(store->state_dir, store->path, err))
		return error_wrap(err, _("cannot fill the store of trusted certificates"));
	return trust_folder_open(store->path, &store->dir, err);
}

bool trust_open(const char *state_dir, bool read_only, struct trust_store **out, struct error *err)
{
	struct trust_store *store = calloc(1, sizeof(*store));
	bool ok = false;

	*out = NULL;
	if (store == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	store->dir = -1;
	store->read_only = read_only;
	store->patience_ms = TRUST_PATIENCE_MS;
	store->state_dir = strdup(state_dir);
	store->path = file_join(state_dir, "trust");
	if (store->state_dir == NULL || store->path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (!trust_state_dir_check(state_dir, err) || !open_folder(store, err))
		goto out;
	/* Before reading: a change in between is then seen by trust_refresh(). */
	store->stamp = trust_stamp_take(store->path);
	if (store->dir >= 0 ? !trust_load(store, err) : !trust_index_new(&store->index, err))
		goto out;
	*out = store;
	store = NULL;
	ok = true;
out:
	trust_free(store);
	return ok;
}

void trust_free(struct trust_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->stray_count && i < TRUST_STRAYS_MAX; i++)
		free(store->strays[i]);
	trust_index_clear(&store->index);
	file_close(&store->dir);
	free(store->state_dir);
	free(store->path);
	free(store);
}

bool trust_refresh(struct trust_store *store, bool *changed, struct error *err)
{
	struct trust_stamp now = trust_stamp_take(store->path);
	const struct trust_stamp *was = &store->stamp;
	struct trust_store *fresh, old;

	*changed = false;
	if (now.inode == was->inode && now.device == was->device && now.size == was->size &&
	    now.changed.tv_sec == was->changed.tv_sec && now.changed.tv_nsec == was->changed.tv_nsec)
		return true;
	/* The folder itself may be another one by now. */
	if (!trust_open(store->state_dir, true, &fresh, err))
		return false;
	fresh->read_only = store->read_only;
	fresh->patience_ms = store->patience_ms;
	old = *store;
	*store = *fresh;
	*fresh = old;
	trust_free(fresh);
	*changed = true;
	return true;
}

const char *trust_folder(const struct trust_store *store)
{
	return store->path;
}

void trust_set_patience(struct trust_store *store, int milliseconds)
{
	store->patience_ms = milliseconds;
}

size_t trust_count(const struct trust_store *store)
{
	return store->index.count;
}

const struct trust_entry *trust_at(const struct trust_store *store, size_t i)
{
	return i < store->index.count ? &store->index.records[i].entry : NULL;
}

const struct trust_entry *trust_find(const struct trust_store *store, const char *name)
{
	const struct trust_record *r = trust_index_find(&store->index, name, NULL);

	return r != NULL ? &r->entry : NULL;
}

const struct trust_entry *trust_find_sha256(const struct trust_store *store, const unsigned char sha256[32])
{
	const struct trust_record *r = trust_index_by_sha256(&store->index, sha256);

	return r != NULL ? &r->entry : NULL;
}

const struct trust_entry *trust_find_certificate(const struct trust_store *store, X509 *certificate)
{
	const struct trust_record *r;
	unsigned char sha256[32];

	if (X509_digest(certificate, EVP_sha256(), sha256, NULL) != 1)
		return NULL;
	r = trust_index_by_sha256(&store->index, sha256);
	return r != NULL ? &r->entry : NULL;
}

const struct trust_entry *trust_issuer_of(const struct trust_store *store, X509 *certificate, size_t *next)
{
	unsigned int hash = (unsigned int)X509_issuer_name_hash(certificate);

	while (*next < store->index.count) {
		const struct trust_entry *entry = &store->index.records[(*next)++].entry;
		X509 *issuer = entry->subject_hash == hash ? trust_certificate(store, entry, NULL) : NULL;
		int why = issuer != NULL ? X509_check_issued(issuer, certificate) : X509_V_ERR_SUBJECT_ISSUER_MISMATCH;

		/* Whether it may issue is not the question here, but whether it did. */
		if (why == X509_V_OK || why == X509_V_ERR_KEYUSAGE_NO_CERTSIGN)
			return entry;
	}
	return NULL;
}

/* --- the certificate itself ----------------------------------------------------------------------------------------- */

static X509 *parse(const struct buffer *pem)
{
	BIO *in = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *certificate = in != NULL ? PEM_read_bio_X509_AUX(in, NULL, trust_no_password, NULL) : NULL;

	BIO_free(in);
	ERR_clear_error();
	return certificate;
}

static bool is_meant(X509 *certificate, const unsigned char sha256[32])
{
	unsigned char own[32];

	return X509_digest(certificate, EVP_sha256(), own, NULL) == 1 && memcmp(own, sha256, sizeof(own)) == 0;
}

static X509 *load(const struct trust_store *store, const struct trust_entry *entry, struct error *err)
{
	struct buffer pem = BUFFER_INIT(TRUST_IMPORT_MAX_BYTES * 2);
	char name[TRUST_FILE_NAME_MAX], word[TRUST_WORD_MAX];
	X509 *certificate = NULL;

	trust_file_name(name, entry->sha256);
	if (!trust_file_read(store->dir, name, store->path, &pem, err)) {
		if (err != NULL && err->code == FINDING_TRUST_STORE_MISSING)
			err->code = FINDING_TRUST_STORE_INVALID;
		error_wrap(err, _("cannot use the certificate \"%s\""), entry->name);
		goto out;
	}
	if (pem.len > 0)
		certificate = parse(&pem);
	if (certificate != NULL && is_meant(certificate, entry->sha256))
		goto out;
	error_set(err, FINDING_TRUST_STORE_INVALID,
		  certificate == NULL ? _("cannot use the certificate \"%s\": its file %s/%s is damaged")
				      : _("cannot use the certificate \"%s\": its file %s/%s holds another certificate"),
		  entry->name, store->path, name);
	X509_free(certificate);
	certificate = NULL;
out:
	if (certificate == NULL)
		error_next(err, _("Remove it and import it again: \"posture-console certs remove %s\"."),
			   trust_word(word, entry));
	buffer_clear(&pem);
	return certificate;
}

X509 *trust_record_certificate(const struct trust_store *store, struct trust_record *record, struct error *err)
{
	if (record->certificate == NULL)
		record->certificate = load(store, &record->entry, err);
	return record->certificate;
}

X509 *trust_certificate(const struct trust_store *store, const struct trust_entry *entry, struct error *err)
{
	struct trust_record *r = trust_index_by_sha256(&store->index, entry->sha256);

	if (r == NULL) {
		error_set(err, FINDING_NONE, _("the certificate is no longer in the store"));
		return NULL;
	}
	return trust_record_certificate(store, r, err);
}
