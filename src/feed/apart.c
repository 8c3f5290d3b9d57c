#include "feed/apart.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confine_run.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/wire.h"
#include "feed/name.h"
#include "feed/zip.h"

#define ID_MAX_BYTES 64
#define MEMBERS_MAX 200000

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
	struct manifest_work data = { xml, len };
	const struct confine_work work = { .work = parse_manifest, .data = &data, .fd = -1, .what = _("the manifest"),
					   .damaged = FINDING_FEED_MALFORMED };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	bool ok = confine_run(&work, &answer, err);
	struct wire w = { .at = buffer_text(&answer), .left = answer.len };

	*out = ok ? take_manifest(&w) : NULL;
	if (ok && (*out == NULL || (*out)->synthetic || w.left > 0)) {
		manifest_free(*out);
		*out = NULL;
		ok = confine_odd_answer(&work, err);
	}
	buffer_clear(&answer);
	return ok;
}

/* --- a signature ------------------------------------------------------------------------------------------------------ */

struct signature_work {
	const void *content, *cms;
	size_t len, cms_len;
	X509_STORE *anchors;
	time_t now;
};

static bool verify_signature(void *data, struct buffer *out, struct error *err)
{
	const struct signature_work *work = data;
	struct signature_info info = { "", "", "" };

	if (!signature_verify(work->content, work->len, work->cms, work->cms_len, work->anchors, work->now, &info, err))
		return false;
	wire_put_text(out, info.signer);
	wire_put_text(out, info.issuer);
	wire_put_text(out, info.anchor);
	return true;
}

static bool take_name(struct wire *w, char *name, size_t size)
{
	char *text = wire_text(w);

	if (text != NULL)
		text_safe(name, size, text);
	free(text);
	return text != NULL;
}

bool apart_signature(const void *content, size_t len, const void *cms, size_t cms_len, X509_STORE *anchors, time_t now,
		     struct signature_info *info, struct error *err)
{
	struct signature_work data = { content, cms, len, cms_len, anchors, now };
	const struct confine_work work = { .work = verify_signature, .data = &data, .fd = -1, .what = _("the signature"),
					   .damaged = FINDING_FEED_SIGNATURE_INVALID };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	struct signature_info got = { "", "", "" };
	struct wire w;
	bool ok;

	/* Reads its settings here: the process cannot. */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	ok = confine_run(&work, &answer, err);
	w = (struct wire){ .at = buffer_text(&answer), .left = answer.len };
	if (ok && (!take_name(&w, got.signer, sizeof(got.signer)) || !take_name(&w, got.issuer, sizeof(got.issuer)) ||
		   !take_name(&w, got.anchor, sizeof(got.anchor)) || w.left > 0))
		ok = confine_odd_answer(&work, err);
	if (ok && info != NULL)
		*info = got;
	buffer_clear(&answer);
	return ok;
}

/* --- a bundle --------------------------------------------------------------------------------------------------------- */

struct bundle_work {
	int fd;
	const char *label;
	bool whatever_manifest;		/* it may also have none that can be used */
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

static void put_buffer(struct buffer *out, const struct buffer *b)
{
	wire_put_number(out, (int64_t)b->len);
	wire_put_bytes(out, b->data, b->len);
}

/* What follows the members in the answer. */
enum manifest_kind {
	MANIFEST_UNUSABLE,	/* what is wrong with it */
	MANIFEST_BYTES,		/* the bytes of the manifest and of its signature */
	MANIFEST_SYNTHETIC	/* a manifest that was made of the members' names */
};

static bool read_bundle(void *data, struct buffer *out, struct error *err)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	const struct bundle_work *work = data;
	struct manifest *m;
	struct bundle *b;

	if (!bundle_open(work->fd, work->label, &b, err))
		return false;
	wire_put_number(out, (int64_t)bundle_count(b));
	for (size_t i = 0; i < bundle_count(b); i++)
		put_member(out, bundle_at(b, i));
	if (!bundle_manifest(b, &m, &xml, &p7s, err)) {
		wire_put_number(out, MANIFEST_UNUSABLE);
		wire_put_bytes(out, err, sizeof(*err));
		return work->whatever_manifest;
	}
	if (m != NULL) {
		wire_put_number(out, MANIFEST_SYNTHETIC);
		put_manifest(out, m);
		return true;
	}
	wire_put_number(out, MANIFEST_BYTES);
	put_buffer(out, &xml);
	put_buffer(out, &p7s);
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

static struct bundle *take_members(struct wire *w, int fd, const char *label)
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

/* What such a process says of a bundle. */
struct bundle_answer {
	struct bundle *bundle;
	enum manifest_kind kind;
	struct manifest *synthetic;
	struct error why;		/* it is unusable */
};

static bool is_synthetic(const struct manifest *m)
{
	if (m == NULL || !m->synthetic)
		return false;
	for (size_t i = 0; i < m->count; i++) {
		if (m->components[i].has_sha256)
			return false;
	}
	return true;
}

/* False: the answer makes no sense. */
static bool take_what_follows(struct wire *w, struct bundle_answer *a, struct buffer *xml, struct buffer *p7s)
{
	int64_t kind = wire_number(w);
	struct error given;

	switch (kind) {
	case MANIFEST_UNUSABLE:
		a->kind = MANIFEST_UNUSABLE;
		wire_bytes(w, &given, sizeof(given));
		confine_take_error(&a->why, &given, FINDING_BUNDLE_CORRUPT);
		return !w->bad && w->left == 0;
	case MANIFEST_BYTES:
		a->kind = MANIFEST_BYTES;
		return take_buffer(w, xml) && take_buffer(w, p7s) && w->left == 0;
	case MANIFEST_SYNTHETIC:
		a->kind = MANIFEST_SYNTHETIC;
		a->synthetic = take_manifest(w);
		return is_synthetic(a->synthetic) && w->left == 0;
	default:
		return false;
	}
}

static bool take_bundle(struct bundle_work *data, struct bundle_answer *a, struct buffer *xml, struct buffer *p7s,
			struct error *err)
{
	const struct confine_work work = { .work = read_bundle, .data = data, .fd = data->fd, .what = data->label,
					   .damaged = FINDING_BUNDLE_CORRUPT };
	struct buffer answer = BUFFER_INIT(CONFINE_ANSWER_MAX);
	bool ok = confine_run(&work, &answer, err);
	struct wire w = { .at = buffer_text(&answer), .left = answer.len };

	*a = (struct bundle_answer){ .why = ERROR_INIT };
	if (ok) {
		a->bundle = take_members(&w, data->fd, data->label);
		if (a->bundle == NULL || !take_what_follows(&w, a, xml, p7s)) {
			bundle_free(a->bundle);
			manifest_free(a->synthetic);
			*a = (struct bundle_answer){ .why = ERROR_INIT };
			ok = confine_odd_answer(&work, err);
		}
	}
	buffer_clear(&answer);
	return ok;
}

/* From the very bytes whose signature will be verified. */
static bool manifest_of(const struct bundle_answer *a, const char *label, const struct buffer *xml, struct manifest **out,
			struct error *err)
{
	*out = a->synthetic;
	if (a->kind == MANIFEST_UNUSABLE) {
		if (err != NULL)
			*err = a->why;
		return false;
	}
	return a->kind == MANIFEST_SYNTHETIC || apart_manifest(buffer_text(xml), xml->len, out, err) ||
	       error_wrap(err, "%s", label);
}

bool apart_bundle(int fd, const char *label, struct bundle **out, struct manifest **manifest, struct buffer *xml,
		  struct buffer *p7s, struct error *err)
{
	struct bundle_work data = { .fd = fd, .label = label };
	struct bundle_answer a;

	*out = NULL;
	*manifest = NULL;
	if (!take_bundle(&data, &a, xml, p7s, err))
		return false;
	if (!manifest_of(&a, label, xml, manifest, err)) {
		bundle_free(a.bundle);
		return false;
	}
	*out = a.bundle;
	return true;
}

bool apart_members(int fd, const char *label, struct bundle **out, struct manifest **manifest, struct error *why,
		   struct error *err)
{
	struct bundle_work data = { .fd = fd, .label = label, .whatever_manifest = true };
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	struct bundle_answer a;
	bool ok;

	*out = NULL;
	*manifest = NULL;
	ok = take_bundle(&data, &a, &xml, &p7s, err);
	if (ok) {
		*out = a.bundle;
		(void)manifest_of(&a, label, &xml, manifest, why);
	}
	buffer_clear(&xml);
	buffer_clear(&p7s);
	return ok;
}
