/* The commit: what was staged is described, and becomes the current generation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "update/apply.h"

static bool describe_component(const struct item *item, struct store_component *out)
{
	const struct component *c = item->component;
	/* Defaults made once stay what they were, whatever the feed says now. */
	bool kept = item->plan == PLAN_LINK;

	out->id = strdup(c->id);
	out->title = strdup(c->title != NULL ? c->title : c->id);
	out->version = strdup(kept && c->once ? item->installed->version : c->version);
	out->href = strdup(c->href);
	out->size = kept ? item->installed->size : c->size;
	memcpy(out->sha256, kept ? item->installed->sha256 : c->sha256, sizeof(out->sha256));
	out->files = kept ? item->installed->files : item->extracted.files;
	out->bytes = kept ? item->installed->bytes : item->extracted.bytes;
	out->once = c->once;
	return out->id != NULL && out->title != NULL && out->version != NULL && out->href != NULL;
}

static struct store_generation *describe(const struct pipeline *p, struct error *err)
{
	const struct update *u = p->u;
	struct store_generation *g = calloc(1, sizeof(*g));
	bool ok = g != NULL;

	if (ok) {
		g->version = strdup(u->manifest->version);
		g->published = u->manifest->published;
		g->expires = u->manifest->expires;
		g->source = strdup(u->options->source == UPDATE_WEB ? "web" : "offline");
		g->from = strdup(u->from);
		g->signer = strdup(u->signer.signer);
		g->components = calloc(p->count + 1, sizeof(*g->components));
		ok = g->version != NULL && g->source != NULL && g->from != NULL && g->signer != NULL &&
		     g->components != NULL;
	}
	for (size_t i = 0; ok && i < p->count; i++) {
		if (p->items[i].plan != PLAN_LEAVE_OUT)
			ok = describe_component(&p->items[i], &g->components[g->count++]);
	}
	if (!ok) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		store_generation_free(g);
		return NULL;
	}
	return g;
}

/* The switch is done; what came after it may not be. */
static void warn_unfinished(struct update *u)
{
	const struct error *warning = store_warning(u->store);

	if (warning != NULL)
		update_notice(u, warning->code, "%s", warning->message);
}

bool commit_build(struct pipeline *p, struct error *err)
{
	struct update *u = p->u;
	struct store_generation *g = describe(p, err);
	struct store_build *build = p->build;
	json_t *history;
	bool ok;

	if (g == NULL || !update_hook_owe(u, store_build_id(build), err)) {
		store_generation_free(g);
		return false;
	}
	history = json_pack("{s:s, s:I, s:I, s:I, s:I}", "status", "updated", "duration_ms",
			    (json_int_t)(clock_monotonic_ms() - u->started_ms), "bytes_downloaded", (json_int_t)u->bytes_received,
			    "components_changed", (json_int_t)u->components_changed, "components_kept",
			    (json_int_t)u->components_kept);
	p->build = NULL;	/* the commit frees it in any case */
	ok = store_build_commit(build, g, (int)settings_int(u->options->settings, SETTING_STORE_KEEP), history, err);
	if (ok) {
		snprintf(u->generation, sizeof(u->generation), "%s", g->id);
		store_generation_free(u->current);
		u->current = g;
		warn_unfinished(u);
		return true;
	}
	store_generation_free(g);
	return false;
}
