#include "logview/walk.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "logview/view_private.h"

#define HITS 4096			/* of one stretch */
#define STRETCH_FIRST (64 * 1024)
#define STRETCH_MOST (INT64_C(4) << 20)

struct walk {
	struct view *view;
	bool backwards;
	struct filter *filter;		/* what is asked for; NULL: every record */
	struct filter *own;		/* the same, when it is the walk's */
	bool everything;
	unsigned long generation;	/* of the view's filter */
	log_pos at;			/* forwards: records from here on; backwards: those before it */
	int64_t stretch;		/* how much is searched at a time: grows while nothing is found */
	struct scan scan;
	bool scanning;
	int64_t scan_number, scan_from;	/* the stretch that is being scanned */
	log_pos hits[HITS];		/* found in it and not told yet: a ring */
	size_t first, count;
	bool full;			/* forwards: it was left when the ring was full */
};

struct walk *walk_new(struct view *v, enum walk_direction direction, log_pos from, const struct filter *also,
		      bool everything)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->view = v;
	w->backwards = direction == WALK_BACKWARDS;
	w->everything = everything;
	w->generation = v->generation;
	w->at = w->backwards ? from : from + 1;
	w->stretch = STRETCH_FIRST;
	if (also != NULL)
		w->own = !everything && v->filter != NULL ? filter_combine(v->filter, also) : filter_clone(also);
	w->filter = also != NULL ? w->own : everything ? NULL : v->filter;
	scan_use(&w->scan, v->window, SCAN_WINDOW);
	if (also == NULL || w->own != NULL)
		return w;
	walk_free(w);
	return NULL;
}

void walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	filter_free(w->own);
	free(w);
}

log_pos walk_at(const struct walk *w)
{
	return w->at;
}

/* --- the hits of a stretch ------------------------------------------------------------------------------------------- */

/* Backwards the last ones count, so the ring loses the first; forwards the scan ends when it is full. */
static bool note_hit(void *data, const struct scan_hit *hit)
{
	struct walk *w = data;
	log_pos pos = LOG_POS(w->scan_number, hit->start);

	if (w->count == HITS && !w->backwards) {
		w->full = true;
		return false;
	}
	if (w->count == HITS)
		w->first = (w->first + 1) % HITS;
	else
		w->count++;
	w->hits[(w->first + w->count - 1) % HITS] = pos;
	return true;
}

static log_pos take_hit(struct walk *w)
{
	w->count--;
	if (w->backwards)
		return w->hits[(w->first + w->count) % HITS];
	w->first = (w->first + 1) % HITS;
	return w->hits[(w->first + HITS - 1) % HITS];
}

/* The stretch is scanned: where the walk goes on when its hits are told. */
static void end_stretch(struct walk *w)
{
	w->scanning = false;
	if (w->backwards && w->count == HITS)
		w->at = w->hits[w->first];
	else if (w->backwards)
		w->at = LOG_POS(w->scan_number, w->scan_from);
	else if (w->full)
		w->at = w->hits[(w->first + w->count - 1) % HITS] + 1;
	else
		w->at = LOG_POS(w->scan_number, w->scan.at);
	w->full = false;
	if (w->count == 0 && w->stretch < STRETCH_MOST)
		w->stretch *= 2;
	else if (w->count > 0)
		w->stretch = STRETCH_FIRST;
}

/* --- choosing the stretch -------------------------------------------------------------------------------------------- */

/* May a record in the block that holds the offset pass? Asks the index, and the counted matches where they are of the
 * same filter. */
static bool block_may_pass(const struct walk *w, const struct segment *seg, int64_t offset, int64_t *start, int64_t *end)
{
	const struct track *t = seg->user;

	*start = seg->first;
	*end = seg->size;
	if (t == NULL || w->filter == NULL)
		return true;
	if (!w->everything && w->view->filter != NULL && !matches_may_pass(&t->matches, offset)) {
		*start = blocks_start(&t->matches.blocks, offset);
		*end = *start + blocks_size(&t->matches.blocks);
		return false;
	}
	if (!index_may_pass(&t->index, offset, w->filter)) {
		*start = blocks_start(&t->index.blocks, offset);
		*end = *start + blocks_size(&t->index.blocks);
		return false;
	}
	return true;
}

/* Leaves out what cannot pass. */
static void skip_blocks(struct walk *w, const struct segment *seg)
{
	for (;;) {
		int64_t offset = LOG_POS_OFFSET(w->at), start, end;

		if (w->backwards ? offset <= seg->first : offset >= seg->size)
			return;
		if (block_may_pass(w, seg, w->backwards ? offset - 1 : offset, &start, &end))
			return;
		offset = w->backwards ? start : end;
		if (offset < seg->first)
			offset = seg->first;
		if (offset > seg->size)
			offset = seg->size;
		w->at = LOG_POS(seg->number, offset);
	}
}

static void begin_stretch(struct walk *w, struct segment *seg)
{
	int64_t offset = LOG_POS_OFFSET(w->at), from = offset, to = offset;

	if (w->backwards)
		from = offset - w->stretch > seg->first ? offset - w->stretch : seg->first;
	else
		to = offset + w->stretch < seg->size ? offset + w->stretch : seg->size;
	w->scan_number = seg->number;
	w->scan_from = from;
	w->scanning = true;
	w->count = 0;
	w->first = 0;
	scan_begin(&w->scan, seg, w->filter, from, to);
}

/* The segment that the walk is in, or the nearest one in its direction; NULL: the walk is at its end. */
static struct segment *find_segment(struct walk *w)
{
	const struct source *source = w->view->source;
	size_t count = source_count(source);

	for (size_t i = 0; i < count; i++) {
		struct segment *seg = source_at(source, w->backwards ? count - 1 - i : i);
		int64_t start = LOG_POS(seg->number, seg->first), end = LOG_POS(seg->number, seg->size);

		if (w->backwards ? start >= w->at : end <= w->at)
			continue;
		if (w->at < start)
			w->at = start;
		if (w->backwards && w->at > end && seg->unpack == NULL)
			w->at = end;
		return seg;
	}
	return NULL;
}

/* Opens the next older file. False when there is none. */
static bool load_older(struct walk *w)
{
	switch (source_load_older(w->view->source, &w->view->error)) {
	case SOURCE_OLDER_LOADED:
		w->at = LOG_POS(source_at(w->view->source, 0)->number + 1, 0);
		return true;
	default:
		return false;
	}
}

/* Begins the next stretch. */
static enum walk_result choose(struct walk *w, int64_t deadline_us)
{
	struct segment *seg = find_segment(w);

	if (seg == NULL && (!w->backwards || !load_older(w)))
		return WALK_END;
	if (seg == NULL)
		return WALK_MORE;
	if (seg->unpack != NULL) {
		int64_t left = deadline_us - clock_monotonic_us();

		segment_unpack_step(seg, left > 0 ? left : 0, &w->view->error);
		return WALK_MORE;
	}
	skip_blocks(w, seg);
	if (w->backwards ? LOG_POS_OFFSET(w->at) > seg->first : LOG_POS_OFFSET(w->at) < seg->size)
		begin_stretch(w, seg);
	else if (w->backwards)
		w->at = LOG_POS(seg->number, seg->first);
	return WALK_MORE;
}

/* --- walking --------------------------------------------------------------------------------------------------------- */

static enum walk_result scan_stretch(struct walk *w, int64_t deadline_us)
{
	struct segment *seg = source_by_number(w->view->source, w->scan_number);

	if (seg == NULL || seg != w->scan.seg) {
		w->scanning = false;
		w->count = 0;
		return WALK_MORE;
	}
	switch (scan_step(&w->scan, deadline_us, note_hit, w)) {
	case SCAN_DONE:
	case SCAN_STOPPED:
		end_stretch(w);
		return WALK_MORE;
	case SCAN_MORE:
		return WALK_MORE;
	case SCAN_STALE:
		w->scanning = false;
		w->count = 0;
		return WALK_MORE;
	default:
		error_errno(&w->view->error, FINDING_IO_ERROR, _("cannot read the log %s"), seg->name);
		return WALK_END;
	}
}

enum walk_result walk_step(struct walk *w, int64_t budget_us, log_pos *found)
{
	int64_t deadline_us = clock_monotonic_us() + budget_us;

	do {
		enum walk_result result;

		if (w->generation != w->view->generation)
			return WALK_CHANGED;
		if (!w->scanning && w->count > 0) {
			*found = take_hit(w);
			return WALK_FOUND;
		}
		result = w->scanning ? scan_stretch(w, deadline_us) : choose(w, deadline_us);
		if (result != WALK_MORE)
			return result;
	} while (clock_monotonic_us() < deadline_us || (!w->scanning && w->count > 0));
	return WALK_MORE;
}
