/* Which log the pane and the strip show: the appliance's own, that of this program, or what a command says. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "log_pane.h"
#include "settings/settings.h"

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static bool has_command(const struct log_pane *p)
{
	return settings_list_size(p->app->settings, SETTING_LOG_COMMAND) > 0;
}

static char *choice_path(const struct log_pane *p, enum log_choice choice)
{
	if (choice == LOG_OWN)
		return file_join(p->app->options->state_dir, "log/ise-psc.log");
	return strdup(settings_string(p->app->settings, SETTING_LOG_FILE));
}

static bool open_command(const struct log_pane *p, struct source **out, struct error *err)
{
	size_t n = settings_list_size(p->app->settings, SETTING_LOG_COMMAND);
	const char **argv = calloc(n + 1, sizeof(*argv));
	bool ok;

	if (argv == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < n; i++)
		argv[i] = settings_list_item(p->app->settings, SETTING_LOG_COMMAND, i);
	ok = source_open_command(argv, true, 0, out, err);
	free(argv);
	return ok;
}

void log_pane_close(struct log_pane *p)
{
	log_reach_end(&p->reach);
	log_find_clear(p);
	walk_free(p->news);
	p->news = NULL;
	p->news_due = false;
	save_free(p->save);
	p->save = NULL;
	log_rows_clear(&p->rows);
	log_rows_clear(&p->strip);
	view_free(p->view);
	p->view = NULL;
	free(p->name);
	free(p->path);
	p->name = p->path = NULL;
	p->unfolded_count = 0;
	error_clear(&p->why);
}

/* Shows it; NULL: `why` says why there is none. */
static void show_source(struct log_pane *p, struct source *source)
{
	if (source == NULL)
		return;
	p->view = view_new(source);
	if (p->view == NULL) {
		error_set(&p->why, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return;
	}
	view_step(p->view, 0);
	log_rows_init(&p->rows, p->view, p->in_context);
	log_rows_init(&p->strip, p->view, true);
	log_filter_apply(p, NULL);
	p->more = p->was_following = true;
}

static void show_file(struct log_pane *p)
{
	struct source *source = NULL;

	error_clear(&p->why);
	source_open_file(p->path, true, false, &source, &p->why);
	show_source(p, source);
	app_dirty(p->app);
}

static void reached(void *data, int error)
{
	struct log_pane *p = data;

	if (error != 0 && p->or_own)
		log_pane_open(p, LOG_OWN);
	else
		show_file(p);
}

void log_pane_open(struct log_pane *p, enum log_choice choice)
{
	struct source *source = NULL;

	log_pane_close(p);
	p->choice = choice;
	if (choice == LOG_COMMAND) {
		p->name = strdup(last_part(settings_list_item(p->app->settings, SETTING_LOG_COMMAND, 0)));
		open_command(p, &source, &p->why);
		show_source(p, source);
		return;
	}
	p->path = choice_path(p, choice);
	p->name = strdup(p->path != NULL ? last_part(p->path) : "");
	if (p->path == NULL)
		error_set(&p->why, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else if (choice == LOG_OWN)
		show_file(p);
	else
		log_reach(&p->reach, p->app->loop, p->path, reached, p);
	if (log_reach_waits(&p->reach))
		error_set(&p->why, FINDING_NONE, _("waiting for the log file: it does not answer"));
}

void log_state_text(const struct log_pane *p, struct buffer *out)
{
	const struct source *source = p->view != NULL ? view_source(p->view) : NULL;

	if (source == NULL) {
		buffer_puts(out, p->why.message);
		return;
	}
	switch (source_state(source)) {
	case SOURCE_READING:
		buffer_puts(out, _("following"));
		break;
	case SOURCE_WAITING:
		if (p->choice == LOG_OWN)
			buffer_puts(out, _("nothing logged yet"));
		else
			source_describe(source, out);
		break;
	case SOURCE_ENDED:
		buffer_puts(out, _("ended"));
		break;
	}
}

/* Everything in the settings that says which log. */
static char *which_log(const struct log_pane *p)
{
	struct buffer text = BUFFER_INIT(65536);

	buffer_puts(&text, settings_string(p->app->settings, SETTING_LOG_FILE));
	for (size_t i = 0; i < settings_list_size(p->app->settings, SETTING_LOG_COMMAND); i++)
		buffer_printf(&text, "\n%s", settings_list_item(p->app->settings, SETTING_LOG_COMMAND, i));
	return buffer_steal(&text);
}

void log_pane_open_first(struct log_pane *p)
{
	free(p->settings);
	p->settings = which_log(p);
	p->or_own = true;
	log_pane_open(p, has_command(p) ? LOG_COMMAND : LOG_APPLIANCE);
}

void log_settings_changed(struct log_pane *p)
{
	char *now = which_log(p);
	bool same = now != NULL && p->settings != NULL && strcmp(now, p->settings) == 0;

	free(now);
	if (!same)
		log_pane_open_first(p);
}

/* --- choosing -------------------------------------------------------------------------------------------------------- */

static void chosen(void *data, size_t row)
{
	struct log_pane *p = data;

	p->or_own = false;
	log_pane_open(p, (enum log_choice)row);
	if (p->view == NULL && !log_reach_waits(&p->reach))
		app_notice_error(p->app, &p->why);
	app_dirty(p->app);
}

void log_choose_source(struct log_pane *p)
{
	struct buffer rows[LOG_CHOICES];
	const char *texts[LOG_CHOICES];
	size_t n = has_command(p) ? LOG_CHOICES : LOG_COMMAND;
	char *path;

	for (size_t i = 0; i < LOG_CHOICES; i++)
		rows[i] = (struct buffer)BUFFER_INIT(4096);
	buffer_printf(&rows[LOG_APPLIANCE], _("The appliance's log: %s"),
		      settings_string(p->app->settings, SETTING_LOG_FILE));
	path = choice_path(p, LOG_OWN);
	buffer_printf(&rows[LOG_OWN], _("This program's log: %s"), path != NULL ? path : "");
	free(path);
	buffer_puts(&rows[LOG_COMMAND], _("What a command says:"));
	for (size_t i = 0; i < settings_list_size(p->app->settings, SETTING_LOG_COMMAND); i++)
		buffer_printf(&rows[LOG_COMMAND], " %s", settings_list_item(p->app->settings, SETTING_LOG_COMMAND, i));
	for (size_t i = 0; i < LOG_CHOICES; i++)
		texts[i] = buffer_text(&rows[i]);
	dialog_choose(p->app, _("Which log"), texts, n, chosen, p);
	for (size_t i = 0; i < LOG_CHOICES; i++)
		buffer_clear(&rows[i]);
}
