/* child.h - the command whose output is the log: how it is started, and what it says on standard error. */
#ifndef PC_LOGVIEW_CHILD_H
#define PC_LOGVIEW_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_WORDS_MAX 256

struct child {
	pid_t pid;			/* 0: not running; it leads a session of its own */
	int err_fd;			/* its standard error; -1 */
	char words[CHILD_WORDS_MAX];	/* its last line. Text from outside: shown only through text_sanitise() */
	size_t words_len;
	bool words_ended;		/* the next byte starts a new line */
};

/* Starts it (PATH is searched); *out_fd is a pipe with its output. Returns an errno, 0: it runs. */
int child_start(struct child *c, char *const *argv, int *out_fd);
/* Takes what there is of its words. */
void child_hear(struct child *c);

#endif
