/* confine_run.h - one piece of work on hostile bytes, done in a process that can do nothing else.
 *
 * The process is confined (confine.h) before it looks at the first byte, holds no descriptor but the one that it reads, and
 * ends with its work. What comes back is plain data (wire.h), for the caller to judge again; a crash is a finding.
 */
#ifndef PC_BASE_CONFINE_RUN_H
#define PC_BASE_CONFINE_RUN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

#define CONFINE_ANSWER_MAX (64u * 1024 * 1024)

struct confine_work {
	/* Runs in the process: puts its answer in `out`, or says in `err` why there is none. */
	bool (*work)(void *data, struct buffer *out, struct error *err);
	void *data;
	int fd;			/* the descriptor that it keeps; -1: none */
	const char *what;	/* it reads, as messages name it: "the manifest" */
	enum finding damaged;	/* what a crash of the process means */
};

/* Puts the answer in `answer`, whose maximum is to be CONFINE_ANSWER_MAX. False, with the work's own error, when it failed; with
 * `damaged` when the process was ended by a signal or needed more than a minute of processor time, with out-of-memory when
 * there was not enough for it. */
bool confine_run(const struct confine_work *work, struct buffer *answer, struct error *err);

/* An error as such a process gave it, made fit to be used: whatever it holds, `err` is sound. */
void confine_take_error(struct error *err, const struct error *given, enum finding otherwise);

/* The error for an answer that makes no sense. False. */
bool confine_odd_answer(const struct confine_work *work, struct error *err);

#endif
