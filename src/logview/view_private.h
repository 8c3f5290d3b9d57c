/* view_private.h - what a view is made of: for view.c, walk.c and what goes through the log with them. */
#ifndef PC_LOGVIEW_VIEW_PRIVATE_H
#define PC_LOGVIEW_VIEW_PRIVATE_H

#include "logview/index.h"
#include "logview/matches.h"
#include "logview/scan.h"
#include "logview/signature.h"
#include "logview/view.h"

/* What the view knows of a segment (segment->user). */
struct track {
	struct index index;
	struct matches matches;
	bool failed;			/* it cannot be read */
};

struct view {
	struct source *source;
	struct filter *filter;		/* NULL: everything */
	unsigned long generation;	/* of the filter */
	struct histogram histogram;
	char *window;			/* SCAN_WINDOW bytes to work in */
	struct signatures *signatures;
	char *text;			/* of the record that was loaded last */
	log_pos bookmarks[VIEW_BOOKMARKS_MAX];	/* in order */
	size_t bookmark_count;
	struct error error;		/* of a segment that could not be read or unpacked */
};

/* NULL when out of memory. */
struct track *view_track(struct segment *seg);

#endif
