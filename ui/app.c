#include "app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app_draw.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "keymap.h"
#include "pane.h"
#include "term.h"

#define FRAME_TYPED_MS 50	/* at most 20 frames a second */
#define FRAME_EVENTS_MS 100	/* fewer for what nobody typed */
#define JOB_CHECK_MS 1000
#define ARGUMENTS_MAX 16

enum { WAIT_KEYS, WAIT_SIGNALS, WAIT_STATE, WAIT_JOB, WAIT_LOG, WAIT_CHILD, WAIT_COUNT };

void app_notice(struct app *a, enum theme_role role, const char *fmt, ...)
{
	char text[sizeof(a->notice)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_safe(a->notice, sizeof(a->notice), text);
	a->notice_role = role;
	a->dirty = true;
}

void app_notice_error(struct app *a, const struct error *err)
{
	char next[ERROR_TEXT_MAX];

	app_notice(a, ROLE_FAIL, "!! %s. %s", err->message, error_next_step(err, next, sizeof(next)));
}

bool app_run(struct app *a, const char *const *arguments, struct error *err)
{
	char *argv[ARGUMENTS_MAX] = { (char *)(uintptr_t)a->options->program, (char *)(uintptr_t)"--config",
				      (char *)(uintptr_t)a->options->config_path, (char *)(uintptr_t)"--state-dir",
				      (char *)(uintptr_t)a->options->state_dir };

	for (size_t i = 5; i < ARGUMENTS_MAX - 1 && *arguments != NULL; i++)
		argv[i] = (char *)(uintptr_t)*arguments++;
	return child_start(&a->child, argv, err);
}

/* --- what the child said -------------------------------------------------------------------------------------------- */

static void take_child_event(struct app *a, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "event"));
	const char *job = json_string_value(json_object_get(event, "job"));
	const char *message = json_string_value(json_object_get(event, "message"));
	const char *next = json_string_value(json_object_get(event, "next"));

	if (kind != NULL && job != NULL && strcmp(kind, "job.started") == 0) {
		a->notice[0] = '\0';
		watch_join(&a->watch, job, (pid_t)json_integer_value(json_object_get(event, "pid")));
	} else if (kind != NULL && message != NULL && strcmp(kind, "error") == 0) {
		app_notice(a, ROLE_FAIL, "!! %s. %s", message, next != NULL ? next : "");
	}
}

static void child_done(struct app *a)
{
	const char *at = buffer_text(&a->child.out);

	while (*at != '\0') {
		size_t len = strcspn(at, "\n");
		json_t *event = event_parse(at, len);

		if (event != NULL)
			take_child_event(a, event);
		json_decref(event);
		at += len + (at[len] == '\n');
	}
	buffer_reset(&a->child.out);
	watch_refresh(&a->watch);
	strip_read(&a->strip);		/* the first job makes the log folder */
	a->dirty = true;
}

/* --- keys ------------------------------------------------------------------------------------------------------------ */

static void move_focus(struct app *a, int by)
{
	int n = a->page.spans;

	if (n > 0)
		a->focus = (a->focus + by + n) % n;
}

static void change_strip(struct app *a, int by)
{
	int now = a->strip_rows >= 0 ? a->strip_rows : app_strip_rows(a);

	a->strip_rows = now + by < 1 ? 1 : now + by > STRIP_LINES ? STRIP_LINES : now + by;
	a->strip_hidden = false;
}

static void show_help(struct app *a)
{
	struct buffer text = BUFFER_INIT(16384);

	keymap_help(&text);
	dialog_text(&a->dialog, _("Keys"), buffer_text(&text));
	buffer_clear(&text);
}

static void act(struct app *a, enum action action)
{
	switch (action) {
	case ACTION_NEXT: case ACTION_RIGHT: move_focus(a, 1); break;
	case ACTION_PREVIOUS: case ACTION_LEFT: move_focus(a, -1); break;
	case ACTION_LOG_SMALLER: change_strip(a, -1); break;
	case ACTION_LOG_LARGER: change_strip(a, 1); break;
	case ACTION_LOG_HIDE: a->strip_hidden = !a->strip_hidden; break;
	case ACTION_REDRAW: term_repaint(); break;
	case ACTION_SUSPEND: a->suspend = true; break;
	case ACTION_HELP: show_help(a); break;
	case ACTION_BACK: a->notice[0] = '\0'; break;
	case ACTION_QUIT: a->quit = true; break;
	default:
		if (action != ACTION_NONE && a->pane->possible(a->pane_data, action))
			a->pane->act(a->pane_data, action, a->focus);
	}
}

static void take_keys(struct app *a, bool readable)
{
	int key, n = 0;

	while ((key = term_key()) != TERM_NONE) {
		n++;
		a->dirty = a->typed = true;
		if (a->dialog.kind != DIALOG_NONE)
			dialog_key(&a->dialog, key);
		else
			act(a, keymap_action(key));
	}
	if (readable && n == 0 && term_lost())
		a->quit = true;
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static bool open_signals(struct app *a, struct error *err)
{
	static const int signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return a->signals >= 0 || error_errno(err, FINDING_NONE, _("cannot wait for signals"));
}

static void take_signals(struct app *a)
{
	struct signalfd_siginfo info;

	while (read(a->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH: term_resized(); break;
		case SIGTSTP: a->suspend = true; break;
		case SIGCONT: term_resized(); term_repaint(); break;
		case SIGCHLD: continue;
		default:
			a->quit = true;
			a->exit_code = EXIT_INTERRUPTED;
		}
		a->dirty = true;
	}
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

/* Milliseconds until something must be done though nothing happens. */
static int time_left(const struct app *a, int64_t last_frame)
{
	int64_t minute = 60000 - clock_now_ms() % 60000, wait = minute, frame;

	if (watch_running(&a->watch) && wait > JOB_CHECK_MS)
		wait = JOB_CHECK_MS;
	frame = last_frame + (a->typed ? FRAME_TYPED_MS : FRAME_EVENTS_MS) - clock_monotonic_ms();
	if (a->dirty && frame < wait)
		wait = frame;
	return wait > 0 ? (int)wait : 0;
}

static void draw_when_due(struct app *a, int64_t *last_frame)
{
	int64_t now = clock_monotonic_ms();

	if (!a->dirty || now - *last_frame < (a->typed ? FRAME_TYPED_MS : FRAME_EVENTS_MS))
		return;
	app_draw(a);
	a->dirty = a->typed = false;
	*last_frame = now;
}

static void take_events(struct app *a, const struct pollfd *waits)
{
	if (waits[WAIT_SIGNALS].revents != 0)
		take_signals(a);
	if (waits[WAIT_KEYS].revents != 0)
		take_keys(a, true);
	if (waits[WAIT_STATE].revents != 0 && watch_changed(&a->watch)) {
		strip_read(&a->strip);		/* the log folder may have come */
		a->dirty = true;
	}
	if (waits[WAIT_LOG].revents != 0 && strip_read(&a->strip))
		a->dirty = true;
	if (child_ended(&a->child))
		child_done(a);
}

/* Once a minute the clock moves; once a second a running job is looked at. */
static void take_time(struct app *a, int64_t *minute, int64_t *checked, bool job_event)
{
	int64_t now = clock_monotonic_ms(), this_minute = clock_now_ms() / 60000;

	if (this_minute != *minute) {
		*minute = this_minute;
		watch_refresh(&a->watch);
		strip_read(&a->strip);
		a->dirty = true;
	}
	if (watch_running(&a->watch) && (job_event || now - *checked >= JOB_CHECK_MS)) {
		*checked = now;
		watch_poll(&a->watch);
		strip_read(&a->strip);
		if (!watch_running(&a->watch))
			a->notice[0] = '\0';	/* how it ended is shown instead */
		a->dirty = true;
	}
}

static void suspend(struct app *a)
{
	a->suspend = false;
	a->dirty = true;
	term_suspend();
}

static void loop(struct app *a)
{
	int64_t last_frame = 0, minute = clock_now_ms() / 60000, checked = 0;

	a->dirty = a->typed = true;
	while (!a->quit) {
		struct pollfd waits[WAIT_COUNT] = {
			[WAIT_KEYS] = { STDIN_FILENO, POLLIN, 0 },     [WAIT_SIGNALS] = { a->signals, POLLIN, 0 },
			[WAIT_STATE] = { a->watch.fd, POLLIN, 0 },     [WAIT_JOB] = { watch_job_fd(&a->watch), POLLIN, 0 },
			[WAIT_LOG] = { strip_fd(&a->strip), POLLIN, 0 }, [WAIT_CHILD] = { a->child.fd, POLLIN, 0 },
		};

		draw_when_due(a, &last_frame);
		if (poll(waits, WAIT_COUNT, time_left(a, last_frame)) < 0 && errno != EINTR)
			break;
		take_events(a, waits);
		take_time(a, &minute, &checked, waits[WAIT_JOB].revents != 0);
		if (a->suspend)
			suspend(a);
	}
}

static bool start(struct app *a, struct error *err)
{
	char node[65] = "";

	gethostname(node, sizeof(node) - 1);
	text_safe(a->node, sizeof(a->node), node);
	if (!settings_load(a->options->config_path, &a->settings, err) || !strip_open(&a->strip, a->options->state_dir))
		return false;
	watch_init(&a->watch, a->options->state_dir, a->settings);
	strip_read(&a->strip);
	a->pane = &pane_update;
	a->pane_data = a->pane->create(a);
	if (a->pane_data == NULL)
		return error_set(err, FINDING_NONE, _("out of memory"));
	return open_signals(a, err) && term_start(a->options->color, err);
}

int ui_run(const struct ui_options *options)
{
	struct app *a = calloc(1, sizeof(*a));
	struct error err = ERROR_INIT;
	int code;

	if (a == NULL)
		return EXIT_IO;
	a->options = options;
	a->signals = a->strip.watch = a->strip.file = a->watch.fd = -1;
	a->strip_rows = -1;
	a->child = (struct child)CHILD_INIT;
	if (start(a, &err)) {
		loop(a);
		term_end();
	} else {
		char message[ERROR_TEXT_MAX], next[ERROR_TEXT_MAX];

		fprintf(stderr, "posture-console: %s. %s\n", text_safe(message, sizeof(message), err.message),
			error_next_step(&err, next, sizeof(next)));
		a->exit_code = error_exit_code(&err);
	}
	code = a->exit_code;
	if (a->pane_data != NULL)
		a->pane->destroy(a->pane_data);
	dialog_close(&a->dialog);
	child_clear(&a->child);
	watch_clear(&a->watch);
	strip_close(&a->strip);
	file_close(&a->signals);
	settings_free(a->settings);
	free(a);
	return code;
}
