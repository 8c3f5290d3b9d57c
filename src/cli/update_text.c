#include "cli/update_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/check_text.h"

#define BARS_MAX 64
#define NAME_COLS 26
#define DONE_NAME_COLS 44
#define DEFAULT_COLS 80

struct bar {
	char name[128];
	json_int_t bytes, held, total, rate;	/* held: of the bytes, what was here before */
	bool done;
};

struct update_text {
	const struct cli *cli;
	bool terminal;
	struct bar bars[BARS_MAX];	/* those that are under way; finished ones scroll away above */
	int bar_count;
	int drawn;			/* rows of bars on the screen now */
	bool planned;			/* what there is to do is known: */
	json_int_t plan_count, plan_bytes;
	int64_t plan_ms;		/* since when (monotonic) */
	json_int_t finished, finished_bytes, finished_held;	/* components that are complete */
	struct check_text checks;	/* of the diagnosis around the update */
	bool offline;
	bool explained;			/* a verdict told the cause and what to do */
};

struct update_text *update_text_new(const struct cli *cli)
{
	struct update_text *t = calloc(1, sizeof(*t));
	const char *term = getenv("TERM");

	if (t != NULL) {
		t->cli = cli;
		check_text_init(&t->checks, cli->color, true);
		t->terminal = isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
	}
	return t;
}

void update_text_free(struct update_text *t)
{
	if (t != NULL)
		check_text_clear(&t->checks);
	free(t);
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *value = json_string_value(json_object_get(event, key));

	return value != NULL ? value : "";
}

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col;
	return DEFAULT_COLS;
}

/* "1.2 MB", in three or four digits. */
static char *format_bytes(char *dst, size_t size, double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	while (bytes >= 999.5 && unit < 4) {
		bytes /= 1000;
		unit++;
	}
	snprintf(dst, size, unit == 0 || bytes >= 99.95 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
	return dst;
}

static void erase_bars(struct update_text *t)
{
	if (t->drawn > 0)
		printf("\r\x1b[%dA\x1b[J", t->drawn);
	t->drawn = 0;
}

static void append_meter(struct buffer *row, const struct bar *bar, size_t cols)
{
	size_t full = bar->total > 0 ? (size_t)((double)cols * (double)bar->bytes / (double)bar->total) : 0;

	buffer_putc(row, '[');
	for (size_t i = 0; i < cols; i++)
		buffer_putc(row, i < full ? '=' : i == full ? '>' : ' ');
	buffer_putc(row, ']');
}

static void draw_bar(const struct bar *bar, size_t cols)
{
	struct buffer row = BUFFER_INIT(4096), name = BUFFER_INIT(1024);
	char bytes[32], rate[32], left[32] = "";
	size_t tail = 34, meter;

	text_sanitise(&name, bar->name, strlen(bar->name));
	text_fit(&row, buffer_text(&name), NAME_COLS, true, true);
	format_bytes(bytes, sizeof(bytes), (double)bar->bytes);
	format_bytes(rate, sizeof(rate), (double)bar->rate);
	if (bar->rate > 0 && bar->total > bar->bytes) {
		json_int_t s = (bar->total - bar->bytes) / bar->rate;

		snprintf(left, sizeof(left), "%lld:%02lld", (long long)(s / 60), (long long)(s % 60));
	}
	meter = cols > NAME_COLS + tail + 8 ? cols - NAME_COLS - tail - 4 : 4;
	append_meter(&row, bar, meter);
	if (bar->total > 0)
		buffer_printf(&row, " %3d%%", (int)(bar->bytes * 100 / bar->total));
	buffer_printf(&row, " %9s %9s/s %6s", bytes, rate, left);
	fputs(buffer_text(&row), stdout);
	putchar('\n');
	buffer_clear(&row);
	buffer_clear(&name);
}

/* "12 of 60 components": all of them together, below those under way. */
static void draw_overall(const struct update_text *t, size_t cols)
{
	int64_t spent = clock_monotonic_ms() - t->plan_ms;
	struct bar all = { .bytes = t->finished_bytes, .held = t->finished_held, .total = t->plan_bytes };

	for (int i = 0; i < t->bar_count; i++) {
		all.bytes += t->bars[i].bytes;
		all.held += t->bars[i].held;
	}
	all.rate = spent > 0 ? (all.bytes - all.held) * 1000 / spent : 0;
	snprintf(all.name, sizeof(all.name), P_("%lld of %lld component", "%lld of %lld components", (unsigned long)t->plan_count),
		 (long long)t->finished, (long long)t->plan_count);
	draw_bar(&all, cols);
}

static void draw_bars(struct update_text *t)
{
	size_t cols = columns() - 1;

	if (!t->terminal || t->cli->quiet)
		return;
	for (int i = 0; i < t->bar_count; i++)
		draw_bar(&t->bars[i], cols);
	t->drawn = t->bar_count;
	if (t->planned && t->bar_count > 0 && t->plan_count > 1) {
		draw_overall(t, cols);
		t->drawn++;
	}
	fflush(stdout);
}

static struct bar *find_bar(struct update_text *t, const char *name)
{
	for (int i = 0; i < t->bar_count; i++) {
		if (strncmp(t->bars[i].name, name, sizeof(t->bars[i].name) - 1) == 0)
			return &t->bars[i];
	}
	if (t->bar_count == BARS_MAX)
		return NULL;
	t->bars[t->bar_count] = (struct bar){ 0 };
	snprintf(t->bars[t->bar_count].name, sizeof(t->bars[0].name), "%s", name);
	return &t->bars[t->bar_count++];
}

/* Its size; and its rate, where it took long enough to have one. */
static void print_done(const struct update_text *t, const struct bar *bar)
{
	struct buffer row = BUFFER_INIT(4096), name = BUFFER_INIT(1024);
	char bytes[32], rate[32];

	if (t->cli->quiet)
		return;
	text_sanitise(&name, bar->name, strlen(bar->name));
	text_fit(&row, buffer_text(&name), DONE_NAME_COLS, true, true);
	buffer_printf(&row, " %9s", format_bytes(bytes, sizeof(bytes), (double)bar->bytes));
	if (bar->rate > 0 && bar->bytes - bar->held >= bar->rate)
		buffer_printf(&row, " %9s/s", format_bytes(rate, sizeof(rate), (double)bar->rate));
	printf("  %s\n", buffer_text(&row));
	buffer_clear(&row);
	buffer_clear(&name);
}

static void put_progress(struct update_text *t, const json_t *event)
{
	struct bar *bar = find_bar(t, text_of(event, "component"));

	if (bar == NULL)
		return;
	bar->bytes = json_integer_value(json_object_get(event, "bytes"));
	bar->held = json_integer_value(json_object_get(event, "held"));
	bar->total = json_integer_value(json_object_get(event, "total"));
	bar->rate = json_integer_value(json_object_get(event, "rate"));
	erase_bars(t);
	if (bar->total > 0 && bar->bytes >= bar->total) {
		print_done(t, bar);
		t->finished_bytes += bar->bytes;
		t->finished_held += bar->held;
		*bar = t->bars[--t->bar_count];
		t->finished++;
	}
	draw_bars(t);
}

/* Components are fetched, verified and unpacked side by side: what there is to do is said once (put_plan()), not as three
 * phases that did not follow each other. */
static void put_phase(const struct update_text *t, const char *phase)
{
	static const struct { const char *phase, *text; bool planned; } rows[] = {
		{ "check", N_("Checking the way to the feed"), true }, { "manifest", N_("Reading the manifest"), true },
		{ "download", N_("Fetching the bundle"), false },      { "verify", NULL, true },
		{ "stage", NULL, true },			       { "commit", N_("Committing"), true },
		{ "hook", N_("Running the hook"), true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].phase, phase) == 0 && rows[i].text != NULL && (rows[i].planned || !t->planned))
			printf("%s\n", _(rows[i].text));
	}
}

static void put_plan(struct update_text *t, const json_t *event)
{
	json_int_t kept = json_integer_value(json_object_get(event, "kept"));
	char bytes[32];

	t->planned = true;
	t->plan_ms = clock_monotonic_ms() - event_age_ms(event);
	t->plan_count = json_integer_value(json_object_get(event, "components"));
	t->plan_bytes = json_integer_value(json_object_get(event, "bytes"));
	t->finished = t->finished_bytes = t->finished_held = t->bar_count = 0;
	if (t->cli->quiet)
		return;
	printf(P_("Taking %lld component", "Taking %lld components", (unsigned long)t->plan_count), (long long)t->plan_count);
	if (t->plan_bytes > 0)
		printf(", %s", format_bytes(bytes, sizeof(bytes), (double)t->plan_bytes));
	if (kept > 0)
		printf(_("; %lld unchanged"), (long long)kept);
	putchar('\n');
}

static void put_finished(const struct update_text *t, const json_t *event)
{
	const char *status = text_of(event, "status"), *cause = text_of(event, "cause"), *next = text_of(event, "next");
	double seconds = (double)json_integer_value(json_object_get(event, "duration_ms")) / 1000.0;
	bool failed = strcmp(status, "failed") == 0;
	bool stopped = json_integer_value(json_object_get(event, "exit_code")) == EXIT_INTERRUPTED;
	FILE *out = failed ? stderr : stdout;

	if (t->cli->quiet && !failed)
		return;
	fflush(stdout);
	if (failed)
		fputs(stopped ? "posture-console: " : _("posture-console: the update failed: "), out);
	fprintf(out, "%s", text_of(event, "summary"));
	/* The verdict above told what to do; the cause stands here again for who reads standard error only. */
	if (failed && next[0] != '\0' && !t->explained)
		fprintf(out, ". %s", next);
	if (cause[0] != '\0' && t->explained)
		fprintf(out, " [%s]", cause);
	else if (cause[0] != '\0')
		fprintf(out, _(" [%s; see \"posture-console explain %s\"]"), cause, cause);
	if (!failed)
		fprintf(out, " (%.1f s)", seconds);
	fputc('\n', out);
}

/* A verdict that finds a cause is told in full; warnings are named, and health goes without saying. */
static void put_verdict(struct update_text *t, const json_t *event)
{
	size_t i;
	json_t *code;

	if (strcmp(text_of(event, "status"), "fail") == 0) {
		t->explained = true;
		t->checks.no_path = t->offline;
		check_text_put(&t->checks, event);
		putchar('\n');
	} else if (!t->cli->quiet) {
		json_array_foreach(json_object_get(event, "also"), i, code)
			printf(_("  warning: %s [%s]\n"), _(finding_info(finding_by_code(json_string_value(code)))->cause),
			       json_string_value(code));
	}
	check_text_clear(&t->checks);
	check_text_init(&t->checks, t->cli->color, true);
}

void update_text_put(struct update_text *t, const json_t *event)
{
	const char *kind = text_of(event, "event");

	if (t == NULL)
		return;
	if (strcmp(kind, "update.progress") == 0) {
		put_progress(t, event);
		return;
	}
	erase_bars(t);
	if (strcmp(kind, "update.finished") == 0) {
		put_finished(t, event);
		t->bar_count = 0;
	} else if (strcmp(kind, "verdict") == 0) {
		put_verdict(t, event);
	} else if (strncmp(kind, "check.", 6) == 0) {
		check_text_put(&t->checks, event);
	} else if (strcmp(kind, "update.notice") == 0) {
		fflush(stdout);
		fprintf(stderr, _("posture-console: warning: %s [%s]\n"), text_of(event, "message"), text_of(event, "finding"));
	} else if (!t->cli->quiet && strcmp(kind, "update.started") == 0) {
		t->offline = strcmp(text_of(event, "source"), "web") != 0;
		printf(t->offline ? _("Updating from the bundle %s\n") : _("Updating from the feed %s\n"),
		       text_of(event, "from"));
	} else if (!t->cli->quiet && strcmp(kind, "update.phase") == 0) {
		put_phase(t, text_of(event, "phase"));
	} else if (strcmp(kind, "update.plan") == 0) {
		put_plan(t, event);
	} else if (!t->cli->quiet && strcmp(kind, "update.retry") == 0) {
		printf(_("  %s: attempt %d failed, next in %.1f s\n"), text_of(event, "component"),
		       (int)json_integer_value(json_object_get(event, "attempt")),
		       (double)json_integer_value(json_object_get(event, "wait_ms")) / 1000.0);
	}
	draw_bars(t);
	fflush(stdout);
}
