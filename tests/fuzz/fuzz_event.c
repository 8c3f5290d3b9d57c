/* A line of a job's events, as a console reads it: never crashes; what was taken can be written and taken again. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *event = event_parse((const char *)data, size), *again;
	char *text, safe[256];

	if (event == NULL)
		return 0;
	if (!json_is_object(event))
		abort();
	text = json_dumps(event, JSON_COMPACT);
	if (text != NULL) {
		again = event_parse(text, strlen(text));
		if (again == NULL || !json_equal(event, again))
			abort();
		json_decref(again);
		text_safe(safe, sizeof(safe), text);
		if (strchr(safe, '\x1b') != NULL)
			abort();
	}
	free(text);
	json_decref(event);
	return 0;
}
