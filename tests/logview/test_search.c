/* Searching: fixed texts one and many, what a regular expression needs, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logview/literal.h"
#include "logview/name.h"
#include "logview/needle.h"
#include "logview/pattern.h"
#include "logview/tokens.h"

/* The search that cannot be wrong. */
static const char *slow_find(const char *hay, size_t size, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= size; i++) {
		size_t k = 0;

		while (k < len && needle_fold((unsigned char)hay[i + k]) == needle_fold((unsigned char)text[k]))
			k++;
		if (k == len)
			return hay + i;
	}
	return NULL;
}

/* Bytes of few kinds, so that near misses are many; deterministic. */
static void fill(char *buf, size_t n, unsigned int seed)
{
	static const char kinds[] = "opswatOPSWAT \nx\x80[{@`";

	srand(seed);
	for (size_t i = 0; i < n; i++)
		buf[i] = kinds[(size_t)rand() % (sizeof(kinds) - 1)];
}

static void a_text_is_found_where_a_slow_search_finds_it(void **state)
{
	static const char *const texts[] = { "o", "op", "pw", "swat", "opswat", "[x", "@", "`{", "opswatopswat", "tap ", "x\n" };

	(void)state;
	for (unsigned int seed = 0; seed < 300; seed++) {
		size_t n = seed % 140;
		char *hay = malloc(n + 1);

		fill(hay, n, seed);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			const char *expected = slow_find(hay, n, texts[i]);
			struct needle needle;

			assert_true(needle_init(&needle, texts[i], strlen(texts[i])));
			assert_ptr_equal(needle_find(&needle, hay, n), expected);
			assert_ptr_equal(needle_find_portable(&needle, hay, n), expected);
			needle_clear(&needle);
		}
		free(hay);
	}
}

static void what_is_not_a_letter_has_no_case(void **state)
{
	struct needle needle;

	(void)state;
	/* '@' and '`', '[' and '{' differ by the bit that makes a letter small. */
	assert_true(needle_init(&needle, "[a]", 3));
	assert_null(needle_find(&needle, "{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}", 45));
	assert_non_null(needle_find(&needle, "{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}[A]{a}", 45));
	needle_clear(&needle);
	assert_false(needle_init(&needle, "", 0));
}

/* With and without AVX2: the same texts as the slow search finds. */
static void assert_any_is_found(const char *const *texts, size_t count)
{
	struct tokens *set = tokens_new(texts, count);

	assert_non_null(set);
	for (int portable = 0; portable < 2; portable++) {
		if (portable)
			tokens_use_portable(set);
		for (unsigned int seed = 0; seed < 600; seed++) {
			size_t n = seed % 200, which = 99;
			char *hay = malloc(n + 1);
			uint64_t present = 0;
			const char *found;

			fill(hay, n, seed);
			for (size_t i = 0; i < count; i++)
				present |= slow_find(hay, n, texts[i]) != NULL ? UINT64_C(1) << i : 0;
			found = tokens_find(set, hay, n, &which);
			assert_int_equal(found != NULL, present != 0);
			if (found != NULL)
				assert_true(strncasecmp(found, texts[which], strlen(texts[which])) == 0);
			assert_int_equal(tokens_present(set, hay, n), present);
			free(hay);
		}
	}
	tokens_free(set);
}

static void any_of_many_texts_is_found(void **state)
{
	static const char *const texts[] = {
		"opswat", "swap", "paw", "top ", "[x`", "tws", "spot", "post", "stop", "wasp", "OPT", "sat",
	};

	(void)state;
	assert_any_is_found(texts, sizeof(texts) / sizeof(texts[0]));
	assert_null(tokens_new((const char *const[]){ "ab" }, 1));
}

/* The longer window, which needs texts of four bytes; and groups that are full. */
static void any_of_as_many_texts_as_there_may_be_is_found(void **state)
{
	static const char letters[] = "opswat ";
	char text[TOKENS_MAX][8];
	const char *texts[TOKENS_MAX];

	(void)state;
	srand(7);
	for (size_t i = 0; i < TOKENS_MAX; i++) {
		size_t len = 4 + i % 3;

		for (size_t k = 0; k < len; k++)
			text[i][k] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		text[i][len] = '\0';
		texts[i] = text[i];
	}
	assert_any_is_found(texts, TOKENS_MAX);
}

static void literals_of_an_expression_are_what_it_needs(void **state)
{
	static const struct { const char *regex, *first, *second; size_t count; } rows[] = {
		{ "opswat", "opswat", "", 1 },
		{ "PKIX.*path", "pkix", "", 1 },
		{ "timed? out", "time", "", 1 },
		{ "abcd*ef", "abc", "", 1 },
		{ "abcd+efg", "abcd", "", 1 },
		{ "ab{2}cdef", "cdef", "", 1 },
		{ "x{0,3}", "", "", 0 },
		{ "error|failed", "error", "failed", 2 },
		{ "error|.*", "", "", 0 },
		{ "(error|fail) here", " here", "", 1 },
		{ "[abc]def[^]x]ghij", "ghij", "", 1 },
		{ "[[:alpha:]]xyz", "xyz", "", 1 },
		{ "a\\.b\\.c", "a.b.c", "", 1 },
		{ "\\d+abc\\wdefg", "defg", "", 1 },
		{ "\\x41bcd", "", "", 0 },
		{ "(?i)abc", "", "", 0 },
		{ "\\Qa.b\\E", "", "", 0 },
		{ "(a(?=b)c)def", "", "", 0 },
		{ "^\\s+at com", "at com", "", 1 },
		{ "(", "", "", 0 },
		{ "ab", "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct literal_set set;

		print_message("%s\n", rows[i].regex);
		assert_int_equal(literal_extract(rows[i].regex, false, 3, &set), rows[i].count > 0);
		assert_int_equal(set.count, rows[i].count);
		assert_string_equal(set.text[0], rows[i].first);
		assert_string_equal(set.text[1], rows[i].second);
	}
}

static void expressions_ignore_case_and_see_lines(void **state)
{
	static const struct { const char *regex, *text; bool found; } rows[] = {
		{ "pkix.*failed", "x PKIX path Failed", true },
		{ "pkix.*failed", "x PKIX\nFailed", false },
		{ "^caused by", "header\nCaused by: x", true },
		{ "\xC3\xBC" "ber", "\xC3\x9C" "BER", true },
		{ "a.c", "a\xff" "c", true },
		{ "\\p{Lu}x", "\xff\xff \xC3\x9C" "x", true },
		{ "b", "a\0b", true },
	};
	size_t start, end;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct pattern *p = pattern_new(rows[i].regex, false, &err);
		size_t n = i == 6 ? 3 : strlen(rows[i].text);

		assert_non_null(p);
		assert_int_equal(pattern_find(p, rows[i].text, n, 0, &start, &end), rows[i].found);
		pattern_free(p);
	}
}

static void a_wrong_expression_is_told_with_its_place(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_null(pattern_new("ab(c", false, &err));
	assert_int_equal(err.exit_code, EXIT_USAGE);
	assert_non_null(strstr(err.message, "ab(c"));
	assert_non_null(strstr(err.message, "character 5"));
}

static void an_expression_that_goes_astray_gives_up(void **state)
{
	struct pattern *p = pattern_new("^(a+)+$", false, NULL);
	char text[4000];
	size_t start, end;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	assert_false(pattern_find(p, text, sizeof(text), 0, &start, &end));
	assert_true(pattern_given_up(p) > 0);
	pattern_free(p);
}

static void names_match_by_whole_words(void **state)
{
	static const struct { const char *pattern, *name; bool match; } rows[] = {
		{ "admin-http-pool5", "admin-http-pool5", true },
		{ "Admin-HTTP-pool5", "admin-http-pool5", true },
		{ "admin-http-pool5", "admin-http-pool50", false },
		{ "pool5", "admin-http-pool5", true },
		{ "ool5", "admin-http-pool5", false },
		{ "admin-http-pool*", "admin-http-pool50", true },
		{ "pool", "pool-33-thread-1", true },
		{ "DownloadManager", "cisco.cpm.posture.download.DownloadManager", true },
		{ "posture.download", "cisco.cpm.posture.download.DownloadManager", true },
		{ "posture.down", "cisco.cpm.posture.download.DownloadManager", false },
		{ "*.DownloadManager", "cisco.cpm.posture.download.DownloadManager", true },
		{ "cisco.*.DownloadManager", "cisco.cpm.posture.download.DownloadManager", true },
		{ "Down*ger", "cisco.cpm.posture.download.DownloadManager", true },
		{ "*load*", "cisco.cpm.posture.download.DownloadManager", true },
		{ "admin", "", false },
		{ "*", "", true },
		{ "[StandardEngine", "Container[StandardEngine[x]]", true },
		{ "a*b*c*d", "a_b_b_c_c_d", true },
		{ "a*b*c*d", "a_b_b_c_c_e", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s ~ %s\n", rows[i].pattern, rows[i].name);
		assert_int_equal(name_matches(rows[i].pattern, rows[i].name, strlen(rows[i].name)), rows[i].match);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_found_where_a_slow_search_finds_it),
		cmocka_unit_test(what_is_not_a_letter_has_no_case),
		cmocka_unit_test(any_of_many_texts_is_found),
		cmocka_unit_test(any_of_as_many_texts_as_there_may_be_is_found),
		cmocka_unit_test(literals_of_an_expression_are_what_it_needs),
		cmocka_unit_test(expressions_ignore_case_and_see_lines),
		cmocka_unit_test(a_wrong_expression_is_told_with_its_place),
		cmocka_unit_test(an_expression_that_goes_astray_gives_up),
		cmocka_unit_test(names_match_by_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
