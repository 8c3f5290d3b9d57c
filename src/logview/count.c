#include "logview/count.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/i18n.h"
#include "logview/scan.h"

#define UNIT (INT64_C(8) << 20)		/* what a thread takes at a time */
#define ALONE_BELOW (INT64_C(32) << 20)	/* a smaller file is not worth a second thread */

/* What the two share: the next stretch that nobody has taken, and whether it is over. */
struct shared {
	struct segment *seg;
	const volatile sig_atomic_t *cancel;
	atomic_llong next;
	atomic_bool failed;
};

struct worker {
	struct shared *shared;
	struct filter *filter;
	uint64_t count;
	enum scan_result result;
	int sys_errno;
};

static bool is_over(const struct shared *shared)
{
	return atomic_load(&shared->failed) || (shared->cancel != NULL && *shared->cancel != 0);
}

static void *work(void *data)
{
	struct worker *w = data;
	struct scan scan;

	w->result = SCAN_DONE;
	if (!scan_init(&scan, SCAN_WINDOW_BULK)) {
		w->result = SCAN_FAILED;
		w->sys_errno = ENOMEM;
	}
	while (w->result == SCAN_DONE && !is_over(w->shared)) {
		int64_t from = atomic_fetch_add(&w->shared->next, UNIT);

		if (from >= w->shared->seg->size)
			break;
		scan_begin(&scan, w->shared->seg, w->filter, from, from + UNIT);
		w->result = scan_step(&scan, INT64_MAX, NULL, NULL);
		w->sys_errno = errno;
		w->count += scan.count;
	}
	if (w->result != SCAN_DONE)
		atomic_store(&w->shared->failed, true);
	scan_clear(&scan);
	return NULL;
}

static bool say(const struct worker *w, const struct segment *seg, struct error *err)
{
	if (w->result == SCAN_DONE)
		return true;
	if (w->result == SCAN_STALE) {
		error_set(err, FINDING_IO_ERROR, _("the log %s was emptied while it was read"), seg->name);
		return error_next(err, _("Run the command again."));
	}
	errno = w->sys_errno;
	return error_errno(err, FINDING_IO_ERROR, _("cannot read the log %s"), seg->name);
}

bool count_records(struct segment *seg, struct filter *filter, const volatile sig_atomic_t *cancel, uint64_t *count,
		   struct error *err)
{
	struct shared shared = { .seg = seg, .cancel = cancel };
	struct worker own = { .shared = &shared, .filter = filter }, other = { .shared = &shared };
	pthread_t thread;
	bool two = false;

	atomic_init(&shared.next, seg->first);
	if (seg->size - seg->first >= ALONE_BELOW) {
		other.filter = filter_clone(filter);
		two = other.filter != NULL && pthread_create(&thread, NULL, work, &other) == 0;
	}
	work(&own);
	if (two)
		pthread_join(thread, NULL);
	filter_free(other.filter);
	*count = own.count + other.count;
	return say(&own, seg, err) && (!two || say(&other, seg, err));
}
