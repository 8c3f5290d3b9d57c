#include "update/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"

#define NAME_MAX_BYTES 512
#define PROGRESS_EVERY_MS 100

/* What goes over the socket: one packet a message (SOCK_SEQPACKET keeps them apart). */
struct request {
	enum worker_op op;
	size_t index;
	char name[NAME_MAX_BYTES];
	unsigned char sha256[32];
	struct extract_limits limits;
};

struct reply {
	bool is_progress;
	unsigned int confined;		/* CONFINE_LANDLOCK | CONFINE_SECCOMP: in force where this comes from */
	int64_t bytes;
	struct worker_result result;
};

struct worker {
	pid_t pid;
	int socket;
	bool busy;
	size_t index;
};

struct worker_pool {
	struct worker *workers;
	int count;
	unsigned int confined;		/* of every worker so far */
	struct error died;		/* how the last one ended that went away by itself; no message: none did */
};

/* --- the worker's side --------------------------------------------------------------------------------------------- */

struct worker_side {
	int socket;
	const struct bundle *bundle;
	int staging_fd;
	unsigned int confined;
	size_t index;
	int64_t last_progress_ms;
};

static void send_progress(void *data, int64_t bytes)
{
	struct worker_side *side = data;
	int64_t now = clock_monotonic_ms();
	struct reply reply = { .is_progress = true, .confined = side->confined, .bytes = bytes };

	if (now - side->last_progress_ms < PROGRESS_EVERY_MS)
		return;
	side->last_progress_ms = now;
	reply.result.index = side->index;
	/* Losing one is fine: never wait for a reader that is busy. */
	(void)send(side->socket, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct copy {
	int fd;				/* -1: only hash */
	EVP_MD_CTX *hash;
	int64_t size;
};

static bool copy_bytes(void *data, const void *bytes, size_t len, struct error *err)
{
	struct copy *copy = data;

	if (EVP_DigestUpdate(copy->hash, bytes, len) != 1)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot compute a hash"));
	if (copy->fd >= 0 && !file_write_all(copy->fd, bytes, len))
		return error_errno(err, FINDING_IO_ERROR, _("cannot write to the staging folder"));
	copy->size += (int64_t)len;
	return true;
}

/* Reads the member into `fd` (-1: nowhere), telling its size and hash. */
static bool copy_member(const struct worker_side *side, const char *name, int fd, struct worker_result *result,
			struct error *err)
{
	const struct bundle_member *member = side->bundle != NULL ? bundle_find(side->bundle, name) : NULL;
	struct copy copy = { .fd = fd, .hash = EVP_MD_CTX_new() };
	unsigned int len = 0;
	bool ok = false;

	if (member == NULL)
		error_set(err, FINDING_FEED_COMPONENT_MISSING, _("the bundle does not hold %s"), name);
	else if (copy.hash == NULL || EVP_DigestInit_ex(copy.hash, EVP_sha256(), NULL) != 1)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else if (bundle_read(side->bundle, member, copy_bytes, &copy, err))
		ok = EVP_DigestFinal_ex(copy.hash, result->sha256, &len) == 1;
	result->size = copy.size;
	EVP_MD_CTX_free(copy.hash);
	return ok;
}

static bool unpack(struct worker_side *side, const struct request *request, int dir_fd, struct worker_result *result,
		   struct error *err)
{
	int fd = file_open_unnamed(side->staging_fd);
	bool ok = false;

	if (fd < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot create a file in the staging folder"));
		goto out;
	}
	if (!copy_member(side, request->name, fd, result, err))
		goto out;
	if (memcmp(result->sha256, request->sha256, sizeof(request->sha256)) != 0) {
		error_set(err, FINDING_FEED_HASH_MISMATCH, _("%s is not what the manifest says: its SHA-256 differs"),
			  request->name);
		goto out;
	}
	ok = extract_component(fd, dir_fd, request->name, &request->limits, send_progress, side, &result->extracted, err);
out:
	file_close(&fd);
	return ok;
}

static void work(struct worker_side *side, const struct request *request, int archive_fd, int dir_fd)
{
	struct reply reply = { .is_progress = false, .confined = side->confined };
	struct worker_result *result = &reply.result;

	side->index = result->index = request->index;
	side->last_progress_ms = clock_monotonic_ms();
	switch (request->op) {
	case WORKER_EXTRACT:
		result->ok = extract_component(archive_fd, dir_fd, request->name, &request->limits, send_progress, side,
					       &result->extracted, &result->error);
		break;
	case WORKER_UNPACK:
		result->ok = unpack(side, request, dir_fd, result, &result->error);
		break;
	case WORKER_HASH:
		result->ok = copy_member(side, request->name, -1, result, &result->error);
		break;
	}
	while (send(side->socket, &reply, sizeof(reply), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* Receives a request and the descriptors that came with it. False at the end. */
static bool receive(int socket, struct request *request, int fds[2])
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = request, .iov_len = sizeof(*request) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*request))
		return false;
	fds[0] = fds[1] = -1;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return true;
}

static void run_worker(struct worker_side *side)
{
	const int kept[] = { side->socket, side->staging_fd, side->bundle != NULL ? bundle_fd(side->bundle) : -1 };
	struct request request;
	int fds[2];

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* Its job died: nobody waits for the work any more. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* From here on it looks at bytes from outside: it may only unpack below the staging folder. */
	confine_descriptors(kept, side->bundle != NULL ? 3 : 2);
	side->confined = confine_self(&side->staging_fd, 1);
	while (receive(side->socket, &request, fds)) {
		/* fds: [directory] or [directory, archive] */
		work(side, &request, fds[1], fds[0]);
		file_close(&fds[0]);
		file_close(&fds[1]);
	}
}

/* --- the pool's side ----------------------------------------------------------------------------------------------- */

static bool start_worker(struct worker_pool *pool, const struct bundle *bundle, int staging_fd, struct error *err)
{
	struct worker *w = &pool->workers[pool->count];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot start an unpacking process"));
	w->pid = fork();
	if (w->pid == 0) {
		struct worker_side side = { .socket = pair[1], .bundle = bundle, .staging_fd = staging_fd };

		run_worker(&side);
		_exit(0);
	}
	file_close(&pair[1]);
	if (w->pid < 0) {
		error_errno(err, FINDING_OUT_OF_MEMORY, _("cannot start an unpacking process"));
		file_close(&pair[0]);
		return false;
	}
	w->socket = pair[0];
	w->busy = false;
	pool->count++;
	return true;
}

bool worker_pool_start(int count, const struct bundle *bundle, int staging_fd, struct worker_pool **out,
		       struct error *err)
{
	struct worker_pool *pool = calloc(1, sizeof(*pool));
	bool ok = true;

	if (pool != NULL)
		pool->workers = calloc((size_t)count, sizeof(*pool->workers));
	if (pool == NULL || pool->workers == NULL) {
		free(pool);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	pool->confined = CONFINE_LANDLOCK | CONFINE_SECCOMP;
	for (int i = 0; i < count && ok; i++)
		ok = start_worker(pool, bundle, staging_fd, err);
	if (!ok) {
		worker_pool_free(pool);
		return false;
	}
	*out = pool;
	return true;
}

void worker_pool_free(struct worker_pool *pool)
{
	if (pool == NULL)
		return;
	for (int i = 0; i < pool->count; i++) {
		struct worker *w = &pool->workers[i];

		file_close(&w->socket);
		if (w->pid > 0) {
			if (w->busy)
				kill(w->pid, SIGKILL);
			while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
	}
	free(pool->workers);
	free(pool);
}

bool worker_pool_alive(const struct worker_pool *pool, struct error *err)
{
	for (int i = 0; i < pool->count; i++) {
		if (pool->workers[i].socket >= 0)
			return true;
	}
	if (err != NULL)
		*err = pool->died;
	return false;
}

bool worker_pool_idle(const struct worker_pool *pool)
{
	for (int i = 0; i < pool->count; i++) {
		if (!pool->workers[i].busy && pool->workers[i].socket >= 0)
			return true;
	}
	return false;
}

unsigned int worker_pool_confined(const struct worker_pool *pool)
{
	return pool->confined;
}

size_t worker_pool_busy(const struct worker_pool *pool)
{
	size_t n = 0;

	for (int i = 0; i < pool->count; i++)
		n += pool->workers[i].busy;
	return n;
}

/* It went away: how? The finding's message is in pool->died. */
static void bury(struct worker_pool *pool, struct worker *w)
{
	int status = 0;

	file_close(&w->socket);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	w->pid = -1;
	if (WIFSIGNALED(status) && w->busy)
		error_set(&pool->died, WTERMSIG(status) == SIGKILL ? FINDING_OUT_OF_MEMORY : FINDING_BUNDLE_CORRUPT,
			  _("the process that unpacked a component was ended by signal %d"), WTERMSIG(status));
	else if (w->busy)
		error_set(&pool->died, FINDING_BUNDLE_CORRUPT, _("the process that unpacked a component ended early"));
	else if (WIFSIGNALED(status))
		/* It had nothing to do, so no component is to blame: the kernel takes processes when memory is short. */
		error_set(&pool->died, FINDING_OUT_OF_MEMORY, _("a process that waited to unpack was ended by signal %d"),
			  WTERMSIG(status));
	else
		error_set(&pool->died, FINDING_OUT_OF_MEMORY, _("a process that waited to unpack ended early"));
}

/* Sends the request and lends the descriptors; errno says why not. */
static bool send_request(int socket, const struct request *request, const int *fds, int fd_count)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count > 0) {
		struct cmsghdr *header = &control.align;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, (size_t)fd_count * sizeof(int));
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0;
}

bool worker_pool_submit(struct worker_pool *pool, const struct worker_task *task, struct error *err)
{
	const int fds[2] = { task->dir_fd, task->archive_fd };
	int fd_count = (task->dir_fd >= 0) + (task->archive_fd >= 0);
	struct request request = { .op = task->op, .index = task->index, .limits = task->limits };

	if (strlen(task->name) >= sizeof(request.name))
		return error_set(err, FINDING_NONE, _("cannot unpack %s: no process takes it"), task->name);
	snprintf(request.name, sizeof(request.name), "%s", task->name);
	if (task->sha256 != NULL)
		memcpy(request.sha256, task->sha256, sizeof(request.sha256));
	for (int i = 0; i < pool->count; i++) {
		struct worker *w = &pool->workers[i];

		if (w->busy || w->socket < 0)
			continue;
		if (send_request(w->socket, &request, fds, fd_count)) {
			w->busy = true;
			w->index = task->index;
			return true;
		}
		if (errno != EPIPE && errno != ECONNRESET)
			return error_errno(err, FINDING_NONE, _("cannot unpack %s"), task->name);
		/* It died since it was last looked at: the next one takes it. */
		bury(pool, w);
	}
	if (pool->died.message[0] != '\0') {
		if (err != NULL)
			*err = pool->died;
		return false;
	}
	return error_set(err, FINDING_NONE, _("cannot unpack %s: no process takes it"), task->name);
}

size_t worker_pool_fds(const struct worker_pool *pool, int *fds, size_t max)
{
	size_t n = 0;

	for (int i = 0; i < pool->count && n < max; i++) {
		if (pool->workers[i].socket >= 0)
			fds[n++] = pool->workers[i].socket;
	}
	return n;
}

/* A worker went away: what it worked on has failed. */
static void worker_died(struct worker_pool *pool, struct worker *w,
			void (*finished)(void *data, const struct worker_result *result), void *data)
{
	struct worker_result result = { .index = w->index, .ok = false };

	bury(pool, w);
	if (!w->busy)
		return;
	w->busy = false;
	result.error = pool->died;
	finished(data, &result);
}

void worker_pool_collect(struct worker_pool *pool, void (*progress)(void *data, size_t index, int64_t bytes),
			 void (*finished)(void *data, const struct worker_result *result), void *data)
{
	for (int i = 0; i < pool->count; i++) {
		struct worker *w = &pool->workers[i];
		struct reply reply;

		while (w->socket >= 0) {
			ssize_t n = recv(w->socket, &reply, sizeof(reply), MSG_DONTWAIT);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
				break;
			if (n != (ssize_t)sizeof(reply)) {
				worker_died(pool, w, finished, data);
				break;
			}
			pool->confined &= reply.confined;
			if (reply.is_progress) {
				progress(data, reply.result.index, reply.bytes);
				continue;
			}
			w->busy = false;
			finished(data, &reply.result);
		}
	}
}
