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

static bool go_back(struct store *s, const char *asked, char *id, struct error *err)
{
	char current[STORE_GENERATION_MAX];
	struct error why = ERROR_INIT;
	json_t *line;

	if (!choose(s, asked, id, err) || !generation_linked(s, CURRENT_NAME, current, err))
		return false;
	if (strcmp(id, current) == 0)
		return true;
	line = history_rollback_line(s, id, current, err);
	if (line == NULL)
		return false;
	if (!generation_switch(s, id, &why)) {
		json_decref(line);
		if (err != NULL)
			*err = why;
		return false;
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
