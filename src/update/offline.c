/* The offline bundle: from a path, a pipe, or an https, sftp, scp or ftp URL. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "update/part.h"
#include "update/run.h"

#define SPOOL_CHUNK (256 * 1024)
#define PROGRESS_EVERY_MS 250
#define BUNDLE_NAME "posture-offline.zip"

static int64_t bundle_max_bytes(const struct update *u)
{
	return settings_int(u->options->settings, SETTING_DOWNLOAD_BUNDLE_MAX_MB) * 1024 * 1024;
}

static void tell_progress(struct update *u, int64_t bytes, int64_t total, int64_t started_ms)
{
	int64_t spent = clock_monotonic_ms() - started_ms;

	event_emit(u->sink, event_new("update.progress", "{s:s, s:I, s:o, s:I}", "component", BUNDLE_NAME, "bytes",
				      (json_int_t)bytes, "total", total >= 0 ? json_integer(total) : json_null(), "rate",
				      (json_int_t)(spent > 0 ? bytes * 1000 / spent : 0)));
}

/* A pipe cannot be read twice: copy it to an unnamed file first, which is then verified and used. */
static int spool_pipe(struct update *u, int in, struct error *err)
{
	int out = openat(store_staging_fd(u->store), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int64_t total = 0, max = bundle_max_bytes(u), told = clock_monotonic_ms(), started = told;
	char *chunk = malloc(SPOOL_CHUNK);
	bool ok = false;

	if (out < 0 || chunk == NULL) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot create a file in the staging folder"));
		goto out;
	}
	for (;;) {
		struct pollfd wait = { .fd = in, .events = POLLIN };
		ssize_t n;

		if (update_stopped(err))
			goto out;
		if (poll(&wait, 1, PROGRESS_EVERY_MS) == 0)
			continue;
		n = read(in, chunk, SPOOL_CHUNK);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			error_errno(err, FINDING_IO_ERROR, _("cannot read the bundle"));
			goto out;
		}
		if (n == 0)
			break;
		total += n;
		if (total > max) {
			error_set(err, FINDING_BUNDLE_TOO_LARGE, _("the bundle is larger than %lld MiB"),
				  (long long)(max / 1024 / 1024));
			goto out;
		}
		if (!file_write_all(out, chunk, (size_t)n)) {
			error_errno(err, FINDING_IO_ERROR, _("cannot write to the staging folder"));
			goto out;
		}
		if (clock_monotonic_ms() - told >= PROGRESS_EVERY_MS) {
			told = clock_monotonic_ms();
			tell_progress(u, total, -1, started);
		}
	}
	ok = true;
out:
	free(chunk);
	if (!ok)
		file_close(&out);
	return out;
}

static int open_path(struct update *u, const char *path, struct error *err)
{
	int fd;
	struct stat st;

	if (u->options->stdin_fd >= 0) {
		fd = fcntl(u->options->stdin_fd, F_DUPFD_CLOEXEC, 3);
	} else {
		/* Waits for a FIFO's writer; a signal ends that. */
		do
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		while (fd < 0 && errno == EINTR && !update_stopped(err));
		if (fd < 0 && errno == EINTR)
			return -1;
	}
	if (fd < 0 && errno == ENOENT) {
		error_set(err, FINDING_BUNDLE_NOT_FOUND, _("there is no file %s"), path);
		return -1;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(err, FINDING_BUNDLE_NOT_FOUND, _("cannot open %s"), path);
		file_close(&fd);
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		error_set(err, FINDING_BUNDLE_NOT_FOUND, _("%s is a folder, not a bundle"), path);
		file_close(&fd);
	} else if (!S_ISREG(st.st_mode)) {
		int spooled = spool_pipe(u, fd, err);

		file_close(&fd);
		return spooled;
	} else if (st.st_size > bundle_max_bytes(u)) {
		error_set(err, FINDING_BUNDLE_TOO_LARGE, _("%s is larger than %lld MiB"), path,
			  (long long)(bundle_max_bytes(u) / 1024 / 1024));
		file_close(&fd);
	}
	return fd;
}

/* --- from a URL ---------------------------------------------------------------------------------------------------- */

struct bundle_download {
	struct update *u;
	struct part *part;
	int64_t total, started_ms, told_ms;
	bool done, ok;
	struct error error;
};

static bool on_begin(void *data, const struct http_response *response, struct error *err)
{
	struct bundle_download *d = data;

	d->total = response->total;
	return part_begin(d->part, response->offset, response->etag, response->last_modified, err);
}

static bool on_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct bundle_download *d = data;
	int64_t now = clock_monotonic_ms();

	if (!part_write(d->part, bytes, len, err))
		return false;
	if (now - d->told_ms >= PROGRESS_EVERY_MS) {
		d->told_ms = now;
		tell_progress(d->u, part_held(d->part), d->total, d->started_ms);
	}
	return true;
}

static int64_t on_held(void *data)
{
	struct bundle_download *d = data;

	return part_validator(d->part)[0] != '\0' ? part_held(d->part) : 0;
}

static void on_retry(void *data, int attempt, long wait_ms, const struct error *why)
{
	struct bundle_download *d = data;

	log_write(d->u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "attempt %d failed, next in %ld ms: %s",
		  attempt, wait_ms, why->message);
}

static void on_done(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct bundle_download *d = data;

	d->done = true;
	d->ok = ok;
	if (!ok && err != NULL)
		d->error = *err;
	update_count(d->u, response);
}

/* A file name that is the same for the same URL: SHA-256 of it. */
static void url_key(const char *url, char key[65])
{
	unsigned char hash[32];
	unsigned int len;

	EVP_Digest(url, strlen(url), hash, &len, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < len; i++)
		snprintf(key + 2 * i, 3, "%02x", hash[i]);
}

static int open_url(struct update *u, const char *url, struct error *err)
{
	struct bundle_download d = { .u = u, .total = -1, .started_ms = clock_monotonic_ms() };
	struct http_request request = { .url = url, .max_bytes = bundle_max_bytes(u), .begin = on_begin, .body = on_body,
					.held = on_held, .retry = on_retry, .done = on_done, .data = &d };
	char key[65], validator[256];
	int fd = -1;

	url_key(url, key);
	update_phase(u, "download");
	if (!update_network_open(u, err) || !part_open(u->parts_fd, key, url, -1, &d.part, err))
		return -1;
	snprintf(validator, sizeof(validator), "%s", part_validator(d.part));
	request.resume_from = validator[0] != '\0' ? part_held(d.part) : 0;
	request.if_range = validator[0] != '\0' ? validator : NULL;
	d.done = !http_add(u->http, &request, &d.error);
	while (!d.done) {
		if (update_stopped(&d.error) || !http_step(u->http, NULL, 0, 1000, &d.error))
			break;
	}
	if (d.ok) {
		fd = fcntl(part_fd(d.part), F_DUPFD_CLOEXEC, 3);
		part_remove(d.part);	/* the descriptor keeps it: nobody else can change it now */
	} else {
		*err = d.error;
		error_wrap(err, _("cannot fetch the bundle"));
		/* Ends the request before what its callbacks point at goes. */
		http_client_free(u->http);
		u->http = NULL;
		part_close(d.part);
	}
	return fd;
}

bool update_offline_manifest(struct update *u, struct error *err)
{
	const char *from = u->options->from;

	u->bundle_fd = strstr(from, "://") != NULL ? open_url(u, from, err) : open_path(u, from, err);
	if (u->bundle_fd < 0)
		return false;
	update_phase(u, "manifest");
	if (!bundle_open(u->bundle_fd, u->from, &u->bundle, err) ||
	    !bundle_manifest(u->bundle, &u->manifest, &u->xml, &u->p7s, err))
		return false;
	if (u->manifest->synthetic)
		update_notice(u, FINDING_BUNDLE_NO_MANIFEST,
			      _("the bundle has no manifest: its known components are taken without proof of what they are"));
	return true;
}
