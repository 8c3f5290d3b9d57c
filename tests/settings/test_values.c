/* The table of settings: what is allowed, what is refused, and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/bypass.h"
#include "settings/settings.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static void every_row_has_a_good_default_and_a_text(void **state)
{
	(void)state;
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *info = setting_info((enum setting)i);
		struct error err = ERROR_INIT;

		if (!setting_check((enum setting)i, info->default_text, &err))
			fail_msg("%s", err.message);
		assert_int_equal(setting_by_key(info->key), i);
		assert_non_null(strchr(info->key, '.'));
		assert_true(strlen(info->label) > 0 && strlen(info->label) <= 28);
		assert_true(strlen(info->help) > 20);
		assert_int_equal(info->choices != NULL, info->type == SETTING_TYPE_ENUM);
	}
}

struct row {
	enum setting id;
	const char *text;
	bool allowed;
};

static void values_are_allowed_or_refused(void **state)
{
	static const struct row rows[] = {
		{ SETTING_SOURCE_MODE, "web", true },
		{ SETTING_SOURCE_MODE, "offline", true },
		{ SETTING_SOURCE_MODE, "we", false },
		{ SETTING_SOURCE_MODE, "web|offline", false },
		{ SETTING_SOURCE_MODE, "", false },
		{ SETTING_SOURCE_MODE, "WEB", false },
		{ SETTING_SOURCE_FEED_URL, "https://h", true },
		{ SETTING_SOURCE_FEED_URL, "HTTPS://h.example:8443/a/b.xml?x=1", true },
		{ SETTING_SOURCE_FEED_URL, "https://10.0.0.1/a", true },
		{ SETTING_SOURCE_FEED_URL, "https://[2001:db8::1]:443/a", true },
		{ SETTING_SOURCE_FEED_URL, "", false },
		{ SETTING_SOURCE_FEED_URL, "http://h/a", false },
		{ SETTING_SOURCE_FEED_URL, "ftp://h/a", false },
		{ SETTING_SOURCE_FEED_URL, "h/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://", false },
		{ SETTING_SOURCE_FEED_URL, "https:///a", false },
		{ SETTING_SOURCE_FEED_URL, "https://:443/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://h:/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://h:0/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://h:65536/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://h:4294967739/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://u@h/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://u:p@h/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://h/a b", false },
		{ SETTING_SOURCE_FEED_URL, "https://h/a\nb", false },
		{ SETTING_SOURCE_FEED_URL, "https://h/a#b", false },
		{ SETTING_SOURCE_FEED_URL, "https://h\\evil/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://[::1/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://[10.0.0.1]/a", false },
		{ SETTING_SOURCE_FEED_URL, "https://::1/a", false },
		{ SETTING_SOURCE_FEED_URL, " https://h/a", false },
		{ SETTING_SOURCE_BUNDLE, "", true },
		{ SETTING_SOURCE_BUNDLE, "/var/tmp/posture offline.zip", true },
		{ SETTING_SOURCE_BUNDLE, "sftp://user@h/x.zip", true },
		{ SETTING_SOURCE_BUNDLE, "scp://h:2222/x.zip", true },
		{ SETTING_SOURCE_BUNDLE, "ftp://h/x.zip", true },
		{ SETTING_SOURCE_BUNDLE, "https://h/x.zip", true },
		{ SETTING_SOURCE_BUNDLE, "sftp://user:secret@h/x.zip", false },
		{ SETTING_SOURCE_BUNDLE, "https://user@h/x.zip", false },
		{ SETTING_SOURCE_BUNDLE, "http://h/x.zip", false },
		{ SETTING_SOURCE_BUNDLE, "file:///x.zip", false },
		{ SETTING_SOURCE_BUNDLE, "x.zip", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:00:00", true },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "99:59:59", true },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "100:00:00", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:60:00", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:00:60", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:00", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "10", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "-1:00:00", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:0a:00", false },
		{ SETTING_SCHEDULE_INITIAL_DELAY, "00:00:00 ", false },
		{ SETTING_PROXY_PORT, "1", true },
		{ SETTING_PROXY_PORT, "65535", true },
		{ SETTING_PROXY_PORT, "0", false },
		{ SETTING_PROXY_PORT, "65536", false },
		{ SETTING_PROXY_PORT, "4294967297", false },
		{ SETTING_PROXY_PORT, "18446744073709551617", false },
		{ SETTING_PROXY_PORT, "-1", false },
		{ SETTING_PROXY_PORT, "+1", false },
		{ SETTING_PROXY_PORT, " 1", false },
		{ SETTING_PROXY_PORT, "1 ", false },
		{ SETTING_PROXY_PORT, "8080x", false },
		{ SETTING_PROXY_PORT, "0x50", false },
		{ SETTING_PROXY_PORT, "", false },
		{ SETTING_PROXY_ENABLED, "true", true },
		{ SETTING_PROXY_ENABLED, "off", true },
		{ SETTING_PROXY_ENABLED, "1", false },
		{ SETTING_PROXY_ENABLED, "", false },
		{ SETTING_PROXY_HOST, "", true },
		{ SETTING_PROXY_HOST, "proxy.corp.example", true },
		{ SETTING_PROXY_HOST, "proxy.corp.example.", true },
		{ SETTING_PROXY_HOST, "proxy_1", true },
		{ SETTING_PROXY_HOST, "10.0.0.1", true },
		{ SETTING_PROXY_HOST, "2001:db8::1", true },
		{ SETTING_PROXY_HOST, "b\xC3\xBC" "cher.example", true },
		{ SETTING_PROXY_HOST, "[2001:db8::1]", false },
		{ SETTING_PROXY_HOST, "http://proxy", false },
		{ SETTING_PROXY_HOST, "proxy:3128", false },
		{ SETTING_PROXY_HOST, "user@proxy", false },
		{ SETTING_PROXY_HOST, "proxy/", false },
		{ SETTING_PROXY_HOST, "pro xy", false },
		{ SETTING_PROXY_HOST, "proxy..example", false },
		{ SETTING_PROXY_HOST, ".proxy", false },
		{ SETTING_PROXY_HOST, ".", false },
		{ SETTING_PROXY_HOST, "-proxy", false },
		{ SETTING_PROXY_HOST, "10.0.0.256", false },
		{ SETTING_PROXY_HOST, "010.0.0.1", false },
		{ SETTING_PROXY_HOST, "127.1", false },
		{ SETTING_PROXY_HOST, "0x7f000001", false },
		{ SETTING_PROXY_HOST, "\xC3", false },
		{ SETTING_PROXY_USER, "CORP\\svc-ise", true },
		{ SETTING_PROXY_USER, "svc@corp.example", true },
		{ SETTING_PROXY_USER, "a:b", false },
		{ SETTING_PROXY_USER, "a\r\nb", false },
		{ SETTING_PROXY_BYPASS, "", true },
		{ SETTING_PROXY_BYPASS, "  ", true },
		{ SETTING_PROXY_BYPASS, "a, *.b , .c,10.0.0.0/8,::1,*", true },
		{ SETTING_PROXY_BYPASS, "a,,b", false },
		{ SETTING_PROXY_BYPASS, "a,", false },
		{ SETTING_PROXY_BYPASS, "a b", false },
		{ SETTING_TIME_SERVERS, "ntp1.example, 10.0.0.1", true },
		{ SETTING_TIME_SERVERS, "ntp1.example:123, [2001:db8::1]:123, 2001:db8::1", true },
		{ SETTING_TIME_SERVERS, "ntp1.example:0", false },
		{ SETTING_TIME_SERVERS, "ntp1.example:65536", false },
		{ SETTING_TIME_SERVERS, "[ntp1.example]:123", false },
		{ SETTING_TIME_SERVERS, "[10.0.0.1]:123", false },
		{ SETTING_TIME_SERVERS, "ntp1.example:", false },
		{ SETTING_TIME_SERVERS, "http://ntp1.example", false },
		{ SETTING_STORE_KEEP, "2", true },
		{ SETTING_STORE_KEEP, "1", false },
		{ SETTING_STORE_KEEP, "101", false },
		{ SETTING_DOWNLOAD_PARALLEL, "17", false },
		{ SETTING_LOG_FILE, "/var/log/x", true },
		{ SETTING_LOG_FILE, "x", false },
		{ SETTING_LOG_FILE, "", false },
		{ SETTING_HOOK_AFTER_COMMIT, "/bin/true", true },
		{ SETTING_UI_THEME, "pink", false },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const char *key = setting_info(rows[i].id)->key;
		struct error err = ERROR_INIT;

		if (setting_check(rows[i].id, rows[i].text, &err) != rows[i].allowed)
			fail_msg("%s = \"%s\": %s", key, rows[i].text, rows[i].allowed ? err.message : "was allowed");
		if (!rows[i].allowed) {
			assert_int_equal(error_exit_code(&err), EXIT_CONFIG);
			assert_ptr_equal(strstr(err.message, key), err.message);
			assert_true(err.next[0] != '\0');
		}
	}
}

static void a_refusal_says_what_is_allowed(void **state)
{
	static const struct { enum setting id; const char *text, *message; } rows[] = {
		{ SETTING_PROXY_PORT, "99999", "proxy.port: 99999 is not allowed; a number from 1 to 65535" },
		{ SETTING_PROXY_PORT, "", "proxy.port: \"\" is not allowed; a number from 1 to 65535" },
		{ SETTING_SOURCE_MODE, "x", "source.mode: \"x\" is not allowed; one of web, offline" },
		{ SETTING_UI_MOUSE, "x", "ui.mouse: \"x\" is not allowed; true or false" },
		{ SETTING_SCHEDULE_JITTER, "x", "schedule.jitter: \"x\" is not allowed; hours, minutes and seconds as \"HH:MM:SS\", "
						"from 00:00:00 to 24:00:00" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct error err = ERROR_INIT;

		assert_false(setting_check(rows[i].id, rows[i].text, &err));
		assert_string_equal(err.message, rows[i].message);
	}
}

static void a_refusal_never_repeats_a_password(void **state)
{
	static const struct { enum setting id; const char *text; } rows[] = {
		{ SETTING_SOURCE_FEED_URL, "https://me:secret@h/a" },
		{ SETTING_SOURCE_BUNDLE, "sftp://me:secret@h/a" },
		{ SETTING_PROXY_HOST, "http://me:secret@h:3128" },
		{ SETTING_PROXY_HOST, "me:secret@h" },
		{ SETTING_PROXY_HOST, "me:secret@more@h" },
		{ SETTING_PROXY_BYPASS, "a, me:secret@h" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct error err = ERROR_INIT;

		assert_false(setting_check(rows[i].id, rows[i].text, &err));
		assert_null(strstr(err.message, "secret"));
		assert_null(strstr(err.next, "secret"));
	}
}

static void a_slip_of_the_pen_is_recognised(void **state)
{
	static const struct { const char *key; enum setting nearest; } rows[] = {
		{ "proxy.prot", SETTING_PROXY_PORT },
		{ "proxy.hosts", SETTING_PROXY_HOST },
		{ "Proxy.Host", SETTING_PROXY_HOST },
		{ "schedule.every_hour", SETTING_SCHEDULE_EVERY_HOURS },
		{ "port", SETTING_PROXY_PORT },
		{ "feed_url", SETTING_SOURCE_FEED_URL },
		{ "quite.something.else.altogether", SETTING_COUNT },
		{ "xyzzyplugh", SETTING_COUNT },
		{ "", SETTING_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		assert_int_equal(setting_by_key(rows[i].key), SETTING_COUNT);
		assert_int_equal(setting_nearest(rows[i].key), rows[i].nearest);
	}
}

static void lists_keep_their_items(void **state)
{
	const char *const items[] = { "/bin/echo", "a,b", "", "two\nlines", "\"quoted\\\"" };
	struct buffer text = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	struct settings *s;

	(void)state;
	assert_true(settings_load("/nonexistent/console.conf", &s, &err));
	assert_true(settings_set_list(s, SETTING_HOOK_AFTER_COMMIT, items, N(items), &err));
	assert_int_equal(settings_list_size(s, SETTING_HOOK_AFTER_COMMIT), N(items));
	for (size_t i = 0; i < N(items); i++)
		assert_string_equal(settings_list_item(s, SETTING_HOOK_AFTER_COMMIT, i), items[i]);
	assert_null(settings_list_item(s, SETTING_HOOK_AFTER_COMMIT, N(items)));
	assert_false(settings_set_list(s, SETTING_HOOK_AFTER_COMMIT, (const char *const[]){ "", "x" }, 2, &err));
	assert_false(settings_set_list(s, SETTING_PROXY_PORT, items, 1, &err));
	assert_true(settings_set(s, SETTING_PROXY_BYPASS, " a , .b ", &err));
	settings_text(s, SETTING_PROXY_BYPASS, &text);
	assert_string_equal(buffer_text(&text), "a, .b");
	assert_true(settings_set(s, SETTING_PROXY_BYPASS, NULL, &err));
	assert_int_equal(settings_list_size(s, SETTING_PROXY_BYPASS), 0);
	buffer_clear(&text);
	settings_free(s);
}

static void a_list_has_an_end(void **state)
{
	struct buffer text = BUFFER_INIT(10000);
	struct error err = ERROR_INIT;

	(void)state;
	for (int i = 0; i < 256; i++)
		buffer_printf(&text, "%sh%d", i > 0 ? "," : "", i);
	assert_true(setting_check(SETTING_PROXY_BYPASS, buffer_text(&text), &err));
	buffer_puts(&text, ",more");
	assert_false(setting_check(SETTING_PROXY_BYPASS, buffer_text(&text), &err));
	assert_non_null(strstr(err.message, "at most 256"));
	buffer_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_good_default_and_a_text),
		cmocka_unit_test(values_are_allowed_or_refused),
		cmocka_unit_test(a_refusal_says_what_is_allowed),
		cmocka_unit_test(a_refusal_never_repeats_a_password),
		cmocka_unit_test(a_slip_of_the_pen_is_recognised),
		cmocka_unit_test(lists_keep_their_items),
		cmocka_unit_test(a_list_has_an_end),
	};

	return cmocka_run_group_tests_name("settings: values", tests, NULL, NULL);
}
