/* node.h - the parts of the command `node`: node.c chooses the verb and takes the options. */
#ifndef PC_CLI_NODE_H
#define PC_CLI_NODE_H

#include "appliance/session.h"
#include "appliance/state.h"
#include "cli/cli.h"

/* What the command line asks for; NULL: not named. */
struct node_wish {
	const char *host, *port, *user, *pin;
	const char *password_file, *proxy_password_file;
	const char *fingerprint, *identity;
	const char *trust, *untrust, *description, *expect;
	bool save_password, forget, enable, disable, all, dry_run, yes, off;
	char **arguments;		/* after the verb */
	int count;
};

/* What every verb that talks to the appliance needs. */
struct node_run {
	struct settings *settings;
	struct trust_store *store;
	struct buffer password;
	struct session session;
};

/* Reads settings, store and password, and makes the connection ready; prints the error: false and *exit_code. Close in any case. */
bool node_run_open(struct node_run *run, struct cli *cli, const struct node_wish *wish, int *exit_code);
void node_run_close(struct node_run *run);
/* Prints an error together with what is known of the appliance's certificate. Returns the exit code. */
int node_run_fail(const struct node_run *run, const struct cli *cli, const struct error *err);

/* The verbs. */
int cli_node_show(struct cli *cli, const struct node_wish *wish);
int cli_node_diff(struct cli *cli, const struct node_wish *wish);
int cli_node_import(struct cli *cli, const struct node_wish *wish);
int cli_node_fix(struct cli *cli, const struct node_wish *wish);
int cli_node_login(struct cli *cli, const struct node_wish *wish);
int cli_node_log_source(struct cli *cli, const struct node_wish *wish);

/* Which of "proxy" and "certificates" the arguments name; both where they name none. Prints the usage error. */
bool node_parts(const struct cli *cli, const struct node_wish *wish, bool *proxy, bool *certificates);

#endif
