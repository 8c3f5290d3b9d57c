/* The page of the Log pane: its title, the state of the log, the timeline; and the log strip. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "log_pane.h"
#include "logview/histogram.h"
#include "strip.h"

#define ROW_TEXT_MAX 65536
#define FILTER_COLS 24			/* of the filter in the title */
#define COLUMNS_MAX 240
#define ARRANGE_STEPS 4
#define TIMELINE_OTHER_COLS 21		/* labels, spaces and the rule's own ends */
#define DAY_MS INT64_C(86400000)
#define DATE_LEN 10			/* "2025-03-13" */

/* --- words and numbers ------------------------------------------------------------------------------------------------- */

/* "41 302", or as the locale groups it */
static void put_number(struct buffer *out, uint64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	if (localeconv()->thousands_sep[0] != '\0') {
		buffer_printf(out, "%'llu", (unsigned long long)n);
		return;
	}
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buffer_putc(out, ' ');
		buffer_putc(out, digits[i]);
	}
}

static void put_follow(const struct log_pane *p, struct buffer *out)
{
	if (p->find.goal != GOAL_NONE)
		buffer_puts(out, _("\tsearching"));
	else if (p->rows.follow)
		buffer_puts(out, _("\tFOLLOW"));
	else if (p->news_count > 0)
		buffer_printf(out, _("\tPAUSED +%'llu"), (unsigned long long)p->news_count);
	else
		buffer_puts(out, _("\tPAUSED"));
}

/* The start of a text that somebody typed. */
static void put_typed(struct buffer *out, const char *text, size_t n)
{
	struct buffer safe = BUFFER_INIT(ROW_TEXT_MAX), fitted = BUFFER_INIT(ROW_TEXT_MAX);

	text_sanitise(&safe, text, n);
	if (text_width(buffer_text(&safe)) <= FILTER_COLS)
		buffer_puts(&fitted, buffer_text(&safe));
	else
		text_fit(&fitted, buffer_text(&safe), FILTER_COLS, false, true);
	buffer_puts(out, buffer_text(&fitted));
	buffer_clear(&safe);
	buffer_clear(&fitted);
}

static void put_filter(const struct log_pane *p, const struct view_counts *c, struct buffer *out)
{
	struct buffer text = BUFFER_INIT(ROW_TEXT_MAX);

	if (view_filter(p->view) == NULL)
		return;
	log_filter_text(p, &text);
	buffer_putc(out, '\t');
	put_typed(out, buffer_text(&text), text.len);
	buffer_puts(out, ": ");
	if (p->in_context)
		buffer_puts(out, _("off"));
	else
		put_number(out, c->matches);
	if (!p->in_context && !c->matched && c->bytes > 0)
		buffer_printf(out, _(", %d %%"), (int)(c->matched_bytes * 100 / c->bytes));
	buffer_clear(&text);
}

/* "/pkix: 3 of 41"; while it is counted, how many there are so far. */
static void put_search(const struct log_pane *p, const struct view_search *found, struct buffer *out)
{
	struct buffer number = BUFFER_INIT(64), of = BUFFER_INIT(64);

	put_number(&number, found->number);
	put_number(&of, found->found);
	buffer_puts(out, "\t/");
	put_typed(out, p->find.shown, strlen(p->find.shown));
	buffer_puts(out, ": ");
	if (found->number > 0)
		buffer_printf(out, _("%s of %s"), buffer_text(&number), buffer_text(&of));
	else
		buffer_printf(out, found->counted ? "%s" : "%s+", buffer_text(&of));
	buffer_clear(&number);
	buffer_clear(&of);
}

/* The day of the selected record, where the log has more than one and the rows show the time only. */
static void put_day(const struct log_pane *p, int cols, struct buffer *out)
{
	struct view_record r;
	int64_t from, to;

	if (p->rows.follow || p->format == LOG_RAW || cols >= LOG_WIDE_COLS ||
	    !histogram_span(view_histogram(p->view), &from, &to) || from / DAY_MS == (to - 1) / DAY_MS ||
	    !view_record(p->view, log_rows_selected(&p->rows), &r) || r.fields.time_text.n < DATE_LEN)
		return;
	buffer_puts(out, "\t");
	buffer_append(out, r.fields.time_text.p, DATE_LEN);
}

static void put_title(const struct log_pane *p, struct page *page)
{
	struct buffer title = BUFFER_INIT(ROW_TEXT_MAX);
	struct view_counts c;
	struct view_search found;
	char size[32];

	buffer_puts(&title, p->name != NULL ? p->name : "");
	if (p->view != NULL) {
		bool searching = view_search(p->view, log_rows_selected(&p->rows), &found);

		view_counts(p->view, &c);
		put_follow(p, &title);
		put_day(p, page->cols, &title);
		/* What is searched for has no room beside it. */
		if (!searching) {
			buffer_printf(&title, "\t%s\t", page_size(size, sizeof(size), (long long)c.bytes));
			put_number(&title, c.records);
			buffer_puts(&title, c.indexed ? P_(" record", " records", (unsigned long)c.records) : _("+ records"));
		}
		put_filter(p, &c, &title);
		if (searching)
			put_search(p, &found, &title);
	}
	page_rule(page, buffer_text(&title));
	buffer_clear(&title);
}

/* --- the timeline ---------------------------------------------------------------------------------------------------------- */

static void put_bars(struct buffer *out, const struct histogram_column *columns, int n, bool ascii)
{
	static const char *const blocks[] = { "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85",
					      "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88" };
	static const char levels[] = ".:-=+*#@";
	uint64_t most = 0;

	for (int i = 0; i < n; i++)
		most = columns[i].warnings + columns[i].errors > most ? columns[i].warnings + columns[i].errors : most;
	for (int i = 0; i < n; i++) {
		uint64_t value = columns[i].warnings + columns[i].errors;
		size_t level = most > 0 ? (size_t)((value * 7 + most - 1) / most) : 0;

		if (value == 0)
			buffer_putc(out, ' ');
		else if (ascii)
			buffer_putc(out, levels[level]);
		else
			buffer_puts(out, blocks[level]);
	}
}

static void put_label(struct buffer *out, int64_t ms, bool days)
{
	char stamp[STAMP_TEXT_MAX];

	stamp_text(stamp, ms);
	buffer_printf(out, "%.5s", days ? stamp + 5 : stamp + 11);
}

/* The rule below the records: warnings and errors over the span of the log. */
static void put_timeline(const struct log_pane *p, struct page *page)
{
	struct histogram_column columns[COLUMNS_MAX];
	struct buffer title = BUFFER_INIT(ROW_TEXT_MAX), counts = BUFFER_INIT(256);
	struct view_counts c;
	int64_t from, to;
	int n;

	view_counts(p->view, &c);
	buffer_puts(&counts, "\tW ");
	put_number(&counts, c.levels[RECORD_LEVEL_WARN]);
	buffer_puts(&counts, "  E ");
	put_number(&counts, c.levels[RECORD_LEVEL_ERROR] + c.levels[RECORD_LEVEL_FATAL]);
	if (histogram_span(view_histogram(p->view), &from, &to)) {
		bool days = to - from > DAY_MS;

		n = page->cols - TIMELINE_OTHER_COLS - (int)counts.len;
		n = n < COLUMNS_MAX ? n : COLUMNS_MAX;
		put_label(&title, from, days);
		buffer_putc(&title, ' ');
		if (n > 0) {
			histogram_columns(view_histogram(p->view), from, to, columns, (size_t)n);
			put_bars(&title, columns, n, page->ascii);
		}
		buffer_putc(&title, ' ');
		put_label(&title, to, days);
	}
	buffer_puts(&title, buffer_text(&counts));
	page_rule(page, buffer_text(&title));
	buffer_clear(&title);
	buffer_clear(&counts);
}

/* What is not as usual, with its reason: shown below the newest record, in one line or two. */
static int state_text(const struct log_pane *p, int cols, struct buffer *out)
{
	struct buffer state = BUFFER_INIT(ROW_TEXT_MAX), safe = BUFFER_INIT(ROW_TEXT_MAX);
	int lines;

	if (p->view == NULL || source_state(view_source(p->view)) == SOURCE_READING || cols <= 0)
		return 0;
	buffer_puts(&state, "?? ");
	log_state_text(p, &state);
	text_sanitise(&safe, buffer_text(&state), state.len);
	lines = (int)text_width(buffer_text(&safe)) > cols ? 2 : 1;
	text_fit(out, buffer_text(&safe), (size_t)lines * (size_t)cols * 7 / 8 + (lines == 1 ? (size_t)cols : 0), false, true);
	buffer_clear(&state);
	buffer_clear(&safe);
	return lines;
}

/* Fills the screen at once where that costs no more than a slice or two. */
static void arrange(struct log_rows *r, int rows, int (*height)(void *, log_pos), void *data)
{
	log_rows_arrange(r, rows, height, data);
	for (int i = 0; i < ARRANGE_STEPS && log_rows_busy(r) && log_rows_step(r, LOG_SLICE_US / 2); i++)
		log_rows_arrange(r, rows, height, data);
}

/* Why nothing is shown. */
static void put_reason(const struct log_pane *p, struct page *page)
{
	bool waits = log_reach_waits(&p->reach);
	struct buffer text = BUFFER_INIT(ROW_TEXT_MAX);

	buffer_printf(&text, "%s%s", waits ? "?? " : "", p->why.message);
	page_wrap(page, waits ? ROLE_WARN : ROLE_FAIL, buffer_text(&text));
	buffer_clear(&text);
}

void log_draw_page(struct log_pane *p, struct page *page)
{
	bool timeline = p->view != NULL && !p->no_timeline && page->rows >= 8;
	struct buffer state = BUFFER_INIT(ROW_TEXT_MAX);
	int rows = page->rows - 1 - (timeline ? 1 : 0) - state_text(p, page->cols, &state);

	p->area_rows = rows;
	p->area_cols = page->cols;
	if (p->view != NULL)
		arrange(&p->rows, rows, log_record_height, p);
	put_title(p, page);
	if (p->view == NULL) {
		put_reason(p, page);
		return;
	}
	log_put_records(p, page, rows > 0 ? rows : 1);
	if (state.len > 0)
		page_wrap(page, ROLE_WARN, buffer_text(&state));
	buffer_clear(&state);
	if (timeline)
		put_timeline(p, page);
}

/* --- the strip -------------------------------------------------------------------------------------------------------------- */

static int one_line(void *data, log_pos pos)
{
	(void)data;
	(void)pos;
	return 1;
}

void strip_prepare(struct app *a, struct page *page)
{
	struct log_pane *p = app_pane(a, "log");

	if (p == NULL || p->view == NULL || page->rows <= 0)
		return;
	arrange(&p->strip, page->rows, one_line, p);
	/* New lines come in at the bottom, also while there are few. */
	for (size_t i = p->strip.n - p->strip.top; i < (size_t)page->rows; i++)
		page_line(page);
	for (size_t i = p->strip.top; i < p->strip.n; i++)
		log_put_strip_row(p, page, p->strip.pos[i]);
}

void strip_title(struct app *a, char *left, size_t left_size, char *right, size_t right_size)
{
	const struct log_pane *p = app_pane(a, "log");
	struct buffer state = BUFFER_INIT(ROW_TEXT_MAX), all = BUFFER_INIT(ROW_TEXT_MAX);

	left[0] = right[0] = '\0';
	if (p == NULL)
		return;
	log_state_text(p, &state);
	buffer_puts(&all, p->name != NULL ? p->name : "");
	/* What is not as usual has its reason beside it, and that is long. */
	if (p->view != NULL && source_state(view_source(p->view)) == SOURCE_READING)
		text_safe(right, right_size, buffer_text(&state));
	else
		buffer_printf(&all, ": %s", buffer_text(&state));
	text_safe(left, left_size, buffer_text(&all));
	buffer_clear(&state);
	buffer_clear(&all);
}
