/* JSON that is whole or an error. Short of memory, the library drops a byte of a text that it reads or writes and says
 * nothing (its buffers' results are not looked at everywhere). So its allocator is made to note a failure, and what was
 * read or written meanwhile is thrown away. */
#include <stdlib.h>

#include "base/event.h"
#include "store/inside.h"

static __thread bool allocation_failed;

static void *noting_malloc(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		allocation_failed = true;
	return p;
}

void store_json_init(void)
{
	/* What was allocated before can be freed as ever: the library's own allocator is malloc() too. */
	json_set_alloc_funcs(noting_malloc, free);
}

json_t *store_json_text(const char *text)
{
	json_t *value;

	if (text == NULL)
		text = "";
	allocation_failed = false;
	value = json_string(text);
	return value != NULL || allocation_failed ? value : event_string(text);
}

json_t *store_json_parse(const char *text, size_t len, bool *out_of_memory)
{
	json_t *object;

	allocation_failed = false;
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	*out_of_memory = allocation_failed;
	if (object != NULL && (allocation_failed || !json_is_object(object))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

char *store_json_dump(const json_t *object, size_t flags)
{
	char *text;

	allocation_failed = false;
	text = json_dumps(object, flags);
	if (allocation_failed) {
		free(text);
		return NULL;
	}
	return text;
}
