#include "diagnose/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define REPORT_MAX (4u * 1024 * 1024)
/* A check that ends by itself at its deadline needs a moment to say so. */
#define GRACE_MS 700
/* However much the checks before it took: with less, a slow network would be taken for a dead one. */
#define LEAST_MS 3000

enum slot_state { SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct slot {
	enum slot_state state;
	pid_t pid;
	int fd;
	struct buffer report;		/* one line of JSON */
	int64_t started_us, kill_us;
};

struct engine {
	const struct engine_options *o;
	struct check_context *context;
	struct check_result *results;
	struct slot slots[CHECK_COUNT];
	unsigned int wanted;
	int64_t end_us;			/* of all */
};

static bool in_set(unsigned int set, int id)
{
	return (set >> id & 1) != 0;
}

unsigned int engine_closure(const struct check_ops *table, unsigned int selected)
{
	unsigned int wanted = selected, before;

	do {
		before = wanted;
		for (int id = 0; id < CHECK_COUNT; id++) {
			if (in_set(wanted, id))
				wanted |= table[id].needs;
		}
	} while (wanted != before);
	return wanted;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

static void emit_started(struct engine *e, int id)
{
	event_emit(e->o->sink, event_new("check.started", "{s:s, s:s}", "id", check_id_name((enum check_id)id), "title",
					 check_title((enum check_id)id)));
}

static void emit_finished(struct engine *e, int id)
{
	const struct check_result *r = &e->results[id];
	json_t *codes = json_array();

	for (size_t i = 0; i < r->count; i++) {
		if (r->findings[i].weight != WEIGHT_SUSPECT)
			json_array_append_new(codes, json_string(finding_info(r->findings[i].code)->code));
	}
	event_emit(e->o->sink, event_new("check.finished", "{s:s, s:s, s:f, s:o, s:O, s:o}", "id",
					 check_id_name((enum check_id)id), "status", check_status_name(r->status),
					 "duration_ms", r->duration_ms, "findings", codes, "evidence", r->evidence,
					 "summary", event_string(r->summary)));
}

/* The result stands: report it. A check that only others needed is reported when it failed. */
static void finish(struct engine *e, int id)
{
	struct check_result *r = &e->results[id];
	bool was_running = e->slots[id].state == SLOT_RUNNING;

	if (was_running)
		r->duration_ms = (double)(clock_monotonic_us() - e->slots[id].started_us) / 1000.0;
	e->slots[id].state = SLOT_DONE;
	e->context->done[id] = true;
	if (!in_set(e->o->selected, id)) {
		if (r->status != CHECK_FAIL)
			return;
		emit_started(e, id);
	}
	emit_finished(e, id);
}

/* --- a check's process ------------------------------------------------------------------------------------------------ */

static void restore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGWINCH };
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void run_check(struct engine *e, int id, int fd, pid_t parent)
{
	const struct rlimit no_core = { 0, 0 };	/* the proxy's password is in memory */
	struct check_result result;
	json_t *report;
	char *text = NULL;

	setpgid(0, 0);
	restore_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setrlimit(RLIMIT_CORE, &no_core);
	if (!result_init(&result))
		_exit(1);
	e->context->deadline_us = e->slots[id].kill_us - GRACE_MS * 1000;
	e->o->table[id].run(e->context, &result);
	report = result_to_json(&result);
	if (report != NULL)
		text = json_dumps(report, JSON_COMPACT);
#ifdef PC_COVERAGE
	__gcov_dump();	/* now: who reads the report ends this process at once */
#endif
	if (text == NULL || !file_write_all(fd, text, strlen(text)) || !file_write_all(fd, "\n", 1))
		_exit(1);
	_exit(0);
}

static bool start(struct engine *e, int id, struct error *err)
{
	struct slot *slot = &e->slots[id];
	int64_t now = clock_monotonic_us(), left_ms = (e->end_us - now) / 1000, budget_ms = e->o->budget_ms;
	pid_t parent = getpid();
	int fds[2];

	if (left_ms < LEAST_MS)
		left_ms = LEAST_MS;
	if (left_ms < budget_ms)
		budget_ms = left_ms;
	slot->started_us = now;
	slot->kill_us = now + (budget_ms + GRACE_MS) * 1000;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot make a pipe"));
	/* What is buffered must not be written twice. */
	fflush(NULL);
	slot->pid = fork();
	if (slot->pid < 0) {
		error_errno(err, FINDING_OUT_OF_MEMORY, _("cannot start a process"));
		file_close(&fds[0]);
		file_close(&fds[1]);
		return false;
	}
	if (slot->pid == 0) {
		file_close(&fds[0]);
		run_check(e, id, fds[1], parent);
	}
	/* Here as well as there: whoever comes first. */
	setpgid(slot->pid, slot->pid);
	file_close(&fds[1]);
	slot->fd = fds[0];
	fcntl(slot->fd, F_SETFL, O_NONBLOCK);
	slot->state = SLOT_RUNNING;
	return true;
}

/* Ends the process and all that it started. Returns its wait status. */
static int reap(struct slot *slot)
{
	int status = 0;

	kill(-slot->pid, SIGKILL);
	while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
		;
	file_close(&slot->fd);
	buffer_clear(&slot->report);
	return status;
}

static void broken(struct engine *e, int id, const char *why)
{
	struct check_result *r = &e->results[id];

	result_clear(r);
	result_init(r);
	result_add(r, FINDING_CHECK_BROKEN, WEIGHT_WARN);
	r->status = CHECK_FAIL;		/* for the checks that need it */
	result_summary(r, _("The check \"%s\" itself failed: %s."), check_title((enum check_id)id), why);
}

/* The report is complete, or will never be. */
static void collect(struct engine *e, int id)
{
	struct slot *slot = &e->slots[id];
	json_t *report = json_loadb(buffer_text(&slot->report), slot->report.len, JSON_DISABLE_EOF_CHECK, NULL);
	bool good = report != NULL && result_from_json(report, &e->results[id]);
	int status = reap(slot);
	char why[128];

	json_decref(report);
	if (!good) {
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			snprintf(why, sizeof(why), _("it ended by signal %d"), WTERMSIG(status));
		else
			snprintf(why, sizeof(why), _("it ended without a result"));
		broken(e, id, why);
	}
	finish(e, id);
}

static void overrun(struct engine *e, int id)
{
	char why[128];

	snprintf(why, sizeof(why), _("no result within %.1f s"),
		 (double)(clock_monotonic_us() - e->slots[id].started_us) / 1e6);
	reap(&e->slots[id]);
	broken(e, id, why);
	finish(e, id);
}

static void read_report(struct engine *e, int id)
{
	struct slot *slot = &e->slots[id];
	char chunk[65536];
	ssize_t n = read(slot->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && buffer_append(&slot->report, chunk, (size_t)n) && chunk[n - 1] != '\n')
		return;
	collect(e, id);
}

/* --- the graph -------------------------------------------------------------------------------------------------------- */

static bool all_done(const struct engine *e, unsigned int set)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		if (in_set(set & e->wanted, id) && e->slots[id].state != SLOT_DONE)
			return false;
	}
	return true;
}

/* The check that keeps this one from running; CHECK_COUNT when none does. */
static int obstacle(const struct engine *e, int id)
{
	for (int ground = 0; ground < CHECK_COUNT && !e->o->table[id].anyway; ground++) {
		const struct check_result *r = &e->results[ground];

		if (in_set(e->o->table[id].needs, ground) &&
		    (r->status == CHECK_FAIL || (r->status == CHECK_SKIP && !r->not_applicable)))
			return ground;
	}
	return CHECK_COUNT;
}

static void skip(struct engine *e, int id, const char *needed)
{
	struct check_result *r = &e->results[id];

	result_init(r);
	result_skip(r, false, _("needs %s"), needed);
	finish(e, id);
}

/* Starts whatever can start; a skip may free others, so as long as something happens. */
static void advance(struct engine *e)
{
	bool moved;

	do {
		moved = false;
		for (int id = 0; id < CHECK_COUNT; id++) {
			const struct check_ops *ops = &e->o->table[id];
			struct error err = ERROR_INIT;
			int ground;

			if (!in_set(e->wanted, id) || e->slots[id].state != SLOT_WAITING ||
			    !all_done(e, ops->needs))
				continue;
			ground = obstacle(e, id);
			moved = true;
			if (e->context->settings == NULL && id != CHECK_LOCAL) {
				skip(e, id, _("the settings"));
			} else if (ground != CHECK_COUNT) {
				skip(e, id, check_title((enum check_id)ground));
			} else if (start(e, id, &err)) {
				if (in_set(e->o->selected, id))
					emit_started(e, id);
			} else {
				result_init(&e->results[id]);
				result_error(&e->results[id], &err, FINDING_CHECK_BROKEN);
				finish(e, id);
			}
		}
	} while (moved);
}

/* The checks without which nothing more can matter have all passed. */
static bool enough(const struct engine *e)
{
	if (e->o->enough == 0 || !all_done(e, e->o->enough))
		return false;
	for (int id = 0; id < CHECK_COUNT; id++) {
		const struct check_result *r = &e->results[id];

		if (in_set(e->o->enough & e->wanted, id) &&
		    (r->status == CHECK_FAIL || (r->status == CHECK_SKIP && !r->not_applicable)))
			return false;
	}
	return true;
}

/* Ends what still runs or waits. */
static void end_rest(struct engine *e, const char *why)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		struct slot *slot = &e->slots[id];

		if (!in_set(e->wanted, id) || slot->state == SLOT_DONE)
			continue;
		if (slot->state == SLOT_RUNNING)
			reap(slot);
		result_init(&e->results[id]);
		result_skip(&e->results[id], false, "%s", why);
		finish(e, id);
	}
}

/* --- the loop --------------------------------------------------------------------------------------------------------- */

/* Waits for a report, a deadline or the cancel. False when cancelled. */
static bool wait_and_handle(struct engine *e)
{
	struct pollfd fds[CHECK_COUNT + 1];
	int ids[CHECK_COUNT], timeout;
	int64_t now = clock_monotonic_us(), next = now + 1000 * 1000;
	nfds_t n = 0;

	for (int id = 0; id < CHECK_COUNT; id++) {
		if (e->slots[id].state != SLOT_RUNNING)
			continue;
		ids[n] = id;
		fds[n++] = (struct pollfd){ .fd = e->slots[id].fd, .events = POLLIN };
		if (e->slots[id].kill_us < next)
			next = e->slots[id].kill_us;
	}
	fds[n] = (struct pollfd){ .fd = e->o->cancel_fd, .events = POLLIN };
	timeout = next > now ? (int)((next - now) / 1000) + 1 : 0;
	if (poll(fds, n + 1, timeout) < 0 && errno != EINTR)
		return false;
	for (nfds_t i = 0; i < n; i++) {
		if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			read_report(e, ids[i]);
	}
	now = clock_monotonic_us();
	for (nfds_t i = 0; i < n; i++) {
		if (e->slots[ids[i]].state == SLOT_RUNNING && now >= e->slots[ids[i]].kill_us)
			overrun(e, ids[i]);
	}
	return fds[n].revents == 0 && (e->o->stop == NULL || !e->o->stop());
}

bool engine_run(const struct engine_options *options, struct check_context *context, struct check_result *results)
{
	struct engine e = { .o = options, .context = context, .results = results };
	bool going = true;

	e.wanted = engine_closure(options->table, options->selected);
	e.end_us = clock_monotonic_us() + (int64_t)options->total_ms * 1000;
	for (int id = 0; id < CHECK_COUNT; id++) {
		e.slots[id].fd = -1;
		e.slots[id].report = (struct buffer)BUFFER_INIT(REPORT_MAX);
	}
	context->results = results;
	advance(&e);
	while (going && !all_done(&e, e.wanted) && !enough(&e)) {
		going = wait_and_handle(&e);
		if (going)
			advance(&e);
	}
	if (!all_done(&e, e.wanted))
		end_rest(&e, going ? _("not needed: the feed can be used") : _("interrupted"));
	return going;
}
