/* report_archive.h - the archive of a support case. Text and JSON enter it through two functions only, and both take secrets
 * out and make the text safe: there is no third way in.
 */
#ifndef PC_CLI_REPORT_ARCHIVE_H
#define PC_CLI_REPORT_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/redact.h"

#define REPORT_PART_MAX (8u * 1024 * 1024)
#define REPORT_MAX (64u * 1024 * 1024)

struct report_archive;

/* A tar.gz whose files stand in `folder`. NULL when out of memory. `redactor` is borrowed. */
struct report_archive *report_archive_new(const char *folder, struct redactor *redactor);
void report_archive_free(struct report_archive *a);

/* Adds a file. A failure is kept and told by report_archive_finish(). */
void report_add_text(struct report_archive *a, const char *name, const char *text, size_t n);
/* JSON documents, one a line (an array's elements) or one document, indented. */
void report_add_json(struct report_archive *a, const char *name, const json_t *value, bool lines);

/* The names so far, an array of texts; borrowed. */
const json_t *report_names(const struct report_archive *a);

/* Closes it; *out borrows the bytes until the archive is freed. */
bool report_archive_finish(struct report_archive *a, const struct buffer **out, struct error *err);

#endif
