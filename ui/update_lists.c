#include "update_lists.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "store/store.h"

#define HISTORY_MAX 200

static const char *member(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

static void put_update(struct buffer *out, const json_t *line)
{
	static const char *const names[] = { "status", "source", "generation", "cause", "summary" };
	struct buffer text = BUFFER_INIT(8192);

	buffer_printf(&text, "%.16s", member(line, "time"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (member(line, names[i])[0] != '\0')
			buffer_printf(&text, "  %.1000s", member(line, names[i]));
	text_sanitise(out, buffer_text(&text), text.len);
	buffer_putc(out, '\n');
	buffer_clear(&text);
}

bool update_list_history(const char *state_dir, struct buffer *out, struct error *err)
{
	struct store *store = NULL;
	json_t *lines = NULL;
	bool ok = false;
	size_t n;

	if (!store_open(state_dir, false, &store, err) || !store_history_load(store, &lines, err))
		goto out;
	n = json_array_size(lines);
	if (n == 0)
		buffer_puts(out, _("There was no update yet.\n"));
	for (size_t i = 0; i < n && i < HISTORY_MAX; i++)
		put_update(out, json_array_get(lines, n - 1 - i));
	ok = true;
out:
	json_decref(lines);
	store_free(store);
	return ok;
}

static void put_change(struct buffer *out, const struct store_diff_row *row)
{
	char title[256], a[128], b[128];

	text_fit(out, text_safe(title, sizeof(title), row->title), 34, true, true);
	buffer_printf(out, " %s -> %s", row->version_a != NULL ? text_safe(a, sizeof(a), row->version_a) : "-",
		      row->version_b != NULL ? text_safe(b, sizeof(b), row->version_b) : "-");
	if (row->added + row->removed + row->changed > 0)
		buffer_printf(out, _("  files: %lld new, %lld gone, %lld changed"), (long long)row->added,
			      (long long)row->removed, (long long)row->changed);
	buffer_putc(out, '\n');
}

bool update_list_changes(const char *state_dir, struct buffer *out, struct error *err)
{
	struct store_diff_row *rows = NULL;
	char previous[STORE_GENERATION_MAX];
	struct store *store = NULL;
	size_t count = 0;
	bool ok;

	ok = store_open(state_dir, false, &store, err);
	if (ok) {
		store_previous(store, previous);
		if (previous[0] == '\0')
			buffer_puts(out, _("There is no earlier content to compare with.\n"));
		else
			ok = store_diff(store, "previous", "current", &rows, &count, err);
	}
	for (size_t i = 0; ok && i < count; i++)
		put_change(out, &rows[i]);
	store_diff_free(rows, count);
	store_free(store);
	return ok;
}
