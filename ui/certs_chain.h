/* certs_chain.h - a server's certificates as a tree against the store, with the fix offered where one fails. */
#ifndef PC_UI_CERTS_CHAIN_H
#define PC_UI_CERTS_CHAIN_H

#include "certs_store.h"

/* Fetches the chain of a host (NULL: the feed's) with "certs verify" and shows it. */
void certs_chain_open(struct certs_store *c, const char *host);

#endif
