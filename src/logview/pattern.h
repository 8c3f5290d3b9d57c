/* pattern.h - a regular expression (PCRE2, compiled to machine code where it can be), tried on text from outside.
 *
 * Matching ignores case and works on whole records: ^ and $ stand for line ends inside them, the dot for no newline.
 * A pattern that goes astray on some text gives up there instead of blocking a key. One thread at a time.
 */
#ifndef PC_LOGVIEW_PATTERN_H
#define PC_LOGVIEW_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "logview/literal.h"

#define PATTERN_TEXT_MAX 4096

struct pattern;

/* Compiles. `literal`: the text stands for itself (for texts whose case goes beyond ASCII). The error is a usage error
 * that says where the expression is wrong. */
struct pattern *pattern_new(const char *text, bool literal, struct error *err);
void pattern_free(struct pattern *p);

/* Fixed texts without which it cannot match; count 0 when none are known. Borrowed. */
const struct literal_set *pattern_literals(const struct pattern *p);

/* The first match in s[from..n). */
bool pattern_find(struct pattern *p, const char *s, size_t n, size_t from, size_t *start, size_t *end);

/* How many times it gave up. */
unsigned long pattern_given_up(const struct pattern *p);

#endif
