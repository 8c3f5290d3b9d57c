#include "cli/report_parts.h"

#include <archive.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cli/check_text.h"
#include "job/files.h"

#define SECRET_FILE_MAX 4096

/* --- what is secret here --------------------------------------------------------------------------------------------------- */

/* user:password of a URL's authority. */
static bool know_url(struct redactor *r, const char *url)
{
	const char *authority = strstr(url, "://"), *end, *at, *colon;
	char user[256], password[1024];

	if (authority == NULL)
		return true;
	authority += 3;
	end = authority + strcspn(authority, "/?#");
	at = memrchr(authority, '@', (size_t)(end - authority));
	colon = at != NULL ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (colon == NULL)
		return true;
	snprintf(user, sizeof(user), "%.*s", (int)(colon - authority), authority);
	snprintf(password, sizeof(password), "%.*s", (int)(at - colon - 1), colon + 1);
	return redactor_add(r, user, password);
}

static bool names_secret(const char *word, size_t n)
{
	static const char *const names[] = { "passw", "pwd", "secret", "token", "key", "credential" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t at = 0; at + strlen(names[i]) <= n; at++) {
			if (strncasecmp(word + at, names[i], strlen(names[i])) == 0)
				return true;
		}
	}
	return false;
}

/* --token=VALUE, --token VALUE, TOKEN=VALUE */
static bool know_arguments(struct redactor *r, const struct settings *s, enum setting id)
{
	bool next = false, ok = true;

	for (size_t i = 0; i < settings_list_size(s, id) && ok; i++) {
		const char *word = settings_list_item(s, id, i), *equals = strchr(word, '=');

		ok = know_url(r, word);
		if (next || (equals != NULL && names_secret(word, (size_t)(equals - word))))
			ok = ok && redactor_add(r, NULL, next ? word : equals + 1);
		next = !next && word[0] == '-' && equals == NULL && names_secret(word, strlen(word));
	}
	return ok;
}

/* A password of the state folder as it is, whatever its mode: it must not leave. */
static bool know_password(struct redactor *r, const char *state_dir, const char *name, const char *user)
{
	char *path = file_join(state_dir, name);
	struct buffer password = BUFFER_INIT(SECRET_FILE_MAX);
	bool ok = path != NULL;

	if (ok && file_read(AT_FDCWD, path, &password, NULL)) {
		while (password.len > 0 && strchr("\r\n", password.data[password.len - 1]) != NULL)
			password.data[--password.len] = '\0';
		ok = redactor_add(r, user, buffer_text(&password));
	}
	buffer_wipe(&password);
	free(path);
	return ok;
}

bool report_know_secrets(struct redactor *r, const struct settings *settings, const char *state_dir)
{
	const struct settings *s = settings;

	return know_password(r, state_dir, "proxy.password", s != NULL ? settings_string(s, SETTING_PROXY_USER) : NULL) &&
	       know_password(r, state_dir, "node.password", s != NULL ? settings_string(s, SETTING_NODE_USER) : NULL) &&
	       (s == NULL || (know_url(r, settings_string(s, SETTING_SOURCE_FEED_URL)) &&
			      know_url(r, settings_string(s, SETTING_SOURCE_BUNDLE)) &&
			      know_arguments(r, s, SETTING_HOOK_AFTER_COMMIT) && know_arguments(r, s, SETTING_LOG_COMMAND)));
}

/* --- what is printed elsewhere ----------------------------------------------------------------------------------------------- */

/* Runs a function in a process of its own, with its standard output collected. */
static void capture(int (*run)(void *data), void *data, struct buffer *out)
{
	char chunk[65536];
	int fds[2];
	ssize_t n;
	pid_t pid;

	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC), code;

		close(fds[0]);		/* or it would wait for ever for its own reading, should the report be killed */
		dup2(null, STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		code = run(data);
		fflush(stdout);
		_exit(code);
	}
	file_close(&fds[1]);
	while (pid > 0 && ((n = read(fds[0], chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))) {
		if (n > 0 && out->len < REPORT_PART_MAX - sizeof(chunk))
			buffer_append(out, chunk, (size_t)n);
	}
	file_close(&fds[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

struct command_run {
	struct cli cli;
	const char *argument;
};

static int run_command(void *data)
{
	struct command_run *c = data;
	const struct cli_command *command = cli_command_find(c->cli.command);
	char *argv[] = { (char *)(uintptr_t)c->cli.command, (char *)(uintptr_t)c->argument, NULL };

	optind = 0;
	return command->run(&c->cli, c->argument != NULL ? 2 : 1, argv);
}

/* A document, or a line each. */
static json_t *parse(const struct buffer *text, bool *lines)
{
	json_t *value = json_loadb(buffer_text(text), text->len, 0, NULL);
	const char *p = buffer_text(text), *end = p + text->len;

	*lines = value == NULL;
	if (value != NULL)
		return value;
	value = json_array();
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((stop != NULL ? stop : end) - p);
		json_t *event = event_parse(p, len);

		if (event != NULL)
			json_array_append_new(value, event);
		p += len + (stop != NULL);
	}
	return value;
}

void report_part_command(struct report_archive *a, const struct cli *cli, const char *name, const char *command,
			 const char *argument)
{
	struct command_run run = { .cli = *cli, .argument = argument };
	char file[64];

	run.cli.command = command;
	run.cli.color = false;
	run.cli.quiet = false;
	for (int json = 0; json < 2; json++) {
		struct buffer out = BUFFER_INIT(REPORT_PART_MAX);

		run.cli.json = json != 0;
		capture(run_command, &run, &out);
		if (json) {
			bool lines;
			json_t *value = parse(&out, &lines);

			snprintf(file, sizeof(file), "%s.%s", name, lines ? "jsonl" : "json");
			report_add_json(a, file, value, lines);
			json_decref(value);
		} else {
			snprintf(file, sizeof(file), "%s.txt", name);
			report_add_text(a, file, buffer_text(&out), out.len);
		}
		buffer_clear(&out);
	}
}

/* --- the checks -------------------------------------------------------------------------------------------------------------- */

static int print_checks(void *data)
{
	struct check_text text;
	size_t i;
	json_t *event;

	check_text_init(&text, false, false);
	/* Also when all is well: a support case wants to see what is well. */
	text.all = true;
	json_array_foreach((json_t *)data, i, event)
		check_text_put(&text, event);
	check_text_clear(&text);
	return 0;
}

void report_part_checks(struct report_archive *a, const json_t *events)
{
	struct buffer out = BUFFER_INIT(REPORT_PART_MAX);

	capture(print_checks, (void *)(uintptr_t)events, &out);
	report_add_text(a, "verdict.txt", buffer_text(&out), out.len);
	report_add_json(a, "check.jsonl", events, true);
	buffer_clear(&out);
}

/* --- settings ---------------------------------------------------------------------------------------------------------------- */

/* A command's arguments may hold anything: its program, and how many there are. */
static void put_value(struct buffer *out, const struct settings *s, enum setting id)
{
	size_t n = settings_list_size(s, id);

	if (setting_info(id)->form != FORM_ARGUMENTS)
		settings_text(s, id, out);
	else if (n > 0)
		buffer_printf(out, P_("%s and %zu argument", "%s and %zu arguments", n - 1), settings_list_item(s, id, 0), n - 1);
}

void report_part_settings(struct report_archive *a, const struct settings *settings, const struct error *why)
{
	struct buffer out = BUFFER_INIT(REPORT_PART_MAX);

	if (settings == NULL)
		buffer_printf(&out, "%s\n", why->message);
	for (int id = 0; settings != NULL && id < SETTING_COUNT; id++) {
		buffer_printf(&out, "%c %s = ", settings_is_set(settings, (enum setting)id) ? '*' : ' ',
			      setting_info((enum setting)id)->key);
		put_value(&out, settings, (enum setting)id);
		buffer_putc(&out, '\n');
	}
	if (settings != NULL) {
		buffer_printf(&out, _("\n* set in %s\n"), settings_path(settings));
		for (size_t i = 0; settings_unknown(settings, i) != NULL; i++)
			buffer_printf(&out, _("no setting: %s\n"), settings_unknown(settings, i));
	}
	report_add_text(a, "settings.txt", buffer_text(&out), out.len);
	buffer_clear(&out);
}

/* --- versions, network, jobs --------------------------------------------------------------------------------------------------- */

void report_part_versions(struct report_archive *a)
{
	struct buffer out = BUFFER_INIT(REPORT_PART_MAX), release = BUFFER_INIT(65536);
	struct utsname system;

	buffer_printf(&out, "posture-console %s\n%s\n%s\n%s\njansson %s\n", PACKAGE_VERSION, curl_version(),
		      OpenSSL_version(OPENSSL_VERSION), archive_version_details(), JANSSON_VERSION);
	if (uname(&system) == 0)
		buffer_printf(&out, "%s %s %s %s %s\n", system.sysname, system.nodename, system.release, system.version,
			      system.machine);
	if (file_read(AT_FDCWD, "/etc/os-release", &release, NULL))
		buffer_printf(&out, "\n%s", buffer_text(&release));
	report_add_text(a, "versions.txt", buffer_text(&out), out.len);
	buffer_clear(&out);
	buffer_clear(&release);
}

static json_t *read_json(int dirfd, const char *path, bool *lines)
{
	struct buffer text = BUFFER_INIT(REPORT_PART_MAX);
	json_t *value = NULL;

	if (file_read(dirfd, path, &text, NULL))
		value = parse(&text, lines);
	buffer_clear(&text);
	return value;
}

void report_part_network(struct report_archive *a, const char *state_dir)
{
	char *path = file_join(state_dir, "last-good.json");
	bool lines;
	json_t *value = path != NULL ? read_json(AT_FDCWD, path, &lines) : NULL;

	if (value != NULL)
		report_add_json(a, "network.json", value, false);
	json_decref(value);
	free(path);
}

static bool failed(const json_t *events)
{
	const json_t *last = json_array_get(events, json_array_size(events) - 1);
	const char *status = json_string_value(json_object_get(last, "status"));

	return status == NULL || strcmp(status, "failed") == 0;
}

void report_part_jobs(struct report_archive *a, const char *state_dir)
{
	char *path = file_join(state_dir, "jobs");
	int dirfd = path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct dirent **entries = NULL;
	int n = dirfd >= 0 ? job_files(dirfd, &entries) : 0;
	bool done = false;

	/* Newest first: the newest, and the newest that failed. */
	for (int i = n - 1; i >= 0; i--) {
		bool lines = true;
		json_t *events = done ? NULL : read_json(dirfd, entries[i]->d_name, &lines);

		if (events != NULL && !lines) {
			json_t *one = json_array();

			json_array_append_new(one, events);
			events = one;
		}
		if (events != NULL && i == n - 1)
			report_add_json(a, "update-last.jsonl", events, true);
		if (events != NULL && failed(events)) {
			if (i < n - 1)
				report_add_json(a, "update-last-failed.jsonl", events, true);
			done = true;
		}
		json_decref(events);
	}
	job_files_free(entries, n);
	if (dirfd >= 0)
		file_close(&dirfd);
	free(path);
}
