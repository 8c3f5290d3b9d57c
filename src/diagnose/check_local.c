/* local: what can be known before a packet leaves. The network's part is in check_local_network.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "diagnose/check_local.h"
#include "diagnose/checks.h"
#include "store/store.h"

#define PROBE_BYTES 4096
#define FREE_LEAST ((uint64_t)1024 * 1024)
#define STATE_MODE 0750
#define DESCRIPTORS_LEAST 28	/* with fewer an update of three components fails */

/* What an update writes to, below the state folder; and what it moves from one place to the other by rename(). */
static const struct {
	const char *name;
	bool moved;
} parts[] = {
	{ "content", true }, { "staging", true }, { "defaults", true }, { "jobs", false }, { "trust", false }, { "log", false },
	{ "history.jsonl", false }, { "update.lock", false },
};

/* ENOSPC has two reasons. */
static void tell_full(int dirfd, struct error *err)
{
	struct statvfs fs;

	if (err->code == FINDING_DISK_FULL && fstatvfs(dirfd, &fs) == 0 && fs.f_bavail > 0 && fs.f_files > 0 &&
	    fs.f_favail == 0)
		err->code = FINDING_INODES_EXHAUSTED;
}

/* Writes a file and removes it: the only proof that it can be done. */
static bool try_to_write(int dirfd, const char *state_dir, struct error *err)
{
	static const char zeroes[PROBE_BYTES];
	char name[64];
	int fd;
	bool ok;

	snprintf(name, sizeof(name), ".check.%ld.tmp", (long)getpid());
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_errno(err, FINDING_PERMISSION_DENIED, _("cannot create a file in %s"), state_dir);
		tell_full(dirfd, err);
		return false;
	}
	ok = file_write_all(fd, zeroes, sizeof(zeroes)) && fsync(fd) == 0;
	if (!ok)
		error_errno(err, FINDING_IO_ERROR, _("cannot write in %s"), state_dir);
	file_close(&fd);
	unlinkat(dirfd, name, 0);
	return ok;
}

/* A mount of its own: another file system, or another part of the same, between which rename() does not work either. */
static bool mounted_apart(int dirfd, const char *name)
{
	struct statx state, part;

	if (statx(dirfd, "", AT_EMPTY_PATH, STATX_MNT_ID, &state) < 0 || statx(dirfd, name, 0, STATX_MNT_ID, &part) < 0)
		return false;
	return state.stx_dev_major != part.stx_dev_major || state.stx_dev_minor != part.stx_dev_minor ||
	       ((state.stx_mask & part.stx_mask & STATX_MNT_ID) != 0 && state.stx_mnt_id != part.stx_mnt_id);
}

static void look_at_parts(int dirfd, const char *state_dir, struct check_result *r)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *name = parts[i].name;
		struct stat part;

		if (fstatat(dirfd, name, &part, 0) < 0)
			continue;
		if (faccessat(dirfd, name, W_OK, AT_EACCESS) < 0 && errno == EACCES) {
			result_add(r, FINDING_PERMISSION_DENIED, WEIGHT_FAIL);
			result_summary(r, _("%s/%s may not be written by this user"), state_dir, name);
		}
		if (parts[i].moved && mounted_apart(dirfd, name)) {
			result_add(r, FINDING_CROSS_DEVICE, WEIGHT_FAIL);
			result_summary(r, _("%s/%s lies on another file system than %s"), state_dir, name, state_dir);
		}
	}
}

static void look_at_space(int dirfd, const char *state_dir, struct check_result *r)
{
	struct statvfs fs;
	uint64_t bytes;

	if (fstatvfs(dirfd, &fs) < 0)
		return;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	result_evidence(r, _("free space"), _("%.1f MB on the file system of %s"), (double)bytes / 1e6, state_dir);
	if (fs.f_files > 0)
		result_evidence(r, _("free inodes"), "%llu", (unsigned long long)fs.f_favail);
	result_fact(r, "free_bytes", json_integer((json_int_t)bytes));
	if (bytes < FREE_LEAST) {
		result_add(r, FINDING_DISK_FULL, WEIGHT_FAIL);
		result_summary(r, _("the file system of %s has %.1f kB left"), state_dir, (double)bytes / 1e3);
	} else if (fs.f_files > 0 && fs.f_favail == 0) {
		result_add(r, FINDING_INODES_EXHAUSTED, WEIGHT_FAIL);
		result_summary(r, _("the file system of %s can hold no more files"), state_dir);
	} else if (r->status == CHECK_PASS) {
		result_summary(r, _("state folder writable, %.1f GB free"), (double)bytes / 1e9);
	}
}

/* An update opens the feed's connections, the components and their folders at once. */
static void look_at_descriptors(struct check_result *r)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_LEAST)
		return;
	result_add(r, FINDING_OUT_OF_DESCRIPTORS, WEIGHT_FAIL);
	result_evidence(r, _("open files"), _("%llu at most"), (unsigned long long)limit.rlim_cur);
	result_summary(r, _("this program may open %llu files at once, and an update needs %d"), (unsigned long long)limit.rlim_cur,
		       DESCRIPTORS_LEAST);
}

static void look_at_updates(const struct check_context *c, struct check_result *r)
{
	struct store *store = NULL;
	char job[64] = "";
	struct error err = ERROR_INIT;
	pid_t holder;

	if (c->options->holds_lock)
		return;
	if (!store_open(c->state_dir, false, &store, &err)) {
		result_error(r, &err, FINDING_PATH_INVALID);
		return;
	}
	holder = store_lock_holder(store, job);
	if (holder != 0) {
		result_add(r, FINDING_UPDATE_LOCKED, WEIGHT_FAIL);
		result_evidence(r, _("update lock"), _("held by process %ld (job %s)"), (long)holder, job);
		result_summary(r, _("an update is running: process %ld holds the update lock"), (long)holder);
	} else if (check_local_interrupted(c->state_dir, job, sizeof(job))) {
		result_add(r, FINDING_PREVIOUS_UPDATE_INTERRUPTED, WEIGHT_WARN);
		result_evidence(r, _("interrupted job"), "%s", job);
		result_summary(r, _("the update %s was interrupted; the content in use is whole, and the next update puts the "
				    "rest right"), job);
	}
	store_free(store);
}

static void look_at_state(const struct check_context *c, struct check_result *r)
{
	struct error err = ERROR_INIT;
	int dirfd = -1;

	result_evidence(r, _("state folder"), "%s", c->state_dir);
	if (!file_make_dirs(c->state_dir, STATE_MODE, &err)) {
		result_error(r, &err, FINDING_PATH_INVALID);
		return;
	}
	dirfd = open(c->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		error_errno(&err, FINDING_PATH_INVALID, _("cannot open %s"), c->state_dir);
		result_error(r, &err, FINDING_PATH_INVALID);
		return;
	}
	if (!try_to_write(dirfd, c->state_dir, &err))
		result_error(r, &err, FINDING_IO_ERROR);
	else
		look_at_parts(dirfd, c->state_dir, r);
	if (r->status == CHECK_PASS)
		look_at_space(dirfd, c->state_dir, r);
	if (r->status != CHECK_FAIL)
		look_at_updates(c, r);
	file_close(&dirfd);
}

void check_local_run(const struct check_context *c, struct check_result *r)
{
	if (c->settings == NULL) {
		result_error(r, c->options->settings_error, FINDING_CONFIG_INVALID);
		return;
	}
	look_at_state(c, r);
	look_at_descriptors(r);
	if (!c->options->without_network)
		check_local_network(c, r);
}
