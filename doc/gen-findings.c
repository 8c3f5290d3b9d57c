/* gen-findings: writes the catalogue of findings as documentation. Usage: gen-findings md|man > FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "diagnose/catalogue.h"
#include "roff.h"

static const char *const area_titles[] = {
	[AREA_LOCAL] = "This node", [AREA_DNS] = "Name resolution", [AREA_TIME] = "Time", [AREA_TCP] = "TCP",
	[AREA_PROXY] = "Proxy", [AREA_TLS] = "TLS", [AREA_CHAIN] = "Certificate chain", [AREA_HTTP] = "HTTP and the feed",
	[AREA_BUNDLE] = "Offline bundle and hook", [AREA_NODE] = "The appliance's API",
};

#define AREAS (sizeof(area_titles) / sizeof(area_titles[0]))

static const char intro_use[] =
	"Every failure or warning that posture-console reports carries one of these codes. "
	"\"posture-console explain CODE\" prints an entry, \"posture-console check\" says which one applies.";
static const char intro_old[] =
	"The appliance itself reports every cause of a failed online update with one and the same sentence:";
static const char intro_old_end[] = "Each entry marked so may be behind it.";

static const char *old_message(void)
{
	return catalogue_old_message(FINDING_TCP_TIMEOUT);
}

/* Markdown: <, > and the like do not occur in the texts but as placeholders; * and _ would be emphasis. */
static void put_markdown(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\*_<>`[]", text[i]) != NULL)
			putchar('\\');
		putchar(text[i]);
	}
}

static void write_markdown_entry(const struct finding_info *info, enum finding f)
{
	const char *rest = info->remedy, *step;
	size_t len;

	printf("### %s\n\n", info->code);
	put_markdown(info->cause, strlen(info->cause));
	printf(" (%s; who acts: %s; exit code %d%s)\n\n", catalogue_severity_text(info->severity),
	       finding_actor_name(info->actor), (int)info->exit_code,
	       catalogue_old_message(f) != NULL ? "; *Remote Address is not accessible*" : "");
	printf("Told apart: ");
	put_markdown(info->apart, strlen(info->apart));
	printf("\n\n");
	for (int n = 1; catalogue_next_step(&rest, &step, &len); n++) {
		printf("%d. ", n);
		put_markdown(step, len);
		putchar('\n');
	}
	putchar('\n');
}

static void write_markdown(void)
{
	printf("<!-- Made from src/base/findings.def by \"make update-docs\". -->\n# Findings\n\n%s\n\n%s\n\n> %s\n\n%s\n\n",
	       intro_use, intro_old, old_message(), intro_old_end);
	for (size_t a = 0; a < AREAS; a++) {
		printf("## %s\n\n", area_titles[a]);
		for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
			const struct finding_info *info = finding_info((enum finding)i);

			if (info->area == (enum finding_area)a)
				write_markdown_entry(info, (enum finding)i);
		}
	}
}

static void write_man_entry(const struct finding_info *info, enum finding f)
{
	const char *rest = info->remedy, *step;
	size_t len;

	printf(".It Sy %s\n", info->code);
	roff_sentences(info->cause, strlen(info->cause));
	printf("(%s; who acts: %s; exit code %d)\n.Pp\nTold apart:\n", catalogue_severity_text(info->severity),
	       finding_actor_name(info->actor), (int)info->exit_code);
	roff_sentences(info->apart, strlen(info->apart));
	printf(".Bl -enum -compact\n");
	while (catalogue_next_step(&rest, &step, &len)) {
		printf(".It\n");
		roff_sentences(step, len);
	}
	printf(".El\n");
	if (catalogue_old_message(f) != NULL)
		printf("The appliance says:\n.Qq Remote Address is not accessible .\n");
}

static void write_man(void)
{
	printf(".\\\" Made from src/base/findings.def by \"make update-docs\".\n"
	       ".Dd November 24, 2026\n.Dt POSTURE-FINDINGS 7\n.Os\n"
	       ".Sh NAME\n.Nm posture-findings\n.Nd what posture-console can find wrong, and what to do about it\n"
	       ".Sh DESCRIPTION\n");
	roff_sentences(intro_use, strlen(intro_use));
	printf(".Pp\n");
	roff_sentences(intro_old, strlen(intro_old));
	printf(".Bd -ragged -offset indent\n");
	roff_sentences(old_message(), strlen(old_message()));
	printf(".Ed\n.Pp\n");
	roff_sentences(intro_old_end, strlen(intro_old_end));
	for (size_t a = 0; a < AREAS; a++) {
		printf(".Ss %s\n.Bl -tag -width Ds\n", area_titles[a]);
		for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
			const struct finding_info *info = finding_info((enum finding)i);

			if (info->area == (enum finding_area)a)
				write_man_entry(info, (enum finding)i);
		}
		printf(".El\n");
	}
	printf(".Sh SEE ALSO\n.Xr posture-console 1\n");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "md") == 0) {
		write_markdown();
	} else if (argc == 2 && strcmp(argv[1], "man") == 0) {
		write_man();
	} else {
		fputs("usage: gen-findings md|man\n", stderr);
		return EXIT_USAGE;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_OK : EXIT_IO;
}
