#include "logview/signature.h"

#include <stdlib.h>
#include <string.h>

#include "logview/record.h"
#include "logview/tokens.h"

#define CODE_MAX 48			/* longest finding code that is looked for */
#define OWN_LOGGER "posture.console."

static const struct signature rows[] = {
#define FAILURE true
#define LINK false
#define SIGNATURE(text, failure, finding) { text, failure, FINDING_##finding },
#include "logview/signatures.def"
#undef SIGNATURE
#undef LINK
#undef FAILURE
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= TOKENS_MAX, "a set of tokens has a bit for every row");

struct signatures {
	struct tokens *all;
	struct tokens *candidates;	/* those of failures, and the logger of our own records */
};

const struct signature *signature_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

struct signatures *signatures_new(void)
{
	struct signatures *set = calloc(1, sizeof(*set));
	const char *all[ROWS], *failures[ROWS + 1];
	size_t n = 0;

	if (set == NULL)
		return NULL;
	for (size_t i = 0; i < ROWS; i++) {
		all[i] = rows[i].text;
		if (rows[i].failure)
			failures[n++] = rows[i].text;
	}
	failures[n++] = OWN_LOGGER;
	set->all = tokens_new(all, ROWS);
	set->candidates = tokens_new(failures, n);
	if (set->all == NULL || set->candidates == NULL) {
		signatures_free(set);
		return NULL;
	}
	return set;
}

void signatures_free(struct signatures *set)
{
	if (set == NULL)
		return;
	tokens_free(set->all);
	tokens_free(set->candidates);
	free(set);
}

/* "... [proxy-auth-rejected]" at the end of the header line, in a record of this program. */
static enum finding named_finding(const char *record, size_t n)
{
	struct slice line = record_line(record, record + n);
	char code[CODE_MAX + 1];
	const char *open;
	size_t len;

	if (line.n < 3 || line.p[line.n - 1] != ']' || memmem(line.p, line.n, OWN_LOGGER, sizeof(OWN_LOGGER) - 1) == NULL)
		return FINDING_NONE;
	open = memrchr(line.p, '[', line.n);
	if (open == NULL)
		return FINDING_NONE;
	len = (size_t)(line.p + line.n - 1 - (open + 1));
	if (len == 0 || len > CODE_MAX)
		return FINDING_NONE;
	memcpy(code, open + 1, len);
	code[len] = '\0';
	return finding_by_code(code);
}

bool signatures_is_failure(const struct signatures *set, const char *record, size_t n)
{
	uint64_t present;

	if (tokens_find(set->candidates, record, n, NULL) == NULL)
		return false;
	if (named_finding(record, n) != FINDING_NONE)
		return true;
	present = tokens_present(set->all, record, n);
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].failure && (present >> i & 1) != 0)
			return true;
	}
	return false;
}

const char *signatures_candidate(const struct signatures *set, const char *text, size_t n)
{
	return tokens_find(set->candidates, text, n, NULL);
}

enum finding signatures_finding(const struct signatures *set, const char *record, size_t n)
{
	enum finding named = named_finding(record, n);
	uint64_t present;

	if (named != FINDING_NONE)
		return named;
	present = tokens_present(set->all, record, n);
	for (size_t i = 0; i < ROWS; i++) {
		if ((present >> i & 1) != 0 && rows[i].finding != FINDING_NONE)
			return rows[i].finding;
	}
	return FINDING_NONE;
}
