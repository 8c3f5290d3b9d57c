#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"
#include "settings/settings.h"

#define PASSWORD_MAX_BYTES 255		/* SOCKS 5 has one byte for the length (RFC 1929) */
#define STATE_DIR_MODE 0700

static const struct {
	const char *file;
	enum finding finding;		/* of a file that holds no password */
} kinds[] = {
	[SETTINGS_PASSWORD_PROXY] = { "proxy.password", FINDING_PROXY_SETTING_INVALID },
	[SETTINGS_PASSWORD_NODE] = { "node.password", FINDING_CONFIG_INVALID },
};

static bool check_private(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot look at %s"), path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, FINDING_PATH_INVALID, _("%s is not a regular file"), path);
	if ((st.st_mode & 077) == 0)
		return true;
	error_set(err, FINDING_PERMISSION_DENIED, _("others can read or change the password in %s (mode %04o)"), path,
		  (unsigned int)(st.st_mode & 07777));
	return error_next(err, _("Set the password again, or run: chmod 600 %s"), path);
}

/* One line; its end may be there when an editor wrote it. */
static bool read_password(enum settings_password kind, int fd, const char *path, struct buffer *out, struct error *err)
{
	char data[PASSWORD_MAX_BYTES + 3];
	ssize_t n;
	size_t len;
	bool ok;

	do
		n = read(fd, data, sizeof(data));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), path);
	len = (size_t)n;
	if (len > 0 && data[len - 1] == '\n')
		len--;
	if (len > 0 && data[len - 1] == '\r')
		len--;
	if (len > PASSWORD_MAX_BYTES || memchr(data, '\n', len) != NULL || memchr(data, '\0', len) != NULL)
		ok = error_set(err, kinds[kind].finding, _("%s does not hold a password: one line of at most %d bytes"),
			       path, PASSWORD_MAX_BYTES);
	else
		ok = buffer_append(out, data, len) || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	explicit_bzero(data, sizeof(data));
	return ok;
}

bool settings_secret_load(enum settings_password kind, const char *state_dir, struct buffer *out, struct error *err)
{
	char *path = file_join(state_dir, kinds[kind].file);
	bool ok;
	int fd;

	if (path == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		confine_memory();
	if (fd >= 0)
		ok = check_private(fd, path, err) && read_password(kind, fd, path, out, err);
	else
		ok = errno == ENOENT || error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), path);
	file_close(&fd);
	free(path);
	return ok;
}

/* A password is not left where others could put another in its place. */
static bool check_folder(const char *state_dir, struct error *err)
{
	struct stat st;

	if (stat(state_dir, &st) < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot look at %s"), state_dir);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	error_set(err, FINDING_PERMISSION_DENIED, _("others can write to %s (mode %04o)"), state_dir,
		  (unsigned int)(st.st_mode & 07777));
	return error_next(err, _("Make sure that nothing in it was changed, then run: chmod go-w %s"), state_dir);
}

static bool check_password(const char *password, struct error *err)
{
	if (strlen(password) > PASSWORD_MAX_BYTES) {
		error_usage(err, _("the password is longer than %d bytes"), PASSWORD_MAX_BYTES);
		return error_next(err, _("Give a shorter one."));
	}
	if (!form_is_clean(password, false)) {
		error_usage(err, _("the password holds a control character, or is not UTF-8"));
		return error_next(err, _("Give it as one line of UTF-8 text."));
	}
	return true;
}

/* What was removed shall not come back with a power cut. */
static bool remove_secret(const char *path, struct error *err)
{
	if (unlink(path) < 0)
		return errno == ENOENT || error_errno(err, FINDING_IO_ERROR, _("cannot remove %s"), path);
	return file_sync_parent(path, err);
}

bool settings_secret_save(enum settings_password kind, const char *state_dir, const char *password, struct error *err)
{
	char *path = file_join(state_dir, kinds[kind].file);
	bool ok;

	if (path == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (password == NULL)
		ok = remove_secret(path, err);
	else
		ok = check_password(password, err) && file_make_dirs(state_dir, STATE_DIR_MODE, err) &&
		     check_folder(state_dir, err) &&
		     file_write_atomic(AT_FDCWD, path, 0600, password, strlen(password), err);
	free(path);
	return ok;
}

bool settings_password_load(const char *state_dir, struct buffer *out, struct error *err)
{
	return settings_secret_load(SETTINGS_PASSWORD_PROXY, state_dir, out, err);
}

bool settings_password_save(const char *state_dir, const char *password, struct error *err)
{
	return settings_secret_save(SETTINGS_PASSWORD_PROXY, state_dir, password, err);
}
