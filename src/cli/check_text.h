/* check_text.h - prints the events of a diagnosis for a person: one line when all is well, everything when not. */
#ifndef PC_CLI_CHECK_TEXT_H
#define PC_CLI_CHECK_TEXT_H

#include <jansson.h>
#include <stdbool.h>

struct check_text {
	bool color;
	bool quiet;
	bool all;		/* everything, also when all is well */
	bool progress;		/* a line on a terminal tells which checks are running */
	bool no_path;		/* the way through the network is not shown: what failed did not use it */
	json_t *finished;	/* the check.finished events, in the order of their coming */
};

void check_text_init(struct check_text *t, bool color, bool quiet);
/* For an event sink. */
void check_text_put(void *data, const json_t *event);
void check_text_clear(struct check_text *t);

/* Prints a verdict and its checks as `check` does: also for the end of a failed update. */
void check_text_verdict(struct check_text *t, const json_t *verdict);

#endif
