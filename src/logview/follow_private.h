/* follow_private.h - a followed file, between looking at it (follow.c) and catching up with its rotations (follow_rotation.c). */
#ifndef PC_LOGVIEW_FOLLOW_PRIVATE_H
#define PC_LOGVIEW_FOLLOW_PRIVATE_H

#include <sys/types.h>

#include "logview/source_private.h"

/* A rotated file whose lines are accounted for, and with it all older ones. */
struct known {
	int fd;				/* open, so that its inode is not given to another file; -1: none */
	dev_t dev;
	ino_t ino;
	int64_t mtime_ns;
	char head[SEGMENT_MARK_MAX];
	size_t head_len;
};

struct follow {
	struct source source;
	char *path, *dir, *base;
	bool following;
	struct wakeup *wakeup;
	struct segment *live;		/* the file of that name, when it was there at the last look */
	struct known known;
	int64_t folder_ns, walked_ns;	/* the folder's last change, and the time, when it was walked over last */
};

void follow_known_set(struct known *k, const struct segment *seg);
void follow_known_clear(struct known *k);

/* May there be other files in the folder than when it was last walked over? */
bool follow_folder_changed(const struct follow *f);

/* The name stands for another file than before, or the file was truncated: adds what was written meanwhile. Returns SOURCE_ flags. */
unsigned int follow_catch_up(struct follow *f, bool truncated);

/* The file is empty, or got its first lines. Were there others, which were copied and truncated, or rotated, unseen? */
unsigned int follow_find_missed(struct follow *f);

#endif
