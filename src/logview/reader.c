#include "logview/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "logview/lines.h"
#include "logview/scan.h"

#define WINDOW SCAN_WINDOW_BULK
#define SETTLE_MS 100			/* nothing was added for so long: the newest record is taken for whole */
#define UNPACK_US 50000
#define TAIL_FIRST (64 * 1024)		/* searched backwards for the last records, then ever more */
#define TAIL_MOST (INT64_C(16) << 20)

/* How far one segment was read. */
struct cursor {
	int64_t at;			/* everything before was delivered or did not pass */
	int64_t record;			/* the record that `at` is in (it passed), or `at` itself */
	bool line_start;		/* a line starts at `at` */
	bool told;			/* its joint */
	int64_t size, grown_ms;		/* as it was seen last, and since when (monotonic) */
	int64_t judged;			/* size at which the newest record did not pass */
	uint64_t line;			/* number of the line at `at` */
};

struct reader {
	struct source *source;
	struct filter *filter;
	bool follow, patient, lines;
	struct reader_calls calls;
	char *window;
	bool stopped;
	int timeout_ms;
	struct error damage;		/* of a segment that could not be unpacked to its end: told when all else was read */
	struct segment *seg;		/* being read, for the calls */
	struct cursor *cursor;
};

struct reader *reader_new(struct source *source, struct filter *filter, bool follow, bool patient, bool lines,
			  const struct reader_calls *calls)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->window = malloc(WINDOW);
	if (r->window == NULL) {
		free(r);
		return NULL;
	}
	r->source = source;
	r->filter = filter;
	r->follow = follow;
	r->patient = patient;
	r->lines = lines;
	r->calls = *calls;
	return r;
}

void reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	free(r->window);
	free(r);
}

static struct cursor *cursor_of(struct segment *seg)
{
	struct cursor *c = seg->user;

	if (c != NULL)
		return c;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->at = seg->first;
	c->record = seg->first;
	c->line_start = true;
	c->size = -1;
	c->judged = -1;
	c->line = 1;
	seg->user = c;
	seg->user_free = free;
	return c;
}

void reader_start_at(struct reader *r, log_pos pos)
{
	for (size_t i = 0; i < source_count(r->source); i++) {
		struct segment *seg = source_at(r->source, i);
		struct cursor *c = cursor_of(seg);

		if (c == NULL || seg->number > LOG_POS_NUMBER(pos))
			continue;
		c->at = seg->number < LOG_POS_NUMBER(pos) ? seg->size : LOG_POS_OFFSET(pos);
		c->record = c->at;
		c->told = true;
		c->line = 0;
	}
}

/* --- the last records ------------------------------------------------------------------------------------------------ */

struct skip {
	uint64_t left;
	int64_t start;
};

static bool skip_some(void *data, const struct scan_hit *hit)
{
	struct skip *skip = data;

	skip->start = hit->start;
	return skip->left-- > 0;
}

static bool scan_failed(enum scan_result result, const struct segment *seg, struct error *err)
{
	if (result == SCAN_STALE)
		return error_set(err, FINDING_IO_ERROR, _("the log %s was emptied while it was read"), seg->name);
	return error_errno(err, FINDING_IO_ERROR, _("cannot read the log %s"), seg->name);
}

/* Searches a segment backwards. *n counts down to the records still wanted; *pos is the first of them when it gets to 0. */
static bool last_of_segment(struct scan *scan, struct reader *r, struct segment *seg, uint64_t *n, log_pos *pos,
			    struct error *err)
{
	int64_t to = seg->size, stretch = TAIL_FIRST;

	while (to > seg->first && *n > 0) {
		int64_t from = to - stretch > seg->first ? to - stretch : seg->first;
		struct skip skip = { 0 };
		enum scan_result result;

		scan_begin(scan, seg, r->filter, from, to);
		result = scan_step(scan, INT64_MAX, NULL, NULL);
		if (result != SCAN_DONE)
			return scan_failed(result, seg, err);
		if (scan->count >= *n) {
			skip.left = scan->count - *n;
			scan_begin(scan, seg, r->filter, from, to);
			result = scan_step(scan, INT64_MAX, skip_some, &skip);
			if (result != SCAN_STOPPED)
				return scan_failed(result, seg, err);
			*pos = LOG_POS(seg->number, skip.start);
			*n = 0;
			return true;
		}
		*n -= scan->count;
		to = from;
		stretch = stretch * 4 > TAIL_MOST ? TAIL_MOST : stretch * 4;
	}
	return true;
}

bool reader_start_at_last(struct reader *r, size_t n, struct error *err)
{
	uint64_t left = n;
	log_pos pos = LOG_POS_NONE;
	struct scan scan;
	bool ok = true;

	if (source_count(r->source) == 0)
		return true;
	if (n == 0) {
		struct segment *last = source_at(r->source, source_count(r->source) - 1);

		reader_start_at(r, LOG_POS(last->number, last->size));
		return true;
	}
	if (!scan_init(&scan, SCAN_WINDOW))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = source_count(r->source); ok && left > 0 && i-- > 0;)
		ok = last_of_segment(&scan, r, source_at(r->source, i), &left, &pos, err);
	scan_clear(&scan);
	if (ok && left == 0)
		reader_start_at(r, pos);
	return ok;
}

/* --- delivering ------------------------------------------------------------------------------------------------------ */

/* Hands out the piece of the window from `start` to `end`. */
static bool deliver(struct reader *r, size_t start, size_t end, int64_t record, uint64_t line)
{
	const struct reader_piece piece = {
		.seg = r->seg, .record = record, .start = r->cursor->at + (int64_t)start,
		.text = r->window + start, .n = end - start, .line = line,
	};

	if (!r->calls.piece(r->calls.data, &piece))
		r->stopped = true;
	return !r->stopped;
}

/* Moves over n bytes of the window. */
static void move(struct reader *r, size_t n, bool in_record)
{
	struct cursor *c = r->cursor;

	if (n > 0)
		c->line_start = r->window[n - 1] == '\n';
	if (r->lines && c->line > 0)
		c->line += lines_count(r->window, n);
	c->at += (int64_t)n;
	if (!in_record)
		c->record = c->at;
}

struct batch {
	struct reader *reader;
	size_t counted;			/* lines are counted up to here */
	uint64_t line;
};

static bool deliver_hit(void *data, size_t start, size_t end)
{
	struct batch *b = data;
	struct reader *r = b->reader;

	if (b->line > 0) {
		b->line += lines_count(r->window + b->counted, start - b->counted);
		b->counted = start;
	}
	return deliver(r, start, end, r->cursor->at + (int64_t)start, b->line);
}

static void deliver_batch(struct reader *r, size_t whole)
{
	struct batch b = { r, 0, r->lines ? r->cursor->line : 0 };

	filter_scan(r->filter, r->window, whole, deliver_hit, &b);
	move(r, whole, false);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

enum progress { MOVED, NOTHING, STALE, FAILED };

/* Is the newest record taken for whole? Who does not follow waits for the end. */
static bool settled(struct reader *r)
{
	int64_t left = r->cursor->grown_ms + SETTLE_MS - clock_monotonic_ms();

	if (!r->follow)
		return false;
	if (left <= 0)
		return true;
	if (r->timeout_ms < 0 || left < r->timeout_ms)
		r->timeout_ms = (int)left;
	return false;
}

static size_t whole_lines(const char *text, size_t n)
{
	const char *newline = memrchr(text, '\n', n);

	return newline != NULL ? (size_t)(newline - text) + 1 : 0;
}

/* Further lines of a record that passed already. */
static enum progress continue_record(struct reader *r, size_t n, bool at_end, bool closed)
{
	struct cursor *c = r->cursor;
	size_t end;

	if (c->line_start && record_is_start(r->window, n)) {
		c->record = c->at;
		return MOVED;
	}
	end = lines_next_record(r->window, n, 0);
	if (end == n && !at_end)
		end = n - RECORD_START_MIN;	/* a record may start here: the next window shows it */
	else if (end == n && !closed && !settled(r))
		end = whole_lines(r->window, n);
	if (end == 0)
		return NOTHING;
	if (deliver(r, 0, end, c->record, r->lines ? c->line : 0))
		move(r, end, true);
	return MOVED;
}

/* The newest record, as far as it is there. */
static enum progress read_open_record(struct reader *r, size_t n)
{
	struct cursor *c = r->cursor;
	bool is_settled = settled(r);
	size_t end = is_settled ? n : whole_lines(r->window, n);

	if (end == 0 || c->judged == c->size)
		return NOTHING;
	if (!is_settled && (r->patient || filter_may_reject_later(r->filter)))
		return NOTHING;
	if (!filter_match(r->filter, r->window, end)) {
		if (is_settled)
			c->judged = c->size;
		return NOTHING;
	}
	if (deliver(r, 0, end, c->at, r->lines ? c->line : 0))
		move(r, end, true);
	return MOVED;
}

/* A record that is larger than the window: judged as a whole, then delivered in pieces. */
static enum progress read_large_record(struct reader *r, bool closed)
{
	struct cursor *c = r->cursor;
	enum progress progress = MOVED;
	struct scan scan;
	enum scan_result result;
	ssize_t n;

	if (c->judged == c->size || (!closed && !settled(r)))
		return NOTHING;
	if (!scan_init(&scan, WINDOW))
		return FAILED;
	scan_begin(&scan, r->seg, r->filter, c->at, c->at + 1);
	scan.at = c->at;
	scan.aligned = true;
	result = scan_step(&scan, INT64_MAX, NULL, NULL);
	if (result != SCAN_DONE) {
		progress = result == SCAN_STALE ? STALE : FAILED;
	} else if (scan.count > 0) {
		n = segment_read(r->seg, r->window, WINDOW, c->at);
		if (n <= 0)
			progress = n < 0 && errno == ESTALE ? STALE : FAILED;
		else if (deliver(r, 0, (size_t)n - RECORD_START_MIN, c->at, r->lines ? c->line : 0))
			move(r, (size_t)n - RECORD_START_MIN, true);
	} else if (scan.at < r->seg->size || closed) {
		c->at = scan.at;
		c->record = c->at;
		c->line_start = true;
		c->line = 0;
	} else {
		c->judged = c->size;
		progress = NOTHING;
	}
	scan_clear(&scan);
	return progress;
}

/* Reads one window at the cursor. `closed`: nothing more comes. */
static enum progress read_window(struct reader *r, bool closed)
{
	struct cursor *c = r->cursor;
	ssize_t n = segment_read(r->seg, r->window, WINDOW, c->at);
	bool at_end;
	size_t whole;

	if (n < 0)
		return errno == ESTALE ? STALE : FAILED;
	if (n == 0)
		return NOTHING;
	at_end = c->at + n >= r->seg->size;
	if (c->at > c->record)
		return continue_record(r, (size_t)n, at_end, closed);
	whole = at_end && closed ? (size_t)n : lines_record_of(r->window, (size_t)n, (size_t)n - 1);
	if (whole > 0) {
		deliver_batch(r, whole);
		return MOVED;
	}
	if (at_end && n < WINDOW)
		return read_open_record(r, (size_t)n);
	return read_large_record(r, closed);
}

static enum reader_result read_segment(struct reader *r, bool closed, struct error *err)
{
	struct cursor *c = r->cursor;
	enum progress progress;

	if (c->size != r->seg->size) {
		c->size = r->seg->size;
		c->grown_ms = clock_monotonic_ms();
	}
	/* What was kept of an emptied file may start later than where this was. */
	if (c->at < r->seg->first) {
		c->at = r->seg->first;
		c->record = c->at;
	}
	do
		progress = read_window(r, closed);
	while (progress == MOVED && !r->stopped);
	if (r->stopped)
		return READER_STOPPED;
	if (progress == STALE)
		return READER_STALE;
	if (progress == FAILED) {
		error_errno(err, FINDING_IO_ERROR, _("cannot read the log %s"), r->seg->name);
		return READER_FAILED;
	}
	return READER_WAIT;
}

/* What could be unpacked is read all the same. */
static void unpack(struct reader *r)
{
	struct error err = ERROR_INIT;

	switch (segment_unpack_step(r->seg, UNPACK_US, &err)) {
	case UNPACK_FAILED:
		r->damage = err;
		break;
	case UNPACK_CUT:
		error_set(&r->damage, FINDING_NONE, _("the log %s is larger than %lld bytes unpacked"), r->seg->name,
			  (long long)UNPACK_MAX);
		break;
	default:
		break;
	}
}

enum reader_result reader_step(struct reader *r, struct error *err)
{
	size_t count = source_count(r->source);
	bool ended = source_state(r->source) == SOURCE_ENDED;

	r->timeout_ms = -1;
	for (size_t i = 0; i < count; i++) {
		enum reader_result result;

		r->seg = source_at(r->source, i);
		r->cursor = cursor_of(r->seg);
		if (r->cursor == NULL) {
			error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
			return READER_FAILED;
		}
		if (r->seg->unpack != NULL) {
			unpack(r);
			return READER_AGAIN;
		}
		if (!r->cursor->told && r->calls.joint != NULL)
			r->calls.joint(r->calls.data, i > 0 ? source_at(r->source, i - 1) : NULL, r->seg);
		r->cursor->told = true;
		result = read_segment(r, i + 1 < count || ended, err);
		if (result != READER_WAIT)
			return result;
	}
	if (r->damage.message[0] == '\0')
		return READER_WAIT;
	*err = r->damage;
	error_clear(&r->damage);
	return READER_FAILED;
}

int reader_timeout_ms(const struct reader *r)
{
	return r->timeout_ms;
}
