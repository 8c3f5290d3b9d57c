/* signature.h - what failures look like in the log, and the finding that explains each.
 *
 * One table, `signatures.def`. Records of this program end with the finding's code in brackets: that is taken first.
 */
#ifndef PC_LOGVIEW_SIGNATURE_H
#define PC_LOGVIEW_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

struct signature {
	const char *text;		/* any case */
	bool failure;			/* counts for the "failures" filter */
	enum finding finding;		/* FINDING_NONE: nothing of the catalogue explains it */
};

/* The rows, the most telling first. */
const struct signature *signature_rows(size_t *count);

struct signatures;			/* the table, ready to be searched for */

/* Every one that is made is to be freed; they are the same. NULL when out of memory. */
struct signatures *signatures_new(void);
void signatures_free(struct signatures *set);

/* Is the record (n bytes, all its lines) a failure? */
bool signatures_is_failure(const struct signatures *set, const char *record, size_t n);

/* The first place where a failure may stand; NULL when there is none. For records that are searched for in bulk: unless it is
 * `sure`, what it finds still has to be asked signatures_is_failure(). */
const char *signatures_candidate(const struct signatures *set, const char *text, size_t n, bool *sure);

/* Where the first text of a failure stands, and its length; NULL when there is none. For showing it. */
const char *signatures_find(const struct signatures *set, const char *text, size_t n, size_t *len);

/* The finding that explains the record; FINDING_NONE. */
enum finding signatures_finding(const struct signatures *set, const char *record, size_t n);

#endif
