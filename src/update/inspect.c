#include "update/inspect.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "job/job.h"
#include "update/run.h"
#include "update/worker.h"

#define WORKERS 2

struct inspection {
	struct update u;
	struct inspect_result *result;
	struct worker_pool *workers;
	char folder[64];			/* below the temporary folder */
	int folder_fd;
	enum worker_op op;			/* what the workers do now: hash what has no hash, then unpack */
	size_t submitted, finished;
};

static bool make_folder(struct inspection *in, struct error *err)
{
	const char *base = getenv("TMPDIR");

	snprintf(in->folder, sizeof(in->folder), "%.40s/posture-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
	if (mkdtemp(in->folder) == NULL) {
		in->folder[0] = '\0';
		return error_errno(err, FINDING_PATH_INVALID, _("cannot make a temporary folder"));
	}
	in->folder_fd = open(in->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return in->folder_fd >= 0 || error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), in->folder);
}

static void on_progress(void *data, size_t index, int64_t bytes)
{
	(void)data, (void)index, (void)bytes;
}

static void on_finished(void *data, const struct worker_result *worked)
{
	struct inspection *in = data;
	struct inspect_row *row = &in->result->rows[worked->index];
	struct component *c = &in->result->manifest->components[worked->index];

	row->ok = worked->ok;
	if (!worked->ok)
		row->error = worked->error;
	if (in->op == WORKER_HASH && worked->ok) {
		memcpy(c->sha256, worked->sha256, sizeof(c->sha256));
		c->has_sha256 = true;
	} else if (in->op == WORKER_UNPACK) {
		row->files = worked->extracted.files;
		row->bytes = worked->extracted.bytes;
	}
	in->finished++;
}

static bool submit(struct inspection *in, size_t index, struct error *err)
{
	const struct component *c = in->result->rows[index].component;
	struct worker_task task = { .op = in->op, .index = index, .archive_fd = -1, .dir_fd = -1, .name = c->href,
				    .sha256 = in->op == WORKER_UNPACK ? c->sha256 : NULL };
	bool ok;

	task.dir_fd = file_open_dir(in->folder_fd, c->id, true, 0700, err);
	ok = task.dir_fd >= 0 && worker_pool_submit(in->workers, &task, err);
	in->submitted += ok ? 1 : 0;
	file_close(&task.dir_fd);
	return ok;
}

/* Hashing is for what the manifest has no hash of; a component that could not be hashed is not unpacked. */
static bool is_due(const struct inspection *in, size_t index)
{
	return (in->op == WORKER_UNPACK) == in->result->rows[index].component->has_sha256;
}

/* Gives the workers one kind of work for every component that is due for it, and waits for all of it. */
static bool work(struct inspection *in, enum worker_op op, struct error *err)
{
	size_t next = 0, count = in->result->manifest->count;

	in->op = op;
	in->submitted = in->finished = 0;
	while (next < count || in->finished < in->submitted) {
		struct pollfd wait[WORKERS];
		int fds[WORKERS];
		size_t n;

		if (update_stopped(err))
			return false;
		for (; next < count && (!is_due(in, next) || worker_pool_idle(in->workers)); next++) {
			if (is_due(in, next) && !submit(in, next, err))
				return false;
		}
		if (in->finished == in->submitted && next == count)
			break;
		if (!worker_pool_alive(in->workers, err))
			return false;
		if (in->finished == in->submitted)
			continue;
		n = worker_pool_fds(in->workers, fds, WORKERS);
		for (size_t i = 0; i < n; i++)
			wait[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		poll(wait, n, -1);
		worker_pool_collect(in->workers, on_progress, on_finished, in);
	}
	return true;
}

static bool unpack_all(struct inspection *in, struct error *err)
{
	if (!worker_pool_start(WORKERS, in->u.bundle, in->folder_fd, &in->workers, err) || !work(in, WORKER_HASH, err) ||
	    !work(in, WORKER_UNPACK, err))
		return false;
	for (size_t i = 0; i < in->result->manifest->count; i++) {
		if (!in->result->rows[i].ok) {
			if (err != NULL)
				*err = in->result->rows[i].error;
			return error_wrap(err, _("component %s"), in->result->rows[i].component->id);
		}
	}
	return true;
}

static bool take_manifest(struct inspection *in, struct error *err)
{
	struct inspect_result *r = in->result;

	if (!update_offline_manifest(&in->u, err) || !update_verify_manifest(&in->u, err))
		return false;
	r->manifest = in->u.manifest;
	in->u.manifest = NULL;
	r->rows = calloc(r->manifest->count + 1, sizeof(*r->rows));
	if (r->rows == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < r->manifest->count; i++)
		r->rows[i].component = &r->manifest->components[i];
	snprintf(r->signer, sizeof(r->signer), "%s", in->u.signer.signer);
	return true;
}

/* A folder for what is unpacked, or for the copy of what can be read only once. */
static bool begin(struct inspection *in, const struct update_options *options, bool folder, struct error *err)
{
	in->folder_fd = -1;
	in->u = (struct update){ .options = options, .bundle_fd = -1, .parts_fd = -1, .spool_fd = -1 };
	in->u.xml = (struct buffer)BUFFER_INIT(MANIFEST_MAX_BYTES);
	in->u.p7s = (struct buffer)BUFFER_INIT(SIGNATURE_MAX_BYTES);
	text_url_without_login(in->u.from, sizeof(in->u.from), options->from);
	if (folder && !make_folder(in, err))
		return false;
	in->u.spool_fd = in->u.parts_fd = in->folder_fd;
	return true;
}

/* What is said of an update does not fit here. */
static void tell_stop(struct error *err)
{
	if (!job_stop_requested())
		return;
	error_set(err, FINDING_NONE, _("stopped in the middle"));
	if (err != NULL)
		err->exit_code = EXIT_INTERRUPTED;
}

static void end(struct inspection *in)
{
	update_network_close(&in->u);
	worker_pool_free(in->workers);
	file_close(&in->folder_fd);
	if (in->folder[0] != '\0')
		(void)file_remove_tree(AT_FDCWD, in->folder, NULL);
	bundle_free(in->u.bundle);
	file_close(&in->u.bundle_fd);
	manifest_free(in->u.manifest);
	buffer_clear(&in->u.xml);
	buffer_clear(&in->u.p7s);
}

static struct update_options options_of(const char *path, const char *state_dir, const struct settings *settings)
{
	return (struct update_options){ .state_dir = state_dir, .settings = settings, .source = UPDATE_OFFLINE, .from = path,
					.stdin_fd = strcmp(path, "-") == 0 ? STDIN_FILENO : -1 };
}

int inspect_open(const char *path, const char *state_dir, const struct settings *settings, struct error *err)
{
	const struct update_options options = options_of(path, state_dir, settings);
	struct inspection in = { .workers = NULL };
	struct stat st;
	bool file = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
	int fd = begin(&in, &options, !file, err) ? update_offline_open(&in.u, err) : -1;

	if (fd < 0)
		tell_stop(err);
	end(&in);
	return fd;
}

bool inspect_bundle(const char *path, const char *state_dir, const struct settings *settings,
		    struct inspect_result *result, struct error *err)
{
	const struct update_options options = options_of(path, state_dir, settings);
	struct inspection in = { .result = result };
	bool ok;

	*result = (struct inspect_result){ 0 };
	ok = begin(&in, &options, true, err) && take_manifest(&in, err) && unpack_all(&in, err);
	for (int i = 0; i < in.u.notice_count && i < INSPECT_NOTICES_MAX; i++)
		result->notices[result->notice_count++] = in.u.notices[i];
	if (!ok)
		tell_stop(err);
	end(&in);
	return ok;
}

void inspect_clear(struct inspect_result *result)
{
	manifest_free(result->manifest);
	free(result->rows);
	*result = (struct inspect_result){ 0 };
}
