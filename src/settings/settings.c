#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "settings/load.h"
#include "settings/room.h"

bool settings_load(const char *path, struct settings **out, struct error *err)
{
	struct buffer text = BUFFER_INIT(LOAD_FILE_MAX_BYTES);
	struct settings *s = calloc(1, sizeof(*s));
	bool ok = false;

	*out = NULL;
	if (s != NULL)
		s->path = strdup(path);
	if (s == NULL || s->path == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (!load_file(path, &text, NULL, err) || !load_text(path, &text, &s->loaded, err))
		goto out;
	*out = s;
	s = NULL;
	ok = true;
out:
	buffer_clear(&text);
	settings_free(s);
	return ok;
}

void settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	loaded_clear(&s->loaded);
	free(s->path);
	free(s);
}

const char *settings_path(const struct settings *s)
{
	return s->path;
}

const char *settings_string(const struct settings *s, enum setting id)
{
	const char *text = s->loaded.values[id].text;

	return text != NULL ? text : "";
}

int64_t settings_int(const struct settings *s, enum setting id)
{
	return s->loaded.values[id].number;
}

bool settings_bool(const struct settings *s, enum setting id)
{
	return s->loaded.values[id].number != 0;
}

size_t settings_list_size(const struct settings *s, enum setting id)
{
	return s->loaded.values[id].count;
}

const char *settings_list_item(const struct settings *s, enum setting id, size_t i)
{
	return i < s->loaded.values[id].count ? s->loaded.values[id].items[i] : NULL;
}

bool settings_is_set(const struct settings *s, enum setting id)
{
	return s->loaded.set[id];
}

void settings_text(const struct settings *s, enum setting id, struct buffer *out)
{
	value_text(id, &s->loaded.values[id], out);
}

const char *settings_unknown(const struct settings *s, size_t i)
{
	return i < s->loaded.unknown_count ? s->loaded.unknown[i] : NULL;
}

bool setting_check(enum setting id, const char *text, struct error *err)
{
	struct setting_value value;
	bool ok = value_parse(id, text, &value, err);

	value_clear(&value);
	return ok;
}

/* Takes the value over. */
static void put(struct settings *s, enum setting id, struct setting_value *value, bool set)
{
	value_clear(&s->loaded.values[id]);
	s->loaded.values[id] = *value;
	s->loaded.set[id] = set;
	s->changed[id] = true;
}

bool settings_set(struct settings *s, enum setting id, const char *text, struct error *err)
{
	struct setting_value value;

	if (!value_parse(id, text != NULL ? text : setting_info(id)->default_text, &value, err))
		return false;
	put(s, id, &value, text != NULL);
	return true;
}

bool settings_set_list(struct settings *s, enum setting id, const char *const *items, size_t n, struct error *err)
{
	struct setting_value value;

	if (setting_info(id)->type != SETTING_TYPE_LIST)
		return error_usage(err, _("%s takes one value"), setting_info(id)->key);
	if (!value_parse_list(id, items, n, &value, err))
		return false;
	put(s, id, &value, true);
	return true;
}
