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
	unsigned int users;
	struct tokens *all;
	struct tokens *candidates;	/* those of failures, and the logger of our own records as the last */
	size_t failures;		/* how many they are */
};

/* The table is always the same, and takes a millisecond to make: whoever needs it shares it. */
static struct signatures *shared;

const struct signature *signature_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

static struct signatures *make(void)
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
	set->failures = n;
	failures[n++] = OWN_LOGGER;
	set->all = tokens_new(all, ROWS);
	set->candidates = tokens_new(failures, n);
	if (set->all != NULL && set->candidates != NULL)
		return set;
	tokens_free(set->all);
	tokens_free(set->candidates);
	free(set);
	return NULL;
}

struct signatures *signatures_new(void)
{
	if (shared == NULL)
		shared = make();
	if (shared != NULL)
		shared->users++;
	return shared;
}

void signatures_free(struct signatures *set)
{
	if (set == NULL || --set->users > 0)
		return;
	tokens_free(set->all);
	tokens_free(set->candidates);
	free(set);
	shared = NULL;
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
	const char *at = record, *limit = record + n;
	size_t which;

	while ((at = tokens_find(set->candidates, at, (size_t)(limit - at), &which)) != NULL) {
		if (which < set->failures || named_finding(record, n) != FINDING_NONE)
			return true;
		at += sizeof(OWN_LOGGER) - 1;
	}
	return false;
}

const char *signatures_candidate(const struct signatures *set, const char *text, size_t n, bool *sure)
{
	size_t which = 0;
	const char *found = tokens_find(set->candidates, text, n, &which);

	*sure = found != NULL && which < set->failures;
	return found;
}

static size_t failure_length(size_t which)
{
	size_t i = 0;

	for (; !rows[i].failure || which > 0; i++)
		which -= rows[i].failure;
	return strlen(rows[i].text);
}

const char *signatures_find(const struct signatures *set, const char *text, size_t n, size_t *len)
{
	const char *at = text;
	size_t which;

	while ((at = tokens_find(set->candidates, at, (size_t)(text + n - at), &which)) != NULL) {
		if (which < set->failures) {
			*len = failure_length(which);
			return at;
		}
		at += sizeof(OWN_LOGGER) - 1;
	}
	return NULL;
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
