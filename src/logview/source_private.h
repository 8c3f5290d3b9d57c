/* source_private.h - what the kinds of sources share: for source.c, follow.c and stream.c only. */
#ifndef PC_LOGVIEW_SOURCE_PRIVATE_H
#define PC_LOGVIEW_SOURCE_PRIVATE_H

#include "logview/source.h"

struct source_ops {
	unsigned int (*step)(struct source *s);
	enum source_older (*load_older)(struct source *s, struct error *err);	/* may be NULL */
	size_t (*poll)(const struct source *s, struct pollfd *fds, int *timeout_ms);
	void (*describe)(const struct source *s, struct buffer *out);
	void (*free)(struct source *s);	/* frees the rest, and `s` itself */
};

/* The first member of each kind. */
struct source {
	const struct source_ops *ops;
	struct segment *segments[SOURCE_SEGMENTS_MAX];
	size_t count;
	enum source_state state;
	struct error error;
};

/* Adds a segment at the end, numbered after the last one; lets the oldest go when there are too many. */
void source_push(struct source *s, struct segment *seg);
/* Adds one in front. False when there is no room. */
bool source_push_older(struct source *s, struct segment *seg);
struct segment *source_last(const struct source *s);

#endif
