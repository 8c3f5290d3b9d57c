/* catalogue.h - finding one's way in the catalogue of findings: by a piece of text, by a misspelt code, step by step. */
#ifndef PC_DIAGNOSE_CATALOGUE_H
#define PC_DIAGNOSE_CATALOGUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

/* Does the code or one of the texts (in the user's language or in English) contain `text`, whatever the case? */
bool catalogue_matches(enum finding f, const char *text);

/* The code most like a misspelt one; FINDING_NONE when none is near enough to be worth a suggestion. */
enum finding catalogue_nearest(const char *code);

/* The one sentence with which the appliance reports every one of these causes when an online update meets it, word for
 * word, so that a person who searches for it finds the real cause; NULL for a finding that it does not cover. */
const char *catalogue_old_message(enum finding f);

/* "information", "warning", "failure" (translated), and as in JSON: "info", "warn", "fail". */
const char *catalogue_severity_text(enum finding_severity severity);
const char *catalogue_severity_name(enum finding_severity severity);
/* As in JSON: "you", "network", "proxy-admin", "feed"; and of a fix: "proxy-login", "" for none. */
const char *catalogue_actor_name(enum finding_actor actor);
const char *catalogue_fix_name(enum finding_fix fix);

/* Walks over the steps of a remedy (translated): start with *rest = remedy. False at the end. Borrowed, not terminated. */
bool catalogue_next_step(const char **rest, const char **step, size_t *len);

/* A row as a JSON object. New reference; NULL when out of memory. */
json_t *catalogue_json(enum finding f);

#endif
