/* overlap.h - knows again what a command that was started again says for the second time: "tail" begins with its last lines.
 *
 * What the new run says is held back as long as it may be the end of what was shown. Only whole lines count, and only where a
 * record with its time is among them: a text without times may well come twice.
 *
 *   overlap_begin(), overlap_shown() for each piece that was shown, oldest first, then overlap_take() until it is settled
 */
#ifndef PC_LOGVIEW_OVERLAP_H
#define PC_LOGVIEW_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define OVERLAP_MAX (4u << 20)		/* of what was shown last that is looked through */

struct overlap {
	struct buffer shown;		/* whole lines */
	struct buffer held;		/* what the new run said so far */
	size_t at;			/* in `shown`: the first line that what is held may be */
	size_t work;			/* bytes that may still be compared: who says the same line for ever is not searched for */
	bool waits;
};

/* Nothing was shown, and nothing is held. */
void overlap_begin(struct overlap *o);
/* Takes the whole lines of a piece, and returns how many bytes that is. What was cut in the middle of a line is not one: it will
 * be said again, whole. */
size_t overlap_shown(struct overlap *o, const char *text, size_t n);

/* Holds more of what the new run says. False when out of memory: then it is not held. */
bool overlap_take(struct overlap *o, const char *text, size_t n);
/* False: it is settled, and overlap_rest() says what is new. */
bool overlap_waits(const struct overlap *o);
/* No more comes: settles it. */
void overlap_settle(struct overlap *o);

/* What is held and was not shown yet, and how much that is. */
const char *overlap_rest(const struct overlap *o, size_t *n);
void overlap_clear(struct overlap *o);

#endif
