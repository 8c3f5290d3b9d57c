/* A log on a screen: scanned, indexed, walked through, saved; large, growing, hostile. */
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
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "logview/count.h"
#include "logview/lines.h"
#include "logview/save.h"
#include "logview/saved.h"
#include "logview/update_span.h"
#include "logview/view_private.h"
#include "logview/walk.h"

#define SLICE_US 2000
#define DEADLINE_MS 30000

static char dir[64];
static char path[128];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/view.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/psc.log", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, dir, NULL) ? 0 : -1;
}

/* --- a log whose content is known ------------------------------------------------------------------------------------ */

/* Record i of the made log: every 10th a warning, every 50th an error with a trace that names opswat; a minute is 20
 * records; every 1000th record the clock is set back by an hour. */
static size_t put_record(char *dst, size_t size, long i)
{
	long minute = i / 20 - (i / 1000) * 60 + 100000;
	const char *level = i % 50 == 0 ? "ERROR" : i % 10 == 0 ? "WARN " : "INFO ";
	char stamp[STAMP_TEXT_MAX];
	int n;

	stamp_text(stamp, stamp_days(2025, 3, 10) * 86400000 + minute * 60000 + i % 20 * 1000);
	n = snprintf(dst, size, "%s %s [thread-%ld][[]] a.b.Cache -::user%ld:::- record %ld\n", stamp, level, i % 7, i % 3, i);
	if (i % 50 == 0)
		n += snprintf(dst + n, size - (size_t)n, "java.lang.IllegalStateException: x\n\tat a.b.C(C.java:%ld)\n"
			      "Caused by: java.net.ConnectException: Connection refused to Opswat\n\t... 5 more\n", i);
	return (size_t)n;
}

static void append_records(const char *to, long from, long count)
{
	FILE *f = fopen(to, "ae");
	char record[1000];

	assert_non_null(f);
	for (long i = from; i < from + count; i++)
		fwrite(record, 1, put_record(record, sizeof(record), i), f);
	assert_int_equal(fclose(f), 0);
}

static struct view *open_view(void)
{
	struct source *source;
	struct view *v;

	assert_true(source_open_file(path, true, false, &source, NULL));
	v = view_new(source);
	assert_non_null(v);
	return v;
}

/* Steps until there is nothing more to do. */
static unsigned int finish(struct view *v)
{
	int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;
	unsigned int all = 0, flags;

	do {
		flags = view_step(v, SLICE_US);
		all |= flags;
		assert_true(clock_monotonic_ms() < deadline);
	} while ((flags & VIEW_MORE) != 0);
	return all;
}

static struct filter *make_filter(const char *text)
{
	struct filter *f = filter_new();

	assert_true(filter_parse(f, text, NULL));
	assert_true(filter_ready(f, STAMP_NONE, NULL));
	return f;
}

/* The number at the end of the record's message, -1 at the end of the walk. */
static long next_number(struct view *v, struct walk *w)
{
	int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;
	enum walk_result result;
	struct view_record r;
	log_pos pos = LOG_POS_NONE;

	do {
		result = walk_step(w, SLICE_US, &pos);
		if (result == WALK_MORE)
			view_step(v, 0);
		assert_true(clock_monotonic_ms() < deadline);
	} while (result == WALK_MORE);
	if (result != WALK_FOUND)
		return -1;
	assert_true(view_record(v, pos, &r));
	assert_true(memcmp(r.fields.message.p, "record ", 7) == 0);
	return strtol(r.fields.message.p + 7, NULL, 10);
}

/* --- stretches --------------------------------------------------------------------------------------------------------- */

static bool note_start(void *data, const struct scan_hit *hit)
{
	long **next = data;

	*(*next)++ = (long)hit->start;
	return true;
}

static void stretches_that_touch_cover_every_record_once(void **state)
{
	struct source *source;
	struct segment *seg;
	struct filter *filter = make_filter("opswat");
	static const size_t windows[] = { 512, 1000, 4096, SCAN_WINDOW };
	long whole[300], pieces[300];

	(void)state;
	append_records(path, 0, 2000);
	assert_true(source_open_file(path, false, false, &source, NULL));
	seg = source_at(source, 0);
	for (size_t k = 0; k < sizeof(windows) / sizeof(windows[0]); k++) {
		long *next = whole;
		struct scan scan;

		assert_true(scan_init(&scan, windows[k]));
		scan_begin(&scan, seg, filter, 0, seg->size);
		assert_int_equal(scan_step(&scan, INT64_MAX, note_start, &next), SCAN_DONE);
		assert_int_equal(next - whole, 40);
		for (int64_t stretch = 1; stretch < 20000; stretch = stretch * 3 + 7) {
			next = pieces;
			for (int64_t at = 0; at < seg->size; at += stretch) {
				scan_begin(&scan, seg, filter, at, at + stretch);
				while (scan_step(&scan, 0, note_start, &next) == SCAN_MORE)
					continue;
			}
			assert_int_equal(next - pieces, 40);
			assert_memory_equal(whole, pieces, 40 * sizeof(long));
		}
		scan_clear(&scan);
	}
	filter_free(filter);
	source_free(source);
}

static void counting_in_two_processes_counts_the_same(void **state)
{
	static const struct { const char *filter; uint64_t count; } rows[] = {
		{ "opswat", 8000 }, { "", 400000 }, { "level:error", 8000 }, { "level:warn", 40000 },
		{ "!opswat level:warn", 32000 }, { "/refused|absent/", 8000 }, { "thread:thread-3", 57143 },
		{ "absent", 0 },
	};
	struct source *source;

	(void)state;
	append_records(path, 0, 400000);
	assert_true(source_open_file(path, false, false, &source, NULL));
	assert_true(source_at(source, 0)->size > 32 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct filter *filter = make_filter(rows[i].filter);
		uint64_t count = 0;

		print_message("%s\n", rows[i].filter);
		assert_true(count_records(source_at(source, 0), filter, NULL, &count, NULL));
		assert_int_equal(count, rows[i].count);
		filter_free(filter);
	}
	source_free(source);
}

/* --- the view ---------------------------------------------------------------------------------------------------------- */

static void the_index_knows_levels_times_and_counts(void **state)
{
	struct view *v;
	struct view_counts counts;
	struct histogram_column columns[4];
	int64_t from, to;

	(void)state;
	append_records(path, 0, 5000);
	v = open_view();
	finish(v);
	view_counts(v, &counts);
	assert_true(counts.indexed && counts.matched);
	assert_int_equal(counts.records, 5000);
	assert_int_equal(counts.levels[RECORD_LEVEL_ERROR], 100);
	assert_int_equal(counts.levels[RECORD_LEVEL_WARN], 400);
	assert_int_equal(counts.indexed_bytes, counts.bytes);
	assert_true(histogram_span(view_histogram(v), &from, &to));
	histogram_columns(view_histogram(v), from, to, columns, 4);
	assert_int_equal(columns[0].records + columns[1].records + columns[2].records + columns[3].records, 5000);
	assert_int_equal(columns[0].errors + columns[1].errors + columns[2].errors + columns[3].errors, 100);
	/* It grows with the file. */
	append_records(path, 5000, 10);
	assert_true((finish(v) & (VIEW_GREW | VIEW_COUNTED)) == (VIEW_GREW | VIEW_COUNTED));
	view_counts(v, &counts);
	assert_int_equal(counts.records, 5010);
	assert_int_equal(finish(v) & VIEW_GREW, 0);
	view_free(v);
}

static void matches_are_counted_while_the_log_grows(void **state)
{
	struct view *v;
	struct view_counts counts;
	FILE *f;

	(void)state;
	append_records(path, 0, 3001);
	v = open_view();
	assert_true(view_set_filter(v, make_filter("opswat"), NULL));
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.matches, 61);	/* the newest one too, whose trace may go on */
	append_records(path, 3001, 60);
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.matches, 62);
	/* What makes it a match comes later, on a line of its own. */
	f = fopen(path, "ae");
	assert_non_null(f);
	fputs("\tat opswat\n", f);
	assert_int_equal(fclose(f), 0);
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.matches, 63);
	assert_true(view_set_filter(v, NULL, NULL));
	assert_null(view_filter(v));
	view_free(v);
}

static void one_walks_from_record_to_record_both_ways(void **state)
{
	struct view *v;
	struct walk *w;

	(void)state;
	append_records(path, 0, 12000);
	v = open_view();
	for (int indexed = 0; indexed < 2; indexed++) {
		w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
		for (long i = 11999; i >= -1; i--)
			assert_int_equal(next_number(v, w), i);
		walk_free(w);
		w = walk_new(v, WALK_FORWARDS, view_start(v) - 1, NULL, false);
		for (long i = 0; i < 12000; i++)
			assert_int_equal(next_number(v, w), i);
		assert_int_equal(next_number(v, w), -1);
		append_records(path, 12000 + indexed, 1);
		view_step(v, 0);
		assert_int_equal(next_number(v, w), 12000 + indexed);
		walk_free(w);
		finish(v);
		assert_int_equal(truncate(path, source_at(view_source(v), 0)->size), 0);
		if (indexed == 0) {
			/* The same again, with the index and the filter's count in the way. */
			view_free(v);
			remove_dir(NULL);
			assert_int_equal(mkdir(dir, 0700), 0);
			append_records(path, 0, 12000);
			v = open_view();
			finish(v);
		}
	}
	view_free(v);
}

static void walks_find_only_what_passes(void **state)
{
	static const struct { const char *filter, *also; long step; } rows[] = {
		{ "opswat", NULL, 50 }, { NULL, "opswat", 50 }, { NULL, "level:error", 50 }, { NULL, "level:warn", 10 },
		{ "level:warn", "opswat", 50 }, { "opswat", "user:user1", 150 }, { "/record \\d+000$/", NULL, 1000 },
	};

	(void)state;
	append_records(path, 0, 20000);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct filter *also = rows[i / 2].also != NULL ? make_filter(rows[i / 2].also) : NULL;
		struct view *v = open_view();
		struct walk *w;
		long last = 20000, got, count = 0;

		print_message("%s + %s\n", rows[i / 2].filter, rows[i / 2].also);
		if (rows[i / 2].filter != NULL)
			assert_true(view_set_filter(v, make_filter(rows[i / 2].filter), NULL));
		if (i % 2 == 1)
			finish(v);	/* once with the index, once without */
		w = walk_new(v, WALK_BACKWARDS, view_end(v), also, false);
		while ((got = next_number(v, w)) >= 0) {
			assert_true(got < last);
			assert_true(last == 20000 || last - got == rows[i / 2].step);
			last = got;
			count++;
		}
		assert_true(count >= 20000 / rows[i / 2].step - 1 && count <= 20000 / rows[i / 2].step);
		walk_free(w);
		filter_free(also);
		view_free(v);
	}
}

static void a_changed_filter_ends_walks(void **state)
{
	struct view *v;
	struct walk *w;
	log_pos pos;

	(void)state;
	append_records(path, 0, 10);
	v = open_view();
	w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	assert_int_equal(walk_step(w, SLICE_US, &pos), WALK_FOUND);
	assert_true(view_set_filter(v, make_filter("x"), NULL));
	assert_int_equal(walk_step(w, SLICE_US, &pos), WALK_CHANGED);
	walk_free(w);
	view_free(v);
}

/* Every record that is found says which of them it is, whatever is filtered, rotated or added. */
static void assert_numbers(struct view *v, const char *text, bool everything, uint64_t expected)
{
	struct filter *f = make_filter(text);
	struct view_search found;
	struct walk *w;
	uint64_t number = 0;
	log_pos pos;

	assert_true(view_set_search(v, f, everything));
	finish(v);
	assert_true(view_search(v, LOG_POS_NONE, &found));
	assert_true(found.counted);
	assert_int_equal(found.found, expected);
	assert_int_equal(found.number, 0);
	w = walk_new(v, WALK_FORWARDS, view_start(v) - 1, f, everything);
	while (walk_step(w, INT64_MAX / 2, &pos) == WALK_FOUND) {
		number++;
		if (number > 3 && number % 97 != 0)
			continue;
		view_search(v, pos, &found);
		finish(v);
		assert_true(view_search(v, pos, &found));
		assert_int_equal(found.number, number);
		/* What is between two of them is none. */
		view_search(v, pos + 1, &found);
		finish(v);
		view_search(v, pos + 1, &found);
		assert_int_equal(found.number, 0);
	}
	assert_int_equal(number, expected);
	walk_free(w);
	filter_free(f);
}

static void what_is_searched_for_is_counted_and_numbered(void **state)
{
	struct view_search found;
	char old[160];
	struct view *v;
	struct walk *w;
	log_pos pos;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	append_records(old, 0, 1000);
	append_records(path, 1000, 9000);
	v = open_view();
	assert_false(view_search(v, view_end(v), &found));
	assert_numbers(v, "opswat", false, 180);
	assert_numbers(v, "/record \\d*7$/", false, 900);
	assert_true(view_set_filter(v, make_filter("level:error"), NULL));
	finish(v);
	/* The search goes on in what the filter keeps. */
	view_search(v, LOG_POS_NONE, &found);
	assert_int_equal(found.found, 0);
	assert_numbers(v, "/record \\d*50$/", false, 90);
	assert_numbers(v, "/record \\d*7$/", true, 900);
	assert_true(view_set_filter(v, NULL, NULL));
	/* Older files count once they are loaded. */
	w = walk_new(v, WALK_BACKWARDS, view_start(v) + 1, NULL, true);
	while (source_count(view_source(v)) == 1)
		walk_step(w, SLICE_US, &pos);
	walk_free(w);
	assert_numbers(v, "opswat", false, 200);
	/* The log grows: the newest record counts while it is open. */
	append_records(path, 10000, 1001);
	assert_numbers(v, "opswat", false, 221);
	assert_true(view_set_search(v, NULL, false));
	assert_false(view_search(v, view_end(v), &found));
	view_free(v);
}

static void one_jumps_to_a_time_though_the_clock_was_set_back(void **state)
{
	struct view *v;
	struct filter *f = filter_new();
	struct walk *w;
	int64_t day = stamp_days(2025, 3, 10) * 86400000;

	(void)state;
	append_records(path, 0, 5000);
	v = open_view();
	finish(v);
	/* The last minute before the first jump back comes again an hour of records later; the first place counts. */
	filter_set_range(f, day + (100000 + 30) * INT64_C(60000), STAMP_NONE);
	assert_true(filter_ready(f, STAMP_NONE, NULL));
	w = walk_new(v, WALK_FORWARDS, view_start(v) - 1, f, false);
	assert_int_equal(next_number(v, w), 600);
	walk_free(w);
	filter_free(f);
	view_free(v);
}

static void a_record_is_loaded_with_what_a_row_shows(void **state)
{
	struct view *v;
	struct view_record r;
	struct buffer text = BUFFER_INIT(10000);

	(void)state;
	append_records(path, 0, 51);
	v = open_view();
	assert_true(view_record(v, view_start(v), &r));
	assert_int_equal(r.lines, 5);
	assert_true(r.whole);
	assert_int_equal(r.fields.level, RECORD_LEVEL_ERROR);
	assert_int_equal(r.finding, FINDING_TCP_REFUSED);
	assert_true(memcmp(r.cause.p, "Caused by: java.net.ConnectException", 36) == 0);
	assert_false(r.bookmarked);
	view_show_line(view_record_line(&r, 2), &text);
	assert_string_equal(buffer_text(&text), "    at a.b.C(C.java:0)");
	assert_int_equal(view_record_line(&r, 5).n, 0);
	assert_true(view_bookmark(v, r.pos));
	assert_true(view_record(v, r.pos, &r));
	assert_true(r.bookmarked);
	assert_true(view_record(v, r.next, &r));
	assert_int_equal(r.lines, 1);
	assert_int_equal(view_next_bookmark(v, r.pos, true), view_start(v));
	assert_int_equal(view_next_bookmark(v, r.pos, false), LOG_POS_NONE);
	buffer_reset(&text);
	assert_true(view_copy(v, view_start(v), &text));
	assert_int_equal(lines_count(buffer_text(&text), text.len), 5);
	assert_false(view_record(v, view_end(v), &r));
	buffer_clear(&text);
	view_free(v);
}

static void rotated_files_are_scrolled_into_as_one_log(void **state)
{
	struct view *v;
	struct walk *w;
	struct view_counts counts;
	char name[200], command[600];

	(void)state;
	/* Oldest first: a dated one, three packed ones, a plain one, the log. */
	snprintf(name, sizeof(name), "%s.2026-08-11-1", path);
	append_records(name, 0, 100);
	snprintf(name, sizeof(name), "%s.4", path);
	append_records(name, 100, 100);
	snprintf(name, sizeof(name), "%s.3", path);
	append_records(name, 200, 100);
	snprintf(name, sizeof(name), "%s.2", path);
	append_records(name, 300, 100);
	snprintf(command, sizeof(command), "gzip %s.4 && xz %s.3 && zstd -q --rm %s.2", path, path, path);
	assert_int_equal(system(command), 0);
	snprintf(name, sizeof(name), "%s.1", path);
	append_records(name, 400, 100);
	append_records(path, 500, 100);
	v = open_view();
	w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	for (long i = 599; i >= -1; i--)
		assert_int_equal(next_number(v, w), i);
	walk_free(w);
	assert_int_equal(source_count(view_source(v)), 6);
	assert_int_equal(source_at(view_source(v), 5)->joint, JOINT_OLDER);
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.records, 600);
	assert_string_equal(view_error(v)->message, "");
	w = walk_new(v, WALK_FORWARDS, view_start(v) - 1, NULL, false);
	for (long i = 0; i < 600; i++)
		assert_int_equal(next_number(v, w), i);
	walk_free(w);
	view_free(v);
}

static void a_damaged_rotated_file_is_told_and_ends_the_row(void **state)
{
	struct view *v;
	struct walk *w;
	char name[200];
	int fd;

	(void)state;
	append_records(path, 0, 10);
	snprintf(name, sizeof(name), "%s.1.gz", path);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "\x1f\x8b\x08\0\0\0\0\0\0\3 this is no deflate stream", 36), 36);
	close(fd);
	v = open_view();
	w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	for (long i = 9; i >= -1; i--)
		assert_int_equal(next_number(v, w), i);
	finish(v);
	assert_non_null(strstr(view_error(v)->message, "psc.log.1.gz"));
	walk_free(w);
	view_free(v);
}

/* --- large and hostile ------------------------------------------------------------------------------------------------- */

static void make_large_line(const char *needle)
{
	static char xs[1 << 20];
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	memset(xs, 'x', sizeof(xs));
	fputs("2025-03-13 13:58:07,246 INFO [t][[]] a.B -::admin:::- record 0\n"
	      "2025-03-13 13:58:07,247 WARN [t][[]] a.B -::admin:::- record 1 ", f);
	for (int i = 0; i < 20; i++)
		fwrite(xs, 1, sizeof(xs), f);
	fprintf(f, "%s\n\tat the.end\n2025-03-13 13:58:07,248 INFO [t][[]] a.B -::admin:::- record 2\n", needle);
	assert_int_equal(fclose(f), 0);
}

static void a_line_of_many_megabytes_is_a_record_like_others(void **state)
{
	struct view *v;
	struct walk *w;
	struct view_record r;
	struct view_counts counts;
	struct filter *f = make_filter("the needle");

	(void)state;
	make_large_line("the needle");
	v = open_view();
	w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	for (long i = 2; i >= -1; i--)
		assert_int_equal(next_number(v, w), i);
	walk_free(w);
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.records, 3);
	assert_true(view_set_filter(v, f, NULL));
	finish(v);
	view_counts(v, &counts);
	assert_int_equal(counts.matches, 1);
	w = walk_new(v, WALK_FORWARDS, view_start(v) - 1, NULL, false);
	assert_int_equal(next_number(v, w), 1);
	assert_true(view_record(v, LOG_POS(SEGMENT_FIRST_NUMBER, 63), &r));
	assert_false(r.whole);
	assert_int_equal(r.n, VIEW_TEXT_MAX);
	walk_free(w);
	view_free(v);
}

static void no_slice_takes_much_longer_than_it_may(void **state)
{
	struct view *v;
	int64_t longest = 0;

	(void)state;
	make_large_line("the needle");
	append_records(path, 0, 50000);
	v = open_view();
	assert_true(view_set_filter(v, make_filter("/x.*needle/"), NULL));
	for (int i = 0; i < 20000; i++) {
		int64_t before = clock_monotonic_us(), took;
		unsigned int flags = view_step(v, 1000);

		took = clock_monotonic_us() - before;
		longest = took > longest ? took : longest;
		if ((flags & VIEW_MORE) == 0)
			break;
	}
	/* A loaded machine takes the processor away; a slice that does not end at all would take seconds. */
	assert_true(longest < 500000);
	view_free(v);
}

static void hostile_bytes_are_walked_through_and_shown(void **state)
{
	static const char bytes[] = "\0\x80\n\n\xff\x1b[31m\r\n2025-03-13 13:58:07,246 INFO \x1b[2J[t\0][[]] \n2025-99-99 99:99:99,999 X\n";
	struct view *v;
	struct walk *w;
	struct view_record r;
	log_pos pos;
	struct buffer text = BUFFER_INIT(1000);
	FILE *f = fopen(path, "we");
	int found = 0;

	(void)state;
	assert_non_null(f);
	fwrite(bytes, 1, sizeof(bytes) - 1, f);
	assert_int_equal(fclose(f), 0);
	v = open_view();
	finish(v);
	w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	while (walk_step(w, SLICE_US, &pos) == WALK_FOUND) {
		found++;
		assert_true(view_record(v, pos, &r));
		for (size_t i = 0; i < r.lines; i++)
			view_show_line(view_record_line(&r, i), &text);
	}
	assert_int_equal(found, 3);
	for (size_t i = 0; i < text.len; i++)
		assert_true((unsigned char)text.data[i] >= 0x20 && (unsigned char)text.data[i] < 0x7F);
	walk_free(w);
	buffer_clear(&text);
	view_free(v);
}

static void times_from_all_of_history_stay_in_bounds(void **state)
{
	struct histogram h;
	struct histogram_column columns[10];
	int64_t from, to;
	uint64_t sum = 0;

	(void)state;
	histogram_init(&h);
	srand(1);
	for (int i = 0; i < 200000; i++)
		assert_true(histogram_add(&h, stamp_days(rand() % 9999, 1 + rand() % 12, 1) * 86400000 + rand(),
					  1, 1, 0));
	assert_true(h.count <= HISTOGRAM_BUCKETS_MAX);
	for (size_t i = 1; i < h.count; i++)
		assert_true(h.buckets[i - 1].start < h.buckets[i].start);
	assert_true(histogram_span(&h, &from, &to));
	histogram_columns(&h, from, to, columns, 10);
	for (int i = 0; i < 10; i++)
		sum += columns[i].warnings;
	assert_int_equal(sum, 200000);
	histogram_clear(&h);
}

static void blocks_of_a_huge_file_stay_in_bounds(void **state)
{
	struct index index;
	struct histogram h;
	static const char line[] = "2025-03-13 13:58:07,246 WARN [t][[]] a.B -::admin:::- x\n";
	uint64_t before;
	bool ok;

	(void)state;
	index_init(&index);
	histogram_init(&h);
	/* A record every 100 MB of a file of 20 TB. */
	for (int i = 0; i < 200000; i++) {
		index.at = (int64_t)i * 100000000;
		assert_int_equal(index_add(&index, &h, line, sizeof(line) - 1, false, &ok), sizeof(line) - 1);
		assert_true(ok);
	}
	assert_true(index.blocks.count <= BLOCKS_MAX);
	assert_int_equal(index.records, 200000);
	before = index_records_before(&index, index.at);
	assert_true(before <= 200000 && before > 199990);
	index_clear(&index);
	histogram_clear(&h);
}

/* --- the last update, saving ----------------------------------------------------------------------------------------- */

static void put_line(const char *stamp, const char *thread, const char *message)
{
	FILE *f = fopen(path, "ae");

	assert_non_null(f);
	fprintf(f, "2025-03-13 %s INFO [%s][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- %s\n", stamp, thread,
		message);
	assert_int_equal(fclose(f), 0);
}

static enum walk_result find_update(struct view *v, struct update_span *span)
{
	struct update_search *s = update_search_new(v);
	enum walk_result result;

	do
		result = update_search_step(s, SLICE_US, span);
	while (result == WALK_MORE);
	update_search_free(s);
	return result;
}

static void the_last_update_is_found_with_its_duration(void **state)
{
	struct view *v;
	struct update_span span;
	char text[STAMP_TEXT_MAX];

	(void)state;
	put_line("10:00:00,000", "t", "nothing");
	v = open_view();
	assert_int_equal(find_update(v, &span), WALK_END);
	view_free(v);
	put_line("11:00:00,000", "admin-http-pool5", "Starting opswat download");
	put_line("11:10:00,000", "admin-http-pool5", "Completed opswat download");
	put_line("13:58:07,246", "admin-http-pool5", "Starting opswat download");
	put_line("13:59:00,000", "other", "Starting opswat download");
	put_line("14:00:00,000", "other", "opswat");
	put_line("14:24:50,803", "admin-http-pool5", "Completed opswat download");
	put_line("14:24:51,803", "t", "Executing getStatus");
	v = open_view();
	assert_int_equal(find_update(v, &span), WALK_FOUND);
	assert_string_equal(stamp_duration(text, span.duration_ms), "26 min 43 s");
	assert_string_equal(stamp_text(text, span.start_ms), "2025-03-13 13:58:07,246");
	put_line("15:00:00,000", "admin-http-pool7", "Starting opswat download");
	view_step(v, 0);
	assert_int_equal(find_update(v, &span), WALK_FOUND);
	assert_int_equal(span.end, LOG_POS_NONE);
	assert_int_equal(span.duration_ms, -1);
	assert_string_equal(stamp_text(text, span.start_ms), "2025-03-13 15:00:00,000");
	view_free(v);
}

static void what_is_shown_is_saved_whole_or_not_at_all(void **state)
{
	struct view *v;
	struct save *s;
	struct error err = ERROR_INIT;
	struct buffer saved = BUFFER_INIT(10000000);
	enum save_result result;
	char to[200], again[200];

	(void)state;
	snprintf(to, sizeof(to), "%s/saved.txt", dir);
	append_records(path, 0, 3000);
	v = open_view();
	assert_true(view_set_filter(v, make_filter("opswat"), NULL));
	assert_true(save_new(v, to, false, &s, NULL));
	do {
		assert_int_equal(access(to, F_OK), -1);
		result = save_step(s, 100, &err);
	} while (result == SAVE_MORE);
	assert_int_equal(result, SAVE_DONE);
	assert_int_equal(save_records(s), 60);
	save_free(s);
	assert_true(file_read(AT_FDCWD, to, &saved, NULL));
	assert_int_equal(lines_count(saved.data, saved.len), 300);
	assert_false(save_new(v, to, false, &s, &err));
	assert_non_null(strstr(err.message, "exists"));
	/* By a process of its own; once it is killed, then whole. */
	assert_true(save_new(v, to, true, &s, NULL));
	save_apart(s);
	save_step(s, 100, &err);
	save_free(s);	/* given up: the old one stays, and nothing else */
	assert_int_equal(access(to, F_OK), 0);
	assert_int_equal(unlink(to), 0);
	assert_true(save_new(v, to, false, &s, NULL));
	save_apart(s);
	while ((result = save_step(s, 100, &err)) == SAVE_MORE)
		usleep(1000);
	assert_int_equal(result, SAVE_DONE);
	assert_int_equal(save_records(s), 60);
	save_free(s);
	buffer_reset(&saved);
	assert_true(file_read(AT_FDCWD, to, &saved, NULL));
	assert_int_equal(lines_count(saved.data, saved.len), 300);
	/* Its failure is told with its reason. */
	assert_true(save_new(v, to, true, &s, NULL));
	save_free(s);
	snprintf(again, sizeof(again), "%s/again.txt", dir);
	assert_true(save_new(v, again, false, &s, NULL));
	assert_int_equal(link(to, again), 0);
	save_apart(s);
	while ((result = save_step(s, 100, &err)) == SAVE_MORE)
		usleep(1000);
	assert_int_equal(result, SAVE_FAILED);
	assert_non_null(strstr(err.message, "again.txt"));
	save_free(s);
	assert_int_equal(unlink(again), 0);
	assert_int_equal(rmdir(dir), -1);
	assert_int_equal(unlink(to), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	buffer_clear(&saved);
	view_free(v);
}

static void filters_are_saved_by_name(void **state)
{
	struct saved_filters all;
	struct error err = ERROR_INIT;
	char file[200];

	(void)state;
	assert_true(saved_load(dir, &all, NULL));
	assert_non_null(saved_find(&all, "opswat"));
	assert_non_null(saved_find(&all, "failures"));
	saved_clear(&all);
	assert_true(saved_put(dir, "mine", "opswat level:warn", NULL));
	assert_true(saved_put(dir, "\xC3\xBC", "/x/", NULL));
	assert_true(saved_put(dir, "mine", "opswat level:error", NULL));
	assert_false(saved_put(dir, "bad", "level:loud", &err));
	assert_false(saved_put(dir, "opswat", "x", &err));
	assert_false(saved_put(dir, "", "x", &err));
	assert_false(saved_put(dir, "a\nb", "x", &err));
	assert_true(saved_load(dir, &all, NULL));
	assert_int_equal(all.count, 5);
	assert_string_equal(saved_find(&all, "mine")->text, "opswat level:error");
	saved_clear(&all);
	assert_false(saved_rename(dir, "nobody", "other", &err));
	assert_false(saved_rename(dir, "mine", "\xC3\xBC", &err));
	assert_non_null(strstr(err.message, "already"));
	assert_false(saved_rename(dir, "mine", "opswat", &err));
	assert_false(saved_rename(dir, "opswat", "mine", &err));
	assert_true(saved_rename(dir, "mine", "mine", NULL));
	assert_true(saved_rename(dir, "mine", "ours", NULL));
	assert_true(saved_load(dir, &all, NULL));
	assert_null(saved_find(&all, "mine"));
	assert_string_equal(saved_find(&all, "ours")->text, "opswat level:error");
	saved_clear(&all);
	assert_true(saved_rename(dir, "ours", "mine", NULL));
	assert_true(saved_remove(dir, "mine", NULL));
	assert_false(saved_remove(dir, "mine", &err));
	snprintf(file, sizeof(file), "%s/filters.json", dir);
	assert_true(file_write_atomic(AT_FDCWD, file, 0600, "{", 1, NULL));
	assert_false(saved_load(dir, &all, &err));
	assert_non_null(strstr(err.message, "filters.json"));
	/* What cannot be looked at is not taken for none, and written over. */
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("filters.json", file), 0);
	assert_false(saved_put(dir, "mine", "x", &err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(stretches_that_touch_cover_every_record_once),
		TEST(counting_in_two_processes_counts_the_same),
		TEST(the_index_knows_levels_times_and_counts),
		TEST(matches_are_counted_while_the_log_grows),
		TEST(one_walks_from_record_to_record_both_ways),
		TEST(walks_find_only_what_passes),
		TEST(a_changed_filter_ends_walks),
		TEST(what_is_searched_for_is_counted_and_numbered),
		TEST(one_jumps_to_a_time_though_the_clock_was_set_back),
		TEST(a_record_is_loaded_with_what_a_row_shows),
		TEST(rotated_files_are_scrolled_into_as_one_log),
		TEST(a_damaged_rotated_file_is_told_and_ends_the_row),
		TEST(a_line_of_many_megabytes_is_a_record_like_others),
		TEST(no_slice_takes_much_longer_than_it_may),
		TEST(hostile_bytes_are_walked_through_and_shown),
		TEST(times_from_all_of_history_stay_in_bounds),
		TEST(blocks_of_a_huge_file_stay_in_bounds),
		TEST(the_last_update_is_found_with_its_duration),
		TEST(what_is_shown_is_saved_whole_or_not_at_all),
		TEST(filters_are_saved_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
