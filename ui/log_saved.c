/* Filters of the Log pane that are saved under a name: used, saved, renamed, removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "log_pane.h"
#include "logview/saved.h"

#define FILTER_TEXT_MAX 16384
#define NAME_COLS 16

/* A name that can be changed, as the list of those that can. */
enum change { CHANGE_RENAME, CHANGE_REMOVE, CHANGES };

static bool load(struct log_pane *p, struct saved_filters *all)
{
	struct error err = ERROR_INIT;

	if (saved_load(p->app->options->state_dir, all, &err))
		return true;
	app_notice_error(p->app, &err);
	return false;
}

/* The operator's own: those that are built in come before them. */
static size_t first_own(const struct saved_filters *all)
{
	size_t i = 0;

	while (i < all->count && all->items[i].built_in)
		i++;
	return i;
}

/* Shows filters from the `first` on, and what else there is to choose. */
static void choose(struct log_pane *p, const char *title, const struct saved_filters *all, size_t first,
		   const char *const *more, size_t more_count, void (*chosen)(void *data, size_t row))
{
	char **rows = calloc(all->count + more_count + 1, sizeof(*rows));
	size_t n = 0, filters;

	for (size_t i = first; rows != NULL && i < all->count; i++)
		if (asprintf(&rows[n], "%-*s %s", NAME_COLS, all->items[i].name, all->items[i].text) > 0)
			n++;
	filters = n;
	for (size_t i = 0; rows != NULL && i < more_count; i++)
		if ((rows[n] = strdup(more[i])) != NULL)
			n++;
	/* Rows are told apart by their number: none may be missing. */
	if (rows != NULL && filters == all->count - first && n == filters + more_count)
		dialog_choose(p->app, title, (const char *const *)rows, n, chosen, p);
	for (size_t i = 0; i < n; i++)
		free(rows[i]);
	free(rows);
}

/* --- changing -------------------------------------------------------------------------------------------------------------- */

static bool rename_to(void *data, const char *name, struct error *err)
{
	struct log_pane *p = data;

	if (p->saved_name == NULL || !saved_rename(p->app->options->state_dir, p->saved_name, name, err))
		return false;
	app_notice(p->app, ROLE_OK, _("OK The filter \"%s\" is called \"%s\" now."), p->saved_name, name);
	return true;
}

static void remove_it(struct log_pane *p)
{
	struct error err = ERROR_INIT;

	if (saved_remove(p->app->options->state_dir, p->saved_name, &err))
		app_notice(p->app, ROLE_OK, _("OK The filter \"%s\" is removed."), p->saved_name);
	else
		app_notice_error(p->app, &err);
}

static void change_chosen(void *data, size_t row)
{
	struct log_pane *p = data;

	if (p->saved_name != NULL && row == CHANGE_RENAME)
		dialog_input(p->app, _("Rename the filter"), _("Name"), p->saved_name, rename_to, p);
	else if (p->saved_name != NULL)
		remove_it(p);
	app_dirty(p->app);
}

static void which_chosen(void *data, size_t row)
{
	static const char *const changes[CHANGES] = { [CHANGE_RENAME] = N_("Rename"), [CHANGE_REMOVE] = N_("Remove") };
	const char *rows[CHANGES];
	struct log_pane *p = data;
	struct saved_filters all;

	if (!load(p, &all))
		return;
	row += first_own(&all);
	free(p->saved_name);
	p->saved_name = row < all.count ? strdup(all.items[row].name) : NULL;
	saved_clear(&all);
	for (size_t i = 0; i < CHANGES; i++)
		rows[i] = _(changes[i]);
	if (p->saved_name != NULL)
		dialog_choose(p->app, p->saved_name, rows, CHANGES, change_chosen, p);
}

/* --- using and saving -------------------------------------------------------------------------------------------------------- */

static bool save_as(void *data, const char *name, struct error *err)
{
	struct log_pane *p = data;
	struct buffer text = BUFFER_INIT(FILTER_TEXT_MAX);
	bool ok;

	log_filter_text(p, &text);
	ok = saved_put(p->app->options->state_dir, name, buffer_text(&text), err);
	buffer_clear(&text);
	if (ok)
		app_notice(p->app, ROLE_OK, _("OK The filter is saved as \"%s\"."), name);
	return ok;
}

static bool has_filter(const struct log_pane *p)
{
	return p->conditions > 0 || p->level != RECORD_LEVEL_NONE;
}

/* Behind the filters: the one that is in force can be saved, those of the operator changed. */
static void saved_chosen(void *data, size_t row)
{
	struct log_pane *p = data;
	struct saved_filters all;

	if (!load(p, &all))
		return;
	if (row < all.count)
		log_filter_use(p, all.items[row].text);
	else if (row == all.count && has_filter(p))
		dialog_input(p->app, _("Save the filter"), _("Name"), "", save_as, p);
	else
		choose(p, _("Rename or remove"), &all, first_own(&all), NULL, 0, which_chosen);
	saved_clear(&all);
	app_dirty(p->app);
}

void log_saved_filters(struct log_pane *p)
{
	struct buffer now = BUFFER_INIT(FILTER_TEXT_MAX), save = BUFFER_INIT(FILTER_TEXT_MAX);
	const char *more[2];
	size_t n = 0;
	struct saved_filters all;

	if (!load(p, &all))
		return;
	if (has_filter(p)) {
		log_filter_text(p, &now);
		buffer_printf(&save, _("Save: %s"), buffer_text(&now));
		more[n++] = buffer_text(&save);
	}
	if (first_own(&all) < all.count)
		more[n++] = _("Rename or remove one...");
	choose(p, _("Saved filters"), &all, 0, more, n, saved_chosen);
	saved_clear(&all);
	buffer_clear(&now);
	buffer_clear(&save);
}
