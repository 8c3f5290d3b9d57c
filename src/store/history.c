/* history.jsonl: one line for each update and rollback. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"
#include "store/inside.h"

/* Past the first size the oldest lines go, until the second is left: at least 5 000 ordinary lines. */
#define HISTORY_TRIM_AT (4 * 1024 * 1024)
#define HISTORY_TRIM_TO (2 * 1024 * 1024)
#define LINE_MAX_BYTES (16 * 1024)
#define OPEN_TRIES 16

/* Opens it for this process alone. Another process may just have replaced it by a shorter one. */
static int open_locked(const struct store *s, bool *made, struct error *err)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		struct stat mine, there;
		int fd = openat(s->fd, HISTORY_NAME, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);

		*made = fd < 0 && errno == ENOENT;
		if (*made)
			fd = openat(s->fd, HISTORY_NAME, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
		if (fd < 0 || (*made && fchmod(fd, 0640) < 0)) {
			error_errno(err, FINDING_PATH_INVALID, _("cannot open %s/%s"), s->path, HISTORY_NAME);
			file_close(&fd);
			return -1;
		}
		while (flock(fd, LOCK_EX) < 0) {
			if (errno == EINTR)
				continue;
			error_errno(err, FINDING_IO_ERROR, _("cannot lock %s/%s"), s->path, HISTORY_NAME);
			file_close(&fd);
			return -1;
		}
		if (fstat(fd, &mine) == 0 && fstatat(s->fd, HISTORY_NAME, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
			return fd;
		file_close(&fd);
	}
	error_set(err, FINDING_IO_ERROR, _("%s/%s is replaced all the time"), s->path, HISTORY_NAME);
	return -1;
}

/* A crash in the middle of a write leaves a line without its end. Whole but for the newline, it is kept; otherwise it goes,
 * because nobody was told that it had been written. */
static bool repair_end(int fd, off_t *size)
{
	char tail[LINE_MAX_BYTES + 1];
	off_t from = *size > (off_t)sizeof(tail) ? *size - (off_t)sizeof(tail) : 0;
	ssize_t n = pread(fd, tail, sizeof(tail), from);
	const char *newline;
	bool out_of_memory;
	size_t start;
	json_t *line;

	if (n < 0)
		return false;
	if (n == 0 || tail[n - 1] == '\n')
		return true;
	newline = memrchr(tail, '\n', (size_t)n);
	start = newline != NULL ? (size_t)(newline - tail) + 1 : 0;
	line = store_json_parse(tail + start, (size_t)n - start, &out_of_memory);
	if (out_of_memory)
		return false;
	/* Longer than any line of ours: what a disk left, closed so that the next line stands on its own. */
	if (line != NULL || (newline == NULL && from > 0)) {
		json_decref(line);
		*size += 1;
		return file_write_all(fd, "\n", 1);
	}
	*size = from + (off_t)start;
	return ftruncate(fd, *size) == 0;
}

/* Replaces the file by its newest lines, and the newest switch if that is older: recovery asks for it. The caller holds
 * the lock. */
static bool trim(const struct store *s, struct error *err)
{
	struct buffer text = BUFFER_INIT(HISTORY_READ_MAX), kept = BUFFER_INIT(HISTORY_READ_MAX);
	json_t *lines = NULL;
	const json_t *last;
	const char *start, *end;
	bool ok = false;

	if (!file_read(s->fd, HISTORY_NAME, &text, err) || !history_load_switches(s, &lines, err))
		goto out;
	/* A disk may have left NUL bytes: they end no text here. */
	start = buffer_text(&text);
	end = start + text.len;
	if (text.len > HISTORY_TRIM_TO) {
		start = memchr(end - HISTORY_TRIM_TO, '\n', HISTORY_TRIM_TO);
		start = start != NULL ? start + 1 : end;
	}
	last = history_last_switch(lines);
	if (last != NULL) {
		char *line = whole_json_dump(last, JSON_COMPACT);

		if (line == NULL)
			goto out;
		if (memmem(start, (size_t)(end - start), line, strlen(line)) == NULL) {
			buffer_puts(&kept, line);
			buffer_putc(&kept, '\n');
		}
		free(line);
	}
	buffer_append(&kept, start, (size_t)(end - start));
	ok = kept.failed ? error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"))
			 : file_write_atomic(s->fd, HISTORY_NAME, 0640, buffer_text(&kept), kept.len, err);
out:
	json_decref(lines);
	buffer_clear(&text);
	buffer_clear(&kept);
	return ok;
}

/* Appends the bytes whole or not at all. */
static bool append_bytes(const struct store *s, const char *text, size_t len, struct error *err)
{
	struct stat st;
	off_t size;
	bool made, ok = false;
	int fd = open_locked(s, &made, err);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || (size = st.st_size, !repair_end(fd, &size))) {
		error_errno(err, FINDING_IO_ERROR, _("cannot repair %s/%s"), s->path, HISTORY_NAME);
		goto out;
	}
	if (!file_write_all(fd, text, len) || fsync(fd) < 0) {
		error_errno(err, FINDING_IO_ERROR, _("cannot write to %s/%s"), s->path, HISTORY_NAME);
		if (ftruncate(fd, size) == 0)
			(void)fsync(fd);
		goto out;
	}
	if (made && !file_sync_dir(s->fd, err))
		goto out;
	/* The line is there: a failure to shorten the file is tried again at the next line. */
	if (size + (off_t)len > HISTORY_TRIM_AT)
		(void)trim(s, NULL);
	ok = true;
out:
	file_close(&fd);
	return ok;
}

bool store_history_append(struct store *s, json_t *line, struct error *err)
{
	char stamp[CLOCK_TEXT_MAX], *text = NULL;
	size_t len = 0;
	bool ok = false;

	if (json_object_get(line, "time") != NULL ||
	    json_object_set_new(line, "time", json_string(clock_rfc3339_ms(stamp, clock_now_ms()))) == 0)
		text = whole_json_dump(line, JSON_COMPACT);
	if (text != NULL)
		len = strlen(text);
	if (text == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else if (s->fd < 0)
		error_set(err, FINDING_PATH_INVALID, _("there is no state folder %s"), s->path);
	else if (len + 1 > LINE_MAX_BYTES)
		error_set(err, FINDING_NONE, _("a line of the history is longer than %d bytes"), LINE_MAX_BYTES);
	else {
		text[len] = '\n';	/* the NUL's place */
		ok = append_bytes(s, text, len + 1, err) || store_error_refine(s, err);
	}
	free(text);
	json_decref(line);
	return ok;
}

static bool is_switch(const json_t *line)
{
	return strcmp(history_text(line, "status"), "updated") == 0 && store_id_valid(history_text(line, "generation"));
}

/* Adds the line unless it is not one: torn, or damaged by a disk. */
static bool add_line(json_t *lines, const char *start, size_t len, bool switches, struct error *err)
{
	bool out_of_memory;
	json_t *line;

	if (switches && memmem(start, len, "\"updated\"", strlen("\"updated\"")) == NULL)
		return true;
	line = store_json_parse(start, len, &out_of_memory);
	if (out_of_memory)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (line != NULL && (!switches || is_switch(line)) && json_array_append(lines, line) < 0) {
		json_decref(line);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	json_decref(line);
	return true;
}

static bool load(const struct store *s, bool switches, json_t **out, struct error *err)
{
	struct buffer text = BUFFER_INIT(HISTORY_READ_MAX);
	struct error why = ERROR_INIT;
	json_t *lines = json_array();
	bool ok = lines != NULL;

	*out = NULL;
	if (!ok)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (ok && s->fd >= 0 && !file_read(s->fd, HISTORY_NAME, &text, &why) && why.sys_errno != ENOENT) {
		if (err != NULL)
			*err = why;
		ok = error_wrap(err, _("cannot read the history"));
	}
	for (size_t at = 0; ok && at < text.len;) {
		const char *start = text.data + at, *end = memchr(start, '\n', text.len - at);
		size_t len = end != NULL ? (size_t)(end - start) : text.len - at;

		ok = add_line(lines, start, len, switches, err);
		at += len + 1;
	}
	buffer_clear(&text);
	if (ok)
		*out = lines;
	else
		json_decref(lines);
	return ok;
}

bool store_history_load(const struct store *s, json_t **out, struct error *err)
{
	return load(s, false, out, err);
}

bool history_load_switches(const struct store *s, json_t **out, struct error *err)
{
	return load(s, true, out, err);
}

json_t *history_rollback_line(const struct store *s, const char *id, const char *from, struct error *err)
{
	json_t *document = generation_read(s, id, err), *line;

	if (document == NULL)
		return NULL;
	line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "action", "rollback", "status", "updated", "generation", id, "version",
			 history_text(document, "version"), "previous", from);
	json_decref(document);
	if (line == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return line;
}

const char *history_text(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text != NULL ? text : "";
}

const json_t *history_last_switch(const json_t *lines)
{
	return history_switch_to(lines, NULL);
}

const json_t *history_switch_to(const json_t *lines, const char *id)
{
	for (size_t i = json_array_size(lines); i > 0; i--) {
		const json_t *line = json_array_get(lines, i - 1);

		if (is_switch(line) && (id == NULL || strcmp(history_text(line, "generation"), id) == 0))
			return line;
	}
	return NULL;
}

time_t store_rolled_back(const struct store *s)
{
	char current[STORE_GENERATION_MAX] = "", previous[STORE_GENERATION_MAX] = "";
	json_t *lines = NULL;
	const json_t *last;
	time_t when = 0;

	store_current(s, current);
	store_previous(s, previous);
	/* Ids grow: what is newer than the current one was there before. */
	if (current[0] == '\0' || strverscmp(previous, current) <= 0 || !history_load_switches(s, &lines, NULL))
		return 0;
	last = history_last_switch(lines);
	if (last != NULL && strcmp(history_text(last, "action"), "rollback") == 0 &&
	    !clock_parse_rfc3339(history_text(last, "time"), &when))
		when = 0;
	json_decref(lines);
	return when;
}
