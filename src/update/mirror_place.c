/* Putting what a mirror has fetched in its place, while nodes read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "update/by_hash.h"
#include "update/mirror_run.h"

#define LINK_TEMP PARTS_DIR "/link"

/* --- by their hashes ------------------------------------------------------------------------------------------------- */

/* A second name where there can be one; `path` is for messages. */
static bool link_name(struct mirror *m, const char *from, const char *to, const char *path, struct error *err)
{
	if (m->no_links || by_hash_link(m->dir_fd, from, to, LINK_TEMP))
		return true;
	if (!by_hash_no_links(errno))
		return error_errno(err, FINDING_IO_ERROR, _("cannot put %s in the mirror"), path);
	m->no_links = true;
	log_write(m->u.log, LOG_LEVEL_WARN, "Mirror", "",
		  "the file system of %s has no hard links: a node that pulls while the mirror changes may have to begin again",
		  m->options->dir);
	return true;
}

/* What the manifest before names goes on being there, for who has just read it. */
static bool keep_before(struct mirror *m, struct error *err)
{
	char name[BY_HASH_NAME_MAX];

	for (size_t i = 0; m->before != NULL && i < m->before->count; i++) {
		const struct component *c = &m->before->components[i];

		by_hash_name(name, c->sha256);
		if (faccessat(m->dir_fd, name, F_OK, 0) < 0 && mirror_holds(m, c->href, c) &&
		    !link_name(m, c->href, name, c->href, err))
			return false;
	}
	by_hash_signature_name(name, m->before_xml.data, m->before_xml.len);
	return m->before == NULL || faccessat(m->dir_fd, MANIFEST_SIGNATURE_NAME, F_OK, 0) < 0 ||
	       faccessat(m->dir_fd, name, F_OK, 0) == 0 ||
	       link_name(m, MANIFEST_SIGNATURE_NAME, name, MANIFEST_SIGNATURE_NAME, err);
}

/* A fetched component under its hash, on the disk. */
static bool place_by_hash(struct mirror *m, size_t i, struct error *err)
{
	const struct component *c = &m->u.manifest->components[i];
	struct fetch *f = &m->fetches[i];
	char name[BY_HASH_NAME_MAX], part[BY_HASH_NAME_MAX + 8];

	by_hash_name(name, c->sha256);
	snprintf(part, sizeof(part), "%s.part", name + sizeof(BY_HASH_DIR));
	if (fchmod(part_fd(f->part), 0644) < 0 || fsync(part_fd(f->part)) < 0 ||
	    renameat(m->u.parts_fd, part, m->dir_fd, name) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot put %s in the mirror"), c->href);
	part_remove(f->part);
	f->part = NULL;
	m->places[i] = MIRROR_BY_HASH;
	return true;
}

static bool place_signature_by_hash(const struct mirror *m, bool current, struct error *err)
{
	char name[BY_HASH_NAME_MAX];

	by_hash_signature_name(name, m->u.xml.data, m->u.xml.len);
	return m->u.p7s.len == 0 || (current && faccessat(m->dir_fd, name, F_OK, 0) == 0) ||
	       file_write_atomic(m->dir_fd, name, 0644, m->u.p7s.data, m->u.p7s.len, err);
}

static bool place_all_by_hash(struct mirror *m, bool current, struct error *err)
{
	const struct manifest *manifest = m->u.manifest;
	char name[BY_HASH_NAME_MAX];
	int fd = file_open_dir(m->dir_fd, BY_HASH_DIR, true, 0755, err);
	bool ok = fd >= 0 && keep_before(m, err);

	if (fd >= 0)
		(void)fchmod(fd, 0755);		/* whatever the umask */
	for (size_t i = 0; ok && i < manifest->count; i++) {
		const struct component *c = &manifest->components[i];

		by_hash_name(name, c->sha256);
		if (m->places[i] == MIRROR_IN_PLACE)
			ok = link_name(m, c->href, name, c->href, err);
		else if (m->places[i] == MIRROR_MISSING)
			ok = place_by_hash(m, i, err);
	}
	ok = ok && place_signature_by_hash(m, current, err) && file_sync_dir(fd, err);
	file_close(&fd);
	return ok;
}

/* --- under their names ----------------------------------------------------------------------------------------------- */

/* Makes the folders of "a/b/c.tar.gz" below the mirror. */
static bool make_parents(const struct mirror *m, const char *href, struct error *err)
{
	char *copy = strdup(href);
	bool ok = copy != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	for (char *slash = ok ? strchr(copy, '/') : NULL; ok && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(m->dir_fd, copy, 0755) < 0 && errno != EEXIST)
			ok = error_errno(err, FINDING_PATH_INVALID, _("cannot make the folder %s in the mirror"), copy);
		*slash = '/';
	}
	free(copy);
	return ok;
}

static bool place_component(struct mirror *m, size_t i, struct error *err)
{
	const struct component *c = &m->u.manifest->components[i];
	char name[BY_HASH_NAME_MAX];

	if (m->places[i] == MIRROR_IN_PLACE)
		return true;
	by_hash_name(name, c->sha256);
	if (!make_parents(m, c->href, err) || !link_name(m, name, c->href, c->href, err))
		return false;
	if (m->no_links && renameat(m->dir_fd, name, m->dir_fd, c->href) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot put %s in the mirror"), c->href);
	return true;
}

static bool place_signature(struct mirror *m, struct error *err)
{
	const struct update *u = &m->u;
	char name[BY_HASH_NAME_MAX];

	if (u->p7s.len == 0)
		return unlinkat(m->dir_fd, MANIFEST_SIGNATURE_NAME, 0) == 0 || errno == ENOENT ||
		       error_errno(err, FINDING_IO_ERROR, _("cannot remove the mirror's old signature"));
	by_hash_signature_name(name, u->xml.data, u->xml.len);
	if (!link_name(m, name, MANIFEST_SIGNATURE_NAME, MANIFEST_SIGNATURE_NAME, err))
		return false;
	return !m->no_links || file_write_atomic(m->dir_fd, MANIFEST_SIGNATURE_NAME, 0644, u->p7s.data, u->p7s.len, err);
}

/* Removes what only the manifest before named. */
static void remove_old(const struct mirror *m)
{
	for (size_t i = 0; m->before != NULL && i < m->before->count; i++) {
		const char *href = m->before->components[i].href;
		bool still = false;

		for (size_t j = 0; j < m->u.manifest->count && !still; j++)
			still = strcmp(href, m->u.manifest->components[j].href) == 0;
		if (!still)
			unlinkat(m->dir_fd, href, 0);
	}
}

static bool place_bundle(const struct mirror *m, struct error *err)
{
	const struct manifest *manifest = m->u.manifest;
	const char **names = calloc(manifest->count + 2, sizeof(*names));
	char *path = file_join(m->options->dir, MIRROR_BUNDLE_NAME);
	size_t n = 0;
	bool ok = false;

	if (names == NULL || path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	names[n++] = MANIFEST_NAME;
	if (m->u.p7s.len > 0)
		names[n++] = MANIFEST_SIGNATURE_NAME;
	for (size_t i = 0; i < manifest->count; i++)
		names[n++] = manifest->components[i].href;
	ok = bundle_build(m->options->dir, names, n, path, err);
out:
	free(path);
	free(names);
	return ok;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static bool same_bytes(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool has_that_signature(const struct mirror *m)
{
	struct buffer p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	bool same;

	(void)file_read(m->dir_fd, MANIFEST_SIGNATURE_NAME, &p7s, NULL);
	same = same_bytes(&p7s, &m->u.p7s);
	buffer_clear(&p7s);
	return same;
}

/* All of it is there already, the bundle too. */
static bool is_current(const struct mirror *m)
{
	struct stat bundle, manifest;

	for (size_t i = 0; i < m->u.manifest->count; i++) {
		if (m->places[i] != MIRROR_IN_PLACE)
			return false;
	}
	return m->before != NULL && same_bytes(&m->u.xml, &m->before_xml) && has_that_signature(m) &&
	       fstatat(m->dir_fd, MIRROR_BUNDLE_NAME, &bundle, 0) == 0 &&
	       fstatat(m->dir_fd, MANIFEST_NAME, &manifest, 0) == 0 && bundle.st_mtime >= manifest.st_mtime;
}

static bool flush(const struct mirror *m, struct error *err)
{
	return syncfs(m->dir_fd) == 0 || error_errno(err, FINDING_IO_ERROR, _("cannot flush the mirror to disk"));
}

bool mirror_place(struct mirror *m, struct error *err)
{
	const struct update *u = &m->u;
	bool current = is_current(m);

	if (!place_all_by_hash(m, current, err))
		return false;
	for (size_t i = 0; i < u->manifest->count; i++) {
		if (!place_component(m, i, err))
			return false;
	}
	if (!place_signature(m, err))
		return false;
	if (!current) {
		if (!flush(m, err) || !file_write_atomic(m->dir_fd, MANIFEST_NAME, 0644, u->xml.data, u->xml.len, err) ||
		    !place_bundle(m, err))
			return false;
		remove_old(m);
	}
	by_hash_expire(m->dir_fd, u->manifest, u->xml.data, u->xml.len, clock_now());
	/* All that was wanted is here: what is left in it belongs to runs that were broken off. */
	(void)file_remove_tree(m->dir_fd, PARTS_DIR, NULL);
	return current || flush(m, err);
}
