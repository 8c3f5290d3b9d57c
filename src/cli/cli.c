#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/event.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"

#define PRINT_MAX (64u * 1024 * 1024)
#define SECRET_MAX 4096

static const struct cli_command commands[] = {
#define COMMAND(name, function, synopsis, summary, help) { name, synopsis, summary, help, function },
#include "cli/commands.def"
#undef COMMAND
};

/* Commands for programs: found by name, and in no list. */
static const struct cli_command hidden_commands[] = {
	{ "complete", "WORD...", N_("candidates for a shell's completion"), "", cli_complete },
};

const struct cli_command *cli_commands(size_t *count)
{
	*count = sizeof(commands) / sizeof(commands[0]);
	return commands;
}

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	for (size_t i = 0; i < sizeof(hidden_commands) / sizeof(hidden_commands[0]); i++) {
		if (strcmp(hidden_commands[i].name, name) == 0)
			return &hidden_commands[i];
	}
	return NULL;
}

static void put_safe(FILE *out, const char *text)
{
	struct buffer safe = BUFFER_INIT(PRINT_MAX);

	text_sanitise(&safe, text, strlen(text));
	fputs(buffer_text(&safe), out);
	buffer_clear(&safe);
}

void cli_print_safe(const char *text)
{
	put_safe(stdout, text);
}

/* The JSON form of an error: one event, so that a reader of --json always finds the cause on standard output. */
static void print_json_error(const struct error *err, const char *next, int code)
{
	json_t *event = event_new("error", "{s:o, s:i}", "message", event_string(err->message), "exit_code", code);

	if (event == NULL)
		return;
	if (err->code != FINDING_NONE)
		json_object_set_new(event, "finding", json_string(finding_info(err->code)->code));
	if (next[0] != '\0')
		json_object_set_new(event, "next", event_string(next));
	fflush(stdout);
	event_write_line(STDOUT_FILENO, event);
	json_decref(event);
}

int cli_fail(const struct cli *cli, const struct error *err)
{
	char next[ERROR_TEXT_MAX];
	size_t len = strlen(err->message);
	int code = error_exit_code(err);

	error_next_step(err, next, sizeof(next));
	if (cli->json)
		print_json_error(err, next, code);
	fflush(stdout);
	fputs("posture-console: ", stderr);
	put_safe(stderr, err->message);
	if (len > 0 && err->message[len - 1] != '.')
		fputc('.', stderr);
	if (next[0] != '\0') {
		fputc(' ', stderr);
		put_safe(stderr, next);
	}
	if (err->code != FINDING_NONE)
		fprintf(stderr, " [%s]", finding_info(err->code)->code);
	fputc('\n', stderr);
	return code;
}

static void print_synopsis(FILE *out, const struct cli_command *command)
{
	if (command != NULL)
		fprintf(out, _("Usage: posture-console %s %s\n"), command->name, command->synopsis);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	const struct cli_command *command = cli->command != NULL ? cli_command_find(cli->command) : NULL;
	struct error err = ERROR_INIT;
	va_list args;

	err.exit_code = EXIT_USAGE;
	va_start(args, fmt);
	vsnprintf(err.message, sizeof(err.message), fmt, args);
	va_end(args);
	error_next(&err, "%s", _("See \"posture-console --help\"."));
	if (command != NULL)
		error_next(&err, _("See \"posture-console %s --help\"."), command->name);
	cli_fail(cli, &err);
	if (command != NULL && !cli->quiet)
		print_synopsis(stderr, command);
	return EXIT_USAGE;
}

void cli_warn(const struct cli *cli, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	if (cli->quiet)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fflush(stdout);
	fputs("posture-console: ", stderr);
	put_safe(stderr, text);
	fputc('\n', stderr);
}

enum {
	OPTION_FIRST = 0x7000,
#define GLOBAL(id, ...) OPTION_##id,
#include "cli/globals.def"
#undef GLOBAL
};
#define OPTIONS_MAX 48

int cli_getopt(struct cli *cli, int argc, char **argv, const char *short_options, const struct option *long_options)
{
	static const struct option global[] = {
#define GLOBAL(id, name, short_name, value, help) \
	{ name, sizeof(value) > 1 ? required_argument : no_argument, NULL, OPTION_##id },
#include "cli/globals.def"
#undef GLOBAL
		{ NULL, 0, NULL, 0 },
	};
	struct option all[OPTIONS_MAX];
	char shorts[64];
	size_t n = 0;

	while (long_options != NULL && long_options[n].name != NULL && n < OPTIONS_MAX - sizeof(global) / sizeof(*global)) {
		all[n] = long_options[n];
		n++;
	}
	memcpy(all + n, global, sizeof(global));
	snprintf(shorts, sizeof(shorts), ":hq%s", short_options != NULL ? short_options : "");
	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, shorts, all, NULL);

		switch (c) {
		case 'h':
		case OPTION_HELP: {
			const struct cli_command *command = cli_command_find(cli->command);

			if (command == NULL)
				return 'h';
			print_synopsis(stdout, command);
			printf("\n%s\n", _(command->summary));
			if (command->help[0] != '\0')
				printf("\n%s\n", _(command->help));
			return 'h';
		}
		case 'q':
		case OPTION_QUIET: cli->quiet = true; continue;
		case OPTION_JSON: cli->json = true; continue;
		case OPTION_NO_COLOR: cli->color = false; continue;
		case OPTION_CONFIG: cli->config_path = optarg; continue;
		case OPTION_STATE_DIR: cli->state_dir = optarg; continue;
		case OPTION_RESTRICTED: case OPTION_PLAIN:
			cli_usage(cli, _("the option %s is for the console, not for a command"),
				  c == OPTION_PLAIN ? "--plain" : "--restricted");
			return '?';
		case OPTION_VERSION:
			cli_usage(cli, _("the option --version stands alone"));
			return '?';
		case '?':
			if (optopt != 0 && optopt < 0x80)
				cli_usage(cli, _("there is no option -%c"), optopt);
			else
				cli_usage(cli, _("there is no option %s"), argv[optind - 1]);
			return '?';
		case ':':
			cli_usage(cli, _("the option %s needs a value"), argv[optind - 1]);
			return '?';
		default:
			return c;
		}
	}
}

struct settings *cli_settings(const struct cli *cli, int *exit_code)
{
	struct settings *s = NULL;
	struct error err = ERROR_INIT;

	if (!settings_load(cli->config_path, &s, &err)) {
		*exit_code = cli_fail(cli, &err);
		return NULL;
	}
	return s;
}

/* A signal that ends the program must not leave the terminal without echo. */
static volatile sig_atomic_t prompt_signal;

static void on_prompt_signal(int number)
{
	prompt_signal = number;
}

static bool interrupted(struct error *err)
{
	error_set(err, FINDING_NONE, _("interrupted; nothing was entered"));
	if (err != NULL)
		err->exit_code = EXIT_INTERRUPTED;
	return false;
}

static bool read_line(int fd, struct buffer *out, const char *name, struct error *err)
{
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR && prompt_signal == 0)
			continue;
		if (n < 0 && errno == EINTR)
			return interrupted(err);
		if (n < 0)
			return error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), name);
		if (n == 0 || c == '\n')
			break;
		if (!buffer_putc(out, c))
			return error_set(err, FINDING_NONE, _("the line in %s is longer than %u bytes"), name, SECRET_MAX);
	}
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		out->data[--out->len] = '\0';
	return true;
}

/* Reads from the terminal with its echo off. */
static bool read_hidden(struct buffer *out, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct sigaction old[sizeof(signals) / sizeof(signals[0])], action = { .sa_handler = on_prompt_signal };
	struct termios saved, silent;
	bool hidden = false, ok;

	prompt_signal = 0;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, &old[i]);
	if (tcgetattr(STDIN_FILENO, &saved) == 0) {
		silent = saved;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
	}
	ok = read_line(STDIN_FILENO, out, _("the terminal"), err);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &old[i], NULL);
	return ok;
}

bool cli_read_secret(const char *prompt, const char *file, struct buffer *out, struct error *err)
{
	bool ok;
	int fd;

	confine_memory();
	if (file != NULL) {
		bool is_stdin = strcmp(file, "-") == 0;

		fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), file);
		ok = read_line(fd, out, file, err);
		if (!is_stdin)
			file_close(&fd);
		return ok;
	}
	if (!isatty(STDIN_FILENO)) {
		error_usage(err, _("there is no terminal to ask for the password on"));
		return error_next(err, _("Give it with --password-file FILE (/dev/stdin works)."));
	}
	put_safe(stderr, prompt);
	fflush(stderr);
	ok = read_hidden(out, err);
	fputc('\n', stderr);
	return ok;
}
