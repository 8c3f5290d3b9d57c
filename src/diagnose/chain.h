/* chain.h - the parts of the check `chain`. Private to it.
 *
 * check_chain.c judges what the server sent; chain_anchor.c says what is wrong with the anchor; chain_doubt.c finds out whether it
 * is the right server at all: interception, a portal, a wrong address.
 */
#ifndef PC_DIAGNOSE_CHAIN_H
#define PC_DIAGNOSE_CHAIN_H

#include "diagnose/check.h"
#include "net/probe_chain.h"
#include "trust/trust.h"

struct chain_check {
	const struct check_context *c;
	struct check_result *r;
	struct trust_store *trust;
	X509_STORE *services;		/* enabled, and trusted for Cisco services */
	size_t services_count;
	STACK_OF(X509) *sent;
	struct probe_chain judged;
	struct probe_cert leaf, top;	/* the first of the path, and its last */
	const char *host;
};

/* Adds a failing finding and, unless a worse one has done so, the summary. */
struct check_finding *chain_fail(struct chain_check *k, enum finding f, const char *seen);

/* Judges the same chain against another store, at the same time. Clear the result. */
void chain_judge_with(const struct chain_check *k, STACK_OF(X509) *sent, X509_STORE *store, struct probe_chain *out);

/* The path does not end in an anchor: which of the reasons is it? Adds the finding. */
void chain_judge_anchor(struct chain_check *k);

/* Is it, by its name or by what was remembered, an intermediate certificate that the server forgot to send? */
bool chain_lacks_intermediate(struct chain_check *k);

/* Is it somebody else who answers? Adds the finding and returns true when there is evidence for that. */
bool chain_doubt_server(struct chain_check *k);

#endif
