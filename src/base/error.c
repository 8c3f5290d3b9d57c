#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

enum finding error_finding_of_errno(int sys_errno, enum finding otherwise)
{
	switch (sys_errno) {
	case ENOSPC: return FINDING_DISK_FULL;
	case EDQUOT: case EFBIG: return FINDING_QUOTA_EXCEEDED;
	case EROFS: return FINDING_READ_ONLY_FILESYSTEM;
	case EACCES: case EPERM: return FINDING_PERMISSION_DENIED;
	case EXDEV: return FINDING_CROSS_DEVICE;
	case EIO: case ENODEV: case ENXIO: return FINDING_IO_ERROR;
	case EMFILE: case ENFILE: return FINDING_OUT_OF_DESCRIPTORS;
	case ENOMEM: return FINDING_OUT_OF_MEMORY;
	/* Nothing is wrong with the device. */
	case EISDIR: case ENOTDIR: case ELOOP: case ENAMETOOLONG:
		return otherwise == FINDING_IO_ERROR ? FINDING_PATH_INVALID : otherwise;
	default: return otherwise;
	}
}

static void fill(struct error *err, enum finding code, int sys_errno, const char *fmt, va_list args)
{
	err->code = code;
	err->sys_errno = sys_errno;
	err->exit_code = 0;
	err->next[0] = '\0';
	vsnprintf(err->message, sizeof(err->message), fmt, args);
}

bool error_set(struct error *err, enum finding code, const char *fmt, ...)
{
	if (err != NULL) {
		va_list args;

		va_start(args, fmt);
		fill(err, code, 0, fmt, args);
		va_end(args);
	}
	return false;
}

bool error_errno(struct error *err, enum finding code, const char *fmt, ...)
{
	int saved = errno;

	if (err != NULL) {
		va_list args;
		char why[128];
		size_t used;

		va_start(args, fmt);
		fill(err, error_finding_of_errno(saved, code), saved, fmt, args);
		va_end(args);
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used, ": %s",
			 strerror_r(saved, why, sizeof(why)));
	}
	errno = saved;
	return false;
}

bool error_wrap(struct error *err, const char *fmt, ...)
{
	if (err != NULL) {
		char inner[ERROR_TEXT_MAX];
		va_list args;
		size_t used;

		memcpy(inner, err->message, sizeof(inner));
		va_start(args, fmt);
		vsnprintf(err->message, sizeof(err->message), fmt, args);
		va_end(args);
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used, ": %s", inner);
	}
	return false;
}

bool error_next(struct error *err, const char *fmt, ...)
{
	if (err != NULL) {
		va_list args;

		va_start(args, fmt);
		vsnprintf(err->next, sizeof(err->next), fmt, args);
		va_end(args);
	}
	return false;
}

bool error_usage(struct error *err, const char *fmt, ...)
{
	if (err != NULL) {
		va_list args;

		va_start(args, fmt);
		fill(err, FINDING_NONE, 0, fmt, args);
		va_end(args);
		err->exit_code = EXIT_USAGE;
	}
	return false;
}

void error_next_address(struct error *err, const char *address, bool feed)
{
	const char *remedy = finding_info(err->code)->remedy;

	if (err->next[0] == '\0' && finding_step_names_feed(remedy, strcspn(remedy, "\n"), feed))
		error_next(err, _("Check the address that was given: %s"), address);
}

void error_clear(struct error *err)
{
	if (err != NULL)
		*err = (struct error)ERROR_INIT;
}

int error_exit_code(const struct error *err)
{
	return err->exit_code != 0 ? err->exit_code : finding_exit_code(err->code);
}

const char *error_next_step(const struct error *err, char *buf, size_t size)
{
	if (err->next[0] != '\0')
		snprintf(buf, size, "%s", err->next);
	else if (err->code != FINDING_NONE)
		snprintf(buf, size, "%s", _(finding_info(err->code)->remedy));
	else
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}
