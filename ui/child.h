/* child.h - a short command of our own binary, run beside the loop: its output is collected, its end is an event. */
#ifndef PC_UI_CHILD_H
#define PC_UI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

struct child {
	pid_t pid;		/* 0: none runs */
	int fd;			/* its output; -1: closed */
	struct buffer out;
};

#define CHILD_INIT { .fd = -1, .out = BUFFER_INIT(65536) }

/* Starts `argv` with no standard input; output and errors come together. Signals are as usual in it. */
bool child_start(struct child *c, char *const argv[], struct error *err);
/* Takes what is there. True once: when the output is closed and the process is reaped. */
bool child_ended(struct child *c);
void child_clear(struct child *c);

#endif
