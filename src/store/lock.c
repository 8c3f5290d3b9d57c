/* The update lock: a POSIX record lock, because the kernel then tells who holds it, and drops it when that process ends. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "store/inside.h"

#define CONTENT_MAX 256
#define OPEN_TRIES 16

/* A record lock belongs to the process, and closing ANY descriptor of the file drops it. So the process must know which
 * lock files it holds: this list is that property of the process. */
static struct store *locked_stores;

static bool held_by_this_process(const struct store *s, const struct store **holder)
{
	struct stat st;

	if (s->fd < 0 || locked_stores == NULL || fstatat(s->fd, LOCK_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	for (const struct store *other = locked_stores; other != NULL; other = other->next_locked) {
		/* A child does not inherit the lock. */
		if (other->lock_ino == st.st_ino && other->lock_dev == st.st_dev && other->lock_pid == getpid()) {
			*holder = other;
			return true;
		}
	}
	return false;
}

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* "<pid> <job>\n": for people and for store_lock_holder(). Stale content does no harm, the lock itself decides. */
static void read_job(int fd, char *job)
{
	char text[CONTENT_MAX], *start, *end;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	job[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	start = strchr(text, ' ');
	if (start == NULL)
		return;
	start++;
	for (end = start; isalnum((unsigned char)*end) || (*end != '\0' && strchr("-_.:", *end) != NULL);)
		end++;
	*end = '\0';
	snprintf(job, STORE_JOB_MAX, "%s", start);
}

static bool write_job(int fd, const char *job)
{
	char text[CONTENT_MAX];
	int len = snprintf(text, sizeof(text), "%ld %.*s\n", (long)getpid(), STORE_JOB_MAX - 1, job);

	return ftruncate(fd, 0) == 0 && file_write_all(fd, text, (size_t)len);
}

static bool refuse(pid_t pid, const char *job, struct error *err)
{
	if (pid == STORE_HOLDER_UNKNOWN)
		error_set(err, FINDING_UPDATE_LOCKED, _("another update is running, outside of this container"));
	else if (job[0] != '\0')
		error_set(err, FINDING_UPDATE_LOCKED, _("another update is running: process %ld, job %s"), (long)pid, job);
	else
		error_set(err, FINDING_UPDATE_LOCKED, _("another update is running: process %ld"), (long)pid);
	return error_next(err, _("Wait until it has ended (\"posture-console status\" shows it), then try again."));
}

static pid_t pid_of(const struct flock *lock)
{
	return lock->l_pid > 0 ? lock->l_pid : STORE_HOLDER_UNKNOWN;
}

/* Opens the lock file; -1 with an error. A file that is refused is not closed while this process holds it. */
static int open_lock_file(const struct store *s, struct error *err)
{
	int fd = openat(s->fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot open the lock file %s/%s"), s->path, LOCK_NAME);
		store_error_refine(s, err);
		return -1;
	}
	return fd;
}

/* An empty one was just made. From now on what lies beside it is ours (store.c), also after a power cut. */
static bool keep_lock_file(const struct store *s, int fd, struct error *err)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && st.st_size > 0) || file_sync_dir(s->fd, err);
}

/* 1: locked, 0: try again (the file was replaced in between), -1: failed. */
static int try_lock(struct store *s, int fd, struct error *err)
{
	struct flock lock = whole_file(F_WRLCK);
	struct stat mine, there;
	char job[STORE_JOB_MAX];

	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno != EACCES && errno != EAGAIN) {
			error_errno(err, FINDING_IO_ERROR, _("cannot lock %s/%s"), s->path, LOCK_NAME);
			return -1;
		}
		lock = whole_file(F_WRLCK);
		if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
			return 0;
		read_job(fd, job);
		refuse(pid_of(&lock), job, err);
		return -1;
	}
	if (fstat(fd, &mine) < 0 || fstatat(s->fd, LOCK_NAME, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
	    mine.st_ino != there.st_ino || mine.st_dev != there.st_dev)
		return 0;
	s->lock_dev = mine.st_dev;
	s->lock_ino = mine.st_ino;
	return 1;
}

bool store_lock(struct store *s, const char *job, struct error *err)
{
	const struct store *holder;

	if (s->fd < 0)
		return error_set(err, FINDING_PATH_INVALID, _("there is no state folder %s"), s->path);
	if (held_by_this_process(s, &holder))
		return holder == s || refuse(getpid(), "", err);
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd = open_lock_file(s, err), locked;

		if (fd < 0)
			return false;
		locked = try_lock(s, fd, err);
		if (locked == 1 && !keep_lock_file(s, fd, err))
			locked = -1;
		if (locked == 1 && !write_job(fd, job)) {
			error_errno(err, FINDING_IO_ERROR, _("cannot write to %s/%s"), s->path, LOCK_NAME);
			store_error_refine(s, err);
			locked = -1;
		}
		if (locked == 1) {
			s->lock_fd = fd;
			s->lock_pid = getpid();
			s->next_locked = locked_stores;
			locked_stores = s;
			return true;
		}
		file_close(&fd);
		if (locked < 0)
			return false;
	}
	return error_set(err, FINDING_UPDATE_LOCKED, _("others take and release the update lock of %s all the time"), s->path);
}

void store_unlock(struct store *s)
{
	if (s->lock_fd < 0)
		return;
	for (struct store **link = &locked_stores; *link != NULL; link = &(*link)->next_locked) {
		if (*link == s) {
			*link = s->next_locked;
			break;
		}
	}
	s->next_locked = NULL;
	file_close(&s->lock_fd);
}

pid_t store_lock_holder(const struct store *s, char *job)
{
	struct flock lock = whole_file(F_WRLCK);
	char unused[STORE_JOB_MAX];
	const struct store *holder;
	pid_t pid = 0;
	int fd;

	if (job == NULL)
		job = unused;
	job[0] = '\0';
	if (held_by_this_process(s, &holder)) {
		read_job(holder->lock_fd, job);
		return getpid();
	}
	fd = s->fd >= 0 ? openat(s->fd, LOCK_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
		pid = pid_of(&lock);
		read_job(fd, job);
	}
	file_close(&fd);
	return pid;
}
