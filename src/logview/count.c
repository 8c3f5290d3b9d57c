#include "logview/count.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/i18n.h"
#include "logview/scan.h"

#define UNIT (INT64_C(8) << 20)		/* what a worker takes at a time */
#define ALONE_BELOW (INT64_C(32) << 20)	/* a smaller file is not worth a second worker */

struct worker {
	uint64_t count;
	enum scan_result result;
	int sys_errno;
};

/* In memory that this process and its child share: the next stretch that nobody has taken, whether it is over, and what
 * each of the two found. */
struct shared {
	atomic_llong next;
	atomic_bool over;
	struct worker workers[2];
};

static void work(struct shared *shared, struct worker *w, struct segment *seg, struct filter *filter,
		 const volatile sig_atomic_t *cancel)
{
	struct scan scan;

	w->result = SCAN_DONE;
	if (!scan_init(&scan, SCAN_WINDOW_BULK)) {
		w->result = SCAN_FAILED;
		w->sys_errno = ENOMEM;
	}
	while (w->result == SCAN_DONE && !atomic_load(&shared->over) && (cancel == NULL || *cancel == 0)) {
		int64_t from = atomic_fetch_add(&shared->next, UNIT);

		if (from >= seg->size)
			break;
		scan_begin(&scan, seg, filter, from, from + UNIT);
		w->result = scan_step(&scan, INT64_MAX, NULL, NULL);
		w->sys_errno = errno;
		w->count += scan.count;
	}
	if (w->result != SCAN_DONE || (cancel != NULL && *cancel != 0))
		atomic_store(&shared->over, true);
	scan_clear(&scan);
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

/* A child that does half of the work. -1: there is none, and the caller does all of it. */
static pid_t start_child(struct shared *shared, struct segment *seg, struct filter *filter,
			 const volatile sig_atomic_t *cancel)
{
	pid_t parent = getpid(), child;

	if (seg->size - seg->first < ALONE_BELOW)
		return -1;
	child = fork();
	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		work(shared, &shared->workers[1], seg, filter, cancel);
	_exit(0);
}

static bool end_child(pid_t child, const struct segment *seg, struct error *err)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return error_errno(err, FINDING_IO_ERROR, _("cannot wait for the process that counts %s"), seg->name);
	}
	return WIFEXITED(status) || error_set(err, FINDING_IO_ERROR, _("a process that counted %s was killed"), seg->name);
}

bool count_records(struct segment *seg, struct filter *filter, const volatile sig_atomic_t *cancel, uint64_t *count,
		   struct error *err)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	bool ok = true;

	if (shared == MAP_FAILED)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	atomic_init(&shared->next, seg->first);
	child = start_child(shared, seg, filter, cancel);
	work(shared, &shared->workers[0], seg, filter, cancel);
	if (child > 0)
		ok = end_child(child, seg, err);
	*count = shared->workers[0].count + shared->workers[1].count;
	ok = ok && say(&shared->workers[0], seg, err) && say(&shared->workers[1], seg, err);
	munmap(shared, sizeof(*shared));
	return ok;
}
