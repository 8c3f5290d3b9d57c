/* log_reach.h - reaches for a log file in a process aside before the loop opens it: one on a server that is gone lets who asks
 * wait for ever, and so does a pipe that nobody writes to. No curses.
 */
#ifndef PC_UI_LOG_REACH_H
#define PC_UI_LOG_REACH_H

#include <stdbool.h>

struct loop;

struct log_reach {
	struct loop *loop;
	int fd;				/* of what is asked aside, while it is waited for */
	int handle;			/* of the loop; 0: nothing is waited for */
	void (*answered)(void *data, int error);
	void *data;
};

/* Calls answered() once: before this returns, where there is an answer at once, or from the loop. `error` is the errno of
 * what is missing on the way to the file; 0: it is there, whether it can be read or not. */
void log_reach(struct log_reach *r, struct loop *loop, const char *path, void (*answered)(void *data, int error), void *data);
/* No answer yet? */
bool log_reach_waits(const struct log_reach *r);
/* Gives up; the answer will not come. Nothing is fine. */
void log_reach_end(struct log_reach *r);

#endif
