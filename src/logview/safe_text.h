/* safe_text.h - pieces of the log made safe for a terminal or a file: text_sanitise() line by line.
 *
 * Newlines and tabs stay; a CR in front of a newline is dropped; everything else that is not plain text is shown.
 */
#ifndef PC_LOGVIEW_SAFE_TEXT_H
#define PC_LOGVIEW_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define SAFE_TEXT_GROWTH 4		/* it becomes at most so many times as long */

/* Appends n bytes in safe form. Unless `last`, a character or line end that is cut at the end is left for the next piece.
 * Returns the bytes used. */
size_t safe_text_lines(struct buffer *out, const char *text, size_t n, bool last);

#endif
