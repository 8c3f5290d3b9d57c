/* gen-manual: writes posture-console(1) from the tables of commands, global options, keys and exit codes.
 * Usage: gen-manual > FILE */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/finding.h"
#include "cli/grammar.h"
#include "roff.h"

#define N_(text) text

static const struct { const char *name, *synopsis, *summary, *help; } commands[] = {
#define COMMAND(name, function, synopsis, summary, help) { name, synopsis, summary, help },
#include "cli/commands.def"
#undef COMMAND
};

static const struct { const char *name, *short_name, *value, *help; } globals[] = {
#define GLOBAL(id, name, short_name, value, help) { name, short_name, value, help },
#include "cli/globals.def"
#undef GLOBAL
};

enum {
#define SCOPE(id, ...) SCOPE_##id,
#include "../ui/scopes.def"
#undef SCOPE
};

static const char *const scopes[] = {
#define SCOPE(id, name, title) title,
#include "../ui/scopes.def"
#undef SCOPE
};

static const struct { int scope; const char *name, *keys, *help; } actions[] = {
#define ACTION(scope, id, name, keys, need, word, help) { SCOPE_##scope, name, keys, help },
#include "../ui/actions.def"
#undef ACTION
};

static const struct { int code; const char *text; } exit_codes[] = {
	{ EXIT_OK, "Done, healthy, or already up to date." },
	{ EXIT_FAILED, "It failed: a check found a cause, an update failed." },
	{ EXIT_USAGE, "The command line is wrong." },
	{ EXIT_WARNINGS, "Warnings only (check)." },
	{ EXIT_BAD_DATA, "Bad data: a bundle, a feed, a certificate." },
	{ EXIT_UNAVAILABLE, "The network or a service is not available." },
	{ EXIT_CANNOT_CREATE, "A file cannot be created." },
	{ EXIT_IO, "An I/O error; a full disk among them." },
	{ EXIT_BUSY, "Another update holds the lock." },
	{ EXIT_PERMISSION, "No permission." },
	{ EXIT_CONFIG, "The settings are wrong." },
	{ EXIT_INTERRUPTED, "Interrupted." },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] =
	".\\\" Made from the tables of the source by \"make update-docs\".\n"
	".Dd November 25, 2026\n.Dt POSTURE-CONSOLE 1\n.Os\n"
	".Sh NAME\n.Nm posture-console\n.Nd operator's console for posture updates of a network-access appliance\n"
	".Sh SYNOPSIS\n.Nm\n.Op Ar global option ...\n.Op Ar command Op Ar option ...\n"
	".Sh DESCRIPTION\n"
	"Updates the posture content of a network-access appliance\n(Cisco Identity Services Engine), online or from an\n"
	"offline bundle, and finds out why an update fails.\n"
	"Without a command, on a terminal, it is a full-screen console for the\nkeyboard; with a command, a tool for the shell "
	"and for scripts.\n"
	"Both do the same things.\n"
	".Pp\n"
	"An update is a job of its own: it goes on when the terminal is closed,\nand every console shows it.\n"
	"What it brings becomes current in one step, and\n.Ic rollback\ntakes it back.\n"
	"Feeds and their signatures are trusted only through certificates that\nare enabled and trusted for Cisco services.\n"
	".Pp\n"
	"The global options may stand before or after the command:\n";

static const char before_keys[] =
	".Sh KEYS\n"
	"What a key does depends on where one is; the last line of the screen\nshows the keys that work there, and\n"
	".Ic \\&?\nshows all of them.\n"
	"C- means the control key, S- the shift key.\n"
	"The word behind each is its name: for the command line that\n.Ic \\&:\nopens, and for the file\n.Pa keymap\n"
	"beside the settings, which changes keys with lines such as\n"
	".Ql bind roll-back F8 R\nand\n.Ql unbind quit .\n"
	"Lines that begin with # are comments; a line that is wrong is named\nwhen the console starts, and the keys are then "
	"those of this list.\n";

static const char tail[] =
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev POSTURE_CONSOLE_CONFIG , Ev POSTURE_CONSOLE_STATE_DIR\n"
	"The settings file and the state folder, where no option names them.\n"
	".It Ev POSTURE_CONSOLE_CA_BUNDLE\n"
	"A file or a folder of CA certificates that the certificate store is first\nfilled from, in place of the system's.\n"
	".It Ev NO_COLOR\n"
	"When set and not empty: no colour.\n"
	".It Ev XDG_CONFIG_HOME , Ev XDG_STATE_HOME\n"
	"Where the settings and the state of anyone but root are.\n"
	".It Ev LC_ALL , Ev LC_MESSAGES , Ev LANG\n"
	"The language.\n"
	".It Ev LC_TIME , Ev LC_NUMERIC\n"
	"How dates and numbers are written in the console and on a terminal.\n"
	"In a pipe, in a file and with\n.Fl Fl json\ntimes are RFC 3339.\n"
	".El\n"
	".Sh FILES\n"
	"As root the settings are in\n.Pa /etc/posture-console/console.conf\nand the state is in\n.Pa /var/lib/posture-console ;\n"
	"the folders depend on how the program was built.\n"
	"For anyone else:\n.Pa ~/.config/posture-console/console.conf\nand\n.Pa ~/.local/state/posture-console .\n"
	"In the state folder:\n"
	".Bl -tag -width Ds\n"
	".It Pa current , previous\nLinks to the content of the last update and of the one before.\n"
	".It Pa content/\nThe generations that are kept, read-only.\n"
	".It Pa defaults/\nThe default policies, requirements and remediations,\nmade by the first update, once.\n"
	".It Pa history.jsonl\nOne line for each update and rollback.\n"
	".It Pa jobs/\nThe events of the last updates.\n"
	".It Pa trust/\nThe trusted certificates.\n"
	".It Pa log/ise-psc.log\nWhat this program logs, in the form of the appliance's log.\n"
	".El\n"
	".Sh EXIT STATUS\n"
	".Bl -tag -width 130 -compact\n";

static const char last[] =
	".El\n"
	".Sh EXAMPLES\n"
	"The first update, from a file that was carried here:\n"
	".Dl posture-console update --offline /media/usb/posture-offline.zip\n"
	".Pp\n"
	"The first update from the feed, through a proxy with a login:\n"
	".Dl posture-console proxy set --host proxy.corp.example --port 8080 --user svc-ise\n"
	".Dl posture-console check\n"
	".Dl posture-console update\n"
	".Pp\n"
	"In a script: what is the cause, in one word?\n"
	".Dl posture-console check --json | jq -r 'select(.event == \\(dqverdict\\(dq).cause'\n"
	".Sh SEE ALSO\n"
	".Xr posture-console.conf 5 ,\n"
	".Xr posture-feed 5 ,\n"
	".Xr posture-findings 7\n";

struct lists {
	int open;		/* lists that are open: 0, 1, 2 */
	bool text;		/* running text has begun */
};

static void to_level(struct lists *lists, int level)
{
	for (; lists->open > level; lists->open--)
		printf(".El\n");
	for (; lists->open < level; lists->open++)
		printf(".Bl -tag -width Ds%s\n", lists->open > 0 ? " -compact" : "");
}

static void put_help(const char *help)
{
	struct lists lists = { 0 };
	struct grammar_line line;

	while (grammar_next_line(&help, &line)) {
		switch (line.kind) {
		case GRAMMAR_BLANK:
			lists.text = false;
			break;
		case GRAMMAR_TEXT:
			to_level(&lists, 0);
			if (!lists.text)
				printf(".Pp\n");
			lists.text = true;
			roff_sentences(line.text, line.text_len);
			break;
		case GRAMMAR_ITEM:
			to_level(&lists, line.level + 1);
			printf(".It Ic ");
			roff_argument(line.term, line.term_len);
			putchar('\n');
			if (line.text_len > 0)
				roff_sentences(line.text, line.text_len);
			break;
		case GRAMMAR_MORE:
			roff_sentences(line.text, line.text_len);
			break;
		case GRAMMAR_EXAMPLE:
			to_level(&lists, 0);
			printf(".Pp\nExample:\n.Dl ");
			roff_put(line.text, line.text_len);
			putchar('\n');
			break;
		}
	}
	to_level(&lists, 0);
}

static void put_globals(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < COUNT(globals); i++) {
		printf(".It ");
		if (globals[i].short_name[0] != '\0')
			printf("Fl %s , ", globals[i].short_name);
		printf("Fl Fl %s", globals[i].name);
		if (globals[i].value[0] != '\0')
			printf(" Ar %s", globals[i].value);
		putchar('\n');
		roff_sentences(globals[i].help, strlen(globals[i].help));
	}
	printf(".El\n");
}

static void put_commands(void)
{
	printf(".Sh COMMANDS\n");
	for (size_t i = 0; i < COUNT(commands); i++) {
		printf(".Ss %s\n", commands[i].name);
		printf(".Nm posture-console Ic %s", commands[i].name);
		if (commands[i].synopsis[0] != '\0') {
			putchar(' ');
			roff_argument(commands[i].synopsis, strlen(commands[i].synopsis));
		}
		/* The summary begins small in the list of commands. */
		printf("\n.Pp\n%c", toupper((unsigned char)commands[i].summary[0]));
		roff_put(commands[i].summary + 1, strlen(commands[i].summary) - 1);
		printf(".\n");
		put_help(commands[i].help);
	}
}

static void put_action(size_t i)
{
	const char *keys = actions[i].keys[0] != '\0' ? actions[i].keys : "-";

	printf(".It Ic ");
	if (strlen(keys) == 1 && strchr(".,:;()[]?!|", keys[0]) != NULL)
		printf("\\&%s", keys);		/* alone it would be punctuation */
	else
		roff_argument(keys, strlen(keys));
	putchar('\n');
	roff_sentences(actions[i].help, strlen(actions[i].help));
	printf(".Pq %s\n", actions[i].name);
}

static void put_keys(void)
{
	fputs(before_keys, stdout);
	for (size_t s = 0; s < COUNT(scopes); s++) {
		bool begun = false;

		for (size_t i = 0; i < COUNT(actions); i++) {
			if (actions[i].scope != (int)s)
				continue;
			if (!begun)
				printf(".Ss %s\n.Bl -tag -width \"Tab Down j\" -compact\n", scopes[s]);
			begun = true;
			put_action(i);
		}
		if (begun)
			printf(".El\n");
	}
}

int main(void)
{
	fputs(head, stdout);
	put_globals();
	put_commands();
	put_keys();
	fputs(tail, stdout);
	for (size_t i = 0; i < COUNT(exit_codes); i++)
		printf(".It %d\n%s\n", exit_codes[i].code, exit_codes[i].text);
	fputs(last, stdout);
	return fflush(stdout) != 0;
}
