/* answer.h - a command of our own binary whose whole output is one JSON document. */
#ifndef PC_UI_ANSWER_H
#define PC_UI_ANSWER_H

#include "app.h"

struct answer;

/* Starts it beside the loop. done() is called once: `document` is NULL when there was none, `errors` is what the command
 * wrote to standard error. The result is good until then; NULL on failure. */
struct answer *answer_start(struct app *a, const char *const *arguments,
			    void (*done)(void *data, const json_t *document, const char *errors), void *data,
			    struct error *err);
/* Ends the command, and calls nothing any more. NULL is fine. */
void answer_forget(struct answer *answer);

#endif
