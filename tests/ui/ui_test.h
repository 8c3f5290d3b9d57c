/* ui_test.h - the real console in this process, on a screen that is no terminal: keys are typed, cells are read back. No
 * sleeps: what takes time is waited for.
 */
#ifndef PC_TESTS_UI_TEST_H
#define PC_TESTS_UI_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "../ui/app.h"

#define UI_TEST_ROWS 128
#define UI_TEST_TEXT 4096

struct ui_test {
	struct app *app;
	struct ui_options options;
	struct ui_fixture fixture;
	bool colorless;			/* as with NO_COLOR or --no-color */
	bool ended;			/* the console has ended */
};

/* Starts it. `work` holds c.conf and state/. Size such as 24, 80. False: `reason` says why (size bytes). */
bool ui_test_start(struct ui_test *t, const char *work, int rows, int cols, char *reason, size_t size);
void ui_test_end(struct ui_test *t);
/* Types "2 Tab \"some text\" C-k x": names of keys, single characters, texts in quotes. False: a word is no key. */
bool ui_test_keys(struct ui_test *t, const char *keys);
/* Draws what is there now, and takes what has happened meanwhile. */
void ui_test_turn(struct ui_test *t, int wait_ms);
/* The screen as text, one line a row, without the spaces at the ends. */
void ui_test_screen(struct ui_test *t, struct buffer *out);

#endif
