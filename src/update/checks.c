/* The checks around an update: before an online one where there is something to find out, and after any failure. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "job/job.h"
#include "update/run.h"

static struct diagnose_options options_of(const struct update *u)
{
	return (struct diagnose_options){ .settings = u->options->settings, .state_dir = u->options->state_dir,
					  .url = u->options->source == UPDATE_WEB ? u->options->from : NULL,
					  .cancel_fd = -1, .stop = job_stop_requested, .holds_lock = true };
}

/* The verdict's cause becomes the update's failure. */
static void take_verdict(struct update *u, const struct diagnose_verdict *v, struct error *err)
{
	const char *step = json_string_value(json_array_get(json_object_get(v->event, "remedy"), 0));

	for (size_t i = 0; i < v->also_count && u->notice_count < NOTICES_MAX; i++) {
		if (v->also[i] != err->code)
			u->notices[u->notice_count++] = v->also[i];
	}
	if (v->cause != err->code)
		error_set(err, v->cause, "%s", v->summary != NULL ? v->summary : _(finding_info(v->cause)->cause));
	if (step != NULL && err->next[0] == '\0')
		error_next(err, "%s", step);
	log_write(u->log, LOG_LEVEL_ERROR, "Diagnose", "verdict", "%s [%s]", v->summary != NULL ? v->summary : "",
		  finding_info(v->cause)->code);
}

bool update_check_before(struct update *u, struct error *err)
{
	struct diagnose_options options = options_of(u);

	if (u->options->no_check || u->options->source != UPDATE_WEB)
		return true;
	u->known_network = diagnose_unchanged(&options);
	if (u->known_network && strcmp(u->state.last_status, "failed") != 0)
		return true;
	update_phase(u, "check");
	options.until_usable = true;
	/* An address that the checks do not take, the update itself refuses with its own words. */
	if (!diagnose_run(&options, u->sink, &u->network, NULL))
		return true;
	u->checked = true;
	if (u->network.interrupted && update_stopped(err))
		return false;
	if (u->network.status != CHECK_FAIL)
		return true;
	take_verdict(u, &u->network, err);
	return false;
}

/* "https://host:port/..." as "host:port" in `dst`: behind it is a bundle, which is no feed to look at. */
static bool host_of(const char *url, char *dst, size_t size)
{
	CURLU *handle = curl_url();
	char *host = NULL, *port = NULL;
	bool ok = handle != NULL && strncmp(url, "https://", 8) == 0 &&
		  curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		  curl_url_get(handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		  (size_t)snprintf(dst, size, "%s:%s", host, port) < size;

	curl_free(host);
	curl_free(port);
	curl_url_cleanup(handle);
	return ok;
}

static bool is_network(enum finding f)
{
	switch (finding_info(f)->area) {
	case AREA_LOCAL:
	case AREA_BUNDLE: return false;
	default: return true;
	}
}

/* Which checks can say more about the failure. */
static void choose_checks(const struct update *u, const struct error *err, char *host, size_t size,
			  struct diagnose_options *options)
{
	bool network = is_network(err->code);

	if (u->options->source == UPDATE_OFFLINE && strstr(u->from, "://") != NULL)
		options->bundle = u->from;
	if (u->options->source == UPDATE_OFFLINE && network) {
		network = host_of(u->options->from, host, size);
		options->host = network ? host : NULL;
	}
	if (!network) {
		options->only = 1u << CHECK_LOCAL;
		options->without_network = true;
	}
}

void update_check_after(struct update *u, struct error *err)
{
	struct diagnose_options options = options_of(u);
	struct diagnose_verdict verdict;
	char host[512], summary[ERROR_TEXT_MAX];

	/* A verdict stands already, or there is no cause to look for. */
	if (u->options->no_check || err->code == FINDING_NONE || job_stop_requested() ||
	    (u->checked && u->network.status == CHECK_FAIL))
		return;
	snprintf(summary, sizeof(summary), "%s", err->message);
	options.failed = err->code;
	options.failed_summary = summary;
	choose_checks(u, err, host, sizeof(host), &options);
	if (!diagnose_run(&options, u->sink, &verdict, NULL))
		return;
	if (verdict.cause != FINDING_NONE)
		take_verdict(u, &verdict, err);
	diagnose_verdict_clear(&verdict);
}

void update_remember_network(struct update *u)
{
	struct diagnose_options options = options_of(u);

	if (u->options->source != UPDATE_WEB || u->known_network)
		return;
	(void)diagnose_remember(&options, u->checked ? &u->network : NULL, NULL);
}
