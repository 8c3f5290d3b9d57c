#include "demo/content.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "feed/build.h"
#include "feed/bundle.h"

#define MEMBER_MAX_BYTES (64u * 1024 * 1024)
#define LOG_MAX_BYTES (8u * 1024 * 1024)
#define SAMPLE_PUBLISHED 1736928000	/* 2025-01-15T08:00:00Z */
#define LOG_RECORDS 1800
#define LOG_SPAN_MS (6LL * 3600 * 1000)

/* The charts are what is large in real life as well. */
static const struct { const char *archive; size_t filler_bytes; } charts[] = {
	{ "avas-chart-windows.tar.gz", 5u * 1024 * 1024 },
	{ "avas-chart-macos.tar.gz", 2u * 1024 * 1024 },
};

/* A small generator (xorshift64): bytes that do not compress, the same in every demo. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- the feed ----------------------------------------------------------------------------------------------------------- */

static bool copy_member(const struct bundle *b, const struct bundle_member *m, int dir, struct error *err)
{
	struct buffer data = BUFFER_INIT(MEMBER_MAX_BYTES);
	bool ok = bundle_read_small(b, m, &data, err) && file_write_quick(dir, m->name, 0644, buffer_text(&data), data.len, err);

	buffer_clear(&data);
	return ok;
}

static bool copy_components(const char *bundle, int dir, struct error *err)
{
	int fd = open(bundle, O_RDONLY | O_CLOEXEC);
	struct bundle *b = NULL;
	bool ok = false;

	if (fd < 0) {
		error_errno(err, FINDING_BUNDLE_NOT_FOUND, _("cannot open the sample bundle %s"), bundle);
		return error_next(err, "%s", _("Install the program (\"make install\"), or start it from its build folder."));
	}
	ok = bundle_open(fd, bundle, &b, err);
	for (size_t i = 0; ok && i < bundle_count(b); i++) {
		const struct bundle_member *m = bundle_at(b, i);
		size_t len = strlen(m->name);

		if (strchr(m->name, '/') == NULL && len > 7 && strcmp(m->name + len - 7, ".tar.gz") == 0)
			ok = copy_member(b, m, dir, err);
	}
	bundle_free(b);
	file_close(&fd);
	return ok;
}

static bool put_entry(struct archive *a, const char *name, const void *data, size_t len)
{
	struct archive_entry *entry = archive_entry_new();
	bool ok;

	if (entry == NULL)
		return false;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	ok = archive_write_header(a, entry) == ARCHIVE_OK && archive_write_data(a, data, len) == (la_ssize_t)len;
	archive_entry_free(entry);
	return ok;
}

static bool make_chart(const char *path, size_t filler_bytes, struct error *err)
{
	static const char chart[] = "<?xml version=\"1.0\"?>\n<chart demo=\"true\">made up for the demo of posture-console</chart>\n";
	struct archive *a = archive_write_new();
	unsigned char *filler = malloc(filler_bytes);
	uint64_t state = 0x9e3779b97f4a7c15u;
	bool ok = a != NULL && filler != NULL;

	for (size_t i = 0; ok && i + 8 <= filler_bytes; i += 8) {
		uint64_t word = next_random(&state);

		memcpy(filler + i, &word, 8);
	}
	ok = ok && archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
	     archive_write_set_filter_option(a, "gzip", "compression-level", "1") == ARCHIVE_OK &&
	     archive_write_set_format_ustar(a) == ARCHIVE_OK && archive_write_open_filename(a, path) == ARCHIVE_OK &&
	     put_entry(a, "chart.xml", chart, sizeof(chart) - 1) && put_entry(a, "filler.bin", filler, filler_bytes) &&
	     archive_write_close(a) == ARCHIVE_OK;
	if (!ok)
		error_set(err, FINDING_IO_ERROR, _("cannot write %s"), path);
	archive_write_free(a);
	free(filler);
	return ok;
}

static bool begin_feed(const char *sample, const char *dir, struct error *err)
{
	bool ok;
	int fd;

	if (!file_make_dirs(dir, 0755, err))
		return false;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), dir);
	ok = copy_components(sample, fd, err);
	file_close(&fd);
	return ok;
}

bool content_make_bundle(const char *sample, const char *dir, const struct content_signer *signer, const char *out,
			 struct error *err)
{
	const struct feed_build build = { .dir = dir, .version = "2025.01.15.1", .published = SAMPLE_PUBLISHED, .expires = -1,
					  .sign_cert = signer->certificate, .sign_key = signer->key };

	return begin_feed(sample, dir, err) && feed_build(&build, NULL, err) && feed_bundle(dir, out, NULL, err);
}

bool content_make_feed(const char *sample, const char *dir, const struct content_signer *signer, struct error *err)
{
	const struct feed_build build = { .dir = dir, .expires = -1, .sign_cert = signer->certificate,
					  .sign_key = signer->key };
	bool ok = begin_feed(sample, dir, err);

	for (size_t i = 0; ok && i < sizeof(charts) / sizeof(charts[0]); i++) {
		char *path = file_join(dir, charts[i].archive);

		ok = path != NULL && make_chart(path, charts[i].filler_bytes, err);
		free(path);
	}
	return ok && feed_build(&build, NULL, err);
}

/* --- the log ------------------------------------------------------------------------------------------------------------ */

struct template {
	const char *level, *thread, *logger, *context, *message;	/* %u: a number */
};

static const struct template usual[] = {
	{ "INFO", "demo-http-3", "posture.console.demo.SessionCache", ":::::", "Session cache holds %u sessions" },
	{ "INFO", "demo-http-7", "posture.console.demo.Heartbeat", ":::::", "Heartbeat of node ise-psn-02, lag %u ms" },
	{ "DEBUG", "demo-swiss-1", "posture.console.demo.Report", ":0A%u:::Posture:", "Posture report: 12 conditions, compliant" },
	{ "INFO", "demo-http-3", "posture.console.demo.Policy", "::admin:::", "%u conditions loaded from cache" },
	{ "INFO", "demo-quartz-2", "posture.console.demo.Purge", ":::::", "Purged %u sessions" },
	{ "WARN", "demo-db-1", "posture.console.demo.Pool", ":::::", "Connection pool: %u waiting" },
};

/* Two failed downloads and one that worked, at these shares of the log. */
static const struct { unsigned int at; struct template line; } story[] = {
	{ 500, { "INFO", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::", "Starting opswat download" } },
	{ 503, { "ERROR", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::",
		 "opswat download failed: Remote Address is not accessible. Please make sure update feed URL, proxy address and "
		 "proxy port are properly configured\n"
		 "java.net.ConnectException: Connection timed out (demo)\n"
		 "\tat posture.console.demo.DownloadManager.fetch(DownloadManager.java:214)\n"
		 "\tat posture.console.demo.DownloadManager.run(DownloadManager.java:87)\n"
		 "\tat java.lang.Thread.run(Thread.java:748)" } },
	{ 900, { "INFO", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::", "Starting opswat download" } },
	{ 902, { "ERROR", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::",
		 "opswat download failed: 407 Proxy Authentication Required (demo)" } },
	{ 1500, { "INFO", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::", "Starting opswat download" } },
	{ 1504, { "INFO", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::",
		  "Offline download file URI : /demo/update/osgroupsV2.tar.gz" } },
	{ 1540, { "INFO", "demo-http-5", "posture.console.demo.DownloadManager", "::admin:::", "Completed opswat download" } },
};

/* The record's text; the number takes the place of its one %u. */
static void put_numbered(struct buffer *out, const char *text, unsigned int number)
{
	const char *mark = strstr(text, "%u");

	if (mark == NULL) {
		buffer_puts(out, text);
		return;
	}
	buffer_append(out, text, (size_t)(mark - text));
	buffer_printf(out, "%u", number);
	buffer_puts(out, mark + 2);
}

static void put_record(struct buffer *out, int64_t ms, const struct template *t, unsigned int number)
{
	char stamp[CLOCK_TEXT_MAX];

	buffer_printf(out, "%s %s [%s][[]] %s -", clock_log_stamp(stamp, ms), t->level, t->thread, t->logger);
	put_numbered(out, t->context, number);
	buffer_puts(out, "- ");
	put_numbered(out, t->message, number);
	buffer_putc(out, '\n');
}

static const struct template *story_at(unsigned int n)
{
	for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++) {
		if (story[i].at == n)
			return &story[i].line;
	}
	return NULL;
}

bool content_make_log(const char *file, struct error *err)
{
	static const struct template first = { "INFO", "demo", "posture.console.demo", ":::::",
		"THIS LOG IS MADE UP: posture-console demo wrote it, no appliance did" };
	struct buffer out = BUFFER_INIT(LOG_MAX_BYTES);
	int64_t start = clock_now_ms() - LOG_SPAN_MS;
	uint64_t state = 0x2545f4914f6cdd1du;
	bool ok;

	put_record(&out, start, &first, 0);
	for (unsigned int n = 1; n < LOG_RECORDS; n++) {
		uint64_t chance = next_random(&state);
		const struct template *t = story_at(n);

		/* One in forty is a warning, the rest are usual. */
		if (t == NULL)
			t = &usual[chance % 40 == 0 ? 5 : chance / 40 % 5];
		put_record(&out, start + LOG_SPAN_MS / LOG_RECORDS * n, t, (unsigned int)(chance >> 40) % 1000);
	}
	ok = file_write_quick(AT_FDCWD, file, 0644, buffer_text(&out), out.len, err);
	buffer_clear(&out);
	return ok;
}
