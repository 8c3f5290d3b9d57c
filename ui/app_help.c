/* Help, the list of all keys, the command line, copying, and leaving. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "settings/settings.h"
#include "term.h"

#define HELP_MAX 65536

void app_help(struct app *a, bool everything)
{
	struct buffer text = BUFFER_INIT(HELP_MAX);
	enum scope scopes[SCOPE_COUNT];
	const char *title = everything ? _("All keys") : _("Keys");
	int n = app_scopes(a, scopes);

	if (a->p->dialogs != NULL && strcmp(a->p->dialogs->title, title) == 0)
		return;			/* it is what is shown */
	if (everything)
		for (int s = 0; s < SCOPE_COUNT; s++)
			keymap_help(&text, (enum scope)s);
	else
		for (int i = 0; i < n; i++)
			keymap_help(&text, scopes[i]);
	dialog_text(a, title, buffer_text(&text));
	buffer_clear(&text);
}

/* --- the command line -------------------------------------------------------------------------------------------------- */

/* Commands are the actions that make sense by name: not the moves of a cursor. */
static bool is_command(enum action action)
{
	enum scope scope = action_info(action)->scope;

	if (scope == SCOPE_GLOBAL)
		return true;
	for (int i = 0; i < PANES_MAX; i++)
		if (panes[i] != NULL && panes[i]->scope == scope)
			return true;
	return false;
}

static void complete(void *data, const char *text, struct buffer *out, struct buffer *hint)
{
	size_t n = strlen(text), common = 0;
	const char *first = NULL;
	int count = 0;

	(void)data;
	for (int i = 0; i < ACTION_COUNT; i++) {
		const char *name = action_info((enum action)i)->name;
		size_t same = 0;

		if (!is_command((enum action)i) || strncmp(name, text, n) != 0)
			continue;
		buffer_printf(hint, "%s%s", count > 0 ? " " : "", name);
		if (count++ == 0) {
			first = name;
			common = strlen(name);
		}
		while (same < common && first[same] == name[same])
			same++;
		common = same;
	}
	if (first != NULL)
		buffer_append(out, first, common);
	if (count == 1)
		buffer_reset(hint);
	if (count == 0)
		buffer_puts(hint, _("no such command"));
}

/* The only command that begins so; ACTION_NONE when there is none or more than one: their names are put into `names`. */
static enum action by_start(const char *text, struct buffer *names)
{
	enum action found = action_by_name(text);
	int count = 0;

	if (found != ACTION_NONE && is_command(found))
		return found;
	found = ACTION_NONE;
	for (int i = 0; i < ACTION_COUNT; i++) {
		if (is_command((enum action)i) && strncmp(action_info((enum action)i)->name, text, strlen(text)) == 0) {
			found = (enum action)i;
			buffer_printf(names, "%s%s", count > 0 ? ", " : "", action_info(found)->name);
			count++;
		}
	}
	return count == 1 ? found : ACTION_NONE;
}

static void run_command(void *data, const char *text)
{
	struct app *a = data;
	struct buffer names = BUFFER_INIT(4096);
	enum action action;

	if (text == NULL || text[0] == '\0')
		return;
	action = by_start(text, &names);
	if (action == ACTION_NONE && names.len > 0)
		app_notice(a, ROLE_WARN, _("?? \"%s\" begins more than one command: %s."), text, buffer_text(&names));
	else if (action == ACTION_NONE)
		app_notice(a, ROLE_WARN, _("?? There is no command \"%s\". Tab completes; K lists all."), text);
	else if (!app_act(a, action))
		app_notice(a, ROLE_WARN, _("?? \"%s\" is not possible now."), action_info(action)->name);
	buffer_clear(&names);
}

void app_command(struct app *a)
{
	static const struct prompt_ops ops = { .done = run_command, .complete = complete };

	app_prompt(a, ":", "", &ops, a);
}

/* --- copying -------------------------------------------------------------------------------------------------------------- */

void app_copy(struct app *a, const char *what, const char *text)
{
	char *path = file_join(a->options->state_dir, "copied.txt");
	struct error err = ERROR_INIT;
	bool sent = term_copy(text), kept;

	kept = path != NULL && file_write_quick(AT_FDCWD, path, 0600, text, strlen(text), &err);
	if (sent && kept)
		app_notice(a, ROLE_OK, _("OK %s: given to the terminal's clipboard, and written to %s."), what, path);
	else if (sent)
		app_notice(a, ROLE_OK, _("OK %s: given to the terminal's clipboard."), what);
	else if (kept)
		app_notice(a, ROLE_OK, _("OK %s: written to %s."), what, path);
	else
		app_notice_error(a, &err);
	if (!sent)
		dialog_select(a, text);
	free(path);
}

/* --- leaving --------------------------------------------------------------------------------------------------------------- */

static void leave(void *data)
{
	struct app *a = data;

	a->p->quit = true;
}

void app_quit(struct app *a)
{
	for (int i = 0; i < PANES_MAX; i++) {
		struct form *f = a->p->data[i] != NULL && panes[i]->form != NULL ? panes[i]->form(a->p->data[i]) : NULL;
		char question[256];

		if (f == NULL || !form_is_changed(f))
			continue;
		snprintf(question, sizeof(question), _("There are unsaved changes in %s.\nLeave without saving them?"),
			 _(panes[i]->title));
		dialog_ask(a, _("Unsaved changes"), question, leave, a);
		return;
	}
	a->p->quit = true;
}
