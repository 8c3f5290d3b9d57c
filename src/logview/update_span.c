#include "logview/update_span.h"

#include <stdlib.h>
#include <string.h>

#include "logview/view_private.h"

#define STARTING "Starting opswat download"
#define COMPLETED "Completed opswat download"
#define THREAD_MAX 256

struct update_search {
	struct view *view;
	struct walk *walk;
	struct update_span span;
	char thread[THREAD_MAX];	/* of the record that ends it */
};

struct update_search *update_search_new(struct view *v)
{
	struct update_search *s = calloc(1, sizeof(*s));
	struct filter *either = filter_new();

	if (s != NULL && either != NULL &&
	    filter_add(either, FILTER_REGEX, false, STARTING "|" COMPLETED, NULL) && filter_ready(either, STAMP_NONE, NULL)) {
		s->view = v;
		s->span = (struct update_span){ LOG_POS_NONE, LOG_POS_NONE, STAMP_NONE, STAMP_NONE, -1 };
		s->walk = walk_new(v, WALK_BACKWARDS, view_end(v), either, true);
	}
	filter_free(either);
	if (s != NULL && s->walk != NULL)
		return s;
	update_search_free(s);
	return NULL;
}

void update_search_free(struct update_search *s)
{
	if (s == NULL)
		return;
	walk_free(s->walk);
	free(s);
}

static bool says(const struct view_record *r, const char *text)
{
	return memmem(r->fields.message.p, r->fields.message.n, text, strlen(text)) != NULL;
}

static bool same_thread(const struct update_search *s, const struct view_record *r)
{
	return strlen(s->thread) == r->fields.thread.n && memcmp(s->thread, r->fields.thread.p, r->fields.thread.n) == 0;
}

static void note_end(struct update_search *s, const struct view_record *r)
{
	size_t n = r->fields.thread.n < THREAD_MAX - 1 ? r->fields.thread.n : THREAD_MAX - 1;

	s->span.end = r->pos;
	s->span.end_ms = r->fields.time.ms;
	memcpy(s->thread, r->fields.thread.p, n);
	s->thread[n] = '\0';
}

static void note_start(struct update_search *s, const struct view_record *r)
{
	s->span.start = r->pos;
	s->span.start_ms = r->fields.time.ms;
	if (s->span.end_ms != STAMP_NONE && s->span.start_ms != STAMP_NONE && s->span.end_ms >= s->span.start_ms)
		s->span.duration_ms = s->span.end_ms - s->span.start_ms;
}

/* Looks at a record that has one of the texts. True when the search is over. */
static bool look_at(struct update_search *s, log_pos pos)
{
	struct view_record r;

	if (!view_record(s->view, pos, &r))
		return false;
	if (says(&r, STARTING) && (s->span.end == LOG_POS_NONE || same_thread(s, &r))) {
		note_start(s, &r);
		return true;
	}
	if (!says(&r, COMPLETED))
		return false;
	if (s->span.end == LOG_POS_NONE) {
		note_end(s, &r);
		return false;
	}
	/* Two ends of one thread in a row: the start of the later one is not in the log. */
	return same_thread(s, &r);
}

enum walk_result update_search_step(struct update_search *s, int64_t budget_us, struct update_span *out)
{
	log_pos pos;
	enum walk_result result;

	while ((result = walk_step(s->walk, budget_us, &pos)) == WALK_FOUND) {
		if (look_at(s, pos)) {
			*out = s->span;
			return WALK_FOUND;
		}
	}
	if (result == WALK_END && s->span.end != LOG_POS_NONE) {
		*out = s->span;
		return WALK_FOUND;
	}
	return result;
}
