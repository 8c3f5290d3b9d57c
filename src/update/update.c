/* The update's state machine: check, manifest, download, verify, stage, commit, hook; and what is told about it. */
#include "update/update.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "job/job.h"
#include "update/run.h"

enum outcome { OUTCOME_FAILED, OUTCOME_UP_TO_DATE, OUTCOME_UPDATED };

static const char *const outcome_names[] = { "failed", "up-to-date", "updated" };

void update_phase(struct update *u, const char *phase)
{
	event_emit(u->sink, event_new("update.phase", "{s:s}", "phase", phase));
	log_write(u->log, LOG_LEVEL_DEBUG, "Update", "phase", "phase %s", phase);
}

void update_notice(struct update *u, enum finding finding, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (u->notice_count < NOTICES_MAX)
		u->notices[u->notice_count++] = finding;
	log_write(u->log, LOG_LEVEL_WARN, "Update", "", "%s [%s]", text, finding_info(finding)->code);
	event_emit(u->sink, event_new("update.notice", "{s:s, s:o}", "finding", finding_info(finding)->code, "message",
				      event_string(text)));
}

bool update_stopped(struct error *err)
{
	if (!job_stop_requested())
		return false;
	error_set(err, FINDING_NONE, _("the update was stopped; what was downloaded is kept for the next one"));
	if (err != NULL)
		err->exit_code = EXIT_INTERRUPTED;
	return true;
}

/* --- opening and closing ------------------------------------------------------------------------------------------- */

static bool open_parts(struct update *u, struct error *err)
{
	u->parts_fd = file_open_dir(store_staging_fd(u->store), "parts", true, 0700, err);
	return u->parts_fd >= 0;
}

/* Everything that must be right before the job can be said to have begun. */
static bool begin(struct update *u, struct error *err)
{
	const struct settings *s = u->options->settings;

	u->xml = (struct buffer)BUFFER_INIT(MANIFEST_MAX_BYTES);
	u->p7s = (struct buffer)BUFFER_INIT(SIGNATURE_MAX_BYTES);
	if (!store_open(u->options->state_dir, true, &u->store, err) ||
	    !store_lock(u->store, u->sink->job != NULL ? u->sink->job : "", err) || !open_parts(u, err))
		return false;
	u->spool_fd = store_staging_fd(u->store);
	/* Without its log the update still does its work. */
	(void)log_open(u->options->state_dir, settings_int(s, SETTING_LOG_MAX_KB) * 1024,
		       (int)settings_int(s, SETTING_LOG_KEEP), &u->log, NULL);
	update_state_load(u->options->state_dir, &u->state);
	return true;
}

static void end(struct update *u)
{
	update_network_close(u);
	diagnose_verdict_clear(&u->network);
	bundle_free(u->bundle);
	file_close(&u->bundle_fd);
	file_close(&u->parts_fd);
	manifest_free(u->manifest);
	buffer_clear(&u->xml);
	buffer_clear(&u->p7s);
	store_generation_free(u->current);
	log_close(u->log);
	store_free(u->store);
}

/* --- the way through ----------------------------------------------------------------------------------------------- */

/* The installed manifest's bytes: is what came the same? */
static bool same_as_installed(const struct update *u)
{
	struct buffer installed = BUFFER_INIT(MANIFEST_MAX_BYTES);
	char path[STORE_GENERATION_MAX + 64];
	bool same;

	if (u->options->force || u->current == NULL || u->manifest->synthetic)
		return false;
	snprintf(path, sizeof(path), "content/%s/%s", u->current->id, MANIFEST_NAME);
	same = file_read(store_fd(u->store), path, &installed, NULL) && installed.len == u->xml.len &&
	       memcmp(installed.data, u->xml.data, u->xml.len) == 0;
	buffer_clear(&installed);
	return same;
}

/* A feed that keeps answering "not modified" past its date would freeze the node at what it has. */
static bool check_installed_time(const struct update *u, struct error *err)
{
	char date[CLOCK_TEXT_MAX];

	if (u->current->expires == 0 || clock_now() < u->current->expires)
		return true;
	return error_set(err, FINDING_FEED_EXPIRED,
			 _("the feed still offers version %s, which expired at %s, and nothing newer"), u->current->version,
			 clock_rfc3339(date, u->current->expires));
}

static bool get_manifest(struct update *u, bool *unchanged, struct error *err)
{
	*unchanged = false;
	if (u->options->source == UPDATE_OFFLINE)
		return update_offline_manifest(u, err);
	update_phase(u, "manifest");
	return update_web_manifest(u, unchanged, err);
}

/* Manifest and components are fetched one after the other, and the feed (or one edge of a CDN) may change in between. */
static bool may_be_skew(const struct update *u, enum finding code)
{
	return u->options->source == UPDATE_WEB &&
	       (code == FINDING_FEED_HASH_MISMATCH || code == FINDING_FEED_COMPONENT_MISSING ||
		code == FINDING_FEED_SIGNATURE_INVALID);
}

static enum outcome install_manifest(struct update *u, struct error *err)
{
	if (!update_verify_manifest(u, err))
		return OUTCOME_FAILED;
	if (same_as_installed(u))
		return OUTCOME_UP_TO_DATE;
	return update_apply(u, err) ? OUTCOME_UPDATED : OUTCOME_FAILED;
}

/* Fetches the manifest again: when it has changed meanwhile, what failed belonged to the one before. */
static bool manifest_moved_on(struct update *u)
{
	struct buffer before = u->xml;
	struct error ignored = ERROR_INIT;
	bool unchanged, moved;

	u->xml = (struct buffer)BUFFER_INIT(MANIFEST_MAX_BYTES);
	moved = update_web_manifest(u, &unchanged, &ignored) && !unchanged &&
		(u->xml.len != before.len || memcmp(u->xml.data, before.data, before.len) != 0);
	buffer_clear(&before);
	if (moved) {
		manifest_free(u->manifest);
		u->manifest = NULL;
	}
	return moved;
}

static enum outcome run_phases(struct update *u, struct error *err)
{
	char healed[STORE_WHAT_MAX] = "";
	enum outcome outcome;
	bool unchanged;

	if (!store_recover(u->store, healed, err) ||
	    !store_generation_load(u->store, NULL, &u->current, err))
		return OUTCOME_FAILED;
	if (healed[0] != '\0')
		update_notice(u, FINDING_PREVIOUS_UPDATE_INTERRUPTED, "%s", healed);
	if (!get_manifest(u, &unchanged, err))
		return OUTCOME_FAILED;
	if (unchanged)
		return check_installed_time(u, err) ? OUTCOME_UP_TO_DATE : OUTCOME_FAILED;
	outcome = install_manifest(u, err);
	if (outcome == OUTCOME_FAILED && may_be_skew(u, err->code) && !job_stop_requested() && manifest_moved_on(u)) {
		log_write(u->log, LOG_LEVEL_WARN, "DownloadManager", "", "%s; the feed changed meanwhile, beginning again",
			  err->message);
		error_clear(err);
		outcome = install_manifest(u, err);
		if (outcome == OUTCOME_FAILED && may_be_skew(u, err->code))
			err->code = FINDING_FEED_MIXED_GENERATIONS;
	}
	return outcome;
}

/* --- what is told at the end --------------------------------------------------------------------------------------- */

static void make_summary(const struct update *u, enum outcome outcome, const struct error *err, char *text, size_t size)
{
	const char *version = u->current != NULL ? u->current->version : "";

	switch (outcome) {
	case OUTCOME_UPDATED:
		snprintf(text, size,
			 P_("updated to version %s: %zu component new, %zu unchanged",
			    "updated to version %s: %zu components new, %zu unchanged", u->components_changed),
			 version, u->components_changed, u->components_kept);
		break;
	case OUTCOME_UP_TO_DATE:
		snprintf(text, size, _("no update available: version %s is current"), version);
		break;
	case OUTCOME_FAILED:
		text_safe(text, size, err->message);
		break;
	}
}

static json_t *notices_json(const struct update *u)
{
	json_t *also = json_array();

	for (int i = 0; i < u->notice_count; i++)
		json_array_append_new(also, json_string(finding_info(u->notices[i])->code));
	return also;
}

/* A bundle's address, or a feed's that was given with the command, is no setting source.feed_url to look at. */
static void name_given_address(const struct update *u, struct error *err)
{
	bool web = u->options->source == UPDATE_WEB;

	if (strstr(u->from, "://") != NULL &&
	    (!web || strcmp(u->options->from, settings_string(u->options->settings, SETTING_SOURCE_FEED_URL)) != 0))
		error_next_address(err, u->from, web);
}

static void tell_finished(struct update *u, enum outcome outcome, const struct error *err, const char *summary,
			  int64_t duration_ms, int exit_code)
{
	char next[ERROR_TEXT_MAX] = "";
	json_t *event = event_new("update.finished", "{s:s, s:s, s:o, s:I, s:I, s:i, s:o, s:i}", "status",
				  outcome_names[outcome], "generation", u->current != NULL ? u->current->id : "", "summary",
				  event_string(summary), "duration_ms", (json_int_t)duration_ms, "bytes_received",
				  (json_int_t)u->bytes_received, "requests", u->requests, "also", notices_json(u),
				  "exit_code", exit_code);

	if (event == NULL)
		return;
	if (u->current != NULL)
		json_object_set_new(event, "version", event_string(u->current->version));
	json_object_set_new(event, "cause", err->code != FINDING_NONE && outcome == OUTCOME_FAILED
						    ? json_string(finding_info(err->code)->code)
						    : json_null());
	if (outcome == OUTCOME_FAILED) {
		error_next_step(err, next, sizeof(next));
		json_object_set_new(event, "next", event_string(next));
	}
	event_emit(u->sink, event);
}

/* The lines that the known searches look for. */
static void log_finished(struct update *u, enum outcome outcome, const struct error *err, const char *summary)
{
	if (outcome == OUTCOME_FAILED)
		log_write(u->log, LOG_LEVEL_ERROR, "DownloadManager", "", "opswat download failed : %s [%s]", err->message,
			  finding_info(err->code)->code);
	else
		log_write(u->log, LOG_LEVEL_INFO, "DownloadManager", "", "%s", summary);
	if (outcome != OUTCOME_FAILED)
		log_write(u->log, LOG_LEVEL_INFO, "DownloadManager", "", "Completed opswat download");
}

/* The history line; a commit has written its own. */
static void record_history(struct update *u, enum outcome outcome, const struct error *err, int64_t duration_ms)
{
	json_t *line;

	if (outcome == OUTCOME_UPDATED)
		return;
	line = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I}", "action", "update", "status", outcome_names[outcome], "source",
			 u->options->source == UPDATE_WEB ? "web" : "offline", "from", event_string(u->from), "duration_ms",
			 (json_int_t)duration_ms, "bytes_downloaded", (json_int_t)u->bytes_received);
	if (line == NULL)
		return;
	if (u->current != NULL) {
		json_object_set_new(line, "generation", json_string(u->current->id));
		json_object_set_new(line, "version", event_string(u->current->version));
	}
	if (outcome == OUTCOME_FAILED) {
		json_object_set_new(line, "cause", json_string(finding_info(err->code)->code));
		json_object_set_new(line, "message", event_string(err->message));
	}
	(void)store_history_append(u->store, line, NULL);
}

static void remember(struct update *u, enum outcome outcome, const struct error *err, const char *summary,
		     int64_t duration_ms)
{
	struct update_state *s = &u->state;

	s->last_attempt = clock_now();
	if (s->first_seen == 0)
		s->first_seen = s->last_attempt;
	s->last_duration_ms = (long)duration_ms;
	snprintf(s->last_status, sizeof(s->last_status), "%s", outcome_names[outcome]);
	snprintf(s->last_cause, sizeof(s->last_cause), "%s",
		 outcome == OUTCOME_FAILED ? finding_info(err->code)->code : "");
	snprintf(s->last_summary, sizeof(s->last_summary), "%s", summary);
	snprintf(s->last_source, sizeof(s->last_source), "%s", u->options->source == UPDATE_WEB ? "web" : "offline");
	if (outcome != OUTCOME_FAILED) {
		s->last_success = s->last_attempt;
		s->success_duration_ms = s->last_duration_ms;
		snprintf(s->success_source, sizeof(s->success_source), "%s", s->last_source);
	}
	/* The validators belong to the generation that this feed's manifest became. */
	if (outcome != OUTCOME_FAILED && u->options->source == UPDATE_WEB && u->base_url[0] != '\0') {
		snprintf(s->url, sizeof(s->url), "%s", u->options->from);
		snprintf(s->etag, sizeof(s->etag), "%s", u->etag);
		snprintf(s->last_modified, sizeof(s->last_modified), "%s", u->last_modified);
		snprintf(s->generation, sizeof(s->generation), "%s", u->current != NULL ? u->current->id : "");
	}
	(void)update_state_save(u->options->state_dir, s, NULL);
}

int update_run(void *data, const struct event_sink *sink, void (*ready)(void *token, const struct error *err),
	       void *token)
{
	struct update u = { .options = data, .sink = sink, .started_ms = clock_monotonic_ms(), .bundle_fd = -1, .parts_fd = -1,
			    .spool_fd = -1 };
	struct error err = ERROR_INIT, hook_error = ERROR_INIT;
	int64_t started = u.started_ms, duration;
	char summary[ERROR_TEXT_MAX];
	enum outcome outcome;
	bool rolled_back = false;
	int code;

	text_url_without_login(u.from, sizeof(u.from), u.options->from);
	confine_job(settings_list_size(u.options->settings, SETTING_HOOK_AFTER_COMMIT) > 0);
	if (!begin(&u, &err)) {
		code = error_exit_code(&err);
		ready(token, &err);
		end(&u);
		return code;
	}
	ready(token, NULL);
	event_emit(sink, event_new("update.started", "{s:s, s:o, s:i}", "source",
				   u.options->source == UPDATE_WEB ? "web" : "offline", "from", event_string(u.from), "pid",
				   (int)getpid()));
	log_write(u.log, LOG_LEVEL_INFO, "DownloadManager", "", "Starting opswat download");
	outcome = update_check_before(&u, &err) ? run_phases(&u, &err) : OUTCOME_FAILED;
	if (outcome == OUTCOME_FAILED) {
		(void)store_error_refine(u.store, &err);
		update_name_anchor(&u, &err);
		update_check_after(&u, &err);
	} else {
		update_remember_network(&u);
	}
	if ((outcome == OUTCOME_UPDATED || update_hook_owed(&u)) && !update_hook_run(&u, &rolled_back, &hook_error)) {
		update_notice(&u, hook_error.code, "%s", hook_error.message);
		if (rolled_back && outcome != OUTCOME_FAILED) {
			outcome = OUTCOME_FAILED;
			err = hook_error;
			error_wrap(&err, _("the update was undone, as the setting hook.rollback_on_failure says"));
			store_generation_free(u.current);
			u.current = NULL;
			(void)store_generation_load(u.store, NULL, &u.current, NULL);
		}
	}
	if (outcome == OUTCOME_FAILED)
		name_given_address(&u, &err);
	duration = clock_monotonic_ms() - started;
	make_summary(&u, outcome, &err, summary, sizeof(summary));
	code = outcome == OUTCOME_FAILED ? error_exit_code(&err)
	       : hook_error.code != FINDING_NONE ? EXIT_FAILED
						 : EXIT_OK;
	log_finished(&u, outcome, &err, summary);
	record_history(&u, outcome, &err, duration);
	remember(&u, outcome, &err, summary, duration);
	tell_finished(&u, outcome, &err, summary, duration, code);
	end(&u);
	return code;
}
