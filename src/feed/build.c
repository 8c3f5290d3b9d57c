#include "feed/build.h"

#include <ctype.h>
#include <dirent.h>
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
#include "feed/apart.h"
#include "feed/bundle.h"
#include "feed/checksum.h"
#include "feed/signature.h"

#define EXPIRES_AFTER_S (90 * 24 * 3600)
#define ID_MAX 64
#define OFFLINE_NAME "posture-offline.zip"

struct making {
	const struct feed_build *build;
	int dirfd;
	struct manifest *old;		/* the manifest that is there, or NULL */
	struct manifest *m;
	char **files;
	size_t count;
	struct error *err;
};

static bool no_memory(struct error *err)
{
	return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len >= n && strcmp(name + len - n, suffix) == 0;
}

/* Files that are not a component: our own, hidden ones, leftovers of an editor or a copy. */
static bool is_skipped(const char *name)
{
	return name[0] == '.' || strcmp(name, MANIFEST_NAME) == 0 || strcmp(name, MANIFEST_SIGNATURE_NAME) == 0 ||
	       strcmp(name, OFFLINE_NAME) == 0 || ends_with(name, "~") || ends_with(name, ".tmp") ||
	       ends_with(name, ".part");
}

/* The known ones first, in the order of their table. */
static int compare_files(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	const struct known_component *known_x = manifest_known_by_file(x), *known_y = manifest_known_by_file(y);

	if (known_x != known_y) {
		if (known_x == NULL || known_y == NULL)
			return known_x == NULL ? 1 : -1;
		return known_x < known_y ? -1 : 1;
	}
	return strcmp(x, y);
}

static bool add_file(struct making *mk, size_t *capacity, const char *name)
{
	if (mk->count == MANIFEST_COMPONENTS_MAX)
		return error_set(mk->err, FINDING_BUNDLE_TOO_LARGE, _("there are more than %d files in %s"),
				 MANIFEST_COMPONENTS_MAX, mk->build->dir);
	if (mk->count == *capacity) {
		char **files = realloc(mk->files, (*capacity * 2 + 16) * sizeof(*files));

		if (files == NULL)
			return no_memory(mk->err);
		mk->files = files;
		*capacity = *capacity * 2 + 16;
	}
	mk->files[mk->count] = strdup(name);
	return mk->files[mk->count++] != NULL || no_memory(mk->err);
}

static bool list_files(struct making *mk)
{
	int fd = openat(mk->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	size_t capacity = 0;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		file_close(&fd);
		return error_errno(mk->err, FINDING_PATH_INVALID, _("cannot read the folder %s"), mk->build->dir);
	}
	while (ok && (errno = 0, entry = readdir(dir)) != NULL) {
		struct stat st;

		if (!is_skipped(entry->d_name) && fstatat(mk->dirfd, entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			ok = add_file(mk, &capacity, entry->d_name);
	}
	if (ok && errno != 0)
		ok = error_errno(mk->err, FINDING_IO_ERROR, _("cannot read the folder %s"), mk->build->dir);
	closedir(dir);
	if (ok && mk->count == 0)
		return error_set(mk->err, FINDING_FEED_COMPONENT_MISSING, _("there is no component in %s"), mk->build->dir);
	if (mk->files != NULL)
		qsort(mk->files, mk->count, sizeof(*mk->files), compare_files);
	return ok;
}

static bool load_old(struct making *mk)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	bool ok = true;

	if (faccessat(mk->dirfd, MANIFEST_NAME, F_OK, 0) < 0 && errno == ENOENT)
		return true;
	if (!file_read(mk->dirfd, MANIFEST_NAME, &xml, mk->err) ||
	    !apart_manifest(buffer_text(&xml), xml.len, &mk->old, mk->err)) {
		ok = error_wrap(mk->err, "%s", mk->build->dir);
		error_next(mk->err, _("Remove %s/%s if it is to be made anew."), mk->build->dir, MANIFEST_NAME);
	}
	buffer_clear(&xml);
	return ok;
}

/* An id out of a file name: "Extra Rules.tar.gz" is "extra-rules". */
static char *id_of_file(const char *name)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst", ".tar", ".tgz", ".xml" };
	char *id = strndup(name, ID_MAX);
	size_t len = id != NULL ? strlen(id) : 0;

	for (size_t i = 0; id != NULL && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (len > strlen(suffixes[i]) && ends_with(id, suffixes[i]))
			id[len -= strlen(suffixes[i])] = '\0';
	}
	for (size_t i = 0; i < len; i++) {
		id[i] = (char)tolower((unsigned char)id[i]);
		if (!isalnum((unsigned char)id[i]) && (i == 0 || strchr("-._", id[i]) == NULL))
			id[i] = i == 0 ? 'x' : '-';
	}
	return id;
}

static const struct component *old_component(const struct making *mk, const char *href)
{
	for (size_t i = 0; mk->old != NULL && i < mk->old->count; i++) {
		if (strcmp(mk->old->components[i].href, href) == 0)
			return &mk->old->components[i];
	}
	return NULL;
}

/* The version in "ID=VERSION" if it is that id's. */
static const char *version_in(const char *row, const char *id)
{
	size_t len = strlen(id);

	return strncmp(row, id, len) == 0 && row[len] == '=' ? row + len + 1 : NULL;
}

static const char *given_version(const struct feed_build *build, const char *id)
{
	const char *version = NULL;

	for (const char *const *p = build->component_versions; version == NULL && p != NULL && *p != NULL; p++)
		version = version_in(*p, id);
	return version;
}

/* What is given; else that of the same bytes before; else the manifest's. */
static char *choose_version(const struct making *mk, const struct component *c, const struct component *old)
{
	const char *given = given_version(mk->build, c->id);

	if (given != NULL)
		return strdup(given);
	if (old != NULL && memcmp(old->sha256, c->sha256, sizeof(c->sha256)) == 0)
		return strdup(old->version);
	return strdup(mk->m->version);
}

static bool make_component(struct making *mk, const char *file)
{
	struct component *c = &mk->m->components[mk->m->count++];
	const struct component *old = old_component(mk, file);
	const struct known_component *known = manifest_known_by_file(file);
	int fd = openat(mk->dirfd, file, O_RDONLY | O_CLOEXEC);
	bool ok;

	*c = (struct component){ .has_sha256 = true };
	if (fd < 0)
		return error_errno(mk->err, FINDING_PATH_INVALID, _("cannot open %s/%s"), mk->build->dir, file);
	ok = checksum_file(fd, file, c->sha256, &c->size, mk->err);
	file_close(&fd);
	if (!ok)
		return false;
	c->once = known != NULL ? known->once : old != NULL && old->once;
	c->href = strdup(file);
	c->id = old != NULL ? strdup(old->id) : known != NULL ? strdup(known->id) : id_of_file(file);
	if (c->href == NULL || c->id == NULL)
		return no_memory(mk->err);
	c->title = strdup(old != NULL ? old->title : known != NULL ? known->title : c->id);
	c->version = choose_version(mk, c, old);
	return (c->title != NULL && c->version != NULL) || no_memory(mk->err);
}

/* "2026.11.20.1", or .2 and on where that day has one. */
static bool choose_manifest_version(struct making *mk)
{
	struct tm tm;
	char day[40];
	unsigned long counter = 1;
	size_t len;

	if (mk->build->version != NULL) {
		mk->m->version = strdup(mk->build->version);
		return mk->m->version != NULL || no_memory(mk->err);
	}
	gmtime_r(&mk->m->published, &tm);
	len = strftime(day, sizeof(day), "%Y.%m.%d.", &tm);
	if (mk->old != NULL && strncmp(mk->old->version, day, len) == 0)
		counter = strtoul(mk->old->version + len, NULL, 10) + 1;
	if (asprintf(&mk->m->version, "%s%lu", day, counter) < 0) {
		mk->m->version = NULL;
		return no_memory(mk->err);
	}
	if (mk->old != NULL && manifest_version_compare(mk->m->version, mk->old->version) <= 0) {
		error_usage(mk->err, _("the feed has version %s already, and %s is not newer"), mk->old->version,
			    mk->m->version);
		return error_next(mk->err, _("Give a newer one with --version."));
	}
	return true;
}

static bool check_given_versions(const struct making *mk)
{
	for (const char *const *p = mk->build->component_versions; p != NULL && *p != NULL; p++) {
		bool known = false;

		for (size_t i = 0; i < mk->m->count; i++)
			known = known || version_in(*p, mk->m->components[i].id) != NULL;
		if (!known)
			return error_usage(mk->err, _("a version is given for \"%s\", which is no component in %s"), *p,
					   mk->build->dir);
	}
	return true;
}

static bool make_manifest(struct making *mk)
{
	const struct feed_build *build = mk->build;

	mk->m = calloc(1, sizeof(*mk->m));
	if (mk->m == NULL || (mk->m->components = calloc(mk->count, sizeof(struct component))) == NULL)
		return no_memory(mk->err);
	mk->m->published = build->published != 0 ? build->published : clock_now();
	if (build->expires >= 0)
		mk->m->expires = build->expires != 0 ? build->expires : mk->m->published + EXPIRES_AFTER_S;
	if (!choose_manifest_version(mk))
		return false;
	for (size_t i = 0; i < mk->count; i++) {
		if (!make_component(mk, mk->files[i]))
			return false;
	}
	return check_given_versions(mk);
}

/* Writes both files; a reader that comes in between sees a signature that does not fit, and tries again. */
static bool write_files(struct making *mk, const struct buffer *xml)
{
	const struct feed_build *build = mk->build;
	struct buffer p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	bool ok = build->sign_cert == NULL ||
		  signature_make(xml->data, xml->len, build->sign_cert, build->sign_key, &p7s, mk->err);

	ok = ok && file_write_atomic(mk->dirfd, MANIFEST_NAME, 0644, xml->data, xml->len, mk->err);
	if (ok && build->sign_cert != NULL)
		ok = file_write_atomic(mk->dirfd, MANIFEST_SIGNATURE_NAME, 0644, p7s.data, p7s.len, mk->err);
	else if (ok && unlinkat(mk->dirfd, MANIFEST_SIGNATURE_NAME, 0) < 0 && errno != ENOENT)
		ok = error_errno(mk->err, FINDING_IO_ERROR, _("cannot remove %s"), MANIFEST_SIGNATURE_NAME);
	buffer_clear(&p7s);
	return ok;
}

bool feed_build(const struct feed_build *build, struct manifest **out, struct error *err)
{
	struct making mk = { .build = build, .err = err };
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct manifest *read_back = NULL;
	bool ok = false;

	mk.dirfd = open(build->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mk.dirfd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), build->dir);
		goto out;
	}
	/* What is written must be what a reader accepts: file names, versions, ids. */
	if (!list_files(&mk) || !load_old(&mk) || !make_manifest(&mk) || !manifest_write(mk.m, &xml, err) ||
	    !manifest_parse(buffer_text(&xml), xml.len, &read_back, err) || !write_files(&mk, &xml))
		goto out;
	if (out != NULL) {
		*out = read_back;
		read_back = NULL;
	}
	ok = true;
out:
	for (size_t i = 0; i < mk.count; i++)
		free(mk.files[i]);
	free(mk.files);
	manifest_free(mk.old);
	manifest_free(mk.m);
	manifest_free(read_back);
	buffer_clear(&xml);
	file_close(&mk.dirfd);
	return ok;
}

static bool check_component(int dirfd, const char *dir, const struct component *c, struct error *err)
{
	unsigned char sha256[SHA256_BYTES];
	int64_t size;
	int fd = openat(dirfd, c->href, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return error_errno(err, FINDING_FEED_COMPONENT_MISSING, _("cannot open %s/%s, which the manifest names"), dir,
				   c->href);
	ok = checksum_file(fd, c->href, sha256, &size, err);
	file_close(&fd);
	if (ok && (size != c->size || memcmp(sha256, c->sha256, sizeof(sha256)) != 0)) {
		error_set(err, FINDING_FEED_HASH_MISMATCH, _("%s/%s is not what the manifest says"), dir, c->href);
		return error_next(err, _("Make the manifest anew: posture-console feed build %s"), dir);
	}
	return ok;
}

static bool pack(int dirfd, const char *dir, const struct manifest *m, const char *out_path, struct error *err)
{
	const char **names = calloc(m->count + 2, sizeof(*names));
	size_t n = 0;
	bool ok = true;

	if (names == NULL)
		return no_memory(err);
	names[n++] = MANIFEST_NAME;
	if (faccessat(dirfd, MANIFEST_SIGNATURE_NAME, F_OK, 0) == 0)
		names[n++] = MANIFEST_SIGNATURE_NAME;
	for (size_t i = 0; ok && i < m->count; i++) {
		ok = check_component(dirfd, dir, &m->components[i], err);
		names[n++] = m->components[i].href;
	}
	ok = ok && bundle_build(dir, names, n, out_path, err);
	free(names);
	return ok;
}

bool feed_bundle(const char *dir, const char *out_path, struct manifest **out, struct error *err)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct manifest *m = NULL;
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = false;

	if (dirfd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), dir);
		goto out;
	}
	if (faccessat(dirfd, MANIFEST_NAME, F_OK, 0) < 0 && errno == ENOENT) {
		if (!feed_build(&(struct feed_build){ .dir = dir }, &m, err))
			goto out;
	} else if (!file_read(dirfd, MANIFEST_NAME, &xml, err) || !apart_manifest(buffer_text(&xml), xml.len, &m, err)) {
		error_wrap(err, "%s", dir);
		goto out;
	}
	if (!pack(dirfd, dir, m, out_path, err))
		goto out;
	if (out != NULL) {
		*out = m;
		m = NULL;
	}
	ok = true;
out:
	manifest_free(m);
	buffer_clear(&xml);
	file_close(&dirfd);
	return ok;
}
