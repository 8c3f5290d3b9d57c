/* The rows of the Log pane: whatever is done, they are a stretch of the records that pass, and the selected one is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ui/log_rows.h"
#include "logview/filter.h"

#define RECORDS_MAX 6000
#define STEPS_MAX 100000

struct fixture {
	char path[64];
	FILE *f;
	log_pos all[RECORDS_MAX], kept[RECORDS_MAX];	/* every record; those with "keep" */
	size_t all_count, kept_count;
	struct view *view;
	struct log_rows rows;
	bool filtered;
	size_t selected;		/* of the model */
	int lines;
};

static unsigned int dice = 1;

static unsigned int roll(unsigned int n)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 8) % n;
}

static int height(void *data, log_pos pos)
{
	(void)data;
	return 1 + (int)(LOG_POS_OFFSET(pos) % 3);
}

static void write_record(struct fixture *x)
{
	bool keep = roll(3) == 0;
	log_pos pos = LOG_POS(SEGMENT_FIRST_NUMBER, ftello(x->f));

	x->all[x->all_count++] = pos;
	if (keep)
		x->kept[x->kept_count++] = pos;
	fprintf(x->f, "2026-11-20 12:00:00,%03u INFO [t][[]] a.B -:::::- %zu %s%.*s\n", roll(1000), x->all_count,
		keep ? "keep" : "drop", (int)roll(200), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	if (roll(4) == 0)
		fprintf(x->f, "\tat a.b.C\n\tat a.b.D\n");
	fflush(x->f);
}

static void open_log(struct fixture *x, size_t records)
{
	struct source *source;
	int fd;

	*x = (struct fixture){ .path = "/tmp/pc-rows-XXXXXX", .lines = 20 };
	fd = mkstemp(x->path);
	assert_true(fd >= 0);
	x->f = fdopen(fd, "w");
	assert_non_null(x->f);
	for (size_t i = 0; i < records; i++)
		write_record(x);
	assert_true(source_open_file(x->path, true, true, &source, NULL));
	x->view = view_new(source);
	assert_non_null(x->view);
	view_step(x->view, 1000);
	log_rows_init(&x->rows, x->view, false);
}

static void close_log(struct fixture *x)
{
	log_rows_clear(&x->rows);
	view_free(x->view);
	fclose(x->f);
	unlink(x->path);
}

/* Works until nothing is wanted any more. */
static void settle(struct fixture *x)
{
	int i = 0;

	do {
		while (log_rows_busy(&x->rows)) {
			log_rows_step(&x->rows, (int)roll(50));
			assert_true(++i < STEPS_MAX);
		}
		log_rows_arrange(&x->rows, x->lines, height, x);
	} while (log_rows_busy(&x->rows));
}

static const log_pos *list(const struct fixture *x, size_t *n)
{
	*n = x->filtered ? x->kept_count : x->all_count;
	return x->filtered ? x->kept : x->all;
}

static void check(struct fixture *x)
{
	const struct log_rows *r = &x->rows;
	size_t n, from = 0;
	const log_pos *wanted = list(x, &n);
	int used = 0, before_last = 0;

	settle(x);
	assert_true(r->n > 0);
	while (from < n && wanted[from] != r->pos[0])
		from++;
	for (size_t i = 0; i < r->n; i++)
		assert_true(from + i < n && wanted[from + i] == r->pos[i]);
	assert_int_equal(from + r->selected, x->selected);
	assert_true(r->selected >= r->top && r->top + r->shown <= r->n);
	for (size_t i = r->top; i <= r->selected; i++) {
		before_last = used;
		used += height(x, r->pos[i]);
	}
	/* The selected record is seen whole, unless it alone is too high. */
	assert_true(used <= x->lines || r->selected == r->top);
	assert_true(before_last < x->lines);
	for (used = 0, n = 0; n < r->shown; n++)
		used += height(x, r->pos[r->top + n]);
	/* No line stays free as long as there are records to fill it. */
	assert_true(used >= x->lines || (r->top == 0 && r->at_start) || used + 3 > x->lines);
}

static void move(struct fixture *x, long by)
{
	size_t n;
	long to = (long)x->selected + by;

	list(x, &n);
	log_rows_move(&x->rows, by);
	x->selected = to < 0 ? 0 : to >= (long)n ? n - 1 : (size_t)to;
}

static void go_somewhere(struct fixture *x)
{
	size_t n, i;
	const log_pos *wanted = list(x, &n);

	i = roll((unsigned int)n);
	/* Also to the middle of a record. */
	log_rows_go(&x->rows, wanted[i] + (log_pos)roll(2) * 7);
	x->selected = i;
}

/* The last one that passes at or before the one that was selected; the first when there is none. */
static void change_filter(struct fixture *x)
{
	size_t n;
	const log_pos *wanted = list(x, &n);
	log_pos at = wanted[x->selected];
	struct filter *f = filter_new();

	x->filtered = !x->filtered;
	if (x->filtered)
		assert_true(filter_add(f, FILTER_TEXT, false, "keep", NULL));
	assert_true(view_set_filter(x->view, f, NULL));
	log_rows_filtered(&x->rows);
	wanted = list(x, &n);
	for (x->selected = n - 1; x->selected > 0 && wanted[x->selected] > at; x->selected--)
		;
	if (x->rows.follow)
		x->selected = n - 1;
}

static void grow(struct fixture *x)
{
	size_t n;

	for (unsigned int i = roll(40); i > 0 && x->all_count < RECORDS_MAX; i--)
		write_record(x);
	if ((view_step(x->view, 1000) & VIEW_GREW) != 0)
		log_rows_grew(&x->rows);
	list(x, &n);
	if (x->rows.follow)
		x->selected = n - 1;
}

static void rows_are_a_stretch_of_what_passes_whatever_is_done(void **state)
{
	struct fixture x;
	size_t n;

	(void)state;
	open_log(&x, 4500);
	list(&x, &n);
	x.selected = n - 1;
	check(&x);
	for (int i = 0; i < 400; i++) {
		switch (roll(9)) {
		case 0: move(&x, -1); break;
		case 1: move(&x, 1); break;
		case 2: move(&x, -(long)roll(60)); break;
		case 3: move(&x, (long)roll(60)); break;
		case 4: move(&x, (long)roll(6000) - 3000); break;
		case 5: go_somewhere(&x); break;
		case 6: change_filter(&x); break;
		case 7: x.lines = 3 + (int)roll(60); break;
		default: grow(&x); break;
		}
		check(&x);
	}
	close_log(&x);
}

static void the_end_is_followed_until_one_goes_up(void **state)
{
	struct fixture x;

	(void)state;
	open_log(&x, 100);
	x.selected = 99;
	check(&x);
	assert_true(x.rows.follow);
	write_record(&x);
	view_step(x.view, 1000);
	log_rows_grew(&x.rows);
	x.selected = 100;
	check(&x);
	move(&x, -1);
	assert_false(x.rows.follow);
	write_record(&x);
	view_step(x.view, 1000);
	log_rows_grew(&x.rows);
	check(&x);
	/* Down beyond the end takes it up again. */
	move(&x, 2);
	check(&x);
	move(&x, 1);
	settle(&x);
	assert_true(x.rows.follow);
	close_log(&x);
}

static void an_empty_log_has_no_rows(void **state)
{
	struct fixture x;

	(void)state;
	open_log(&x, 0);
	settle(&x);
	assert_int_equal(x.rows.n, 0);
	assert_true(log_rows_selected(&x.rows) == LOG_POS_NONE);
	log_rows_move(&x.rows, -5);
	log_rows_move(&x.rows, 5);
	log_rows_start(&x.rows);
	settle(&x);
	log_rows_end(&x.rows);
	settle(&x);
	write_record(&x);
	view_step(x.view, 1000);
	log_rows_grew(&x.rows);
	check(&x);
	close_log(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_a_stretch_of_what_passes_whatever_is_done),
		cmocka_unit_test(the_end_is_followed_until_one_goes_up),
		cmocka_unit_test(an_empty_log_has_no_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
