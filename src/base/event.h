/* event.h - events: JSON objects, one a line, the language between a job and whoever watches it.
 *
 * A sink is where they go: standard output, a job's file, a printer for people, or several.
 */
#ifndef PC_BASE_EVENT_H
#define PC_BASE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct event_sink {
	/* Gets one finished event, borrowed. */
	void (*put)(void *data, const json_t *event);
	void *data;
	const char *job;	/* job id that every event carries, or NULL */
};

/* A new event of that kind; jansson's pack format adds members: event_new("update.phase", "{s:s}", "phase", "stage").
 * Strings from outside may be invalid UTF-8: pass them through event_string(). NULL when out of memory. */
json_t *event_new(const char *kind, const char *fmt, ...);

/* Adds "time" (and "job") and hands the event to the sink; takes ownership of `event`. NULL event or sink is fine. */
void event_emit(const struct event_sink *sink, json_t *event);

/* A JSON string of text from outside, sanitised where it is not clean UTF-8 text. New reference. */
json_t *event_string(const char *text);

/* Writes one event as one line to a descriptor with a single write(). */
bool event_write_line(int fd, const json_t *event);

/* How long ago it was put, by its "time"; 0 where that is not known. */
int64_t event_age_ms(const json_t *event);

/* Parses one line; NULL when it is not a JSON object. New reference. */
json_t *event_parse(const char *line, size_t len);

#endif
