#include "logview/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "logview/newest.h"
#include "logview/view_private.h"

/* --- making ---------------------------------------------------------------------------------------------------------- */

struct view *view_new(struct source *source)
{
	struct view *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		source_free(source);
		return NULL;
	}
	v->source = source;
	v->rank.asked = v->rank.answered = LOG_POS_NONE;
	histogram_init(&v->histogram);
	v->signatures = signatures_new();
	v->text = malloc(VIEW_TEXT_MAX);
	v->window = malloc(SCAN_WINDOW);
	if (v->window != NULL && v->signatures != NULL && v->text != NULL)
		return v;
	view_free(v);
	return NULL;
}

void view_free(struct view *v)
{
	if (v == NULL)
		return;
	source_free(v->source);
	filter_free(v->filter);
	filter_free(v->wanted);
	filter_free(v->search);
	histogram_clear(&v->histogram);
	free(v->window);
	signatures_free(v->signatures);
	free(v->text);
	free(v);
}

struct source *view_source(const struct view *v)
{
	return v->source;
}

static void track_free(void *user)
{
	struct track *t = user;

	index_clear(&t->index);
	matches_clear(&t->matches);
	matches_clear(&t->found);
	free(t);
}

struct track *view_track(struct segment *seg)
{
	struct track *t = seg->user;

	if (t != NULL)
		return t;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	index_init(&t->index);
	matches_init(&t->matches);
	matches_init(&t->found);
	seg->user = t;
	seg->user_free = track_free;
	return t;
}

/* --- a slice of work ------------------------------------------------------------------------------------------------- */

/* Will nothing more be added to it, as far as one can know? */
static bool is_closed(const struct view *v, const struct segment *seg)
{
	return source_state(v->source) == SOURCE_ENDED ||
	       seg != source_at(v->source, source_count(v->source) - 1);
}

static enum work unreadable(struct view *v, struct track *t, const struct segment *seg)
{
	if (errno == ESTALE)
		return WORK_STALE;
	error_errno(&v->error, FINDING_IO_ERROR, _("cannot read the log %s"), seg->name);
	t->failed = true;
	return WORK_DONE;
}

/* Continues the index of a segment. */
static enum work index_some(struct view *v, struct track *t, struct segment *seg, int64_t deadline_us)
{
	struct index *index = &t->index;

	if (index->at < seg->first)
		index->at = seg->first;
	while (index->at < seg->size) {
		ssize_t n = segment_read(seg, v->window, SCAN_WINDOW, index->at);
		bool ok, last;

		if (n < 0)
			return unreadable(v, t, seg);
		last = index->at + n >= seg->size && is_closed(v, seg);
		if (index_add(index, &v->histogram, v->window, (size_t)n, last, &ok) == 0 && ok)
			return WORK_DONE;	/* the start of a line, whose rest is not there yet */
		if (!ok) {
			error_set(&v->error, FINDING_OUT_OF_MEMORY, _("out of memory"));
			t->failed = true;
			return WORK_DONE;
		}
		if (clock_monotonic_us() >= deadline_us)
			return index->at < seg->size ? WORK_MORE : WORK_DONE;
	}
	return WORK_DONE;
}

int64_t view_settled_end(const struct view *v, const struct segment *seg)
{
	const struct track *t = seg->user;

	if (is_closed(v, seg))
		return seg->size;
	return t != NULL && t->index.last >= 0 ? t->index.last : seg->first;
}

/* A segment that is truncated under a count is counted anew: the source will have put something else in its place. */
enum work view_count_some(struct view *v, struct segment *seg, struct matches *matches, struct filter *filter,
			  int64_t deadline_us)
{
	enum work work = WORK_MORE;

	switch (matches_step(matches, v->window, SCAN_WINDOW, seg, filter, view_settled_end(v, seg), deadline_us)) {
	case SCAN_DONE:
		return WORK_DONE;
	case SCAN_STALE:
		work = WORK_STALE;
		break;
	case SCAN_FAILED:
		work = unreadable(v, seg->user, seg);
		break;
	default:
		break;
	}
	if (work == WORK_STALE)
		matches_clear(matches);
	return work;
}

static enum work work_on(struct view *v, struct segment *seg, int64_t deadline_us)
{
	struct track *t = view_track(seg);
	enum work work;

	if (t == NULL || t->failed)
		return WORK_DONE;
	if (seg->unpack != NULL) {
		int64_t left = deadline_us - clock_monotonic_us();

		segment_unpack_step(seg, left > 0 ? left : 0, &v->error);
		return WORK_MORE;
	}
	work = index_some(v, t, seg, deadline_us);
	if (work == WORK_DONE && v->filter != NULL)
		work = view_count_some(v, seg, &t->matches, v->filter, deadline_us);
	if (work == WORK_DONE && v->search != NULL)
		work = view_count_some(v, seg, &t->found, v->search, deadline_us);
	return work;
}

/* How far all the counting has come: when this changes, there is something new to be shown. */
static uint64_t progress_of(const struct view *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < source_count(v->source); i++) {
		const struct segment *seg = source_at(v->source, i);
		const struct track *t = seg->user;

		sum += (uint64_t)seg->size;
		if (t != NULL)
			sum += (uint64_t)t->index.at + (uint64_t)t->matches.at + matches_total(&t->matches) +
			       (uint64_t)t->found.at + matches_total(&t->found);
	}
	return sum + (uint64_t)v->rank.answered;
}

unsigned int view_step(struct view *v, int64_t budget_us)
{
	int64_t deadline_us = clock_monotonic_us() + budget_us;
	unsigned int news = source_step(v->source), flags;
	uint64_t before = progress_of(v);
	enum work work = WORK_DONE;

	flags = ((news & SOURCE_GREW) != 0 ? VIEW_GREW : 0u) | ((news & SOURCE_JOINED) != 0 ? VIEW_JOINED : 0u) |
		((news & SOURCE_STATE) != 0 ? VIEW_STATE : 0u) | ((news & SOURCE_AGAIN) != 0 ? VIEW_MORE : 0u);
	/* The newest first: that is what is looked at. */
	for (size_t i = source_count(v->source); i-- > 0 && work == WORK_DONE;)
		work = work_on(v, source_at(v->source, i), deadline_us);
	if (work == WORK_DONE)
		work = view_rank_some(v, deadline_us);
	if (work != WORK_DONE)
		flags |= VIEW_MORE;
	if (progress_of(v) != before)
		flags |= VIEW_COUNTED;
	return flags;
}

size_t view_poll(const struct view *v, struct pollfd *fds, int *timeout_ms)
{
	return source_poll(v->source, fds, timeout_ms);
}

/* --- places ---------------------------------------------------------------------------------------------------------- */

log_pos view_start(const struct view *v)
{
	const struct segment *seg;

	if (source_count(v->source) == 0)
		return LOG_POS(SEGMENT_FIRST_NUMBER, 0);
	seg = source_at(v->source, 0);
	return LOG_POS(seg->number, seg->first);
}

log_pos view_end(const struct view *v)
{
	const struct segment *seg;

	if (source_count(v->source) == 0)
		return LOG_POS(SEGMENT_FIRST_NUMBER, 0);
	seg = source_at(v->source, source_count(v->source) - 1);
	return LOG_POS(seg->number, seg->size);
}

/* --- the filter and the counts --------------------------------------------------------------------------------------- */

bool view_set_filter(struct view *v, struct filter *filter, struct error *err)
{
	if (filter != NULL && !filter_ready(filter, newest_time(v->source), err)) {
		filter_free(filter);
		return false;
	}
	if (filter != NULL && filter_is_empty(filter)) {
		filter_free(filter);
		filter = NULL;
	}
	filter_free(v->filter);
	v->filter = filter;
	v->generation++;
	for (size_t i = 0; i < source_count(v->source); i++) {
		struct track *t = source_at(v->source, i)->user;

		if (t != NULL)
			matches_clear(&t->matches);
	}
	return view_search_again(v) || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

struct filter *view_filter(const struct view *v)
{
	return v->filter;
}

void view_counts(const struct view *v, struct view_counts *out)
{
	*out = (struct view_counts){ .indexed = true, .matched = true, .newest_ms = STAMP_NONE };
	for (size_t i = 0; i < source_count(v->source); i++) {
		const struct segment *seg = source_at(v->source, i);
		const struct track *t = seg->user;

		out->bytes += (uint64_t)(seg->size - seg->first);
		if (t == NULL || seg->unpack != NULL) {
			out->indexed = false;
			out->matched = v->filter == NULL;
			continue;
		}
		out->indexed_bytes += (uint64_t)(t->index.at > seg->first ? t->index.at - seg->first : 0);
		out->matched_bytes += (uint64_t)(t->matches.at > seg->first ? t->matches.at - seg->first : 0);
		out->records += t->index.records;
		for (size_t level = 0; level < RECORD_LEVEL_COUNT; level++)
			out->levels[level] += t->index.levels[level];
		out->matches += matches_total(&t->matches);
		out->indexed = out->indexed && t->index.at >= seg->size;
		if (v->filter != NULL)
			out->matched = out->matched && t->matches.at >= view_settled_end(v, seg);
		if (t->index.newest_ms != STAMP_NONE)
			out->newest_ms = t->index.newest_ms;
	}
	out->given_up = v->filter != NULL ? filter_given_up(v->filter) : 0;
}

const struct error *view_error(const struct view *v)
{
	return &v->error;
}

const struct histogram *view_histogram(const struct view *v)
{
	return &v->histogram;
}
