/* From bytes to keys: every dialect is understood, everything else is swallowed whole. And what a frame's bytes become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ui/edit.h"
#include "../ui/frame.h"
#include "../ui/key.h"
#include "../ui/keymap.h"
#include "../ui/keyparse.h"

/* The keys that bytes become, as names with spaces between; Esc is given out at the end. */
static void names_of(const char *bytes, size_t n, bool utf8, char *out, size_t size)
{
	struct keyparse k;
	size_t len = 0;

	keyparse_init(&k, utf8);
	out[0] = '\0';
	for (size_t i = 0; i <= n; i++) {
		int key = i < n ? keyparse_byte(&k, (unsigned char)bytes[i], 1000) : keyparse_late(&k, 1200);
		char name[16];

		if (key == KEYS_NONE)
			continue;
		if (key == KEYS_PASTE_START || key == KEYS_PASTE_END)
			snprintf(name, sizeof(name), key == KEYS_PASTE_START ? "<paste" : "paste>");
		else if (key == KEYS_MOUSE)
			snprintf(name, sizeof(name), "@%d,%d%s", k.mouse.row, k.mouse.col, k.mouse.wheel < 0 ? "u" : k.mouse.wheel > 0 ? "d" : "");
		else
			key_text_name(key, name, sizeof(name));
		len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", name);
	}
	assert_false(keyparse_pending(&k));
}

struct bytes_case { const char *bytes, *want; };

static void check_all(const struct bytes_case *cases, size_t n, bool utf8)
{
	char got[512];

	for (size_t i = 0; i < n; i++) {
		names_of(cases[i].bytes, strlen(cases[i].bytes), utf8, got, sizeof(got));
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: \"%s\" became \"%s\", wanted \"%s\"", i, cases[i].bytes + 1, got, cases[i].want);
	}
}

static void every_dialect_is_understood(void **state)
{
	static const struct bytes_case cases[] = {
		{ "\033[A", "Up" }, { "\033OA", "Up" }, { "\033[1;5A", "Up" }, { "\033O5A", "Up" }, { "\x9b""A", "Up" }, { "\x8f""A", "Up" },
		{ "\033[5~", "PgUp" }, { "\033[6~", "PgDn" }, { "\033[I", "PgUp" }, { "\033[G", "PgDn" }, { "\033[5;2~", "PgUp" },
		{ "\033[5^", "PgUp" }, { "\033[5@", "PgUp" }, { "\033[H", "Home" }, { "\033OH", "Home" }, { "\033[1~", "Home" },
		{ "\033[7~", "Home" }, { "\033[F", "End" }, { "\033OF", "End" }, { "\033[4~", "End" }, { "\033[8~", "End" },
		{ "\033[Z", "S-Tab" }, { "\033[2~", "Ins" }, { "\033[L", "Ins" }, { "\033[3~", "Del" }, { "\033OP", "F1" },
		{ "\033[11~", "F1" }, { "\033[[A", "F1" }, { "\033[28~", "F1" }, { "\033[1;2P", "F1" }, { "\033[[E", "F5" },
		{ "\033[15~", "F5" }, { "\033[17~", "F6" }, { "\033[21~", "F10" }, { "\033[23~", "F11" }, { "\033[24~", "F12" },
		{ "\033OM", "Enter" }, { "\033Oq", "1" }, { "\033[97;5u", "C-a" }, { "\033[27u", "Esc" }, { "\033[9;2u", "S-Tab" },
		{ "\033", "Esc" }, { "\033\033", "Esc" }, { "\177", "Backspace" }, { "\r", "Enter" }, { "ab", "a b" }, { "\xc3\xa9", "\xc3\xa9" },
		{ "\xe4\xb8\xad", "\xe4\xb8\xad" }, { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, { "\033[200~x\033[201~", "<paste x paste>" },
		{ "\033[<0;5;4M", "@3,4" }, { "\033[<65;5;4M", "@3,4d" }, { "\033[<64;5;4M", "@3,4u" }, { "\033[M %$", "@3,4" },
	};

	(void)state;
	check_all(cases, sizeof(cases) / sizeof(cases[0]), true);
}

static void unknown_sequences_are_swallowed_whole(void **state)
{
	static const struct bytes_case cases[] = {
		{ "\033[?1;2cx", "x" }, { "\033[>0;276;0cx", "x" }, { "\033[12;40Rx", "x" }, { "\033[?2026;1$yx", "x" },
		{ "\033]11;rgb:0/0/0\007x", "x" }, { "\033]52;c;cQ==\033\\x", "x" }, { "\033P1$r0m\033\\x", "x" }, { "\033_q\033\\x", "x" },
		{ "\033qx", "x" }, { "\033[25~x", "x" }, { "\033[1;5xx", "x" }, { "\033(Bx", "x" }, { "\033[1;2;3 qx", "x" },
		{ "\033[<35;5;5Mx", "x" }, { "\033[<0;5;5mx", "x" }, { "\033\033[Ax", "x" }, { "\xff\xfex", "x" }, { "\xc3x", "x" },
		{ "\033[\033[A", "Up" }, { "\033[1\001x", "x" }, { "\033[99999999999999999999~x", "x" }, { "\xed\xa0\x80x", "x" },
	};

	(void)state;
	check_all(cases, sizeof(cases) / sizeof(cases[0]), true);
}

/* On a slow line Esc is given out before the rest of its sequence comes. */
static void a_late_tail_is_no_text(void **state)
{
	struct keyparse k;

	(void)state;
	keyparse_init(&k, true);
	assert_int_equal(keyparse_byte(&k, 27, 1000), KEYS_NONE);
	assert_int_equal(keyparse_late(&k, 1100), KEYS_ESC);
	assert_int_equal(keyparse_byte(&k, '[', 1200), KEYS_NONE);
	assert_int_equal(keyparse_byte(&k, 'B', 1210), KEYS_NONE);
	assert_int_equal(keyparse_byte(&k, 'B', 1220), 'B');
	assert_int_equal(keyparse_byte(&k, 27, 3000), KEYS_NONE);
	assert_int_equal(keyparse_late(&k, 3100), KEYS_ESC);
	assert_int_equal(keyparse_byte(&k, '[', 4000), '[');
}

static void any_bytes_leave_it_usable(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct keyparse k;

		keyparse_init(&k, round % 2 == 0);
		for (int i = 0; i < 200; i++) {
			seed = seed * 1103515245u + 12345u;
			keyparse_byte(&k, (unsigned char)(seed >> 16), 1000);
		}
		keyparse_late(&k, 9000);
		assert_int_equal(keyparse_byte(&k, 'x', 20000), 'x');
	}
}

static void names_and_keys_are_each_other(void **state)
{
	char name[16];

	(void)state;
	for (int key = 1; key < KEYS_F12; key = key == 126 ? KEYS_FIRST : key + 1) {
		if (key == 9 || key == 13 || key == 27 || key == 127 || key == ' ' || (key > 26 && key < ' '))
			continue;
		key_text_name(key, name, sizeof(name));
		assert_int_equal(key_by_name(name, strlen(name)), key);
	}
	assert_int_equal(key_by_name("C-i", 3), KEYS_NONE);
	assert_int_equal(key_by_name("Alt-x", 5), KEYS_NONE);
}

/* --- editing -------------------------------------------------------------------------------------------------------------- */

static void type(struct edit *e, const char *text)
{
	for (; *text != '\0'; text++)
		edit_insert(e, (unsigned char)*text);
}

static void emacs_keys_edit_a_line(void **state)
{
	static struct edit e;

	(void)state;
	edit_start(&e, "https://host/path", false);
	edit_action(&e, ACTION_EDIT_CUT_WORD);
	assert_string_equal(e.text, "https://host/");
	edit_action(&e, ACTION_EDIT_HOME);
	edit_action(&e, ACTION_EDIT_YANK);
	assert_string_equal(e.text, "pathhttps://host/");
	edit_action(&e, ACTION_EDIT_CUT_BEFORE);
	edit_action(&e, ACTION_EDIT_RIGHT);
	edit_action(&e, ACTION_EDIT_DELETE);
	assert_string_equal(e.text, "htps://host/");
	edit_action(&e, ACTION_EDIT_CUT_AFTER);
	type(&e, "x\001\033");
	assert_string_equal(e.text, "hx");
	edit_insert(&e, 0x4e2d);
	edit_insert(&e, 0xe9);
	edit_action(&e, ACTION_EDIT_LEFT);
	edit_action(&e, ACTION_EDIT_RUB_OUT);
	assert_string_equal(e.text, "hx\xc3\xa9");
	assert_false(edit_action(&e, ACTION_EDIT_ACCEPT));
	edit_clear(&e);
}

static void a_line_has_a_limit(void **state)
{
	static struct edit e;

	(void)state;
	edit_start(&e, "", false);
	for (int i = 0; i < EDIT_MAX + 100; i++)
		edit_insert(&e, 'x');
	assert_int_equal(e.len, EDIT_MAX);
	edit_insert(&e, 0x1f600);
	assert_int_equal(strlen(e.text), EDIT_MAX);
	edit_clear(&e);
}

static void what_is_shown_holds_the_cursor(void **state)
{
	static struct edit e;
	int cursor = 0;

	(void)state;
	edit_start(&e, "a \xe4\xb8\xad\xe6\x96\x87 text that is longer than its room", false);
	for (size_t i = 0; i < 60; i++) {
		struct buffer out = BUFFER_INIT(1000);

		edit_show(&e, 10, false, &out, &cursor);
		assert_in_range(cursor, 0, 9);
		edit_action(&e, i < 40 ? ACTION_EDIT_LEFT : ACTION_EDIT_RIGHT);
		buffer_clear(&out);
	}
	edit_clear(&e);
}

static void a_password_is_not_shown_and_not_kept(void **state)
{
	static struct edit e;
	struct buffer out = BUFFER_INIT(1000);
	int cursor = 0;

	(void)state;
	edit_start(&e, "", true);
	type(&e, "secret");
	edit_show(&e, 20, true, &out, &cursor);
	assert_string_equal(buffer_text(&out), "******");
	assert_int_equal(cursor, 6);
	edit_action(&e, ACTION_EDIT_CUT_BEFORE);
	assert_string_equal(e.cut, "");
	type(&e, "secret");
	edit_clear(&e);
	for (size_t i = 0; i < sizeof(e); i++)
		assert_int_equal(((const unsigned char *)&e)[i], 0);
	buffer_clear(&out);
}

/* --- the keymap file --------------------------------------------------------------------------------------------------------- */

static bool load(const char *text, struct error *err)
{
	char path[] = "/tmp/pc-keymap-XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	error_clear(err);
	ok = keymap_load(path, err);
	unlink(path);
	return ok;
}

static void a_keymap_file_changes_bindings(void **state)
{
	struct error err = ERROR_INIT;
	char name[16];

	(void)state;
	assert_true(load("# mine\n\nbind roll-back F8 R\nunbind quit\n", &err));
	assert_int_equal(keymap_action(SCOPE_UPDATE, KEYS_F8), ACTION_ROLLBACK);
	assert_int_equal(keymap_action(SCOPE_GLOBAL, 'q'), ACTION_NONE);
	assert_string_equal(keymap_key_name(ACTION_ROLLBACK, name, sizeof(name)), "F8");
	assert_string_equal(keymap_key_name(ACTION_QUIT, name, sizeof(name)), "");
	assert_true(keymap_load("/nonexistent/keymap", &err));
	assert_int_equal(keymap_action(SCOPE_GLOBAL, 'q'), ACTION_QUIT);
}

/* What stands behind msgid "# keys of this language..." in a catalogue, its lines joined. */
static bool language_keys(const char *path, char *dst, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	bool found = false, done = false;
	size_t n = 0;

	assert_non_null(f);
	while (!done && fgets(line, sizeof(line), f) != NULL) {
		const char *at = strchr(line, '"');

		if (!found) {
			found = strncmp(line, "msgid \"# keys of this language", 30) == 0;
			continue;
		}
		done = at == NULL;
		for (at = at != NULL ? at + 1 : ""; *at != '\0' && *at != '"' && n + 1 < size; at++) {
			dst[n++] = at[0] == '\\' && at[1] == 'n' ? '\n' : *at;
			at += at[0] == '\\';
		}
	}
	dst[n] = '\0';
	fclose(f);
	return found;
}

static void every_language_has_keys_that_can_be_bound(void **state)
{
	static const struct { const char *language; int yes; } rows[] = {
		{ "de", 'j' }, { "fr", 'o' }, { "es", 's' }, { "ja", 'y' }, { "zh_CN", 'y' },
	};
	const char *top = getenv("top_srcdir");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[PATH_MAX], lines[4096];
		struct error err = ERROR_INIT;

		snprintf(path, sizeof(path), "%s/po/%s.po", top != NULL ? top : ".", rows[i].language);
		assert_true(language_keys(path, lines, sizeof(lines)));
		keymap_reset();
		if (!keymap_take(rows[i].language, lines, &err))
			fail_msg("%s", err.message);
		assert_int_equal(keymap_action(SCOPE_ASK, rows[i].yes), ACTION_YES);
		assert_int_equal(keymap_action(SCOPE_ASK, 'y'), ACTION_YES);
		assert_int_equal(keymap_action(SCOPE_ASK, 'n'), ACTION_NO);
	}
	keymap_reset();
}

static void a_bad_line_of_a_keymap_is_named(void **state)
{
	static const struct { const char *text, *line, *what, *next; } cases[] = {
		{ "bind quit q\nbnd quit q\n", ":2:", "bnd", "bind ACTION KEY" },
		{ "bind nothing x\n", ":1:", "nothing", "list of all keys" },
		{ "\n\nbind quit Alt-x\n", ":3:", "Alt-x", "C-a to C-z" },
		{ "bind quit\n", ":1:", "bind", "bind ACTION KEY" },
		{ "bind quit ?\n", "keymap", "\"help\"", "unbind" },
		{ "bind quit a b c d e f g h\n", ":1:", "h", "up to 7" },
	};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(load(cases[i].text, &err));
		assert_non_null(strstr(err.message, cases[i].line));
		assert_non_null(strstr(err.message, cases[i].what));
		assert_non_null(strstr(err.next, cases[i].next));
		assert_int_equal(keymap_action(SCOPE_GLOBAL, 'q'), ACTION_QUIT);
	}
}

/* --- frames -------------------------------------------------------------------------------------------------------------------- */

static void check_frame(struct frame_state *s, const char *bytes, const char *want)
{
	struct buffer out = BUFFER_INIT(4096);

	frame_shorten(s, bytes, strlen(bytes), 24, 4, 9, &out);
	assert_string_equal(buffer_text(&out), want);
	buffer_clear(&out);
}

static void a_region_stays_for_line_after_line(void **state)
{
	struct frame_state s = { 0 };

	(void)state;
	check_frame(&s, "\033[19;23r\033[23;1H\n\033[1;24r\033[23;1Hone\033[5;10H", "\033[19;23r\033[23;1H\none\033[5;10H");
	check_frame(&s, "\033[19;23r\033[23;1H\n\033[1;24r\033[23;1Htwo\033[5;10H", "\033[23;1H\ntwo\033[5;10H");
	check_frame(&s, "", "");
	/* The cursor is in the region's last row already. */
	check_frame(&s, "\0337\033[5;10r\0338\r\n\033[1;24r\033[9;3H  \r\033[10dx\033[80Gy\033[10;3H",
		    "\0337\033[5;10r\0338\r\n\033[9;3H  \r\033[10dx\033[80Gy\033[10;3H");
	check_frame(&s, "\0337\033[5;10r\0338\r\n\033[1;24r\033[9;3H  \r\033[10dz\033[10;3H",
		    "\r\n\033[9;3H  \r\033[10dz\033[10;3H");
	/* Another region, and anything that could move relative to the region's edges. */
	check_frame(&s, "\033[2;9r\033[9;1H\n\033[1;24r\033[9;1Hx\033[5;10H", "\033[2;9r\033[9;1H\nx\033[5;10H");
	check_frame(&s, "\033[2;9r\033[9;1H\n\033[1;24r\033[9;1Hx\r\n", "\033[r\033[5;10H\033[2;9r\033[9;1H\n\033[1;24r\033[9;1Hx\r\n");
	assert_false(s.held);
	check_frame(&s, "plain", "plain");
	check_frame(&s, "\033[2;9r\033[9;1H\n\033[1;20r\033[9;1Hx", "\033[2;9r\033[9;1H\n\033[1;20r\033[9;1Hx");
	assert_false(s.held);
}

static void what_is_said_already_is_left_out(void **state)
{
	static const struct { bool one_set; const char *bytes, *want; } cases[] = {
		{ false, "a\xe2\x94\x80\xe2\x94", "a\xe2\x94\x80\xe2\x94" },
		/* another character set */
		{ true, "\033[39m\033(B\033[mx\033(By", "xy" }, { false, "\033(Bx", "\033(Bx" }, { false, "\033(0q\033(B", "\033(0q\033(B" },
		/* attributes: in one sequence, the shorter way, and only where something is seen of them */
		{ true, "\033[0;1m\033[31mx\033[m", "\033[1;31mx\033[m" }, { true, "\033[36mx\033[39my", "\033[36mx\033[my" },
		{ true, "\033[1mx\033[0;1m\033[36my\033[m", "\033[1mx\033[36my\033[m" },
		{ true, "\033[0;7mx\033[m\033[36my\033[m", "\033[7mx\033[0;36my\033[m" },
		{ true, "\033[36mx\033[m    \033[36my\033[m", "\033[36mx    y\033[m" }, { true, "\033[36m    \033[m", "    " },
		{ true, "\033[0;7m  \033[m ", "\033[7m  \033[m " }, { true, "\033[7mx\033[m\033[K", "\033[7mx\033[m\033[K" },
		{ true, "\033[4;1mx\033[24my\033[m", "\033[1;4mx\033[0;1my\033[m" },
		/* one that is not followed stands as it is */
		{ true, "\033[38;5;9mx\033[my", "\033[38;5;9mx\033[my" }, { true, "\033[0;10;1mx\033[m", "\033[0;10;1mx\033[m" },
		/* moves */
		{ true, "\033[5;1Hx\033[15;11Hy", "\033[5Hx\033[15;11Hy" }, { true, "\033[r\033[5;10H\033[1;1Hx", "\033[r\033[1Hx" },
		{ true, "\033[5;10H", "\033[5;10H" },
		/* what is not whole */
		{ true, "\033", "\033" }, { true, "\033[", "\033[" }, { true, "\033[39", "\033[39" }, { true, "\033[39m", "" }, { true, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_squeeze s = { .plain = true, .one_set = cases[i].one_set };
		struct buffer out = BUFFER_INIT(4096);

		frame_squeeze(&s, cases[i].bytes, strlen(cases[i].bytes), &out);
		assert_string_equal(buffer_text(&out), cases[i].want);
		buffer_clear(&out);
	}
}

/* Before the first frame, and after something else wrote there. */
static void what_was_found_is_not_trusted(void **state)
{
	struct frame_squeeze s = { .one_set = true };
	struct buffer out = BUFFER_INIT(4096);

	(void)state;
	frame_squeeze(&s, "\033[mx\033[1my", 9, &out);
	assert_string_equal(buffer_text(&out), "\033[mx\033[1my\033[m");
	buffer_reset(&out);
	frame_squeeze(&s, "\033[mx", 4, &out);
	assert_string_equal(buffer_text(&out), "x");
	buffer_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dialect_is_understood),
		cmocka_unit_test(unknown_sequences_are_swallowed_whole),
		cmocka_unit_test(a_late_tail_is_no_text),
		cmocka_unit_test(any_bytes_leave_it_usable),
		cmocka_unit_test(names_and_keys_are_each_other),
		cmocka_unit_test(emacs_keys_edit_a_line),
		cmocka_unit_test(a_line_has_a_limit),
		cmocka_unit_test(what_is_shown_holds_the_cursor),
		cmocka_unit_test(a_password_is_not_shown_and_not_kept),
		cmocka_unit_test(a_keymap_file_changes_bindings),
		cmocka_unit_test(every_language_has_keys_that_can_be_bound),
		cmocka_unit_test(a_bad_line_of_a_keymap_is_named),
		cmocka_unit_test(a_region_stays_for_line_after_line),
		cmocka_unit_test(what_is_said_already_is_left_out),
		cmocka_unit_test(what_was_found_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
