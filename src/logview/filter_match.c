/* Searching with a filter: one record, a window of many, the places within one. */
#include "logview/filter.h"

#include <string.h>

#include "base/clock.h"
#include "logview/filter_private.h"
#include "logview/lines.h"
#include "logview/name.h"

#define WORK_RECORD 1			/* what looking at a record costs, of WORK_LOOK: then the clock is looked at */
#define WORK_PATTERN WORK_LOOK		/* trying an expression: it may take up to two milliseconds */
#define WORK_LOOK 64

/* --- one record ------------------------------------------------------------------------------------------------------ */

static bool is_name(enum filter_kind kind)
{
	return kind >= FILTER_THREAD;
}

static struct slice name_of(const struct record *r, enum filter_kind kind)
{
	/* A context of another shape is not guessed at: the name may stand anywhere in it. */
	switch (kind) {
	case FILTER_THREAD: return r->thread;
	case FILTER_LOGGER: return r->logger;
	case FILTER_USER: return r->context_known ? r->user : r->context;
	case FILTER_SESSION: return r->context_known ? r->session : r->context;
	default: return r->context_known ? r->operation : r->context;
	}
}

/* Of the kept names of each kind one must match, of the excluded ones none. */
static bool names_match(const struct filter *f, const struct record *r)
{
	unsigned int asked = 0, matched = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct filter_term *term = &f->terms[i];
		struct slice name;
		bool same;

		if (!is_name(term->kind))
			continue;
		name = name_of(r, term->kind);
		same = name_matches(term->text, name.p, name.n);
		if (term->exclude && same)
			return false;
		if (term->exclude)
			continue;
		asked |= 1u << term->kind;
		if (same)
			matched |= 1u << term->kind;
	}
	return asked == matched;
}

static bool has_names(const struct filter *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (is_name(f->terms[i].kind))
			return true;
	}
	return false;
}

/* What the header line alone decides. */
static bool header_matches(const struct filter *f, const char *record, size_t n)
{
	bool timed = f->since != INT64_MIN || f->until != INT64_MAX;
	bool is_record = record_is_start(record, n);

	if (f->level != RECORD_LEVEL_NONE) {
		enum record_level level = is_record ? record_level(record, n) : RECORD_LEVEL_NONE;

		if (f->level_exact ? level != f->level : level < f->level)
			return false;
	}
	if (timed) {
		struct stamp stamp = { .ms = STAMP_NONE };

		if (is_record)
			stamp_parse(record, n, &stamp);
		if (stamp.ms == STAMP_NONE || stamp.ms < f->since || stamp.ms > f->until)
			return false;
	}
	if (has_names(f)) {
		struct record r;

		record_parse(record, n, &r);
		return names_match(f, &r);
	}
	return true;
}

static bool term_stands_in(const struct filter *f, const struct filter_term *term, const char *text, size_t n)
{
	size_t start, end;

	if (term->kind == FILTER_FAILURES)
		return signatures_is_failure(f->signatures, text, n);
	if (term->pattern != NULL)
		return pattern_find(term->pattern, text, n, 0, &start, &end);
	return needle_find(&term->needle, text, n) != NULL;
}

void filter_pass_begin(struct filter *f, struct filter_pass *pass, const char *window, size_t n)
{
	*pass = (struct filter_pass){ .rejected = !header_matches(f, window, n) };
}

void filter_pass_feed(struct filter *f, struct filter_pass *pass, const char *window, size_t n)
{
	for (size_t i = 0; i < f->count && !pass->rejected; i++) {
		const struct filter_term *term = &f->terms[i];

		if (is_name(term->kind) || (pass->seen >> i & 1) != 0 || !term_stands_in(f, term, window, n))
			continue;
		pass->seen |= UINT32_C(1) << i;
		pass->rejected = term->exclude;
	}
}

bool filter_pass_end(const struct filter *f, const struct filter_pass *pass)
{
	for (size_t i = 0; i < f->count && !pass->rejected; i++) {
		if (!is_name(f->terms[i].kind) && !f->terms[i].exclude && (pass->seen >> i & 1) == 0)
			return false;
	}
	return !pass->rejected;
}

/* A record that holds what the driver looks for, or that is looked at without one. `settled`: the term that is known to hold;
 * NULL: none. What it took is added to *work. */
static bool candidate_passes(struct filter *f, const char *record, size_t n, const struct filter_term *settled,
			     unsigned int *work)
{
	*work += WORK_RECORD;
	if (!header_matches(f, record, n))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		const struct filter_term *term = &f->terms[i];

		if (is_name(term->kind) || term == settled)
			continue;
		*work += term->pattern != NULL ? WORK_PATTERN : 0;
		if (term_stands_in(f, term, record, n) == term->exclude)
			return false;
	}
	return true;
}

bool filter_match(struct filter *f, const char *record, size_t n)
{
	struct filter_pass pass;

	filter_pass_begin(f, &pass, record, n);
	filter_pass_feed(f, &pass, record, n);
	return filter_pass_end(f, &pass);
}

bool filter_may_reject_later(const struct filter *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->terms[i].exclude && !is_name(f->terms[i].kind))
			return true;
	}
	return false;
}

/* --- many records ---------------------------------------------------------------------------------------------------- */

static bool has_driver(const struct filter *f)
{
	return f->driver.needle != NULL || f->driver.tokens != NULL || f->driver.failures;
}

/* *settled: the term that holds where it was found, or NULL. */
static const char *driver_find(const struct filter *f, const char *p, size_t n, const struct filter_term **settled)
{
	const char *found;
	bool sure;

	*settled = f->driver.settles;
	if (f->driver.needle != NULL)
		return needle_find(f->driver.needle, p, n);
	if (!f->driver.failures)
		return tokens_find(f->driver.tokens, p, n, NULL);
	found = signatures_candidate(f->signatures, p, n, &sure);
	if (!sure)
		*settled = NULL;
	return found;
}

/* Is the driver's term all that is asked for? Then a record passes wherever it is settled. */
static bool driver_is_all(const struct filter *f)
{
	return f->driver.settles != NULL && f->count == 1 && f->level == RECORD_LEVEL_NONE && f->since == INT64_MIN &&
	       f->until == INT64_MAX;
}

/* Is the time up? The clock is looked at now and then. */
static bool is_late(unsigned int *work, int64_t deadline_us)
{
	if (*work < WORK_LOOK)
		return false;
	*work = 0;
	return deadline_us != INT64_MAX && clock_monotonic_us() >= deadline_us;
}

static size_t scan_candidates(struct filter *f, const char *buf, size_t n, int64_t deadline_us, filter_hit_fn *hit,
			      void *data, size_t *done)
{
	bool only = driver_is_all(f);
	size_t at = 0, count = 0;
	unsigned int work = 0;

	while (at < n && !is_late(&work, deadline_us)) {
		const struct filter_term *settled;
		const char *found = driver_find(f, buf + at, n - at, &settled);
		bool sure = only && settled != NULL;
		size_t place, start = 0, end;

		if (found == NULL) {
			at = n;
			break;
		}
		place = (size_t)(found - buf);
		end = lines_next_record(buf, n, place);
		if (!sure || hit != NULL)
			start = at + lines_record_of(buf + at, n - at, place - at);
		if (sure || candidate_passes(f, buf + start, end - start, settled, &work)) {
			count++;
			if (hit != NULL && !hit(data, start, end))
				break;
		}
		at = end;
	}
	*done = at;
	return count;
}

static size_t scan_all(struct filter *f, const char *buf, size_t n, int64_t deadline_us, filter_hit_fn *hit, void *data,
		       size_t *done)
{
	size_t at = 0, count = 0;
	unsigned int work = 0;

	while (at < n && !is_late(&work, deadline_us)) {
		size_t end = lines_next_record(buf, n, at);

		if (candidate_passes(f, buf + at, end - at, NULL, &work)) {
			count++;
			if (hit != NULL && !hit(data, at, end))
				break;
		}
		at = end;
	}
	*done = at;
	return count;
}

size_t filter_scan_until(struct filter *f, const char *buf, size_t n, int64_t deadline_us, filter_hit_fn *hit, void *data,
			 size_t *done)
{
	return has_driver(f) ? scan_candidates(f, buf, n, deadline_us, hit, data, done) :
			       scan_all(f, buf, n, deadline_us, hit, data, done);
}

size_t filter_scan(struct filter *f, const char *buf, size_t n, filter_hit_fn *hit, void *data)
{
	size_t done;

	return filter_scan_until(f, buf, n, INT64_MAX, hit, data, &done);
}

/* --- places within a record ------------------------------------------------------------------------------------------ */

/* The first place at or behind `from` where what the term looks for stands. */
static bool term_place(struct filter *f, const struct filter_term *term, const char *text, size_t n, size_t from,
		       struct filter_place *out)
{
	const char *found;
	size_t len = term->needle.len;

	if (term->pattern != NULL)
		return pattern_find(term->pattern, text, n, from, &out->start, &out->end);
	if (term->kind == FILTER_FAILURES)
		found = signatures_find(f->signatures, text + from, n - from, &len);
	else
		found = needle_find(&term->needle, text + from, n - from);
	if (found == NULL)
		return false;
	out->start = (size_t)(found - text);
	out->end = out->start + len;
	return true;
}

/* The same of all kept terms but names. */
static bool next_place(struct filter *f, const char *text, size_t n, size_t from, struct filter_place *out)
{
	bool any = false;

	for (size_t i = 0; i < f->count; i++) {
		const struct filter_term *term = &f->terms[i];
		struct filter_place place;

		if (term->exclude || is_name(term->kind) || !term_place(f, term, text, n, from, &place))
			continue;
		if (!any || place.start < out->start || (place.start == out->start && place.end > out->end))
			*out = place;
		any = true;
	}
	return any;
}

size_t filter_places(struct filter *f, const char *text, size_t n, struct filter_place *places, size_t max)
{
	size_t count = 0, from = 0;

	while (count < max && from < n && next_place(f, text, n, from, &places[count])) {
		from = places[count].end;
		if (places[count].end > places[count].start)
			count++;
		else
			from++;		/* a match of nothing */
	}
	return count;
}
