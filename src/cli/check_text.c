#include "cli/check_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/paragraph.h"
#include "diagnose/account.h"
#include "diagnose/catalogue.h"
#include "diagnose/diagnose.h"

#define TITLE_COLUMNS 20
#define TEXT_MAX 8192

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

void check_text_init(struct check_text *t, bool color, bool quiet)
{
	*t = (struct check_text){ .color = color, .quiet = quiet, .finished = json_array() };
	t->progress = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) && !quiet;
}

void check_text_clear(struct check_text *t)
{
	json_decref(t->finished);
	t->finished = NULL;
}

/* --- progress ------------------------------------------------------------------------------------------------------------------ */

static void clear_progress(const struct check_text *t)
{
	if (t->progress)
		fputs("\r\033[K", stderr);
}

static void show_progress(const struct check_text *t, const char *id)
{
	if (t->progress)
		fprintf(stderr, "\r\033[K%s", check_title(check_by_name(id)));
}

/* --- rows ----------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *status, *mark, *start; } marks[] = {
	{ "pass", "OK", "\033[32m" }, { "warn", "??", "\033[33m" }, { "fail", "!!", "\033[31m" }, { "skip", "--", "\033[2m" },
};

static void print_mark(const struct check_text *t, const char *status)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strcmp(marks[i].status, status) == 0)
			printf("%s%s%s", t->color ? marks[i].start : "", marks[i].mark, t->color ? "\033[0m" : "");
	}
}

static size_t title_columns(void)
{
	size_t most = TITLE_COLUMNS;

	for (int id = 0; id < CHECK_COUNT; id++)
		most = text_widest(most, check_title((enum check_id)id));
	return most;
}

static void print_row(const struct check_text *t, const json_t *event)
{
	struct buffer title = BUFFER_INIT(TEXT_MAX);
	double ms = json_number_value(json_object_get(event, "duration_ms"));

	text_fit(&title, check_title(check_by_name(text_of(event, "id"))), title_columns(), true, true);
	print_mark(t, text_of(event, "status"));
	printf("  %s ", buffer_text(&title));
	cli_print_safe(text_of(event, "summary"));
	if (ms > 0)
		printf("  %.1f ms", ms);
	putchar('\n');
	buffer_clear(&title);
}

static void print_rows(const struct check_text *t)
{
	/* In the contract's order, whatever came first. */
	for (int id = 0; id < CHECK_COUNT; id++) {
		size_t i;
		json_t *event;

		json_array_foreach(t->finished, i, event) {
			if (strcmp(text_of(event, "id"), check_id_name((enum check_id)id)) == 0)
				print_row(t, event);
		}
	}
}

static void print_evidence_of(const json_t *event)
{
	size_t i;
	json_t *row;

	printf("\n%s: %s\n", _("Evidence"), check_title(check_by_name(text_of(event, "id"))));
	json_array_foreach(json_object_get(event, "evidence"), i, row) {
		struct buffer line = BUFFER_INIT(TEXT_MAX);

		buffer_printf(&line, "%s: %s", text_of(row, "name"), text_of(row, "value"));
		paragraph_print("  ", buffer_text(&line), line.len);
		buffer_clear(&line);
	}
}

static void print_evidence(const struct check_text *t)
{
	size_t i;
	json_t *event;

	json_array_foreach(t->finished, i, event) {
		if (t->all || strcmp(text_of(event, "status"), "fail") == 0 || strcmp(text_of(event, "status"), "warn") == 0)
			print_evidence_of(event);
	}
}

/* --- the path -------------------------------------------------------------------------------------------------------------------- */

/* this node 10.9.1.2 -- DNS 10.9.1.1 -X- gateway ... */
static void print_path(const struct check_text *t, const json_t *verdict)
{
	size_t i;
	json_t *stop;

	printf("\n  ");
	json_array_foreach(json_object_get(verdict, "path"), i, stop) {
		bool broken = strcmp(text_of(stop, "state"), "broken") == 0;
		bool unknown = strcmp(text_of(stop, "state"), "unknown") == 0;

		if (i > 0)
			printf(" %s%s%s ", broken && t->color ? "\033[31m" : "", broken ? "-X-" : unknown ? "..." : "---",
			       broken && t->color ? "\033[0m" : "");
		else if (broken)
			printf("X ");
		printf("%s", account_stop_title(text_of(stop, "stop")));
		if (text_of(stop, "value")[0] != '\0') {
			putchar(' ');
			cli_print_safe(text_of(stop, "value"));
		}
	}
	putchar('\n');
}

/* --- the verdict ------------------------------------------------------------------------------------------------------------------ */

static void print_steps(const json_t *verdict)
{
	size_t i;
	json_t *step;

	if (json_array_size(json_object_get(verdict, "remedy")) == 0)
		return;
	printf("\n%s\n", _("What to do"));
	json_array_foreach(json_object_get(verdict, "remedy"), i, step) {
		char lead[32];

		snprintf(lead, sizeof(lead), "  %zu. ", i + 1);
		paragraph_print(lead, json_string_value(step), json_string_length(step));
	}
}

static void print_changes(const json_t *verdict)
{
	size_t i;
	json_t *change;

	if (json_array_size(json_object_get(verdict, "changed")) == 0)
		return;
	printf("\n%s\n", _("Changed since the last good update"));
	json_array_foreach(json_object_get(verdict, "changed"), i, change) {
		struct buffer line = BUFFER_INIT(TEXT_MAX);

		buffer_printf(&line, _("%s: was %s, is %s"), text_of(change, "what"), text_of(change, "then"),
			      text_of(change, "now"));
		paragraph_print("  ", buffer_text(&line), line.len);
		buffer_clear(&line);
	}
}

static void print_also(const json_t *verdict)
{
	size_t i;
	json_t *code;

	json_array_foreach(json_object_get(verdict, "also"), i, code) {
		const struct finding_info *info = finding_info(finding_by_code(json_string_value(code)));
		char lead[64];

		if (i == 0)
			printf("\n%s\n", _("Also"));
		snprintf(lead, sizeof(lead), "  %s: ", info->code);
		paragraph_print(lead, _(info->cause), strlen(_(info->cause)));
	}
}

static void print_confidence(const json_t *verdict)
{
	struct buffer line = BUFFER_INIT(TEXT_MAX);

	if (strcmp(text_of(verdict, "confidence"), "likely") == 0)
		buffer_puts(&line, _("Likely, not proven."));
	else if (text_of(verdict, "or")[0] != '\0')
		buffer_printf(&line, _("Or it is %s. To tell: %s"), text_of(verdict, "or"), text_of(verdict, "next_test"));
	if (line.len > 0)
		paragraph_print("  ", buffer_text(&line), line.len);
	buffer_clear(&line);
}

/* The letter, line by line: it is made to be copied. */
static void print_letter(const json_t *verdict)
{
	const struct finding_info *info = finding_info(finding_by_code(text_of(verdict, "cause")));
	const char *p = text_of(verdict, "letter");

	if (p[0] == '\0' || info->actor == ACTOR_YOU)
		return;
	printf("\n");
	printf(_("To copy for the %s"), finding_actor_name(info->actor));
	printf("\n");
	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		paragraph_print("  ", p, n);
		p += n + (p[n] == '\n');
	}
}

void check_text_verdict(struct check_text *t, const json_t *verdict)
{
	const char *status = text_of(verdict, "status"), *cause = text_of(verdict, "cause");

	clear_progress(t);
	if (strcmp(status, "pass") == 0 && !t->all) {
		if (!t->quiet) {
			print_mark(t, status);
			printf("  ");
			cli_print_safe(text_of(verdict, "summary"));
			printf("  %.2f s\n", json_number_value(json_object_get(verdict, "duration_ms")) / 1000);
		}
		return;
	}
	print_rows(t);
	if (!t->no_path)
		print_path(t, verdict);
	if (cause[0] != '\0')
		printf("\n%s: %s\n", _("Cause"), cause);
	else
		putchar('\n');
	paragraph_print("  ", text_of(verdict, "summary"), strlen(text_of(verdict, "summary")));
	print_confidence(verdict);
	print_steps(verdict);
	print_also(verdict);
	print_changes(verdict);
	print_letter(verdict);
	print_evidence(t);
}

void check_text_put(void *data, const json_t *event)
{
	struct check_text *t = data;
	const char *kind = text_of(event, "event");

	if (strcmp(kind, "check.started") == 0) {
		show_progress(t, text_of(event, "id"));
	} else if (strcmp(kind, "check.finished") == 0) {
		json_array_append(t->finished, (json_t *)(uintptr_t)event);
	} else if (strcmp(kind, "verdict") == 0) {
		check_text_verdict(t, event);
	}
}
