#include "app.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app_private.h"
#include "follow_settings.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/i18n.h"
#include "base/text.h"
#include "settings/settings.h"
#include "term.h"

#define FRAME_EVENTS_MS 50	/* between frames of what nobody typed: a burst of it is one frame */
#define FRAME_SLOW_MS 250	/* the same on a line that does not keep up */
#define FRAME_MS 62		/* of credit that a frame costs: at most 20 in any second, */
#define FRAME_BURST 4		/* so many of them right after another */
#define STALLED_MS 50		/* until a terminal that takes nothing is tried again */
#define JOB_CHECK_MS 1000
#define ARGUMENTS_MAX 64

void app_dirty(struct app *a)
{
	a->p->dirty = a->p->stale = true;
}

void app_notice(struct app *a, enum theme_role role, const char *fmt, ...)
{
	char text[sizeof(a->p->notice)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_safe(a->p->notice, sizeof(a->p->notice), text);
	a->p->notice_role = role;
	app_dirty(a);
}

void app_notice_error(struct app *a, const struct error *err)
{
	char next[ERROR_TEXT_MAX];

	app_notice(a, ROLE_FAIL, "!! %s. %s", err->message, error_next_step(err, next, sizeof(next)));
}

void app_notice_clear(struct app *a)
{
	a->p->notice[0] = '\0';
	app_dirty(a);
}

bool app_allowed(const struct app *a, enum need need)
{
	bool restricted = a->options->restricted || settings_bool(a->settings, SETTING_UI_RESTRICTED);

	return need == NEED_NOTHING || !restricted;
}

bool app_permit(struct app *a, enum need need)
{
	if (app_allowed(a, need))
		return true;
	app_notice(a, ROLE_WARN, "?? %s", _("This console is restricted: that is for the administrator of this node."));
	return false;
}

struct run *app_start(struct app *a, const char *const *arguments, const struct run_options *options, struct error *err)
{
	const char *argv[ARGUMENTS_MAX] = { a->options->program, "--config", a->options->config_path, "--state-dir",
					    a->options->state_dir };
	size_t n = 5;

	while (*arguments != NULL) {
		if (n == ARGUMENTS_MAX - 1) {
			error_set(err, FINDING_NONE, _("too many arguments for one command"));
			return NULL;
		}
		argv[n++] = *arguments++;
	}
	return run_start(&a->p->runs, a->loop, (char *const *)(uintptr_t)argv, options, err);
}

void *app_pane(const struct app *a, const char *name)
{
	for (int i = 0; i < PANES_MAX; i++)
		if (panes[i] != NULL && strcmp(panes[i]->name, name) == 0)
			return a->p->data[i];
	return NULL;
}

void app_tell(struct app *a, int pane_event)
{
	for (int i = 0; i < PANES_MAX; i++)
		if (a->p->data[i] != NULL && panes[i]->event != NULL)
			panes[i]->event(a->p->data[i], (enum pane_event)pane_event);
	app_dirty(a);
}

/* --- what is watched ------------------------------------------------------------------------------------------------- */

static void watch_again(struct app *a);

/* The update information was read anew, or the job went on. */
static void update_changed(struct app *a)
{
	watch_again(a);
	app_tell(a, PANE_UPDATE);
}

static void state_ready(void *data, short revents)
{
	struct app *a = data;

	(void)revents;
	if (watch_changed(&a->watch)) {
		update_changed(a);
	}
}

static void job_step(struct app *a)
{
	watch_poll(&a->watch);
	update_changed(a);
}

static void job_ready(void *data, short revents)
{
	(void)revents;
	job_step(data);
}

/* Once a second a running job is looked at: it may have ended without a word. */
static void job_due(void *data)
{
	struct app *a = data;

	a->p->job_timer = 0;
	job_step(a);
}

static void watch_fd(struct app *a, int *handle, int fd, void (*ready)(void *data, short revents))
{
	loop_remove(a->loop, handle);
	*handle = loop_watch(a->loop, fd, POLLIN, ready, a);
}

/* The descriptors come and go with the folders and the job. */
static void watch_again(struct app *a)
{
	struct app_private *p = a->p;

	watch_fd(a, &p->state_watch, a->watch.folder.fd, state_ready);
	watch_fd(a, &p->job_watch, watch_job_fd(&a->watch), job_ready);
	if (!watch_running(&a->watch))
		loop_remove(a->loop, &p->job_timer);
	else if (p->job_timer == 0)
		p->job_timer = loop_timer(a->loop, JOB_CHECK_MS, job_due, a);
}

/* Whatever keeps the time - chronyd, ntpd, timesyncd - tells the kernel whether it does. */
static void look_at_clock(struct app *a)
{
	struct timex state = { .modes = 0 };

	a->p->unsynced = a->options->fixture == NULL && (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0);
}

/* Once a minute the clock moves. */
static void minute_due(void *data)
{
	struct app *a = data;

	a->p->minute_timer = loop_timer(a->loop, 60000 - clock_now_ms() % 60000, minute_due, a);
	look_at_clock(a);
	watch_refresh(&a->watch);
	update_changed(a);
}

void app_joined(struct app *a)
{
	update_changed(a);
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static void take_signals(void *data, short revents)
{
	struct app *a = data;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(a->p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH: term_resized(); break;
		case SIGTSTP: a->p->suspend = true; break;
		case SIGCONT: term_resized(); term_repaint(); break;
		case SIGCHLD: runs_reap(&a->p->runs); break;
		default:
			a->p->quit = true;
			a->p->exit_code = EXIT_INTERRUPTED;
		}
		app_dirty(a);
	}
}

static bool open_signals(struct app *a, struct error *err)
{
	static const int signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->p->signals < 0)
		return error_errno(err, FINDING_NONE, _("cannot wait for signals"));
	loop_watch(a->loop, a->p->signals, POLLIN, take_signals, a);
	return true;
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

#define REST_MS 250

static void rested(void *data)
{
	struct app *a = data;

	a->p->rest_timer = 0;
	app_dirty(a);
}

static void take_key(void *data, int key)
{
	struct app *a = data;

	loop_remove(a->loop, &a->p->rest_timer);
	if (a->options->fixture == NULL)
		a->p->rest_timer = loop_timer(a->loop, REST_MS, rested, a);
	app_key(a, key);
}

static void keys_late(void *data);

/* A sequence that is half way is taken for what it is when nothing more comes. */
static void wait_for_rest(struct app *a)
{
	int ms = term_pending();

	loop_remove(a->loop, &a->p->key_timer);
	if (ms >= 0)
		a->p->key_timer = loop_timer(a->loop, ms, keys_late, a);
}

static void keys_late(void *data)
{
	struct app *a = data;

	a->p->key_timer = 0;
	term_late(take_key, a);
}

static void keys_ready(void *data, short revents)
{
	struct app *a = data;

	(void)revents;
	if (!term_read(take_key, a))
		a->p->quit = true;		/* the terminal is gone */
	wait_for_rest(a);
}

void app_bytes(struct app *a, const char *bytes, size_t n)
{
	term_bytes(bytes, n, take_key, a);
	wait_for_rest(a);
}

/* How many milliseconds of frames are saved up. */
static int64_t frame_credit(const struct app *a, int64_t now)
{
	int64_t credit = a->p->credit_ms + now - a->p->drawn_ms;

	return credit < FRAME_MS * FRAME_BURST ? credit : FRAME_MS * FRAME_BURST;
}

/* Milliseconds until the next frame may be drawn. A key is drawn at once; when keys come faster than frames may, at an even
 * pace. What nobody typed waits a little, so that a burst of it is one frame. */
static int64_t frame_wait(const struct app *a)
{
	const struct app_private *p = a->p;
	int64_t now = clock_monotonic_ms(), between = term_backed_up() ? FRAME_SLOW_MS : FRAME_EVENTS_MS;
	/* One is always left for a key. */
	int64_t wait = (p->typed ? FRAME_MS : 2 * FRAME_MS) - frame_credit(a, now);

	if (!p->typed && p->drawn_ms + between - now > wait)
		wait = p->drawn_ms + between - now;
	return wait > 0 ? wait : 0;
}

uint64_t app_unasked_bytes(const struct app *a)
{
	return a->p->unasked_bytes;
}

/* A key was taken that can be drawn at once. */
static bool is_urgent(void *data)
{
	const struct app *a = data;

	return a->p->dirty && a->p->typed && frame_wait(a) == 0 && term_writable();
}

void app_draw_now(struct app *a)
{
	struct app_private *p = a->p;
	int64_t now = clock_monotonic_ms();
	uint64_t before = term_sent_bytes();

	app_draw(a);
	p->unasked_bytes += p->typed ? 0 : term_sent_bytes() - before;
	p->dirty = p->typed = false;
	p->credit_ms = frame_credit(a, now) - FRAME_MS;
	p->drawn_ms = now;
}

static void suspend(struct app *a)
{
	a->p->suspend = false;
	term_suspend();
	app_dirty(a);
}

bool app_turn(struct app *a, int timeout_ms)
{
	int64_t wait = a->p->dirty ? frame_wait(a) : -1;

	if (wait == 0 && !term_writable())
		wait = STALLED_MS;		/* this frame is not queued: the next one will show more */
	if (wait == 0) {
		app_draw_now(a);
		wait = -1;
	}
	if (wait >= 0 && (timeout_ms < 0 || wait < timeout_ms))
		timeout_ms = (int)wait;
	if (!loop_turn(a->loop, timeout_ms))
		return false;
	if (a->p->suspend)
		suspend(a);
	return !a->p->quit;
}

int app_exit_code(const struct app *a)
{
	return a->p->exit_code;
}

/* --- start and end ----------------------------------------------------------------------------------------------------- */

static bool load_keymap(struct app *a, struct error *err)
{
	char *path = NULL;
	const char *slash = strrchr(a->options->config_path, '/');
	int folder = slash != NULL ? (int)(slash - a->options->config_path) + 1 : 0;
	bool ok;

	if (a->options->keymap_path != NULL)
		return keymap_load(a->options->keymap_path, err);
	if (asprintf(&path, "%.*skeymap", folder, a->options->config_path) < 0)
		return error_set(err, FINDING_NONE, _("out of memory"));
	ok = keymap_load(path, err);
	free(path);
	return ok;
}

static bool create_panes(struct app *a, struct error *err)
{
	for (int i = 0; i < PANES_MAX; i++) {
		page_init(&a->p->surface[i].page);
		a->p->surface[i].focus = -1;
		if (panes[i] == NULL)
			continue;
		a->p->data[i] = panes[i]->create(a);
		if (a->p->data[i] == NULL)
			return error_set(err, FINDING_NONE, _("out of memory"));
	}
	return true;
}

static bool start(struct app *a, struct error *err)
{
	const struct ui_fixture *fixture = a->options->fixture;
	struct error keymap = ERROR_INIT;
	char node[65] = "";
	struct term_options term;

	gethostname(node, sizeof(node) - 1);
	text_safe(a->node, sizeof(a->node), fixture != NULL && fixture->node != NULL ? fixture->node : node);
	if (!settings_load(a->options->config_path, &a->settings, err))
		return false;
	load_keymap(a, &keymap);
	watch_init(&a->watch, a->options->state_dir, a->settings);
	if (!create_panes(a, err) || !open_signals(a, err))
		return false;
	term = (struct term_options){ .color = a->options->color, .plain = a->options->plain, .fixture = fixture,
				      .theme = settings_string(a->settings, SETTING_UI_THEME),
				      .borders = settings_string(a->settings, SETTING_UI_BORDERS),
				      .mouse = settings_bool(a->settings, SETTING_UI_MOUSE) };
	if (!term_start(&term, err))
		return false;
	if (fixture == NULL)
		loop_watch(a->loop, STDIN_FILENO, POLLIN, keys_ready, a);
	loop_urgent(a->loop, is_urgent, a);
	watch_again(a);
	follow_settings_start(a);
	a->p->minute_timer = loop_timer(a->loop, 60000 - clock_now_ms() % 60000, minute_due, a);
	look_at_clock(a);
	a->p->strip_hidden = a->options->plain;	/* what comes by itself would be read out all the time */
	if (keymap.message[0] != '\0')
		app_notice_error(a, &keymap);
	a->p->dirty = a->p->typed = a->p->stale = true;
	app_show_pane(a, 0);
	return true;
}

struct app *app_open(const struct ui_options *options, struct error *err)
{
	struct app *a = calloc(1, sizeof(*a));

	if (a == NULL || (a->p = calloc(1, sizeof(*a->p))) == NULL || (a->loop = loop_new()) == NULL) {
		error_set(err, FINDING_NONE, _("out of memory"));
		if (a != NULL)
			free(a->p);
		free(a);
		return NULL;
	}
	a->options = options;
	a->p->signals = a->p->settings_folder.fd = a->watch.folder.fd = -1;
	a->p->strip_rows = a->p->pane = a->p->before_zoom = -1;
	page_init(&a->p->side.page);
	page_init(&a->p->strip_page);
	if (start(a, err))
		return a;
	app_close(a);
	return NULL;
}

void app_close(struct app *a)
{
	struct app_private *p = a->p;

	term_end();
	dialogs_clear(a);
	for (int i = 0; i < PANES_MAX; i++) {
		if (p->data[i] != NULL)
			panes[i]->destroy(p->data[i]);
		page_clear(&p->surface[i].page);
	}
	page_clear(&p->side.page);
	page_clear(&p->strip_page);
	edit_clear(&p->prompt.edit);
	runs_clear(&p->runs);
	watch_clear(&a->watch);
	file_close(&p->signals);
	follow_settings_end(a);
	settings_free(a->settings);
	loop_free(a->loop);
	free(p);
	free(a);
}

int ui_run(const struct ui_options *options)
{
	struct error err = ERROR_INIT;
	struct app *a = app_open(options, &err);
	int code;

	if (a == NULL) {
		char message[ERROR_TEXT_MAX], next[ERROR_TEXT_MAX];

		fprintf(stderr, "posture-console: %s. %s\n", text_safe(message, sizeof(message), err.message),
			error_next_step(&err, next, sizeof(next)));
		return error_exit_code(&err);
	}
	while (app_turn(a, -1))
		;
	code = app_exit_code(a);
	app_close(a);
	return code;
}
