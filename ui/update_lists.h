/* update_lists.h - past updates and what the last one changed, as text. No curses. */
#ifndef PC_UI_UPDATE_LISTS_H
#define PC_UI_UPDATE_LISTS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* Newest first, a line each. */
bool update_list_history(const char *state_dir, struct buffer *out, struct error *err);
/* Components of the current generation against the previous one. */
bool update_list_changes(const char *state_dir, struct buffer *out, struct error *err);

#endif
