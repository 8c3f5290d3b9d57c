#include "update/fetch.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "update/by_hash.h"

#define PROGRESS_EVERY_MS 250

void fetch_tell(struct fetch *f, bool now)
{
	int64_t at = clock_monotonic_ms(), spent = at - f->started_ms;

	if (!now && at - f->told_ms < PROGRESS_EVERY_MS)
		return;
	f->told_ms = at;
	event_emit(f->u->sink, event_new("update.progress", "{s:s, s:I, s:I, s:o, s:I}", "component", f->label, "bytes",
					 (json_int_t)f->bytes, "held", (json_int_t)f->held, "total",
					 f->total >= 0 ? json_integer(f->total) : json_null(), "rate",
					 (json_int_t)(spent > 0 ? (f->bytes - f->held) * 1000 / spent : 0)));
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
	/* It may begin anew, or go on behind what a try before this one brought. */
	if (f->held > f->bytes)
		f->held = f->bytes;
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

/* What a mirror has under that name belongs to another manifest than ours: it may still have ours (by_hash.h). */
static bool try_by_hash(struct fetch *f, const struct error *why)
{
	if (f->sha256 == NULL || f->way != BY_NAME ||
	    (why->code != FINDING_FEED_HASH_MISMATCH && why->code != FINDING_FEED_COMPONENT_MISSING))
		return false;
	log_write(f->u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s; asking for it by its hash", why->message);
	f->way = BY_HASH;
	f->by_name = *why;
	f->state = FETCH_WAITING;
	return true;
}

/* It is not there by its hash. What was wrong may also have been what was resumed (damaged on disk, or changed under its
 * validator): once more by its name, whole. */
static bool try_again(struct fetch *f, enum finding why)
{
	if (f->restarted || why != FINDING_FEED_HASH_MISMATCH)
		return false;
	f->restarted = true;
	f->state = FETCH_WAITING;
	log_write(f->u->log, LOG_LEVEL_WARN, "DownloadManager", "download", "%s: fetching it again", f->label);
	return true;
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
	bool whole = ok;

	update_count(f->u, response);
	if (ok) {
		fetch_tell(f, true);
		ok = is_right(f, &err);
	} else {
		err = *why;
		if (f->sha256 != NULL && response != NULL && (response->status == 404 || response->status == 410))
			err.code = FINDING_FEED_COMPONENT_MISSING;
		/* No more was asked for than the manifest says that there is. */
		if (f->sha256 != NULL && err.code == FINDING_HTTP_TOO_LARGE)
			error_set(&err, FINDING_FEED_HASH_MISMATCH, _("%s is larger than the manifest says"), f->label);
	}
	if (ok) {
		f->state = FETCH_READY;
		return;
	}
	if (whole) {
		part_remove(f->part);
		f->part = NULL;
	}
	if (try_by_hash(f, &err))
		return;
	if (f->way == BY_HASH) {
		f->way = NOT_BY_HASH;
		err = f->by_name;
	}
	if (!try_again(f, err.code))
		fail(f, &err);
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

static bool choose_url(struct fetch *f, struct error *err)
{
	char name[BY_HASH_NAME_MAX];

	memcpy(f->asked, f->url, sizeof(f->asked));
	if (f->way != BY_HASH)
		return true;
	by_hash_name(name, f->sha256);
	return update_url_join(f->u->base_url, name, f->asked, sizeof(f->asked), err);
}

bool fetch_start(struct fetch *f, struct error *err)
{
	struct http_request request = { .url = f->asked, .max_bytes = f->max_bytes, .begin = on_begin, .body = on_body,
					.held = on_held, .retry = on_retry, .done = on_done, .data = f };
	struct error wrong = ERROR_INIT;
	char key[65];

	part_key(f, key);
	/* One that failed half-way is kept for the next run, not for another address. */
	part_close(f->part);
	f->part = NULL;
	if (!choose_url(f, err) || !part_open(f->u->parts_fd, key, f->asked, f->total, &f->part, err))
		return false;
	f->bytes = f->held = part_held(f->part);
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
