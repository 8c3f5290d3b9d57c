#include "logview/overlap.h"

#include <string.h>

#include "logview/lines.h"
#include "logview/record.h"

#define GLANCE 64			/* bytes that tell most lines apart */
#define WORK_MAX ((size_t)1 << 30)

void overlap_begin(struct overlap *o)
{
	overlap_clear(o);
	o->shown = (struct buffer)BUFFER_INIT(OVERLAP_MAX);
	o->held = (struct buffer)BUFFER_INIT(2 * OVERLAP_MAX);
	o->work = WORK_MAX;
	o->waits = true;
}

size_t overlap_shown(struct overlap *o, const char *text, size_t n)
{
	const char *newline = n > 0 ? memrchr(text, '\n', n) : NULL;
	size_t lines = newline != NULL ? (size_t)(newline - text) + 1 : 0;

	return lines > 0 && buffer_append(&o->shown, text, lines) ? lines : 0;
}

/* Does the line at `at`, and what follows it, hold a record's time? */
static bool has_record(const struct overlap *o, size_t at)
{
	const char *text = buffer_text(&o->shown);

	return record_is_start(text + at, o->shown.len - at) || lines_next_record(text, o->shown.len, at) < o->shown.len;
}

/* Is what is held the same as what begins at `at`, as far as both go? */
static bool is_same(struct overlap *o, size_t at, size_t n)
{
	const char *shown = buffer_text(&o->shown) + at, *held = buffer_text(&o->held);
	size_t first = n < GLANCE ? n : GLANCE;

	if (memcmp(shown, held, first) != 0)
		return false;
	o->work -= n < o->work ? n : o->work;
	return o->work > 0 && memcmp(shown + first, held + first, n - first) == 0;
}

/* Goes to the next line at which it is. `ends`: to one at which all that was shown comes to its end, for nothing more will be
 * held. */
static void find(struct overlap *o, bool ends)
{
	const char *shown = buffer_text(&o->shown), *newline;

	while (o->at < o->shown.len) {
		size_t left = o->shown.len - o->at, n = o->held.len < left ? o->held.len : left;

		if ((!ends || n == left) && is_same(o, o->at, n) && has_record(o, o->at))
			return;
		newline = o->work > 0 ? memchr(shown + o->at, '\n', left) : NULL;
		o->at = newline != NULL ? (size_t)(newline - shown) + 1 : o->shown.len;
	}
}

bool overlap_take(struct overlap *o, const char *text, size_t n)
{
	if (!buffer_append(&o->held, text, n))
		return false;
	find(o, false);
	o->waits = o->held.len < o->shown.len - o->at;
	return true;
}

bool overlap_waits(const struct overlap *o)
{
	return o->waits;
}

void overlap_settle(struct overlap *o)
{
	find(o, true);
	o->waits = false;
}

const char *overlap_rest(const struct overlap *o, size_t *n)
{
	size_t known = o->shown.len - o->at;

	*n = o->held.len - known;
	return buffer_text(&o->held) + known;
}

void overlap_clear(struct overlap *o)
{
	buffer_clear(&o->shown);
	buffer_clear(&o->held);
	o->at = 0;
	o->waits = false;
}
