#include "job/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"

#define LOG_DIR "log"
#define LOG_NAME "ise-psc.log"
#define LOG_MODE 0640
#define DIR_MODE 0750
#define MAX_BYTES_DEFAULT ((int64_t)10 * 1024 * 1024)
#define KEEP_DEFAULT 5
#define KEEP_MAX 1000
#define MESSAGE_MAX 16384u
#define LINE_MAX_BYTES (4u * MESSAGE_MAX + 4096)	/* an unclean byte is shown as four */
#define LOGGER_PREFIX "posture.console.update."
#define USER_MAX 64
#define NAME_SIZE 64

struct log {
	int dir_fd;
	int fd;				/* -1: could not be opened again; tried at the next line */
	dev_t dev;
	ino_t ino;
	int64_t max_bytes;
	int keep;
	bool torn;			/* the last write stopped within its line */
	char user[USER_MAX];
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "ERROR", [LOG_LEVEL_WARN] = "WARN", [LOG_LEVEL_INFO] = "INFO", [LOG_LEVEL_DEBUG] = "DEBUG",
};

/* Who runs this. Not asked of the name service: with that the log would hang when the network is what is broken. */
static void find_user(char user[USER_MAX])
{
	const char *name = geteuid() == 0 ? "root" : getenv("LOGNAME");

	if (name == NULL || name[0] == '\0')
		snprintf(user, USER_MAX, "%ld", (long)geteuid());
	else
		text_safe(user, USER_MAX, name);
	/* It stands between colons and blanks. */
	for (char *p = user; *p != '\0'; p++) {
		if (strchr(" :[]", *p) != NULL)
			*p = '_';
	}
}

static bool open_file(struct log *log)
{
	struct stat st;

	file_close(&log->fd);
	log->fd = openat(log->dir_fd, LOG_NAME, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, LOG_MODE);
	if (log->fd < 0)
		return false;
	if (fstat(log->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		file_close(&log->fd);
		return false;
	}
	if (st.st_size == 0)
		(void)fchmod(log->fd, LOG_MODE);	/* whatever the umask */
	log->dev = st.st_dev;
	log->ino = st.st_ino;
	return true;
}

bool log_open(const char *state_dir, int64_t max_bytes, int keep, struct log **out, struct error *err)
{
	struct log *log = calloc(1, sizeof(*log));
	char *path = file_join(state_dir, LOG_DIR);
	bool ok = false, made;

	*out = NULL;
	if (log != NULL)
		log->dir_fd = log->fd = -1;
	if (log == NULL || path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	log->max_bytes = max_bytes > 0 ? max_bytes : MAX_BYTES_DEFAULT;
	log->keep = keep > 0 && keep <= KEEP_MAX ? keep : KEEP_DEFAULT;
	find_user(log->user);
	made = mkdir(path, DIR_MODE) == 0;
	log->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (log->dir_fd < 0 || (made && fchmod(log->dir_fd, DIR_MODE) < 0)) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the folder %s"), path);
		goto out;
	}
	if (!open_file(log)) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the log %s/%s"), path, LOG_NAME);
		goto out;
	}
	*out = log;
	log = NULL;
	ok = true;
out:
	log_close(log);
	free(path);
	return ok;
}

void log_close(struct log *log)
{
	if (log == NULL)
		return;
	file_close(&log->fd);
	file_close(&log->dir_fd);
	free(log);
}

/* --- rotation ------------------------------------------------------------------------------------------------------- */

static void rotated_name(char name[NAME_SIZE], int n)
{
	if (n == 0)
		snprintf(name, NAME_SIZE, LOG_NAME);
	else
		snprintf(name, NAME_SIZE, LOG_NAME ".%d", n);
}

/* The first number that is free: a rotation that was interrupted leaves a gap, and what stands above it need not move. */
static int first_gap(const struct log *log)
{
	char name[NAME_SIZE];
	int n;

	for (n = 1; n < log->keep; n++) {
		rotated_name(name, n);
		if (faccessat(log->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			break;
	}
	return n;
}

static bool is_still_there(const struct log *log)
{
	struct stat st;

	return log->fd >= 0 && fstatat(log->dir_fd, LOG_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == log->dev &&
	       st.st_ino == log->ino;
}

/* One process rotates, others wait for it and find a new file. */
static void rotate(struct log *log)
{
	char from[NAME_SIZE], to[NAME_SIZE];
	bool ok = true;

	while (flock(log->dir_fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return;
	}
	if (is_still_there(log)) {
		for (int n = first_gap(log); ok && n > 0; n--) {
			rotated_name(from, n - 1);
			rotated_name(to, n);
			ok = renameat(log->dir_fd, from, log->dir_fd, to) == 0;
		}
	}
	if (ok)
		(void)open_file(log);
	(void)flock(log->dir_fd, LOCK_UN);
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

/* One write: with O_APPEND the lines of several processes never mix. */
static void put_line(struct log *log, const char *line, size_t len)
{
	struct stat st;
	ssize_t n;

	if (!is_still_there(log) && !open_file(log))
		return;
	if (fstat(log->fd, &st) == 0 && st.st_size > 0 && st.st_size + (off_t)len > log->max_bytes)
		rotate(log);
	if (log->fd < 0)
		return;
	do
		n = write(log->fd, line, len);
	while (n < 0 && errno == EINTR);
	/* A full disk cuts a line; the next one must not be glued to it. */
	if (n > 0)
		log->torn = (size_t)n < len;
}

void log_write(struct log *log, enum log_level level, const char *logger, const char *operation, const char *fmt, ...)
{
	struct buffer line = BUFFER_INIT(LINE_MAX_BYTES);
	char message[MESSAGE_MAX], stamp[CLOCK_TEXT_MAX];
	va_list args;
	int saved = errno;

	if (log == NULL)
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	buffer_printf(&line, "%s%s %-5s [update-%ld][[]] " LOGGER_PREFIX, log->torn ? "\n" : "",
		      clock_log_stamp(stamp, clock_now_ms()), level_names[level], (long)getpid());
	text_sanitise(&line, logger, strlen(logger));
	buffer_printf(&line, " -::%s::", log->user);
	text_sanitise(&line, operation, strlen(operation));
	buffer_puts(&line, ":- ");
	text_sanitise(&line, message, strlen(message));
	buffer_putc(&line, '\n');
	if (!line.failed)
		put_line(log, line.data, line.len);
	buffer_clear(&line);
	errno = saved;
}
