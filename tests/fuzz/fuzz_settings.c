/* The settings file: never crashes, and a value that is changed in a good file is the one that is read back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings/edit.h"
#include "settings/load.h"

/* Not there, so that nothing is included. */
#define PATH "/nonexistent/posture-console/console.conf"

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Changes one setting of a text that was read well; every other setting stays. */
static void change(const struct buffer *text, const struct loaded *before, enum setting id, const char *literal)
{
	struct buffer changed = BUFFER_INIT(LOAD_FILE_MAX_BYTES);
	struct loaded after;

	buffer_append(&changed, text->data, text->len);
	if (edit_set(&changed, setting_info(id)->key, literal)) {
		must(load_text(PATH, &changed, &after, NULL));
		must(after.set[id] == (literal != NULL));
		must(after.unknown_count == before->unknown_count);
		for (int i = 0; i < SETTING_COUNT; i++) {
			if (i != (int)id)
				must(value_equal((enum setting)i, &before->values[i], &after.values[i]));
		}
		must(literal == NULL || after.values[id].number == 7);
		loaded_clear(&after);
	}
	buffer_clear(&changed);
}

/* libconfig 1.5 forgets the string that it stumbles over when it reports a syntax error. By the library's name, for its functions
 * have no names where there are no symbols; whether we free what it gives us is seen by the unit tests, which suppress nothing. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text = BUFFER_INIT(LOAD_FILE_MAX_BYTES);
	struct error err = ERROR_INIT;
	struct loaded loaded;

	if (size > 16384)
		return 0;
	buffer_append(&text, data, size);
	buffer_putc(&text, '\n');
	if (load_text(PATH, &text, &loaded, &err)) {
		change(&text, &loaded, SETTING_PROXY_PORT, "7");
		change(&text, &loaded, SETTING_PROXY_PORT, NULL);
		change(&text, &loaded, SETTING_HOOK_TIMEOUT_S, "7");
		loaded_clear(&loaded);
	} else {
		must(err.code != FINDING_NONE && err.message[0] != '\0');
	}
	buffer_clear(&text);
	return 0;
}
