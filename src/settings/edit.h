/* edit.h - changes single values of a libconfig text, and leaves comments, order, unknown keys and @include as they are.
 *
 * libconfig itself can only write a whole file anew, without its comments, with included files copied in, and with
 * floating-point numbers cut to a few digits. */
#ifndef PC_SETTINGS_EDIT_H
#define PC_SETTINGS_EDIT_H

#include <stdbool.h>

#include "base/buffer.h"

/* Sets "group.name" to a literal as it stands in a file ("8080", "\"a\"", "[ ]"); NULL removes it. The group, and the key
 * in it, are added where they are missing. `text` is replaced. False when memory ran out, or the text is not understood;
 * then it is as it was. The caller parses the result: it is only as good as the text was. */
bool edit_set(struct buffer *text, const char *key, const char *literal);

#endif
