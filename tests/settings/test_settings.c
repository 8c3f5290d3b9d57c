/* The settings file: read, refused with file and line, saved without loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "settings/settings.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static char dir[32], conf[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/pc-settings-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf, sizeof(conf), "%s/console.conf", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, dir, NULL) ? 0 : -1;
}

static void put_bytes(const char *name, const char *text, size_t len)
{
	char *path = file_join(dir, name);

	assert_true(file_write_atomic(AT_FDCWD, path, 0640, text, len, NULL));
	free(path);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static char *content(const char *path)
{
	struct buffer b = BUFFER_INIT(1000000);

	assert_true(file_read(AT_FDCWD, path, &b, NULL));
	return buffer_steal(&b);
}

static void assert_content(const char *want)
{
	char *is = content(conf);

	assert_string_equal(is, want);
	free(is);
}

static struct settings *load(void)
{
	struct error err = ERROR_INIT;
	struct settings *s;

	if (!settings_load(conf, &s, &err))
		fail_msg("%s", err.message);
	return s;
}

static void save(struct settings *s)
{
	struct error err = ERROR_INIT;

	if (!settings_save(s, &err))
		fail_msg("%s", err.message);
}

static void a_missing_file_gives_the_defaults(void **state)
{
	struct settings *s = load();

	(void)state;
	for (int i = 0; i < SETTING_COUNT; i++) {
		struct buffer text = BUFFER_INIT(1000);

		settings_text(s, (enum setting)i, &text);
		assert_string_equal(buffer_text(&text), setting_info((enum setting)i)->default_text);
		assert_false(settings_is_set(s, (enum setting)i));
		buffer_clear(&text);
	}
	assert_int_equal(settings_int(s, SETTING_SCHEDULE_INITIAL_DELAY), 600);
	assert_string_equal(settings_path(s), conf);
	save(s);
	assert_int_equal(access(conf, F_OK), -1);	/* nothing changed, nothing made */
	settings_free(s);
}

static void a_file_is_read_in_every_layout(void **state)
{
	static const char *const texts[] = {
		"proxy = { enabled = true; host = \"p\"; port = 3128; bypass = [ \"a\", \"b\" ]; };",
		"proxy = { enabled = true; host = \"p\"; port = 3128L; bypass = ( \"a\", \"b\" ); }; # no newline",
		"proxy :\n{\n  enabled : TRUE\n  host : \"\" /* */ \"p\"\n  port = 0xC38\n  bypass = [\"a\"\n,\"b\"] }\n",
		"\xEF\xBB\xBFproxy = { enabled = true; host = \"p\"; port = 3128; bypass = [ \"a\", \"b\" ]; };\r\n",
	};

	(void)state;
	for (size_t i = 0; i < N(texts); i++) {
		struct settings *s;

		put("console.conf", texts[i]);
		s = load();
		assert_true(settings_bool(s, SETTING_PROXY_ENABLED));
		assert_string_equal(settings_string(s, SETTING_PROXY_HOST), "p");
		assert_int_equal(settings_int(s, SETTING_PROXY_PORT), 3128);
		assert_int_equal(settings_list_size(s, SETTING_PROXY_BYPASS), 2);
		assert_string_equal(settings_list_item(s, SETTING_PROXY_BYPASS, 1), "b");
		assert_true(settings_is_set(s, SETTING_PROXY_PORT));
		assert_false(settings_is_set(s, SETTING_PROXY_USER));
		settings_free(s);
	}
}

static void a_bad_file_is_refused_with_its_line(void **state)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "\n\nproxy = {\n  port = 99999;\n};\n", ":4: proxy.port: 99999 is not allowed; a number from 1 to 65535" },
		{ "proxy = { port = \"8080\"; };\n", ":1: proxy.port: 8080 is not allowed; a number" },
		{ "proxy = { port = 80.5; };\n", ":1: proxy.port: 80.5 is not allowed" },
		{ "proxy = { port = true; };\n", ":1: proxy.port: true is not allowed" },
		{ "proxy = { port = [ 1 ]; };\n", ":1: proxy.port: a list is not allowed" },
		{ "proxy = { port = { }; };\n", ":1: proxy.port: a group is not allowed" },
		{ "proxy = { port = -1; };\n", ":1: proxy.port: -1 is not allowed" },
		{ "proxy = { port = 4294975376; };\n", ":1: the number 4294975376 is too large" },
		{ "proxy = {\nport = 4294975376L; };\n", ":2: proxy.port: 4294975376 is not allowed" },
		{ "proxy = { port = 0x100001F90; };\n", ":1: the number 0x100001F90 is too large" },
		{ "other = 99999999999999999999999999999999999999L;\n", ":1: the number 9999" },
		{ "proxy = { enabled = 1; };\n", ":1: proxy.enabled: 1 is not allowed; true or false" },
		{ "proxy = { enabled = \"yes\"; };\n", ":1: proxy.enabled: \"yes\" is not allowed; true or false" },
		{ "proxy = { host = 7; };\n", ":1: proxy.host: 7 is not allowed" },
		{ "proxy = { bypass = \"a\"; };\n", ":1: proxy.bypass: \"a\" is not allowed; a list" },
		{ "proxy = { bypass = [ 1, 2 ]; };\n", ":1: proxy.bypass: an item that is not a string" },
		{ "proxy = { bypass = [ \"a\", \"b c\" ]; };\n", ":1: proxy.bypass: \"b c\" is not allowed" },
		{ "schedule = { initial_delay = 600; };\n", ":1: schedule.initial_delay: 600 is not allowed; hours, minutes" },
		{ "schedule = { initial_delay = \"10 min\"; };\n", ":1: schedule.initial_delay: \"10 min\" is not allowed" },
		{ "source = { mode = \"both\"; };\n", ":1: source.mode: \"both\" is not allowed; one of web, offline" },
		{ "source = { feed_url = \"https://me:secret@h/\"; };\n", ":1: source.feed_url: \"https://h/\" is not allowed" },
		{ "hook = { after_commit = [ \"\" ]; };\n", ":1: hook.after_commit: \"\" is not allowed; a list of a program" },
		{ "proxy = \"http://p:80\";\n", ":1: proxy: not a group" },
		{ "a = 1;\nproxy = { port = 8080 };\nproxy = { };\n", ":3: duplicate setting name" },
		{ "proxy = { port = 1; port = 2; };\n", ":1: duplicate setting name" },
		{ "proxy = {\n  port = 8080;\n", "syntax error" },
		{ "proxy = { port == 8080; };\n", ":1: syntax error" },
		{ "a = 1;\n<html>\n", ":2: syntax error" },
		{ "a = 1;\nb = \"open;\nproxy = { };\n", ":2: text in quotes has no end" },
		{ "a = 1;\n/* open\nproxy = { port = 99999; };\n", ":2: a comment has no end" },
		{ "a = 1; @include \"x\"\n", ":1: @include must be the first word" },
		{ "a = 1;\n@include \"x\n", ":2: @include must be the first word" },
		{ "a = 1; / b = 2;\n", ":1: syntax error" },
		{ "@include \"none.conf\"\n", ":1: cannot include " },
		{ "\n@include \"..\"\n", ":2: cannot include " },
		{ "@include \"/etc/passwd\"\n", "must be relative to the folder" },
		{ "@include \"a\\b\"\n", "must be relative to the folder" },
		{ "@include \"console.conf\"\n", "too many files include one another" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct error err = ERROR_INIT;
		struct settings *s = NULL;

		put("console.conf", rows[i].text);
		assert_false(settings_load(conf, &s, &err));
		assert_null(s);
		if (strstr(err.message, rows[i].message) == NULL || strncmp(err.message, conf, strlen(conf)) != 0)
			fail_msg("<%s> was refused with <%s>", rows[i].text, err.message);
		assert_null(strstr(err.message, "secret"));
		assert_int_equal(error_exit_code(&err), EXIT_CONFIG);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char zero[] = "proxy = { port = 1; };\n\0source = { };\n";
	struct error err = ERROR_INIT;
	struct settings *s;
	char *large = malloc(300 * 1024);

	(void)state;
	put_bytes("console.conf", zero, sizeof(zero) - 1);
	assert_false(settings_load(conf, &s, &err));
	assert_int_equal(err.code, FINDING_CONFIG_INVALID);
	memset(large, ' ', 300 * 1024);
	put_bytes("console.conf", large, 300 * 1024);
	assert_false(settings_load(conf, &s, &err));
	assert_int_equal(err.code, FINDING_CONFIG_INVALID);
	assert_non_null(strstr(err.message, "larger than"));
	free(large);
	assert_int_equal(chmod(conf, 0666), 0);
	put("console.conf", "");
	assert_int_equal(chmod(conf, 0646), 0);
	assert_false(settings_load(conf, &s, &err));
	assert_int_equal(error_exit_code(&err), EXIT_PERMISSION);
	assert_false(settings_load(dir, &s, &err));
}

static void a_save_changes_what_was_changed_and_nothing_else(void **state)
{
	struct error err = ERROR_INIT;
	struct settings *s;

	(void)state;
	put("console.conf", "# ours\n"
			    "version = 1.25e-9; // unknown\n"
			    "proxy = {\n"
			    "  host = \"p.example\"; // asked for in ticket 7\n"
			    "  port = 3128;\n"
			    "  color = \"blue\";\n"
			    "};\n"
			    "site = { rack = 12L; hex = 0xFF; list = ( 1, \"a\", { b = true; } ); };\n");
	s = load();
	assert_true(settings_set(s, SETTING_PROXY_PORT, "8081", &err));
	assert_true(settings_set(s, SETTING_PROXY_BYPASS, ".example, 10.0.0.0/8", &err));
	assert_true(settings_set(s, SETTING_UI_THEME, "dark", &err));
	save(s);
	assert_content("# ours\n"
		       "version = 1.25e-9; // unknown\n"
		       "proxy = {\n"
		       "  host = \"p.example\"; // asked for in ticket 7\n"
		       "  port = 8081;\n"
		       "  color = \"blue\";\n"
		       "  bypass = [ \".example\", \"10.0.0.0/8\" ];\n"
		       "};\n"
		       "site = { rack = 12L; hex = 0xFF; list = ( 1, \"a\", { b = true; } ); };\n"
		       "\nui = {\n\ttheme = \"dark\";\n};\n");
	assert_true(settings_set(s, SETTING_PROXY_PORT, NULL, &err));
	assert_true(settings_set(s, SETTING_UI_THEME, NULL, &err));
	save(s);
	settings_free(s);
	s = load();
	assert_int_equal(settings_int(s, SETTING_PROXY_PORT), 8080);
	assert_false(settings_is_set(s, SETTING_PROXY_PORT));
	assert_string_equal(settings_string(s, SETTING_UI_THEME), "auto");
	assert_string_equal(settings_string(s, SETTING_PROXY_HOST), "p.example");
	settings_free(s);
}

static void every_setting_survives_a_save(void **state)
{
	static const char *const argument_vector[] = { "/bin/sh", "-c", "echo \"$1\" \\ 'x,y'\t\n#", "", "\xE2\x82\xAC" };
	struct error err = ERROR_INIT;
	struct settings *s = load();

	(void)state;
	for (int i = 0; i < SETTING_COUNT; i++)
		assert_true(settings_set(s, (enum setting)i, setting_info((enum setting)i)->default_text, &err));
	assert_true(settings_set(s, SETTING_PROXY_USER, "CORP\\x41\"me\"", &err));
	assert_true(settings_set_list(s, SETTING_LOG_COMMAND, argument_vector, N(argument_vector), &err));
	save(s);
	settings_free(s);
	s = load();
	assert_string_equal(settings_string(s, SETTING_PROXY_USER), "CORP\\x41\"me\"");
	assert_int_equal(settings_list_size(s, SETTING_LOG_COMMAND), N(argument_vector));
	for (size_t i = 0; i < N(argument_vector); i++)
		assert_string_equal(settings_list_item(s, SETTING_LOG_COMMAND, i), argument_vector[i]);
	for (int i = 0; i < SETTING_COUNT; i++) {
		struct buffer text = BUFFER_INIT(1000);

		assert_true(settings_is_set(s, (enum setting)i));
		settings_text(s, (enum setting)i, &text);
		if (i != SETTING_PROXY_USER && i != SETTING_LOG_COMMAND)
			assert_string_equal(buffer_text(&text), setting_info((enum setting)i)->default_text);
		buffer_clear(&text);
	}
	settings_free(s);
}

static void unknown_keys_are_named(void **state)
{
	struct settings *s;
	char want[200];

	(void)state;
	put("console.conf", "proxy = {\n  prot = 1;\n};\nprxy = { port = 1; };\n");
	s = load();
	snprintf(want, sizeof(want), "%s:2: proxy.prot", conf);
	assert_string_equal(settings_unknown(s, 0), want);
	snprintf(want, sizeof(want), "%s:4: prxy", conf);
	assert_string_equal(settings_unknown(s, 1), want);
	assert_null(settings_unknown(s, 2));
	settings_free(s);
}

static void a_new_file_is_private_and_its_folder_is_made(void **state)
{
	struct error err = ERROR_INIT;
	struct settings *s;
	mode_t mask = umask(0);
	struct stat st;
	char *deep = file_join(dir, "a/b/console.conf");

	(void)state;
	assert_true(settings_load(deep, &s, &err));
	assert_true(settings_set(s, SETTING_PROXY_PORT, "1", &err));
	save(s);
	umask(mask);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	free(deep);
	deep = file_join(dir, "a/b");
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_nlink, 2);
	free(deep);
	settings_free(s);
}

static void an_old_file_keeps_its_rights_and_its_link(void **state)
{
	struct error err = ERROR_INIT;
	struct settings *s;
	struct stat st;
	char *real = file_join(dir, "real.conf");

	(void)state;
	put("real.conf", "");
	assert_int_equal(chmod(real, 0604), 0);
	assert_int_equal(symlink("real.conf", conf), 0);
	s = load();
	assert_true(settings_set(s, SETTING_PROXY_PORT, "1", &err));
	save(s);
	assert_int_equal(lstat(conf, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(conf, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_content("\nproxy = {\n\tport = 1;\n};\n" + 1);
	settings_free(s);
	free(real);
}

static void only_a_regular_file_is_written(void **state)
{
	struct error err = ERROR_INIT;
	struct settings *s;

	(void)state;
	assert_true(settings_load("/dev/null", &s, &err));
	assert_true(settings_set(s, SETTING_PROXY_PORT, "1", &err));
	assert_false(settings_save(s, &err));
	settings_free(s);
}

static void nothing_is_written_over_a_file_that_became_bad(void **state)
{
	static const char *const texts[] = { "proxy = { port = 99999; };\n", "proxy = {\n", "schedule = { every_hours = 0; };\n" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(texts); i++) {
		struct settings *s;

		put("console.conf", "");
		s = load();
		assert_true(settings_set(s, SETTING_PROXY_PORT, "1", &err));
		put("console.conf", texts[i]);
		assert_false(settings_save(s, &err));
		assert_int_equal(err.code, FINDING_CONFIG_INVALID);
		assert_content(texts[i]);
		settings_free(s);
	}
}

static void included_files_are_read_and_never_written(void **state)
{
	static const char main_text[] = "@include \"site.conf\"\nproxy = {\n@include \"proxy.inc\"\n\thost = \"p\";\n};\n";
	static const struct { enum setting id; const char *text; bool ok; } rows[] = {
		{ SETTING_SCHEDULE_EVERY_HOURS, "6", false },	/* stands there */
		{ SETTING_SCHEDULE_AUTOMATIC, "no", false },	/* its group does */
		{ SETTING_PROXY_PORT, "1", false },
		{ SETTING_PROXY_HOST, "q", true },
		{ SETTING_PROXY_USER, "u", true },
		{ SETTING_UI_THEME, "dark", true },
	};
	struct error err = ERROR_INIT;
	struct settings *s;

	(void)state;
	put("site.conf", "schedule = { every_hours = 12; };\n");
	put("proxy.inc", "port = 3128;\n");
	for (size_t i = 0; i < N(rows); i++) {
		put("console.conf", main_text);
		s = load();
		assert_int_equal(settings_int(s, SETTING_SCHEDULE_EVERY_HOURS), 12);
		assert_int_equal(settings_int(s, SETTING_PROXY_PORT), 3128);
		assert_true(settings_set(s, rows[i].id, rows[i].text, &err));
		if (settings_save(s, &err) != rows[i].ok)
			fail_msg("row %zu: %s", i, err.message);
		if (!rows[i].ok) {
			assert_non_null(strstr(err.message, "included file"));
			assert_content(main_text);
		}
		settings_free(s);
	}
	put("site.conf", "\n\nschedule = { every_hours = 0; };\n");
	assert_false(settings_load(conf, &s, &err));
	assert_non_null(strstr(err.message, "/site.conf:3: schedule.every_hours: 0 is not allowed"));
	put("site.conf", "\nschedule = ]\n");
	assert_false(settings_load(conf, &s, &err));
	assert_non_null(strstr(err.message, "/site.conf:"));
	put("site.conf", "x = 4294975376;\n");
	assert_false(settings_load(conf, &s, &err));
	assert_non_null(strstr(err.message, "/site.conf:1: the number"));
}

static const struct { enum setting id; const char *text; } savers[20] = {
	{ SETTING_SOURCE_BUNDLE, "/x.zip" },	  { SETTING_SCHEDULE_AUTOMATIC, "false" },
	{ SETTING_SCHEDULE_EVERY_HOURS, "7" },	  { SETTING_SCHEDULE_JITTER, "00:00:07" },
	{ SETTING_PROXY_ENABLED, "true" },	  { SETTING_PROXY_HOST, "p" },
	{ SETTING_PROXY_PORT, "7" },		  { SETTING_PROXY_USER, "u" },
	{ SETTING_PROXY_BYPASS, "a, b" },	  { SETTING_TIME_SERVERS, "n1, n2" },
	{ SETTING_TIME_MAX_OFFSET_MS, "7" },	  { SETTING_DOWNLOAD_RETRIES, "7" },
	{ SETTING_DOWNLOAD_PARALLEL, "7" },	  { SETTING_STORE_KEEP, "7" },
	{ SETTING_LOG_FILE, "/x.log" },		  { SETTING_LOG_KEEP, "7" },
	{ SETTING_HOOK_AFTER_COMMIT, "/bin/true" }, { SETTING_HOOK_TIMEOUT_S, "7" },
	{ SETTING_UI_THEME, "light" },		  { SETTING_UI_MOUSE, "false" },
};

/* Sets and resets its own setting, and ends with it set. */
static int saver(size_t i)
{
	for (int round = 0; round < 5; round++) {
		struct error err = ERROR_INIT;
		struct settings *s;
		bool ok;

		if (!settings_load(conf, &s, &err)) {
			fprintf(stderr, "saver %zu: %s\n", i, err.message);
			return 1;
		}
		ok = settings_set(s, savers[i].id, round % 2 == 0 ? savers[i].text : NULL, &err) && settings_save(s, &err);
		if (!ok)
			fprintf(stderr, "saver %zu: %s\n", i, err.message);
		settings_free(s);
		if (!ok)
			return 1;
	}
	return 0;
}

static void twenty_savers_at_once_lose_nothing(void **state)
{
	pid_t pids[N(savers)];
	struct settings *s;
	struct stat st;
	char *text;

	(void)state;
	put("console.conf", "# kept\nsite = { rack = 12; };\n");
	for (size_t i = 0; i < N(savers); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(saver(i));
		assert_true(pids[i] > 0);
	}
	for (size_t i = 0; i < N(savers); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	s = load();
	for (size_t i = 0; i < N(savers); i++) {
		struct buffer value = BUFFER_INIT(1000);

		settings_text(s, savers[i].id, &value);
		assert_string_equal(buffer_text(&value), savers[i].text);
		buffer_clear(&value);
	}
	settings_free(s);
	text = content(conf);
	assert_int_equal(strncmp(text, "# kept\nsite = { rack = 12; };\n", 30), 0);
	free(text);
	assert_int_equal(stat(dir, &st), 0);
	text = file_join(dir, ".console.conf.lock");
	assert_int_equal(access(text, F_OK), -1);
	free(text);
}

static void the_password_is_kept_apart_and_private(void **state)
{
	struct buffer password = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	char *folder = file_join(dir, "state"), *path = file_join(dir, "state/proxy.password");
	mode_t mask = umask(0);
	struct stat st;

	(void)state;
	assert_true(settings_password_load(folder, &password, &err));
	assert_int_equal(password.len, 0);
	assert_true(settings_password_save(folder, "p\xC3\xA4ss: word#\"", &err));
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(settings_password_load(folder, &password, &err));
	assert_string_equal(buffer_text(&password), "p\xC3\xA4ss: word#\"");
	buffer_wipe(&password);

	assert_int_equal(chmod(path, 0640), 0);
	assert_false(settings_password_load(folder, &password, &err));
	assert_int_equal(error_exit_code(&err), EXIT_PERMISSION);
	assert_non_null(strstr(err.next, "chmod 600"));
	assert_int_equal(password.len, 0);
	assert_true(settings_password_save(folder, "again", &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_true(settings_password_save(folder, NULL, &err));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(settings_password_save(folder, NULL, &err));
	free(folder);
	free(path);
}

static void a_password_file_is_one_line_in_a_regular_file(void **state)
{
	static const struct { const char *text; const char *password; } rows[] = {
		{ "secret", "secret" }, { "secret\n", "secret" }, { "secret\r\n", "secret" }, { "", "" },
		{ "two\nlines\n", NULL },
	};
	struct error err = ERROR_INIT;
	char *path = file_join(dir, "proxy.password");
	char longest[257];

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct buffer password = BUFFER_INIT(1000);

		put("proxy.password", rows[i].text);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(settings_password_load(dir, &password, &err), rows[i].password != NULL);
		if (rows[i].password != NULL)
			assert_string_equal(buffer_text(&password), rows[i].password);
		else
			assert_null(strstr(err.message, "two"));
		buffer_wipe(&password);
	}
	memset(longest, 'x', 256);
	longest[256] = '\0';
	assert_false(settings_password_save(dir, longest, &err));
	assert_null(strstr(err.message, "xxx"));
	assert_false(settings_password_save(dir, "two\nlines", &err));
	assert_true(settings_password_save(dir, longest + 1, &err));
	unlink(path);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_false(settings_password_load(dir, &(struct buffer)BUFFER_INIT(1000), &err));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(settings_password_load(dir, &(struct buffer)BUFFER_INIT(1000), &err));
	free(path);
}

/* In the place of the C library's, by both its names: libconfig does not look whether it got a copy of a name or a string. */
static int copies_left = -1;
static bool name_failed;
char *__strdup(const char *text);
char *__strdup(const char *text)
{
	char *copy;

	if (copies_left >= 0 && copies_left-- == 0) {
		name_failed = name_failed || strcmp(text, "signature") == 0;
		return NULL;
	}
	copy = malloc(strlen(text) + 1);
	return copy != NULL ? strcpy(copy, text) : NULL;
}

char *strdup(const char *text)
{
	return __strdup(text);
}

static void what_libconfig_has_no_memory_for_is_not_ignored(void **state)
{
	bool ok = false;

	(void)state;
	put("console.conf", "source = { signature = \"required\"; };\nproxy = { bypass = [ \"a.test\", \"b.test\" ]; };\n");
	for (int n = 0; !ok; n++) {
		struct error err = ERROR_INIT;
		struct settings *s = NULL;

		copies_left = n;
		ok = settings_load(conf, &s, &err);
		if (ok) {
			assert_in_range(copies_left, 0, INT_MAX);	/* no copy had failed */
			settings_free(s);
		} else {
			assert_int_equal(err.code, FINDING_OUT_OF_MEMORY);
		}
		copies_left = -1;
	}
	assert_true(name_failed);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_missing_file_gives_the_defaults),
		test(a_file_is_read_in_every_layout),
		test(a_bad_file_is_refused_with_its_line),
		test(bytes_that_are_no_text_are_refused),
		test(a_save_changes_what_was_changed_and_nothing_else),
		test(every_setting_survives_a_save),
		test(unknown_keys_are_named),
		test(a_new_file_is_private_and_its_folder_is_made),
		test(an_old_file_keeps_its_rights_and_its_link),
		test(only_a_regular_file_is_written),
		test(nothing_is_written_over_a_file_that_became_bad),
		test(included_files_are_read_and_never_written),
		test(twenty_savers_at_once_lose_nothing),
		test(what_libconfig_has_no_memory_for_is_not_ignored),
		test(the_password_is_kept_apart_and_private),
		test(a_password_file_is_one_line_in_a_regular_file),
	};

	return cmocka_run_group_tests_name("settings: file", tests, NULL, NULL);
}
