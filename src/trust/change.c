/* Changing the store: the index is read again under the lock, the change applied to that, the result written whole. */
#include "trust/room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"

/* A store on a system without CA certificates comes into being with the first import. */
static bool need_folder(struct trust_store *store, struct error *err)
{
	struct trust_index none;
	bool ok;

	if (store->dir >= 0)
		return true;
	if (!trust_folder_open(store->path, &store->dir, err))
		return false;
	if (store->dir >= 0)
		return true;
	ok = trust_index_new(&none, err) && trust_folder_make(store->state_dir, &none, NULL, err);
	trust_index_clear(&none);
	return ok && trust_folder_open(store->path, &store->dir, err);
}

bool trust_change(struct trust_store *store, const struct trust_edit *edit, struct error *err)
{
	struct trust_index fresh = { 0 };
	bool saved = false, complete;
	int lock;

	if (store->read_only)
		return error_set(err, FINDING_NONE, _("the store of trusted certificates was opened for reading only"));
	lock = trust_lock(store->state_dir, store->patience_ms, err);
	if (lock < 0)
		return false;
	if (!need_folder(store, err) || !trust_index_load(&fresh, store->dir, store->path, err))
		goto out;
	trust_folder_sweep(store->dir);
	saved = edit->apply(store, &fresh, edit->data, err) && trust_index_save(&fresh, store->dir, err);
	if (edit->done != NULL)
		edit->done(store, edit->data, saved);
	if (saved) {
		trust_index_clear(&store->index);
		store->index = fresh;
		fresh = (struct trust_index){ 0 };
		trust_folder_scan(store, &complete, NULL);
		/* Under the lock: it is the one that was just written. */
		store->stamp = trust_stamp_take(store->path);
	}
out:
	file_close(&lock);
	trust_index_clear(&fresh);
	return saved;
}

/* --- changes to one certificate ------------------------------------------------------------------------------------- */

struct one {
	const char *name;
	const char *description;
	bool enabled;
	unsigned int add, take_away;
	unsigned char sha256[32];
};

static bool change_one(struct trust_store *store,
		       bool (*apply)(struct trust_store *, struct trust_index *, void *, struct error *), struct one *c,
		       struct error *err)
{
	const struct trust_edit edit = { .apply = apply, .data = c };

	return trust_change(store, &edit, err);
}

static bool apply_enabled(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err)
{
	const struct one *c = data;
	struct trust_record *r = trust_index_find(fresh, c->name, err);

	(void)store;
	return r != NULL && trust_record_set(r, "enabled", json_boolean(c->enabled), err);
}

bool trust_set_enabled(struct trust_store *store, const char *name, bool enabled, struct error *err)
{
	struct one c = { .name = name, .enabled = enabled };

	return change_one(store, apply_enabled, &c, err);
}

/* Its key usage matters for client-auth: only then is the file read. */
static bool check_usages(const struct trust_store *store, struct trust_record *r, unsigned int usages,
			 struct error *err)
{
	X509 *certificate;

	if ((usages & TRUST_CLIENT_AUTH & ~r->entry.usages) == 0)
		return true;
	certificate = trust_record_certificate(store, r, err);
	return certificate != NULL && trust_check_usages(certificate, usages, err);
}

bool trust_usage_possible(const struct trust_store *store, const struct trust_entry *entry, unsigned int usage,
			  struct error *err)
{
	struct trust_record *r = trust_index_by_sha256(&store->index, entry->sha256);

	if (r == NULL)
		return error_set(err, FINDING_NONE, _("the certificate is no longer in the store"));
	return check_usages(store, r, r->entry.usages | trust_usage_with_needs(usage), err);
}

static bool apply_usages(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err)
{
	const struct one *c = data;
	struct trust_record *r = trust_index_find(fresh, c->name, err);
	unsigned int after;

	if (r == NULL || !trust_usages_after(r->entry.usages, c->add, c->take_away, &after, err))
		return false;
	return check_usages(store, r, after, err) && trust_record_set_usages(r, after, err);
}

bool trust_change_usages(struct trust_store *store, const char *name, unsigned int add, unsigned int take_away,
			 struct error *err)
{
	struct one c = { .name = name, .add = add, .take_away = take_away & ~add };

	return change_one(store, apply_usages, &c, err);
}

bool trust_set_usages(struct trust_store *store, const char *name, unsigned int usages, struct error *err)
{
	return trust_usages_check(usages, err) && trust_change_usages(store, name, usages, ~usages, err);
}

static bool apply_description(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err)
{
	const struct one *c = data;
	struct trust_record *r = trust_index_find(fresh, c->name, err);

	(void)store;
	return r != NULL && trust_record_set(r, "description", json_string(c->description), err);
}

bool trust_set_description(struct trust_store *store, const char *name, const char *description, struct error *err)
{
	struct one c = { .name = name, .description = description };

	return trust_description_check(description, err) && change_one(store, apply_description, &c, err);
}

static bool apply_remove(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err)
{
	struct one *c = data;
	struct trust_record *r = trust_index_find(fresh, c->name, err);

	(void)store;
	if (r == NULL)
		return false;
	memcpy(c->sha256, r->entry.sha256, sizeof(c->sha256));
	trust_index_drop(fresh, r);
	return true;
}

/* Only when the index no longer names it: a crash before this leaves a file that is trusted for nothing. */
static void remove_file(struct trust_store *store, void *data, bool saved)
{
	const struct one *c = data;

	if (saved)
		trust_file_remove(store->dir, c->sha256);
}

bool trust_remove(struct trust_store *store, const char *name, struct error *err)
{
	struct one c = { .name = name };
	const struct trust_edit edit = { .apply = apply_remove, .done = remove_file, .data = &c };

	return trust_change(store, &edit, err);
}
