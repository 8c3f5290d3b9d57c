/* What the store's files hold: objects, and texts that are shown as they are. */
#include "base/event.h"
#include "base/whole_json.h"
#include "store/inside.h"

json_t *store_json_text(const char *text)
{
	json_t *value;

	if (text == NULL)
		text = "";
	whole_json_begin();
	value = json_string(text);
	return value != NULL || whole_json_failed() ? value : event_string(text);
}

json_t *store_json_parse(const char *text, size_t len, bool *out_of_memory)
{
	json_t *object = whole_json_parse(text, len, NULL, out_of_memory);

	if (object != NULL && !json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}
