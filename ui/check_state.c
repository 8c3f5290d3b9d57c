#include "check_state.h"

#include <stdio.h>
#include <string.h>

#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "diagnose/account.h"

#define NAME_COLS_MAX 28

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

void check_state_clear(struct check_state *s)
{
	for (int id = 0; id < CHECK_COUNT; id++)
		json_decref(s->rows[id].event);
	json_decref(s->verdict);
	*s = (struct check_state){ 0 };
}

/* --- events -------------------------------------------------------------------------------------------------------------------- */

static void take_finished(struct check_row *row, const json_t *event)
{
	static const struct { const char *name; enum check_status status; } names[] = {
		{ "pass", CHECK_PASS }, { "warn", CHECK_WARN }, { "fail", CHECK_FAIL }, { "skip", CHECK_SKIP },
	};

	row->state = ROW_DONE;
	row->status = CHECK_SKIP;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text_of(event, "status"), names[i].name) == 0)
			row->status = names[i].status;
	}
	text_safe(row->summary, sizeof(row->summary), text_of(event, "summary"));
	row->duration_ms = json_number_value(json_object_get(event, "duration_ms"));
	json_decref(row->event);
	row->event = json_incref((json_t *)(uintptr_t)event);
}

bool check_state_take(struct check_state *s, const json_t *event)
{
	const char *kind = text_of(event, "event");
	enum check_id id = check_by_name(text_of(event, "id"));

	if (strcmp(kind, "check.started") == 0 && id != CHECK_COUNT) {
		/* The first check of a new run: what stood here belongs to the one before. */
		if (s->verdict != NULL)
			check_state_clear(s);
		s->rows[id].state = ROW_RUNNING;
		return true;
	}
	if (strcmp(kind, "check.finished") == 0 && id != CHECK_COUNT) {
		if (s->verdict != NULL)
			check_state_clear(s);
		take_finished(&s->rows[id], event);
		return true;
	}
	if (strcmp(kind, "verdict") == 0) {
		json_decref(s->verdict);
		s->verdict = json_incref((json_t *)(uintptr_t)event);
		text_safe(s->time, sizeof(s->time), text_of(event, "time"));
		return true;
	}
	return false;
}

/* --- what is asked of it ---------------------------------------------------------------------------------------------------------- */

const char *check_state_text(const struct check_state *s, const char *key)
{
	return text_of(s->verdict, key);
}

const char *check_state_status(const struct check_state *s)
{
	return check_state_text(s, "status");
}

const char *check_state_cause(const struct check_state *s)
{
	return check_state_text(s, "cause");
}

const char *check_row_mark(const struct check_row *row, enum theme_role *role)
{
	static const struct { const char *mark; enum theme_role role; } marks[] = {
		[CHECK_PASS] = { "OK", ROLE_OK }, [CHECK_WARN] = { "??", ROLE_WARN }, [CHECK_FAIL] = { "!!", ROLE_FAIL },
		[CHECK_SKIP] = { "--", ROLE_DIM },
	};

	if (row->state != ROW_DONE) {
		*role = ROLE_DIM;
		return row->state == ROW_RUNNING ? ".." : "  ";
	}
	*role = marks[row->status].role;
	return marks[row->status].mark;
}

void check_state_path(const struct check_state *s, void (*put)(void *data, bool broken, const char *text), void *data)
{
	size_t i;
	json_t *stop;

	json_array_foreach(json_object_get(s->verdict, "path"), i, stop) {
		const char *state = text_of(stop, "state"), *value = text_of(stop, "value");
		bool broken = strcmp(state, "broken") == 0;
		char text[512];

		if (i > 0)
			put(data, broken, broken ? " -X- " : strcmp(state, "unknown") == 0 ? " ... " : " --- ");
		else if (broken)
			put(data, true, "X ");
		snprintf(text, sizeof(text), "%s%s%s", account_stop_title(text_of(stop, "stop")), value[0] != '\0' ? " " : "", value);
		put(data, false, text);
	}
}

/* --- texts ------------------------------------------------------------------------------------------------------------------------ */

static void put_finding(struct buffer *out, const char *code)
{
	const struct finding_info *info = finding_info(finding_by_code(code));

	buffer_printf(out, "%s: %s\n  %s\n", code, info->cause[0] != '\0' ? _(info->cause) : "",
		      info->apart[0] != '\0' ? _(info->apart) : "");
}

void check_row_evidence(const struct check_row *row, struct buffer *out)
{
	const json_t *evidence = json_object_get(row->event, "evidence");
	size_t i, widest = 0;
	json_t *item;

	buffer_printf(out, "%s\n", row->summary);
	json_array_foreach(json_object_get(row->event, "findings"), i, item) {
		if (i == 0)
			buffer_putc(out, '\n');
		put_finding(out, json_string_value(item));
	}
	json_array_foreach(evidence, i, item) {
		size_t cols = text_width(text_of(item, "name"));

		if (cols > widest && cols <= NAME_COLS_MAX)
			widest = cols;
	}
	json_array_foreach(evidence, i, item) {
		struct buffer name = BUFFER_INIT(4096);

		buffer_puts(&name, text_of(item, "name"));
		for (size_t cols = text_width(text_of(item, "name")); cols < widest; cols++)
			buffer_putc(&name, ' ');
		buffer_printf(out, "%s%s  %s\n", i == 0 ? "\n" : "", buffer_text(&name), text_of(item, "value"));
		buffer_clear(&name);
	}
}

static void put_path_text(void *data, bool broken, const char *text)
{
	(void)broken;
	buffer_puts(data, text);
}

static void put_steps(const struct check_state *s, struct buffer *out)
{
	size_t i;
	json_t *step;

	json_array_foreach(json_object_get(s->verdict, "remedy"), i, step)
		buffer_printf(out, "%s  %zu. %s\n", i == 0 ? _("\nWhat to do\n") : "", i + 1, json_string_value(step));
}

static void put_also(const struct check_state *s, struct buffer *out)
{
	size_t i;
	json_t *code;

	json_array_foreach(json_object_get(s->verdict, "also"), i, code)
		buffer_printf(out, "%s  %s: %s\n", i == 0 ? _("\nAlso\n") : "", json_string_value(code),
			      _(finding_info(finding_by_code(json_string_value(code)))->cause));
}

static void put_changed(const struct check_state *s, struct buffer *out)
{
	size_t i;
	json_t *change;

	json_array_foreach(json_object_get(s->verdict, "changed"), i, change) {
		if (i == 0)
			buffer_puts(out, _("\nChanged since the last good update\n"));
		buffer_printf(out, _("  %s: was %s, is %s\n"), text_of(change, "what"), text_of(change, "then"),
			      text_of(change, "now"));
	}
}

void check_state_whole(const struct check_state *s, struct buffer *out)
{
	const char *confidence = check_state_text(s, "confidence"), *letter = check_state_text(s, "letter");
	enum finding_actor actor = finding_info(finding_by_code(check_state_cause(s)))->actor;

	if (check_state_cause(s)[0] != '\0')
		buffer_printf(out, _("Cause: %s\n"), check_state_cause(s));
	buffer_printf(out, "%s\n", check_state_text(s, "summary"));
	if (strcmp(confidence, "likely") == 0)
		buffer_printf(out, "%s\n", _("Likely, not proven."));
	if (check_state_text(s, "or")[0] != '\0')
		buffer_printf(out, _("Or it is %s. To tell: %s\n"), check_state_text(s, "or"), check_state_text(s, "next_test"));
	buffer_putc(out, '\n');
	check_state_path(s, put_path_text, out);
	buffer_putc(out, '\n');
	put_steps(s, out);
	put_also(s, out);
	put_changed(s, out);
	if (letter[0] != '\0' && actor == ACTOR_YOU)
		buffer_printf(out, _("\nTo copy\n\n%s"), letter);
	else if (letter[0] != '\0')
		buffer_printf(out, _("\nTo copy for the %s\n\n%s"), finding_actor_name(actor), letter);
}
