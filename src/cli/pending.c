/* Commands of the table that have no file of their own yet; weak, so that one replaces this by being there. */
#include "base/i18n.h"
#include "cli/cli.h"

#define COMMAND(name, function, synopsis, summary, help) \
	__attribute__((weak)) int function(struct cli *cli, int argc, char **argv) \
	{ \
		(void)argc; (void)argv; \
		return cli_usage(cli, "this build does not have the command %s", name); \
	}
#include "cli/commands.def"
#undef COMMAND
