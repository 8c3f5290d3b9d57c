/* redact.h - takes secrets out of text that leaves this machine: a report for a support case.
 *
 * Two nets. What is known to be secret (the proxy's password) is removed wherever it stands, also in the forms it takes on
 * the way (Basic login, percent-encoded, escaped). What looks like one is removed without being known: logins in URLs, the
 * values of Authorization and Cookie headers, of passwords, tokens and keys in any notation, private keys. A line that
 * cannot be examined is dropped whole.
 */
#ifndef PC_BASE_REDACT_H
#define PC_BASE_REDACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define REDACT_MARK "[removed]"
#define REDACT_LEAST 3			/* bytes: a shorter secret would be found in every second word */

struct redactor;

/* NULL when out of memory. */
struct redactor *redactor_new(void);
/* Wipes what it knows. */
void redactor_free(struct redactor *r);

/* A secret, and the login that it is part of: `user` may be NULL. False when out of memory. */
bool redactor_add(struct redactor *r, const char *user, const char *secret);

/* Appends the text without its secrets. State is kept from line to line (a private key has many): one call for one whole text.
 * False when out of memory, or when `out` is full: then nothing of it may be used. */
bool redact_text(struct redactor *r, const char *text, size_t n, struct buffer *out);

/* A copy of a JSON document with every text in it redacted, and what stands under a key that names a secret removed. New
 * reference; NULL when out of memory. */
json_t *redact_json(struct redactor *r, const json_t *value);

/* How many were removed so far. */
size_t redactor_count(const struct redactor *r);

#endif
