/* Records: the time stamps, the header grammar, where a record starts and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logview/lines.h"
#include "logview/record.h"

static const char *text_of(struct slice s, char *dst, size_t size)
{
	snprintf(dst, size, "%.*s", (int)s.n, s.p != NULL ? s.p : "");
	return dst;
}

static void a_header_is_taken_apart(void **state)
{
	/* The first lines are those of real logs; what follows is made up. Columns: line, stamp, level, thread, logger,
	 * session, user, operation, message. */
	static const struct { const char *line, *time, *level, *thread, *logger, *session, *user, *operation, *message; }
	rows[] = {
		{ "2025-03-13 13:58:07,246 INFO [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager "
		  "-::admin:::- Starting opswat download", "2025-03-13 13:58:07,246", "INFO", "admin-http-pool5",
		  "cisco.cpm.posture.download.DownloadManager", "", "admin", "", "Starting opswat download" },
		{ "2025-03-13 13:58:07,251 INFO [admin-http-pool5][[]]", "2025-03-13 13:58:07,251", "INFO",
		  "admin-http-pool5", "", "", "", "", "" },
		{ "2026-08-17 18:10:45,187 INFO  [admin-http-pool32][[]] cisco.cpm.posture.token.PostureTokenFactory "
		  "-::admin::deleteCertFromStore:- SwissListener - Listened to TrustCertificate delete",
		  "2026-08-17 18:10:45,187", "INFO", "admin-http-pool32", "cisco.cpm.posture.token.PostureTokenFactory",
		  "", "admin", "deleteCertFromStore", "SwissListener - Listened to TrustCertificate delete" },
		{ "2026-08-12 00:00:00,071 INFO  [thread][[mdc]] logger.Class -:sess::::- message",
		  "2026-08-12 00:00:00,071", "INFO", "thread", "logger.Class", "sess", "", "", "message" },
		{ "2026-07-01 00:02:37.362 +00:00 WARN [t 1][[]] a.B -:::::- x", "2026-07-01 00:02:37,362", "WARN",
		  "t 1", "a.B", "", "", "", "x" },
		{ "2025-03-13 13:58:07,246 ERROR [Container[Engine[Catalina]]][[]] a.B -:::::- x\r\n",
		  "2025-03-13 13:58:07,246", "ERROR", "Container[Engine[Catalina]]", "a.B", "", "", "", "x" },
		{ "2025-03-13 13:58:07,246 ERROR [odd]name[][[]] a.B -:::::- x", "2025-03-13 13:58:07,246", "ERROR",
		  "odd]name[", "a.B", "", "", "", "x" },
		{ "2025-03-13 13:58:07,246 WARN  [t][[]] a.B -::3C:5A:B4:0F:11:20::Posture:- x",
		  "2025-03-13 13:58:07,246", "WARN", "t", "a.B", "", "", "", "x" },
		{ "2025-03-13 13:58:07,246 INFO [t][[]] a.B - plain layout", "2025-03-13 13:58:07,246", "INFO", "t",
		  "a.B", "", "", "", "plain layout" },
		{ "2025-03-13 13:58:07,246 INFO [t][[]] a.B -:::::-", "2025-03-13 13:58:07,246", "INFO", "t", "a.B", "",
		  "", "", "" },
		{ "2025-03-13 13:58:07,246 INFO [cut here", "2025-03-13 13:58:07,246", "INFO", "cut here", "", "", "",
		  "", "" },
		{ "2025-03-13 13:58:07,246 INFORMATION x", "2025-03-13 13:58:07,246", "", "", "", "", "", "",
		  "INFORMATION x" },
		{ "2025-03-13 13:58:07,246 no level at all", "2025-03-13 13:58:07,246", "", "", "", "", "", "",
		  "no level at all" },
		{ "2025-13-99 25:61:07,246 INFO [t][[]] a.B -:::::- no such day", "-", "INFO", "t", "a.B", "", "", "",
		  "no such day" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r;
		char buf[300];

		print_message("%s\n", rows[i].line);
		assert_true(record_parse(rows[i].line, strlen(rows[i].line), &r));
		assert_string_equal(stamp_text(buf, r.time.ms), rows[i].time);
		assert_string_equal(record_level_name(r.level), rows[i].level);
		assert_int_equal(record_level(rows[i].line, strlen(rows[i].line)), r.level);
		/* As the index asks: with all that follows. */
		snprintf(buf, sizeof(buf), "%s\n\tat a.B", rows[i].line);
		assert_int_equal(record_level(buf, strlen(buf)), r.level);
		assert_string_equal(text_of(r.thread, buf, sizeof(buf)), rows[i].thread);
		assert_string_equal(text_of(r.logger, buf, sizeof(buf)), rows[i].logger);
		assert_string_equal(text_of(r.session, buf, sizeof(buf)), rows[i].session);
		assert_string_equal(text_of(r.user, buf, sizeof(buf)), rows[i].user);
		assert_string_equal(text_of(r.operation, buf, sizeof(buf)), rows[i].operation);
		assert_string_equal(text_of(r.message, buf, sizeof(buf)), rows[i].message);
	}
}

static void any_cut_of_a_header_is_read_safely(void **state)
{
	static const char line[] = "2026-07-01 00:02:37.362 +00:00 WARN [a[b]][[m]] a.B -:s:u:x:op:- x";

	(void)state;
	for (size_t n = 0; n < sizeof(line); n++) {
		char *copy = malloc(n + 1);	/* exact, so that a sanitizer sees a byte too many */
		struct record r;

		memcpy(copy, line, n);
		assert_int_equal(record_parse(copy, n, &r), n >= RECORD_START_MIN);
		free(copy);
	}
}

static void continuation_lines_are_told_from_headers(void **state)
{
	static const struct { const char *line; bool start; } rows[] = {
		{ "2025-03-13 13:58:07,246 INFO", true },
		{ "2025-03-13 13:58:07.246 +02:00 INFO", true },
		{ "2025-03-13 13:58:07,246", false },		/* nothing behind it */
		{ "2025-03-13 13:58:07,246 \nnext line of the trace", false },
		{ "2025-03-13 13:58:07,246INFO [t][[]]", false },
		{ "2025-03-13T13:58:07,246 INFO [t][[]]", false },
		{ "2025-03-1313:58:07,246 INFO [t][[]] x", false },
		{ "x025-03-13 13:58:07,246 INFO [t][[]]", false },
		{ "2025-03-13 13:58:07,24x INFO [t][[]]", false },
		{ "\tat java.lang.Thread.run(Thread.java:748)", false },
		{ "Caused by: java.net.ConnectException", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(record_is_start(rows[i].line, strlen(rows[i].line)), rows[i].start);
}

#define H1 "2025-03-13 13:58:07,246 INFO  [t][[]] a.B -:::::- one\n"
#define T1 "java.lang.X: y\n\tat a.b(C.java:1)\nCaused by: z\n"
#define H2 "2025-03-13 13:58:07,250 WARN  [t][[]] a.B -:::::- two\n"

static void records_are_found_in_both_directions(void **state)
{
	static const char text[] = H1 T1 H2;
	const size_t n = sizeof(text) - 1, second = sizeof(H1 T1) - 1;

	(void)state;
	for (size_t at = 0; at < n; at++) {
		assert_int_equal(lines_next_record(text, n, at), at < second ? second : n);
		assert_int_equal(lines_record_of(text, n, at), at < second ? 0 : second);
	}
	/* The start of a header that is not whole yet is not one. */
	assert_int_equal(lines_next_record(text, second + 10, 0), second + 10);
	assert_int_equal(lines_count(text, n), 5);
}

static void newlines_are_counted_at_any_length(void **state)
{
	char text[300];
	size_t expected = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		assert_int_equal(lines_count(text, n), expected);
		text[n] = n % 7 == 3 ? '\n' : 'x';
		expected += text[n] == '\n';
	}
}

static void only_plain_text_is_called_plain(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[10] = '\n';
	text[20] = '\t';
	assert_true(lines_are_plain(text, sizeof(text)));
	for (size_t at = 0; at < sizeof(text); at += 371) {
		static const char bad[] = { '\0', '\x1b', '\r', '\x7f', '\x80', '\xff' };

		for (size_t k = 0; k < sizeof(bad); k++) {
			char saved = text[at];

			text[at] = bad[k];
			assert_false(lines_are_plain(text, sizeof(text)));
			text[at] = saved;
		}
	}
}

static void times_are_read_as_people_type_them(void **state)
{
	/* The newest record: 2025-03-13 14:24:50,803. */
	static const struct { const char *text, *time; } rows[] = {
		{ "14:03", "2025-03-13 14:03:00,000" },
		{ "9:30", "2025-03-13 09:30:00,000" },
		{ "14:03:07,250", "2025-03-13 14:03:07,250" },
		{ "23:00", "2025-03-12 23:00:00,000" },		/* not in the future */
		{ "2025-03-12", "2025-03-12 00:00:00,000" },
		{ "2025-03-12 01:02", "2025-03-12 01:02:00,000" },
		{ "2025-03-12T01:02:03.5", "2025-03-12 01:02:03,500" },
		{ "2025-03-12T01:02:03Z", "2025-03-12 01:02:03,000" },
		{ "2025-03-12T01:02:03+02:00", "2025-03-11 23:02:03,000" },
		{ "-15m", "2025-03-13 14:09:50,803" },
		{ "15min", "2025-03-13 14:09:50,803" },
		{ "2h ago", "2025-03-13 12:24:50,803" },
		{ "1d", "2025-03-12 14:24:50,803" },
		{ "today", "2025-03-13 00:00:00,000" },
		{ "yesterday", "2025-03-12 00:00:00,000" },
		{ "2024-02-29", "2024-02-29 00:00:00,000" },
		{ "2025-02-29", NULL }, { "25:00", NULL }, { "12", NULL }, { "15x", NULL }, { "", NULL },
		{ "2025-03-12 1", NULL }, { "tomorrow", NULL }, { "2025-03-12T01:02:03Zz", NULL }, { "-", NULL },
	};
	int64_t newest = stamp_days(2025, 3, 13) * 86400000 + INT64_C(51890803);

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		char text[STAMP_TEXT_MAX];
		int64_t ms = 0;

		print_message("%s\n", rows[i].text);
		assert_int_equal(stamp_parse_when(rows[i].text, newest, &ms, &err), rows[i].time != NULL);
		if (rows[i].time != NULL)
			assert_string_equal(stamp_text(text, ms), rows[i].time);
		else
			assert_int_equal(err.exit_code, EXIT_USAGE);
	}
}

static void a_stamp_becomes_utc_for_programs(void **state)
{
	struct stamp stamp;
	char text[STAMP_TEXT_MAX];

	(void)state;
	stamp_parse("2026-07-01 00:02:37.362 +02:00 INFO", 35, &stamp);
	assert_string_equal(stamp_rfc3339(text, &stamp), "2026-06-30T22:02:37.362Z");
	/* Without a zone it is this machine's local time, summer time included. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	stamp_parse("2025-03-13 13:58:07,246 INFO", 28, &stamp);
	assert_string_equal(stamp_rfc3339(text, &stamp), "2025-03-13T12:58:07.246Z");
	stamp_parse("2025-07-13 13:58:07,246 INFO", 28, &stamp);
	assert_string_equal(stamp_rfc3339(text, &stamp), "2025-07-13T11:58:07.246Z");
	setenv("TZ", "UTC", 1);
	tzset();
}

static void durations_read_like_speech(void **state)
{
	static const struct { int64_t ms; const char *text; } rows[] = {
		{ 800, "0.8 s" }, { 59999, "59 s" }, { 1603557, "26 min 43 s" }, { 3720000, "1 h 2 min" }, { -1, "-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[STAMP_TEXT_MAX];

		assert_string_equal(stamp_duration(text, rows[i].ms), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_taken_apart),
		cmocka_unit_test(any_cut_of_a_header_is_read_safely),
		cmocka_unit_test(continuation_lines_are_told_from_headers),
		cmocka_unit_test(records_are_found_in_both_directions),
		cmocka_unit_test(newlines_are_counted_at_any_length),
		cmocka_unit_test(only_plain_text_is_called_plain),
		cmocka_unit_test(times_are_read_as_people_type_them),
		cmocka_unit_test(a_stamp_becomes_utc_for_programs),
		cmocka_unit_test(durations_read_like_speech),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
