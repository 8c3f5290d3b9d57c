/* run.h - commands of our own binary that run beside the loop: any number at once, their output line by line, their end an
 * event. No shell; signals are as usual in them. They end with the console (a job that they started does not).
 */
#ifndef PC_UI_RUN_H
#define PC_UI_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "loop.h"

struct run;
struct runs { struct run *first; };	/* all that are under way; zero at first */

struct run_options {
	/* What it reads on standard input (a password); NULL: nothing is there. Copied, and wiped once written. */
	const char *input;
	size_t input_len;
	int64_t deadline_ms;		/* then it is cancelled; 0: none */
	/* Each line of standard output, without its newline; `event` is NULL when it is no JSON object. May be NULL. */
	void (*line)(void *data, const char *line, size_t len, const json_t *event);
	/* Once, when it has ended and everything was read. `code`: its exit code, 128 + the signal that ended it. `errors`: what it
	 * wrote to standard error (not sanitised), less its own name at the beginning. The run is gone afterwards. May be NULL. */
	void (*end)(void *data, int code, const char *errors);
	void *data;
};

/* Starts argv[0] with these arguments. The result is good until end() was called. */
struct run *run_start(struct runs *all, struct loop *loop, char *const argv[], const struct run_options *options,
		      struct error *err);
/* SIGTERM; SIGKILL when it has not ended after 5 s. end() is called as usual. */
void run_cancel(struct run *r);
/* Cancels it and calls nothing any more: for a pane that goes. NULL is fine. */
void run_forget(struct run *r);
/* A child has ended (SIGCHLD). */
void runs_reap(struct runs *all);
/* Forgets all, and frees them. */
void runs_clear(struct runs *all);

#endif
