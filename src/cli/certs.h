/* certs.h - the parts of the command `certs`: certs.c chooses and holds the short ones. */
#ifndef PC_CLI_CERTS_H
#define PC_CLI_CERTS_H

#include <jansson.h>

#include "cli/cli.h"
#include "trust/trust.h"

/* One function a sub-command; argv[0] is its name. */
int certs_list(struct cli *cli, int argc, char **argv);
int certs_show(struct cli *cli, int argc, char **argv);
int certs_import(struct cli *cli, int argc, char **argv);
int certs_export(struct cli *cli, int argc, char **argv);
/* `certs verify HOST[:PORT]`: the server's chain against the store. */
int cli_certs_verify(struct cli *cli, int argc, char **argv);

/* Opens the store, printing the error: NULL and *exit_code. */
struct trust_store *certs_open(const struct cli *cli, int *exit_code);
/* By name or fingerprint, printing the error: NULL and *exit_code. */
const struct trust_entry *certs_find(const struct cli *cli, const struct trust_store *store, const char *name,
				     int *exit_code);
/* Adds the usages of "a,b" to *usages; prints the usage error. */
bool certs_take_usages(const struct cli *cli, const char *text, unsigned int *usages);

/* "cisco-services, infrastructure", or "none"; `dst` has CERTS_USAGES_MAX bytes. Returns dst. */
#define CERTS_USAGES_MAX 128
char *certs_usages_text(char *dst, unsigned int usages);
/* What the index says of a certificate. New reference. */
json_t *certs_entry_json(const struct trust_entry *entry);
/* One warning as {"finding","message","next"}. New reference. */
json_t *certs_warning_json(const struct error *warning);
/* Prints a warning for a person on standard error. */
void certs_warn(const struct cli *cli, const struct error *warning);
/* Prints one JSON document, which it takes. */
int certs_put_json(json_t *document);

#endif
