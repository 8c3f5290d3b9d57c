/* cli.h - the command line: one table of sub-commands (commands.def), one file per sub-command.
 *
 * Each command parses its own options with getopt_long and returns an exit code of the contract. Printing for people and
 * for programs is decided by cli->json.
 */
#ifndef PC_CLI_CLI_H
#define PC_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <getopt.h>

#include "base/error.h"
#include "settings/settings.h"

struct cli {
	const char *config_path;	/* resolved */
	const char *state_dir;		/* resolved */
	bool json;
	bool quiet;
	bool color;			/* standard output is a terminal that may have colour */
	const char *program;		/* path of this program, to start itself again */
	const char *command;		/* name of the running command */
};

struct cli_command {
	const char *name;
	const char *synopsis;		/* options and arguments */
	const char *summary;		/* one line (N_) */
	const char *help;		/* options, an example (N_) */
	int (*run)(struct cli *cli, int argc, char **argv);	/* argv[0] is the command's name */
};

const struct cli_command *cli_commands(size_t *count);
const struct cli_command *cli_command_find(const char *name);

/* Prints an error for a person on standard error: "posture-console: what, where, why. What next.", sanitised, with the
 * finding's code; as an {"event":"error"} line with --json. Returns its exit code. */
int cli_fail(const struct cli *cli, const struct error *err);
/* A usage error with the command's synopsis: exit code 2. */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints a remark for a person on standard error, sanitised; nothing with --quiet. */
void cli_warn(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* getopt_long over `argv` with --help handled for every command (prints, and *exit_code is set): use in a loop like
 * getopt_long. Returns -1 at the end, '?' after a usage error was printed, 'h' when help was printed. The global options
 * --json, --quiet, --no-color, --config, --state-dir are taken anywhere on the line. */
int cli_getopt(struct cli *cli, int argc, char **argv, const char *short_options, const struct option *long_options);

/* Loads the settings, printing the error; NULL and *exit_code on failure. */
struct settings *cli_settings(const struct cli *cli, int *exit_code);

/* Reads a line without echo from the terminal (prompt on standard error), or from a file ("/dev/stdin" and "-" work).
 * One trailing newline is dropped. The caller wipes `out`. */
bool cli_read_secret(const char *prompt, const char *file, struct buffer *out, struct error *err);

/* Prints text from outside, sanitised, to standard output. */
void cli_print_safe(const char *text);

#define COMMAND(name, function, synopsis, summary, help) int function(struct cli *cli, int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND
int cli_complete(struct cli *cli, int argc, char **argv);

#endif
