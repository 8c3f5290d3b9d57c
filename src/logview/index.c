#include "logview/index.h"

#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
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

/* The time of a header line of the minute that is known. */
static int64_t time_in_minute(const struct index *index, const char *line)
{
	return index->minute_ms + ((line[17] - '0') * 10 + (line[18] - '0')) * SECOND_MS + (line[20] - '0') * 100 +
	       (line[21] - '0') * 10 + (line[22] - '0');
}

static bool in_minute(const struct index *index, const char *line)
{
	return memcmp(index->minute, line, sizeof(index->minute)) == 0;
}

/* Learns the minute of a header line. False when it has no time. */
static bool learn_minute(struct index *index, const char *line, size_t n)
{
	struct stamp stamp;

	stamp_parse(line, n, &stamp);
	if (stamp.ms == STAMP_NONE)
		return false;
	memcpy(index->minute, line, sizeof(index->minute));
	index->minute_ms = stamp.ms - ((line[17] - '0') * 10 + (line[18] - '0')) * SECOND_MS - stamp.ms % SECOND_MS;
	return true;
}

/* Enters `records` of these levels, all of the minute that starts at `ms`, or without a time. */
static bool enter(struct index *index, struct histogram *histogram, int64_t offset, int64_t ms, uint32_t records,
		  const uint32_t levels[RECORD_LEVEL_COUNT])
{
	struct index_block *b = blocks_at(&index->blocks, offset);
	uint32_t errors = levels[RECORD_LEVEL_ERROR] + levels[RECORD_LEVEL_FATAL] + levels[RECORD_LEVEL_OFF];

	if (b == NULL)
		return false;
	b->records += records;
	b->warnings += levels[RECORD_LEVEL_WARN];
	b->errors += errors;
	if (ms != STAMP_NONE) {
		int64_t last = ms + MINUTE_MS - 1;

		b->min_ms = b->timed == 0 || ms < b->min_ms ? ms : b->min_ms;
		b->max_ms = b->timed == 0 || last > b->max_ms ? last : b->max_ms;
		b->timed += records;
	}
	index->records += records;
	for (size_t level = 0; level < RECORD_LEVEL_COUNT; level++)
		index->levels[level] += levels[level];
	return histogram_add(histogram, ms, records, levels[RECORD_LEVEL_WARN], errors);
}

static bool end_run(struct index *index, struct histogram *histogram)
{
	const struct index_run run = index->run;

	index->run = (struct index_run){ 0 };
	return run.records == 0 || enter(index, histogram, run.offset, index->minute_ms, run.records, run.levels);
}

/* A record that is not of the run. */
static bool begin_run(struct index *index, struct histogram *histogram, const char *line, size_t n, bool is_record,
		      int64_t offset)
{
	enum record_level level = is_record ? record_level(line, n) : RECORD_LEVEL_NONE;
	uint32_t levels[RECORD_LEVEL_COUNT] = { [RECORD_LEVEL_NONE] = 0 };

	if (!end_run(index, histogram))
		return false;
	if (!is_record || (!in_minute(index, line) && !learn_minute(index, line, n))) {
		levels[level] = 1;
		return enter(index, histogram, offset, STAMP_NONE, 1, levels);
	}
	index->run.records = 1;
	index->run.levels[level] = 1;
	index->run.offset = offset;
	index->run.block_end = blocks_start(&index->blocks, offset) + blocks_size(&index->blocks);
	return true;
}

/* A line whose start is here, `n` bytes to the end of what is here. */
static bool enter_line(struct index *index, struct histogram *histogram, const char *line, size_t n, int64_t offset)
{
	bool is_record = record_is_start(line, n);

	/* What stands before the first record is one too. */
	if (!is_record && index->started)
		return true;
	index->last = offset;
	if (is_record && index->run.records > 0 && offset < index->run.block_end && in_minute(index, line)) {
		index->run.records++;
		index->run.levels[record_level(line, n)]++;
		return true;
	}
	return begin_run(index, histogram, line, n, is_record, offset);
}

size_t index_add(struct index *index, struct histogram *histogram, const char *buf, size_t n, bool last, bool *ok)
{
	const char *p = buf, *limit = buf + n, *timed = NULL;

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
			if (index->run.records > 0 && index->last == index->at + (p - buf))
				timed = p;
		}
		index->in_line = newline == NULL;
		p = newline != NULL ? newline + 1 : limit;
	}
	if (timed != NULL)
		index->newest_ms = time_in_minute(index, timed);
	*ok = end_run(index, histogram) && *ok;
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
