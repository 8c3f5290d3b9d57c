#include "log_rows.h"

#include <string.h>

#include "base/clock.h"

#define DROP (LOG_ROWS_MAX / 4)		/* so many are let go at the far end when there is no room */
#define FAR_BYTES (INT64_C(1) << 20)	/* further behind, the end is gone to instead of walked to */

static void end_walks(struct log_rows *r)
{
	walk_free(r->up);
	walk_free(r->down);
	r->up = r->down = NULL;
}

void log_rows_init(struct log_rows *r, struct view *view, bool everything)
{
	*r = (struct log_rows){ .view = view, .everything = everything };
	log_rows_end(r);
}

void log_rows_clear(struct log_rows *r)
{
	end_walks(r);
	r->n = 0;
}

/* Forgets what is held, and looks for a record from there. */
static void restart(struct log_rows *r, log_pos pos)
{
	end_walks(r);
	r->n = r->top = r->selected = r->shown = 0;
	r->at_start = r->at_end = r->want_up = r->want_down = false;
	r->pending = 0;
	r->seek = r->wanted = pos;
	r->seek_down = false;
	r->place = -1;
}

void log_rows_end(struct log_rows *r)
{
	restart(r, view_end(r->view));
	r->follow = true;
}

void log_rows_start(struct log_rows *r)
{
	log_pos start = view_start(r->view);

	restart(r, start);
	r->follow = false;
	r->place = 0;
}

void log_rows_go(struct log_rows *r, log_pos pos)
{
	int place = (int)(r->shown / 3);

	r->follow = false;
	for (size_t i = 0; i < r->n; i++) {
		if (r->pos[i] == pos) {
			bool seen = i >= r->top && i < r->top + r->shown;

			r->selected = i;
			r->pending = 0;
			r->place = seen ? -1 : place;
			return;
		}
	}
	restart(r, pos);
	r->place = place;
}

log_pos log_rows_selected(const struct log_rows *r)
{
	return r->n > 0 ? r->pos[r->selected] : LOG_POS_NONE;
}

void log_rows_filtered(struct log_rows *r)
{
	log_pos pos = r->n > 0 ? log_rows_selected(r) : r->wanted;

	if (r->follow)
		log_rows_end(r);
	else {
		int place = (int)(r->selected > r->top ? r->selected - r->top : 0);

		restart(r, pos);
		r->place = place;
	}
}

void log_rows_grew(struct log_rows *r)
{
	r->at_end = false;
	/* None passed so far: one that came may. */
	if (!r->follow && r->n == 0 && r->seek == LOG_POS_NONE) {
		r->seek = r->wanted;
		r->seek_down = true;
	}
	if (!r->follow || r->seek != LOG_POS_NONE)
		return;
	if (r->n == 0 || view_end(r->view) - r->pos[r->n - 1] > FAR_BYTES)
		log_rows_end(r);
	else
		r->want_down = true;
}

void log_rows_move(struct log_rows *r, long by)
{
	long to = (long)r->selected + r->pending + by;

	r->place = -1;
	if (by < 0)
		r->follow = false;
	if (r->n == 0)
		return;
	r->pending = 0;
	if (to < 0) {
		r->pending = r->at_start ? 0 : to;
		to = 0;
	} else if (to >= (long)r->n) {
		r->pending = to - (long)r->n + 1;
		to = (long)r->n - 1;
	}
	r->selected = (size_t)to;
	/* At the end of what there is, following starts: the screen goes on with the log. */
	if (r->pending > 0 && r->at_end) {
		r->pending = 0;
		r->follow = true;
	}
}

/* --- making the stretch longer ------------------------------------------------------------------------------------------ */

/* Not where the selection is: then nothing more is wanted at the end, and the walk there is begun anew when it is. */
static bool drop_first(struct log_rows *r)
{
	if (r->selected < DROP && !r->follow) {
		walk_free(r->down);
		r->down = NULL;
		r->want_down = false;
		return false;
	}
	r->n -= DROP;
	memmove(r->pos, r->pos + DROP, r->n * sizeof(r->pos[0]));
	r->selected -= r->selected < DROP ? r->selected : DROP;
	r->top -= r->top < DROP ? r->top : DROP;
	r->at_start = false;
	walk_free(r->up);
	r->up = NULL;
	return true;
}

static bool drop_last(struct log_rows *r)
{
	if (r->selected >= r->n - DROP) {
		walk_free(r->up);
		r->up = NULL;
		r->want_up = false;
		return false;
	}
	r->n -= DROP;
	r->at_end = false;
	walk_free(r->down);
	r->down = NULL;
	return true;
}

static void add_first(struct log_rows *r, log_pos pos)
{
	if (r->n == LOG_ROWS_MAX && !drop_last(r))
		return;
	memmove(r->pos + 1, r->pos, r->n * sizeof(r->pos[0]));
	r->pos[0] = pos;
	if (r->n++ > 0) {
		r->selected++;
		r->top++;
	}
	if (r->pending < 0 && r->selected > 0) {
		r->selected--;
		r->pending++;
	}
}

static void add_last(struct log_rows *r, log_pos pos)
{
	if (r->n == LOG_ROWS_MAX && !drop_first(r))
		return;
	r->pos[r->n++] = pos;
	r->added++;
	if (r->pending > 0 && r->selected + 1 < r->n) {
		r->selected++;
		r->pending--;
	}
	if (r->follow)
		r->selected = r->n - 1;
}

/* The next one at an end. A walk that is of no use any more is made anew. */
static enum walk_result next(struct log_rows *r, bool up, log_pos from, int64_t budget_us, log_pos *found)
{
	struct walk **w = up ? &r->up : &r->down;
	enum walk_result result = WALK_CHANGED;

	for (int i = 0; i < 2 && result == WALK_CHANGED; i++) {
		if (*w == NULL)
			*w = walk_new(r->view, up ? WALK_BACKWARDS : WALK_FORWARDS, from, NULL, r->everything);
		if (*w == NULL)
			return WALK_END;
		result = walk_step(*w, budget_us, found);
		if (result == WALK_CHANGED) {
			walk_free(*w);
			*w = NULL;
		}
	}
	return result;
}

/* The first record, on the way to a place: at or before it, else behind it. */
static bool step_seek(struct log_rows *r, int64_t budget_us)
{
	log_pos found;

	switch (next(r, !r->seek_down, r->seek_down ? r->seek : r->seek + 1, budget_us, &found)) {
	case WALK_FOUND:
		add_last(r, found);
		r->seek = LOG_POS_NONE;
		return true;
	case WALK_MORE:
		return false;
	default:
		if (!r->seek_down) {
			r->seek_down = true;
			return true;
		}
		r->seek = LOG_POS_NONE;
		r->at_start = r->at_end = true;
		return true;
	}
}

static bool step_up(struct log_rows *r, int64_t budget_us)
{
	log_pos found;

	switch (next(r, true, r->pos[0], budget_us, &found)) {
	case WALK_FOUND:
		add_first(r, found);
		return true;
	case WALK_MORE:
		return false;
	default:
		r->at_start = true;
		if (r->pending < 0)
			r->pending = 0;
		return true;
	}
}

static bool step_down(struct log_rows *r, int64_t budget_us)
{
	log_pos found;

	switch (next(r, false, r->n > 0 ? r->pos[r->n - 1] : view_start(r->view) - 1, budget_us, &found)) {
	case WALK_FOUND:
		add_last(r, found);
		return true;
	case WALK_MORE:
		return false;
	default:
		r->at_end = true;
		if (r->pending > 0) {
			r->pending = 0;
			r->follow = true;
		}
		return true;
	}
}

static bool needs_up(const struct log_rows *r)
{
	return r->n > 0 && !r->at_start && (r->pending < 0 || r->want_up);
}

static bool needs_down(const struct log_rows *r)
{
	return !r->at_end && (r->pending > 0 || r->want_down);
}

bool log_rows_busy(const struct log_rows *r)
{
	return r->seek != LOG_POS_NONE || needs_up(r) || needs_down(r);
}

bool log_rows_step(struct log_rows *r, int64_t budget_us)
{
	int64_t deadline_us = clock_monotonic_us() + budget_us, left = budget_us;
	bool changed = false;

	while (log_rows_busy(r) && left >= 0) {
		size_t before = r->n;
		bool up = r->seek == LOG_POS_NONE && needs_up(r);

		if (r->seek != LOG_POS_NONE)
			changed |= step_seek(r, left);
		else if (up)
			changed |= step_up(r, left);
		else
			changed |= step_down(r, left);
		r->above += up && r->n > before;
		r->below += !up && r->n > before;
		/* A screenful is enough until it was arranged: rotated files are not opened for more. While the end is followed
		 * all that is below is wanted. */
		if (r->above >= r->lines)
			r->want_up = false;
		if (r->below >= r->lines && !r->follow)
			r->want_down = false;
		left = deadline_us - clock_monotonic_us();
	}
	return changed;
}

/* --- on the screen ------------------------------------------------------------------------------------------------------ */

/* Lines of the records from `from` to `to`; stops counting beyond `most`. */
static int sum(const struct log_rows *r, size_t from, size_t to, int most, int (*height)(void *, log_pos), void *data)
{
	int lines = 0;

	for (size_t i = from; i <= to && i < r->n && lines <= most; i++)
		lines += height(data, r->pos[i]);
	return lines;
}

/* Moves `top` up while all from there to `last` fits into `lines`. Returns the lines that stay free. */
static int fill_above(struct log_rows *r, size_t last, int lines, int (*height)(void *, log_pos), void *data)
{
	int left = lines - sum(r, r->top, last, lines, height, data);

	while (r->top > 0 && left > 0) {
		int one = height(data, r->pos[r->top - 1]);

		if (one > left)
			return 0;
		left -= one;
		r->top--;
	}
	return left;
}

void log_rows_arrange(struct log_rows *r, int lines, int (*height)(void *data, log_pos pos), void *data)
{
	int left;

	r->want_up = r->want_down = false;
	r->lines = lines > 0 ? (size_t)lines : 0;
	r->shown = r->above = r->below = 0;
	if (r->n == 0 || lines <= 0)
		return;
	if (r->follow)
		r->selected = r->n - 1;
	if (r->place >= 0 || r->selected < r->top || r->top >= r->n)
		r->top = r->selected;
	if (r->place > 0) {
		int above = fill_above(r, r->selected, r->place + height(data, r->pos[r->selected]), height, data);

		r->want_up = above > 0;
	}
	/* The place is kept until there is enough above it. */
	if (!r->want_up || r->at_start)
		r->place = -1;
	while (r->top < r->selected && sum(r, r->top, r->selected, lines, height, data) > lines)
		r->top++;
	left = lines - sum(r, r->top, r->n - 1, lines, height, data);
	if (left > 0 && !r->at_end)
		r->want_down = true;
	if (left > 0 && (r->at_end || r->follow))
		r->want_up = fill_above(r, r->n - 1, lines, height, data) > 0 || r->want_up;
	for (left = lines; r->top + r->shown < r->n && left > 0; r->shown++)
		left -= height(data, r->pos[r->top + r->shown]);
}
