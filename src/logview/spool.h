/* spool.h - a nameless file for bytes that can be had only once: unpacked files, the output of a command. */
#ifndef PC_LOGVIEW_SPOOL_H
#define PC_LOGVIEW_SPOOL_H

#include "base/error.h"

/* Opens one: no name, gone when closed, readable by this process alone. -1 on failure. It lies in TMPDIR, /var/tmp or
 * /tmp; where none of these can be written to, in memory. */
int spool_open(struct error *err);

#endif
