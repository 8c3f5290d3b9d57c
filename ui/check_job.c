#include "check_job.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "diagnose/catalogue.h"
#include "job/job.h"

struct reading {
	struct check_job *job;
	json_t *finished;		/* update.finished; owned */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void take_event(void *data, const char *line, size_t len, const json_t *event)
{
	struct reading *r = data;
	const char *kind = text_of(event, "event");

	(void)line;
	(void)len;
	check_state_take(&r->job->state, event);
	if (strcmp(kind, "update.started") == 0 && strcmp(text_of(event, "source"), "offline") == 0) {
		snprintf(r->job->bundle, sizeof(r->job->bundle), "%s", text_of(event, "from"));
	} else if (strcmp(kind, "update.finished") == 0) {
		json_decref(r->finished);
		r->finished = json_incref((json_t *)(uintptr_t)event);
	}
}

/* The catalogue's steps, a line each. */
static json_t *steps_of(const struct finding_info *info)
{
	const char *rest = info->remedy[0] != '\0' ? _(info->remedy) : "";
	json_t *steps = json_array();

	while (*rest != '\0') {
		size_t n = strcspn(rest, "\n");

		json_array_append_new(steps, json_stringn(rest, n));
		rest += n + (rest[n] == '\n');
	}
	return steps;
}

/* A bundle that the certificates or the settings stand against is put right there; in all else one looks at the bundle. */
static const char *fix_of(const struct finding_info *info)
{
	switch (info->fix) {
	case FIX_ENABLE_ANCHOR:
	case FIX_TRUST_ANCHOR:
	case FIX_IMPORT_CA:
	case FIX_CERTIFICATES:
	case FIX_SETTINGS:
		return catalogue_fix_name(info->fix);
	default:
		return "bundle";
	}
}

const struct finding_info *check_job_steps_for(enum finding cause)
{
	return finding_info(cause == FINDING_FEED_HASH_MISMATCH || cause == FINDING_FEED_COMPONENT_MISSING ? FINDING_BUNDLE_CORRUPT : cause);
}

/* What the update came to, as a verdict. NULL: it did not fail, or was asked to stop. */
static json_t *verdict_of(const json_t *finished)
{
	enum finding cause = finding_by_code(text_of(finished, "cause"));
	const struct finding_info *info = finding_info(cause);

	if (strcmp(text_of(finished, "status"), "failed") != 0 || cause == FINDING_NONE ||
	    json_integer_value(json_object_get(finished, "exit_code")) == EXIT_INTERRUPTED)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "event", "verdict", "status", "fail", "cause", info->code, "summary",
			 text_of(finished, "summary"), "time", text_of(finished, "time"));
}

/* About the bundle, and nothing else. */
static void judge_bundle(struct check_job *job, const json_t *finished)
{
	json_t *verdict = job->state.verdict != NULL ? json_copy(job->state.verdict) : verdict_of(finished);
	enum finding cause;

	if (verdict == NULL)
		return;
	json_object_del(verdict, "path");
	cause = finding_by_code(text_of(verdict, "cause"));
	json_object_set_new(verdict, "remedy", steps_of(check_job_steps_for(cause)));
	json_object_set_new(verdict, "fix", json_string(fix_of(finding_info(cause))));
	check_state_take(&job->state, verdict);
	json_decref(verdict);
}

bool check_job_is_file(const char *bundle)
{
	return bundle[0] == '/';
}

bool check_job_read(const char *state_dir, const char *job, struct check_job *out)
{
	struct reading r = { .job = out };
	struct job_tail *tail = NULL;

	*out = (struct check_job){ 0 };
	if (!job_tail_open(state_dir, job, true, &tail, NULL))
		return false;
	while (job_tail_read(tail, take_event, &r) > 0)
		;
	job_tail_free(tail);
	if (check_job_is_file(out->bundle))
		judge_bundle(out, r.finished);
	json_decref(r.finished);
	if (check_state_cause(&out->state)[0] != '\0')
		return true;
	check_state_clear(&out->state);
	return false;
}
