/* What leaves this machine holds no secret, in whatever notation it stands; and prose stays readable. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/redact.h"

#define SECRET "hunter2-Zx9"

static void lines_lose_their_secret(void **state)
{
	static const char *const lines[] = {
		"Authorization: Basic " SECRET,
		"  > Proxy-Authorization: Digest username=\"u\", response=\"" SECRET "\"",
		"[{\"Authorization\": \"Bearer " SECRET "\"}]",
		"Cookie: a=1; JSESSIONID=" SECRET,
		"< Set-Cookie: id=" SECRET "; Path=/",
		"X-Auth-Token: " SECRET,
		"x-api-key=" SECRET,
		"GET https://user:" SECRET "@host.example/path HTTP/1.1",
		"proxy http://corp%5Cuser:" SECRET "@proxy:3128/ failed",
		"sftp://joe:pa/" SECRET "@10.0.0.1/x.zip",
		"https://" SECRET "@host/",
		"aWordOfMoreThanThirtyLettersBeforeTheSchemehttp://joe:" SECRET "@host/",
		"see...http://joe:" SECRET "@host/",
		"first_password_and_secret.token-of.the_session=" SECRET,
		"password=" SECRET,
		"password = '" SECRET "'",
		"Password: two words " SECRET,
		"PGPASSWORD=" SECRET " psql",
		"proxy_password => \"" SECRET "\"",
		"{\"client_secret\":\"" SECRET "\",\"a\":1}",
		"client_secret=\"esc\\\"aped " SECRET "\" x",
		"GET /feed?access_token=" SECRET "&version=1",
		"apiKey: " SECRET ",",
		"<soap:Password Type=\"text\">" SECRET "</soap:Password>",
		"curl -u admin:" SECRET " https://host/",
		"/usr/bin/hook --token " SECRET " --verbose",
		"/usr/bin/hook --api-key=" SECRET,
		"tried bearer hunterAz" SECRET " twice",
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." SECRET,
		"ghp_0123456789abcdefghij0123456789" "abcd ok",
		"-----BEGIN RSA PRIVATE KEY-----" SECRET "-----END RSA PRIVATE KEY-----",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct redactor *r = redactor_new();
		struct buffer out = BUFFER_INIT(65536);

		assert_non_null(r);
		assert_true(redact_text(r, lines[i], strlen(lines[i]), &out));
		if (strstr(buffer_text(&out), SECRET) != NULL || strstr(buffer_text(&out), REDACT_MARK) == NULL ||
		    redactor_count(r) == 0)
			fail_msg("%s\n became %s", lines[i], buffer_text(&out));
		buffer_clear(&out);
		redactor_free(r);
	}
}

static void prose_stays(void **state)
{
	static const char *const lines[] = {
		"The proxy rejected the user name or the password.",
		"407: Basic authentication is offered, login rejected",
		"https://www.cisco.com/web/secure/spa/posture-update.xml",
		"Proxy-Authenticate: Basic realm=\"corp\"",
		"2025-03-13 13:58:07,246 INFO  [update-1234][[]] posture.console.update.Update -::root::update:- Starting opswat download",
		"updates.example:443 connected in 1.2 ms",
		"SHA-256 EF:1D:30:44:B4:09:80:4B:36:70:C3:0D:AF:84:B1:DF",
		"mail to a@example.org",
		"-----BEGIN CERTIFICATE-----",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct redactor *r = redactor_new();
		struct buffer out = BUFFER_INIT(65536);

		assert_true(redact_text(r, lines[i], strlen(lines[i]), &out));
		assert_string_equal(buffer_text(&out), lines[i]);
		buffer_clear(&out);
		redactor_free(r);
	}
}

static void what_is_known_goes_in_every_form(void **state)
{
	static const char secret[] = "s3 c\"r<e&t/+";
	static const char *const forms[] = {
		"plain s3 c\"r<e&t/+ here", "encoded s3%20c%22r%3Ce%26t%2F%2B", "lower s3%20c%22r%3ce%26t%2f%2b",
		"json \"s3 c\\\"r<e&t/+\"", "xml s3 c&quot;r&lt;e&amp;t/+", "login c3ZjOnMzIGMicjxlJnQvKw",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct redactor *r = redactor_new();
		struct buffer out = BUFFER_INIT(65536);

		assert_true(redactor_add(r, "svc", secret));
		assert_true(redact_text(r, forms[i], strlen(forms[i]), &out));
		if (strstr(buffer_text(&out), REDACT_MARK) == NULL)
			fail_msg("%s\n became %s", forms[i], buffer_text(&out));
		buffer_clear(&out);
		redactor_free(r);
	}
}

static void a_private_key_of_many_lines_goes_whole(void **state)
{
	static const char text[] = "before\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n" SECRET "\n-----END PRIVATE KEY-----\nafter\n"
				   "Authorization: Basic\n " SECRET "\nlast";
	struct redactor *r = redactor_new();
	struct buffer out = BUFFER_INIT(65536);

	(void)state;
	assert_true(redact_text(r, text, sizeof(text) - 1, &out));
	assert_null(strstr(buffer_text(&out), SECRET));
	assert_null(strstr(buffer_text(&out), "MIIE"));
	assert_non_null(strstr(buffer_text(&out), "before\n"));
	assert_non_null(strstr(buffer_text(&out), "after\n"));
	assert_non_null(strstr(buffer_text(&out), "\nlast"));
	buffer_clear(&out);
	redactor_free(r);
}

static void json_stays_json(void **state)
{
	static const char text[] = "{\"summary\":\"http://u:" SECRET "@h/ failed\",\"token\":\"" SECRET "\",\"n\":1,"
				   "\"list\":[\"password=" SECRET "\",null,true]}";
	struct redactor *r = redactor_new();
	json_t *value = json_loads(text, 0, NULL), *clean;
	char *dump;

	(void)state;
	assert_non_null(value);
	clean = redact_json(r, value);
	dump = json_dumps(clean, 0);
	assert_null(strstr(dump, SECRET));
	assert_int_equal(json_integer_value(json_object_get(clean, "n")), 1);
	assert_int_equal(json_array_size(json_object_get(clean, "list")), 3);
	free(dump);
	json_decref(value);
	json_decref(clean);
	redactor_free(r);
}

static void what_cannot_be_examined_is_dropped(void **state)
{
	struct redactor *r = redactor_new();
	struct buffer out = BUFFER_INIT(2u * 1024 * 1024);
	size_t n = 700u * 1024;
	char *line = malloc(n);

	(void)state;
	memset(line, 'a', n);
	memcpy(line + n - strlen(SECRET), SECRET, strlen(SECRET));
	assert_true(redact_text(r, line, n, &out));
	assert_string_equal(buffer_text(&out), REDACT_MARK);
	free(line);
	buffer_clear(&out);
	redactor_free(r);
}

/* A hex dump, a session's key: quadratic work on it took a minute for 32 kB. */
/* The processor's time for a line of `len` bytes that are `odd` in each second place; the password at its end goes. */
static clock_t time_of_line(struct redactor *r, char *line, size_t len, char odd, const char *kept)
{
	static const char end[] = " password=" SECRET;
	struct buffer out = BUFFER_INIT(2 * len);
	clock_t start;

	for (size_t i = 0; i < len; i++)
		line[i] = i % 2 == 1 ? odd : 'x';
	memcpy(line + len - sizeof(end), end, sizeof(end));
	start = clock();
	assert_true(redact_text(r, line, len - 1, &out));
	start = clock() - start;
	assert_null(strstr(buffer_text(&out), SECRET));
	assert_non_null(strstr(buffer_text(&out), kept));
	assert_non_null(strstr(buffer_text(&out), "password=" REDACT_MARK));
	buffer_clear(&out);
	return start;
}

/* Not the square of its length: then it would be thousands of times as long. */
static void a_long_word_takes_no_longer_than_many_short_ones(void **state)
{
	enum { LONG = 200000 };
	char *line = malloc(LONG);
	struct redactor *r = redactor_new();
	clock_t most;

	(void)state;
	assert_non_null(line);
	assert_non_null(r);
	most = 20 * time_of_line(r, line, LONG, ' ', "x x x x x") + CLOCKS_PER_SEC;
	assert_in_range(time_of_line(r, line, LONG, 'x', "xxxxxxxxx"), 0, most);
	assert_in_range(time_of_line(r, line, LONG, '-', "x-x-x-x-x"), 0, most);
	redactor_free(r);
	free(line);
}

/* What becomes of the text; heap. */
static char *redacted(struct redactor *r, const char *text)
{
	struct buffer out = BUFFER_INIT(4u * 1024 * 1024);

	assert_true(redact_text(r, text, strlen(text), &out));
	return buffer_steal(&out);
}

static void becomes(struct redactor *r, const char *text, const char *wanted)
{
	char *out = redacted(r, text);

	assert_string_equal(out, wanted);
	free(out);
}

static void a_short_secret_is_known_as_far_as_it_can_be(void **state)
{
	struct redactor *r = redactor_new();

	(void)state;
	assert_true(redactor_add(r, NULL, "qXz"));
	becomes(r, "it is qXz.", "it is " REDACT_MARK ".");
	/* Shorter than that it would be found in every second word, but not with its user's name. */
	assert_true(redactor_add(r, "operator", "q"));
	becomes(r, "coded b3BlcmF0b3I6cQ by q", "coded " REDACT_MARK " by q");
	assert_true(redactor_add(r, NULL, ""));
	redactor_free(r);
}

static void a_secret_in_an_address_may_be_encoded_only_where_it_must(void **state)
{
	struct redactor *r = redactor_new();

	(void)state;
	assert_true(redactor_add(r, NULL, "a@b c:d"));
	becomes(r, "got a@b%20c:d from there", "got " REDACT_MARK " from there");
	redactor_free(r);
}

static void more_secrets_than_there_is_room_for_are_an_error(void **state)
{
	struct redactor *r = redactor_new();
	bool ok = true;
	int n;

	(void)state;
	for (n = 0; ok && n < 100; n++) {
		char secret[32];

		snprintf(secret, sizeof(secret), "secret-number-%d", n);
		ok = redactor_add(r, "user", secret);
	}
	assert_false(ok);
	redactor_free(r);
}

static void each_is_removed_and_counted(void **state)
{
	struct redactor *r = redactor_new();
	json_t *value = json_pack("{s:s, s:s, s:i}", "password", "x", "name", "y", "n", 1), *clean;

	(void)state;
	assert_true(redactor_add(r, NULL, SECRET));
	becomes(r, SECRET " and " SECRET, REDACT_MARK " and " REDACT_MARK);
	assert_int_equal(redactor_count(r), 2);
	becomes(r, "https://u:p@one/ https://v:q@two/", "https://" REDACT_MARK "@one/ https://" REDACT_MARK "@two/");
	assert_int_equal(redactor_count(r), 4);
	becomes(r, "glpat-0123456789abcdefg, glpat-gfedcba9876543210", REDACT_MARK ", " REDACT_MARK);
	assert_int_equal(redactor_count(r), 6);
	clean = redact_json(r, value);
	assert_int_equal(redactor_count(r), 7);
	json_decref(clean);
	json_decref(value);
	redactor_free(r);
}

static void what_a_text_leaves_open_ends_with_it(void **state)
{
	struct redactor *r = redactor_new();

	(void)state;
	becomes(r, "-----BEGIN PRIVATE KEY-----\nMIIE", REDACT_MARK "\n" REDACT_MARK);
	becomes(r, "plain", "plain");
	becomes(r, "Cookie: a=b\n\trest=" SECRET "\nplain", "Cookie: " REDACT_MARK "\n" REDACT_MARK "\nplain");
	becomes(r, "Cookie: a=b", "Cookie: " REDACT_MARK);
	becomes(r, "\tplain", "\tplain");
	redactor_free(r);
}

static void a_line_that_is_too_long_is_no_secret_s_place(void **state)
{
	enum { LONG = 300 * 1024 };
	struct redactor *r = redactor_new();
	char *line = malloc(LONG + 1);

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		line[i] = i % 8 == 7 ? ' ' : 'w';
	line[LONG] = '\0';
	becomes(r, line, REDACT_MARK);
	free(line);
	redactor_free(r);
}

static void json_loses_what_its_keys_name(void **state)
{
	static const char *const keys[] = { "password", "Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "apiKey" };
	struct redactor *r = redactor_new();
	json_t *value = json_object(), *clean, *large;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(value, keys[i], json_pack("[s, s]", "one", "two"));
	json_object_set_new(value, "cookies", json_string("many"));
	clean = redact_json(r, value);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_string_equal(json_string_value(json_object_get(clean, keys[i])), REDACT_MARK);
	assert_string_equal(json_string_value(json_object_get(clean, "cookies")), "many");
	json_decref(clean);
	json_decref(value);
	/* More than can be looked at is not let through. */
	text = malloc(1500 * 1000 + 1);
	for (size_t i = 0; i < 1500 * 1000; i++)
		text[i] = i % 1000 == 999 ? '\n' : 'w';
	text[1500 * 1000] = '\0';
	large = json_string(text);
	clean = redact_json(r, large);
	assert_string_equal(json_string_value(clean), REDACT_MARK);
	json_decref(clean);
	json_decref(large);
	free(text);
	redactor_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_lose_their_secret), cmocka_unit_test(prose_stays),
		cmocka_unit_test(what_is_known_goes_in_every_form), cmocka_unit_test(a_private_key_of_many_lines_goes_whole),
		cmocka_unit_test(json_stays_json), cmocka_unit_test(what_cannot_be_examined_is_dropped),
		cmocka_unit_test(a_short_secret_is_known_as_far_as_it_can_be),
		cmocka_unit_test(a_secret_in_an_address_may_be_encoded_only_where_it_must),
		cmocka_unit_test(more_secrets_than_there_is_room_for_are_an_error), cmocka_unit_test(each_is_removed_and_counted),
		cmocka_unit_test(what_a_text_leaves_open_ends_with_it),
		cmocka_unit_test(a_line_that_is_too_long_is_no_secret_s_place), cmocka_unit_test(json_loses_what_its_keys_name),
		cmocka_unit_test(a_long_word_takes_no_longer_than_many_short_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
