/* The console's parts that need no terminal: layout, keys, pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ui/key.h"
#include "../ui/keymap.h"
#include "../ui/layout.h"
#include "../ui/page.h"

/* One character a row: state, bar, pane, title of the log (in the pane's last row), log, keys. */
static void rows_as_text(char *dst, int rows, const struct layout *l)
{
	const struct { const struct rect *r; char c; } parts[] = {
		{ &l->state, 's' }, { &l->bar, 'b' },	{ &l->body, 'P' },
		{ &l->strip_title, 't' }, { &l->strip, 'L' }, { &l->keys, 'k' },
	};

	memset(dst, '.', (size_t)rows);
	dst[rows] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (int row = 0; row < parts[i].r->rows; row++) {
			assert_in_range(parts[i].r->row + row, 0, rows - 1);
			assert_int_equal(dst[parts[i].r->row + row], parts[i].c == 't' ? 'P' : '.');
			dst[parts[i].r->row + row] = parts[i].c;
		}
	}
}

static void layout_gives_each_row_to_one_part(void **state)
{
	static const struct { int rows, cols, body, strip; const char *want; } cases[] = {
		{ 24, 80, 16, -1, "sbPPPPPPPPPPPPPPPtLLLLLk" },
		{ 24, 80, 16, 0, "sbPPPPPPPPPPPPPPPPPPPPPk" },
		{ 24, 80, 16, 2, "sbPPPPPPPPPPPPPPPPPPtLLk" },
		{ 24, 80, 40, -1, "sbPPPPPPPPPPPPPPPPPPtLLk" },
		{ 24, 80, 16, 99, "sbPPPPPPPtLLLLLLLLLLLLLk" },
		{ 15, 60, 16, -1, "sbPPPPPPPPPPtLk" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct layout l = layout_make(cases[i].rows, cases[i].cols, cases[i].body, cases[i].strip, false);

		rows_as_text(text, cases[i].rows, &l);
		assert_string_equal(text, cases[i].want);
	}
}

static void layout_uses_a_large_screen_whole(void **state)
{
	struct layout l = layout_make(100, 300, 16, -1, false);
	char text[128];

	(void)state;
	rows_as_text(text, 100, &l);
	assert_null(strchr(text, '.'));
	assert_int_equal(l.body.cols, 300);
	assert_int_equal(l.strip.cols, 300);
	l = layout_make(100, 300, 16, -1, true);
	assert_int_equal(l.side.rows, l.body.rows);
	assert_int_equal(l.side.col, l.body.cols);
	assert_int_equal(l.body.cols + l.side.cols, 300);
	assert_int_equal(layout_make(24, 119, 16, -1, true).side.cols, 0);
	assert_true(layout_make(24, 120, 16, -1, true).body.cols >= 76);
}

static void layout_says_when_the_screen_is_too_small(void **state)
{
	static const int sizes[][2] = { { 20, 5 }, { 5, 20 }, { 1, 1 }, { 14, 80 }, { 24, 59 }, { 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct layout l = layout_make(sizes[i][0], sizes[i][1], 16, -1, true);

		assert_true(l.too_small);
		assert_int_equal(l.body.rows, 0);
	}
}

static void a_box_never_leaves_the_screen(void **state)
{
	struct rect r = layout_centre(5, 20, 30, 76);

	(void)state;
	assert_int_equal(r.row, 0);
	assert_int_equal(r.col, 0);
	assert_int_equal(r.rows, 5);
	assert_int_equal(r.cols, 20);
	r = layout_centre(24, 80, 10, 76);
	assert_int_equal(r.row, 7);
	assert_int_equal(r.col, 2);
}

static void scrolling_keeps_the_focus_in_sight(void **state)
{
	(void)state;
	assert_int_equal(layout_scroll(10, 4, 7, 0), 4);
	assert_int_equal(layout_scroll(10, 4, 1, 5), 1);
	assert_int_equal(layout_scroll(3, 4, 2, 2), 0);
}

static void every_known_key_finds_its_action(void **state)
{
	static const struct { enum scope scope; int key; enum action action; } cases[] = {
		{ SCOPE_UPDATE, 'u', ACTION_UPDATE },	 { SCOPE_UPDATE, 'x', ACTION_STOP },
		{ SCOPE_GLOBAL, '?', ACTION_HELP },	 { SCOPE_GLOBAL, KEYS_F1, ACTION_HELP },
		{ SCOPE_GLOBAL, 'q', ACTION_QUIT },	 { SCOPE_GLOBAL, 3, ACTION_QUIT },
		{ SCOPE_GLOBAL, 27, ACTION_BACK },	 { SCOPE_FORM, '\t', ACTION_NEXT },
		{ SCOPE_FORM, KEYS_BACK_TAB, ACTION_PREVIOUS }, { SCOPE_FORM, KEYS_DOWN, ACTION_NEXT },
		{ SCOPE_LIST, KEYS_DOWN, ACTION_DOWN },	 { SCOPE_FORM, '\r', ACTION_CHOOSE },
		{ SCOPE_FORM, '\n', ACTION_CHOOSE },	 { SCOPE_FORM, ' ', ACTION_CHOOSE },
		{ SCOPE_GLOBAL, 26, ACTION_SUSPEND },	 { SCOPE_GLOBAL, '~', ACTION_NONE },
		{ SCOPE_GLOBAL, 0x1f600, ACTION_NONE },	 { SCOPE_GLOBAL, 'u', ACTION_NONE },
		{ SCOPE_GLOBAL, '2', ACTION_PANE_2 },	 { SCOPE_GLOBAL, KEYS_F6, ACTION_PANE_5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(keymap_action(cases[i].scope, cases[i].key), cases[i].action);
}

/* A key that meant two things in one scope would never reach the second. */
static void no_key_means_two_things_in_one_scope(void **state)
{
	(void)state;
	for (int a = 0; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);

		for (const char *at = info->keys; *at != '\0';) {
			size_t len = strcspn(at, " ");
			int key = key_by_name(at, len);

			if (key == KEYS_NONE)
				fail_msg("%s: \"%.*s\" is no key", info->name, (int)len, at);
			if (keymap_action(info->scope, key) != (enum action)a)
				fail_msg("%.*s in scope %s is bound twice: %s", (int)len, at, scope_name(info->scope), info->name);
			at += len + (at[len] == ' ');
		}
	}
}

static void action_names_are_unique(void **state)
{
	(void)state;
	for (int a = 0; a < ACTION_COUNT; a++)
		assert_int_equal(action_by_name(action_info((enum action)a)->name), a);
}

static bool all_but_stop(void *data, enum action action)
{
	(void)data;
	return action != ACTION_STOP;
}

static void the_key_line_shows_what_is_possible(void **state)
{
	struct buffer line = BUFFER_INIT(1024);

	(void)state;
	keymap_line(&line, SCOPE_FORM, all_but_stop, NULL);
	assert_string_equal(buffer_text(&line), " Tab field  Enter choose");
	keymap_line(&line, SCOPE_UPDATE, all_but_stop, NULL);
	assert_non_null(strstr(buffer_text(&line), "  u update now"));
	assert_null(strstr(buffer_text(&line), "stop"));
	buffer_clear(&line);
}

static void the_help_has_a_line_for_every_action(void **state)
{
	struct buffer text = BUFFER_INIT(65536);

	(void)state;
	for (int i = 0; i < SCOPE_COUNT; i++)
		keymap_help(&text, (enum scope)i);
	for (int a = 0; a < ACTION_COUNT; a++) {
		char name[64];

		snprintf(name, sizeof(name), "(%s)\n", action_info((enum action)a)->name);
		if (strstr(buffer_text(&text), name) == NULL)
			fail_msg("%s is not in the help", name);
	}
	assert_non_null(strstr(buffer_text(&text), "q F10 C-c          Leave the console"));
	buffer_clear(&text);
}

static void a_page_is_made_of_safe_text(void **state)
{
	static const struct page_button buttons[] = { { 2001, "One" }, { 2002, "Two" } };
	struct buffer out = BUFFER_INIT(8192);
	struct page p;

	(void)state;
	page_init(&p);
	page_start(&p, 10, 20, false);
	page_rule(&p, "Title");
	page_row(&p, ROLE_NORMAL, 6, "Name", "a\033[31mb\r\xe2\x80\xae");
	page_field(&p, 2000, 6, "Field", "value");
	page_wrap(&p, ROLE_NORMAL, "words that do not fit into twenty columns");
	page_buttons(&p, buttons, 2);
	page_dump(&p, &out);
	assert_string_equal(buffer_text(&out), "-- Title\nName  a^[[31mb^M<U+\xe2\x80\xa6\nField value\nwords that do not\n"
					       "fit into twenty\ncolumns\n[ One ]  [ Two ]\n");
	assert_int_equal(p.items, 3);
	assert_int_equal(p.item[2].id, 2002);
	assert_int_equal(p.item[2].col, 9);
	assert_int_equal(p.item[2].cols, 7);
	buffer_clear(&out);
	page_clear(&p);
}

static void a_page_has_a_limit(void **state)
{
	struct page p;

	(void)state;
	page_init(&p);
	page_start(&p, 10, 20, false);
	for (int i = 0; i < PAGE_LINES_MAX + 1; i++)
		page_text(&p, ROLE_NORMAL, "line");
	assert_int_equal(p.count, PAGE_LINES_MAX);
	assert_true(p.overflow);
	page_clear(&p);
}

static void put_number(void *data, struct page *p, int64_t row, bool selected)
{
	int *asked = data;

	(*asked)++;
	page_putf(p, selected ? ROLE_TITLE : ROLE_NORMAL, "row %lld", (long long)row);
}

/* However long a list is, only what is seen is asked for. */
static void a_list_asks_for_what_is_seen(void **state)
{
	struct list list = { .count = 1000000000000, .selected = 999999999999 };
	struct buffer out = BUFFER_INIT(8192);
	struct page p;
	int asked = 0;

	(void)state;
	page_init(&p);
	page_start(&p, 10, 40, false);
	page_list(&p, 2000, &list, 3, put_number, &asked);
	page_dump(&p, &out);
	assert_int_equal(asked, 3);
	assert_string_equal(buffer_text(&out), "  row 999999999997\n  row 999999999998\n> row 999999999999\n");
	list_move(&list, -2000000000000);
	assert_int_equal(list.selected, 0);
	list.count = 0;
	page_start(&p, 10, 40, false);
	page_list(&p, 2000, &list, 3, put_number, &asked);
	assert_int_equal(asked, 3);
	assert_int_equal(p.count, 3);
	buffer_clear(&out);
	page_clear(&p);
}

static void columns_stand_side_by_side(void **state)
{
	struct buffer out = BUFFER_INIT(8192);
	struct page p;

	(void)state;
	page_init(&p);
	page_start(&p, 10, 40, false);
	page_rule(&p, "Both");
	page_column(&p, 1, 0, 18);
	page_text(&p, ROLE_NORMAL, "left");
	page_text(&p, ROLE_NORMAL, "also");
	page_column(&p, 1, 20, 20);
	page_text(&p, ROLE_NORMAL, "right");
	page_column(&p, 3, 0, p.cols);
	page_text(&p, ROLE_NORMAL, "below");
	page_dump(&p, &out);
	assert_string_equal(buffer_text(&out), "-- Both\nleft                right\nalso\nbelow\n");
	buffer_clear(&out);
	page_clear(&p);
}

static void bars_never_leave_their_columns(void **state)
{
	static const struct { long long part, total; const char *want; } cases[] = {
		{ 0, 10, "[........]" }, { 5, 10, "[####....]" }, { 10, 10, "[########]" }, { 99, 10, "[########]" },
		{ 5, 0, "" }, { 5, -1, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer bar = BUFFER_INIT(64);

		page_bar(&bar, 10, cases[i].part, cases[i].total);
		assert_string_equal(buffer_text(&bar), cases[i].want);
		buffer_clear(&bar);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_gives_each_row_to_one_part),
		cmocka_unit_test(layout_uses_a_large_screen_whole),
		cmocka_unit_test(layout_says_when_the_screen_is_too_small),
		cmocka_unit_test(a_box_never_leaves_the_screen),
		cmocka_unit_test(scrolling_keeps_the_focus_in_sight),
		cmocka_unit_test(every_known_key_finds_its_action),
		cmocka_unit_test(no_key_means_two_things_in_one_scope),
		cmocka_unit_test(action_names_are_unique),
		cmocka_unit_test(the_key_line_shows_what_is_possible),
		cmocka_unit_test(the_help_has_a_line_for_every_action),
		cmocka_unit_test(a_page_is_made_of_safe_text),
		cmocka_unit_test(a_page_has_a_limit),
		cmocka_unit_test(a_list_asks_for_what_is_seen),
		cmocka_unit_test(columns_stand_side_by_side),
		cmocka_unit_test(bars_never_leave_their_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
