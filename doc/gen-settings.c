/* gen-settings: writes posture-console.conf(5) from the table of settings. Usage: gen-settings > FILE */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "settings/settings.h"
#include "roff.h"

#define ALLOWED_MAX 1000

static const struct { const char *name, *title; } groups[] = {
	{ "source", "Where updates come from" },
	{ "schedule", "When to look for updates" },
	{ "proxy", "The proxy" },
	{ "time", "Checking the clock" },
	{ "download", "Downloads" },
	{ "store", "What is kept" },
	{ "log", "Logs" },
	{ "hook", "After an update" },
	{ "node", "The appliance" },
	{ "ui", "The console" },
};

static const char head[] =
	".\\\" Made from src/settings/settings.def by \"make update-docs\".\n"
	".Dd November 24, 2026\n"
	".Dt POSTURE-CONSOLE.CONF 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm posture-console.conf\n"
	".Nd settings of posture-console\n"
	".Sh DESCRIPTION\n"
	"The settings of\n"
	".Xr posture-console 1\n"
	"stand in the file\n"
	".Pa console.conf .\n"
	"It need not exist: every setting has a default.\n"
	"It can be written with an editor, or changed with\n"
	".Dl posture-console config set KEY VALUE\n"
	"which checks the value, changes that one line, and leaves comments,\n"
	"unknown keys and the order as they are.\n"
	"Several programs may do so at the same time.\n"
	".Pp\n"
	"The file holds groups of settings:\n"
	".Bd -literal -offset indent\n"
	"# a comment\n"
	"proxy = {\n"
	"    enabled = true;\n"
	"    host = \"proxy.corp.example\";\n"
	"    port = 3128;\n"
	"    bypass = [ \".corp.example\", \"10.0.0.0/8\" ];\n"
	"};\n"
	".Ed\n"
	".Pp\n"
	"Text stands in double quotes, in which a backslash or a quote is written\n"
	"with a backslash before it.\n"
	"Switches are\n"
	".Li true\n"
	"or\n"
	".Li false .\n"
	"Lists stand in brackets, their items separated by commas, without a comma\n"
	"after the last one.\n"
	"Comments begin with\n"
	".Li #\n"
	"or\n"
	".Li // ,\n"
	"or stand between\n"
	".Li /*\n"
	"and\n"
	".Li */ .\n"
	"A line\n"
	".Li @include \\(dqNAME\\(dq\n"
	"takes in another file from the same folder; settings that stand there are\n"
	"read, and never changed by this program.\n"
	".Pp\n"
	"A value that is not allowed is refused with the file, the line and what is\n"
	"allowed; then nothing runs on a guess, and nothing is overwritten.\n"
	"A key that is not a setting is kept and has no effect;\n"
	".Dl posture-console config list\n"
	"points it out.\n"
	"Because the file names programs that are run, one that everyone on the\n"
	"machine may write is refused.\n"
	".Sh SETTINGS\n"
	"Each setting is shown with its default.\n";

static const char tail[] =
	".Sh FILES\n"
	".Bl -tag -width Ds\n"
	".It Pa /etc/posture-console/console.conf\n"
	"The settings when run as root; the folder depends on how the program was built.\n"
	".It Pa ~/.config/posture-console/console.conf\n"
	"The settings of anyone else.\n"
	".Ev XDG_CONFIG_HOME\n"
	"is respected.\n"
	".It Pa STATE/proxy.password\n"
	"The password for the proxy, readable by its owner only.\n"
	".El\n"
	".Pp\n"
	"The option\n"
	".Fl Fl config\n"
	"and the environment variable\n"
	".Ev POSTURE_CONSOLE_CONFIG\n"
	"name another settings file.\n"
	".Sh SEE ALSO\n"
	".Xr posture-console 1 ,\n"
	".Xr posture-findings 7\n";

/* The default as it would stand in the file, as the argument of a macro. */
static void put_default(const struct setting_info *info)
{
	switch (info->type) {
	case SETTING_TYPE_BOOL:
	case SETTING_TYPE_INT:
		fputs(info->default_text, stdout);
		break;
	case SETTING_TYPE_LIST:
		fputs("\"[ ]\"", stdout);
		break;
	default:
		printf("\\(dq%s\\(dq", info->default_text);
		break;
	}
}

static void put_setting(enum setting id)
{
	const struct setting_info *info = setting_info(id);
	struct buffer allowed = BUFFER_INIT(ALLOWED_MAX);

	printf(".It Ic %s No = Li ", info->key);
	put_default(info);
	putchar('\n');
	roff_sentences(info->help, strlen(info->help));
	buffer_puts(&allowed, "Allowed: ");
	setting_allowed(id, &allowed);
	buffer_puts(&allowed, ".");
	roff_sentences(buffer_text(&allowed), allowed.len);
	buffer_clear(&allowed);
}

/* Writes the settings of one group; says how many there were. */
static int put_group(const char *name, const char *title)
{
	size_t len = strlen(name);
	int count = 0;

	printf(".Ss %s\n.Bl -tag -width Ds\n", title);
	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *key = setting_info((enum setting)i)->key;

		if (strncmp(key, name, len) == 0 && key[len] == '.') {
			put_setting((enum setting)i);
			count++;
		}
	}
	printf(".El\n");
	return count;
}

int main(void)
{
	int count = 0;

	fputs(head, stdout);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		count += put_group(groups[g].name, groups[g].title);
	fputs(tail, stdout);
	if (count != SETTING_COUNT) {
		fprintf(stderr, "gen-settings: a group of settings has no title in doc/gen-settings.c\n");
		return 1;
	}
	return fflush(stdout) != 0;
}
