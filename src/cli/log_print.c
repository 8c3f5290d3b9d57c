#include "cli/log_print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "logview/record.h"
#include "logview/safe_text.h"
#include "logview/signature.h"

#define PIECE_MAX (2u * 1024 * 1024)	/* larger than any piece that a reader hands out */
#define JSON_TEXT_MAX (SAFE_TEXT_GROWTH * PIECE_MAX)

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct log_print {
	const struct cli *cli;
	const volatile sig_atomic_t *stop;
	struct buffer safe;		/* what is printed next */
	struct buffer rest;		/* the cut end of the piece before */
	const struct segment *rest_seg;
	int64_t rest_end;		/* where the piece that goes on with it starts */
	bool in_line;			/* the line that was printed last has no end yet */
	struct signatures *signatures;
};

struct log_print *log_print_new(const struct cli *cli, const volatile sig_atomic_t *stop)
{
	struct log_print *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->cli = cli;
	p->stop = stop;
	p->safe = (struct buffer)BUFFER_INIT(JSON_TEXT_MAX);
	p->rest = (struct buffer)BUFFER_INIT(PIECE_MAX);
	p->signatures = signatures_new();
	if (p->signatures != NULL)
		return p;
	log_print_free(p);
	return NULL;
}

void log_print_free(struct log_print *p)
{
	if (p == NULL)
		return;
	signatures_free(p->signatures);
	buffer_clear(&p->safe);
	buffer_clear(&p->rest);
	free(p);
}

bool log_print_flush(struct log_print *p)
{
	(void)p;
	return fflush(stdout) == 0 && !ferror(stdout);
}

static bool goes_on(const struct log_print *p)
{
	return *p->stop == 0 && !ferror(stdout);
}

/* --- for people ------------------------------------------------------------------------------------------------------ */

static void print(struct log_print *p, const char *text, size_t n)
{
	if (n == 0)
		return;
	fwrite(text, 1, n, stdout);
	p->in_line = text[n - 1] != '\n';
}

static const char *color_of(const struct log_print *p, const struct reader_piece *piece)
{
	enum record_level level;

	if (!p->cli->color || piece->start != piece->record || !record_is_start(piece->text, piece->n))
		return NULL;
	level = record_level(piece->text, piece->n);
	if (level >= RECORD_LEVEL_ERROR)
		return RED;
	return level == RECORD_LEVEL_WARN ? YELLOW : NULL;
}

/* The header line in its colour; the terminal's own colours are back before the line ends. */
static void print_colored(struct log_print *p, const char *color)
{
	const char *text = buffer_text(&p->safe);
	size_t line = strcspn(text, "\n");

	fputs(color, stdout);
	fwrite(text, 1, line, stdout);
	fputs(PLAIN, stdout);
	p->in_line = true;
	print(p, text + line, p->safe.len - line);
}

/* A piece may be cut inside a character: then its end waits for the next one. */
static void make_safe(struct log_print *p, const struct reader_piece *piece)
{
	bool follows = p->rest.len > 0 && p->rest_seg == piece->seg && p->rest_end == piece->start;
	const char *text = piece->text;
	size_t n = piece->n, used;

	buffer_reset(&p->safe);
	if (follows) {
		buffer_append(&p->rest, piece->text, piece->n);
		text = p->rest.data;
		n = p->rest.len;
	} else if (p->rest.len > 0) {
		safe_text_lines(&p->safe, p->rest.data, p->rest.len, true);
	}
	used = safe_text_lines(&p->safe, text, n, false);
	if (follows) {
		buffer_consume(&p->rest, used);
	} else {
		buffer_reset(&p->rest);
		buffer_append(&p->rest, text + used, n - used);
	}
	p->rest_seg = piece->seg;
	p->rest_end = piece->start + (int64_t)piece->n;
}

static void end_line(struct log_print *p)
{
	if (p->rest.len > 0) {
		buffer_reset(&p->safe);
		safe_text_lines(&p->safe, p->rest.data, p->rest.len, true);
		print(p, buffer_text(&p->safe), p->safe.len);
		buffer_reset(&p->rest);
	}
	if (p->in_line)
		print(p, "\n", 1);
}

static bool print_piece(void *data, const struct reader_piece *piece)
{
	struct log_print *p = data;
	const char *color = color_of(p, piece);

	/* A record starts a line, also behind one that was cut. */
	if (piece->start == piece->record)
		end_line(p);
	make_safe(p, piece);
	if (color != NULL)
		print_colored(p, color);
	else
		print(p, buffer_text(&p->safe), p->safe.len);
	return goes_on(p);
}

static void print_joint(void *data, const struct segment *before, const struct segment *seg)
{
	struct log_print *p = data;
	struct buffer text = BUFFER_INIT(4096), safe = BUFFER_INIT(16384);

	end_line(p);
	source_describe_joint(before, seg, &text);
	if (text.len > 0 && !p->cli->quiet) {
		fflush(stdout);
		text_sanitise(&safe, buffer_text(&text), text.len);
		fprintf(stderr, "posture-console: %s: %s\n", seg->name, buffer_text(&safe));
	}
	buffer_clear(&text);
	buffer_clear(&safe);
}

/* --- for programs ---------------------------------------------------------------------------------------------------- */

/* Text of the log as a JSON string: safe to be shown, tabs kept. */
static json_t *string_of(struct log_print *p, struct slice text)
{
	buffer_reset(&p->safe);
	safe_text_lines(&p->safe, text.p, text.n, true);
	return json_stringn(buffer_text(&p->safe), p->safe.len);
}

static json_t *lines_of(struct log_print *p, const char *text, size_t n)
{
	json_t *lines = json_array();
	const char *limit = text + n;

	while (text < limit) {
		const char *newline = memchr(text, '\n', (size_t)(limit - text));

		json_array_append_new(lines, string_of(p, record_line(text, limit)));
		text = newline != NULL ? newline + 1 : limit;
	}
	return lines;
}

static void put_event(json_t *event)
{
	if (event != NULL) {
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(event);
}

static void add_place(json_t *event, const struct reader_piece *piece)
{
	if (piece->line > 0)
		json_object_set_new(event, "line", json_integer((json_int_t)piece->line));
	json_object_set_new(event, "offset", json_integer(piece->start));
	json_object_set_new(event, "file", event_string(piece->seg->name));
}

static void add_fields(struct log_print *p, json_t *event, const struct record *r)
{
	const struct { const char *name; struct slice text; } fields[] = {
		{ "stamp", r->time_text }, { "thread", r->thread }, { "mdc", r->mdc }, { "session", r->session },
		{ "user", r->user }, { "operation", r->operation }, { "context", r->context }, { "logger", r->logger },
		{ "message", r->message },
	};
	char time[STAMP_TEXT_MAX];

	stamp_rfc3339(time, &r->time);
	json_object_set_new(event, "time", time[0] != '\0' ? json_string(time) : json_null());
	json_object_set_new(event, "level", json_string(record_level_name(r->level)));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		json_object_set_new(event, fields[i].name, string_of(p, fields[i].text));
}

static bool put_record(void *data, const struct reader_piece *piece)
{
	struct log_print *p = data;
	const char *newline = memchr(piece->text, '\n', piece->n);
	size_t header = newline != NULL ? (size_t)(newline - piece->text) + 1 : piece->n;
	enum finding finding = signatures_finding(p->signatures, piece->text, piece->n);
	json_t *event;
	struct record r;

	if (piece->start != piece->record) {
		event = event_new("log.continued", "{s:I}", "record", (json_int_t)piece->record);
		add_place(event, piece);
		json_object_set_new(event, "lines", lines_of(p, piece->text, piece->n));
		put_event(event);
		return goes_on(p);
	}
	event = event_new("log.record", "");
	record_parse(piece->text, piece->n, &r);
	add_fields(p, event, &r);
	json_object_set_new(event, "lines", lines_of(p, piece->text + header, piece->n - header));
	json_object_set_new(event, "finding",
			    finding != FINDING_NONE ? json_string(finding_info(finding)->code) : json_null());
	add_place(event, piece);
	put_event(event);
	return goes_on(p);
}

static void put_joint(void *data, const struct segment *before, const struct segment *seg)
{
	static const char *const how[] = {
		[JOINT_NONE] = NULL, [JOINT_OLDER] = "older", [JOINT_RENAMED] = "renamed", [JOINT_COPIED] = "copied",
		[JOINT_TRUNCATED] = "truncated", [JOINT_REPLACED] = "replaced", [JOINT_CONTINUED] = NULL,
		[JOINT_RECONNECTED] = "reconnected",
	};
	struct buffer text = BUFFER_INIT(4096);
	char stamp[CLOCK_TEXT_MAX];
	json_t *event;

	(void)data;
	if (how[seg->joint] == NULL)
		return;
	source_describe_joint(before, seg, &text);
	event = event_new("log.joint", "{s:s, s:s, s:b}", "time", clock_rfc3339_ms(stamp, seg->joined_ms), "how",
			  how[seg->joint], "gap", (int)seg->gap);
	if (event != NULL) {
		json_object_set_new(event, "file", event_string(seg->name));
		json_object_set_new(event, "text", event_string(buffer_text(&text)));
	}
	put_event(event);
	buffer_clear(&text);
}

/* --- both ------------------------------------------------------------------------------------------------------------ */

struct reader_calls log_print_calls(struct log_print *p)
{
	if (p->cli->json)
		return (struct reader_calls){ put_record, put_joint, p };
	return (struct reader_calls){ print_piece, print_joint, p };
}

void log_print_end(struct log_print *p)
{
	if (!p->cli->json)
		end_line(p);
}

void log_print_count(const struct cli *cli, uint64_t count)
{
	if (cli->json)
		put_event(event_new("log.count", "{s:I}", "count", (json_int_t)count));
	else
		printf("%llu\n", (unsigned long long)count);
}
