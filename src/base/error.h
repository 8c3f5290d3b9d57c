/* error.h - why something failed: one finding, one sentence, the cause behind it.
 *
 * Functions that can fail return bool and fill a struct error. Nothing here prints or allocates, so an error can be
 * reported when memory is short. A NULL error means that the caller does not want to know.
 */
#ifndef PC_BASE_ERROR_H
#define PC_BASE_ERROR_H

#include <stdbool.h>
#include <stdarg.h>

#include "base/finding.h"

#define ERROR_TEXT_MAX 1024

struct error {
	enum finding code;		/* FINDING_NONE: a plain failure */
	int sys_errno;			/* 0 when no system call was to blame */
	int exit_code;			/* 0: that of the finding */
	char message[ERROR_TEXT_MAX];	/* what failed, on what, why; UTF-8, may hold text from outside */
	char next[ERROR_TEXT_MAX];	/* what to do next; empty: the finding's first remedy step */
};

#define ERROR_INIT { .code = FINDING_NONE }

/* Sets the error. Always returns false, for "return error_set(...)". */
bool error_set(struct error *err, enum finding code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with errno's text appended; the finding is taken from errno where it tells one
 * (ENOSPC: disk-full, EROFS: read-only-filesystem, EACCES: permission-denied, ...), `code` otherwise. */
bool error_errno(struct error *err, enum finding code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts what was being done in front of the message: "cannot go back to ...: <message>". Returns false. */
bool error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Says what to do next, in place of the finding's own remedy. Returns false. */
bool error_next(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A usage error: exit code 2. Returns false. */
bool error_usage(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* The exit code of the command that ends with this error. */
int error_exit_code(const struct error *err);

/* The first step of what to do next: err->next, or the finding's remedy. Borrowed; may be "". */
const char *error_next_step(const struct error *err, char *buf, size_t size);

/* Names the address that was given on the command line as what to look at next, where the finding's first remedy step would be about
 * the feed's address in the settings. `feed`: it is a feed's, and not a bundle's or a host's. */
void error_next_address(struct error *err, const char *address, bool feed);

/* The finding that an errno stands for, or `otherwise`. */
enum finding error_finding_of_errno(int sys_errno, enum finding otherwise);

#endif
