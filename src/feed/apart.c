#include "feed/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/i18n.h"
#include "feed/name.h"
#include "feed/signature.h"
#include "feed/wire.h"
#include "feed/zip.h"

#define ANSWER_MAX_BYTES (64u * 1024 * 1024)
#define ID_MAX_BYTES 64
#define MEMBERS_MAX 200000

/* What stands in front of the data. */
struct head {
	bool ok;
	struct error error;
};

/* --- the process ---------------------------------------------------------------------------------------------------- */

static void answer(int fd, bool (*work)(void *data, struct buffer *out, struct error *err), void *data)
{
	struct buffer out = BUFFER_INIT(ANSWER_MAX_BYTES);
	struct head head = { .error = ERROR_INIT };

	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)confine_self(NULL, 0);
	head.ok = work(data, &out, &head.error);
	if (head.ok && out.failed)
		head.ok = error_set(&head.error, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (file_write_all(fd, &head, sizeof(head)) && head.ok)
		(void)file_write_all(fd, out.data, out.len);
	_exit(0);
}

/* Reads to the end. */
static bool read_answer(int fd, struct buffer *out)
{
	char chunk[64 * 1024];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if (!buffer_append(out, chunk, (size_t)n))
			return false;
	}
}

static bool ended_badly(pid_t pid, int status, const char *what, struct error *err)
{
	if (pid > 0 && WIFSIGNALED(status))
		return error_set(err, WTERMSIG(status) == SIGKILL ? FINDING_OUT_OF_MEMORY : FINDING_BUNDLE_CORRUPT,
				 _("the process that read %s was ended by signal %d"), what, WTERMSIG(status));
	return error_set(err, FINDING_BUNDLE_CORRUPT, _("the process that read %s ended early"), what);
}

/* Does the work in a process of its own; its data are in `out`, behind the head. */
static bool run_apart(bool (*work)(void *data, struct buffer *out, struct error *err), void *data, const char *what,
		      struct buffer *out, struct error *err)
{
	int fds[2], status = 0;
	struct head head;
	bool whole;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, FINDING_OUT_OF_DESCRIPTORS, _("cannot start a process to read %s"), what);
	pid = fork();
	if (pid == 0) {
		file_close(&fds[0]);
		answer(fds[1], work, data);
	}
	file_close(&fds[1]);
	if (pid < 0) {
		error_errno(err, FINDING_OUT_OF_MEMORY, _("cannot start a process to read %s"), what);
		file_close(&fds[0]);
		return false;
	}
	whole = read_answer(fds[0], out);
	file_close(&fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (out->len < sizeof(head) || !WIFEXITED(status))
		return ended_badly(pid, status, what, err);
	memcpy(&head, out->data, sizeof(head));
	buffer_consume(out, sizeof(head));
	if (head.ok)
		return true;
	head.error.message[sizeof(head.error.message) - 1] = head.error.next[sizeof(head.error.next) - 1] = '\0';
	if ((unsigned int)head.error.code >= FINDING_COUNT)
		head.error.code = FINDING_BUNDLE_CORRUPT;
	if (err != NULL)
		*err = head.error;
	return false;
}

static bool odd_answer(const char *what, struct error *err)
{
	return error_set(err, FINDING_BUNDLE_CORRUPT, _("the process that read %s gave an answer that makes no sense"), what);
}

/* --- a manifest ------------------------------------------------------------------------------------------------------- */

static void put_manifest(struct buffer *out, const struct manifest *m)
{
	wire_put_text(out, m->version);
	wire_put_number(out, m->published);
	wire_put_number(out, m->expires);
	wire_put_number(out, m->synthetic);
	wire_put_number(out, (int64_t)m->count);
	for (size_t i = 0; i < m->count; i++) {
		const struct component *c = &m->components[i];

		wire_put_text(out, c->id);
		wire_put_text(out, c->title);
		wire_put_text(out, c->version);
		wire_put_text(out, c->href);
		wire_put_number(out, c->size);
		wire_put_number(out, c->has_sha256);
		wire_put_bytes(out, c->sha256, sizeof(c->sha256));
		wire_put_number(out, c->once);
	}
}

/* What paths are made of is judged again: whoever took over the parser must not choose it. */
static bool is_safe(const struct component *c)
{
	char normal[NAME_PATH_MAX + 1];
	size_t id = c->id != NULL ? strlen(c->id) : 0;

	return id > 0 && id <= ID_MAX_BYTES && strspn(c->id, "abcdefghijklmnopqrstuvwxyz0123456789._-") == id &&
	       strchr("._-", c->id[0]) == NULL && c->version != NULL && c->href != NULL && c->size >= -1 &&
	       c->size <= COMPONENT_MAX_BYTES && name_normalise(c->href, strlen(c->href), normal, NULL) &&
	       strcmp(normal, c->href) == 0;
}

static struct manifest *take_manifest(struct wire *w)
{
	struct manifest *m = calloc(1, sizeof(*m));
	int64_t count;

	if (m == NULL)
		return NULL;
	m->version = wire_text(w);
	m->published = (time_t)wire_number(w);
	m->expires = (time_t)wire_number(w);
	m->synthetic = wire_number(w) != 0;
	count = wire_number(w);
	if (m->version != NULL && count >= 0 && count <= MANIFEST_COMPONENTS_MAX)
		m->components = calloc((size_t)count + 1, sizeof(*m->components));
	if (m->components == NULL) {
		manifest_free(m);
		return NULL;
	}
	while ((int64_t)m->count < count) {
		struct component *c = &m->components[m->count++];

		c->id = wire_text(w);
		c->title = wire_text(w);
		c->version = wire_text(w);
		c->href = wire_text(w);
		c->size = wire_number(w);
		c->has_sha256 = wire_number(w) != 0;
		wire_bytes(w, c->sha256, sizeof(c->sha256));
		c->once = wire_number(w) != 0;
		if (w->bad || !is_safe(c)) {
			manifest_free(m);
			return NULL;
		}
	}
	return m;
}

struct manifest_work {
	const char *xml;
	size_t len;
};

static bool parse_manifest(void *data, struct buffer *out, struct error *err)
{
	const struct manifest_work *work = data;
	struct manifest *m;

	if (!manifest_parse(work->xml, work->len, &m, err))
		return false;
	put_manifest(out, m);
	return true;
}

bool apart_manifest(const char *xml, size_t len, struct manifest **out, struct error *err)
{
	struct manifest_work work = { xml, len };
	struct buffer answer = BUFFER_INIT(ANSWER_MAX_BYTES);
	bool ok = run_apart(parse_manifest, &work, _("the manifest"), &answer, err);
	struct wire w = { .at = buffer_text(&answer), .left = answer.len };

	*out = ok ? take_manifest(&w) : NULL;
	if (ok && (*out == NULL || w.left > 0)) {
		manifest_free(*out);
		*out = NULL;
		ok = odd_answer(_("the manifest"), err);
	}
	buffer_clear(&answer);
	return ok;
}

/* --- a bundle --------------------------------------------------------------------------------------------------------- */

struct bundle_work {
	int fd;
	const char *label;
};

static void put_member(struct buffer *out, const struct bundle_member *m)
{
	wire_put_text(out, m->name);
	wire_put_number(out, m->size);
	wire_put_number(out, m->packed);
	wire_put_number(out, m->crc32);
	wire_put_number(out, m->method);
	wire_put_number(out, m->dos_time);
	wire_put_number(out, m->data_offset);
}

static bool read_bundle(void *data, struct buffer *out, struct error *err)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	const struct bundle_work *work = data;
	struct manifest *m;
	struct bundle *b;

	if (!bundle_open(work->fd, work->label, &b, err) || !bundle_manifest(b, &m, &xml, &p7s, err))
		return false;
	wire_put_number(out, (int64_t)bundle_count(b));
	for (size_t i = 0; i < bundle_count(b); i++)
		put_member(out, bundle_at(b, i));
	put_manifest(out, m);
	wire_put_number(out, (int64_t)xml.len);
	wire_put_bytes(out, xml.data, xml.len);
	wire_put_number(out, (int64_t)p7s.len);
	wire_put_bytes(out, p7s.data, p7s.len);
	return true;
}

static bool take_member(struct wire *w, int64_t file_size, struct bundle_member *m)
{
	m->name = wire_text(w);
	m->size = wire_number(w);
	m->packed = wire_number(w);
	m->crc32 = (uint32_t)wire_number(w);
	m->method = (uint16_t)wire_number(w);
	m->dos_time = (uint32_t)wire_number(w);
	m->data_offset = wire_number(w);
	return !w->bad && m->name != NULL && m->name[0] != '\0' && m->size >= 0 && m->packed >= 0 && m->data_offset >= 0 &&
	       m->packed <= file_size && m->data_offset <= file_size - m->packed &&
	       (m->method == ZIP_STORED || m->method == ZIP_DEFLATED);
}

static struct bundle *take_bundle(struct wire *w, int fd, const char *label)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int64_t count = wire_number(w);

	if (b == NULL)
		return NULL;
	b->fd = fd;
	b->label = strdup(label);
	b->size = lseek(fd, 0, SEEK_END);
	if (b->label != NULL && count > 0 && count <= MEMBERS_MAX)
		b->members = calloc((size_t)count, sizeof(*b->members));
	for (int64_t i = 0; b->members != NULL && i < count; i++) {
		if (take_member(w, b->size, &b->members[b->count++]))
			continue;
		bundle_free(b);
		return NULL;
	}
	if (b->members == NULL) {
		bundle_free(b);
		return NULL;
	}
	return b;
}

static bool take_buffer(struct wire *w, struct buffer *out)
{
	int64_t len = wire_number(w);

	if (w->bad || len < 0 || (uint64_t)len > w->left || !buffer_append(out, w->at, (size_t)len))
		return false;
	w->at += len;
	w->left -= (size_t)len;
	return true;
}

bool apart_bundle(int fd, const char *label, struct bundle **out, struct manifest **manifest, struct buffer *xml,
		  struct buffer *p7s, struct error *err)
{
	struct bundle_work work = { fd, label };
	struct buffer answer = BUFFER_INIT(ANSWER_MAX_BYTES);
	bool ok = run_apart(read_bundle, &work, label, &answer, err);
	struct wire w = { .at = buffer_text(&answer), .left = answer.len };

	*out = NULL;
	*manifest = NULL;
	if (!ok)
		goto out;
	*out = take_bundle(&w, fd, label);
	if (*out != NULL)
		*manifest = take_manifest(&w);
	if (*manifest == NULL || !take_buffer(&w, xml) || !take_buffer(&w, p7s) || w.left > 0) {
		bundle_free(*out);
		manifest_free(*manifest);
		*out = NULL;
		*manifest = NULL;
		ok = odd_answer(label, err);
	}
out:
	buffer_clear(&answer);
	return ok;
}
