/* loop.h - the one place that waits: descriptors, timers and slices of work, each with a callback. */
#ifndef PC_UI_LOOP_H
#define PC_UI_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(void);	/* NULL: out of memory */
void loop_free(struct loop *l);

/* Calls ready() whenever one of `events` (POLLIN, ...) or a hang-up is there. Returns a handle for loop_remove(), 0 when out
 * of memory. */
int loop_watch(struct loop *l, int fd, short events, void (*ready)(void *data, short revents), void *data);
/* Calls due() once, in so many milliseconds. */
int loop_timer(struct loop *l, int64_t in_ms, void (*due)(void *data), void *data);

/* Something that waits for several descriptors that change, or works in slices (a log view, an engine). */
struct loop_source {
	/* Before each wait: puts at most `most` descriptors into `fds` and lowers *timeout_ms (-1: for ever; 0: there is work).
	 * Returns how many it put. */
	size_t (*prepare)(void *data, struct pollfd *fds, size_t most, int *timeout_ms);
	/* After each wait; works for a few milliseconds at most. */
	void (*dispatch)(void *data, const struct pollfd *fds, size_t n);
	void *data;
};
int loop_add(struct loop *l, const struct loop_source *source);

/* Asked in each turn, when descriptors and timers were served: true leaves the sources out of this turn. */
void loop_urgent(struct loop *l, bool (*urgent)(void *data), void *data);

/* Ends a watch, a timer or a source. 0 and what has ended are fine. Sets *handle to 0. */
void loop_remove(struct loop *l, int *handle);

/* Waits for at most `timeout_ms` (-1: until something happens) and calls back. False when waiting fails. */
bool loop_turn(struct loop *l, int timeout_ms);

#endif
