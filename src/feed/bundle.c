#include "feed/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "feed/signature.h"
#include "feed/zip.h"

/* Folders that a workstation adds to a zip on its own. */
static const char *const ignored_folders[] = { "__MACOSX/" };

bool zip_read_at(const struct bundle *b, void *data, size_t len, int64_t offset, struct error *err)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = pread(b->fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), b->label);
		if (n == 0)
			return zip_bad(b, FINDING_BUNDLE_TRUNCATED, err, _("the file is cut off"));
		p += n;
		len -= (size_t)n;
		offset += n;
	}
	return true;
}

static bool is_ignored(const struct zip_entry *e)
{
	if (e->folder)
		return true;
	for (size_t i = 0; i < sizeof(ignored_folders) / sizeof(ignored_folders[0]); i++) {
		if (strncmp(e->m.name, ignored_folders[i], strlen(ignored_folders[i])) == 0)
			return true;
	}
	return false;
}

/* How long the name of the one folder is that everything lies in; 0: there is none. */
static size_t top_folder(const struct bundle *b)
{
	const char *first = b->count > 0 ? b->members[0].name : "", *slash = strchr(first, '/');
	size_t len = slash != NULL ? (size_t)(slash - first) + 1 : 0;

	for (size_t i = 1; i < b->count && len > 0; i++) {
		if (strncmp(b->members[i].name, first, len) != 0)
			return 0;
	}
	return len;
}

static int compare_name(const void *a, const void *b)
{
	return strcmp(((const struct bundle_member *)a)->name, ((const struct bundle_member *)b)->name);
}

/* Takes the files out of the scan. */
static bool take_members(struct bundle *b, struct zip_scan *scan, struct error *err)
{
	size_t top;

	b->members = calloc(scan->count + 1, sizeof(*b->members));
	if (b->members == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < scan->count; i++) {
		if (is_ignored(&scan->entries[i]))
			continue;
		b->members[b->count++] = scan->entries[i].m;
		scan->entries[i].m.name = NULL;
	}
	top = top_folder(b);
	for (size_t i = 0; i < b->count; i++)
		memmove(b->members[i].name, b->members[i].name + top, strlen(b->members[i].name + top) + 1);
	qsort(b->members, b->count, sizeof(*b->members), compare_name);
	return true;
}

bool bundle_open(int fd, const char *label, struct bundle **out, struct error *err)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct zip_scan scan = { 0 };
	bool ok = false;

	if (b == NULL || (b->label = strdup(label)) == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	b->fd = fd;
	b->size = lseek(fd, 0, SEEK_END);
	if (b->size < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), label);
		goto out;
	}
	if (b->size == 0) {
		zip_bad(b, FINDING_BUNDLE_EMPTY, err, _("the file is empty"));
		goto out;
	}
	if (!zip_scan(b, &scan, err) || !take_members(b, &scan, err))
		goto out;
	if (b->count == 0) {
		zip_bad(b, FINDING_BUNDLE_EMPTY, err, _("there is no file in the zip"));
		goto out;
	}
	*out = b;
	b = NULL;
	ok = true;
out:
	zip_scan_clear(&scan);
	bundle_free(b);
	return ok;
}

void bundle_free(struct bundle *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->count; i++)
		free(b->members[i].name);
	free(b->members);
	free(b->label);
	free(b);
}

int bundle_fd(const struct bundle *b)
{
	return b->fd;
}

size_t bundle_count(const struct bundle *b)
{
	return b->count;
}

const struct bundle_member *bundle_at(const struct bundle *b, size_t i)
{
	return i < b->count ? &b->members[i] : NULL;
}

static int compare_key(const void *key, const void *member)
{
	return strcmp(key, ((const struct bundle_member *)member)->name);
}

const struct bundle_member *bundle_find(const struct bundle *b, const char *name)
{
	return bsearch(name, b->members, b->count, sizeof(*b->members), compare_key);
}

/* A version out of a date: 2026.11.20.1432 */
static char *version_of(uint32_t dos_time)
{
	unsigned int date = dos_time >> 16, time = dos_time & 0xFFFF;
	char *text;

	if (asprintf(&text, "%u.%u.%u.%02u%02u", (date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63) < 0)
		return NULL;
	return text;
}

static bool add_known(struct manifest *m, const struct known_component *known, const struct bundle_member *member)
{
	struct component *c = &m->components[m->count++];

	*c = (struct component){ .size = member->size, .once = known->once };
	c->id = strdup(known->id);
	c->title = strdup(known->title);
	c->version = version_of(member->dos_time);
	c->href = strdup(member->name);
	return c->id != NULL && c->title != NULL && c->version != NULL && c->href != NULL;
}

static bool make_manifest(const struct bundle *b, struct manifest **out, struct error *err)
{
	struct manifest *m = calloc(1, sizeof(*m));
	uint32_t newest = 0;
	bool ok = false;

	if (m == NULL || (m->components = calloc(b->count, sizeof(*m->components))) == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	m->synthetic = true;
	for (size_t i = 0; i < b->count; i++) {
		const struct bundle_member *member = &b->members[i];
		const struct known_component *known = manifest_known_by_file(member->name);

		if (known == NULL)
			continue;
		if (manifest_component(m, known->id) != NULL) {
			zip_bad(b, FINDING_BUNDLE_DUPLICATE_MEMBER, err, _("there are two files %s in different folders"),
				known->href);
			goto out;
		}
		if (!add_known(m, known, member)) {
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
			goto out;
		}
		newest = member->dos_time > newest ? member->dos_time : newest;
	}
	if (m->count == 0) {
		zip_bad(b, FINDING_BUNDLE_WRONG_PRODUCT, err,
			_("the zip holds neither a manifest (%s) nor a file that is known from posture updates"), MANIFEST_NAME);
		goto out;
	}
	m->version = version_of(newest);
	if (m->version == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	*out = m;
	m = NULL;
	ok = true;
out:
	manifest_free(m);
	return ok;
}

static bool read_capped(const struct bundle *b, const struct bundle_member *member, size_t max, struct buffer *out,
			struct error *err)
{
	if (member->size > (int64_t)max)
		return zip_bad(b, FINDING_FEED_MALFORMED, err, _("\"%s\" is larger than %zu bytes"), member->name, max);
	return bundle_read_small(b, member, out, err);
}

bool bundle_manifest(const struct bundle *b, struct manifest **out, struct buffer *xml, struct buffer *p7s,
		     struct error *err)
{
	const struct bundle_member *manifest = bundle_find(b, MANIFEST_NAME);
	const struct bundle_member *signature = bundle_find(b, MANIFEST_SIGNATURE_NAME);

	*out = NULL;
	if (manifest == NULL)
		return make_manifest(b, out, err);
	return read_capped(b, manifest, MANIFEST_MAX_BYTES, xml, err) &&
	       (signature == NULL || read_capped(b, signature, SIGNATURE_MAX_BYTES, p7s, err));
}
