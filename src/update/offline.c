/* The offline bundle: from a path, a pipe, or an https, sftp, scp or ftp URL. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "feed/apart.h"
#include "update/fetch.h"
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

	event_emit(u->sink, event_new("update.progress", "{s:s, s:I, s:I, s:o, s:I}", "component", BUNDLE_NAME, "bytes",
				      (json_int_t)bytes, "held", (json_int_t)0, "total", total >= 0 ? json_integer(total) : json_null(), "rate",
				      (json_int_t)(spent > 0 ? bytes * 1000 / spent : 0)));
}

/* A pipe cannot be read twice: copy it to an unnamed file first, which is then verified and used. */
static int spool_pipe(struct update *u, int in, struct error *err)
{
	int out = file_open_unnamed(u->spool_fd);
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
		/* A signal too: there is nothing to read then. */
		if (poll(&wait, 1, PROGRESS_EVERY_MS) <= 0)
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

static int open_url(struct update *u, const char *url, struct error *err)
{
	struct fetch f = { .u = u, .label = BUNDLE_NAME, .total = -1, .max_bytes = bundle_max_bytes(u) };
	int fd = -1;

	if ((size_t)snprintf(f.url, sizeof(f.url), "%s", url) >= sizeof(f.url)) {
		error_usage(err, _("the bundle's address is longer than %zu bytes"), sizeof(f.url));
		return -1;
	}
	update_phase(u, "download");
	if (!update_network_open(u, err) || !fetch_start(&f, err))
		goto out;
	while (f.state == FETCH_RUNNING) {
		if (update_stopped(err) || !http_step(u->http, NULL, 0, 1000, err))
			goto out;
	}
	if (f.state != FETCH_READY) {
		*err = f.error;
		goto out;
	}
	fd = fcntl(part_fd(f.part), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot keep the bundle open"));
out:
	if (u->http != NULL && http_pending(u->http) > 0)
		update_network_close(u);	/* ends the request while what its callbacks point at still stands */
	if (fd >= 0)
		part_remove(f.part);	/* the descriptor keeps it: nobody else can change it now */
	else
		part_close(f.part);
	return fd;
}

int update_offline_open(struct update *u, struct error *err)
{
	const char *from = u->options->from;

	return strstr(from, "://") != NULL ? open_url(u, from, err) : open_path(u, from, err);
}

bool update_offline_manifest(struct update *u, struct error *err)
{
	u->bundle_fd = update_offline_open(u, err);
	if (u->bundle_fd < 0)
		return false;
	update_phase(u, "manifest");
	if (!apart_bundle(u->bundle_fd, u->from, &u->bundle, &u->manifest, &u->xml, &u->p7s, err))
		return false;
	if (u->manifest->synthetic)
		update_notice(u, FINDING_BUNDLE_NO_MANIFEST,
			      _("the bundle has no manifest: its known components are taken without proof of what they are"));
	return true;
}
