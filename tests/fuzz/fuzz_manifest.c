/* The manifest: never crashes; what is taken is safe to use, and is the same after it was written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feed/manifest.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_component(const struct component *c)
{
	size_t len = strlen(c->href);

	must(c->id[0] != '\0' && c->id[0] != '.' && strchr(c->id, '/') == NULL && strlen(c->id) <= 64);
	must(c->href[0] != '/' && strcmp(c->href, "..") != 0 && strncmp(c->href, "../", 3) != 0 && strstr(c->href, "/../") == NULL);
	must(len < 3 || strcmp(c->href + len - 3, "/..") != 0);
	must(strstr(c->href, "://") == NULL && c->size >= -1 && c->size <= COMPONENT_MAX_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest *m = NULL, *again = NULL;
	struct buffer text = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct error err = ERROR_INIT;

	if (!manifest_parse((const char *)data, size, &m, &err)) {
		must(err.code != FINDING_NONE && err.message[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < m->count; i++)
		check_component(&m->components[i]);
	must(manifest_version_compare(m->version, m->version) == 0);
	if (manifest_write(m, &text, &err)) {
		must(manifest_parse(buffer_text(&text), text.len, &again, &err));
		must(again->count == m->count && strcmp(again->version, m->version) == 0);
		for (size_t i = 0; i < m->count; i++)
			must(strcmp(again->components[i].href, m->components[i].href) == 0);
	}
	buffer_clear(&text);
	manifest_free(m);
	manifest_free(again);
	return 0;
}
