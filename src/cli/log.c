/* The command "log": the log's records, filtered, followed, counted. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/log_print.h"
#include "logview/count.h"
#include "logview/newest.h"
#include "logview/reader.h"
#include "logview/saved.h"

#define TAIL_MAX 1000000000L
#define OUTPUT_BUFFER (256u * 1024)
#define UNPACK_US 100000

struct log_options {
	const char *file, *save_as, *forget;
	struct filter *filter;		/* all but the texts */
	struct { const char *text; bool exclude; } texts[FILTER_TERMS_MAX];
	size_t text_count;
	bool regex, follow, count, rotated;
	long tail;			/* -1: everything */
};

/* What a run of the command holds. */
struct log_run {
	struct cli *cli;
	struct log_options options;
	struct source *source;
	bool stream;			/* it comes from a pipe or a command */
	struct log_print *print;
	struct reader *reader;
	uint64_t counted;
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
	stop_signal = number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = note_signal }, before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Not under nohup. */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
}

/* --- options --------------------------------------------------------------------------------------------------------- */

enum {
	OPTION_FILE = 0x100, OPTION_FILTER, OPTION_EXCLUDE, OPTION_REGEX, OPTION_LEVEL, OPTION_SINCE, OPTION_UNTIL,
	OPTION_FAILURES, OPTION_ROTATED, OPTION_WHERE, OPTION_USE, OPTION_SAVE, OPTION_FORGET,
	OPTION_NAME			/* + enum filter_kind */
};

static const struct option long_options[] = {
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "follow", no_argument, NULL, 'f' },
	{ "filter", required_argument, NULL, OPTION_FILTER },
	{ "exclude", required_argument, NULL, OPTION_EXCLUDE },
	{ "regex", no_argument, NULL, OPTION_REGEX },
	{ "level", required_argument, NULL, OPTION_LEVEL },
	{ "thread", required_argument, NULL, OPTION_NAME + FILTER_THREAD },
	{ "logger", required_argument, NULL, OPTION_NAME + FILTER_LOGGER },
	{ "user", required_argument, NULL, OPTION_NAME + FILTER_USER },
	{ "session", required_argument, NULL, OPTION_NAME + FILTER_SESSION },
	{ "operation", required_argument, NULL, OPTION_NAME + FILTER_OPERATION },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "failures", no_argument, NULL, OPTION_FAILURES },
	{ "where", required_argument, NULL, OPTION_WHERE },
	{ "use", required_argument, NULL, OPTION_USE },
	{ "save", required_argument, NULL, OPTION_SAVE },
	{ "forget", required_argument, NULL, OPTION_FORGET },
	{ "count", no_argument, NULL, 'c' },
	{ "tail", required_argument, NULL, 'n' },
	{ "rotated", no_argument, NULL, OPTION_ROTATED },
	{ NULL, 0, NULL, 0 },
};

static bool parse_tail(const char *text, long *out, struct error *err)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *out < 0 || *out > TAIL_MAX)
		return error_usage(err, _("--tail needs a number from 0 to %ld, not \"%s\""), TAIL_MAX, text);
	return true;
}

static bool add_text(struct log_options *o, const char *text, bool exclude, struct error *err)
{
	if (o->text_count == FILTER_TERMS_MAX)
		return error_usage(err, _("a filter has at most %d conditions"), FILTER_TERMS_MAX);
	o->texts[o->text_count].text = text;
	o->texts[o->text_count++].exclude = exclude;
	return true;
}

static bool use_saved(const struct cli *cli, struct filter *filter, const char *name, struct error *err)
{
	struct saved_filters all;
	const struct saved_filter *found;
	bool ok;

	if (!saved_load(cli->state_dir, &all, err))
		return false;
	found = saved_find(&all, name);
	if (found != NULL) {
		ok = filter_parse(filter, found->text, err);
	} else {
		struct buffer names = BUFFER_INIT(ERROR_TEXT_MAX);

		for (size_t i = 0; i < all.count; i++)
			buffer_printf(&names, "%s%s", i > 0 ? ", " : "", all.items[i].name);
		ok = error_usage(err, _("there is no saved filter \"%s\""), name);
		error_next(err, _("There are: %s."), buffer_text(&names));
		buffer_clear(&names);
	}
	saved_clear(&all);
	return ok;
}

static bool take_option(const struct cli *cli, struct log_options *o, int c, const char *value, struct error *err)
{
	switch (c) {
	case OPTION_FILE: o->file = value; return true;
	case OPTION_FILTER: return add_text(o, value, false, err);
	case OPTION_EXCLUDE: return add_text(o, value, true, err);
	case OPTION_REGEX: o->regex = true; return true;
	case OPTION_LEVEL: return filter_set_level(o->filter, value, err);
	case OPTION_SINCE: return filter_set_since(o->filter, value, err);
	case OPTION_UNTIL: return filter_set_until(o->filter, value, err);
	case OPTION_FAILURES: return filter_add(o->filter, FILTER_FAILURES, false, "", err);
	case OPTION_WHERE: return filter_parse(o->filter, value, err);
	case OPTION_USE: return use_saved(cli, o->filter, value, err);
	case OPTION_SAVE: o->save_as = value; return true;
	case OPTION_FORGET: o->forget = value; return true;
	case OPTION_ROTATED: o->rotated = true; return true;
	case 'f': o->follow = true; return true;
	case 'c': o->count = true; return true;
	case 'n': return parse_tail(value, &o->tail, err);
	default: return filter_add(o->filter, (enum filter_kind)(c - OPTION_NAME), false, value, err);
	}
}

/* Texts come last: --regex may stand behind them. */
static bool add_texts(struct log_options *o, struct error *err)
{
	for (size_t i = 0; i < o->text_count; i++) {
		if (!filter_add(o->filter, o->regex ? FILTER_REGEX : FILTER_TEXT, o->texts[i].exclude, o->texts[i].text, err))
			return false;
	}
	return true;
}

static bool save_filter(const struct cli *cli, const struct log_options *o, struct error *err)
{
	struct buffer text = BUFFER_INIT(64u * 1024);
	bool ok;

	filter_print(o->filter, &text);
	ok = saved_put(cli->state_dir, o->save_as, buffer_text(&text), err);
	buffer_clear(&text);
	return ok;
}

/* Returns -1 when the command is to be run, its exit code otherwise. */
static int parse_options(struct cli *cli, int argc, char **argv, struct log_options *o)
{
	struct error err = ERROR_INIT;
	int c;

	while ((c = cli_getopt(cli, argc, argv, "fcn:", long_options)) != -1) {
		if (c == 'h')
			return EXIT_OK;
		if (c == '?')
			return EXIT_USAGE;
		if (!take_option(cli, o, c, optarg, &err))
			return cli_fail(cli, &err);
	}
	if (optind < argc)
		return cli_usage(cli, _("there is nothing to do with \"%s\""), argv[optind]);
	if (o->count && o->follow)
		return cli_usage(cli, _("--count and --follow exclude each other"));
	if (o->forget != NULL)
		return saved_remove(cli->state_dir, o->forget, &err) ? EXIT_OK : cli_fail(cli, &err);
	if (!add_texts(o, &err) || (o->save_as != NULL && !save_filter(cli, o, &err)))
		return cli_fail(cli, &err);
	return -1;
}

/* --- the source ------------------------------------------------------------------------------------------------------ */

static void notice(const struct cli *cli, const char *text)
{
	struct buffer safe = BUFFER_INIT(16384);

	if (!cli->quiet) {
		fflush(stdout);
		text_sanitise(&safe, text, strlen(text));
		fprintf(stderr, "posture-console: %s\n", buffer_text(&safe));
	}
	buffer_clear(&safe);
}

static bool open_command(struct log_run *run, const struct settings *settings, struct error *err)
{
	size_t n = settings_list_size(settings, SETTING_LOG_COMMAND);
	const char **argv = calloc(n + 1, sizeof(*argv));
	bool ok;

	if (argv == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < n; i++)
		argv[i] = settings_list_item(settings, SETTING_LOG_COMMAND, i);
	run->stream = true;
	ok = source_open_command(argv, run->options.follow, 0, &run->source, err);
	free(argv);
	return ok;
}

/* The log of this program, where the appliance's own is not to be had. */
static char *own_log(const struct cli *cli)
{
	char *path = file_join(cli->state_dir, "log/ise-psc.log");

	if (path != NULL && access(path, F_OK) < 0) {
		free(path);
		return NULL;
	}
	return path;
}

static bool open_default(struct log_run *run, const struct settings *settings, struct error *err)
{
	const char *file = settings_string(settings, SETTING_LOG_FILE);
	char *own = NULL;
	bool ok;

	if (settings_list_size(settings, SETTING_LOG_COMMAND) > 0)
		return open_command(run, settings, err);
	if (access(file, F_OK) < 0)
		own = own_log(run->cli);
	if (own != NULL) {
		struct buffer text = BUFFER_INIT(16384);

		buffer_printf(&text, _("%s is not there; reading the log of this program, %s"), file, own);
		notice(run->cli, buffer_text(&text));
		buffer_clear(&text);
	}
	ok = source_open_file(own != NULL ? own : file, run->options.follow, false, &run->source, err);
	free(own);
	if (!ok)
		error_next(err, _("Name the log with --file, or set log.file."));
	return ok;
}

static bool open_source(struct log_run *run, struct error *err)
{
	const char *file = run->options.file;
	struct settings *settings;
	bool ok;

	if (file != NULL && strcmp(file, "-") == 0)
		return source_open_fd(STDIN_FILENO, false, _("standard input"), &run->source, err);
	if (file != NULL)
		return source_open_file(file, run->options.follow, false, &run->source, err);
	if (!settings_load(run->cli->config_path, &settings, err))
		return false;
	ok = open_default(run, settings, err);
	settings_free(settings);
	return ok;
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

/* Says when the state of a followed source changes: it waits for the file, it connects again. */
static void tell_state(const struct log_run *run)
{
	struct buffer text = BUFFER_INIT(4096);

	if (source_state(run->source) == SOURCE_WAITING) {
		source_describe(run->source, &text);
		notice(run->cli, buffer_text(&text));
	}
	buffer_clear(&text);
}

/* Waits for something new, or for whoever reads the output to go away. */
static void wait_for_news(const struct log_run *run)
{
	struct pollfd fds[SOURCE_FDS_MAX + 1];
	int timeout, settle = run->reader != NULL ? reader_timeout_ms(run->reader) : -1;
	size_t n = source_poll(run->source, fds, &timeout);

	if (settle >= 0 && (timeout < 0 || settle < timeout))
		timeout = settle;
	fds[n++] = (struct pollfd){ .fd = STDOUT_FILENO };
	if (poll(fds, n, timeout) > 0 && (fds[n - 1].revents & (POLLERR | POLLNVAL)) != 0)
		stop_signal = SIGPIPE;
}

/* Reads a pipe or a command to its end. */
static void read_to_end(struct log_run *run)
{
	while (stop_signal == 0 && source_state(run->source) != SOURCE_ENDED) {
		if ((source_step(run->source) & SOURCE_AGAIN) == 0 && source_state(run->source) != SOURCE_ENDED)
			wait_for_news(run);
	}
}

/* Compressed files, before something is asked of their end. */
static bool unpack_all(struct log_run *run, struct error *err)
{
	for (size_t i = 0; i < source_count(run->source); i++) {
		enum unpack_result result = UNPACK_MORE;

		while (stop_signal == 0 && result == UNPACK_MORE)
			result = segment_unpack_step(source_at(run->source, i), UNPACK_US, err);
		if (result == UNPACK_FAILED)
			return false;
	}
	return true;
}

/* Rotated files, oldest first in front. One that is damaged ends the row, and is told. */
static void load_rotated(struct log_run *run)
{
	struct error err = ERROR_INIT;
	enum source_older older = SOURCE_OLDER_LOADED;

	while (run->options.rotated && older == SOURCE_OLDER_LOADED)
		older = source_load_older(run->source, &err);
	if (older == SOURCE_OLDER_FAILED)
		notice(run->cli, err.message);
}

/* --- running --------------------------------------------------------------------------------------------------------- */

static bool count_piece(void *data, const struct reader_piece *piece)
{
	struct log_run *run = data;

	run->counted += piece->start == piece->record;
	return stop_signal == 0;
}

static bool make_reader(struct log_run *run, struct error *err)
{
	const struct log_options *o = &run->options;
	const struct reader_calls counting = { count_piece, NULL, run };
	struct reader_calls calls = o->count ? counting : log_print_calls(run->print);

	run->reader = reader_new(run->source, o->filter, o->follow, run->cli->json, run->cli->json && o->tail < 0, &calls);
	return run->reader != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

/* Reads to the end, and follows from there. */
static bool read_log(struct log_run *run, struct error *err)
{
	for (;;) {
		unsigned int news = source_step(run->source);
		enum reader_result result;

		if ((news & SOURCE_STATE) != 0)
			tell_state(run);
		result = reader_step(run->reader, err);
		if (result == READER_FAILED)
			return false;
		if (result == READER_STOPPED || stop_signal != 0)
			return true;
		if (result == READER_STALE && !run->options.follow)
			return error_set(err, FINDING_IO_ERROR, _("the log was emptied while it was read"));
		if (run->stream && source_count(run->source) > 1)
			source_drop_before(run->source, source_at(run->source, source_count(run->source) - 1)->number);
		if (result != READER_WAIT || (news & SOURCE_AGAIN) != 0)
			continue;
		if (source_state(run->source) == SOURCE_ENDED)
			return true;
		if (!log_print_flush(run->print))
			return true;
		wait_for_news(run);
	}
}

/* A file that is not followed needs no reader to be counted. */
static bool count_files(struct log_run *run, struct error *err)
{
	for (size_t i = 0; i < source_count(run->source); i++) {
		uint64_t count = 0;

		if (!count_records(source_at(run->source, i), run->options.filter, &stop_signal, &count, err))
			return false;
		run->counted += count;
	}
	return true;
}

static bool count(struct log_run *run, struct error *err)
{
	bool is_file = source_state(run->source) == SOURCE_ENDED;
	bool ok = is_file ? count_files(run, err) : make_reader(run, err) && read_log(run, err);

	if (!ok || stop_signal != 0)
		return ok;
	if (run->options.tail >= 0 && run->counted > (uint64_t)run->options.tail)
		run->counted = (uint64_t)run->options.tail;
	log_print_count(run->cli, run->counted);
	return true;
}

static bool show(struct log_run *run, struct error *err)
{
	bool ok;

	if (!make_reader(run, err))
		return false;
	if (run->options.tail >= 0 && !reader_start_at_last(run->reader, (size_t)run->options.tail, err))
		return false;
	ok = read_log(run, err);
	log_print_end(run->print);
	return ok;
}

static bool run_log(struct log_run *run, struct error *err)
{
	const struct log_options *o = &run->options;
	bool needs_end = o->tail >= 0 || o->count || filter_is_relative(o->filter);

	if (!open_source(run, err))
		return false;
	run->stream = run->stream || source_state(run->source) != SOURCE_ENDED;
	if (o->follow && (run->stream || o->rotated) && o->file != NULL && strcmp(o->file, "-") != 0)
		run->stream = false;
	load_rotated(run);
	if (o->tail >= 0 && run->stream)
		read_to_end(run);
	if (needs_end && !unpack_all(run, err))
		return false;
	if (!filter_ready(run->options.filter, newest_time(run->source), err))
		return false;
	tell_state(run);
	if (o->count ? !count(run, err) : !show(run, err))
		return false;
	if (run->stream && source_error(run->source)->message[0] != '\0') {
		*err = *source_error(run->source);
		return false;
	}
	return true;
}

int cli_log(struct cli *cli, int argc, char **argv)
{
	struct log_run run = { .cli = cli, .options = { .filter = filter_new(), .tail = -1 } };
	struct error err = ERROR_INIT;
	int code = EXIT_OK;

	run.print = log_print_new(cli, &stop_signal);
	if (run.options.filter == NULL || run.print == NULL) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		code = cli_fail(cli, &err);
		goto out;
	}
	code = parse_options(cli, argc, argv, &run.options);
	if (code >= 0)
		goto out;
	code = EXIT_OK;
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	catch_signals();
	if (!run_log(&run, &err))
		code = cli_fail(cli, &err);
	else if (stop_signal != 0 && stop_signal != SIGPIPE)
		code = EXIT_INTERRUPTED;
out:
	log_print_free(run.print);
	reader_free(run.reader);
	source_free(run.source);
	filter_free(run.options.filter);
	return code;
}
