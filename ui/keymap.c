#include "keymap.h"

#include <curses.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

#define KEYS_COLS 18

static const struct {
	const char *name, *keys, *label, *help;
} actions[ACTION_COUNT] = {
#define ACTION(id, name, keys, label, help) { name, keys, label, help },
#include "actions.def"
#undef ACTION
};

static const struct { const char *name; int key, twin; } named[] = {
	{ "Tab", '\t', '\t' },	      { "S-Tab", KEY_BTAB, KEY_BTAB }, { "Up", KEY_UP, KEY_UP },
	{ "Down", KEY_DOWN, KEY_DOWN }, { "Left", KEY_LEFT, KEY_LEFT }, { "Right", KEY_RIGHT, KEY_RIGHT },
	{ "Enter", '\r', KEY_ENTER }, { "Space", ' ', ' ' },	       { "Esc", 27, 27 },
	{ "F1", KEY_F(1), KEY_F(1) }, { "F10", KEY_F(10), KEY_F(10) }, { "C-l", 12, 12 },
	{ "C-z", 26, 26 },	      { "C-c", 3, 3 },
};

/* Is `key` the one with that name (len bytes)? */
static bool key_is(const char *name, size_t len, int key)
{
	if (len == 1)
		return key == (unsigned char)name[0];
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strlen(named[i].name) == len && memcmp(named[i].name, name, len) == 0)
			return key == named[i].key || key == named[i].twin;
	return false;
}

enum action keymap_action(int key)
{
	if (key == '\n')
		key = '\r';
	for (int a = 0; a < ACTION_COUNT; a++) {
		for (const char *at = actions[a].keys; *at != '\0';) {
			size_t len = strcspn(at, " ");

			if (key_is(at, len, key))
				return (enum action)a;
			at += len + (at[len] == ' ');
		}
	}
	return ACTION_NONE;
}

const char *keymap_name(enum action action)
{
	return action < ACTION_COUNT ? actions[action].name : "";
}

void keymap_key_name(enum action action, char *dst, size_t size)
{
	snprintf(dst, size, "%.*s", (int)strcspn(actions[action].keys, " "), actions[action].keys);
}

void keymap_line(struct buffer *out, bool (*possible)(void *data, enum action action), void *data)
{
	char key[16];

	for (int a = 0; a < ACTION_COUNT; a++) {
		if (actions[a].label[0] == '\0' || !possible(data, (enum action)a))
			continue;
		keymap_key_name((enum action)a, key, sizeof(key));
		buffer_printf(out, "%s%s %s", out->len > 0 ? "  " : " ", key, _(actions[a].label));
	}
}

void keymap_help(struct buffer *out)
{
	for (int a = 0; a < ACTION_COUNT; a++) {
		text_fit(out, actions[a].keys, KEYS_COLS, true, true);
		buffer_printf(out, "%s\n", _(actions[a].help));
	}
}
