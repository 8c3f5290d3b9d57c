/* certs.h - the parts of the command `certs`: certs.c chooses, one function a sub-command. */
#ifndef PC_CLI_CERTS_H
#define PC_CLI_CERTS_H

#include "cli/cli.h"

/* `certs verify HOST[:PORT]`: the server's chain against the store. argv[0] is "verify". */
int cli_certs_verify(struct cli *cli, int argc, char **argv);

#endif
