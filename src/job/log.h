/* log.h - what this program logs, in the grammar of ise-psc.log, so that known searches keep working.
 *
 *   2025-03-13 13:58:07,246 INFO  [update-1234][[]] posture.console.update.Update -::root::update:- Starting opswat download
 *
 * (session, user, unknown, operation between the colons). Lines of our own carry our own logger names, so that they are
 * not mistaken for the vendor's. Rotated by size: ise-psc.log, ise-psc.log.1, ... One line, one write; any number of
 * processes may write at once, and each follows when another one rotates. A log that cannot be written to stops nothing.
 */
#ifndef PC_JOB_LOG_H
#define PC_JOB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;

/* Opens STATE/log/ise-psc.log for appending (mode 0640); rotates at max_bytes (0: 10 MiB), keeping `keep` (0: 5). */
bool log_open(const char *state_dir, int64_t max_bytes, int keep, struct log **out, struct error *err);
void log_close(struct log *log);
/* `logger` such as "DownloadManager" gets our prefix; `operation` may be "". Text from outside is sanitised. NULL log is fine. */
void log_write(struct log *log, enum log_level level, const char *logger, const char *operation, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif
