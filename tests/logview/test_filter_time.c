/* What a filter may take of the processor at once. Apart from the other tests of filters, for valgrind makes it longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logview/filter.h"

/* What a busy machine does not make longer. */
static int64_t processor_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* However long an expression takes on each record, the time is kept to. */
static void a_slow_expression_keeps_to_its_time(void **state)
{
	enum { RECORDS = 400, SIZE = 400 };
	struct filter *f = filter_new();
	char *text = malloc(RECORDS * SIZE);
	int64_t longest = 0;

	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		char *p = text + i * SIZE;
		int n = snprintf(p, SIZE, "2025-03-13 14:25:01,000 INFO  [t][[]] a.b.C -:::::- ");

		memset(p + n, 'a', (size_t)(SIZE - n));
		p[SIZE - 2] = 'b';
		p[SIZE - 1] = '\n';
	}
	assert_true(filter_parse(f, "/ (a+)+$/", NULL));
	assert_true(filter_ready(f, STAMP_NONE, NULL));
	for (size_t at = 0, done; at < RECORDS * SIZE; at += done) {
		int64_t before = processor_us(), took;

		assert_int_equal(filter_scan_until(f, text + at, RECORDS * SIZE - at, 0, NULL, NULL, &done), 0);
		took = processor_us() - before;
		longest = took > longest ? took : longest;
		assert_int_equal(done, SIZE);
	}
	print_message("longest slice %lld us\n", (long long)longest);
	assert_true(longest < 4000);
	assert_true(filter_given_up(f) > 0);
	filter_free(f);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_expression_keeps_to_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
