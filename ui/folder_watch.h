/* folder_watch.h - a folder in which files come and go, watched also before it is there, and when it went and came again.
 *
 * While it is not there the nearest one above it is watched. The one above is watched in any case: what is removed while a file in
 * it is open does not say so itself. No curses.
 */
#ifndef PC_UI_FOLDER_WATCH_H
#define PC_UI_FOLDER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct folder_watch {
	const char *path;		/* borrowed */
	uint32_t events;		/* of inotify, that matter */
	int fd;				/* readable when folder_watch_changed() has work; -1: nothing can be watched */
	int folder, above;		/* what is watched by it: the folder, or the nearest above it that is there; -1 */
	bool is_there;
};

void folder_watch_begin(struct folder_watch *w, const char *path, uint32_t events);
void folder_watch_end(struct folder_watch *w);
/* Watches what is there now. True when it is another folder than before. */
bool folder_watch_look(struct folder_watch *w);
/* Takes the events. True when something happened in the folder to the file `name`, or to any when it is NULL; also when the folder came,
 * or went. */
bool folder_watch_changed(struct folder_watch *w, const char *name);

#endif
