/* watch_record.h - the newest record that a job wrote to our own log. No curses. */
#ifndef PC_UI_WATCH_RECORD_H
#define PC_UI_WATCH_RECORD_H

#include <stddef.h>
#include <sys/types.h>

/* "18:01:20 Download file URI : ..." of the process `pid` (STORE_HOLDER_UNKNOWN: of whichever wrote last). Left as it is when
 * there is none. Reads a few kilobytes. */
void watch_record_read(const char *state_dir, pid_t pid, char *dst, size_t size);

#endif
