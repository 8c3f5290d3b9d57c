/* Records as rows: folded or with all their lines, cut or wrapped, with what is searched for; and the marks between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "log_pane.h"

#define ROW_TEXT_MAX 65536
#define SHOWN_BYTES_MAX 8192		/* of a line: more than any screen has columns */
#define PLACES_MAX 32
#define THREAD_COLS 16
#define LOGGER_COLS 15
#define LEVEL_COLS 5
#define CLOCK_COLS 12

/* --- a record in lines -------------------------------------------------------------------------------------------------- */

static bool is_unfolded(const struct log_pane *p, log_pos pos)
{
	for (size_t i = 0; i < p->unfolded_count; i++) {
		if (p->unfolded[i] == pos)
			return !p->unfold_all;
	}
	return p->unfold_all;
}

/* Appends "name   " cut or padded to so many columns. */
static void put_cell(struct buffer *out, const char *s, size_t n, size_t cols)
{
	struct buffer safe = BUFFER_INIT(ROW_TEXT_MAX);

	text_sanitise(&safe, s, n < 256 ? n : 256);
	text_fit(out, buffer_text(&safe), cols, true, true);
	buffer_putc(out, ' ');
	buffer_clear(&safe);
}

static struct slice last_name(struct slice logger)
{
	const char *dot = memrchr(logger.p, '.', logger.n);

	if (dot == NULL || dot + 1 == logger.p + logger.n)
		return logger;
	return (struct slice){ dot + 1, (size_t)(logger.p + logger.n - dot - 1) };
}

/* A line's text, made safe; no more than can be seen. */
static void put_safe(struct buffer *out, struct slice line)
{
	if (line.n > SHOWN_BYTES_MAX)
		line.n = SHOWN_BYTES_MAX;
	view_show_line(line, out);
}

/* Where the parts of a row stand in its text. */
struct row_text {
	struct buffer text;
	size_t level_at, level_end;	/* to be shown in its role; equal: none */
	size_t body_at;			/* where what is searched for is shown */
};

/* The header line as a row: time, level, thread, logger, message. What is no record, and the raw form, as it stands. */
static void make_row(const struct view_record *r, enum log_format format, bool dated, struct row_text *out)
{
	const struct record *f = &r->fields;
	size_t clock = dated || f->time_text.n < STAMP_LEN ? 0 : STAMP_LEN - CLOCK_COLS;

	out->text = (struct buffer)BUFFER_INIT(ROW_TEXT_MAX);
	out->level_at = out->level_end = out->body_at = 0;
	if (f->time.ms == STAMP_NONE || format == LOG_RAW) {
		put_safe(&out->text, view_record_line(r, 0));
		return;
	}
	put_cell(&out->text, f->time_text.p + clock, STAMP_LEN - clock, STAMP_LEN - clock);
	out->level_at = out->text.len;
	buffer_printf(&out->text, "%-*s", LEVEL_COLS, record_level_name(f->level));
	out->level_end = out->text.len;
	buffer_putc(&out->text, ' ');
	if (format == LOG_THREADS)
		put_cell(&out->text, f->thread.p, f->thread.n, THREAD_COLS);
	put_cell(&out->text, last_name(f->logger).p, last_name(f->logger).n, LOGGER_COLS);
	out->body_at = out->text.len;
	put_safe(&out->text, f->message);
}

static enum theme_role level_role(enum record_level level)
{
	return level >= RECORD_LEVEL_ERROR && level < RECORD_LEVEL_OFF ? ROLE_FAIL :
	       level == RECORD_LEVEL_WARN ? ROLE_WARN : ROLE_NORMAL;
}

size_t log_bytes_of_columns(const char *text, int cols)
{
	size_t at = 0;
	int width = 0;

	while (text[at] != '\0') {
		char one[8];
		uint32_t cp;
		size_t n = text_utf8_decode(text + at, strlen(text + at) < 4 ? strlen(text + at) : 4, &cp);

		n = n > 0 ? n : 1;
		snprintf(one, sizeof(one), "%.*s", (int)n, text + at);
		width += (int)text_width(one);
		if (width > cols)
			break;
		at += n;
	}
	return at;
}

static void put_piece(struct page *page, enum theme_role role, const char *text, size_t from, size_t to, size_t first,
		      size_t last)
{
	from = from > first ? from : first;
	to = to < last ? to : last;
	if (from < to)
		page_put_n(page, role, text + from, to - from);
}

/* What the rows are searched for, or else filtered by; NULL. */
static struct filter *highlight(const struct log_pane *p)
{
	return p->find.filter != NULL ? p->find.filter : p->view != NULL ? view_filter(p->view) : NULL;
}

/* The bytes [first, last) of a safe text, with what is searched for and filtered by in its role. */
static void put_highlit(const struct log_pane *p, struct page *page, const char *text, size_t n, size_t first, size_t last)
{
	struct filter *by = highlight(p);
	struct filter_place places[PLACES_MAX];
	size_t count = by != NULL ? filter_places(by, text, n, places, PLACES_MAX) : 0, at = 0;

	for (size_t i = 0; i < count; i++) {
		put_piece(page, ROLE_NORMAL, text, at, places[i].start, first, last);
		put_piece(page, ROLE_MATCH, text, places[i].start, places[i].end, first, last);
		at = places[i].end;
	}
	put_piece(page, ROLE_NORMAL, text, at, n, first, last);
}

/* The columns from `shift` on of a row, as many as there are left. */
static void put_row_text(const struct log_pane *p, struct page *page, const struct row_text *row, enum record_level level,
			 int shift, int cols)
{
	const char *text = buffer_text(&row->text);
	size_t first = log_bytes_of_columns(text, shift), last = first + log_bytes_of_columns(text + first, cols);

	put_piece(page, ROLE_NORMAL, text, 0, row->level_at, first, last);
	put_piece(page, level_role(level), text, row->level_at, row->level_end, first, last);
	put_piece(page, ROLE_NORMAL, text, row->level_end, row->body_at, first, last);
	put_highlit(p, page, text + row->body_at, row->text.len - row->body_at, first > row->body_at ? first - row->body_at : 0,
		    last > row->body_at ? last - row->body_at : 0);
}

/* --- how high a record is ------------------------------------------------------------------------------------------------ */

static const struct segment *joined(const struct log_pane *p, log_pos pos)
{
	const struct segment *seg = source_by_number(view_source(p->view), LOG_POS_NUMBER(pos));

	return seg != NULL && LOG_POS_OFFSET(pos) == seg->first && seg->joint != JOINT_NONE && seg->joint != JOINT_CONTINUED ?
		       seg : NULL;
}

static int text_lines(const struct log_pane *p, struct slice line)
{
	struct buffer text = BUFFER_INIT(ROW_TEXT_MAX);
	int cols = p->area_cols - 4, lines;

	if (!p->wrap)
		return 1;
	put_safe(&text, line);
	lines = cols > 0 ? ((int)text_width(buffer_text(&text)) + cols - 1) / cols : 1;
	buffer_clear(&text);
	return lines > 0 ? lines : 1;
}

static int header_lines(const struct log_pane *p, const struct view_record *r)
{
	struct row_text row;
	int cols = p->area_cols - 2, lines;

	if (!p->wrap)
		return 1;
	make_row(r, p->format, p->area_cols >= LOG_WIDE_COLS, &row);
	lines = cols > 0 ? ((int)text_width(buffer_text(&row.text)) + cols - 1) / cols : 1;
	buffer_clear(&row.text);
	return lines > 0 ? lines : 1;
}

/* At most all lines of the screen but two, so that the next record is always near. */
static int limit(const struct log_pane *p, int lines)
{
	int most = p->area_rows > 4 ? p->area_rows - 2 : 2;

	return lines < most ? lines : most;
}

int log_record_height(void *data, log_pos pos)
{
	const struct log_pane *p = data;
	bool open = is_unfolded(p, pos);
	struct view_record r;
	int lines = 1, mark = joined(p, pos) != NULL ? 1 : 0;

	if ((!open && !p->wrap) || !view_record(p->view, pos, &r))
		return lines + mark;
	lines = header_lines(p, &r);
	for (size_t i = 1; open && i < r.lines && lines < p->area_rows; i++)
		lines += text_lines(p, view_record_line(&r, i));
	return limit(p, lines) + mark;
}

/* --- records on the page --------------------------------------------------------------------------------------------------- */

static void put_mark_row(const struct log_pane *p, struct page *page, const struct segment *seg)
{
	const struct source *source = view_source(p->view);
	const struct segment *before = source_by_number(source, seg->number - 1);
	struct buffer text = BUFFER_INIT(ROW_TEXT_MAX);

	source_describe_joint(before, seg, &text);
	page_line(page);
	page_put(page, ROLE_DIM, "-- ");
	page_put(page, ROLE_DIM, buffer_text(&text));
	page_put(page, ROLE_DIM, " --");
	buffer_clear(&text);
}

static void put_marks(struct page *page, bool selected, bool bookmarked)
{
	page_put(page, selected ? ROLE_MARK : ROLE_NORMAL, selected ? ">" : " ");
	page_put(page, bookmarked ? ROLE_MARK : ROLE_NORMAL, bookmarked ? "*" : " ");
}

/* "+14": the lines that are folded away. "...": nobody has counted them. */
static void put_fold(const struct view_record *r, char *dst, size_t size)
{
	dst[0] = '\0';
	if (r->lines > 1)
		snprintf(dst, size, "+%zu%s", r->lines - 1, r->whole ? "" : "...");
	else if (!r->whole)
		snprintf(dst, size, "...");
}

/* Does it stand in the lines that are folded away? Then their number is shown as what is found. */
static enum theme_role fold_role(const struct log_pane *p, const struct view_record *r)
{
	struct filter *by = highlight(p);
	const char *rest = memchr(r->text, '\n', r->n);
	struct filter_place place;

	if (by == NULL || rest == NULL)
		return ROLE_DIM;
	return filter_places(by, rest, r->n - (size_t)(rest - r->text), &place, 1) > 0 ? ROLE_MATCH : ROLE_DIM;
}

static void put_header(const struct log_pane *p, struct page *page, const struct view_record *r, bool selected, bool open,
		       int lines)
{
	struct row_text row;
	char fold[32] = "";
	int cols = page->cols - 2, right = 0;

	make_row(r, p->format, page->cols >= LOG_WIDE_COLS, &row);
	if (!open)
		put_fold(r, fold, sizeof(fold));
	if (fold[0] != '\0')
		right = (int)strlen(fold) + 1;
	for (int i = 0; i < lines; i++) {
		page_line(page);
		put_marks(page, selected && i == 0, r->bookmarked && i == 0);
		if (p->wrap)
			put_row_text(p, page, &row, r->fields.level, i * cols, cols - (i == lines - 1 ? right : 0));
		else
			put_row_text(p, page, &row, r->fields.level, p->shift, cols - right);
		if (i == lines - 1 && fold[0] != '\0')
			page_right(page, fold_role(p, r), fold);
	}
	buffer_clear(&row.text);
}

static void put_continuation(const struct log_pane *p, struct page *page, struct slice line, int lines, int most)
{
	struct row_text row = { .text = BUFFER_INIT(ROW_TEXT_MAX) };
	int cols = page->cols - 4;

	put_safe(&row.text, line);
	for (int i = 0; i < lines && i < most; i++) {
		page_line(page);
		page_tab(page, 4);
		put_row_text(p, page, &row, RECORD_LEVEL_NONE, p->wrap ? i * cols : p->shift, cols);
	}
	buffer_clear(&row.text);
}

/* Puts a record; returns the lines it took, at most `most`. */
static int put_record(const struct log_pane *p, struct page *page, log_pos pos, bool selected, int most)
{
	const struct segment *seg = joined(p, pos);
	bool open = is_unfolded(p, pos);
	struct view_record r;
	int used = 0, lines, end;

	if (seg != NULL && most > 1) {
		put_mark_row(p, page, seg);
		used++;
	}
	if (!view_record(p->view, pos, &r)) {
		page_text(page, ROLE_DIM, _("  (no longer in the log)"));
		return used + 1;
	}
	lines = limit(p, header_lines(p, &r));
	lines = lines < most - used ? lines : most - used;
	put_header(p, page, &r, selected && !p->rows.follow, open, lines);
	end = used + limit(p, most);
	used += lines;
	for (size_t i = 1; open && i < r.lines && used < most && used < end; i++) {
		struct slice line = view_record_line(&r, i);
		int n = text_lines(p, line), room = most < end ? most - used : end - used;

		put_continuation(p, page, line, n, room);
		used += n < room ? n : room;
	}
	return used;
}

void log_put_records(struct log_pane *p, struct page *page, int rows)
{
	struct log_rows *r = &p->rows;
	struct page_item *item = page_area(page, LOG_AREA, rows);
	int used = 0;

	if (item != NULL)
		item->cursor = 0;
	for (size_t i = r->top; i < r->n && used < rows; i++) {
		int before = used, mark = joined(p, r->pos[i]) != NULL && rows - used > 1;

		used += put_record(p, page, r->pos[i], i == r->selected, rows - used);
		if (item != NULL && i == r->selected)
			item->cursor = before + mark;
	}
	if (used == 0) {
		page_text(page, ROLE_DIM, log_rows_busy(r) ? _("  Searching...") :
				  view_filter(p->view) != NULL && !p->in_context ? _("  No record passes the filter. Esc shows all.") :
										    _("  The log is empty."));
		used++;
	}
	for (; used < rows; used++)
		page_line(page);
}

void log_put_strip_row(struct log_pane *p, struct page *page, log_pos pos)
{
	struct view_record r;
	struct row_text row;
	size_t end;

	page_line(page);
	page_tab(page, 2);		/* as in the pane: what stands in both is not sent again */
	if (!view_record(p->view, pos, &r))
		return;
	make_row(&r, LOG_SHORT, page->cols >= LOG_WIDE_COLS, &row);
	end = log_bytes_of_columns(buffer_text(&row.text), page_cols_left(page));
	put_piece(page, ROLE_NORMAL, buffer_text(&row.text), 0, row.level_at, 0, end);
	put_piece(page, level_role(r.fields.level), buffer_text(&row.text), row.level_at, row.level_end, 0, end);
	put_piece(page, ROLE_NORMAL, buffer_text(&row.text), row.level_end, row.text.len, 0, end);
	buffer_clear(&row.text);
}
