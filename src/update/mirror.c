#include "update/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "feed/apart.h"
#include "feed/checksum.h"
#include "update/by_hash.h"
#include "update/mirror_run.h"

#define LOCK_FILE ".lock"
#define STEP_MS 250

/* --- what is there ------------------------------------------------------------------------------------------------- */

bool mirror_holds(const struct mirror *m, const char *path, const struct component *c)
{
	int fd = openat(m->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned char sha256[SHA256_BYTES];
	struct stat st;
	int64_t size;
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == c->size &&
		  checksum_file(fd, path, sha256, &size, NULL) && memcmp(sha256, c->sha256, sizeof(sha256)) == 0;

	file_close(&fd);
	return ok;
}

/* Looked at every time: a mirror vouches for what it serves. */
static enum mirror_where where(const struct mirror *m, const struct component *c)
{
	char name[BY_HASH_NAME_MAX];

	by_hash_name(name, c->sha256);
	if (mirror_holds(m, c->href, c))
		return MIRROR_IN_PLACE;
	return mirror_holds(m, name, c) ? MIRROR_BY_HASH : MIRROR_MISSING;
}

static void load_before(struct mirror *m)
{
	if (file_read(m->dir_fd, MANIFEST_NAME, &m->before_xml, NULL))
		(void)apart_manifest(m->before_xml.data, m->before_xml.len, &m->before, NULL);
}

static bool check_age(const struct mirror *m, struct error *err)
{
	if (m->before == NULL || m->options->allow_downgrade ||
	    manifest_version_compare(m->u.manifest->version, m->before->version) >= 0)
		return true;
	error_set(err, FINDING_FEED_OLDER_THAN_INSTALLED, _("the feed offers version %s; the mirror holds the newer %s"),
		  m->u.manifest->version, m->before->version);
	return error_next(err, _("If that is intended, add --allow-downgrade."));
}

/* Names that the mirror needs itself. A manifest that is not signed can name anything. */
static bool check_names(const struct mirror *m, struct error *err)
{
	static const char *const own[] = { MANIFEST_NAME, MANIFEST_SIGNATURE_NAME, MIRROR_BUNDLE_NAME, BY_HASH_DIR };

	for (size_t i = 0; i < m->u.manifest->count; i++) {
		const char *href = m->u.manifest->components[i].href;
		bool taken = href[0] == '.';

		for (size_t j = 0; j < sizeof(own) / sizeof(own[0]) && !taken; j++)
			taken = strncmp(href, own[j], strcspn(href, "/")) == 0 && own[j][strcspn(href, "/")] == '\0';
		if (taken)
			return error_set(err, FINDING_FEED_MALFORMED, _("a mirror cannot hold a component of the name %s"), href);
	}
	return true;
}

/* --- fetching ------------------------------------------------------------------------------------------------------ */

static bool start_some(struct mirror *m, size_t parallel, size_t *running, size_t *waiting, struct error *err)
{
	const struct manifest *manifest = m->u.manifest;

	*running = *waiting = 0;
	for (size_t i = 0; i < manifest->count; i++) {
		if (m->places[i] == MIRROR_MISSING && m->fetches[i].state == FETCH_RUNNING)
			(*running)++;
	}
	for (size_t i = 0; i < manifest->count; i++) {
		struct fetch *f = &m->fetches[i];

		if (m->places[i] != MIRROR_MISSING)
			continue;
		if (f->state == FETCH_FAILED) {
			*err = f->error;
			return false;
		}
		if (f->state == FETCH_WAITING && *running < parallel) {
			if (!fetch_start(f, err))
				return false;
			*running += f->state == FETCH_RUNNING;
		}
		*waiting += f->state == FETCH_WAITING;
	}
	return true;
}

static bool fetch_missing(struct mirror *m, struct error *err)
{
	const struct settings *s = m->options->settings;
	size_t parallel = (size_t)settings_int(s, SETTING_DOWNLOAD_PARALLEL), running, waiting;
	const struct manifest *manifest = m->u.manifest;

	m->fetches = calloc(manifest->count + 1, sizeof(*m->fetches));
	m->places = calloc(manifest->count + 1, sizeof(*m->places));
	if (m->fetches == NULL || m->places == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < manifest->count; i++) {
		const struct component *c = &manifest->components[i];
		struct fetch *f = &m->fetches[i];

		m->places[i] = where(m, c);
		if (m->places[i] == MIRROR_MISSING)
			m->result->fetched++;
		else
			m->result->kept++;
		*f = (struct fetch){ .u = &m->u, .label = c->href, .sha256 = c->sha256, .total = c->size,
				     .max_bytes = c->size };
		if (!update_url_join(m->u.base_url, c->href, f->url, sizeof(f->url), err))
			return false;
	}
	for (;;) {
		if (update_stopped(err) || !start_some(m, parallel, &running, &waiting, err))
			return false;
		if (running == 0 && waiting == 0)
			return true;
		if (running > 0 && !http_step(m->u.http, NULL, 0, STEP_MS, err))
			return false;
	}
}

/* What a run that was killed was writing. This one holds the lock: nobody else is writing now. */
static void remove_leftovers(const struct mirror *m)
{
	static const char *const written[] = { "." MANIFEST_NAME, "." MANIFEST_SIGNATURE_NAME, MIRROR_BUNDLE_NAME };
	int fd = openat(m->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		file_close(&fd);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
			size_t name = strlen(written[i]);

			if (len > name + 5 && strncmp(entry->d_name, written[i], name) == 0 && entry->d_name[name] == '.' &&
			    strcmp(entry->d_name + len - 4, ".tmp") == 0) {
				unlinkat(m->dir_fd, entry->d_name, 0);
				break;
			}
		}
	}
	if (dir != NULL)
		closedir(dir);
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static bool open_mirror(struct mirror *m, struct error *err)
{
	const char *dir = m->options->dir;

	if (!file_make_dirs(dir, 0755, err))
		return false;
	m->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir_fd < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), dir);
	m->lock_fd = openat(m->dir_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock_fd < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot create %s/%s"), dir, LOCK_FILE);
	if (flock(m->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		error_set(err, FINDING_UPDATE_LOCKED, _("another process is filling the mirror %s"), dir);
		return error_next(err, _("Wait for it to end."));
	}
	m->u.parts_fd = file_open_dir(m->dir_fd, PARTS_DIR, true, 0700, err);
	return m->u.parts_fd >= 0;
}

static void close_mirror(struct mirror *m)
{
	size_t count = m->u.manifest != NULL ? m->u.manifest->count : 0;

	update_network_close(&m->u);
	for (size_t i = 0; m->fetches != NULL && i < count; i++)
		part_close(m->fetches[i].part);
	free(m->fetches);
	free(m->places);
	buffer_clear(&m->before_xml);
	manifest_free(m->before);
	manifest_free(m->u.manifest);
	buffer_clear(&m->u.xml);
	buffer_clear(&m->u.p7s);
	log_close(m->u.log);
	file_close(&m->u.parts_fd);
	file_close(&m->lock_fd);
	file_close(&m->dir_fd);
}

bool mirror_run(const struct mirror_options *options, const struct event_sink *sink, struct mirror_result *result,
		struct error *err)
{
	const struct update_options as_update = { .state_dir = options->state_dir, .settings = options->settings,
						  .source = UPDATE_WEB, .from = options->url, .stdin_fd = -1 };
	struct mirror m = { .options = options, .dir_fd = -1, .lock_fd = -1, .result = result,
			    .u = { .options = &as_update, .sink = sink, .bundle_fd = -1, .parts_fd = -1 } };
	bool unchanged, ok = false;

	*result = (struct mirror_result){ 0 };
	m.u.xml = (struct buffer)BUFFER_INIT(MANIFEST_MAX_BYTES);
	m.u.p7s = (struct buffer)BUFFER_INIT(SIGNATURE_MAX_BYTES);
	m.before_xml = (struct buffer)BUFFER_INIT(MANIFEST_MAX_BYTES);
	text_url_without_login(m.u.from, sizeof(m.u.from), options->url);
	(void)log_open(options->state_dir, settings_int(options->settings, SETTING_LOG_MAX_KB) * 1024,
		       (int)settings_int(options->settings, SETTING_LOG_KEEP), &m.u.log, NULL);
	if (!open_mirror(&m, err))
		goto out;
	remove_leftovers(&m);
	load_before(&m);
	update_phase(&m.u, "manifest");
	if (!update_web_manifest(&m.u, &unchanged, err) || !update_verify_manifest(&m.u, err) || !check_age(&m, err) ||
	    !check_names(&m, err))
		goto out;
	update_phase(&m.u, "download");
	if (!fetch_missing(&m, err))
		goto out;
	update_phase(&m.u, "commit");
	if (!mirror_place(&m, err))
		goto out;
	snprintf(result->version, sizeof(result->version), "%s", m.u.manifest->version);
	log_write(m.u.log, LOG_LEVEL_INFO, "Mirror", "", "mirror %s holds version %s", options->dir, result->version);
	ok = true;
out:
	result->bytes_received = m.u.bytes_received;
	if (!ok && err != NULL && strcmp(options->url, settings_string(options->settings, SETTING_SOURCE_FEED_URL)) != 0)
		error_next_address(err, m.u.from, true);
	if (!ok)
		log_write(m.u.log, LOG_LEVEL_ERROR, "Mirror", "", "mirror %s failed: %s", options->dir,
			  err != NULL ? err->message : "");
	close_mirror(&m);
	return ok;
}
