/* chain_tree.h - what "certs verify --json" found out, as the rows of a tree: each certificate with its validity, every rule
 * that fails below the certificate that fails it, and where the path ends. No curses, no judgement of its own.
 */
#ifndef PC_UI_CHAIN_TREE_H
#define PC_UI_CHAIN_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/finding.h"

enum chain_row_kind {
	CHAIN_CERTIFICATE,	/* of the path */
	CHAIN_FAILURE,		/* a rule that the certificate above fails */
	CHAIN_END,		/* the path ends in an anchor, or its issuer is missing */
	CHAIN_UNUSED		/* sent, but no part of the path */
};

enum chain_repair { CHAIN_REPAIR_NONE, CHAIN_REPAIR_ANCHOR, CHAIN_REPAIR_IMPORT, CHAIN_REPAIR_FILE };

struct chain_row {
	enum chain_row_kind kind;
	int depth;
	bool fails;			/* a certificate that fails a rule; a failure; an end that is not good */
	const json_t *certificate;	/* borrowed from the document; NULL: of CHAIN_END */
	enum finding finding;		/* of a failure */
	char text[320];			/* raw */
	enum chain_repair repair;	/* what Enter offers on this row */
};

struct chain_tree {
	json_t *document;		/* owned */
	struct chain_row *rows;
	size_t count;
	bool trusted;
	char headline[512];		/* "www.cisco.com:443 (192.0.2.1) is NOT trusted. TLSv1.3"; raw */
	/* What would mend it. */
	enum chain_repair repair;
	char anchor[160];		/* REPAIR_ANCHOR: the name in the store */
	const char *pem;		/* REPAIR_IMPORT: the certificate that was sent; borrowed */
};

/* Takes the document (its reference as well). False when it is not one. */
bool chain_tree_take(struct chain_tree *tree, json_t *document);
void chain_tree_clear(struct chain_tree *tree);

/* Everything about one row, as lines: for a certificate its names, dates and fingerprint, for a failure its cause and what to
 * do. */
void chain_tree_explain(const struct chain_tree *tree, size_t row, struct buffer *out);
/* The whole tree as text, to copy. */
void chain_tree_text(const struct chain_tree *tree, struct buffer *out);
/* What Enter does on a row: "enable it, trust it for Cisco services"; "" when nothing. */
const char *chain_repair_text(const struct chain_tree *tree, enum chain_repair repair);

/* Columns of the labels of the lines that explain a certificate, with a gap. */
int chain_label_cols(void);

#endif
