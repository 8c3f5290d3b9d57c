#include "base/event.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define EVENT_TEXT_MAX (1024 * 1024)
#define NUMBER_DIGITS 12		/* 12.4, not 12.400000000000000355 */

json_t *event_new(const char *kind, const char *fmt, ...)
{
	json_t *event = NULL, *members = NULL;

	if (fmt != NULL && *fmt != '\0') {
		json_error_t why;
		va_list args;

		va_start(args, fmt);
		members = json_vpack_ex(&why, 0, fmt, args);
		va_end(args);
		if (members == NULL)
			return NULL;
	}
	event = json_pack("{s:s}", "event", kind);
	if (event != NULL && members != NULL)
		json_object_update(event, members);
	json_decref(members);
	return event;
}

void event_emit(const struct event_sink *sink, json_t *event)
{
	char stamp[CLOCK_TEXT_MAX];

	if (event == NULL || sink == NULL || sink->put == NULL) {
		json_decref(event);
		return;
	}
	json_object_set_new(event, "time", json_string(clock_rfc3339_ms(stamp, clock_now_ms())));
	if (sink->job != NULL)
		json_object_set_new(event, "job", json_string(sink->job));
	sink->put(sink->data, event);
	json_decref(event);
}

json_t *event_string(const char *text)
{
	struct buffer safe = BUFFER_INIT(EVENT_TEXT_MAX);
	json_t *value;

	text_sanitise(&safe, text, strlen(text));
	value = json_string(buffer_text(&safe));
	buffer_clear(&safe);
	return value;
}

bool event_write_line(int fd, const json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(NUMBER_DIGITS));
	size_t len;
	bool ok;

	if (text == NULL)
		return false;
	len = strlen(text);
	text[len] = '\n';	/* the NUL's place: one write for the whole line */
	ok = file_write_all(fd, text, len + 1);
	free(text);
	return ok;
}

int64_t event_age_ms(const json_t *event)
{
	const char *stamp = json_string_value(json_object_get(event, "time")), *point;
	int64_t ms, age;
	time_t seconds;

	if (stamp == NULL || !clock_parse_rfc3339(stamp, &seconds))
		return 0;
	ms = (int64_t)seconds * 1000;
	point = strchr(stamp, '.');
	if (point != NULL && strspn(point + 1, "0123456789") == 3)	/* as event_emit() writes it */
		ms += strtol(point + 1, NULL, 10);
	age = clock_now_ms() - ms;
	return age > 0 ? age : 0;
}

json_t *event_parse(const char *line, size_t len)
{
	json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

	if (event != NULL && !json_is_object(event)) {
		json_decref(event);
		return NULL;
	}
	return event;
}
