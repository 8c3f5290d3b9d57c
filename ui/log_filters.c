/* What the Log pane keeps: conditions that hold together, switched on and off by a key, or typed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "log_pane.h"

#define FILTER_TEXT_MAX 16384

static size_t condition_index(const struct log_pane *p, const char *text)
{
	size_t i = 0;

	while (i < p->conditions && strcmp(p->condition[i], text) != 0)
		i++;
	return i;
}

bool log_condition_has(const struct log_pane *p, const char *text)
{
	return condition_index(p, text) < p->conditions;
}

static void remove_condition(struct log_pane *p, size_t i)
{
	free(p->condition[i]);
	p->conditions--;
	memmove(p->condition + i, p->condition + i + 1, (p->conditions - i) * sizeof(p->condition[0]));
}

bool log_conditions_clear(struct log_pane *p)
{
	bool any = p->conditions > 0 || p->level != RECORD_LEVEL_NONE;

	while (p->conditions > 0)
		remove_condition(p, p->conditions - 1);
	p->level = RECORD_LEVEL_NONE;
	p->in_context = false;
	return any;
}

void log_filter_text(const struct log_pane *p, struct buffer *out)
{
	for (size_t i = 0; i < p->conditions; i++)
		buffer_printf(out, "%s%s", out->len > 0 ? " " : "", p->condition[i]);
	if (p->level != RECORD_LEVEL_NONE)
		buffer_printf(out, "%slevel:%s", out->len > 0 ? " " : "", record_level_name(p->level));
}

static struct filter *make_filter(const struct log_pane *p, struct error *err)
{
	struct filter *f = filter_new();
	bool ok = f != NULL || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));

	for (size_t i = 0; ok && i < p->conditions; i++)
		ok = filter_parse(f, p->condition[i], err);
	if (ok && p->level != RECORD_LEVEL_NONE)
		ok = filter_set_level(f, record_level_name(p->level), err);
	if (ok)
		return f;
	filter_free(f);
	return NULL;
}

bool log_filter_apply(struct log_pane *p, struct error *err)
{
	struct filter *f;

	if (p->view == NULL)
		return true;
	f = make_filter(p, err);
	if (f == NULL || !view_set_filter(p->view, f, err))
		return false;
	p->rows.everything = p->in_context;
	log_find_count(p);
	log_rows_filtered(&p->rows);
	p->more = p->awaited = p->news_due = true;
	return true;
}

bool log_condition_toggle(struct log_pane *p, const char *text, struct error *err)
{
	size_t i = condition_index(p, text);
	struct filter *trial;

	p->in_context = false;
	if (i < p->conditions) {
		remove_condition(p, i);
		return log_filter_apply(p, err);
	}
	if (p->conditions == LOG_CONDITIONS_MAX)
		return error_usage(err, _("there are %d conditions already"), LOG_CONDITIONS_MAX);
	trial = filter_new();
	if (trial == NULL || !filter_parse(trial, text, err)) {
		filter_free(trial);
		return false;
	}
	filter_free(trial);
	p->condition[p->conditions] = strdup(text);
	if (p->condition[p->conditions] == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	p->conditions++;
	if (log_filter_apply(p, err))
		return true;
	remove_condition(p, p->conditions - 1);
	log_filter_apply(p, NULL);
	return false;
}

static void toggle(struct log_pane *p, const char *text)
{
	struct error err = ERROR_INIT;

	if (!log_condition_toggle(p, text, &err))
		app_notice_error(p->app, &err);
	app_dirty(p->app);
}

/* --- typed ----------------------------------------------------------------------------------------------------------- */

static void add_typed(void *data, const char *text)
{
	if (text != NULL && text[0] != '\0')
		toggle(data, text);
}

/* "!" stands in front of the whole text; of conditions with a name it may stand there already. */
static void exclude_typed(void *data, const char *text)
{
	struct buffer all = BUFFER_INIT(FILTER_TEXT_MAX);

	if (text == NULL || text[0] == '\0')
		return;
	if (text[0] == '/' || text[0] == '"' || strchr(text, ':') != NULL)
		buffer_printf(&all, "!%s", text);
	else
		buffer_printf(&all, "!\"%s\"", text);
	toggle(data, buffer_text(&all));
	buffer_clear(&all);
}

/* What can be typed, shown at Tab. */
static void hint(void *data, const char *text, struct buffer *out, struct buffer *hint_text)
{
	(void)data;
	(void)text;
	(void)out;
	buffer_puts(hint_text, _("text  /regex/  thread: logger: user: level: since:14:00 until: is:failure  !not"));
}

void log_filter_prompt(struct log_pane *p, bool exclude)
{
	const struct prompt_ops ops = { .done = exclude ? exclude_typed : add_typed, .complete = hint };

	app_prompt(p->app, exclude ? _("exclude: ") : _("filter: "), "", &ops, p);
}

/* --- by a key -------------------------------------------------------------------------------------------------------- */

static struct slice field_of(const struct view_record *r, enum filter_kind kind)
{
	switch (kind) {
	case FILTER_THREAD: return r->fields.thread;
	case FILTER_LOGGER: return r->fields.logger;
	default: return r->fields.user;
	}
}

/* The thread, logger or user of the selected record: nothing but that; again: everything. */
void log_filter_by_record(struct log_pane *p, enum filter_kind kind)
{
	static const char *const names[] = { [FILTER_THREAD] = "thread", [FILTER_LOGGER] = "logger", [FILTER_USER] = "user" };
	struct buffer text = BUFFER_INIT(FILTER_TEXT_MAX);
	struct view_record r;
	struct slice field;

	for (size_t i = 0; i < p->conditions; i++) {
		size_t n = strlen(names[kind]);

		if (strncmp(p->condition[i], names[kind], n) == 0 && p->condition[i][n] == ':') {
			toggle(p, p->condition[i]);
			return;
		}
	}
	if (p->view == NULL || !view_record(p->view, log_rows_selected(&p->rows), &r))
		return;
	field = field_of(&r, kind);
	if (field.n == 0) {
		app_notice(p->app, ROLE_WARN, "?? %s", _("This record does not name that."));
		return;
	}
	buffer_printf(&text, "%s:\"", names[kind]);
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] == '"' || field.p[i] == '\\')
			buffer_putc(&text, '\\');
		buffer_putc(&text, field.p[i]);
	}
	buffer_putc(&text, '"');
	toggle(p, buffer_text(&text));
	buffer_clear(&text);
}

void log_level_next(struct log_pane *p)
{
	static const enum record_level next[RECORD_LEVEL_COUNT] = {
		[RECORD_LEVEL_NONE] = RECORD_LEVEL_INFO, [RECORD_LEVEL_INFO] = RECORD_LEVEL_WARN,
		[RECORD_LEVEL_WARN] = RECORD_LEVEL_ERROR,
	};

	p->level = next[p->level];
	p->in_context = false;
	log_filter_apply(p, NULL);
}

void log_filter_use(struct log_pane *p, const char *text)
{
	struct error err = ERROR_INIT;

	log_conditions_clear(p);
	if (!log_condition_toggle(p, text, &err))
		app_notice_error(p->app, &err);
}
