/* One record of a view: loaded, taken apart, made fit to be shown; and bookmarks. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "logview/lines.h"
#include "logview/view_private.h"

#define TAB_COLUMNS 4
#define CAUSED_BY "Caused by:"

static bool is_exception_line(struct slice line)
{
	return line.n > 0 && line.p[0] != ' ' && line.p[0] != '\t' &&
	       (memmem(line.p, line.n, "Exception", 9) != NULL || memmem(line.p, line.n, "Error", 5) != NULL);
}

/* Looks through the continuation lines. */
static void find_cause(struct view_record *out)
{
	const char *limit = out->text + out->n;
	const char *p = memchr(out->text, '\n', out->n);

	while (p != NULL && ++p < limit) {
		struct slice line = record_line(p, limit);

		if (line.n >= sizeof(CAUSED_BY) - 1 && memcmp(line.p, CAUSED_BY, sizeof(CAUSED_BY) - 1) == 0)
			out->cause = line;
		else if (out->cause.n == 0 && is_exception_line(line))
			out->cause = line;
		p = memchr(p, '\n', (size_t)(limit - p));
	}
}

static bool is_bookmarked(const struct view *v, log_pos pos)
{
	for (size_t i = 0; i < v->bookmark_count; i++) {
		if (v->bookmarks[i] == pos)
			return true;
	}
	return false;
}

bool view_record(struct view *v, log_pos pos, struct view_record *out)
{
	struct segment *seg = source_by_number(v->source, LOG_POS_NUMBER(pos));
	int64_t offset = LOG_POS_OFFSET(pos);
	size_t lines;
	ssize_t n;

	*out = (struct view_record){ .pos = pos, .text = v->text, .segment = seg };
	n = seg != NULL ? segment_read(seg, v->text, VIEW_TEXT_MAX, offset) : 0;
	if (n <= 0)
		return false;
	out->n = lines_next_record(v->text, (size_t)n, 0);
	out->whole = out->n < (size_t)n || offset + n >= seg->size;
	out->next = LOG_POS(seg->number, offset + (int64_t)out->n);
	lines = lines_count(v->text, out->n);
	out->lines = lines + (v->text[out->n - 1] != '\n');
	record_parse(v->text, out->n, &out->fields);
	find_cause(out);
	out->finding = signatures_finding(v->signatures, v->text, out->n);
	out->bookmarked = is_bookmarked(v, pos);
	if (offset == seg->first && seg->joint != JOINT_NONE && seg->joint != JOINT_CONTINUED)
		out->joined = seg;
	return true;
}

struct slice view_record_line(const struct view_record *r, size_t i)
{
	const char *p = r->text, *limit = p + r->n;

	while (i-- > 0) {
		p = memchr(p, '\n', (size_t)(limit - p));
		if (p == NULL || ++p == limit)
			return (struct slice){ limit, 0 };
	}
	return record_line(p, limit);
}

void view_show_line(struct slice line, struct buffer *out)
{
	size_t column = 0, from = 0;

	for (size_t i = 0; i <= line.n; i++) {
		if (i < line.n && line.p[i] != '\t')
			continue;
		text_sanitise(out, line.p + from, i - from);
		column += i - from;
		from = i + 1;
		if (i == line.n)
			break;
		do
			buffer_putc(out, ' ');
		while (++column % TAB_COLUMNS != 0);
	}
}

bool view_copy(struct view *v, log_pos pos, struct buffer *out)
{
	struct view_record r;

	if (!view_record(v, pos, &r))
		return false;
	for (size_t i = 0; i < r.lines; i++) {
		view_show_line(view_record_line(&r, i), out);
		buffer_putc(out, '\n');
	}
	return !out->failed;
}

/* --- bookmarks ------------------------------------------------------------------------------------------------------- */

bool view_bookmark(struct view *v, log_pos pos)
{
	size_t i = 0;

	while (i < v->bookmark_count && v->bookmarks[i] < pos)
		i++;
	if (i < v->bookmark_count && v->bookmarks[i] == pos) {
		v->bookmark_count--;
		memmove(v->bookmarks + i, v->bookmarks + i + 1, (v->bookmark_count - i) * sizeof(v->bookmarks[0]));
		return true;
	}
	if (v->bookmark_count == VIEW_BOOKMARKS_MAX)
		return false;
	memmove(v->bookmarks + i + 1, v->bookmarks + i, (v->bookmark_count - i) * sizeof(v->bookmarks[0]));
	v->bookmarks[i] = pos;
	v->bookmark_count++;
	return true;
}

log_pos view_next_bookmark(const struct view *v, log_pos pos, bool backwards)
{
	log_pos found = LOG_POS_NONE;

	for (size_t i = 0; i < v->bookmark_count; i++) {
		if (backwards && v->bookmarks[i] < pos)
			found = v->bookmarks[i];
		if (!backwards && v->bookmarks[i] > pos)
			return v->bookmarks[i];
	}
	return found;
}

size_t view_bookmark_count(const struct view *v)
{
	return v->bookmark_count;
}
