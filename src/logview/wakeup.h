/* wakeup.h - wakes up when a file may have changed: inotify, and looking again from time to time where it does not work.
 *
 * Nothing is concluded from an event but that it is time to look. Where events do not come (network file systems, a
 * symbolic link, no inotify instance left) the timeout does it; elsewhere it is only a safety net.
 */
#ifndef PC_LOGVIEW_WAKEUP_H
#define PC_LOGVIEW_WAKEUP_H

#include <stdbool.h>

struct wakeup;

/* Watches for `path`; its folder may appear later. `poll_only`: without inotify. NULL when out of memory. */
struct wakeup *wakeup_new(const char *path, bool poll_only);
void wakeup_free(struct wakeup *w);

/* For poll(); -1 when there is nothing to wait for but the timeout. */
int wakeup_fd(const struct wakeup *w);
/* How long to wait at most, in milliseconds. */
int wakeup_timeout_ms(const struct wakeup *w);

/* Takes the events that have come, and watches the folder that is there now (or the nearest one above it). */
void wakeup_drain(struct wakeup *w);

/* Watches this open file, wherever it is moved to; the last few are kept. */
void wakeup_file(struct wakeup *w, int fd);

/* Says that something changed just now: without events it is looked at more often for a while. */
void wakeup_changed(struct wakeup *w);

#endif
