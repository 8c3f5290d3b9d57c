/* posture-console status: the update information. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "job/job.h"
#include "store/store.h"
#include "update/state.h"


struct status {
	struct update_state state;
	struct store_generation *current;
	char previous[STORE_GENERATION_MAX];
	time_t rolled_back;			/* 0: an update, no rollback, made the current generation what it is */
	struct store_generation *undone;	/* what was current before that; NULL: none was, or it is not kept */
	pid_t running;
	char job[STORE_JOB_MAX];
	time_t next;
};

/* The rows of the components that the operator knows by name. */
static const struct { const char *id, *label; } known[] = {
	{ "cisco-conditions", N_("Cisco conditions version") },
	{ "avas-chart-windows", N_("Cisco AV/AS support chart, Windows") },
	{ "avas-chart-macos", N_("Cisco AV/AS support chart, macOS") },
	{ "os-groups", N_("Cisco supported OS version") },
};

static const char *status_text(const struct status *s)
{
	if (s->running != 0)
		return _("Updating");
	if (strcmp(s->state.last_status, "updated") == 0)
		return _("Updated");
	if (strcmp(s->state.last_status, "up-to-date") == 0)
		return _("No update available");
	if (strcmp(s->state.last_status, "failed") == 0)
		return s->state.last_cause[0] != '\0' ? _("Failed") : _("Stopped");
	return _("No update yet");
}

static void row(struct table *t, const char *label, const char *value)
{
	table_add(t, label);
	table_add(t, value);
}

static void print_text(const struct status *s)
{
	char text[256], when[WHEN_TEXT_MAX];
	const struct update_state *u = &s->state;
	struct table t = TABLE_INIT(2);

	if (u->last_success != 0)
		snprintf(text, sizeof(text), "%s  %s, %.1f s", when_utc(when, u->last_success),
			 strcmp(u->success_source, "web") == 0 ? _("web") : _("offline"), (double)u->success_duration_ms / 1000);
	row(&t, _("Last successful update on"), u->last_success != 0 ? text : _("never"));
	row(&t, _("Last update status"), status_text(s));
	if (strcmp(u->last_status, "failed") == 0) {
		row(&t, u->last_cause[0] != '\0' ? _("Cause") : "", u->last_cause[0] != '\0' ? u->last_cause : u->last_summary);
		if (u->last_cause[0] != '\0')
			row(&t, "", u->last_summary);
	}
	if (s->undone != NULL) {
		snprintf(text, sizeof(text), _("from %.80s to %.80s on %s"), s->undone->version, s->current->version,
			 when_utc(when, s->rolled_back));
		row(&t, _("Rolled back"), text);
	}
	row(&t, _("Generation"), s->current != NULL ? s->current->id : _("none"));
	if (s->previous[0] != '\0')
		row(&t, _("Previous generation"), s->previous);
	if (s->current != NULL) {
		row(&t, _("Version"), s->current->version);
		row(&t, _("Signed by"), s->current->signer[0] != '\0' ? s->current->signer : _("not signed"));
	}
	for (size_t i = 0; s->current != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
		const struct store_component *c = store_generation_component(s->current, known[i].id);

		row(&t, _(known[i].label), c != NULL ? c->version : "-");
	}
	if (s->running != 0) {
		if (s->running == STORE_HOLDER_UNKNOWN)
			snprintf(text, sizeof(text), "%s", s->job);
		else
			snprintf(text, sizeof(text), "%s (%s %ld)", s->job, _("process"), (long)s->running);
		row(&t, _("Running job"), text);
	}
	row(&t, _("Next scheduled check"), s->next != 0 ? when_utc(when, s->next) : _("off"));
	table_print(&t);
	table_clear(&t);
}

static json_t *time_json(time_t t)
{
	char when[CLOCK_TEXT_MAX];

	return t != 0 ? json_string(clock_rfc3339(when, t)) : json_null();
}

static json_t *components_json(const struct store_generation *g)
{
	json_t *list = json_array();

	for (size_t i = 0; g != NULL && i < g->count; i++) {
		const struct store_component *c = &g->components[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:I, s:I, s:I}", "id", c->id, "title",
						      event_string(c->title), "version", event_string(c->version), "size",
						      (json_int_t)c->size, "files", (json_int_t)c->files, "bytes",
						      (json_int_t)c->bytes));
	}
	return list;
}

static json_t *rolled_back_json(const struct status *s)
{
	if (s->undone == NULL)
		return json_null();
	return json_pack("{s:o, s:s, s:o, s:s, s:o}", "time", time_json(s->rolled_back), "from", s->undone->id, "from_version",
			 event_string(s->undone->version), "to", s->current->id, "to_version", event_string(s->current->version));
}

static void print_json(const struct status *s)
{
	const struct update_state *u = &s->state;
	json_t *object = json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:o, s:o}", "last_success",
				   time_json(u->last_success), "last_status",
				   u->last_status[0] != '\0' ? u->last_status : "none", "last_source", u->last_source,
				   "last_summary", event_string(u->last_summary), "previous", s->previous, "last_attempt",
				   time_json(u->last_attempt), "last_duration_ms", (json_int_t)u->last_duration_ms, "next_check",
				   time_json(s->next), "components", components_json(s->current), "running",
				   s->running != 0 ? json_pack("{s:s, s:i}", "job", s->job, "pid", (int)s->running)
						   : json_null());

	if (object == NULL)
		return;
	json_object_set_new(object, "last_cause", u->last_cause[0] != '\0' ? json_string(u->last_cause) : json_null());
	json_object_set_new(object, "rolled_back", rolled_back_json(s));
	json_object_set_new(object, "generation", s->current != NULL ? json_string(s->current->id) : json_null());
	if (s->current != NULL) {
		json_object_set_new(object, "version", event_string(s->current->version));
		json_object_set_new(object, "signer", event_string(s->current->signer));
		json_object_set_new(object, "source", json_string(s->current->source));
		json_object_set_new(object, "from", event_string(s->current->from));
		json_object_set_new(object, "published", time_json(s->current->published));
		json_object_set_new(object, "expires", time_json(s->current->expires));
		json_object_set_new(object, "installed", time_json(s->current->installed));
	}
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void load_rollback(const struct store *store, struct status *s)
{
	s->rolled_back = s->current != NULL ? store_rolled_back(store) : 0;
	if (s->rolled_back != 0)
		store_generation_load(store, s->previous, &s->undone, NULL);
}

int cli_status(struct cli *cli, int argc, char **argv)
{
	struct status s = { 0 };
	struct settings *settings;
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	int c, code = EXIT_OK;

	while ((c = cli_getopt(cli, argc, argv, "", NULL)) != -1)
		return c == 'h' ? EXIT_OK : EXIT_USAGE;
	if (optind < argc)
		return cli_usage(cli, _("there is no argument %s"), argv[optind]);
	settings = cli_settings(cli, &code);
	if (settings == NULL)
		return code;
	if (!store_open(cli->state_dir, false, &store, &err) || !store_generation_load(store, NULL, &s.current, &err)) {
		code = cli_fail(cli, &err);
		goto out;
	}
	update_state_load(cli->state_dir, &s.state);
	s.next = update_next_due(settings, &s.state, clock_now());
	s.running = store_lock_holder(store, s.job);
	store_previous(store, s.previous);
	load_rollback(store, &s);
	if (cli->json)
		print_json(&s);
	else
		print_text(&s);
out:
	store_generation_free(s.undone);
	store_generation_free(s.current);
	store_free(store);
	settings_free(settings);
	return code;
}
