/* The base room: what everything stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/text.h"
#include "base/when.h"
#include "base/wrap.h"

static void text_from_outside_is_shown_visibly(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "plain text", "plain text" },
		{ "a\x1b[31mred", "a^[[31mred" },
		{ "tab\there", "tab^Ihere" },
		{ "line\r\nnext", "line^M^Jnext" },
		{ "\x7f", "^?" },
		{ "\xC2\x9B" "31m", "<U+009B>31m" },
		{ "\x9B" "31m", "<9B>31m" },
		{ "\xE2\x80\xAE" "txt.exe", "<U+202E>txt.exe" },
		{ "\xE2\x81\xA6x", "<U+2066>x" },
		{ "\xEF\xBB\xBFx", "<U+FEFF>x" },
		{ "Gr\xC3\xBC\xC3\x9F", "Gr\xC3\xBC\xC3\x9F" },
		{ "\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC" },
		{ "\xC0\xAF", "<C0><AF>" },		/* overlong */
		{ "\xED\xA0\x80", "<ED><A0><80>" },	/* surrogate */
		{ "\xF4\x90\x80\x80", "<F4><90><80><80>" },
		{ "cut\xE2\x80", "cut<E2><80>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer out = BUFFER_INIT(1000);

		text_sanitise(&out, rows[i].in, strlen(rows[i].in));
		assert_string_equal(buffer_text(&out), rows[i].out);
		buffer_clear(&out);
	}
}

static void text_fits_by_columns_not_bytes(void **state)
{
	static const struct { const char *in; size_t cols; const char *out; } rows[] = {
		{ "abc", 5, "abc  " },
		{ "abcdef", 4, "abc\xE2\x80\xA6" },
		{ "\xE6\x97\xA5\xE6\x9C\xAC", 4, "\xE6\x97\xA5\xE6\x9C\xAC" },
		{ "\xE6\x97\xA5\xE6\x9C\xAC", 3, "\xE6\x97\xA5\xE2\x80\xA6" },
		{ "\xE6\x97\xA5\xE6\x9C\xAC", 2, "\xE2\x80\xA6 " },
		{ "e\xCC\x81x", 2, "e\xCC\x81x" },
		{ "abc", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer out = BUFFER_INIT(1000);

		text_fit(&out, rows[i].in, rows[i].cols, true, false);
		assert_string_equal(buffer_text(&out), rows[i].out);
		assert_int_equal(text_width(buffer_text(&out)), rows[i].cols);
		buffer_clear(&out);
	}
}

static void a_url_is_shown_without_its_login(void **state)
{
	char out[200];

	(void)state;
	assert_string_equal(text_url_without_login(out, sizeof(out), "sftp://me:secret@h/x@y"), "sftp://h/x@y");
	assert_string_equal(text_url_without_login(out, sizeof(out), "https://a@b@h:1/p?q"), "https://h:1/p?q");
	assert_string_equal(text_url_without_login(out, sizeof(out), "/path/@x"), "/path/@x");
}

static void a_buffer_never_grows_past_its_maximum(void **state)
{
	struct buffer b = BUFFER_INIT(10);

	(void)state;
	assert_true(buffer_puts(&b, "12345"));
	assert_true(buffer_puts(&b, "67890"));
	assert_false(buffer_putc(&b, 'x'));
	assert_true(b.failed);
	assert_string_equal(buffer_text(&b), "1234567890");
	buffer_clear(&b);
}

static void an_error_carries_its_cause_and_finding(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	errno = ENOSPC;
	assert_false(error_errno(&err, FINDING_IO_ERROR, "cannot write %s", "a"));
	assert_int_equal(err.code, FINDING_DISK_FULL);
	error_wrap(&err, "cannot save");
	assert_string_equal(err.message, "cannot save: cannot write a: No space left on device");
	assert_int_equal(error_exit_code(&err), 74);
	error_usage(&err, "x");
	assert_int_equal(error_exit_code(&err), 2);
}

static void times_are_read_and_written(void **state)
{
	static const struct { const char *text; bool ok; time_t t; } rows[] = {
		{ "1970-01-01T00:00:00Z", true, 0 },
		{ "2026-11-20T08:00:00Z", true, 1795161600 },
		{ "2026-11-20T09:00:00.123+01:00", true, 1795161600 },
		{ "2026-11-20 08:00:00z", true, 1795161600 },
		{ "2026-11-20", false, 0 },
		{ "2026-13-20T08:00:00Z", false, 0 },
		{ "2026-11-20T08:00:00", false, 0 },
		{ "2026-11-20T08:00:00Zx", false, 0 },
		{ "\t027-11-20T08:00:00Z", false, 0 },
		{ "2026-+1-20T08:00:00Z", false, 0 },
		{ "0027-11-20T08:00:00Z", false, 0 },
		{ "2026-11-20T08:00:00+ 1:00", false, 0 },
	};
	char out[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		time_t t = 0;

		assert_int_equal(clock_parse_rfc3339(rows[i].text, &t), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(t, rows[i].t);
	}
	assert_string_equal(clock_rfc3339_ms(out, 1795161600123), "2026-11-20T08:00:00.123Z");
}

static void a_file_is_replaced_whole_and_a_link_is_not_followed(void **state)
{
	char dir[] = "/tmp/pc-base-XXXXXX";
	struct buffer b = BUFFER_INIT(100);
	struct error err = ERROR_INIT;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(symlinkat("/nonexistent", fd, "f"), 0);
	assert_true(file_write_atomic(fd, "f", 0640, "abc", 3, &err));
	assert_int_equal(fstatat(fd, "f", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_true(file_read(fd, "f", &b, &err));
	assert_string_equal(buffer_text(&b), "abc");
	buffer_clear(&b);
	close(fd);
	assert_true(file_remove_tree(AT_FDCWD, dir, &err));
	assert_int_equal(access(dir, F_OK), -1);
}

static void an_event_is_one_line_with_its_time(void **state)
{
	json_t *event = event_new("update.phase", "{s:s}", "phase", "stage");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(event, "event")), "update.phase");
	json_decref(event);
	assert_null(event_parse("[1]", 3));
	assert_null(event_parse("{\"a\":", 5));
}

/* --- lines -------------------------------------------------------------------------------------------------------------------- */

static void lines_are_broken_where_their_language_allows_it(void **state)
{
	static const struct {
		const char *text;
		size_t cols;
		enum wrap_word word;
		const char *line;
	} cases[] = {
		{ "one two three", 9, WRAP_CUT, "one two" },
		{ "one two three", 13, WRAP_CUT, "one two three" },
		{ "   indented text", 13, WRAP_CUT, "   indented" },
		{ "   indentedtext", 10, WRAP_CUT, "   indente" },
		{ "unbreakable", 5, WRAP_CUT, "unbre" },
		{ "unbreakable word", 5, WRAP_WHOLE, "unbreakable" },
		{ "a /long/path/to/it b", 8, WRAP_WHOLE, "a" },
		{ "   外部の名", 8, WRAP_CUT, "   外部" },
		/* a blank far to the left is no better than a break beside a wide character */
		{ "a 外部名名", 9, WRAP_CUT, "a 外部名" },
		/* what closes does not begin a line, what opens does not end one; nor does a small kana begin one */
		{ "外部。名", 5, WRAP_CUT, "外" },
		{ "設定する（値）", 10, WRAP_CUT, "設定する" },
		{ "設定する(値)です", 11, WRAP_CUT, "設定する" },
		{ "確認してください、はい", 16, WRAP_CUT, "確認してくださ" },
		{ "サーバーチェック", 11, WRAP_CUT, "サーバー" },
		{ "外部", 1, WRAP_CUT, "外" },
		{ "外部", 0, WRAP_CUT, "" },
		{ "安全状态更新失败", 9, WRAP_WHOLE, "安全状态" },
		/* a command in the middle is left whole */
		{ "次に posture-console check を実行", 12, WRAP_WHOLE, "次に" },
		{ "実行：posture-console-command-line", 8, WRAP_WHOLE, "実行：" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128];

		snprintf(line, sizeof(line), "%.*s", (int)wrap_length(cases[i].text, cases[i].cols, cases[i].word), cases[i].text);
		assert_string_equal(line, cases[i].line);
	}
}

static void the_widest_text_makes_the_column(void **state)
{
	(void)state;
	assert_int_equal(text_widest(3, "a", "bb"), 3);
	assert_int_equal(text_widest(3, "a", "名前", "bbb"), 4);
	assert_int_equal(text_widest(0, ""), 0);
}

static void a_moment_is_neutral_where_the_locale_is(void **state)
{
	char text[WHEN_TEXT_MAX];

	(void)state;
	assert_string_equal(when_utc(text, 1795444267), "2026-11-23T14:31:07Z");
	assert_string_equal(when_day(text, 1795444267), "2026-11-23");
	setenv("TZ", "UTC-2", 1);
	tzset();
	assert_string_equal(when_here(text, 1795444267), "2026-11-23 16:31:07");
	assert_string_equal(when_here_minute(text, 1795444267), "2026-11-23 16:31");
	unsetenv("TZ");
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_broken_where_their_language_allows_it),
		cmocka_unit_test(the_widest_text_makes_the_column),
		cmocka_unit_test(a_moment_is_neutral_where_the_locale_is),
		cmocka_unit_test(text_from_outside_is_shown_visibly),
		cmocka_unit_test(text_fits_by_columns_not_bytes),
		cmocka_unit_test(a_url_is_shown_without_its_login),
		cmocka_unit_test(a_buffer_never_grows_past_its_maximum),
		cmocka_unit_test(an_error_carries_its_cause_and_finding),
		cmocka_unit_test(times_are_read_and_written),
		cmocka_unit_test(a_file_is_replaced_whole_and_a_link_is_not_followed),
		cmocka_unit_test(an_event_is_one_line_with_its_time),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
