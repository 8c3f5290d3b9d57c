#include "logview/index.h"

#include <string.h>

#define SECOND_MS INT64_C(1000)
/* So much of a line decides what it is: stamp, zone, level. */
#define HEADER_ENOUGH 40

static void merge(void *into, const void *second)
{
	struct index_block *a = into;
	const struct index_block *b = second;

	if (b->timed > 0) {
		a->min_ms = a->timed == 0 || b->min_ms < a->min_ms ? b->min_ms : a->min_ms;
		a->max_ms = a->timed == 0 || b->max_ms > a->max_ms ? b->max_ms : a->max_ms;
	}
	a->records += b->records;
	a->warnings += b->warnings;
	a->errors += b->errors;
	a->timed += b->timed;
}

void index_init(struct index *index)
{
	*index = (struct index){ .last = -1, .newest_ms = STAMP_NONE };
	blocks_init(&index->blocks, sizeof(struct index_block), merge);
}

void index_clear(struct index *index)
{
	blocks_clear(&index->blocks);
	index_init(index);
}

/* The time of a header line. The minute is worked out once for all of its records. */
static int64_t time_of(struct index *index, const char *line, size_t n)
{
	struct stamp stamp;

	if (memcmp(index->minute, line, sizeof(index->minute)) != 0) {
		stamp_parse(line, n, &stamp);
		if (stamp.ms == STAMP_NONE)
			return STAMP_NONE;
		memcpy(index->minute, line, sizeof(index->minute));
		index->minute_ms = stamp.ms - ((line[17] - '0') * 10 + (line[18] - '0')) * SECOND_MS - stamp.ms % SECOND_MS;
	}
	return index->minute_ms + ((line[17] - '0') * 10 + (line[18] - '0')) * SECOND_MS + (line[20] - '0') * 100 +
	       (line[21] - '0') * 10 + (line[22] - '0');
}

static bool enter(struct index *index, struct histogram *histogram, int64_t offset, int64_t ms, enum record_level level)
{
	struct index_block *b = blocks_at(&index->blocks, offset);

	if (b == NULL)
		return false;
	b->records++;
	b->warnings += level == RECORD_LEVEL_WARN;
	b->errors += level >= RECORD_LEVEL_ERROR;
	if (ms != STAMP_NONE) {
		b->min_ms = b->timed == 0 || ms < b->min_ms ? ms : b->min_ms;
		b->max_ms = b->timed == 0 || ms > b->max_ms ? ms : b->max_ms;
		b->timed++;
		index->newest_ms = ms;
	}
	index->last = offset;
	index->records++;
	index->levels[level]++;
	return histogram_add(histogram, ms, level);
}

/* A line whose start is here, `n` bytes to the end of what is here. */
static bool enter_line(struct index *index, struct histogram *histogram, const char *line, size_t n, int64_t offset)
{
	if (record_is_start(line, n))
		return enter(index, histogram, offset, time_of(index, line, n), record_level(line, n));
	/* What stands before the first record is one too. */
	return index->started || enter(index, histogram, offset, STAMP_NONE, RECORD_LEVEL_NONE);
}

size_t index_add(struct index *index, struct histogram *histogram, const char *buf, size_t n, bool last, bool *ok)
{
	const char *p = buf, *limit = buf + n;

	*ok = true;
	while (p < limit) {
		const char *newline = memchr(p, '\n', (size_t)(limit - p));

		if (!index->in_line) {
			size_t here = (size_t)(limit - p);

			/* Not enough of it to tell: next time. */
			if (newline == NULL && here < HEADER_ENOUGH && !last)
				break;
			*ok = enter_line(index, histogram, p, here, index->at + (p - buf));
			if (!*ok)
				break;
			index->started = true;
		}
		index->in_line = newline == NULL;
		p = newline != NULL ? newline + 1 : limit;
	}
	index->at += p - buf;
	return (size_t)(p - buf);
}

bool index_may_pass(const struct index *index, int64_t offset, const struct filter *filter)
{
	const struct index_block *b = blocks_find(&index->blocks, offset);
	int64_t end = blocks_start(&index->blocks, offset) + blocks_size(&index->blocks);

	if (b == NULL || index->at < end)
		return true;
	if (b->records == 0)
		return false;
	if (filter_level_floor(filter) >= RECORD_LEVEL_ERROR && b->errors == 0)
		return false;
	if (filter_level_floor(filter) == RECORD_LEVEL_WARN && b->errors + b->warnings == 0)
		return false;
	if (filter_since_ms(filter) == INT64_MIN && filter_until_ms(filter) == INT64_MAX)
		return true;
	return b->timed > 0 && b->max_ms >= filter_since_ms(filter) && b->min_ms <= filter_until_ms(filter);
}

uint64_t index_records_before(const struct index *index, int64_t offset)
{
	int64_t end = blocks_start(&index->blocks, offset);
	uint64_t sum = 0;

	for (int64_t at = 0; at < end; at += blocks_size(&index->blocks)) {
		const struct index_block *b = blocks_find(&index->blocks, at);

		if (b == NULL)
			break;
		sum += b->records;
	}
	return sum;
}
