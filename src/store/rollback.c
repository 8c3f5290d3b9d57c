/* Going back: another generation becomes current, and what was current becomes the previous one. */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "store/inside.h"

static bool choose(const struct store *s, const char *asked, char *id, struct error *err)
{
	struct store_generation *g;
	bool whole = true;

	if (!generation_resolve(s, asked != NULL ? asked : PREVIOUS_NAME, id, err))
		return false;
	if (!store_generation_load(s, id, &g, err))
		return false;
	for (size_t i = 0; whole && i < g->count; i++) {
		whole = store_component_whole(s, g, g->components[i].id);
		if (!whole) {
			error_set(err, FINDING_IO_ERROR, _("the component %s of the generation %s is not whole any more"),
				  g->components[i].id, id);
			error_next(err, _("Run \"posture-console history\" to see which other generations are kept."));
		}
	}
	store_generation_free(g);
	return whole;
}

static json_t *rollback_line(const struct store *s, const char *id, const char *from)
{
	struct store_generation *g;
	json_t *line;

	if (!store_generation_load(s, id, &g, NULL))
		return NULL;
	line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "action", "rollback", "status", "updated", "generation", id,
			 "version", g->version, "previous", from);
	store_generation_free(g);
	return line;
}

static bool go_back(struct store *s, const char *asked, char *id, struct error *err)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX], now[STORE_GENERATION_MAX];
	struct error why = ERROR_INIT;
	json_t *line;

	if (!choose(s, asked, id, err))
		return false;
	store_current(s, current);
	store_previous(s, previous);
	if (strcmp(id, current) == 0)
		return true;
	line = rollback_line(s, id, current);
	if (line == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!generation_point(s, PREVIOUS_NAME, current, err)) {
		(void)generation_point(s, PREVIOUS_NAME, previous, NULL);
		json_decref(line);
		return false;
	}
	if (!generation_point(s, CURRENT_NAME, id, &why)) {
		store_current(s, now);
		if (strcmp(now, id) != 0) {
			(void)generation_point(s, PREVIOUS_NAME, previous, NULL);
			json_decref(line);
			if (err != NULL)
				*err = why;
			return false;
		}
		store_warn(s, &why);
	}
	if (!store_history_append(s, line, &why))
		store_warn(s, &why);
	return true;
}

bool store_rollback(struct store *s, const char *id, char *id_out, struct error *err)
{
	bool lock_here = s->lock_fd < 0, ok;

	id_out[0] = '\0';
	s->warned = false;
	if (lock_here && !store_lock(s, "rollback", err))
		return false;
	ok = (!lock_here || store_recover(s, NULL, err)) && go_back(s, id, id_out, err);
	if (lock_here)
		store_unlock(s);
	if (!ok) {
		store_error_refine(s, err);
		error_wrap(err, _("cannot go back to %s"), id != NULL ? id : _("the previous generation"));
	}
	return ok;
}
