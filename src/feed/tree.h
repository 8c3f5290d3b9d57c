/* tree.h - writes files below one folder and nowhere else.
 *
 * Names are in their normal form (name.h). Every file is made anew (O_EXCL), every folder on the way is opened without
 * following a link. The folders of the last file stay open, so that its neighbours cost one open each.
 */
#ifndef PC_FEED_TREE_H
#define PC_FEED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "feed/name.h"

struct tree {
	int root;				/* borrowed */
	int folders[NAME_DEPTH_MAX];		/* open, from the top */
	size_t depth;
	char path[NAME_PATH_MAX + 1];		/* of the last of them */
	int file;				/* -1: none */
	char name[NAME_PATH_MAX + 1];		/* of the file */
	mode_t umask_seen;			/* what this process's umask took from the first file */
	bool umask_known;
	int64_t written;			/* to the file */
	int64_t flushing;			/* of those, handed to the disk already */
};

void tree_init(struct tree *t, int root);
void tree_clear(struct tree *t);

bool tree_folder(struct tree *t, const char *name, struct error *err);

/* One file at a time: begin, write as often as needed, end. */
bool tree_file_begin(struct tree *t, const char *name, bool executable, struct error *err);
bool tree_file_write(struct tree *t, const void *data, size_t len, struct error *err);
bool tree_file_end(struct tree *t, struct error *err);

#endif
