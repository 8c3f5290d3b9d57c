/* keyparse.h - from the bytes that a terminal sends to keys, whatever TERM says: every known form of the keys of key.h is
 * understood, and every other sequence (CSI, SS3, OSC, DCS, a key with Alt) is swallowed whole. No curses.
 */
#ifndef PC_UI_KEYPARSE_H
#define PC_UI_KEYPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key.h"

enum keyparse_state {
	KEYPARSE_GROUND, KEYPARSE_UTF8, KEYPARSE_ESC, KEYPARSE_CSI, KEYPARSE_CSI_LINUX, KEYPARSE_SS3, KEYPARSE_STRING,
	KEYPARSE_STRING_ESC, KEYPARSE_MOUSE
};

struct keyparse {
	enum keyparse_state state;
	bool utf8;			/* characters come as UTF-8; otherwise one byte each */
	bool meta;			/* Esc came twice: what follows was typed with Alt */
	char seq[64];			/* what came of the sequence */
	size_t len, want;
	int64_t escaped_ms;		/* when a lone Esc was given out */
	struct { int row, col, wheel; } mouse;	/* of KEYS_MOUSE: wheel -1 up, 1 down, 0 a press */
};

#define KEYPARSE_ESC_MS 100		/* what comes later than this after Esc is no part of its sequence */

void keyparse_init(struct keyparse *k, bool utf8);
/* Takes a byte that came at `now_ms` (monotonic). The key that it completes, or KEYS_NONE. */
int keyparse_byte(struct keyparse *k, unsigned char byte, int64_t now_ms);
/* Is something half way? Then call keyparse_late() when nothing more came for KEYPARSE_ESC_MS. */
bool keyparse_pending(const struct keyparse *k);
/* Nothing more came: Esc was Esc; a sequence without an end is dropped. */
int keyparse_late(struct keyparse *k, int64_t now_ms);

#endif
