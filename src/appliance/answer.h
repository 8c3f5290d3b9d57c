/* answer.h - what an answer of the appliance means: the JSON, or the reason why there is none. No network. */
#ifndef PC_APPLIANCE_ANSWER_H
#define PC_APPLIANCE_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ANSWER_MESSAGE_MAX 300

struct answer {
	long status;
	const char *content_type;	/* "" when none */
	const char *body;
	size_t len;
	const char *host;		/* for messages */
	const char *user;
	const char *path;
	const char *secrets[2];		/* never to be repeated, though the node may; NULL: none */
};

/* Did the request succeed? Fills err otherwise. */
bool answer_check(const struct answer *a, struct error *err);
/* The JSON object of an answer that passed answer_check(). New reference. */
bool answer_json(const struct answer *a, json_t **out, struct error *err);
/* The node's own words about a failure: out of its JSON, "" when there are none. Clean. Returns dst. */
char *answer_message(const struct answer *a, char dst[ANSWER_MESSAGE_MAX]);
/* A web page in place of the API. */
bool answer_is_page(const struct answer *a);

#endif
