#include "update/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"

#define STATE_MAX_BYTES (64u * 1024)

static void take_text(const json_t *object, const char *key, char *dst, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(dst, size, "%s", value != NULL ? value : "");
}

static long long take_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void update_state_load(const char *state_dir, struct update_state *out)
{
	struct buffer text = BUFFER_INIT(STATE_MAX_BYTES);
	char *path = file_join(state_dir, UPDATE_STATE_FILE);
	json_t *object = NULL;

	memset(out, 0, sizeof(*out));
	if (path != NULL && file_read(AT_FDCWD, path, &text, NULL))
		object = json_loadb(buffer_text(&text), text.len, 0, NULL);
	if (json_is_object(object)) {
		take_text(object, "url", out->url, sizeof(out->url));
		take_text(object, "etag", out->etag, sizeof(out->etag));
		take_text(object, "last_modified", out->last_modified, sizeof(out->last_modified));
		take_text(object, "generation", out->generation, sizeof(out->generation));
		take_text(object, "last_status", out->last_status, sizeof(out->last_status));
		take_text(object, "last_cause", out->last_cause, sizeof(out->last_cause));
		take_text(object, "last_summary", out->last_summary, sizeof(out->last_summary));
		take_text(object, "last_source", out->last_source, sizeof(out->last_source));
		out->first_seen = (time_t)take_number(object, "first_seen");
		out->last_attempt = (time_t)take_number(object, "last_attempt");
		out->last_success = (time_t)take_number(object, "last_success");
		out->last_duration_ms = (long)take_number(object, "last_duration_ms");
		take_text(object, "success_source", out->success_source, sizeof(out->success_source));
		out->success_duration_ms = (long)take_number(object, "success_duration_ms");
	}
	json_decref(object);
	buffer_clear(&text);
	free(path);
}

bool update_state_save(const char *state_dir, const struct update_state *s, struct error *err)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I}", "url", s->url, "etag",
				   s->etag, "last_modified", s->last_modified, "generation", s->generation, "last_status",
				   s->last_status, "last_cause", s->last_cause, "last_summary", s->last_summary,
				   "last_source", s->last_source, "first_seen", (json_int_t)s->first_seen, "last_attempt",
				   (json_int_t)s->last_attempt, "last_success", (json_int_t)s->last_success,
				   "last_duration_ms", (json_int_t)s->last_duration_ms, "success_source",
				   s->success_source, "success_duration_ms", (json_int_t)s->success_duration_ms);
	char *text = object != NULL ? whole_json_dump(object, JSON_INDENT(1)) : NULL;
	char *path = file_join(state_dir, UPDATE_STATE_FILE);
	bool ok = text != NULL && path != NULL ? file_write_quick(AT_FDCWD, path, 0640, text, strlen(text), err)
					       : error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	free(path);
	free(text);
	json_decref(object);
	return ok;
}

/* A number that is the same on every call on this node and different on the next node (FNV-1a of the host name). */
static unsigned int node_number(void)
{
	char name[256] = "";
	unsigned int hash = 2166136261u;

	gethostname(name, sizeof(name) - 1);
	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return hash;
}

time_t update_next_due(const struct settings *settings, const struct update_state *state, time_t now)
{
	time_t jitter_max = (time_t)settings_int(settings, SETTING_SCHEDULE_JITTER);
	time_t jitter = jitter_max > 0 ? (time_t)(node_number() % (unsigned int)jitter_max) : 0;
	time_t start = state->first_seen != 0 ? state->first_seen : now;

	if (!settings_bool(settings, SETTING_SCHEDULE_AUTOMATIC))
		return 0;
	/* An attempt in the future means that the clock was set back: it tells nothing. */
	if (state->last_attempt == 0 || state->last_attempt > now)
		return (start > now ? now : start) + (time_t)settings_int(settings, SETTING_SCHEDULE_INITIAL_DELAY) + jitter;
	return state->last_attempt + (time_t)settings_int(settings, SETTING_SCHEDULE_EVERY_HOURS) * 3600 + jitter;
}
