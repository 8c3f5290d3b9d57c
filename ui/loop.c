#include "loop.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

#define FDS_MAX 256

enum kind { ENTRY_WATCH, ENTRY_TIMER, ENTRY_SOURCE };

struct entry {
	struct entry *next;
	int handle;
	bool dead;			/* removed: freed when nobody walks the list */
	enum kind kind;
	int fd;
	short events;
	void (*ready)(void *data, short revents);
	int64_t due_ms;
	void (*due)(void *data);
	struct loop_source source;
	void *data;
	size_t first, count;		/* its part of the descriptors of this turn */
};

struct loop {
	struct entry *entries;
	int last_handle;
	bool (*urgent)(void *data);
	void *data;
};

struct loop *loop_new(void)
{
	return calloc(1, sizeof(struct loop));
}

static void sweep(struct loop *l, bool all)
{
	struct entry **at = &l->entries;

	while (*at != NULL) {
		struct entry *e = *at;

		if (!all && !e->dead) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		free(e);
	}
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	sweep(l, true);
	free(l);
}

void loop_urgent(struct loop *l, bool (*urgent)(void *data), void *data)
{
	l->urgent = urgent;
	l->data = data;
}

/* At the end: who came first is served first. */
static struct entry *add(struct loop *l, enum kind kind)
{
	struct entry *e = calloc(1, sizeof(*e)), **at = &l->entries;

	if (e == NULL)
		return NULL;
	while (*at != NULL)
		at = &(*at)->next;
	*at = e;
	e->kind = kind;
	e->fd = -1;
	e->handle = ++l->last_handle;
	return e;
}

int loop_watch(struct loop *l, int fd, short events, void (*ready)(void *data, short revents), void *data)
{
	struct entry *e = fd >= 0 ? add(l, ENTRY_WATCH) : NULL;

	if (e == NULL)
		return 0;
	e->fd = fd;
	e->events = events;
	e->ready = ready;
	e->data = data;
	return e->handle;
}

int loop_timer(struct loop *l, int64_t in_ms, void (*due)(void *data), void *data)
{
	struct entry *e = add(l, ENTRY_TIMER);

	if (e == NULL)
		return 0;
	e->due_ms = clock_monotonic_ms() + (in_ms > 0 ? in_ms : 0);
	e->due = due;
	e->data = data;
	return e->handle;
}

int loop_add(struct loop *l, const struct loop_source *source)
{
	struct entry *e = add(l, ENTRY_SOURCE);

	if (e == NULL)
		return 0;
	e->source = *source;
	return e->handle;
}

void loop_remove(struct loop *l, int *handle)
{
	for (struct entry *e = l->entries; *handle != 0 && e != NULL; e = e->next)
		if (e->handle == *handle)
			e->dead = true;
	*handle = 0;
}

static void shorten(int *timeout_ms, int64_t ms)
{
	ms = ms > 0 ? ms : 0;
	if (*timeout_ms < 0 || ms < *timeout_ms)
		*timeout_ms = ms > 3600000 ? 3600000 : (int)ms;
}

static size_t prepare(struct loop *l, struct pollfd *fds, int *timeout_ms)
{
	int64_t now = clock_monotonic_ms();
	size_t n = 0;

	for (struct entry *e = l->entries; e != NULL; e = e->next) {
		int wanted = -1;

		e->first = n;
		e->count = 0;
		if (e->dead)
			continue;
		if (e->kind == ENTRY_WATCH && n < FDS_MAX) {
			fds[n] = (struct pollfd){ e->fd, e->events, 0 };
			e->count = 1;
		} else if (e->kind == ENTRY_TIMER) {
			shorten(timeout_ms, e->due_ms - now);
		} else if (e->kind == ENTRY_SOURCE) {
			e->count = e->source.prepare(e->source.data, fds + n, FDS_MAX - n, &wanted);
			if (wanted >= 0)
				shorten(timeout_ms, wanted);
		}
		n += e->count;
	}
	return n;
}

static void dispatch(struct entry *e, const struct pollfd *fds)
{
	switch (e->kind) {
	case ENTRY_WATCH:
		if (e->count > 0 && fds[e->first].revents != 0)
			e->ready(e->data, fds[e->first].revents);
		break;
	case ENTRY_TIMER:
		if (clock_monotonic_ms() >= e->due_ms) {
			e->dead = true;
			e->due(e->data);
		}
		break;
	case ENTRY_SOURCE:
		e->source.dispatch(e->source.data, fds + e->first, e->count);
		break;
	}
}

static void dispatch_all(struct loop *l, const struct pollfd *fds, int newest, bool sources)
{
	for (struct entry *e = l->entries; e != NULL; e = e->next)
		if (!e->dead && e->handle <= newest && (e->kind == ENTRY_SOURCE) == sources)
			dispatch(e, fds);
}

bool loop_turn(struct loop *l, int timeout_ms)
{
	struct pollfd fds[FDS_MAX];
	int newest = l->last_handle;
	size_t n = prepare(l, fds, &timeout_ms);

	if (poll(fds, n, timeout_ms) < 0) {
		if (errno != EINTR)
			return false;
		for (size_t i = 0; i < n; i++)
			fds[i].revents = 0;
	}
	/* Work in slices comes last, and not before something urgent was seen to. What was added meanwhile had no part in this
	 * wait. */
	dispatch_all(l, fds, newest, false);
	if (l->urgent == NULL || !l->urgent(l->data))
		dispatch_all(l, fds, newest, true);
	sweep(l, false);
	return true;
}
