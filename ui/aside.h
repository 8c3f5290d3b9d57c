/* aside.h - asks a file system in a process of its own: one on a dead server lets who asks wait for ever, whatever the signal.
 * The process holds nothing of the terminal, so that even then the console ends, and its session with it. No curses.
 */
#ifndef PC_UI_ASIDE_H
#define PC_UI_ASIDE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"

/* Runs work(arg, fd), which writes its answer to `fd`, in another process. Returns a descriptor (non-blocking) to read the answer
 * from, to its end; -1 with errno. Closing it earlier is all that it takes to give up. */
int aside_start(void (*work)(const void *arg, int fd), const void *arg);

/* Reads what is there of the answer, for at most `ms`. True: all of it is. */
bool aside_read(int fd, struct buffer *answer, int ms);

/* stat() that gives up: ETIMEDOUT. False with errno. */
bool aside_stat(const char *path, struct stat *st);

/* Does work(arg, out, err) in another process, and gives up after a few seconds, for which the screen stands still: for what the
 * operator has asked for. Appends to `out` (NULL: there is nothing to be told). `what` it is, for the message then: a path. */
bool aside_do(bool (*work)(const void *arg, struct buffer *out, struct error *err), const void *arg, const char *what, struct buffer *out,
	      struct error *err);

#endif
