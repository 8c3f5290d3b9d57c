/* complete.h - candidates for the word that is being typed. */
#ifndef PC_CLI_COMPLETE_H
#define PC_CLI_COMPLETE_H

#include "base/buffer.h"
#include "cli/cli.h"

#define COMPLETE_MAX_BYTES (4u * 1024 * 1024)

/* What is being completed. */
struct complete {
	const struct cli *cli;		/* settings and state as named on the line */
	const char *command;		/* NULL: not there yet */
	const char *verb;		/* "" when none */
	const char *option;		/* whose value it is; NULL: a positional argument */
	const char *previous;		/* the word before, or "" */
	const char *word;		/* what is there of it */
	struct buffer *out;		/* "candidate TAB what it is" a line; ":files" or ":folders" leaves it to the shell */
};

/* Adds a candidate when it begins with the word. `text` may be NULL. */
void complete_add(const struct complete *c, const char *candidate, const char *text);
/* Adds the candidates for a value that the synopsis calls `name` ("FINDING", "USAGE", "FILE"). */
void complete_value(const struct complete *c, const char *name);

#endif
