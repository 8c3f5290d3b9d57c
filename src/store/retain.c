/* How many generations stay. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/inside.h"

static bool remove_taken_out(struct store *s, char *const *ids, size_t count, struct error *err)
{
	/* Flushed first: a power cut must not leave half a generation under its own name. */
	if (count > 0 && !file_sync_dir(s->content_fd, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		char removed[ENTRY_NAME_MAX];

		snprintf(removed, sizeof(removed), "%s" REMOVED_ENDING, ids[i]);
		if (!file_remove_tree(s->staging_fd, removed, err))
			return false;
	}
	return true;
}

bool retain_newest(struct store *s, int keep, struct error *err)
{
	char current[STORE_GENERATION_MAX], previous[STORE_GENERATION_MAX], **ids = NULL;
	size_t count = 0, left, taken = 0;
	bool ok = generation_linked(s, CURRENT_NAME, current, err) && generation_linked(s, PREVIOUS_NAME, previous, err) &&
		  store_generation_ids(s, &ids, &count, err);

	left = count;
	for (size_t i = 0; ok && i < count && left > (size_t)(keep > 0 ? keep : 1); i++) {
		char *id = ids[i];

		if (strcmp(id, current) == 0 || strcmp(id, previous) == 0)
			continue;
		ok = generation_take_out(s, id, err);
		if (ok) {
			left--;
			/* The front of the list collects what was taken out; all of it stays owned by the list. */
			ids[i] = ids[taken];
			ids[taken++] = id;
		}
	}
	ok = remove_taken_out(s, ids, taken, ok ? err : NULL) && ok;
	store_ids_free(ids, count);
	return ok;
}
