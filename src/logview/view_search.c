/* What is searched for in a view: how many records there are of it, and which of them one is. */
#include <stdlib.h>

#include "logview/view_private.h"

/* Nothing is counted yet. */
static void forget(struct view *v)
{
	for (size_t i = 0; i < source_count(v->source); i++) {
		struct track *t = source_at(v->source, i)->user;

		if (t != NULL)
			matches_clear(&t->found);
	}
	v->rank.answered = LOG_POS_NONE;
	v->rank.scanning = false;
}

bool view_search_again(struct view *v)
{
	filter_free(v->search);
	v->search = NULL;
	forget(v);
	if (v->wanted == NULL)
		return true;
	v->search = v->search_everything || v->filter == NULL ? filter_clone(v->wanted) : filter_combine(v->filter, v->wanted);
	return v->search != NULL;
}

bool view_set_search(struct view *v, const struct filter *wanted, bool everything)
{
	struct filter *copy = wanted != NULL ? filter_clone(wanted) : NULL;

	if (wanted != NULL && copy == NULL)
		return false;
	filter_free(v->wanted);
	v->wanted = copy;
	v->search_everything = everything;
	return view_search_again(v);
}

bool view_search(struct view *v, log_pos pos, struct view_search *out)
{
	const struct view_rank *r = &v->rank;

	*out = (struct view_search){ .counted = true };
	if (v->search == NULL)
		return false;
	for (size_t i = 0; i < source_count(v->source); i++) {
		const struct segment *seg = source_at(v->source, i);
		const struct track *t = seg->user;

		if (t == NULL || seg->unpack != NULL) {
			out->counted = false;
			continue;
		}
		out->found += matches_total(&t->found);
		out->counted = out->counted && (t->failed || t->found.at >= view_settled_end(v, seg));
	}
	v->rank.asked = pos;
	if (out->counted && r->answered == pos && r->first == LOG_POS_NUMBER(view_start(v)))
		out->number = r->number;
	return true;
}

/* --- which of them ----------------------------------------------------------------------------------------------------- */

/* How many stand before the block that holds the offset. */
static uint64_t found_before(const struct view *v, const struct segment *seg, int64_t block)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < source_count(v->source); i++) {
		const struct segment *other = source_at(v->source, i);
		const struct track *t = other->user;

		if (t == NULL || other->number > seg->number)
			continue;
		if (other != seg) {
			sum += matches_total(&t->found);
			continue;
		}
		for (int64_t at = 0; at < block; at += blocks_size(&t->found.blocks)) {
			const uint32_t *one = blocks_find(&t->found.blocks, at);

			sum += one != NULL ? *one : 0;
		}
	}
	return sum;
}

static bool count_hit(void *data, const struct scan_hit *hit)
{
	struct view_rank *r = data;

	r->hit = LOG_POS(r->scan.seg->number, hit->start) == r->asked;
	return true;
}

static void answer(struct view_rank *r, uint64_t number)
{
	r->number = number;
	r->answered = r->asked;
	r->scanning = false;
}

static void begin(struct view *v, struct segment *seg)
{
	const struct track *t = seg->user;
	struct view_rank *r = &v->rank;
	int64_t offset = LOG_POS_OFFSET(r->asked), block = blocks_start(&t->found.blocks, offset);

	r->before = found_before(v, seg, block);
	r->hit = false;
	r->scanning = true;
	scan_begin(&r->scan, seg, v->search, block > seg->first ? block : seg->first, offset + 1);
}

enum work view_rank_some(struct view *v, int64_t deadline_us)
{
	struct view_rank *r = &v->rank;
	int64_t first = LOG_POS_NUMBER(view_start(v));
	struct segment *seg;
	enum scan_result result;

	if (v->search == NULL || r->asked == LOG_POS_NONE || (r->answered == r->asked && r->first == first))
		return WORK_DONE;
	seg = source_by_number(v->source, LOG_POS_NUMBER(r->asked));
	if (seg == NULL || seg->user == NULL || LOG_POS_OFFSET(r->asked) < seg->first) {
		answer(r, 0);
		return WORK_DONE;
	}
	scan_use(&r->scan, v->window, SCAN_WINDOW);
	if (!r->scanning || r->scan.seg != seg || r->first != first || r->scan.to != LOG_POS_OFFSET(r->asked) + 1)
		begin(v, seg);
	r->first = first;
	result = scan_step(&r->scan, deadline_us, count_hit, r);
	if (result == SCAN_MORE)
		return WORK_MORE;
	answer(r, result == SCAN_DONE && r->hit ? r->before + r->scan.count : 0);
	return WORK_DONE;
}
