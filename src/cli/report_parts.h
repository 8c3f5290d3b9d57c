/* report_parts.h - what goes into a report: each part asks the room that knows, and hands text or JSON to the archive.
 */
#ifndef PC_CLI_REPORT_PARTS_H
#define PC_CLI_REPORT_PARTS_H

#include <jansson.h>

#include "cli/cli.h"
#include "cli/report_archive.h"
#include "settings/settings.h"

/* Tells the redactor what is secret here: the proxy's password, logins in settings, secrets in command lines. */
bool report_know_secrets(struct redactor *r, const struct settings *settings, const char *state_dir);

/* verdict.txt, check.jsonl: the events of a run of the checks. */
void report_part_checks(struct report_archive *a, const json_t *events);
/* settings.txt: from the table of settings, never from the file. NULL: they cannot be read, and this is why. */
void report_part_settings(struct report_archive *a, const struct settings *settings, const struct error *why);
/* What a sub-command prints, as text and as JSON: NAME.txt, NAME.json. `argument` may be NULL. */
void report_part_command(struct report_archive *a, const struct cli *cli, const char *name, const char *command,
			 const char *argument);
/* versions.txt */
void report_part_versions(struct report_archive *a);
/* network.json: what the network looked like at the last good update. */
void report_part_network(struct report_archive *a, const char *state_dir);
/* update-last.jsonl, update-last-failed.jsonl: the events of those jobs. */
void report_part_jobs(struct report_archive *a, const char *state_dir);
/* log-own.txt and log.txt: around the last failure, and the end. */
void report_part_logs(struct report_archive *a, const struct settings *settings, const char *state_dir);

#endif
