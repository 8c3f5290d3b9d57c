/* settings.h - the settings: one table (settings.def), a libconfig file, and validated access by id.
 *
 * From the table come the parser, the writer, `config list|get|set`, the console's forms and posture-console.conf(5).
 * Unknown keys and comments of the file survive a save. A bad value is refused with file, line, key and what is allowed,
 * and then nothing is overwritten. Because the file names programs that are run, one that everyone may write is refused.
 */
#ifndef PC_SETTINGS_SETTINGS_H
#define PC_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "settings/form.h"

enum setting {
#define SETTING(id, ...) SETTING_##id,
#include "settings/settings.def"
#undef SETTING
	SETTING_COUNT
};

enum setting_type {
	SETTING_TYPE_BOOL,
	SETTING_TYPE_INT,
	SETTING_TYPE_STRING,
	SETTING_TYPE_ENUM,	/* one of `choices` */
	SETTING_TYPE_DURATION,	/* "HH:MM:SS" */
	SETTING_TYPE_LIST	/* of strings: [ "a", "b" ] */
};

struct setting_info {
	const char *key;		/* "proxy.port" */
	enum setting_type type;
	const char *default_text;	/* as it would stand in the file, without quotes: "8080", "", "true" */
	const char *choices;		/* enum: "http|https|socks5"; NULL otherwise */
	int64_t min, max;		/* int; duration (seconds); bytes of a string or list item */
	enum setting_form_id form;	/* what a string or list item must look like */
	const char *label;		/* short, for forms (N_) */
	const char *help;		/* what it does, units, limits (N_) */
};

const struct setting_info *setting_info(enum setting id);
/* SETTING_COUNT when no setting has that key. */
enum setting setting_by_key(const char *key);
/* The setting whose key looks most like that one, for "did you mean"; SETTING_COUNT when none comes near. */
enum setting setting_nearest(const char *key);
/* What is allowed, in words: "a number from 1 to 65535". */
void setting_allowed(enum setting id, struct buffer *out);

struct settings;

/* Loads the file; a file that is not there gives the defaults. Errors carry FINDING_CONFIG_INVALID with file, line,
 * key and what is allowed. Own the result: settings_free(). */
bool settings_load(const char *path, struct settings **out, struct error *err);
void settings_free(struct settings *s);

/* The path that the settings were loaded from and are saved to. */
const char *settings_path(const struct settings *s);

const char *settings_string(const struct settings *s, enum setting id);	/* string, enum; borrowed */
int64_t settings_int(const struct settings *s, enum setting id);	/* int; duration in seconds; bool 0 or 1 */
bool settings_bool(const struct settings *s, enum setting id);
size_t settings_list_size(const struct settings *s, enum setting id);
const char *settings_list_item(const struct settings *s, enum setting id, size_t i);

/* Does the value come from the file (or settings_set), not from the default? */
bool settings_is_set(const struct settings *s, enum setting id);

/* Any value as text; list items joined by ", ". */
void settings_text(const struct settings *s, enum setting id, struct buffer *out);

/* Keys of the file that are no settings: kept, but often a slip of the pen. "console.conf:7: proxy.prot"; NULL at the
 * end. Borrowed. */
const char *settings_unknown(const struct settings *s, size_t i);

/* Checks a value given as text (list: separated by commas) without setting it; the error says what is allowed. */
bool setting_check(enum setting id, const char *text, struct error *err);
/* Checks and sets. `text` NULL sets the default. */
bool settings_set(struct settings *s, enum setting id, const char *text, struct error *err);
/* Sets a list from its items (an item may hold commas). */
bool settings_set_list(struct settings *s, enum setting id, const char *const *items, size_t n, struct error *err);

/* Writes the file atomically (mode 0600 when new, kept when not). Two programs that save at once lose nothing: only what
 * this one changed is put into a fresh read of the file, whose other lines - unknown keys, comments, @include - stay as
 * they are. Afterwards `s` holds what the file holds. A setting that stands in an included file is refused: change it
 * there. */
bool settings_save(struct settings *s, struct error *err);

/* Takes what the file holds now, after another program may have saved to it; changes that are not saved are dropped. */
bool settings_reload(struct settings *s, struct error *err);

/* The proxy's password, kept apart in `state_dir`/proxy.password (0600). An empty buffer: none is set.
 * The caller wipes `out`. */
bool settings_password_load(const char *state_dir, struct buffer *out, struct error *err);
bool settings_password_save(const char *state_dir, const char *password, struct error *err);	/* NULL: remove */

/* The same for any password that is kept: of the proxy, or of the account on the appliance (`state_dir`/node.password). */
enum settings_password { SETTINGS_PASSWORD_PROXY, SETTINGS_PASSWORD_NODE };
bool settings_secret_load(enum settings_password kind, const char *state_dir, struct buffer *out, struct error *err);
bool settings_secret_save(enum settings_password kind, const char *state_dir, const char *password, struct error *err);

#endif
