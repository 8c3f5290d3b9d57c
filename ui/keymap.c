#include "keymap.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "key.h"

#define KEYS_COLS 18
#define BINDINGS_MAX 8		/* keys of one action */

static const struct action_info actions[ACTION_COUNT] = {
#define ACTION(scope, id, name, keys, need, label, help) { SCOPE_##scope, name, keys, NEED_##need, label, help },
#include "actions.def"
#undef ACTION
};

static const struct { const char *name, *title; } scopes[SCOPE_COUNT] = {
#define SCOPE(id, name, title) { name, title },
#include "scopes.def"
#undef SCOPE
};

static int bound[ACTION_COUNT][BINDINGS_MAX];	/* KEYS_NONE behind the last */
static bool ready;

const struct action_info *action_info(enum action action)
{
	static const struct action_info none = { SCOPE_GLOBAL, "", "", NEED_NOTHING, "", "" };

	return action < ACTION_COUNT ? &actions[action] : &none;
}

enum action action_by_name(const char *name)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (strcmp(actions[a].name, name) == 0)
			return (enum action)a;
	return ACTION_NONE;
}

const char *scope_name(enum scope scope)
{
	return scopes[scope].name;
}

const char *scope_title(enum scope scope)
{
	return scopes[scope].title;
}

/* Takes "Tab Down j". False when one of them is no key, or there are too many; *bad then is where it begins. */
static bool bind_keys(enum action action, const char *keys, const char **bad)
{
	int taken[BINDINGS_MAX], n = 0;

	for (const char *at = keys; *at != '\0';) {
		size_t len = strcspn(at, " \t");
		int key = len > 0 ? key_by_name(at, len) : KEYS_NONE;

		if (len > 0 && (key == KEYS_NONE || n == BINDINGS_MAX - 1)) {
			*bad = at;
			return false;
		}
		if (len > 0)
			taken[n++] = key;
		at += len;
		at += strspn(at, " \t");
	}
	for (int i = 0; i < BINDINGS_MAX; i++)
		bound[action][i] = i < n ? taken[i] : KEYS_NONE;
	return true;
}

static void bind_table(void)
{
	const char *bad;

	for (int a = 0; a < ACTION_COUNT; a++)
		bind_keys((enum action)a, actions[a].keys, &bad);
	ready = true;
}

static void make_ready(void)
{
	if (!ready)
		keymap_reset();
}

enum action keymap_action(enum scope scope, int key)
{
	make_ready();
	if (key == '\n')
		key = KEYS_ENTER;
	if (key == KEYS_NONE)
		return ACTION_NONE;
	for (int a = 0; a < ACTION_COUNT; a++)
		for (int i = 0; actions[a].scope == scope && bound[a][i] != KEYS_NONE; i++)
			if (bound[a][i] == key)
				return (enum action)a;
	return ACTION_NONE;
}

char *keymap_key_name(enum action action, char *dst, size_t size)
{
	make_ready();
	if (size > 0)
		dst[0] = '\0';
	if (action < ACTION_COUNT && bound[action][0] != KEYS_NONE)
		key_text_name(bound[action][0], dst, size);
	return dst;
}

void keymap_keys(enum action action, struct buffer *out)
{
	char name[16];

	make_ready();
	for (int i = 0; action < ACTION_COUNT && bound[action][i] != KEYS_NONE; i++)
		buffer_printf(out, "%s%s", i > 0 ? " " : "", key_text_name(bound[action][i], name, sizeof(name)));
}

void keymap_line(struct buffer *out, enum scope scope, bool (*possible)(void *data, enum action action), void *data)
{
	char key[16];

	for (int a = 0; a < ACTION_COUNT; a++) {
		if (actions[a].scope != scope || actions[a].label[0] == '\0' || !possible(data, (enum action)a))
			continue;
		keymap_key_name((enum action)a, key, sizeof(key));
		if (key[0] != '\0')
			buffer_printf(out, "%s%s %s", out->len > 0 ? "  " : " ", key, _(actions[a].label));
	}
}

void keymap_help(struct buffer *out, enum scope scope)
{
	bool titled = false;

	for (int a = 0; a < ACTION_COUNT; a++) {
		struct buffer keys = BUFFER_INIT(256);

		if (actions[a].scope != scope)
			continue;
		if (!titled)
			buffer_printf(out, "%s%s\n", out->len > 0 ? "\n" : "", _(scopes[scope].title));
		titled = true;
		keymap_keys((enum action)a, &keys);
		buffer_puts(out, "  ");
		text_fit(out, buffer_text(&keys), KEYS_COLS, true, true);
		buffer_printf(out, " %s  (%s)\n", _(actions[a].help), actions[a].name);
		buffer_clear(&keys);
	}
}

/* --- the keymap file -------------------------------------------------------------------------------------------------- */

static bool bad_line(struct error *err, const char *path, int line, const char *what, const char *allowed)
{
	error_set(err, FINDING_CONFIG_INVALID, _("%s:%d: %s"), path, line, what);
	return error_next(err, "%s", allowed);
}

/* Is a key of `action` bound to another one in the same scope? */
static enum action rival(enum action action)
{
	for (int i = 0; bound[action][i] != KEYS_NONE; i++)
		for (int a = 0; a < ACTION_COUNT; a++)
			for (int j = 0; a != (int)action && actions[a].scope == actions[action].scope &&
					bound[a][j] != KEYS_NONE; j++)
				if (bound[a][j] == bound[action][i])
					return (enum action)a;
	return ACTION_NONE;
}

/* "bind ACTION KEY...", "unbind ACTION", "# ..." or nothing. */
static bool take_line(const char *path, int line, char *text, struct error *err)
{
	char *word = strtok(text, " \t"), *name = word != NULL ? strtok(NULL, " \t") : NULL;
	char *keys = name != NULL ? strtok(NULL, "") : NULL, what[256];
	bool bind = word != NULL && strcmp(word, "bind") == 0, unbind = word != NULL && strcmp(word, "unbind") == 0;
	const char *bad = "";
	enum action action;

	if (word == NULL || word[0] == '#')
		return true;
	if ((!bind && !unbind) || name == NULL || bind != (keys != NULL)) {
		snprintf(what, sizeof(what), _("\"%.60s\" is no line of a keymap"), word);
		return bad_line(err, path, line, what, _("Write \"bind ACTION KEY...\", \"unbind ACTION\", or a comment that begins with #."));
	}
	action = action_by_name(name);
	if (action == ACTION_NONE) {
		snprintf(what, sizeof(what), _("there is no action \"%.60s\""), name);
		return bad_line(err, path, line, what, _("The names stand in the list of all keys (K in the console)."));
	}
	if (bind_keys(action, bind ? keys : "", &bad))
		return true;
	snprintf(what, sizeof(what), _("\"%.*s\" is no key, or one too many"), (int)strcspn(bad, " \t"), bad);
	return bad_line(err, path, line, what, _("A key is a character, C-a to C-z (without C-i and C-m), Tab, S-Tab, Enter, Space, Esc, "
						 "Backspace, Up, Down, Left, Right, Home, End, PgUp, PgDn, Ins, Del or F1 to F12; "
						 "an action has up to 7."));
}

static bool check_rivals(const char *path, struct error *err)
{
	for (int a = 0; a < ACTION_COUNT; a++) {
		enum action other = rival((enum action)a);
		char what[256];

		if (other == ACTION_NONE)
			continue;
		snprintf(what, sizeof(what), _("\"%s\" and \"%s\" have the same key"), actions[a].name, actions[other].name);
		error_set(err, FINDING_CONFIG_INVALID, "%s: %s", path, what);
		return error_next(err, "%s", _("Bind one of them to another key, or unbind it."));
	}
	return true;
}

/* The keys of a language are the translation of this line: lines of a keymap, between the table's and the operator's own.
 * Translators: keep this line, and add lines such as "bind yes j y" for what is answered or pressed by its first letter. The
 * languages that come along give only yes and no letters of their own: the other keys are those of the manual and of whoever
 * helps by telephone. */
static const char language_keys[] = N_("# keys of this language, one a line: bind ACTION KEY...");

bool keymap_take(const char *name, const char *lines, struct error *err)
{
	char text[512];
	bool ok = true;

	for (int line = 1; ok && *lines != '\0'; line++) {
		size_t len = strcspn(lines, "\n");

		snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : sizeof(text) - 1), lines);
		ok = take_line(name, line, text, err);
		lines += len + (lines[len] == '\n');
	}
	ok = ok && check_rivals(name, err);
	if (!ok)
		bind_table();
	return ok;
}

void keymap_reset(void)
{
	struct error ignored = ERROR_INIT;

	bind_table();
	keymap_take("language", _(language_keys), &ignored);
}

bool keymap_load(const char *path, struct error *err)
{
	FILE *f = fopen(path, "re");
	char text[512];
	bool ok = true;
	int line = 0;

	keymap_reset();
	if (f == NULL)
		return true;
	while (ok && fgets(text, sizeof(text), f) != NULL) {
		text[strcspn(text, "\r\n")] = '\0';
		ok = take_line(path, ++line, text, err);
	}
	fclose(f);
	ok = ok && check_rivals(path, err);
	if (!ok)
		keymap_reset();
	return ok;
}
