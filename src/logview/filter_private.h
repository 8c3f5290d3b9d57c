/* filter_private.h - what a filter is made of: for filter.c and filter_text.c only. */
#ifndef PC_LOGVIEW_FILTER_PRIVATE_H
#define PC_LOGVIEW_FILTER_PRIVATE_H

#include "logview/filter.h"
#include "logview/needle.h"
#include "logview/pattern.h"
#include "logview/signature.h"
#include "logview/tokens.h"

struct filter_term {
	enum filter_kind kind;
	bool exclude;
	char *text;			/* as it was given; owned */
	struct needle needle;		/* FILTER_TEXT of plain ASCII */
	struct pattern *pattern;	/* FILTER_REGEX, and FILTER_TEXT with other letters */
};

/* What is searched for first: a record without it cannot pass. At most one of these is set. */
struct filter_driver {
	const struct needle *needle;
	struct needle own;		/* the needle when it is not a term's own */
	struct tokens *tokens;
	bool failures;
	const struct filter_term *settles;	/* the term that holds wherever the driver stands (of failures: surely stands) */
};

struct filter {
	struct filter_term terms[FILTER_TERMS_MAX];
	size_t count;
	enum record_level level;	/* NONE: any */
	bool level_exact;
	char *since_text, *until_text;	/* as given; NULL when not, or when set by number */
	int64_t since, until;		/* INT64_MIN, INT64_MAX: any */
	struct signatures *signatures;	/* with a FILTER_FAILURES term */
	struct filter_driver driver;
};

/* The names of the kinds in filter texts: "thread". NULL for kinds that have none. */
const char *filter_kind_name(enum filter_kind kind);

#endif
