/* The report's part of the logs: around the last failure, and the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "cli/report_parts.h"
#include "logview/signature.h"

#define LOOK_BACK (16u * 1024 * 1024)	/* for a failure */
#define BEFORE_BYTES (256u * 1024)
#define AFTER_BYTES (128u * 1024)
#define TAIL_BYTES (256u * 1024)

/* The last `LOOK_BACK` bytes of a regular file. */
static bool read_end(const char *path, struct buffer *out, off_t *skipped, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char chunk[65536];
	off_t at;
	ssize_t n = 0;
	bool ok = false;

	if (fd < 0)
		return error_errno(err, FINDING_NONE, _("cannot open %s"), path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		error_set(err, FINDING_NONE, _("%s is not a regular file"), path);
		goto out;
	}
	at = st.st_size > (off_t)LOOK_BACK ? st.st_size - (off_t)LOOK_BACK : 0;
	*skipped = at;
	while (out->len < LOOK_BACK && (n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		buffer_append(out, chunk, (size_t)n);
		at += n;
	}
	ok = n >= 0 || error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), path);
out:
	file_close(&fd);
	return ok;
}

static size_t line_start(const struct buffer *b, size_t at)
{
	const char *hit = at > 0 ? memrchr(b->data, '\n', at) : NULL;

	return hit != NULL ? (size_t)(hit - b->data) + 1 : 0;
}

static size_t line_end(const struct buffer *b, size_t at)
{
	const char *hit = at < b->len ? memchr(b->data + at, '\n', b->len - at) : NULL;

	return hit != NULL ? (size_t)(hit - b->data) + 1 : b->len;
}

/* Where the last line that tells of a failure starts; b->len when there is none. */
static size_t last_failure(const struct buffer *b)
{
	struct signatures *set = signatures_new();
	size_t end = b->len;

	while (set != NULL && end > 0) {
		size_t start = line_start(b, end - 1);

		/* A line's own newline belongs to it. */
		if (signatures_is_failure(set, b->data + start, end - start)) {
			signatures_free(set);
			return start;
		}
		end = start;
	}
	signatures_free(set);
	return b->len;
}

static void put_piece(struct buffer *out, const struct buffer *log, size_t from, size_t to, off_t skipped)
{
	buffer_printf(out, _("--- from byte %lld to byte %lld\n"), (long long)skipped + (long long)from,
		      (long long)skipped + (long long)to);
	buffer_append(out, log->data + from, to - from);
}

static void put_log(struct report_archive *a, const char *name, const char *path)
{
	struct buffer log = BUFFER_INIT(LOOK_BACK + 65536), out = BUFFER_INIT(REPORT_PART_MAX);
	struct error err = ERROR_INIT;
	off_t skipped = 0;

	if (!read_end(path, &log, &skipped, &err)) {
		buffer_printf(&out, "%s\n", err.message);
	} else if (log.len == 0) {
		buffer_printf(&out, _("%s is empty\n"), path);
	} else {
		size_t failure = last_failure(&log), tail = line_start(&log, log.len > TAIL_BYTES ? log.len - TAIL_BYTES : 0);
		size_t from = line_start(&log, failure > BEFORE_BYTES ? failure - BEFORE_BYTES : 0);
		size_t to = line_end(&log, failure + AFTER_BYTES < log.len ? failure + AFTER_BYTES : log.len);

		buffer_printf(&out, _("%s, %lld bytes\n"), path, (long long)skipped + (long long)log.len);
		if (failure < log.len && to < tail) {
			put_piece(&out, &log, from, to, skipped);
			from = tail;
		} else if (failure == log.len || from > tail) {
			from = tail;
		}
		put_piece(&out, &log, from, log.len, skipped);
	}
	report_add_text(a, name, buffer_text(&out), out.len);
	buffer_clear(&log);
	buffer_clear(&out);
}

void report_part_logs(struct report_archive *a, const struct settings *settings, const char *state_dir)
{
	char *own = file_join(state_dir, "log/ise-psc.log");

	if (own != NULL)
		put_log(a, "log-own.txt", own);
	if (settings != NULL && (own == NULL || strcmp(settings_string(settings, SETTING_LOG_FILE), own) != 0))
		put_log(a, "log.txt", settings_string(settings, SETTING_LOG_FILE));
	free(own);
}
