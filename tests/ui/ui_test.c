#include "ui_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ui/key.h"
#include <unistd.h>

#include "../ui/term.h"
#include "base/text.h"

bool ui_test_start(struct ui_test *t, const char *work, int rows, int cols, char *reason, size_t size)
{
	static char config[4096], state[4096], program[4096];
	const char *build = getenv("top_builddir");
	struct error err = ERROR_INIT;

	snprintf(config, sizeof(config), "%s/c.conf", work);
	snprintf(state, sizeof(state), "%s/state", work);
	/* A stand-in that a script has put there says what the script wants to be heard. */
	snprintf(program, sizeof(program), "%s/program", work);
	if (access(program, X_OK) != 0)
		snprintf(program, sizeof(program), "%s/posture-console", build != NULL ? build : ".");
	t->fixture.rows = rows;
	t->fixture.cols = cols;
	if (t->fixture.term == NULL)
		t->fixture.term = "xterm-256color";
	t->fixture.in = fopen("/dev/null", "r");
	t->fixture.out = fopen("/dev/null", "w");
	t->fixture.node = "ise-pan-01";
	t->fixture.clock = "14:31 UTC";
	t->options.config_path = config;
	t->options.state_dir = state;
	t->options.program = program;
	t->options.color = !t->colorless;
	t->options.fixture = &t->fixture;
	t->ended = false;
	t->app = t->fixture.in != NULL && t->fixture.out != NULL ? app_open(&t->options, &err) : NULL;
	if (t->app == NULL)
		snprintf(reason, size, "%s", err.message);
	return t->app != NULL;
}

void ui_test_end(struct ui_test *t)
{
	if (t->app != NULL)
		app_close(t->app);
	t->app = NULL;
	if (t->fixture.in != NULL)
		fclose(t->fixture.in);
	if (t->fixture.out != NULL)
		fclose(t->fixture.out);
	t->fixture.in = t->fixture.out = NULL;
}

void ui_test_turn(struct ui_test *t, int wait_ms)
{
	if (!t->ended && !app_turn(t->app, wait_ms))
		t->ended = true;
	if (!t->ended)
		app_draw_now(t->app);
}

static void type_text(struct ui_test *t, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = text_utf8_decode(text + i, n - i, &cp);

		app_key(t->app, len > 0 ? (int)cp : '?');
		i += len > 0 ? len : 1;
	}
}

bool ui_test_keys(struct ui_test *t, const char *keys)
{
	while (*keys != '\0') {
		size_t len = strcspn(keys, " ");
		int key;

		if (*keys == '"') {
			len = strcspn(keys + 1, "\"");
			type_text(t, keys + 1, len);
			len += keys[len + 1] == '"' ? 2 : 1;
		} else if (len > 0) {
			key = key_by_name(keys, len);
			if (key == KEYS_NONE)
				return false;
			app_key(t->app, key);
		}
		keys += len;
		keys += strspn(keys, " ");
	}
	ui_test_turn(t, 0);
	return true;
}

void ui_test_screen(struct ui_test *t, struct buffer *out)
{
	char row[UI_TEST_TEXT];

	for (int i = 0; !t->ended && i < term_rows(); i++) {
		term_row_text(i, row, sizeof(row));
		buffer_printf(out, "%s\n", row);
	}
}
