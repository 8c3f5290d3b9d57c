/* proxy_answer.h - what "proxy test --json" said, as the two parts that the Proxy pane shows: does the proxy answer, and does
 * it let us through. No curses. */
#ifndef PC_UI_PROXY_ANSWER_H
#define PC_UI_PROXY_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "page.h"

#define PROXY_ANSWER_PART_MAX 320

enum proxy_answer_state { PROXY_ANSWER_NONE, PROXY_ANSWER_OK, PROXY_ANSWER_FAIL, PROXY_ANSWER_SKIP };

struct proxy_answer {
	enum proxy_answer_state connection, tunnel;	/* NONE: nothing is known */
	char connection_text[PROXY_ANSWER_PART_MAX];	/* "10.1.2.3:8080 answers in 3 ms"; raw */
	char tunnel_text[PROXY_ANSWER_PART_MAX];	/* "login rejected (407 Basic)" */
	char cause[64];					/* the finding; "" when all is well */
	char summary[1024], next[1024];			/* of the failure; raw */
	char note[PROXY_ANSWER_PART_MAX];		/* what to know beside: the bypass list */
};

/* Takes one event; others than those of the test are left alone. True when it was taken. */
bool proxy_answer_take(struct proxy_answer *answer, const json_t *event);
/* The test ended without a word. */
void proxy_answer_broken(struct proxy_answer *answer, const char *errors);
/* Puts it on the page, behind labels of so many columns. */
void proxy_answer_put(const struct proxy_answer *a, struct page *page, int cols);

#endif
