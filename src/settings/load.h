/* load.h - a settings file as values: what stands in it, checked, and the defaults for the rest. Internal to the room. */
#ifndef PC_SETTINGS_LOAD_H
#define PC_SETTINGS_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "settings/settings.h"
#include "settings/value.h"

#define LOAD_FILE_MAX_BYTES (256u * 1024)
#define LOAD_UNKNOWN_MAX 100

struct loaded {
	struct setting_value values[SETTING_COUNT];
	bool set[SETTING_COUNT];		/* stands in the file */
	char *included[SETTING_COUNT];		/* "file:line" of an included file that has it, or its group; else NULL */
	char *unknown[LOAD_UNKNOWN_MAX];	/* "file:line: key" */
	size_t unknown_count;
};

void loaded_clear(struct loaded *l);

/* Reads a settings file: `out` gets its text, which ends with a newline. A missing file is an empty one (*exists, which
 * may be NULL, says so). */
bool load_file(const char *path, struct buffer *out, bool *exists, struct error *err);

/* Parses the text of the file at `path`, which says where included files are and what messages name. */
bool load_text(const char *path, const struct buffer *text, struct loaded *out, struct error *err);

#endif
