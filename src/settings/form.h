/* form.h - what the text of a setting must look like: host names, URLs, paths, bypass patterns. */
#ifndef PC_SETTINGS_FORM_H
#define PC_SETTINGS_FORM_H

#include <stdbool.h>
#include <stddef.h>

struct setting_form {
	/* Does it have the form? `index` is its place in a list, 0 for a string. NULL: any text will do. */
	bool (*fits)(const char *text, size_t index);
	const char *allowed;		/* in words (N_) */
};

enum setting_form_id {
#define FORM(id, ...) FORM_##id,
#include "settings/form.def"
#undef FORM
	FORM_COUNT
};

const struct setting_form *setting_form(enum setting_form_id id);

/* A host name (RFC 1123, underscores allowed, one trailing dot allowed, bytes of an IDN left alone) or an address
 * literal without brackets. A name that a resolver would take for a number ("127.1", "010.0.0.1") is neither. */
bool form_is_host(const char *text, size_t len);

/* UTF-8 without control characters: nothing else is kept in any setting. `layout`: TAB and newline are fine. */
bool form_is_clean(const char *text, bool layout);

#endif
