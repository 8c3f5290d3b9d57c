/* proxy.h - the parts of the command "proxy". */
#ifndef PC_CLI_PROXY_H
#define PC_CLI_PROXY_H

#include "cli/cli.h"

/* Prints the settings, and whether a password is set; returns the exit code. */
int cli_proxy_show(const struct cli *cli, const struct settings *s);

/* Tries the proxy with the host of `url` (NULL: the feed's) for at most `timeout` seconds (text; NULL: the default), and with
 * `password` (NULL: the one that is kept). Changes `s`, which is not to be saved. */
int cli_proxy_test(const struct cli *cli, struct settings *s, const char *password, const char *url, const char *timeout);

#endif
