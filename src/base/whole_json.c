#include "base/whole_json.h"

#include <stdlib.h>

static __thread bool allocation_failed;

static void *noting_malloc(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		allocation_failed = true;
	return p;
}

void whole_json_begin(void)
{
	/* What was allocated before can be freed as ever: the library's own allocator is malloc() too. */
	json_set_alloc_funcs(noting_malloc, free);
	allocation_failed = false;
}

bool whole_json_failed(void)
{
	return allocation_failed;
}

json_t *whole_json_parse(const char *text, size_t len, json_error_t *why, bool *out_of_memory)
{
	json_t *value;

	whole_json_begin();
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES, why);
	*out_of_memory = allocation_failed;
	if (allocation_failed) {
		json_decref(value);
		return NULL;
	}
	return value;
}

char *whole_json_dump(const json_t *value, size_t flags)
{
	char *text;

	whole_json_begin();
	text = json_dumps(value, flags);
	if (allocation_failed) {
		free(text);
		return NULL;
	}
	return text;
}
