#include "update/fetch.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"

#define PROGRESS_EVERY_MS 250

void fetch_tell(struct fetch *f, bool now)
{
	int64_t at = clock_monotonic_ms(), spent = at - f->started_ms;

	if (!now && at - f->told_ms < PROGRESS_EVERY_MS)
		return;
	f->told_ms = at;
	event_emit(f->u->sink, event_new("update.progress", "{s:s, s:I, s:o, s:I}", "component", f->label, "bytes",
					 (json_int_t)f->bytes, "total",
					 f->total >= 0 ? json_integer(f->total) : json_null(), "rate",
					 (json_int_t)(spent > 0 ? f->bytes * 1000 / spent : 0)));
}

static bool on_begin(void *data, const struct http_response *response, struct error *err)
{
	struct fetch *f = data;

	if (f->sha256 != NULL && f->total >= 0 && response->total >= 0 && response->total != f->total)
		return error_set(err, FINDING_FEED_HASH_MISMATCH,
				 _("%s has %lld bytes at the server, %lld in the manifest"), f->label,
				 (long long)response->total, (long long)f->total);
	if (f->sha256 == NULL)
		f->total = response->total;
	if (!part_begin(f->part, response->offset, response->etag, response->last_modified, err))
		return false;
	f->bytes = part_held(f->part);
	if (response->offset > 0)
		log_write(f->u->log, LOG_LEVEL_INFO, "DownloadManager", "download", "resuming %s at byte %lld", f->label,
			  (long long)response->offset);
	return true;
}

static bool on_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct fetch *f = data;

	if (!part_write(f->part, bytes, len, err))
		return false;
	f->bytes = part_held(f->part);
	if (f->bytes != f->total)	/* its end is told when it is known to be right */
		fetch_tell(f, false);
	return true;
}

static int64_t on_held(void *data)
{
	struct fetch *f = data;

	return part_validator(f->part)[0] != '\0' ? part_held(f->part) : 0;
}

static void on_retry(void *data, int attempt, long wait_ms, const struct error *why)
{
	struct fetch *f = data;
	struct update *u = f->u;

	log_write(u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s: attempt %d failed, next in %ld ms: %s",
		  f->label, attempt, wait_ms, why->message);
	event_emit(u->sink, event_new("update.retry", "{s:s, s:i, s:I, s:o, s:s}", "component", f->label, "attempt", attempt,
				      "wait_ms", (json_int_t)wait_ms, "message", event_string(why->message), "finding",
				      finding_info(why->code)->code));
}

/* All of it is here: is it what the manifest names? */
static bool is_right(struct fetch *f, struct error *err)
{
	unsigned char sha256[32];

	if (f->sha256 == NULL)
		return true;
	if (!part_sha256(f->part, sha256, err))
		return false;
	if (memcmp(sha256, f->sha256, sizeof(sha256)) == 0)
		return true;
	return error_set(err, FINDING_FEED_HASH_MISMATCH, _("%s is not what the manifest says: its SHA-256 differs"),
			 f->label);
}

static void fail(struct fetch *f, const struct error *why)
{
	f->error = *why;
	error_wrap(&f->error, _("cannot fetch %s"), f->label);
	f->state = FETCH_FAILED;
}

static void on_done(void *data, bool ok, const struct http_response *response, const struct error *why)
{
	struct fetch *f = data;
	struct error err = ERROR_INIT;

	update_count(f->u, response);
	if (!ok) {
		err = *why;
		if (f->sha256 != NULL && response != NULL && (response->status == 404 || response->status == 410))
			err.code = FINDING_FEED_COMPONENT_MISSING;
		fail(f, &err);
		return;
	}
	fetch_tell(f, true);
	if (is_right(f, &err)) {
		f->state = FETCH_READY;
		return;
	}
	part_remove(f->part);
	f->part = NULL;
	if (f->restarted || err.code != FINDING_FEED_HASH_MISMATCH) {
		fail(f, &err);
		return;
	}
	/* What was resumed may have been damaged on disk, or the object changed under its validator: once more, whole. */
	f->restarted = true;
	f->state = FETCH_WAITING;
	log_write(f->u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s; fetching it again", err.message);
}

/* The part's name: the hash of the object, or of its address where that is not known. */
static void part_key(const struct fetch *f, char key[65])
{
	unsigned char hash[32];

	if (f->sha256 != NULL)
		memcpy(hash, f->sha256, sizeof(hash));
	else
		EVP_Digest(f->url, strlen(f->url), hash, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(key + 2 * i, 3, "%02x", hash[i]);
}

bool fetch_start(struct fetch *f, struct error *err)
{
	struct http_request request = { .url = f->url, .max_bytes = f->max_bytes, .begin = on_begin, .body = on_body,
					.held = on_held, .retry = on_retry, .done = on_done, .data = f };
	struct error wrong = ERROR_INIT;
	char key[65];

	part_key(f, key);
	if (!part_open(f->u->parts_fd, key, f->url, f->total, &f->part, err))
		return false;
	f->bytes = part_held(f->part);
	f->started_ms = clock_monotonic_ms();
	if (f->sha256 != NULL && f->bytes == f->total && is_right(f, &wrong)) {
		/* It was complete before the job was stopped. */
		f->state = FETCH_READY;
		fetch_tell(f, true);
		return true;
	}
	snprintf(f->validator, sizeof(f->validator), "%s", part_validator(f->part));
	if (f->validator[0] != '\0' && (f->total < 0 || f->bytes < f->total)) {
		request.if_range = f->validator;
		request.resume_from = f->bytes;
	}
	f->state = FETCH_RUNNING;
	return http_add(f->u->http, &request, err);
}
