#include "cli/report_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"

#define FOLDER_MAX 256

struct report_archive {
	struct archive *archive;
	struct redactor *redactor;
	struct buffer bytes;
	json_t *names;
	char folder[FOLDER_MAX];
	struct error failure;
	bool failed;
};

static la_ssize_t take(struct archive *archive, void *data, const void *bytes, size_t n)
{
	struct report_archive *a = data;

	(void)archive;
	return buffer_append(&a->bytes, bytes, n) ? (la_ssize_t)n : -1;
}

struct report_archive *report_archive_new(const char *folder, struct redactor *redactor)
{
	struct report_archive *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->redactor = redactor;
	a->bytes = (struct buffer)BUFFER_INIT(REPORT_MAX);
	a->names = json_array();
	snprintf(a->folder, sizeof(a->folder), "%s", folder);
	a->archive = archive_write_new();
	if (a->archive == NULL || archive_write_add_filter_gzip(a->archive) != ARCHIVE_OK ||
	    archive_write_set_format_pax_restricted(a->archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a->archive, 1) != ARCHIVE_OK ||
	    archive_write_open(a->archive, a, NULL, take, NULL) != ARCHIVE_OK) {
		report_archive_free(a);
		return NULL;
	}
	return a;
}

void report_archive_free(struct report_archive *a)
{
	if (a == NULL)
		return;
	archive_write_free(a->archive);
	buffer_clear(&a->bytes);
	json_decref(a->names);
	free(a);
}

static void fail(struct report_archive *a, const char *name)
{
	if (!a->failed)
		error_set(&a->failure, FINDING_NONE, _("cannot put %s into the report: %s"), name,
			  archive_error_string(a->archive) != NULL ? archive_error_string(a->archive) : _("out of memory"));
	a->failed = true;
}

/* What is here is clean. */
static void write_file(struct report_archive *a, const char *name, const struct buffer *text)
{
	struct archive_entry *entry = archive_entry_new();
	char path[FOLDER_MAX * 2];
	bool ok = entry != NULL && !text->failed;

	snprintf(path, sizeof(path), "%s/%s", a->folder, name);
	if (ok) {
		archive_entry_set_pathname(entry, path);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0600);
		archive_entry_set_size(entry, (la_int64_t)text->len);
		archive_entry_set_mtime(entry, clock_now(), 0);
		ok = archive_write_header(a->archive, entry) == ARCHIVE_OK &&
		     archive_write_data(a->archive, buffer_text(text), text->len) == (la_ssize_t)text->len;
	}
	archive_entry_free(entry);
	if (!ok)
		fail(a, name);
	json_array_append_new(a->names, json_string(name));
}

/* Line by line: the ends of lines stay. */
static void make_safe(const struct buffer *in, struct buffer *out)
{
	const char *p = buffer_text(in), *end = p + in->len;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((stop != NULL ? stop : end) - p);

		text_sanitise(out, p, len);
		if (stop != NULL)
			buffer_putc(out, '\n');
		p += len + (stop != NULL);
	}
}

void report_add_text(struct report_archive *a, const char *name, const char *text, size_t n)
{
	struct buffer clean = BUFFER_INIT(2 * REPORT_PART_MAX), safe = BUFFER_INIT(2 * REPORT_PART_MAX);

	if (redact_text(a->redactor, text, n, &clean))
		make_safe(&clean, &safe);
	else
		safe.failed = true;
	write_file(a, name, &safe);
	buffer_wipe(&clean);
	buffer_clear(&safe);
}

static void put_json(struct buffer *out, const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags);

	if (text == NULL || !buffer_puts(out, text) || !buffer_putc(out, '\n'))
		out->failed = true;
	free(text);
}

void report_add_json(struct report_archive *a, const char *name, const json_t *value, bool lines)
{
	struct buffer out = BUFFER_INIT(2 * REPORT_PART_MAX);
	json_t *clean = redact_json(a->redactor, value), *item;
	size_t i;

	if (clean == NULL) {
		out.failed = true;
	} else if (lines) {
		json_array_foreach(clean, i, item)
			put_json(&out, item, JSON_COMPACT);
	} else {
		put_json(&out, clean, JSON_INDENT(2));
	}
	write_file(a, name, &out);
	json_decref(clean);
	buffer_clear(&out);
}

const json_t *report_names(const struct report_archive *a)
{
	return a->names;
}

bool report_archive_finish(struct report_archive *a, const struct buffer **out, struct error *err)
{
	if (!a->failed && archive_write_close(a->archive) != ARCHIVE_OK)
		fail(a, a->folder);
	if (a->failed) {
		if (err != NULL)
			*err = a->failure;
		return false;
	}
	*out = &a->bytes;
	return true;
}
