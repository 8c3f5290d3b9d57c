/* The checks as processes: side by side, in the order of their needs, and never the end of the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "diagnose/engine.h"

#define ALL ((1u << CHECK_COUNT) - 1)
#define NEEDS(id) (1u << CHECK_##id)

static void passes(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_summary(r, "fine");
	result_fact(r, "value", json_integer(42));
}

static void fails(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_add(r, FINDING_DNS_NXDOMAIN, WEIGHT_FAIL);
	result_summary(r, "no");
}

static void crashes(const struct check_context *c, struct check_result *r)
{
	(void)c;
	(void)r;
	signal(SIGSEGV, SIG_DFL);	/* not the test library's own */
	raise(SIGSEGV);
}

static void hangs(const struct check_context *c, struct check_result *r)
{
	(void)c;
	(void)r;
	for (;;)
		pause();
}

static void sleeps(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_summary(r, "slept");
	usleep(300 * 1000);
}

/* Leaves a child behind that holds the pipe open. */
static void leaves_a_child(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_summary(r, "left one");
	if (fork() == 0) {
		for (;;)
			pause();
	}
}

static void reads_a_fact(const struct check_context *c, struct check_result *r)
{
	result_summary(r, "%d", (int)json_integer_value(json_object_get(check_facts(c, CHECK_DNS), "value")));
}

static void has_hostile_text(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_summary(r, "a\033[31m\xff");
	result_evidence(r, "banner", "%s", "x\r\n\x1b]0;title\x07");
}

static void suspects(const struct check_context *c, struct check_result *r)
{
	(void)c;
	result_add(r, FINDING_NO_DEFAULT_ROUTE, WEIGHT_SUSPECT);
}

#define ROW(run) { "title", 0, false, run }

struct log {
	json_t *events;
};

static void keep(void *data, const json_t *event)
{
	struct log *log = data;

	json_array_append_new(log->events, json_deep_copy(event));
}

struct run {
	struct check_context context;
	struct check_result results[CHECK_COUNT];
	struct diagnose_options options;
	struct log log;
	int64_t took_ms;
	bool complete;
};

static void run(struct run *x, const struct check_ops *table, unsigned int selected, int budget_ms, int cancel_fd)
{
	struct event_sink sink = { .put = keep, .data = &x->log };
	struct engine_options o = { .table = table, .selected = selected, .budget_ms = budget_ms, .total_ms = 20000,
				    .cancel_fd = cancel_fd, .sink = &sink };
	int64_t start = clock_monotonic_ms();

	*x = (struct run){ .log = { json_array() } };
	x->options.cancel_fd = -1;
	x->context.options = &x->options;
	x->context.settings = (const struct settings *)x;	/* not looked into by these checks */
	x->complete = engine_run(&o, &x->context, x->results);
	x->took_ms = clock_monotonic_ms() - start;
	/* Nothing is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void end(struct run *x)
{
	for (int id = 0; id < CHECK_COUNT; id++)
		result_clear(&x->results[id]);
	json_decref(x->log.events);
}

static const json_t *event_of(const struct run *x, const char *kind, const char *id)
{
	size_t i;
	json_t *event;

	json_array_foreach(x->log.events, i, event) {
		if (strcmp(json_string_value(json_object_get(event, "event")), kind) == 0 &&
		    strcmp(json_string_value(json_object_get(event, "id")), id) == 0)
			return event;
	}
	return NULL;
}

static const char *text(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

static void fill(struct check_ops *table, void (*fn)(const struct check_context *, struct check_result *))
{
	for (int id = 0; id < CHECK_COUNT; id++)
		table[id] = (struct check_ops)ROW(fn);
}

static void independent_checks_run_side_by_side(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, sleeps);
	run(&x, table, ALL, 8000, -1);
	assert_true(x.complete);
	assert_in_range(x.took_ms, 250, 300 * CHECK_COUNT / 2);
	for (int id = 0; id < CHECK_COUNT; id++)
		assert_string_equal(x.results[id].summary, "slept");
	end(&x);
}

static void what_needs_a_failed_check_is_skipped_and_says_so(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_DNS].run = fails;
	table[CHECK_DNS].title = "Name resolution";
	table[CHECK_TCP].needs = NEEDS(DNS);
	table[CHECK_TLS].needs = NEEDS(TCP);
	table[CHECK_ICMP].needs = NEEDS(DNS);
	table[CHECK_ICMP].anyway = true;
	run(&x, table, ALL, 8000, -1);
	assert_int_equal(x.results[CHECK_DNS].status, CHECK_FAIL);
	assert_int_equal(x.results[CHECK_TCP].status, CHECK_SKIP);
	assert_string_equal(x.results[CHECK_TCP].summary, "needs Name resolution");
	assert_int_equal(x.results[CHECK_TLS].status, CHECK_SKIP);
	assert_int_equal(x.results[CHECK_ICMP].status, CHECK_PASS);
	assert_null(event_of(&x, "check.started", "tcp"));
	assert_string_equal(text(event_of(&x, "check.finished", "tcp"), "status"), "skip");
	end(&x);
}

static void facts_reach_the_checks_after(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_TCP] = (struct check_ops){ "TCP", NEEDS(DNS), false, reads_a_fact };
	run(&x, table, ALL, 8000, -1);
	assert_string_equal(x.results[CHECK_TCP].summary, "42");
	end(&x);
}

static void a_check_that_crashes_costs_one_result(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_TIME].run = crashes;
	run(&x, table, ALL, 8000, -1);
	assert_true(x.complete);
	assert_non_null(result_has(&x.results[CHECK_TIME], FINDING_CHECK_BROKEN));
	assert_non_null(strstr(x.results[CHECK_TIME].summary, "itself failed"));
	assert_int_equal(x.results[CHECK_HTTP].status, CHECK_PASS);
	end(&x);
}

static void a_check_that_overruns_is_ended(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_DNS].run = hangs;
	table[CHECK_TCP].needs = NEEDS(DNS);
	run(&x, table, ALL, 500, -1);
	assert_in_range(x.took_ms, 500, 3000);
	assert_non_null(result_has(&x.results[CHECK_DNS], FINDING_CHECK_BROKEN));
	assert_int_equal(x.results[CHECK_TCP].status, CHECK_SKIP);
	end(&x);
}

static void what_a_check_leaves_running_does_not_hold_it_up(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_DNS].run = leaves_a_child;
	run(&x, table, ALL, 8000, -1);
	assert_in_range(x.took_ms, 0, 2000);
	assert_string_equal(x.results[CHECK_DNS].summary, "left one");
	end(&x);
}

static void an_interrupt_ends_everything_and_every_check_has_its_end(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	fill(table, hangs);
	table[CHECK_LOCAL].run = passes;
	table[CHECK_TCP].needs = NEEDS(DNS);
	assert_int_equal(write(fds[1], "", 1), 1);
	run(&x, table, ALL, 8000, fds[0]);
	assert_false(x.complete);
	assert_in_range(x.took_ms, 0, 2000);
	for (int id = 0; id < CHECK_COUNT; id++)
		assert_non_null(event_of(&x, "check.finished", check_id_name((enum check_id)id)));
	assert_string_equal(text(event_of(&x, "check.finished", "tcp"), "summary"), "interrupted");
	close(fds[0]);
	close(fds[1]);
	end(&x);
}

static void only_the_chosen_checks_are_reported_and_what_they_need_when_it_fails(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;

	(void)state;
	fill(table, passes);
	table[CHECK_TCP].needs = NEEDS(DNS);
	table[CHECK_TLS].needs = NEEDS(TCP);
	assert_int_equal(engine_closure(table, NEEDS(TLS)), NEEDS(TLS) | NEEDS(TCP) | NEEDS(DNS));
	run(&x, table, NEEDS(TLS), 8000, -1);
	assert_non_null(event_of(&x, "check.finished", "tls"));
	assert_null(event_of(&x, "check.finished", "dns"));
	assert_null(event_of(&x, "check.started", "dns"));
	assert_false(x.context.done[CHECK_HTTP]);
	end(&x);
	table[CHECK_DNS].run = fails;
	run(&x, table, NEEDS(TLS), 8000, -1);
	assert_non_null(event_of(&x, "check.started", "dns"));
	assert_string_equal(text(event_of(&x, "check.finished", "dns"), "status"), "fail");
	assert_string_equal(text(event_of(&x, "check.finished", "tls"), "status"), "skip");
	end(&x);
}

static void text_from_outside_is_clean_in_events(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;
	const json_t *event;
	char *line;

	(void)state;
	fill(table, has_hostile_text);
	run(&x, table, NEEDS(DNS), 8000, -1);
	event = event_of(&x, "check.finished", "dns");
	assert_string_equal(text(event, "summary"), "a^[[31m<FF>");
	line = json_dumps(event, 0);
	assert_null(strstr(line, "\\u00"));
	free(line);
	end(&x);
}

static void a_suspect_is_not_reported_as_a_finding(void **state)
{
	struct check_ops table[CHECK_COUNT];
	struct run x;
	const json_t *event;

	(void)state;
	fill(table, suspects);
	run(&x, table, NEEDS(LOCAL), 8000, -1);
	event = event_of(&x, "check.finished", "local");
	assert_string_equal(text(event, "status"), "pass");
	assert_int_equal(json_array_size(json_object_get(event, "findings")), 0);
	assert_non_null(result_has(&x.results[CHECK_LOCAL], FINDING_NO_DEFAULT_ROUTE));
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(independent_checks_run_side_by_side),
		cmocka_unit_test(what_needs_a_failed_check_is_skipped_and_says_so),
		cmocka_unit_test(facts_reach_the_checks_after),
		cmocka_unit_test(a_check_that_crashes_costs_one_result),
		cmocka_unit_test(a_check_that_overruns_is_ended),
		cmocka_unit_test(what_a_check_leaves_running_does_not_hold_it_up),
		cmocka_unit_test(an_interrupt_ends_everything_and_every_check_has_its_end),
		cmocka_unit_test(only_the_chosen_checks_are_reported_and_what_they_need_when_it_fails),
		cmocka_unit_test(text_from_outside_is_clean_in_events),
		cmocka_unit_test(a_suspect_is_not_reported_as_a_finding),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
