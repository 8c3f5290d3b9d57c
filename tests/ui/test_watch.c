/* What the console knows of updates that others make, also where there is no state folder yet, or none any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ui/folder_watch.h"
#include "../ui/watch.h"
#include "base/file.h"
#include "settings/settings.h"

static char above[] = "/tmp/pc-watch-XXXXXX";
static char middle[64], state_dir[64];
static struct settings *settings;

static int set_up(void **state)
{
	(void)state;
	snprintf(above, sizeof(above), "/tmp/pc-watch-XXXXXX");
	if (mkdtemp(above) == NULL || !settings_load("/nonexistent/console.conf", &settings, NULL))
		return -1;
	snprintf(middle, sizeof(middle), "%s/lib", above);
	snprintf(state_dir, sizeof(state_dir), "%s/lib/state", above);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	settings_free(settings);
	return file_remove_tree(AT_FDCWD, above, NULL) ? 0 : -1;
}

static void write_status(const char *status)
{
	const struct update_state s = { .last_attempt = 1 };
	struct update_state with = s;

	snprintf(with.last_status, sizeof(with.last_status), "%s", status);
	assert_true(update_state_save(state_dir, &with, NULL));
}

static void the_first_update_is_seen_though_there_was_no_folder(void **state)
{
	struct watch w;

	(void)state;
	watch_init(&w, state_dir, settings);
	assert_true(w.folder.fd >= 0);
	assert_false(watch_changed(&w));
	assert_int_equal(mkdir(middle, 0755), 0);
	assert_int_equal(mkdir(state_dir, 0750), 0);
	write_status("updated");
	assert_true(watch_changed(&w));
	assert_string_equal(w.state.last_status, "updated");
	write_status("failed");
	assert_true(watch_changed(&w));
	assert_string_equal(w.state.last_status, "failed");
	watch_clear(&w);
}

/* One folder after the other, each after it was looked for. */
static void a_folder_is_waited_for_step_by_step(void **state)
{
	struct watch w;

	(void)state;
	watch_init(&w, state_dir, settings);
	assert_int_equal(mkdir(middle, 0755), 0);
	(void)watch_changed(&w);
	assert_int_equal(mkdir(state_dir, 0750), 0);
	(void)watch_changed(&w);
	write_status("updated");
	assert_true(watch_changed(&w));
	assert_string_equal(w.state.last_status, "updated");
	watch_clear(&w);
}

static void what_others_do_above_it_is_nobody_s_business(void **state)
{
	struct watch w;
	char path[96];

	(void)state;
	assert_int_equal(mkdir(middle, 0755), 0);
	watch_init(&w, state_dir, settings);
	snprintf(path, sizeof(path), "%s/other", middle);
	assert_true(file_write_atomic(AT_FDCWD, path, 0600, "x", 1, NULL));
	assert_false(watch_changed(&w));
	watch_clear(&w);
}

/* A file in it is open all the while, as a log is that is followed. */
static void a_folder_that_goes_and_comes_again_is_watched_again(void **state)
{
	struct watch w;
	char path[96];
	int open_file;

	(void)state;
	assert_true(file_make_dirs(state_dir, 0750, NULL));
	write_status("updated");
	snprintf(path, sizeof(path), "%s/update.json", state_dir);
	open_file = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(open_file >= 0);
	watch_init(&w, state_dir, settings);
	assert_string_equal(w.state.last_status, "updated");
	assert_int_equal(unlink(path), 0);
	assert_true(watch_changed(&w));
	assert_int_equal(rmdir(state_dir), 0);
	(void)watch_changed(&w);
	assert_string_equal(w.state.last_status, "");
	assert_int_equal(rmdir(middle), 0);
	(void)watch_changed(&w);
	assert_true(file_make_dirs(state_dir, 0750, NULL));
	(void)watch_changed(&w);
	write_status("failed");
	assert_true(watch_changed(&w));
	assert_string_equal(w.state.last_status, "failed");
	file_close(&open_file);
	watch_clear(&w);
}

/* As for the settings, whose folder the first save makes. */
static void one_file_is_told_from_the_others(void **state)
{
	struct folder_watch w;
	char mine[96], other[96];

	(void)state;
	snprintf(mine, sizeof(mine), "%s/console.conf", middle);
	snprintf(other, sizeof(other), "%s/other", middle);
	folder_watch_begin(&w, middle, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
	assert_true(file_make_dirs(middle, 0755, NULL));
	assert_true(file_write_atomic(AT_FDCWD, mine, 0600, "x", 1, NULL));
	assert_true(folder_watch_changed(&w, "console.conf"));
	assert_true(file_write_atomic(AT_FDCWD, other, 0600, "x", 1, NULL));
	assert_false(folder_watch_changed(&w, "console.conf"));
	assert_true(file_write_atomic(AT_FDCWD, mine, 0600, "y", 1, NULL));
	assert_true(folder_watch_changed(&w, "console.conf"));
	assert_false(folder_watch_changed(&w, "console.conf"));
	assert_int_equal(unlink(mine), 0);
	assert_true(folder_watch_changed(&w, "console.conf"));
	folder_watch_end(&w);
}

/* With a path from where the program was started. */
static void so_it_is_with_a_relative_path(void **state)
{
	char *before = getcwd(NULL, 0);
	struct watch w;

	(void)state;
	assert_non_null(before);
	assert_int_equal(chdir(above), 0);
	snprintf(state_dir, sizeof(state_dir), "state/");
	watch_init(&w, state_dir, settings);
	assert_int_equal(mkdir(state_dir, 0750), 0);
	write_status("updated");
	assert_true(watch_changed(&w));
	assert_string_equal(w.state.last_status, "updated");
	watch_clear(&w);
	assert_int_equal(chdir(before), 0);
	free(before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_update_is_seen_though_there_was_no_folder),
		TEST(a_folder_is_waited_for_step_by_step),
		TEST(what_others_do_above_it_is_nobody_s_business),
		TEST(a_folder_that_goes_and_comes_again_is_watched_again),
		TEST(one_file_is_told_from_the_others),
		TEST(so_it_is_with_a_relative_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
