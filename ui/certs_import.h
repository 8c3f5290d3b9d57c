/* certs_import.h - the import: a file or pasted text, then what it holds with its warnings, then what it shall be trusted
 * for. Nothing is stored before the operator has seen it. */
#ifndef PC_UI_CERTS_IMPORT_H
#define PC_UI_CERTS_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "certs_store.h"
#include "pane_certs.h"

/* Asks for a file, or for PEM text pasted in its place. */
void certs_import_ask(struct certs_store *c);

struct certs_import_wish {
	const char *label;		/* where the data are from, for messages; NULL: none */
	const void *data;
	size_t len;
	const char *why;		/* shown on top; NULL: nothing */
	unsigned int usages;		/* ticked at first */
	certs_fixed *fixed;		/* may be NULL */
	void *fixed_data;
};

/* Shows what the data hold, and imports it when told to. False, *err says why, when there is no certificate in them. */
bool certs_import_open(struct certs_store *c, const struct certs_import_wish *wish, struct error *err);

/* PEM text as it may have been pasted: without its newlines, or with spaces in their place. Gives it its lines back. */
void certs_pem_mend(const char *text, struct buffer *out);

#endif
