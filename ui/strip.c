#include "strip.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"

#define READ_MAX 32768		/* a burst is looked at from its end */
#define LINE_MAX_BYTES 4096

bool strip_open(struct strip *s, const char *state_dir)
{
	*s = (struct strip){ .watch = -1, .file = -1, .part = BUFFER_INIT(LINE_MAX_BYTES) };
	s->folder = file_join(state_dir, "log");
	s->path = file_join(state_dir, "log/ise-psc.log");
	return s->folder != NULL && s->path != NULL;
}

void strip_close(struct strip *s)
{
	for (size_t i = 0; i < STRIP_LINES; i++)
		free(s->lines[i]);
	buffer_clear(&s->part);
	file_close(&s->watch);
	file_close(&s->file);
	free(s->folder);
	free(s->path);
}

int strip_fd(const struct strip *s)
{
	return s->watch;
}

static void take_line(struct strip *s)
{
	struct buffer shorter = BUFFER_INIT(LINE_MAX_BYTES), safe = BUFFER_INIT((size_t)LINE_MAX_BYTES * 8);
	char **slot = &s->lines[s->count % STRIP_LINES];

	strip_shorten(buffer_text(&s->part), &shorter);
	text_sanitise(&safe, buffer_text(&shorter), shorter.len);
	free(*slot);
	*slot = buffer_steal(&safe);
	s->count++;
	buffer_clear(&shorter);
	buffer_reset(&s->part);
}

static void take_bytes(struct strip *s, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] != '\n') {
			if (!s->skip && s->part.len < LINE_MAX_BYTES)
				buffer_putc(&s->part, data[i] != '\0' ? data[i] : '?');
			continue;
		}
		if (!s->skip)
			take_line(s);
		s->skip = false;
	}
}

static bool read_new(struct strip *s)
{
	char data[READ_MAX];
	struct stat st;
	bool any = false;
	ssize_t n;

	if (s->file < 0 || fstat(s->file, &st) != 0)
		return false;
	if (st.st_size < s->at)
		s->at = 0;
	if (st.st_size - s->at > READ_MAX) {
		s->at = st.st_size - READ_MAX;
		s->skip = true;
		buffer_reset(&s->part);
	}
	while ((n = pread(s->file, data, sizeof(data), s->at)) > 0 && s->at < st.st_size) {
		take_bytes(s, data, (size_t)n);
		s->at += n;
		any = true;
	}
	return any;
}

static void open_again(struct strip *s)
{
	struct stat st;

	if (stat(s->path, &st) != 0 || !S_ISREG(st.st_mode) || (s->file >= 0 && st.st_ino == s->inode))
		return;
	file_close(&s->file);
	s->file = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	s->inode = st.st_ino;
	s->at = 0;
	s->skip = false;
	buffer_reset(&s->part);
}

bool strip_read(struct strip *s)
{
	char events[4096];
	bool any;

	if (s->watch < 0) {
		s->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (s->watch >= 0 && inotify_add_watch(s->watch, s->folder, IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
			file_close(&s->watch);
	}
	while (s->watch >= 0 && read(s->watch, events, sizeof(events)) > 0)
		;
	any = read_new(s);
	open_again(s);
	return read_new(s) || any;
}

const char *strip_line(const struct strip *s, size_t back)
{
	const char *line;

	if (back >= s->count || back >= STRIP_LINES)
		return "";
	line = s->lines[(s->count - 1 - back) % STRIP_LINES];
	return line != NULL ? line : "";
}

static enum theme_role line_role(const char *line)
{
	return strncmp(line + strcspn(line, " "), " ERROR ", 7) == 0 || strncmp(line + strcspn(line, " "), " FATAL ", 7) == 0 ?
		       ROLE_FAIL :
	       strncmp(line + strcspn(line, " "), " WARN ", 6) == 0 ? ROLE_WARN : ROLE_NORMAL;
}

void strip_prepare(const struct strip *s, struct page *page)
{
	for (int i = 0; i < page->rows; i++) {
		const char *line = strip_line(s, (size_t)(page->rows - 1 - i));

		page_text(page, line_role(line), line);
	}
}

void strip_title(const struct strip *s, char *left, size_t left_size, char *right, size_t right_size)
{
	snprintf(left, left_size, "%s", s->file >= 0 ? _("ise-psc.log") : _("ise-psc.log: nothing logged yet"));
	snprintf(right, right_size, "%s", s->file >= 0 ? _("following") : "");
}

/* "2025-03-13 13:58:07,246 INFO  [thread][[]] a.b.Logger -::root:operation:- message" */
void strip_shorten(const char *line, struct buffer *out)
{
	const char *level, *logger, *logger_end, *message, *dot;
	int date = 0, clock = 0;

	level = strlen(line) > 24 ? line + 24 : "";
	sscanf(line, "%*4d-%*2d-%*2d%n %*2d:%*2d:%*2d,%*3d%n", &date, &clock);
	logger = strstr(level, "]] ");
	message = logger != NULL ? strstr(logger, ":- ") : NULL;
	logger_end = logger != NULL ? strchr(logger + 3, ' ') : NULL;
	if (date != 10 || clock != 23 || !isupper((unsigned char)level[0]) || message == NULL || logger_end == NULL ||
	    logger_end > message) {
		buffer_puts(out, line);
		return;
	}
	dot = memrchr(logger + 3, '.', (size_t)(logger_end - logger - 3));
	logger = dot != NULL ? dot + 1 : logger + 3;
	buffer_printf(out, "%.12s %-5.*s %-15.*s %s", line + 11, (int)strcspn(level, " "), level,
		      (int)(logger_end - logger), logger, message + 3);
}
