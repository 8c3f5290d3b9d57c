/* certs_verify.h - what `certs verify` found out, for its two printers. */
#ifndef PC_CLI_CERTS_VERIFY_H
#define PC_CLI_CERTS_VERIFY_H

#include "cli/certs.h"
#include "diagnose/check.h"
#include "net/probe_chain.h"
#include "net/probe_reach.h"
#include "net/probe_tls.h"

#define VERIFY_FINDINGS_MAX 16

/* What would make the store accept the path, as far as its issuer is what is wrong. */
enum verify_repair {
	REPAIR_NONE,
	REPAIR_ENABLE,		/* the anchor */
	REPAIR_TRUST,		/* the anchor, for Cisco services */
	REPAIR_ENABLE_TRUST,	/* both */
	REPAIR_IMPORT,		/* the CA certificate that the server sent, after its owner has vouched for it */
	REPAIR_IMPORT_FILE	/* a CA certificate that is neither sent nor in the store */
};

struct verification {
	struct check_target target;
	time_t at;
	struct probe_reach reach;
	struct probe_tls tls;
	struct probe_chain chain;
	/* The chain as it is shown: the path that was found, then whatever else the server sent. Borrowed from the two. */
	X509 *shown[2 * PROBE_CHAIN_CERTS_MAX];
	size_t shown_count, path_count;
	const struct trust_store *store;
	const struct trust_entry *anchor;	/* the store's entry that the path ends in, or that would complete it; NULL */
	bool anchor_usable;			/* it is enabled and trusted for Cisco services */
	enum finding findings[VERIFY_FINDINGS_MAX];	/* the most telling first */
	size_t finding_count;
	enum verify_repair repair;
	X509 *candidate;			/* REPAIR_IMPORT: what was sent and could be imported; borrowed */
	char fix[512];				/* the command that mends it, or ""; raw */
};

/* Is the finding one that the repair is for: an issuer that is missing or not in force? */
bool verify_is_about_anchor(enum finding f);

/* The finding that a rule stands for at that place of the path. */
enum finding verify_finding_of(const struct verification *v, const struct probe_chain_error *e);

int verify_print_json(const struct verification *v);
void verify_print_text(const struct cli *cli, const struct verification *v);

#endif
