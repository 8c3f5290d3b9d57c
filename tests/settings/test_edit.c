/* One value of a libconfig text changes, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libconfig.h>
#include <string.h>

#include "settings/edit.h"
#include "settings/scan.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))
#define REFUSED NULL

static void an_edit_changes_one_value_only(void **state)
{
	static const struct { const char *before, *key, *literal, *after; } rows[] = {
		/* a value is replaced */
		{ "g = { a = 1; };\n", "g.a", "2", "g = { a = 2; };\n" },
		{ "g={a=1}", "g.a", "2", "g={a=2}" },
		{ "g : { a : 1, b : 2 }\n", "g.b", "3", "g : { a : 1, b : 3 }\n" },
		{ "# g = { a = 0; };\ng = {\n\ta = 1; // why\n};\n", "g.a", "2", "# g = { a = 0; };\ng = {\n\ta = 2; // why\n};\n" },
		{ "/* g = { a = 0; }; */ g = { /* } */ a /* = 5 */ = /* 6 */ 1; };\n", "g.a", "2",
		  "/* g = { a = 0; }; */ g = { /* } */ a /* = 5 */ = /* 6 */ 2; };\n" },
		{ "g = { a = \"x\" /* c */ \"y\"; b = \"}\"; };\n", "g.a", "\"z\"", "g = { a = \"z\"; b = \"}\"; };\n" },
		{ "g = { a = \"\\\"}\"; b = 1; };\n", "g.b", "2", "g = { a = \"\\\"}\"; b = 2; };\n" },
		{ "g = { a = [ 1, 2 ]; b = ( { a = 5; }, [ ] ); };\n", "g.a", "[ ]",
		  "g = { a = [ ]; b = ( { a = 5; }, [ ] ); };\n" },
		{ "h = { g = { a = 1; }; };\ng = { h = { a = 1; }; a = 1; };\n", "g.a", "2",
		  "h = { g = { a = 1; }; };\ng = { h = { a = 1; }; a = 2; };\n" },
		{ "aa = 1 g = { aa = 1 a = 1 aaa = 1 } gg = { a = 1 }\n", "g.a", "2",
		  "aa = 1 g = { aa = 1 a = 2 aaa = 1 } gg = { a = 1 }\n" },
		{ "g = { a = 1; };\r\n", "g.a", "2", "g = { a = 2; };\r\n" },
		/* a key is added */
		{ "g = { a = 1; };\n", "g.b", "2", "g = { a = 1; b = 2; };\n" },
		{ "g = {a = 1}", "g.b", "2", "g = {a = 1 b = 2; }" },
		{ "g = {};\n", "g.b", "2", "g = { b = 2; };\n" },
		{ "g = {\n};\n", "g.b", "2", "g = {\n\tb = 2;\n};\n" },
		{ "g = {\n    a = 1; # }\n};\n", "g.b", "2", "g = {\n    a = 1; # }\n    b = 2;\n};\n" },
		{ "g =\n{\n\n\ta = 1\n}\nh = 1;\n", "g.b", "2", "g =\n{\n\n\ta = 1\n\tb = 2;\n}\nh = 1;\n" },
		{ "g = {\n@include \"x.conf\"\n};\n", "g.b", "2", "g = {\n@include \"x.conf\"\n\tb = 2;\n};\n" },
		/* a group is added */
		{ "", "g.b", "2", "g = {\n\tb = 2;\n};\n" },
		{ "a = 1;", "g.b", "2", "a = 1;\n\ng = {\n\tb = 2;\n};\n" },
		{ "@include \"x.conf\"\n", "g.b", "2", "@include \"x.conf\"\n\ng = {\n\tb = 2;\n};\n" },
		{ "a = 1; # end\n", "g.b", "2", "a = 1; # end\n\ng = {\n\tb = 2;\n};\n" },
		/* a key is taken out */
		{ "g = { a = 1; b = 2; };\n", "g.a", NULL, "g = {  b = 2; };\n" },
		{ "g = {\n\ta = 1;\n\tb = 2;\n};\n", "g.a", NULL, "g = {\n\tb = 2;\n};\n" },
		{ "g = {\r\n\ta = 1;\r\n};\r\n", "g.a", NULL, "g = {\r\n};\r\n" },
		{ "g = {\n\ta = 1; # why\n};\n", "g.a", NULL, "g = {\n\t # why\n};\n" },
		{ "g = {\n\ta = [\n\t\t1,\n\t\t2\n\t]\n\tb = 2;\n};\n", "g.a", NULL, "g = {\n\tb = 2;\n};\n" },
		{ "g = { b = 2; };\n", "g.a", NULL, "g = { b = 2; };\n" },
		{ "h = { a = 2; };\n", "g.a", NULL, "h = { a = 2; };\n" },
		/* words that stood apart, without a blank, still do */
		{ "g={a=0x1g=2b=3}", "g.g", NULL, "g={a=0x1 b=3}" },
		{ "g={a=1b=2c=3}", "g.b", NULL, "g={a=1 c=3}" },
		{ "g = { a = \"x\"b = 2 };\n", "g.a", "5", "g = { a = 5 b = 2 };\n" },
		{ "g={a=[]b=true;}", "g.a", "false", "g={a=false b=true;}" },
		{ "g={a=1b=2}", "g.a", "0xAL", "g={a=0xAL b=2}" },
		/* what is not understood stays as it is */
		{ "g = 1;\n", "g.a", "2", REFUSED },
		{ "g = { a = 1;\n", "g.a", "2", REFUSED },
		{ "g = { a = ; };\n", "g.a", "2", REFUSED },
		{ "g = { a 1; };\n", "g.a", "2", REFUSED },
		{ "a = 1; /* open\n", "g.a", "2", REFUSED },
		{ "a = \"open\n", "g.a", "2", REFUSED },
		{ "a = 1; @include \"x\"\n", "g.a", "2", REFUSED },
		{ "= { a = 1; };\n", "g.a", "2", REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct buffer text = BUFFER_INIT(1000);
		const char *want = rows[i].after != NULL ? rows[i].after : rows[i].before;
		config_t config;
		bool ok;

		buffer_puts(&text, rows[i].before);
		ok = edit_set(&text, rows[i].key, rows[i].literal);
		if (ok != (rows[i].after != NULL) || strcmp(buffer_text(&text), want) != 0)
			fail_msg("row %zu: <%s> with %s = %s became <%s>", i, rows[i].before, rows[i].key,
				 rows[i].literal != NULL ? rows[i].literal : "(none)", buffer_text(&text));
		if (ok && strstr(want, "@include") == NULL) {
			buffer_putc(&text, '\n');
			config_init(&config);
			if (!config_read_string(&config, buffer_text(&text)))
				fail_msg("row %zu: <%s>: %s", i, buffer_text(&text), config_error_text(&config));
			config_destroy(&config);
		}
		buffer_clear(&text);
	}
}

static void an_edit_stops_at_the_buffer_s_maximum(void **state)
{
	struct buffer text = BUFFER_INIT(20);

	(void)state;
	buffer_puts(&text, "g = { a = 1; };");
	assert_false(edit_set(&text, "g.a", "100000000000"));
	assert_string_equal(buffer_text(&text), "g = { a = 1; };");
	assert_false(edit_set(&text, "g.bbbb", "1"));
	assert_false(edit_set(&text, "hh.bbbb", "1"));
	assert_string_equal(buffer_text(&text), "g = { a = 1; };");
	buffer_clear(&text);
}

static void words_know_their_lines(void **state)
{
	static const struct { enum scan_token token; const char *text; unsigned int line; } words[] = {
		{ SCAN_WORD, "a", 1 }, { SCAN_MARK, "=", 2 }, { SCAN_STRING, "\"x\ny\"", 4 }, { SCAN_MARK, ";", 5 },
		{ SCAN_INCLUDE, "@include \t\"z\"", 6 }, { SCAN_WORD, "-1.5e3", 7 }, { SCAN_WORD, "L", 7 },
		{ SCAN_BAD, "@", 7 }, { SCAN_BAD, "/", 7 }, { SCAN_END, "", 8 },
	};
	static const char text[] = "a\n= // =\n/* \n*/\"x\ny\";\n \t@include \t\"z\"\n-1.5e3L @/ \n";
	struct scan s = SCAN_INIT(text, sizeof(text) - 1);

	(void)state;
	for (size_t i = 0; i < N(words); i++) {
		assert_int_equal(scan_next(&s), words[i].token);
		assert_int_equal(s.line, words[i].line);
		assert_int_equal(s.pos - s.start, strlen(words[i].text));
		assert_memory_equal(text + s.start, words[i].text, strlen(words[i].text));
	}
}

static void numbers_end_where_libconfig_ends_them(void **state)
{
	static const struct { const char *text; size_t first; } rows[] = {
		{ "3128ss", 4 }, { "10", 2 }, { "10LLL", 4 }, { "0x1FL;", 5 }, { "0xg", 1 }, { "-1.5e3L", 6 }, { ".5", 2 },
		{ ".", 1 }, { "7.", 2 }, { "7.e", 2 }, { "1e5", 3 }, { "1e+", 1 }, { "1.2.3", 3 }, { "1-1", 1 }, { "+", 0 },
		{ "-x", 0 }, { "_a", 0 }, { "a-b_c*1.5", 7 }, { "*", 1 }, { "truely", 6 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct scan s = SCAN_INIT(rows[i].text, strlen(rows[i].text));
		enum scan_token token = scan_next(&s);

		if (token != (rows[i].first > 0 ? SCAN_WORD : SCAN_BAD) || (rows[i].first > 0 && s.pos != rows[i].first))
			fail_msg("\"%s\": token %d ends at %zu", rows[i].text, (int)token, s.pos);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_changes_one_value_only),
		cmocka_unit_test(an_edit_stops_at_the_buffer_s_maximum),
		cmocka_unit_test(words_know_their_lines),
		cmocka_unit_test(numbers_end_where_libconfig_ends_them),
	};

	return cmocka_run_group_tests_name("settings: edit", tests, NULL, NULL);
}
