/* The Update pane's page while an update runs, at 80 and 132 columns, and what is kept of the events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ui/pane.h"
#include "../ui/update_pane.h"
#include "../ui/watch.h"
#include "base/clock.h"
#include "base/file.h"
#include "job/job.h"
#include "settings/settings.h"

static const struct field_spec fields[UPDATE_FIELDS] = {
	[UPDATE_FIELD_SOURCE] = { FIELD_RADIO, SETTING_SOURCE_MODE, NULL, NULL, "Web|Offline" },
	[UPDATE_FIELD_URL] = { FIELD_TEXT, SETTING_SOURCE_FEED_URL, NULL, NULL, NULL },
	[UPDATE_FIELD_BUNDLE] = { FIELD_TEXT, SETTING_SOURCE_BUNDLE, NULL, NULL, NULL },
	[UPDATE_FIELD_AUTOMATIC] = { FIELD_CHECK, SETTING_SCHEDULE_AUTOMATIC, NULL, NULL, NULL },
};

struct stage {
	struct settings *settings;
	struct app app;
	struct update_pane pane;
	struct page page;
	struct buffer text;
	int tail;			/* any pointer that is not NULL: a job runs */
};

static int set_up(void **state)
{
	static struct stage s;

	s = (struct stage){ .text = BUFFER_INIT(65536) };
	assert_true(settings_load("/nonexistent/console.conf", &s.settings, NULL));
	s.app.settings = s.settings;
	s.app.watch = (struct watch){ .folder = { .fd = -1 }, .tail = (struct job_tail *)&s.tail, .plan_count = -1, .plan_bytes = -1,
				      .started_ms = clock_monotonic_ms() - 65000 };
	s.pane.app = &s.app;
	form_init(&s.pane.form, fields, UPDATE_FIELDS);
	form_load(&s.pane.form, s.settings);
	page_init(&s.page);
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	form_clear(&s->pane.form);
	page_clear(&s->page);
	buffer_clear(&s->text);
	settings_free(s->settings);
	return 0;
}

static const char *show(struct stage *s, int rows, int cols)
{
	page_start(&s->page, rows, cols, true);
	update_page(&s->pane, &s->page);
	buffer_reset(&s->text);
	page_dump(&s->page, &s->text);
	return buffer_text(&s->text);
}

static void add_bar(struct watch *w, const char *name, int64_t bytes, int64_t total, int64_t rate)
{
	struct watch_bar *b = &w->bars[w->bar_count++];

	snprintf(b->name, sizeof(b->name), "%s", name);
	b->bytes = bytes;
	b->total = total;
	b->rate = rate;
}

#define expect(text, line) \
	do { \
		if (strstr(text, line) == NULL) \
			fail_msg("not there: %s\n%s", line, text); \
	} while (0)

/* The longest that a bar says: nothing of it is cut at 80 columns. */
static void a_bar_of_many_digits_fits(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;

	snprintf(w->phase, sizeof(w->phase), "download");
	add_bar(w, "avas-chart-windows.tar.gz", 99900000, 999600000, 999000);
	expect(show(s, 15, 76), "[.........]   9% 99.9 MB/1.0 GB 999 kB/s 15:00 left\n");
}

static void a_notice_has_a_line_of_its_own(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;

	snprintf(w->phase, sizeof(w->phase), "commit");
	snprintf(w->notice, sizeof(w->notice), "the manifest is not signed");
	add_bar(w, "a.tar.gz", 185, 185, 0);
	expect(show(s, 15, 76), "185 B\n?? the manifest is not signed\n");
}

static void a_bar_tells_bytes_rate_and_time_left(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;
	const char *text;

	snprintf(w->phase, sizeof(w->phase), "download");
	snprintf(w->record, sizeof(w->record), "18:01:20 Download file URI : https://h/b.tar.gz");
	w->plan_count = 3;
	w->plan_bytes = 60000000;
	w->plan_ms = clock_monotonic_ms() - 10000;
	add_bar(w, "a.tar.gz", 10000000, 10000000, 2000000);
	add_bar(w, "b.tar.gz", 5000000, 20000000, 1000000);
	text = show(s, 15, 76);
	expect(text, "Phase         download, for 1 min 05 s");
	expect(text, "1 of 3 components      [##.......]  25% 15.0 MB/60.0 MB 1.5 MB/s 0:30 left");
	expect(text, "b.tar.gz               [##.......]  25% 5.0 MB/20.0 MB 1.0 MB/s 0:15 left");
	expect(text, "a.tar.gz               [#########] 100% 10.0 MB");
	expect(text, "18:01:20 Download file URI : https://h/b.tar.gz");
	expect(text, "[ Stop ]");
	assert_true(strstr(text, "b.tar.gz ") < strstr(text, "a.tar.gz "));
	assert_null(strstr(text, "Update now"));
	assert_int_equal(watch_percent(w), 25);
	expect(show(s, 30, 128), "b.tar.gz                           [########........................]  25% 5.0 MB/20.0 MB 1.0 MB/s 0:15 left");
}

/* At 60 columns the bar gives way, and then the size of it all, to the rate. */
static void a_small_screen_keeps_the_rate(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;

	snprintf(w->phase, sizeof(w->phase), "download");
	w->plan_count = 3;
	w->plan_bytes = 1009600000;
	w->plan_ms = clock_monotonic_ms() - 10000;
	add_bar(w, "a.tar.gz", 10000000, 10000000, 2000000);
	add_bar(w, "avas-chart-windows.tar.gz", 99900000, 999600000, 999000);
	expect(show(s, 15, 56), "1 of 3 components");
	expect(buffer_text(&s->text), " 10% 110 MB 11.0 MB/s 1:21 left");
	expect(buffer_text(&s->text), "  9% 99.9 MB 999 kB/s 15:00 left");
}

/* What was here before does not make it fast. */
static void what_was_held_is_no_rate(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;

	snprintf(w->phase, sizeof(w->phase), "download");
	w->plan_count = 2;
	w->plan_bytes = 60000000;
	w->plan_ms = clock_monotonic_ms() - 10000;
	add_bar(w, "a.tar.gz", 30000000, 30000000, 0);
	w->bars[0].held = 30000000;
	add_bar(w, "b.tar.gz", 15000000, 30000000, 1000000);
	w->bars[1].held = 5000000;
	expect(show(s, 15, 76), "1 of 2 components      [######...]  75% 45.0 MB/60.0 MB 1.0 MB/s 0:15 left");
}

/* The console came back to an update that runs: the plan is as old as its event. */
static void coming_back_makes_no_rate(void **state)
{
	char folder[] = "/tmp/update-page.XXXXXX", path[128], stamp[CLOCK_TEXT_MAX];
	struct settings *settings;
	struct watch w = { .folder = { .path = folder, .fd = -1, .folder = -1, .above = -1 }, .state_dir = folder };
	FILE *events;

	(void)state;
	assert_true(settings_load("/nonexistent/console.conf", &settings, NULL));
	w.settings = settings;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/jobs", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/jobs/20261123T143100Z-1.jsonl", folder);
	events = fopen(path, "w");
	assert_non_null(events);
	clock_rfc3339_ms(stamp, clock_now_ms() - 20000);
	fprintf(events, "{\"event\":\"update.plan\",\"components\":2,\"kept\":0,\"bytes\":60000000,\"time\":\"%s\"}\n"
			"{\"event\":\"update.progress\",\"component\":\"a\",\"bytes\":30000000,\"held\":10000000,\"total\":60000000,"
			"\"rate\":1000000,\"time\":\"%s\"}\n", stamp, stamp);
	fclose(events);
	assert_true(job_tail_open(folder, "20261123T143100Z-1", true, &w.tail, NULL));
	w.ended = true;			/* whether its process is alive is not asked */
	watch_poll(&w);
	assert_in_range(clock_monotonic_ms() - w.plan_ms, 20000, 40000);
	assert_int_equal(watch_new_bytes(&w), 20000000);
	watch_clear(&w);
	settings_free(settings);
	assert_true(file_remove_tree(AT_FDCWD, folder, NULL));
}

/* A rollback holds the lock as an update does, and has no events. */
static void a_rollback_meanwhile_is_no_problem(void **state)
{
	char folder[] = "/tmp/update-page.XXXXXX", byte;
	struct settings *settings;
	struct store *store = NULL;
	struct watch w;
	int ready[2], done[2], status;
	pid_t pid;

	(void)state;
	assert_true(settings_load("/nonexistent/console.conf", &settings, NULL));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(done[1]);
		byte = store_open(folder, true, &store, NULL) && store_lock(store, "rollback", NULL) ? 'y' : 'n';
		_exit(write(ready[1], &byte, 1) == 1 && read(done[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	watch_init(&w, folder, settings);
	assert_string_equal(w.problem.message, "");
	assert_false(watch_running(&w));
	watch_clear(&w);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(done[1 - i]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	settings_free(settings);
	assert_true(file_remove_tree(AT_FDCWD, folder, NULL));
}

static void what_has_no_size_has_no_bar(void **state)
{
	struct stage *s = *state;

	snprintf(s->app.watch.phase, sizeof(s->app.watch.phase), "download");
	add_bar(&s->app.watch, "posture-offline.zip", 5000000, -1, 1000000);
	expect(show(s, 15, 76), "posture-offline.zip     5.0 MB 1.0 MB/s\n");
	assert_int_equal(watch_percent(&s->app.watch), -1);
}

static void bars_that_do_not_fit_are_left_out_and_the_buttons_stay(void **state)
{
	struct stage *s = *state;
	struct watch *w = &s->app.watch;
	char name[32];

	w->plan_count = WATCH_BARS;
	w->plan_bytes = 1000 * WATCH_BARS;
	for (int i = 0; i < WATCH_BARS; i++) {
		snprintf(name, sizeof(name), "c%02d.bin", i);
		add_bar(w, name, i < 14 ? 1000 : 10, 1000, 10);
	}
	expect(show(s, 15, 76), "14 of 16 components");
	expect(buffer_text(&s->text), "c14.bin");
	expect(buffer_text(&s->text), "c15.bin");
	expect(buffer_text(&s->text), "[ Stop ]");
	assert_null(strstr(buffer_text(&s->text), "c00.bin"));
	assert_true(s->page.count <= 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bar_of_many_digits_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_notice_has_a_line_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_small_screen_keeps_the_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_held_is_no_rate, set_up, tear_down),
		cmocka_unit_test(coming_back_makes_no_rate),
		cmocka_unit_test(a_rollback_meanwhile_is_no_problem),
		cmocka_unit_test_setup_teardown(a_bar_tells_bytes_rate_and_time_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_no_size_has_no_bar, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bars_that_do_not_fit_are_left_out_and_the_buttons_stay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
