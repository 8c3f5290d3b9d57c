/* chain_fetch.h - certificates from elsewhere: the address in a certificate, the facts of an earlier run. */
#ifndef PC_DIAGNOSE_CHAIN_FETCH_H
#define PC_DIAGNOSE_CHAIN_FETCH_H

#include <openssl/x509.h>

#include "diagnose/check.h"

/* A short GET of one certificate (DER or PEM) over plain HTTP: what it is worth, its signature says. NULL when nothing came. */
X509 *chain_fetch(const struct check_context *c, const char *url);

/* From an array of base64 strings. Never NULL but when out of memory; own it. */
STACK_OF(X509) *chain_from_facts(const json_t *array);

#endif
