/* reader.h - the records of a source one after the other, each once: what a command prints.
 *
 * Records that pass the filter come whole where that is possible. While the source is followed, the newest record may not
 * be whole yet: it comes as far as it is there, and its further lines come as pieces when they are written. So do the
 * pieces of a record that is too large for the window.
 */
#ifndef PC_LOGVIEW_READER_H
#define PC_LOGVIEW_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logview/filter.h"
#include "logview/source.h"

struct reader_piece {
	const struct segment *seg;
	int64_t record;			/* where its record starts; equal to `start` for the first piece */
	int64_t start;
	const char *text;
	size_t n;
	uint64_t line;			/* number of its first line in the segment, from 1; 0 when not counted */
};

struct reader_calls {
	/* false: stop. */
	bool (*piece)(void *data, const struct reader_piece *piece);
	/* The reader has come to the end of `before` (may be NULL) and goes on with `seg`. May be NULL. */
	void (*joint)(void *data, const struct segment *before, const struct segment *seg);
	void *data;
};

struct reader;

/* Reads `source` (borrowed) through `filter` (borrowed, ready). `follow`: the newest record is delivered when nothing was
 * added to it for a moment; otherwise when it is whole or the source has ended. `patient`: it is never delivered earlier,
 * in parts. `lines`: lines are counted. NULL: out of memory. */
struct reader *reader_new(struct source *source, struct filter *filter, bool follow, bool patient, bool lines,
			  const struct reader_calls *calls);
void reader_free(struct reader *r);

/* Starts at this place: what is before it is not read. */
void reader_start_at(struct reader *r, log_pos pos);

/* Starts with the last n records that pass. */
bool reader_start_at_last(struct reader *r, size_t n, struct error *err);

/* Reads what is there. READER_WAIT: all of it was read; READER_STALE: the source has to look; READER_STOPPED: a call asked
 * for it. */
enum reader_result { READER_WAIT, READER_AGAIN, READER_STALE, READER_STOPPED, READER_FAILED };
enum reader_result reader_step(struct reader *r, struct error *err);

/* How long to wait at most before the next reader_step(), in milliseconds; -1: for ever. */
int reader_timeout_ms(const struct reader *r);

#endif
