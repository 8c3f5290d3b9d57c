/* update_text.h - an update's events, for people: bars on a terminal, plain lines elsewhere. */
#ifndef PC_CLI_UPDATE_TEXT_H
#define PC_CLI_UPDATE_TEXT_H

#include <jansson.h>

#include "cli/cli.h"

struct update_text;

struct update_text *update_text_new(const struct cli *cli);
/* Shows one event. */
void update_text_put(struct update_text *t, const json_t *event);
void update_text_free(struct update_text *t);

#endif
