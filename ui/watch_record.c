#include "watch_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "store/store.h"

#define TAIL_BYTES 8192
#define STAMP_BYTES 19		/* "2026-11-25 18:01:20" */
#define DAY_BYTES 11		/* "2026-11-25 " */

static size_t read_tail(const char *state_dir, char *tail, size_t size)
{
	char path[4096];
	struct stat st;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/log/ise-psc.log", state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, tail, size - 1, st.st_size > (off_t)size - 1 ? st.st_size - ((off_t)size - 1) : 0);
	file_close(&fd);
	tail[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The record's time of day and message. */
static void take_record(const char *line, char *dst, size_t size)
{
	const char *message = strstr(line, ":- ");
	char text[1024];

	/* The first line of what was read may have lost its beginning. */
	if (message == NULL || strlen(line) < STAMP_BYTES || line[4] != '-' || line[DAY_BYTES + 2] != ':')
		return;
	snprintf(text, sizeof(text), "%.*s %s", STAMP_BYTES - DAY_BYTES, line + DAY_BYTES, message + 3);
	text_safe(dst, size, text);
}

void watch_record_read(const char *state_dir, pid_t pid, char *dst, size_t size)
{
	char tail[TAIL_BYTES] = "", thread[48], *end, *line;

	read_tail(state_dir, tail, sizeof(tail));
	snprintf(thread, sizeof(thread), "[update-%ld]", (long)pid);
	/* From the last line back; one that is not ended yet is not taken. */
	for (end = strrchr(tail, '\n'); end != NULL; end = line > tail ? line - 1 : NULL) {
		*end = '\0';
		line = strrchr(tail, '\n');
		line = line != NULL ? line + 1 : tail;
		if (pid == STORE_HOLDER_UNKNOWN || strstr(line, thread) != NULL) {
			take_record(line, dst, size);
			return;
		}
	}
}
