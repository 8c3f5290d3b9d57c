/* The links that say which generation counts: read, and replaced by one rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

bool generation_linked(const struct store *s, const char *link_name, char *id, struct error *err)
{
	char target[sizeof(CONTENT_NAME) + STORE_GENERATION_MAX];
	const size_t prefix = sizeof(CONTENT_NAME "/") - 1;
	ssize_t n;

	id[0] = '\0';
	if (s->fd < 0)
		return true;
	n = readlinkat(s->fd, link_name, target, sizeof(target) - 1);
	/* EINVAL: it is something else than a link. */
	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return error_errno(err, FINDING_IO_ERROR, _("cannot read the link %s/%s"), s->path, link_name);
	if (n <= (ssize_t)prefix || n >= (ssize_t)(sizeof(target) - 1))
		return true;
	target[n] = '\0';
	if (strncmp(target, CONTENT_NAME "/", prefix) == 0 && store_id_valid(target + prefix))
		snprintf(id, STORE_GENERATION_MAX, "%s", target + prefix);
	return true;
}

void store_current(const struct store *s, char *id)
{
	(void)generation_linked(s, CURRENT_NAME, id, NULL);
}

void store_previous(const struct store *s, char *id)
{
	(void)generation_linked(s, PREVIOUS_NAME, id, NULL);
}

/* Replaces the link; the folder is yet to be flushed. */
static bool set_link(struct store *s, const char *link_name, const char *id, struct error *err)
{
	char target[sizeof(CONTENT_NAME) + STORE_GENERATION_MAX], temp[ENTRY_NAME_MAX];
	bool ok;

	snprintf(target, sizeof(target), CONTENT_NAME "/%s", id);
	snprintf(temp, sizeof(temp), "%s" BUILD_ENDING, link_name);
	if (id[0] == '\0')
		ok = unlinkat(s->fd, link_name, 0) == 0 || errno == ENOENT;
	else
		ok = (unlinkat(s->staging_fd, temp, 0) == 0 || errno == ENOENT) &&
		     symlinkat(target, s->staging_fd, temp) == 0 &&
		     renameat(s->staging_fd, temp, s->fd, link_name) == 0;
	return ok || error_errno(err, FINDING_IO_ERROR, _("cannot replace the link %s/%s"), s->path, link_name);
}

bool generation_point(struct store *s, const char *link_name, const char *id, struct error *err)
{
	return set_link(s, link_name, id, err) && file_sync_dir(s->fd, err);
}

bool generation_switch(struct store *s, const char *id, struct error *err)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX];

	if (!generation_linked(s, CURRENT_NAME, current, err) || !generation_linked(s, PREVIOUS_NAME, previous, err))
		return false;
	if ((current[0] != '\0' && !generation_point(s, PREVIOUS_NAME, current, err)) ||
	    !set_link(s, CURRENT_NAME, id, err)) {
		(void)generation_point(s, PREVIOUS_NAME, previous, NULL);
		return false;
	}
	if (!file_sync_dir(s->fd, err))
		store_warn(s, err);	/* switched, and not known to be on the disk */
	return true;
}

bool generation_take_out(struct store *s, const char *id, struct error *err)
{
	char removed[ENTRY_NAME_MAX];

	snprintf(removed, sizeof(removed), "%s" REMOVED_ENDING, id);
	if (!file_remove_tree(s->staging_fd, removed, err))
		return false;
	if (renameat(s->content_fd, id, s->staging_fd, removed) < 0 && errno != ENOENT)
		return error_errno(err, FINDING_IO_ERROR, _("cannot move the generation %s away"), id);
	return true;
}

static bool nothing_there(const char *what, struct error *err)
{
	error_set(err, FINDING_GENERATION_NOT_FOUND, "%s", what);
	/* Nothing was named that could be missing. */
	if (err != NULL)
		err->exit_code = EXIT_FAILED;
	return error_next(err, "%s", _("\"posture-console history\" shows what is kept; the next update makes one."));
}

bool generation_resolve(const struct store *s, const char *asked, char *id, struct error *err)
{
	if (strcmp(asked, PREVIOUS_NAME) == 0)
		return generation_linked(s, PREVIOUS_NAME, id, err) &&
		       (id[0] != '\0' || nothing_there(_("there is no previous generation"), err));
	if (strcmp(asked, CURRENT_NAME) == 0)
		return generation_linked(s, CURRENT_NAME, id, err) &&
		       (id[0] != '\0' || nothing_there(_("there is no generation yet"), err));
	if (store_id_valid(asked)) {
		snprintf(id, STORE_GENERATION_MAX, "%s", asked);
		return true;
	}
	error_usage(err, _("%s is not the name of a generation (such as 20261123-1)"), asked);
	if (err != NULL)
		err->code = FINDING_GENERATION_NOT_FOUND;
	return error_next(err, _("Run \"posture-console history\" to see which generations are kept."));
}
