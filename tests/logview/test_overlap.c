/* What a command says for the second time is known again, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "logview/overlap.h"

#define A "2025-03-13 14:24:50,803 INFO  [t][[]] a.b.C -:::::- one\n"
#define B "2025-03-13 14:24:51,803 ERROR [t][[]] a.b.C -:::::- two\n"
#define B2 "\tat a.b.C.run(C.java:7)\n"
#define C "2025-03-13 14:24:52,803 INFO  [t][[]] a.b.C -:::::- three\n"
#define D "2025-03-13 14:24:53,803 INFO  [t][[]] a.b.C -:::::- four\n"

static void begin(struct overlap *o, const char *shown)
{
	overlap_begin(o);
	overlap_shown(o, shown, strlen(shown));
}

static void assert_rest(const struct overlap *o, const char *want)
{
	size_t n;
	const char *rest = overlap_rest(o, &n);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(rest, want, n);
}

static const struct { const char *shown, *said, *rest; } cases[] = {
	{ A B C, B C D, D },				/* its last lines */
	{ A B C, A B C, "" },				/* all of it, and nothing new */
	{ A B C, A B C D, D },				/* all of it */
	{ A B C, C D, D },				/* one line */
	{ A B C, D, D },				/* nothing */
	{ A B C, B D, B D },				/* not to its end */
	{ A B C, A B, A B },				/* not to its end, and no more comes */
	{ A B C, "", "" },
	{ "", A B, A B },
	{ A B B2 C, B2 C D, D },			/* from the middle of a record */
	{ A B B2, B2 A, B2 A },				/* without a time it may be another's */
	{ "tick\ntick\n", "tick\ntick\ntick\n", "tick\ntick\ntick\n" },
	{ A A A, A A B, B },				/* the longest */
	{ A B "2025-03-13 14:2", A B C, C },		/* the connection was lost in the middle of a line */
	{ A B C, A B "2025-03-13 14:2", A B "2025-03-13 14:2" },
};

static void what_is_new_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlap o = { 0 };

		begin(&o, cases[i].shown);
		assert_true(overlap_take(&o, cases[i].said, strlen(cases[i].said)));
		overlap_settle(&o);
		assert_rest(&o, cases[i].rest);
		overlap_clear(&o);
	}
}

/* However the pieces come, the same is told. */
static void a_byte_at_a_time_tells_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlap o = { 0 };
		const char *said = cases[i].said;
		size_t n;

		begin(&o, cases[i].shown);
		for (; *said != '\0' && overlap_waits(&o); said++)
			assert_true(overlap_take(&o, said, 1));
		overlap_settle(&o);
		overlap_rest(&o, &n);
		assert_int_equal(n + strlen(said), strlen(cases[i].rest));
		overlap_clear(&o);
	}
}

static void it_is_settled_as_soon_as_it_can_be(void **state)
{
	struct overlap o = { 0 };

	(void)state;
	begin(&o, A B C);
	assert_true(overlap_waits(&o));
	assert_true(overlap_take(&o, D, strlen(D)));
	assert_false(overlap_waits(&o));
	begin(&o, A B C);
	assert_true(overlap_take(&o, B, strlen(B)));
	assert_true(overlap_waits(&o));
	assert_true(overlap_take(&o, C, strlen(C)));
	assert_false(overlap_waits(&o));
	assert_rest(&o, "");
	overlap_clear(&o);
}

/* The same line for ever is given up on before anybody notices. */
static void the_same_line_over_and_over_takes_no_time(void **state)
{
	struct overlap o = { 0 };

	(void)state;
	overlap_begin(&o);
	for (size_t i = 0; i < OVERLAP_MAX / strlen(A); i++)
		assert_int_equal(overlap_shown(&o, A, strlen(A)), strlen(A));
	for (size_t i = 0; i < OVERLAP_MAX / strlen(A) / 2; i += 100) {
		char text[100 * sizeof(A)];

		for (size_t k = 0; k < 100; k++)
			memcpy(text + k * strlen(A), A, sizeof(A));
		if (overlap_waits(&o))
			assert_true(overlap_take(&o, text, strlen(text)));
	}
	if (overlap_waits(&o))
		assert_true(overlap_take(&o, B, strlen(B)));
	assert_false(overlap_waits(&o));
	overlap_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_new_is_told),
		cmocka_unit_test(a_byte_at_a_time_tells_the_same),
		cmocka_unit_test(it_is_settled_as_soon_as_it_can_be),
		cmocka_unit_test(the_same_line_over_and_over_takes_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
