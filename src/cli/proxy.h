/* proxy.h - the parts of the command "proxy". */
#ifndef PC_CLI_PROXY_H
#define PC_CLI_PROXY_H

#include "cli/cli.h"

/* Prints the settings, and whether a password is set; returns the exit code. */
int cli_proxy_show(const struct cli *cli, const struct settings *s);

#endif
