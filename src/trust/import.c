/* Importing: everything is read and checked before anything is stored. */
#include "trust/room.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"

#define LABEL_MAX 512
#define FLUSH_EACH_MAX 4	/* from there on one flush of everything is faster */

struct item {
	X509 *certificate;
	unsigned char sha256[32];
	char label[LABEL_MAX];
};

struct import {
	const struct trust_import_options *options;
	struct item *items;
	size_t count;
	size_t written;		/* files */
};

static void import_clear(struct import *im)
{
	for (size_t i = 0; i < im->count; i++)
		X509_free(im->items[i].certificate);
	free(im->items);
}

/* How messages call it: "corp.pem: certificate 2 (Corp Root)". */
static void label_item(struct item *item, const char *source, int number, int of)
{
	char name[TRUST_NAME_MAX + 1];

	trust_common_name(name, X509_get_subject_name(item->certificate));
	if (source != NULL && of > 1)
		snprintf(item->label, LABEL_MAX, _("%.256s: certificate %d (%s)"), source, number, name);
	else if (source != NULL)
		snprintf(item->label, LABEL_MAX, _("%.256s: the certificate \"%s\""), source, name);
	else
		snprintf(item->label, LABEL_MAX, _("the certificate \"%s\""), name);
}

static bool is_in_already(const struct import *im, const unsigned char sha256[32])
{
	for (size_t i = 0; i < im->count; i++) {
		if (memcmp(im->items[i].sha256, sha256, 32) == 0)
			return true;
	}
	return false;
}

/* A chain file often holds the same root twice: that is one. */
static bool take(struct import *im, X509 *certificate, const char *source, int number, int of, struct error *err)
{
	unsigned char sha256[32];
	struct item *item;

	if (X509_digest(certificate, EVP_sha256(), sha256, NULL) != 1)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (is_in_already(im, sha256))
		return true;
	if (im->count >= TRUST_IMPORT_MAX)
		return error_set(err, FINDING_IMPORT_TOO_MUCH, _("there are more than %d certificates to import"),
				 TRUST_IMPORT_MAX);
	item = &im->items[im->count++];
	X509_up_ref(certificate);
	item->certificate = certificate;
	memcpy(item->sha256, sha256, sizeof(sha256));
	label_item(item, source, number, of);
	return true;
}

static bool read_source(struct import *im, const struct trust_source *source, struct error *err)
{
	STACK_OF(X509) *found;
	bool ok = true;

	if (!trust_read_apart(source->data, source->len, &found, err)) {
		char label[LABEL_MAX];

		snprintf(label, sizeof(label), "%.500s", source->label != NULL ? source->label : _("the data"));
		return error_wrap(err, _("cannot import %s"), label);
	}
	for (int i = 0; ok && i < sk_X509_num(found); i++)
		ok = take(im, sk_X509_value(found, i), source->label, i + 1, sk_X509_num(found), err);
	sk_X509_pop_free(found, X509_free);
	return ok;
}

static bool check_items(const struct import *im, struct error *err)
{
	const struct trust_import_options *o = im->options;

	if (!trust_usages_check(o->usages, err))
		return false;
	if (o->name != NULL && !trust_name_check(o->name, err))
		return false;
	if (o->description != NULL && !trust_description_check(o->description, err))
		return false;
	for (size_t i = 0; i < im->count; i++) {
		const struct item *item = &im->items[i];

		if (!trust_admit(item->certificate, item->label, o->allow, err))
			return error_wrap(err, _("cannot import"));
		if (!trust_check_usages(item->certificate, o->usages, err))
			return error_wrap(err, _("cannot import %s"), item->label);
	}
	return true;
}

/* --- storing: under the lock ---------------------------------------------------------------------------------------- */

static bool refuse_known(const struct import *im, const struct item *item, const struct trust_entry *known, struct error *err)
{
	char word[TRUST_WORD_MAX];

	trust_word(word, known);
	error_set(err, FINDING_IMPORT_DUPLICATE, _("cannot import %s: it is in the store already, as \"%s\""), item->label,
		  known->name);
	if (im->count > 1)
		return error_next(err, _("None of them was imported. Take this one out of the file and import the others."));
	if (!known->enabled)
		return error_next(err, _("Enable that one: \"posture-console certs enable %s\"."), word);
	if ((known->usages & TRUST_CISCO_SERVICES) == 0)
		return error_next(err, _("To trust it for Cisco services: \"posture-console certs trust %s "
					 "cisco-services\"."), word);
	return error_next(err, _("Nothing needs to be done: that one is enabled."));
}

static bool choose_name(char name[TRUST_NAME_MAX + 1], const struct trust_index *fresh, const struct import *im,
			size_t i, struct error *err)
{
	const char *given = im->options->name;
	char numbered[TRUST_NAME_MAX + 32];

	if (given == NULL) {
		trust_name_make(name, fresh, im->items[i].certificate);
		return true;
	}
	snprintf(numbered, sizeof(numbered), i == 0 ? "%s" : "%s %zu", given, i + 1);
	if (i > 0 && !trust_name_check(numbered, err))
		return false;
	if (trust_index_by_name(fresh, numbered) != NULL)
		return error_set(err, FINDING_IMPORT_NAME_TAKEN, _("cannot import %s: the name \"%s\" belongs to another "
				 "certificate in the store"), im->items[i].label, numbered);
	memcpy(name, numbered, strlen(numbered) + 1);
	return true;
}

static bool add_items(struct trust_index *fresh, const struct import *im, struct error *err)
{
	const struct trust_import_options *o = im->options;
	char name[TRUST_NAME_MAX + 1];

	for (size_t i = 0; i < im->count; i++) {
		const struct trust_record *known = trust_index_by_sha256(fresh, im->items[i].sha256);

		if (known != NULL)
			return refuse_known(im, &im->items[i], &known->entry, err);
	}
	if (fresh->count + im->count > TRUST_CERTIFICATES_MAX)
		return error_set(err, FINDING_IMPORT_TOO_MUCH, _("cannot import: the store would hold %zu certificates; at most "
				 "%d are allowed"), fresh->count + im->count, TRUST_CERTIFICATES_MAX);
	for (size_t i = 0; i < im->count; i++) {
		if (!choose_name(name, fresh, im, i, err) ||
		    !trust_index_add(fresh, im->items[i].certificate, name, o->description != NULL ? o->description : "",
				     true, o->usages, err))
			return false;
	}
	return true;
}

/* The files are on the disk before the index names them. */
static bool apply_import(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err)
{
	struct import *im = data;
	bool flush_each = im->count <= FLUSH_EACH_MAX;

	if (!add_items(fresh, im, err))
		return false;
	for (; im->written < im->count; im->written++) {
		if (!trust_file_write(store->dir, im->items[im->written].certificate, flush_each, err))
			return false;
	}
	/* Their bytes, and that they are there. */
	if (flush_each ? fsync(store->dir) < 0 : syncfs(store->dir) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot flush the trusted certificates to disk"));
	return true;
}

/* A save that failed may have put the new index in place all the same, only not on the disk for sure: what that names stays. */
static void undo_import(struct trust_store *store, void *data, bool saved)
{
	const struct import *im = data;
	struct trust_index now = { 0 };

	if (saved || im->written == 0 || !trust_index_load(&now, store->dir, store->path, NULL))
		return;
	for (size_t i = 0; i < im->written; i++) {
		if (trust_index_by_sha256(&now, im->items[i].sha256) == NULL)
			trust_file_remove(store->dir, im->items[i].sha256);
	}
	trust_index_clear(&now);
}

bool trust_import_sources(struct trust_store *store, const struct trust_source *sources, size_t count,
			  const struct trust_import_options *options, size_t *added, unsigned char (*fingerprints)[32],
			  struct error *err)
{
	struct import im = { .options = options, .items = calloc(TRUST_IMPORT_MAX, sizeof(struct item)) };
	const struct trust_edit edit = { .apply = apply_import, .done = undo_import, .data = &im };
	bool ok = false;

	*added = 0;
	if (im.items == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < count; i++) {
		if (!read_source(&im, &sources[i], err))
			goto out;
	}
	if (!check_items(&im, err) || !trust_change(store, &edit, err))
		goto out;
	for (size_t i = 0; fingerprints != NULL && i < im.count; i++)
		memcpy(fingerprints[i], im.items[i].sha256, 32);
	*added = im.count;
	ok = true;
out:
	import_clear(&im);
	return ok;
}

bool trust_import(struct trust_store *store, const void *data, size_t len, const char *name, unsigned int usages,
		  unsigned int allow, size_t *added, struct error *err)
{
	const struct trust_source source = { .data = data, .len = len };
	const struct trust_import_options options = { .name = name, .usages = usages, .allow = allow };

	return trust_import_sources(store, &source, 1, &options, added, NULL, err);
}
